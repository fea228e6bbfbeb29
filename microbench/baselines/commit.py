"""The commit that is checked out, read without a change to the repository."""

from __future__ import annotations

import os
import subprocess

from ..mixins.git import Git, nearest_repository, parsed, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def checked_out(directory: str | None = None) -> dict[str, Any]:
    """Return `commit`, `branch` and `dirty`; an empty dict outside a repository.

    Args:
        directory: in the repository. Default: the current one.
    """
    directory = directory or os.getcwd()
    if not nearest_repository(directory):
        return {}
    try:
        found = parsed(status_of(Git(directory)))
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return found if found['commit'] else {}
