"""Check which folders can be read without waiting without limit."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 5.0  # seconds for all of them: a file system of a network may never answer
SILENT = f'it has not answered for {LIMIT:.0f} seconds'
NO_FOLDER = 'neither a folder nor a file'


def unusable(paths: Iterable[str]) -> dict[str, str]:
    """Return the paths that must not be opened, because that may block, with reasons.

    A path that is missing or not accessible is not among them.
    """
    wanted = list(dict.fromkeys(paths))
    modes: dict[str, int] = {}
    _within(LIMIT, wanted, modes)
    found = {}
    for path in wanted:
        mode = modes.get(path)
        if mode is None:
            found[path] = SILENT
        elif mode and not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            found[path] = NO_FOLDER  # a pipe, a device
    return found


def _within(limit: float, paths: list[str], modes: dict[str, int]) -> None:
    """Call stat(2) for each path in a thread, which is abandoned if it takes too long."""
    from ..threads import new_thread  # start-up time

    def look(path: str) -> None:
        try:
            modes[path] = os.stat(path or '.').st_mode
        except OSError:
            modes[path] = 0  # not there, or not to be looked at
        except ValueError:  # a null character
            modes[path] = stat.S_IFIFO

    def look_at_all() -> None:
        for path in paths:
            look(path)

    thread = new_thread(look_at_all, 'microbench paths')
    try:
        thread.start()
    except RuntimeError:  # no thread to be had, or the interpreter ends
        look_at_all()
    else:
        thread.join(limit)
