"""Comparisons of commands that end as soon as the answer is clear, on pairs of series.

Who looks often and stops at a difference finds one by chance sooner or later, and an
interval at that moment misses the ratio more often. So these are counted at the end.
"""

from __future__ import annotations

from statistics import fmean as mean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from microbench.analysis.looks import Look, next_look
from microbench.analysis.words import FASTER, NO_DIFFERENCE, SLOWER
from microbench.cli.commands.turns import FEWEST

from .noises import taking_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .noises import Noise

MOST = 320  # runs of each command: the time is over


class Ends(NamedTuple):
    """How comparisons of one kind end: shares of them.

    Attributes:
        held: those whose interval holds the ratio.
        wrong: with the wrong verdict: a direction that it has not, or no difference where
            there is one of more than the margin.
        clear: with a verdict.
        runs: mean number of runs of each command.
    """

    held: float
    wrong: float
    clear: float
    runs: float


def ends(noise: Noise, ratio: float, series: int, seed: int = 1) -> Ends:
    """Return how comparisons of two commands with this ratio end."""
    base, new = taking_turns(noise, np.random.default_rng(seed), series, MOST)
    both = zip(base, new * ratio, strict=True)
    found = [_until_clear(list(one), list(other)) for one, other in both]
    looks = [look for look, _ in found]
    return Ends(
        mean((look.low or 0.0) <= ratio <= (look.high or 0.0) for look in looks),
        mean(_is_wrong(look, ratio) for look in looks),
        mean(look.is_clear for look in looks),
        mean(runs for _, runs in found),
    )


def _until_clear(base: Sequence[float], new: Sequence[float]) -> tuple[Look, int]:
    runs, number = FEWEST, 1
    look = Look(base[:runs], new[:runs], number)
    while not look.is_clear and next_look(runs) <= MOST:
        runs, number = next_look(runs), number + 1
        look = Look(base[:runs], new[:runs], number)
    return look, runs


def _is_wrong(look: Look, ratio: float) -> bool:
    if ratio == 1:
        return look.verdict in (SLOWER, FASTER)
    return look.verdict in (FASTER, NO_DIFFERENCE)
