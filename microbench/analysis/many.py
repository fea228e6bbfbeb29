"""Correct for many comparisons: of twenty, one is wrong at 5 % by chance."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def corrected(chances: Sequence[float]) -> list[float]:
    """Return chances of which any below 5 % is false in one family of twenty (Holm 1979).

    It holds for comparisons that depend on each other, as those of one machine do, and for
    the first false one: a build fails because of a single one.

    >>> corrected([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    found = [0.0] * len(chances)
    largest = 0.0
    for done, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        largest = max(largest, min(1.0, (len(chances) - done) * chances[place]))
        found[place] = largest
    return found
