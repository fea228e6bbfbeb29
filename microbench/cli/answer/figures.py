"""Compute statistics of durations, and write them with one unit.

The interval of the median is that of order statistics: exact for any distribution, as long
as the runs are independent. Both ends are durations that were measured.
"""

from __future__ import annotations

from math import exp, lgamma, log, sqrt

from ...results.units import unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL = 0.025  # the interval misses the median with twice this probability at most
FEWEST = 6  # values that have an interval: 2 ** -5 is more than twice TAIL
DIGITS = 3  # of the first value; see `Scale`
MORE_DECIMALS = 2


def interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """Return a 95 % confidence interval of the median; None for fewer than six values.

    >>> interval([1, 2, 3, 4, 5]), interval([1, 2, 3, 4, 5, 9])
    (None, (1, 9))
    """
    count = len(ordered)
    if count < FEWEST:
        return None
    beyond = left_out(count)
    return ordered[beyond], ordered[-1 - beyond]


def left_out(count: int) -> int:
    """Return how many values lie outside the interval at each end.

    That is the largest number that a binomial variable of `count` fair coins exceeds with
    a probability of at least 97.5 %.
    """
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


class Scale:
    r"""Writes times in one unit and with the same decimals, so that they compare at sight.

    >>> scale = Scale(0.0234, 0.0012)
    >>> scale.text(0.0234), scale.between(0.0221, 0.0279)
    ('23.4\xa0ms', '22.1\xa0…\xa027.9\xa0ms')
    >>> Scale(0.1017, 0.0005).text(0.1017)
    '101.7\xa0ms'

    Args:
        value: seconds; they get the unit in which they are at least 1, and three digits.
        deviation: seconds; this gets one digit at least, if two more decimals suffice.
        decimals: how many there are at least.
    """

    def __init__(self, value: float, deviation: float = 0.0, decimals: int = 0) -> None:
        self.seconds, self.unit = unit_of(value)
        whole = len(f'{value / self.seconds:.0f}')
        self.decimals = least = max(DIGITS - whole, decimals)
        while deviation and self.decimals < least + MORE_DECIMALS:
            if float(self.bare(deviation)):
                break
            self.decimals += 1

    def bare(self, seconds: float) -> str:
        """Return a time without its unit."""
        return f'{seconds / self.seconds:.{self.decimals}f}'

    def text(self, seconds: float) -> str:
        """Return a time; no line may break in it."""
        return f'{self.bare(seconds)}\xa0{self.unit}'

    def between(self, least: float, most: float, sign: str = '…') -> str:
        """Return two times and one unit; no line may break in them."""
        return f'{self.bare(least)}\xa0{sign}\xa0{self.text(most)}'
