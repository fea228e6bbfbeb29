"""The ends of workers of multiprocessing, which skip the functions of atexit.

They end by `os._exit()`, after their own list of functions has run (before it, from Python
3.13 on, those of atexit). So where such a worker registers a record, a function of ours is
put on that list. Nothing is imported to that purpose: a worker has `multiprocessing`
loaded, and others need nothing.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

# Whether the functions of atexit run in a worker, when its work is over.
AFTERWARDS = sys.version_info >= (3, 13)

# Where `code` is what a worker that was forked passes to os._exit() after that.
MAIN = ('multiprocessing.popen_fork', 'multiprocessing.forkserver')

LAST = -1000  # its functions run from high priority to low


class WorkerExit:
    """Calls a function when this process ends, if it is a worker."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._registered: Any = None

    def begin(self) -> None:
        """Have the function called."""
        util = sys.modules.get('multiprocessing.util')
        if util is not None and is_worker():
            self.end()
            self._registered = util.Finalize(None, self._function, exitpriority=LAST)

    def end(self) -> None:
        """Have it called no more."""
        if self._registered is not None:
            self._registered.cancel()
            self._registered = None


def is_worker() -> bool:
    """Whether this process was started by multiprocessing."""
    process = sys.modules.get('multiprocessing.process')
    return process is not None and process.parent_process() is not None


def exception_at_end() -> BaseException | None:
    """Return what ends a worker: it is being handled while the functions run.

    From Python 3.13 on that is over by then.
    """
    return sys.exc_info()[1] if is_worker() else None


def status_at_end() -> int | None:
    """Return the exit status of a worker, where its main function knows it already."""
    if not (AFTERWARDS and is_worker()):
        return None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get('__name__') not in MAIN:
        frame = frame.f_back
    status = frame.f_locals.get('code') if frame is not None else None
    return status if isinstance(status, int) else None
