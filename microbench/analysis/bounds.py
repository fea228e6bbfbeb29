"""Bounds of the median of a series, from its order statistics.

The median is exceeded by half of the values. So many values of the sample around the middle
as chance moves that half are the bounds (Woodruff 1952): no assumption on the distribution
is needed, and they are as asymmetric as the sample.
"""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Bounds = tuple[Array, Array]


EQUAL = 1e-12  # NumPy's logarithms of one number may differ by less than that


class OrderedSample:
    """A series in order of size.

    Args:
        values: the series, along the last axis.

    Attributes:
        count: number of values.
        median: their median.
        step: half the distance to the next other value, where several values equal the
            median: a coarse clock hides so much. 0 where it does not.
    """

    def __init__(self, values: Array) -> None:
        self._ordered = np.sort(values, axis=-1)
        self.count = values.shape[-1]
        self.median = np.median(values, axis=-1)
        self.step = self._half_step()

    def distances(self, width: Any) -> Bounds:
        """Return how far below and above the median its bounds are.

        Args:
            width: distance of the bounds from the middle, as a share of the values. Above
                a half, the distances of the smallest and the largest value are extended
                in proportion.
        """
        below = self.median - self._quantile(0.5 - width)
        return below, self._quantile(0.5 + width) - self.median

    def _quantile(self, share: Any) -> Array:
        """Return the value that this share of the values lie below."""
        last = self.count - 1
        place = np.broadcast_to(share * self.count - 0.5, self.median.shape)
        inside = np.clip(place, 0, last)
        before = np.floor(inside).astype(int)
        between = inside - before
        value = self._at(before) * (1 - between)
        value = value + self._at(np.minimum(before + 1, last)) * between
        middle = last / 2
        beyond = np.where(place != inside, np.abs(place - middle) / max(middle, 0.5), 1.0)
        found: Array = self.median + (value - self.median) * beyond
        return found

    def _at(self, places: npt.NDArray[np.int_]) -> Array:
        found: Array = np.take_along_axis(self._ordered, places[..., None], -1)[..., 0]
        return found

    def _half_step(self) -> Array:
        distances = np.abs(self._ordered - self.median[..., None])
        is_tied = (distances < EQUAL).sum(axis=-1) > 1
        others = np.where(distances < EQUAL, np.inf, distances).min(axis=-1)
        step: Array = np.where(is_tied & np.isfinite(others), others / 2, 0.0)
        return step
