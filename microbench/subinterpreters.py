"""Print why microbench cannot be imported in a sub-interpreter, where CPython hides it.

The C core supports only the main interpreter; elsewhere its import raises ImportError. But
InterpreterPoolExecutor (from Python 3.14 on) runs a script in its interpreters to find
the script's functions. If that fails, CPython drops the error, and reports instead that
the script has no such function.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

RUN_NAME = '<fake __main__>'  # `__name__` of a script while CPython runs it there
REASON = (
    'microbench: only the main interpreter can use microbench, and this script imports it. '
    'Put the functions that other interpreters call in a module that does not.\n'
)

_explained = False  # in this interpreter


def explain() -> None:
    """Print why an import failed, once in each interpreter that runs a script."""
    global _explained  # noqa: PLW0603 - an interpreter of a pool has one thread
    if not _explained and _is_run_for_functions() and sys.stderr is not None:
        _explained = True
        sys.stderr.write(REASON)


def _is_run_for_functions() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get('__name__') == RUN_NAME:
            return True
        frame = frame.f_back
    return False
