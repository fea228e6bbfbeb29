"""Median and standard deviation of values."""

from __future__ import annotations

from math import fsum, inf, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def median(ordered: Sequence[float]) -> float:
    """Return the median of values in order; there has to be one.

    >>> median([1, 2, 4]), median([1, 2])
    (2, 1.5)
    """
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return ordered[middle - 1] + (ordered[middle] - ordered[middle - 1]) / 2


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample of at least two values.

    It is infinite if it is too large for a float.

    >>> deviation([1.0, 3.0])
    1.4142135623730951
    """
    try:
        mean = fsum(values) / len(values)
        squares = fsum([(value - mean) * (value - mean) for value in values])
    except OverflowError:
        return inf
    return sqrt(squares / (len(values) - 1))
