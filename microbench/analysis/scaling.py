"""How a time grows with a number: the exponent of a power law."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from .estimate import LEVEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 4  # different sizes: three fit a curve of any shape too well
CURVED = 3.0  # standard errors
LEAST_CURVE = 0.1  # change of the exponent from one end to the other that matters


class Scaling:
    """The slope of the logarithm of a time over that of a size, by least squares.

    Args:
        sizes: the sizes.
        times: median time at each of them.

    Attributes:
        exponent: the slope; None if there is none.
        low, high: its 95 % interval, from the distances of the points to the line.
        why: why the exponent is no answer; empty if it is one.

    >>> found = Scaling([1, 2, 4, 8], [1.0, 4.1, 15.8, 64.5])
    >>> round(found.exponent, 1), found.why
    (2.0, '')
    """

    exponent: float | None = None
    low: float | None = None
    high: float | None = None

    def __init__(self, sizes: Sequence[float], times: Sequence[float]) -> None:
        self.why = self._obstacle(sizes, times)
        if not self.why:
            self._fit(np.log(np.asarray(sizes, float)), np.log(np.asarray(times, float)))

    def _obstacle(self, sizes: Sequence[float], times: Sequence[float]) -> str:
        if min(sizes, default=0) <= 0:
            return 'a size of 0 or less has no logarithm'
        if len(set(sizes)) < FEWEST:
            return f'fewer than {FEWEST} sizes'
        if min(times) <= 0:
            return 'a time of 0 has no logarithm'
        return ''

    def _fit(self, sizes: np.ndarray, times: np.ndarray) -> None:
        centred = sizes - sizes.mean()
        weight = centred @ centred
        slope = float(centred @ times / weight)
        rest = times - times.mean() - slope * centred
        degrees = len(sizes) - 2
        error = float(np.sqrt(rest @ rest / degrees / weight))
        half = float(stdtrit(degrees, 1 - LEVEL / 2)) * error
        self.exponent, self.low, self.high = slope, slope - half, slope + half
        if self._is_curved(centred, times):
            self.why = 'not a power law: the exponent changes with the size'

    def _is_curved(self, sizes: np.ndarray, times: np.ndarray) -> bool:
        """Return whether a square term is clear, and changes the exponent enough."""
        terms = np.stack([np.ones_like(sizes), sizes, sizes**2], axis=1)
        factors, *_ = np.linalg.lstsq(terms, times, rcond=None)
        change = abs(2 * factors[2] * np.ptp(sizes))
        rest = times - terms @ factors
        variance = rest @ rest / (len(sizes) - 3)
        error = float(np.sqrt(variance * np.linalg.inv(terms.T @ terms)[2, 2]))
        return bool(change > LEAST_CURVE and abs(factors[2]) > CURVED * error)
