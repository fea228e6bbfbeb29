"""Find the folder of baselines, from a directory upwards, as git finds its own."""

from __future__ import annotations

import os

NAME = '.microbench'


def existing(start: str | None = None) -> str | None:
    """Return the closest folder of baselines, from a directory upwards; None without one.

    Args:
        start: the directory. Default: the current one.
    """
    return _closest(NAME, start)


def to_save_in(start: str | None = None) -> str:
    """Return the folder of baselines; without one, where to make it.

    That is the top of the git repository or, outside of one, the directory itself.
    """
    found = existing(start)
    if found is not None:
        return found
    repository = _closest('.git', start)
    top = os.path.dirname(repository) if repository else os.path.realpath(start or '.')
    return os.path.join(top, NAME)


def _closest(name: str, start: str | None) -> str | None:
    directory = os.path.realpath(start or '.')
    while True:
        path = os.path.join(directory, name)
        if os.path.isdir(path) or (name == '.git' and os.path.lexists(path)):
            return path
        directory, below = os.path.dirname(directory), directory
        if directory == below:
            return None
