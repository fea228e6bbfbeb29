"""The ratio of two medians, with its interval and the chance that it is none."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtrit

from .in_turns import InTurns
from .order import Order, one_after_the_other
from .separate import Separate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .bounds import Bounds

LEVEL = 0.05  # chance of an interval that misses the ratio
SMALL = 4.0  # with few runs, Student's t is too cautious: see `narrowing`
PAIRED = 3.0  # likewise, for pairs of neighbours
FEW_PAIRS, CAREFUL_PAIRS = 5, 1.5  # with fewer pairs, so much wider
ENOUGH = 100  # runs of each series from which on dependence is seen where there is some
CAREFUL = 0.85  # exponent: with fewer runs a verdict needs a wider interval
MOST_CAREFUL = 3.8
SMALLEST = 1e-12  # chance: smaller ones are that


def narrowing(runs: int, small: float = SMALL) -> float:
    """Return the factor of the half width that makes 95 % right for few independent runs.

    The values at the ends of a small sample are already far out; found by simulation.

    >>> round(narrowing(5), 2), round(narrowing(1000), 2)
    (0.6, 1.0)
    """
    return 1 - small / (runs + 5)


def caution(runs: int) -> float:
    """Return the factor of the half width that a verdict about separate series needs.

    A short series does not show whether its runs depend on each other: five runs that all
    met the same disturbance agree with each other, and are wrong.

    >>> [round(caution(runs), 2) for runs in (5, 50, 100)]
    [3.8, 1.8, 1.0]
    """
    return min(MOST_CAREFUL, max(1.0, math.pow(ENOUGH / runs, CAREFUL)))


class Estimate:
    """The ratio of the median of a series to that of another one.

    Args:
        base: durations of the first series, above 0, in the order of time along the last
            axis; at least three.
        new: durations of the second series.
        order: when they were measured; None if the second came after the first.

    Attributes:
        ratio: median of the second series, in multiples of that of the first one; of
            series that took turns, the median ratio of neighbours.
        is_interleaved: they took turns.
        drifts: separate series drift, and the interval allows for it.
        runs: number of runs of the shorter series.
        worth: how many independent runs say as much as each of separate series; or None.
    """

    def __init__(
        self, base: Sequence[float], new: Sequence[float], order: Order | None = None
    ) -> None:
        one, other = (np.log(np.asarray(side, float)) for side in (base, new))
        order = order or one_after_the_other(one.shape[-1], other.shape[-1])
        self.runs = min(one.shape[-1], other.shape[-1])
        self.is_interleaved = order.is_interleaved
        self._found: InTurns | Separate
        if order.is_interleaved:
            self._found = InTurns(one, other)
        else:
            self._found = Separate(one, other, order.distance)
        self.ratio = np.exp(self._found.middle)
        self.drifts = self._found.drifts
        separate = self._found if isinstance(self._found, Separate) else None
        self.worth = separate.worth if separate is not None else None

    def interval(self, level: float = LEVEL) -> Bounds:
        """Return the bounds of the ratio, which miss it with this chance."""
        low, high = self._bounds(level, 1.0)
        return np.exp(low), np.exp(high)

    def careful_interval(self, level: float = LEVEL) -> Bounds:
        """Return the bounds that a verdict is about: wider if the runs are few."""
        low, high = self._bounds(level, self._caution)
        return np.exp(low), np.exp(high)

    def chance(self) -> float:
        """Return the level at which the careful interval just reaches 1, of one pair."""
        low, high = math.log(SMALLEST), 0.0
        for _ in range(40):
            middle = (low + high) / 2
            below, above = self._bounds(math.exp(middle), self._caution)
            if below > 0 or above < 0:
                high = middle
            else:
                low = middle
        return math.exp(high)

    @property
    def _caution(self) -> float:
        if self.is_interleaved:
            return 1.0 if self.runs >= FEW_PAIRS else CAREFUL_PAIRS
        return caution(self.runs)

    def _bounds(self, level: float, factor: float) -> Bounds:
        """Return the bounds of the logarithm of the ratio."""
        deviations = stdtrit(self._found.degrees, 1 - level / 2)
        deviations *= narrowing(self.runs, PAIRED if self.is_interleaved else SMALL)
        low, high = self._found.around(deviations)
        middle, step = self._found.middle, self._found.step
        return (
            middle - factor * (middle - low) - step,
            middle + factor * (high - middle) + step,
        )
