"""A verdict about runs that take turns, reached as soon as it is clear.

Who looks after every run finds a difference by chance sooner or later. So each look has a
share of the 5 %, `1 / (j * (j + 1))` at look j, and the shares of all looks add up to 1.
The number of looks grows with the logarithm of the number of runs.
"""

from __future__ import annotations

from .estimate import LEVEL, Estimate
from .order import Order
from .verdict import Verdict, why_not
from .words import INCONCLUSIVE, MARGIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

GROWTH = 1.4  # runs at a look, in multiples of those at the one before


def share(look: int, comparisons: int = 1) -> float:
    """Return what a look may use of the level, for each of some comparisons.

    >>> share(1), round(sum(map(share, range(1, 1000))), 2)
    (0.5, 1.0)
    """
    return 1 / (look * (look + 1) * comparisons)


def next_look(runs: int) -> int:
    """Return the number of runs at which to look again.

    >>> next_look(3), next_look(10)
    (5, 14)
    """
    return int(runs * GROWTH + 0.999)


class Look:
    """What two series say that took turns, when they are looked at.

    Args:
        base: durations of the first series.
        new: those of the second one, each beside its neighbour in time.
        look: number of the look, from 1.
        comparisons: how many series are compared with the first one.
        margin: difference that does not matter, as a share.

    Attributes:
        ratio: median ratio of the neighbours; None if they cannot be compared.
        low, high: interval of the ratio, which holds at all looks together.
        verdict: as `Verdict.word`; None if they cannot be compared.
        chance: of such a difference without a cause, corrected for looks and comparisons.
        why, more_runs: as those of `Verdict`.
    """

    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    verdict: str | None = None
    more_runs: int | None = None

    def __init__(
        self,
        base: Sequence[float],
        new: Sequence[float],
        look: int = 1,
        comparisons: int = 1,
        margin: float = MARGIN,
    ) -> None:
        self.why = why_not(base, new)
        if self.why:
            return
        part = share(look, comparisons)
        pairs = len(base)
        found = Estimate(base, new, Order(range(0, 2 * pairs, 2), range(1, 2 * pairs, 2)))
        self.ratio = float(found.ratio)
        self.low, self.high = map(float, found.careful_interval(LEVEL * part))
        self.chance = min(1.0, found.chance() / part)
        verdict = Verdict(found, self.chance, margin, LEVEL * part)
        self.verdict, self.why = verdict.word, verdict.why
        self.more_runs = verdict.more_runs

    @property
    def is_clear(self) -> bool:
        """Whether the series need no more runs."""
        return self.verdict is not None and self.verdict != INCONCLUSIVE
