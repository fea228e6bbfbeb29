"""End the command and all processes that it has started after a time-out.

Send SIGTERM first, so that they can clean up, between two SIGCONT, because a stopped
process does not react to SIGTERM. After the grace period send SIGKILL to the remaining
processes, even if the child itself has ended.

Without a controlling terminal the child leads a process group, and the group is signalled.
With a terminal it stays in our group. In its own group it would be a background job, which
cannot read the terminal and does not get Ctrl-C. Then its descendants are signalled one by
one, which needs psutil.
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

POLL_INTERVAL = 0.02  # seconds, at processes that are not our children


class TimeOut:
    """Limits the time of each execution.

    Args:
        timers: calls it at the time-out.
        seconds: time limit of an execution.
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
        """Start the timer."""
        due = monotonic() + self.seconds
        self._timer = self.timers.at(due, lambda: self._terminate(child))

    def ended(self, child: Child) -> None:
        """Cancel the timer; after a time-out, end the remaining descendants."""
        if self._timer is not None:
            self.timers.cancel(self._timer)
        if child.timed_out and child.is_real:
            self._clear_up(child)

    # --- in the timer thread --------------------------------------------------

    def _terminate(self, child: Child) -> None:
        with child.lock:
            if child.over or child.has_ended:
                return  # it ended by itself just now
            child.timed_out = True
            self._kill_at = monotonic() + self.grace
            self._others = others_of(child) if child.is_real else []
            self._wake(child)
            child.terminate()
            _signal_each(self._others, signal.SIGTERM, child)
            self._wake(child)
        self._timer = self.timers.at(self._kill_at, lambda: self._kill(child))

    def _wake(self, child: Child) -> None:
        """Continue stopped processes.

        Before SIGTERM, because the kernel sends SIGHUP to stopped members of a group whose
        leader dies, see setpgid(2). After it, because a process may have stopped since.
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
        """Wait for the others until the end of the grace period, then kill them.

        The child is not collected yet, so the number of its group is not reused.
        """
        while monotonic() < self._kill_at and any(map(_is_alive, self._others)):
            sleep(POLL_INTERVAL)
        child.kill_others()
        _signal_each(self._others, signal.SIGKILL, child)


def others_of(child: Child) -> list[Any]:
    """Return the descendants of the child and the members of the group that it leads.

    They are psutil processes, which detect a reused number. Without psutil the list is
    empty.
    """
    try:
        import psutil
    except ImportError:
        return []
    number = child.pid
    found = _descendants_of(number)
    if child.leads_group:
        found.update(p for p in psutil.process_iter() if _group_of(p.pid) == number)
    return [other for other in found if other.pid != number]


def _descendants_of(number: int) -> set[Any]:
    import psutil

    try:
        return set(psutil.Process(number).children(recursive=True))
    except psutil.Error:
        return set()


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
    """Signal the processes that are not in the group of the child."""
    for process in processes:
        if not (child.leads_group and _group_of(process.pid) == child.pid):
            try:
                process.send_signal(number)
            except Exception:  # from psutil: it has ended, or must not be signalled
                pass
