"""A time-out ends the command and all that it has started.

First SIGTERM, so that all can clean up, between two SIGCONT, because a stopped process
does not react to SIGTERM; after the grace period SIGKILL to those that are left, also if
the child itself has ended by then.

Without a controlling terminal the child leads a process group, and the group is
signalled. With one it stays in ours, because in a group of its own it would be a
background job: it could not read the terminal, and Ctrl-C would not reach it. Then its
descendants are looked up and signalled one by one, which takes psutil.
"""

from __future__ import annotations

import os
import signal
from time import monotonic, sleep

from .job_control import has_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .child import Child
    from .timers import Timer, TimerThread

LOOK_EVERY = 0.02  # seconds, at processes that are no children of ours


class TimeOut:
    """The time limit of each execution.

    Args:
        timers: has the time.
        seconds: that an execution may take.
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, timers: TimerThread, seconds: float, grace: float) -> None:
        self.timers = timers
        self.seconds = seconds
        self.grace = grace
        self.makes_groups = not has_terminal()
        self._timer: Timer | None = None
        self._kill_at = 0.0
        self._others: list[Any] = []

    def started(self, child: Child) -> None:
        """Start counting."""
        due = monotonic() + self.seconds
        self._timer = self.timers.at(due, lambda: self._terminate(child))

    def ended(self, child: Child) -> None:
        """Stop counting; after a time-out, end what the child has left behind."""
        if self._timer is not None:
            self.timers.cancel(self._timer)
        if child.timed_out and child.is_ours:
            self._clear_up(child)

    # --- in the timer thread --------------------------------------------------

    def _terminate(self, child: Child) -> None:
        with child.lock:
            if child.over or child.has_ended:
                return  # in the very moment
            child.timed_out = True
            self._kill_at = monotonic() + self.grace
            self._others = others_of(child) if child.is_ours else []
            self._wake(child)
            child.terminate()
            _signal_each(self._others, signal.SIGTERM, child)
            self._wake(child)
        self._timer = self.timers.at(self._kill_at, lambda: self._kill(child))

    def _wake(self, child: Child) -> None:
        """Continue all that are stopped.

        Before SIGTERM: when the leader of a group dies, the kernel sends SIGHUP to the
        stopped processes in it, see setpgid(2). After it: one may have stopped since.
        """
        child.wake()
        _signal_each(self._others, signal.SIGCONT, child)

    def _kill(self, child: Child) -> None:
        with child.lock:
            if not child.over:
                child.kill()
                _signal_each(self._others, signal.SIGKILL, child)

    # --- in the main thread ----------------------------------------------------------

    def _clear_up(self, child: Child) -> None:
        """Wait for the others until the grace period is over, then kill them.

        The child is not collected yet: the number of its group is still its own.
        """
        while monotonic() < self._kill_at and any(map(_is_alive, self._others)):
            sleep(LOOK_EVERY)
        child.kill_others()
        _signal_each(self._others, signal.SIGKILL, child)


def others_of(child: Child) -> list[Any]:
    """Return the descendants of the child, and who else is in the group it leads.

    They are psutil processes, which know a number that was given to somebody else.
    Without psutil there are none.
    """
    try:
        import psutil
    except ImportError:
        return []
    number = child.pid
    try:
        found = set(psutil.Process(number).children(recursive=True))
    except psutil.Error:
        found = set()
    if child.leads_group:
        found.update(p for p in psutil.process_iter() if _group_of(p.pid) == number)
    return [other for other in found if other.pid != number]


def _group_of(number: int) -> int | None:
    try:
        return os.getpgid(number)
    except OSError:
        return None


def _is_alive(process: Any) -> bool:
    import psutil

    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _signal_each(processes: list[Any], number: int, child: Child) -> None:
    """Signal those whom the signal to the group has not reached."""
    for process in processes:
        if not (child.leads_group and _group_of(process.pid) == child.pid):
            try:
                process.send_signal(number)
            except Exception:  # psutil's: it is gone, or not ours to signal
                pass
