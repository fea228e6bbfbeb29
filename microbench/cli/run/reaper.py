"""Collect orphans if this process is the init of a container, or a subreaper.

A process whose parent has ended becomes a child of the first process of its PID namespace,
or of a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER). If that is the command and it does not
collect them, each stays a zombie and keeps its process number until all ends.

Children from before the start of the program stay untouched: a mixin may have started
them, and needs their status.
"""

from __future__ import annotations

import os
import threading
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Child
    from .timers import Timer, TimerThread

LOOK_EVERY = 1.0  # seconds
TASKS = '/proc/self/task'


class Reaper:
    """Collects orphans that have ended, each second, while the program runs.

    Args:
        timers: has the time.
    """

    def __init__(self, timers: TimerThread) -> None:
        self.timers = timers
        self._lock = threading.Lock()  # held while some are collected
        self._known: set[int] = set()
        self._timer: Timer | None = None
        self._over = False

    def started(self, child: Child) -> None:
        """Begin."""
        self._known = {child.pid, *children()}
        self._over = False
        self._plan()

    def ended(self, child: Child) -> None:
        """Stop collecting: later children belong to others."""
        with self._lock:
            self._over = True
            if self._timer is not None:
                self.timers.cancel(self._timer)

    # --- in the timer thread --------------------------------------------------

    def _plan(self) -> None:
        self._timer = self.timers.at(monotonic() + LOOK_EVERY, self._look)

    def _look(self) -> None:
        with self._lock:
            if not self._over:
                for number in children() - self._known:
                    collect(number)
                self._plan()


def children() -> set[int]:
    """Return the children of this process; empty if the system does not list them."""
    found: set[int] = set()
    try:
        for task in os.listdir(TASKS):
            with open(f'{TASKS}/{task}/children', 'rb') as file:
                found.update(map(int, file.read().split()))
    except OSError:  # no /proc, or a kernel without CONFIG_PROC_CHILDREN
        pass
    return found


def collect(number: int) -> None:
    """Collect a child if it has ended."""
    try:
        os.waitpid(number, os.WNOHANG)
    except ChildProcessError:
        pass  # it was collected elsewhere
