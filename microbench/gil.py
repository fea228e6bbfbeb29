"""Keeps the GIL in the process of the command, in a free-threaded build of CPython.

There the import of the native part turns the GIL on, with a RuntimeWarning that would stand
between what the program prints; with PYTHON_GIL=0, which is meant for the program, the
native part refuses to be imported.
"""

from __future__ import annotations

import os
import sys

WITH_GIL = ['-X', 'gil=1']


def ensure() -> None:
    """Execute Python and its arguments again, with the GIL, if this process has none.

    The environment stays as it is, so that the program that is timed runs as it would.
    """
    is_enabled = getattr(sys, '_is_gil_enabled', None)  # from CPython 3.13 on
    if is_enabled is None or is_enabled() or sys.orig_argv[1:3] == WITH_GIL:
        return
    os.execv(sys.executable, [sys.executable, *WITH_GIL, *sys.orig_argv[1:]])  # noqa: S606 - itself
