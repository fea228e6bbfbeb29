"""A verdict about two series, and how many more runs one would need."""

from __future__ import annotations

from math import ceil, floor, log, log10, sqrt

from .estimate import LEVEL, Estimate, caution, narrowing
from .words import FASTER, INCONCLUSIVE, MARGIN, NO_DIFFERENCE, SLOWER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 3  # runs of each series
POWER = 1.43  # (1.96 + 0.84) / 1.96: four of five series of that length tell
MOST = 1_000_000  # runs; more are no advice


def why_not(base: Sequence[float], new: Sequence[float]) -> str:
    """Return why two series cannot be compared; an empty text if they can.

    >>> why_not([1.0, 2.0], [1.0, 2.0, 3.0])
    'fewer than three runs of the base'
    >>> why_not([1.0, 1.1, 1.2], [0.0, 1.2, 1.4])
    'the new runs have a time of 0: the clock is too coarse for them'
    """
    for values, runs in ((base, 'of the base'), (new, 'of the new version')):
        if len(values) < FEWEST:
            return f'fewer than three runs {runs}'
    for values, runs in ((base, 'the base runs'), (new, 'the new runs')):
        if min(values) < 0:
            return f'{runs} have a time below 0: the clock went back'
        if not min(values):
            return f'{runs} have a time of 0: the clock is too coarse for them'
        if min(values) == max(values):
            return f'{runs} are all equal: they say nothing about chance'
    return ''


class Verdict:
    """What an estimate says.

    Args:
        estimate: of one pair of series.
        chance: that of the estimate, corrected for the number of comparisons.
        margin: difference that does not matter, as a share.
        level: chance that the interval of a verdict misses the ratio.

    Attributes:
        word: `'faster'`, `'slower'`, `'no difference'` or `'inconclusive'`.
        more_runs: about how many more runs of each series would tell; None if it is clear,
            or if more of them would not help.
        why: what is in the way of a verdict, in a few words; may be empty.
    """

    def __init__(
        self,
        estimate: Estimate,
        chance: float,
        margin: float = MARGIN,
        level: float = LEVEL,
    ) -> None:
        self._estimate = estimate
        self._level = level
        self._margin = log(1 + margin)
        self.why = ''
        self.more_runs: int | None = None
        self.word = self._word(chance)
        if self.word == INCONCLUSIVE:
            self.why = self._why(chance)
            if not estimate.drifts:
                self.more_runs = self._more()

    def _word(self, chance: float) -> str:
        low, high = (log(bound) for bound in self._estimate.careful_interval(self._level))
        if -self._margin < low and high < self._margin:
            return NO_DIFFERENCE
        if chance < LEVEL:
            return SLOWER if self._estimate.ratio > 1 else FASTER
        return INCONCLUSIVE

    def _why(self, chance: float) -> str:
        estimate = self._estimate
        if estimate.drifts:
            return 'the runs drift, and did not take turns'
        low, high = estimate.interval()
        if low <= 1 <= high:
            return ''
        low, high = estimate.careful_interval(self._level)
        if low <= 1 <= high:
            return 'so few runs may have met one disturbance'
        return 'so many comparisons differ as much by chance' if chance else ''

    def _more(self) -> int | None:
        """Return how many more runs make the interval narrow enough for a verdict."""
        low, high = (log(bound) for bound in self._estimate.careful_interval(self._level))
        size = abs(log(self._estimate.ratio))
        wanted = max(size, self._margin - size) / POWER
        runs, half = self._estimate.runs, (high - low) / 2
        needed = runs
        while self._half(half, needed) > wanted:
            needed = ceil(needed * 1.02) + 1
            if needed > MOST:
                return None
        return _rounded(max(needed - runs, 1))

    def _half(self, half: float, runs: int) -> float:
        """Return half the width of the interval of so many runs."""
        now = self._estimate.runs
        factor = narrowing(runs) / narrowing(now)
        if not self._estimate.is_interleaved:
            factor *= caution(runs) / caution(now)
        return half * factor * sqrt(now / runs)


def _rounded(runs: int) -> int:
    """Return a number with two digits, rounded up.

    >>> _rounded(7), _rounded(1234)
    (7, 1300)
    """
    unit = int(10 ** max(floor(log10(runs)) - 1, 0))
    return -(-runs // unit) * unit
