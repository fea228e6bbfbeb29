"""The ends of workers of multiprocessing, which skip the functions of atexit.

They end by `os._exit()`, after their own list of functions has run. So where such a worker
registers a record, a function of ours is put on that list. Nothing is imported to that
purpose: a worker has `multiprocessing` loaded, and others need nothing.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LAST = -1000  # its functions run from high priority to low


class WorkerExit:
    """Calls a function when this process ends, if it is a worker."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function = function
        self._registered: Any = None

    def begin(self) -> None:
        """Have the function called."""
        util = sys.modules.get('multiprocessing.util')
        if util is not None and _is_worker():
            self.end()
            self._registered = util.Finalize(None, self._function, exitpriority=LAST)

    def end(self) -> None:
        """Have it called no more."""
        if self._registered is not None:
            self._registered.cancel()
            self._registered = None


def _is_worker() -> bool:
    process = sys.modules.get('multiprocessing.process')
    return process is not None and process.parent_process() is not None
