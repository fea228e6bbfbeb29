"""Find out whether durations grow or shrink over time.

The test is that of Mann and Kendall on the medians of consecutive parts: outliers and the
shape of the distribution do not matter to it. A trend is reported if chance gives such an
order in one of a thousand cases, and if it amounts to five percent.
"""

from __future__ import annotations

from collections import Counter
from math import erfc, sqrt

from ...results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CHART = 12  # parts that are drawn
FEWEST = 8  # parts of which an order says something
CHANCE = 0.001
NOTICEABLE = 1.05  # smallest ratio of the end to the beginning


class Trend:
    """A significant change over time.

    Attributes:
        begin, end: medians of the first and of the last quarter of the parts.
        chance: probability of such an order without a trend.
    """

    __slots__ = ('begin', 'chance', 'end')

    def __init__(self, begin: float, end: float, chance: float) -> None:
        self.begin, self.end, self.chance = begin, end, chance

    @property
    def ratio(self) -> float:
        """The end as a multiple of the beginning."""
        return self.end / self.begin

    def __str__(self) -> str:
        return change(self.ratio)


def change(ratio: float) -> str:
    """Return in words how a duration has changed.

    >>> change(1.123), change(27.26), change(0.5), change(0.88)
    ('12 % slower', '27 × slower', '2.0 × faster', '12 % faster')
    """
    slower = ratio >= 1
    factor = ratio if slower else 1 / ratio
    word = 'slower' if slower else 'faster'
    if factor < 1.995:
        return f'{100 * abs(ratio - 1):.0f} % {word}'
    return f'{factor:.0f} × {word}' if factor >= 9.95 else f'{factor:.1f} × {word}'


def trend_of(medians: Sequence[float]) -> Trend | None:
    """Return the trend of the medians of consecutive parts; None if there is none.

    >>> str(trend_of([1, 2, 2.5, 3, 4, 5, 5.5, 6]))
    '3.8 × slower'
    >>> trend_of([1, 9, 2, 8, 3, 7, 4, 6]) is None
    True
    """
    if len(medians) < FEWEST:
        return None
    concordant = _concordance(medians)
    chance = _chance(concordant, medians)
    quarter = len(medians) // 4
    begin, end = (median(sorted(m)) for m in (medians[:quarter], medians[-quarter:]))
    if chance > CHANCE or begin <= 0 or end <= 0:
        return None
    found = Trend(begin, end, chance)
    is_noticeable = max(found.ratio, 1 / found.ratio) >= NOTICEABLE
    return found if is_noticeable and (end > begin) == (concordant > 0) else None


def _concordance(values: Sequence[float]) -> int:
    """Return the number of pairs in rising order, less those in falling order."""
    return sum(
        (later > earlier) - (later < earlier)
        for place, earlier in enumerate(values)
        for later in values[place + 1 :]
    )


def _chance(concordant: int, values: Sequence[float]) -> float:
    """Return the probability of an order at least as strong, in either direction."""
    ties = Counter(values).values()
    variance = (_weight(len(values)) - sum(map(_weight, ties))) / 18
    if not variance or not concordant:
        return 1.0
    deviation = (abs(concordant) - 1) / sqrt(variance)
    return erfc(deviation / sqrt(2))


def _weight(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
