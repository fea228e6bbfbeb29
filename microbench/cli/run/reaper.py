"""Collect orphans if this process is the init of a container or a subreaper.

A process whose parent has ended becomes a child of the first process of its PID namespace,
or of a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER). If that is the command and it does not
collect them, each stays a zombie and keeps its process number until the command ends.

Children that existed before the program started are left alone: a mixin may have started
them and need their status.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Child
    from .timers import Timer, TimerThread

POLL_INTERVAL = 1.0  # seconds
TASKS = '/proc/self/task'


class Reaper:
    """Collects orphans that have ended, once a second while the program runs.

    Args:
        timers: calls it each second.
    """

    def __init__(self, timers: TimerThread) -> None:
        self.timers = timers
        self._lock = allocate_lock()  # held while some are collected
        self._known: set[int] = set()
        self._timer: Timer | None = None
        self._over = False

    def started(self, child: Child) -> None:
        """Start collecting."""
        self._known = {child.pid, *children()}
        self._over = False
        self._plan()

    def ended(self, child: Child) -> None:
        """Stop collecting: other code starts later children."""
        with self._lock:
            self._over = True
            if self._timer is not None:
                self.timers.cancel(self._timer)

    # --- in the timer thread --------------------------------------------------

    def _plan(self) -> None:
        self._timer = self.timers.at(monotonic() + POLL_INTERVAL, self._look)

    def _look(self) -> None:
        with self._lock:
            if not self._over:
                for number in children() - self._known:
                    collect(number)
                self._plan()


def children() -> set[int]:
    """Return the numbers of the children of this process; none if /proc lacks them."""
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
        pass  # other code has collected it
