"""Series that were measured one after the other.

The bounds of both medians are joined by MOVER (Zou and Donner 2008), which keeps their
asymmetry. The dependence of the runs is estimated in each series, and a drift of both is
allowed for.
"""

from __future__ import annotations

import numpy as np

from .bounds import OrderedSample
from .dependence import Dependence, signs_of
from .drift import Drift

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .bounds import Array, Bounds


class Separate:
    """Two series, of which the second was measured after the first, or before it.

    Args:
        base: logarithms of the first series, in the order of time along the last axis.
        new: those of the second one.
        distance: how many runs its middle is after that of the first one.

    Attributes:
        middle: difference of the medians.
        degrees: degrees of freedom of its error.
        drifts: both series drift.
        worth: how many independent runs say as much as each series.
    """

    def __init__(self, base: Array, new: Array, distance: float) -> None:
        self._samples = OrderedSample(base), OrderedSample(new)
        self.middle: Array = self._samples[1].median - self._samples[0].median
        found = [Dependence(signs_of(side)) for side in (base, new)]
        redness = (found[0].redness + found[1].redness) / 2
        self._inflations = [one.inflation(redness) for one in found]
        shares = [1 / base.shape[-1], 1 / new.shape[-1]]
        parts = zip(shares, found, strict=True)
        below = sum(share**2 / one.degrees for share, one in parts)
        self.degrees = sum(shares) ** 2 / below  # Welch and Satterthwaite
        self.worth = [
            one.count / np.maximum(inflation, 1.0)
            for one, inflation in zip(self._samples, self._inflations, strict=True)
        ]
        self._drift = Drift(base, new, distance)
        self.drifts = self._drift.is_clear

    def around(self, deviations: float) -> Bounds:
        """Return the bounds at so many standard errors."""
        base, new = (
            sample.distances(deviations * 0.5 * np.sqrt(inflation / sample.count))
            for sample, inflation in zip(self._samples, self._inflations, strict=True)
        )
        low, high = _joined(self.middle, base, new, 0.0)
        if not np.any(self.drifts):
            return low, high
        corrected, error = self.middle - self._drift.shift, self._drift.error
        others = _joined(corrected, base, new, deviations * error)
        return np.minimum(low, others[0]), np.maximum(high, others[1])

    @property
    def step(self) -> Array:
        """How much a coarse clock hides of the difference."""
        step: Array = self._samples[0].step + self._samples[1].step
        return step


def _joined(middle: Array, base: Bounds, new: Bounds, more: Any) -> Bounds:
    low = middle - np.sqrt(new[0] ** 2 + base[1] ** 2 + more**2)
    return low, middle + np.sqrt(new[1] ** 2 + base[0] ** 2 + more**2)
