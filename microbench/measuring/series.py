"""The samples of a measurement, and whether they are enough."""

from __future__ import annotations

import time
from math import ceil

from ..results.averages import median
from .interval import FEWEST, interval_of_series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .options import Options

TURN = 0.01  # seconds of samples until other threads and Python get their turn
GROWTH = 0.1  # of the samples, after which the interval is computed again
MOST_SAMPLES = 1_000_000


class Series:
    """Decides after each batch of samples how many more there are to be.

    Args:
        options: when to end.
        spent: seconds that the function took before.
        began: time.monotonic() before the first call of it.
    """

    __slots__ = 'began', 'checked', 'options', 'seconds', 'spent', 'total'

    def __init__(self, options: Options, spent: float, began: float) -> None:
        self.options, self.began = options, began
        self.spent, self.checked = spent, 0  # number of samples at the last look
        self.total = 0.0  # seconds of the samples
        self.seconds: list[float] = []

    def add(self, seconds: list[float]) -> None:
        """Add samples, in the order of time."""
        self.seconds += seconds
        self.total += sum(seconds)

    def more(self) -> int:
        """Return how many samples are to follow; 0 if they are enough."""
        count = len(self.seconds)
        if not count:
            return 1
        if self._is_late or count >= MOST_SAMPLES or self._is_precise:
            return 0
        # No more than what is left of either time, so that neither is missed by far.
        mean = max(self.total / count, 1e-9)
        missing = self.options.min_time - self.total
        left = self.options.max_time - self.spent - self.total
        wanted = missing / mean if missing > 0 else count * GROWTH
        return max(1, min(ceil(wanted), ceil(TURN / mean), int(left / mean)))

    @property
    def _is_late(self) -> bool:
        spent = max(self.spent + self.total, time.monotonic() - self.began)
        return spent >= self.options.max_time

    @property
    def _is_precise(self) -> bool:
        count = len(self.seconds)
        if self.total < self.options.min_time or count < FEWEST:
            return False
        if count < self.checked * (1 + GROWTH):
            return False
        self.checked = count
        ends = interval_of_series(self.seconds)
        middle = median(sorted(self.seconds))
        if ends is None or middle <= 0:
            return False
        return max(middle - ends[0], ends[1] - middle) <= self.options.precision * middle
