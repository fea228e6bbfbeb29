"""Sample CPU and memory while the command runs, of it alone or of its whole tree.

The first is taken 0.1 s after the start, because CPU time needs something to compare
with, the others at multiples of the interval after that. They are taken in the timer
thread: the child is waited for elsewhere, and its duration does not see them.
"""

from __future__ import annotations

from math import floor
from time import monotonic

from ... import _core
from ...core import times
from ...messages import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from .child import Child
    from .timers import Timer, TimerThread

    class Gauge(Protocol):
        """Reads CPU and memory."""

        def read(self) -> tuple[float, int]:
            """Return CPU percentage of one core since the last reading, and bytes."""


FIRST_AFTER = 0.1  # seconds


class Sampling:
    """Takes the samples of each execution.

    Args:
        timers: calls it at the times of the samples.
        interval: seconds between samples.
        scope: `process` for the child alone, `tree` with all its descendants.
        tz: time zone of the timestamps.
    """

    def __init__(
        self, timers: TimerThread, interval: float, scope: str, tz: times.tzinfo | None
    ) -> None:
        import psutil  # start-up time; its first import takes longer than many a child

        self.psutil = psutil
        self.timers = timers
        self.interval = interval
        self.gauge = TreeGauge if scope == 'tree' else ProcessGauge
        self.tz = tz
        self._timer: Timer | None = None

    def started(self, child: Child) -> None:
        """Find the process, and make the reading that the first sample is compared with."""
        now = monotonic()
        self._timer = self.timers.at(now, lambda: self._base(child, now))

    def ended(self, child: Child) -> None:
        """Stop sampling."""
        if self._timer is not None:
            self.timers.cancel(self._timer)

    # --- in the timer thread --------------------------------------------------

    def _base(self, child: Child, started: float) -> None:
        try:
            gauge = self.gauge(child.pid)
            gauge.read()
        except (self.psutil.Error, OSError) as error:
            self._failed(child, error)
            return
        self._plan(started + FIRST_AFTER, child, gauge)

    def _plan(self, due: float, child: Child, gauge: Gauge) -> None:
        with child.lock:
            if not child.over:
                take = lambda: self._take(due, child, gauge)  # noqa: E731
                self._timer = self.timers.at(due, take)

    def _take(self, due: float, child: Child, gauge: Gauge) -> None:
        """Take a sample, and plan the next one; skip those whose time has passed."""
        timestamp = times.at(_core.wall_ns(), self.tz)
        try:
            percent, size = gauge.read()
        except (self.psutil.Error, OSError) as error:
            self._failed(child, error)
            return
        if child.over or child.has_ended:
            return  # the reading is not of a running process
        if size:  # a process loses its memory shortly before it ends
            sample = {'timestamp': timestamp, 'cpu_percent': percent, 'rss_bytes': size}
            child.samples.append(sample)
        missed = floor((monotonic() - due) / self.interval)
        self._plan(due + (missed + 1) * self.interval, child, gauge)

    def _failed(self, child: Child, error: Exception) -> None:
        """Stop sampling, and store the reason unless the process has ended."""
        if not child.is_real or child.over or child.has_ended:
            return
        if isinstance(error, self.psutil.NoSuchProcess):  # no /proc, or `hidepid`
            child.unsampled = 'the system does not show the process'
        else:
            child.unsampled = one_line(error)


class ProcessGauge:
    """Gauge of one process."""

    def __init__(self, number: int) -> None:
        import psutil

        self.process = psutil.Process(number)

    def read(self) -> tuple[float, int]:
        """Return CPU percentage of one core since the last reading, and bytes."""
        percent = self.process.cpu_percent(interval=None)
        return percent, self.process.memory_info().rss


class TreeGauge:
    """Gauge of a process and all its descendants.

    CPU time of descendants that have ended counts too: the kernel adds it to the parent
    that waits for them. Shared memory counts once for each process.
    """

    def __init__(self, number: int) -> None:
        import psutil

        self.psutil = psutil
        self.process = psutil.Process(number)
        self.last = 0.0, 0.0  # time, and CPU time until then

    def read(self) -> tuple[float, int]:
        """Return CPU percentage of one core since the last reading, and bytes."""
        busy, size = 0.0, 0
        for process in (self.process, *self.process.children(recursive=True)):
            try:
                with process.oneshot():
                    busy += sum(process.cpu_times()[:4])
                    size += process.memory_info().rss
            except self.psutil.Error:
                pass  # it has ended
        (before, busy_before), self.last = self.last, (monotonic(), busy)
        passed = self.last[0] - before
        percent = 100 * max(busy - busy_before, 0.0) / passed if passed > 0 else 0.0
        return round(percent, 1), size
