"""Tell a change of durations from noise, without an assumption on their distribution."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from itertools import islice, repeat
from math import comb, erfc, sqrt
from operator import eq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 5  # durations of each side; with fewer, no order is improbable enough
EXACT = 400  # pairs up to which the probability is counted, not approximated
CHANCE = 0.01  # largest probability of a change that counts as one


def is_change(left: Sequence[float], right: Sequence[float]) -> bool | None:
    """Return whether durations differ by more than chance; None if they are too few.

    >>> is_change([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), is_change([1, 9] * 9, [2, 8] * 9)
    (True, False)
    >>> is_change([1, 2], [8, 9]) is None
    True
    """
    if min(len(left), len(right)) < FEWEST:
        return None
    return chance_of(left, right) <= CHANCE


def chance_of(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the probability of such an order of durations of one distribution.

    It is that of the two-sided test of Mann and Whitney.

    >>> chance_of([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])
    0.007936507936507936
    """
    left, right = sorted(left), sorted(right)
    both = sorted([*left, *right])
    has_ties = any(map(eq, both, islice(both, 1, None)))
    pairs, wins = len(left) * len(right), _wins(left, right, has_ties)
    if pairs <= EXACT and not has_ties:
        return _counted(len(left), len(right), min(wins, pairs - wins))
    ties = sum(count**3 - count for count in Counter(both).values()) if has_ties else 0
    return _approximated(pairs, len(both), ties, wins)


def _wins(left: list[float], right: list[float], has_ties: bool) -> float:
    """Return the number of pairs in which the left value is smaller; ties are halves.

    Both lists are in order.
    """
    below = sum(map(bisect_left, repeat(right), left))
    not_above = sum(map(bisect_right, repeat(right), left)) if has_ties else below
    return len(left) * len(right) - (below + not_above) / 2


def _counted(rows: int, columns: int, wins: float) -> float:
    """Return the share of all orders in which one side has at most so many wins.

    The number of orders with `u` wins is the coefficient of q^u in a Gaussian binomial.
    """
    orders = [1] + [0] * (rows * columns)
    for factor in range(1, rows + 1):
        for u in range(rows * columns, columns + factor - 1, -1):
            orders[u] -= orders[u - columns - factor]
        for u in range(factor, rows * columns + 1):
            orders[u] += orders[u - factor]
    return min(2 * sum(orders[: int(wins) + 1]) / comb(rows + columns, rows), 1.0)


def _approximated(pairs: int, size: int, ties: int, wins: float) -> float:
    variance = pairs / 12 * (size + 1 - ties / (size * (size - 1)))
    if variance <= 0:
        return 1.0
    distance = max(abs(wins - pairs / 2) - 0.5, 0.0)
    return erfc(distance / sqrt(2 * variance))
