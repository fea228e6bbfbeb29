"""A drift of two series that were measured one after the other.

If the machine gets slower all the time, the second series is slower, too. How much, a
straight line through both series says: it has one slope and two levels. Whether the drift
went on between the series or began anew cannot be known, so that a difference counts only
if both are true of it.
"""

from __future__ import annotations

import numpy as np

from .dependence import Dependence, signs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bounds import Array

CLEAR = 1.7  # standard errors: chance makes one line of eleven this steep
FEWEST = 10  # runs of each series


class Drift:
    """The straight line through two series.

    Args:
        base: first series, in the order of time along the last axis.
        new: second series.
        distance: how many runs its middle is after that of the first one.

    Attributes:
        is_clear: the slope is more than chance.
        shift: how much larger the second series is because of the drift; 0 if unclear.
        error: standard error of the shift.
    """

    def __init__(self, base: Array, new: Array, distance: float) -> None:
        shape = base.shape[:-1]
        self.is_clear = np.zeros(shape, bool)
        self.shift = self.error = np.zeros(shape)
        if min(base.shape[-1], new.shape[-1]) >= FEWEST:
            self._measure(base, new, distance)

    def _measure(self, base: Array, new: Array, distance: float) -> None:
        lines = _Line(base), _Line(new)
        redness = (lines[0].dependence.redness + lines[1].dependence.redness) / 2
        weight = sum(line.weight for line in lines)
        slope = sum(line.slope * line.weight for line in lines) / weight
        variance = sum(line.variance(redness) * line.weight for line in lines) / weight**2
        error = np.sqrt(variance)
        self.is_clear = np.abs(slope) > CLEAR * error
        self.shift = np.where(self.is_clear, slope * distance, 0.0)
        self.error = np.where(self.is_clear, error * abs(distance), 0.0)


class _Line:
    """The line of least squares through one series."""

    def __init__(self, values: Array) -> None:
        count = values.shape[-1]
        places = np.arange(count) - (count - 1) / 2
        self.weight = float(places @ places)
        self.slope = values @ places / self.weight
        centred = values - values.mean(axis=-1, keepdims=True)
        rest = centred - self.slope[..., None] * places
        self._variance = (rest * rest).sum(axis=-1) / (count - 2)
        self.dependence = Dependence(signs_of(rest))

    def variance(self, redness: Array) -> Array:
        """Return the variance of a run around the line, dependence included."""
        found: Array = self._variance * self.dependence.inflation(redness)
        return found
