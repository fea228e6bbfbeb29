"""The ratio of two medians, with its interval.

The bounds of both medians are joined by MOVER (Zou and Donner 2008), which keeps their
asymmetry. Between series that were measured one after the other, dependence is estimated in
each and a drift is allowed for; between interleaved series, in the merged order, where
all that meets both cancels out.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtrit

from .bounds import OrderedSample
from .dependence import Dependence, signs_of
from .drift import Drift
from .order import Order, one_after_the_other

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .bounds import Array

    Bounds = tuple[Array, Array]

LEVEL = 0.05  # chance of an interval that misses the ratio
SMALL = 3.3  # with few runs, Student's t is too cautious: see `narrowing`
ENOUGH = 100  # runs of each series from which on dependence is seen where there is some
CAREFUL = 0.75  # exponent: with fewer runs a verdict needs a wider interval
MOST_CAREFUL = 3.5
SMALLEST = 1e-12  # chance: smaller ones are that


def narrowing(runs: int) -> float:
    """Return the factor of the half width that makes 95 % right for few independent runs.

    The values at the ends of a small sample are already far out; found by simulation.

    >>> round(narrowing(5), 2), round(narrowing(1000), 2)
    (0.67, 1.0)
    """
    return 1 - SMALL / (runs + 5)


def caution(runs: int) -> float:
    """Return the factor of the half width that a verdict about separate series needs.

    A short series does not show whether its runs depend on each other: five runs that all
    met the same disturbance agree with each other, and are wrong.

    >>> [round(caution(runs), 2) for runs in (5, 50, 100)]
    [3.5, 1.68, 1.0]
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
        ratio: median of the second series, in multiples of that of the first one.
        is_interleaved: as the order says.
        drifts: separate series drift, and the interval allows for it.
        runs: number of runs of the shorter series.
    """

    def __init__(
        self, base: Sequence[float], new: Sequence[float], order: Order | None = None
    ) -> None:
        sides = [np.log(np.asarray(side, float)) for side in (base, new)]
        counts = [side.shape[-1] for side in sides]
        order = order or one_after_the_other(*counts)
        self.runs = min(counts)
        self.is_interleaved = order.is_interleaved
        self._samples = [OrderedSample(side) for side in sides]
        self._middle = self._samples[1].median - self._samples[0].median
        self.ratio = np.exp(self._middle)
        self._shift = self._error = np.zeros_like(self._middle)
        self.drifts = self._shift != 0
        if order.is_interleaved:
            self._merge(sides, order)
        else:
            self._separate(sides, order)

    # --- what a run says ---------------------------------------------------------------

    def _separate(self, sides: list[Array], order: Order) -> None:
        found = [Dependence(signs_of(side)) for side in sides]
        redness = (found[0].redness + found[1].redness) / 2
        self._inflations = [one.inflation(redness) for one in found]
        shares = [1 / side.shape[-1] for side in sides]
        parts = zip(shares, found, strict=True)
        below = sum(share**2 / one.degrees for share, one in parts)
        self._degrees = sum(shares) ** 2 / below  # Welch and Satterthwaite
        drift = Drift(sides[0], sides[1], order.distance)
        self.drifts, self._shift, self._error = drift.is_clear, drift.shift, drift.error

    def _merge(self, sides: list[Array], order: Order) -> None:
        """Take the dependence of what is left of both series in their common order."""
        total = sum(side.shape[-1] for side in sides)
        merged = np.zeros((*self._middle.shape, total))
        for side, sample, places, sign in zip(
            sides, self._samples, (order.base, order.new), (-1, 1), strict=True
        ):
            below, above = sample.distances(0.5 / np.sqrt(sample.count))
            weight = sign * (below + above) / sample.count
            merged[..., places] = weight[..., None] * signs_of(side)
        found = Dependence(merged)
        self._inflations = [found.inflation(np.ones_like(self._middle))] * 2
        self._degrees = float(found.degrees)

    # --- intervals ---------------------------------------------------------------------

    def interval(self, level: float = LEVEL) -> Bounds:
        """Return the bounds of the ratio, which miss it with this chance."""
        low, high = self._bounds(level, 1.0)
        return np.exp(low), np.exp(high)

    def careful_interval(self, level: float = LEVEL) -> Bounds:
        """Return the bounds that a verdict is about: wider if the runs are few."""
        low, high = self._bounds(level, self._caution)
        return np.exp(low), np.exp(high)

    @property
    def _caution(self) -> float:
        return 1.0 if self.is_interleaved else caution(self.runs)

    def _bounds(self, level: float, factor: float) -> Bounds:
        deviations = stdtrit(self._degrees, 1 - level / 2) * narrowing(self.runs) * factor
        base, new = (
            sample.distances(deviations * 0.5 * np.sqrt(inflation / sample.count))
            for sample, inflation in zip(self._samples, self._inflations, strict=True)
        )
        low, high = self._around(self._middle, base, new, 0.0)
        if not np.any(self.drifts):
            return low, high
        corrected = self._middle - self._shift
        others = self._around(corrected, base, new, deviations * self._error)
        return np.minimum(low, others[0]), np.maximum(high, others[1])

    def _around(self, middle: Array, base: Bounds, new: Bounds, more: Any) -> Bounds:
        step = self._samples[0].step + self._samples[1].step
        low = middle - np.sqrt(new[0] ** 2 + base[1] ** 2 + more**2) - step
        return low, middle + np.sqrt(new[1] ** 2 + base[0] ** 2 + more**2) + step

    def chance(self) -> float:
        """Return the level at which the careful interval just reaches 1, of one pair."""
        low, high = np.log(SMALLEST), 0.0
        for _ in range(40):
            middle = (low + high) / 2
            below, above = self._bounds(float(np.exp(middle)), self._caution)
            if below > 0 or above < 0:
                high = middle
            else:
                low = middle
        return float(np.exp(high))
