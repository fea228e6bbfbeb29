"""Compute the interval of a median.

It is that of order statistics: exact for any distribution, as long as the values are
independent. Values that come one after another in a process are often not: a slow moment
lasts for many. So their number is replaced by that of as many independent ones as tell as
much of the median. It comes from the autocorrelation of the signs: which values are above
the median. The sum of autocorrelations ends by Geyer's rule (Practical Markov chain Monte
Carlo, 1992): at the first pair of lags whose sum is not positive.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, floor, inf, lgamma, log, sqrt

from ..results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL = 0.025  # the interval misses the median with twice this probability at most
FEWEST = 6  # values that have an interval: 2 ** -5 is more than twice TAIL
FEW = 2 * FEWEST  # independent values; with fewer, the interval is that of medians


def interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % confidence interval of the median of independent values.

    Both ends are values that were measured. None for fewer than six values.

    >>> interval([1, 2, 3, 4, 5]), interval([1, 2, 3, 4, 5, 9])
    (None, (1, 9))
    """
    count = len(ordered)
    if count < FEWEST:
        return None
    beyond = left_out(count)
    return ordered[beyond], ordered[-1 - beyond]


def interval_of_series(values: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % confidence interval of the median of values in the order of time.

    >>> interval_of_series([5, 1, 4, 2, 6, 3]), interval_of_series([1, 2, 3, 4, 5])
    ((1, 6), None)
    """
    if len(values) < FEWEST:
        return None
    ordered = sorted(values)
    independent = independent_values(values, median(ordered))
    if independent < FEW and len(values) > FEW:
        return interval(sorted(_medians(values, FEWEST)))
    beyond = floor(len(values) * left_out(independent) / independent)
    return ordered[beyond], ordered[-1 - beyond]


def _medians(values: Sequence[float], count: int) -> list[float]:
    """Return the medians of so many parts of a series."""
    ends = [len(values) * part // count for part in range(count + 1)]
    return [median(sorted(values[begin:end])) for begin, end in pairwise(ends)]


def independent_values(values: Sequence[float], middle: float) -> int:
    """Return how many independent values tell as much of the median as these.

    The signs are the bits of an integer, and an autocorrelation is the count of bits that
    it shares with itself, shifted.

    >>> independent_values([1, 2] * 50, 1.5), independent_values([1] * 50 + [2] * 50, 1.5)
    (100, 3)
    """
    count = len(values)
    signs = int(''.join('1' if value > middle else '0' for value in values), 2)
    if not 0 < signs.bit_count() < count:
        return count
    total, least = -1.0, inf
    for lag in range(0, count - 1, 2):
        pair = _autocorrelation(signs, count, lag) + _autocorrelation(signs, count, lag + 1)
        if pair <= 0:
            break
        least = min(least, pair)  # sums of pairs do not grow
        total += 2 * least
    return max(1, round(count / max(total, 1.0)))


def _autocorrelation(signs: int, count: int, lag: int) -> float:
    share = signs.bit_count() / count
    both = (signs & signs >> lag).bit_count() / (count - lag)
    return (both - share * share) / (share - share * share)


def left_out(count: int) -> int:
    """Return how many values lie outside the interval at each end.

    That is the largest number that a binomial variable of `count` fair coins exceeds with
    a probability of at least 97.5 %.
    """
    if count < FEWEST:
        return 0
    most = max(int(count / 2 - 0.98 * sqrt(count)) - 1, 0)  # normal approximation
    while most and _tail(most, count) > TAIL:
        most -= 1
    while _tail(most + 1, count) <= TAIL:
        most += 1
    return most


def _tail(most: int, count: int) -> float:
    """Return the probability of at most so many heads among `count` fair coins."""
    logs = lgamma(count + 1) - lgamma(most + 1) - lgamma(count - most + 1)
    term = total = exp(logs - count * log(2))
    while term > total * 1e-17:
        term *= most / (count - most + 1)
        most -= 1
        total += term
    return total
