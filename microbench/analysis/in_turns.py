"""Series that took turns on one machine: neighbours in time are compared.

What slows the machine down meets a run and its neighbour alike, so it is not in their
difference, however large it is.
"""

from __future__ import annotations

import numpy as np

from .bounds import OrderedSample
from .dependence import PAIRED, Dependence, signs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bounds import Array, Bounds


class InTurns:
    """Two series that took turns.

    Args:
        base: logarithms of the first series, in the order of time along the last axis.
        new: those of the second one.

    Attributes:
        middle: median difference of neighbours.
        degrees: degrees of freedom of its error.
        drifts: False; a drift cancels out.
    """

    def __init__(self, base: Array, new: Array) -> None:
        pairs = min(base.shape[-1], new.shape[-1])
        differences = _parts(new, pairs) - _parts(base, pairs)
        self._sample = OrderedSample(differences)
        self.middle = self._sample.median
        found = Dependence(signs_of(differences), PAIRED)
        self._inflation = found.inflation(found.redness)
        self.degrees = float(found.degrees)
        self.drifts = np.zeros(self.middle.shape, bool)
        steps = OrderedSample(base).step + OrderedSample(new).step
        self.step: Array = np.maximum(self._sample.step, steps)

    def around(self, deviations: float) -> Bounds:
        """Return the bounds at so many standard errors."""
        width = deviations * 0.5 * np.sqrt(self._inflation / self._sample.count)
        below, above = self._sample.distances(width)
        return self.middle - below, self.middle + above


def _parts(values: Array, count: int) -> Array:
    """Return the medians of so many consecutive parts of a series."""
    if values.shape[-1] == count:
        return values
    parts = np.array_split(values, count, axis=-1)
    return np.stack([np.median(part, axis=-1) for part in parts], axis=-1)
