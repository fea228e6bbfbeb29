"""Enable the GIL in the process of the command, in a free-threaded build of CPython.

Importing the native part there enables the GIL with a RuntimeWarning, which would appear in
the output of the program. With PYTHON_GIL=0, which is meant for the program, the native
part refuses to be imported.
"""

from __future__ import annotations

import os
import sys

WITH_GIL = ['-X', 'gil=1']


def ensure() -> None:
    """Execute Python and its arguments again with the GIL if this process runs without it.

    The environment does not change, because the timed program inherits it.
    """
    is_enabled = getattr(sys, '_is_gil_enabled', None)  # from CPython 3.13 on
    if is_enabled is None or is_enabled() or sys.orig_argv[1:3] == WITH_GIL:
        return
    os.execv(sys.executable, [sys.executable, *WITH_GIL, *sys.orig_argv[1:]])  # noqa: S606 - itself
