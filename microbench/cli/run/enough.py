"""Decide how many runs of a command are enough (`-n auto`)."""

from __future__ import annotations

from time import monotonic

from ...measuring.interval import interval
from ...results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FEWEST, SHORTEST = 10, 3.0  # runs, and seconds
PRECISION = 0.01
MAX_TIME = 60.0  # seconds


class Enough:
    """Yields once for each run that is still needed.

    A run begins only if it will probably end within the time allowed. So a program that
    takes more than half of it runs once.

    Args:
        precision: half the interval of the median, as a share of it, that is narrow enough.
        max_time: seconds that all runs may take together.
        clock: returns seconds.
    """

    def __init__(
        self,
        precision: float | None = None,
        max_time: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.precision = precision or PRECISION
        self.max_time = max_time or MAX_TIME
        self.clock = clock
        self.good: list[float] = []
        self._looks_at = FEWEST

    def add(self, seconds: float, is_good: bool) -> None:
        """Add a run. Only those that ended well count for the precision."""
        if is_good:
            self.good.append(seconds)

    def __iter__(self) -> Iterator[None]:
        began = before = self.clock()
        count, last = 0, 0.0
        while not self._is_over(count, before - began, last):
            yield
            now = self.clock()
            count, last, before = count + 1, now - before, now

    def _is_over(self, count: int, past: float, last: float) -> bool:
        if not count:
            return False
        if not self.good or past + last > self.max_time:
            return True  # the first one failed, or there is no time for another one
        if count < FEWEST or past < SHORTEST:
            return False
        return count >= self._looks_at and self._is_precise(count)

    def _is_precise(self, count: int) -> bool:
        self._looks_at = count + max(count // 10, 1)  # sorting them takes its time
        ordered = sorted(self.good)
        ends = interval(ordered)
        if ends is None:
            return False
        return (ends[1] - ends[0]) / 2 <= self.precision * median(ordered)
