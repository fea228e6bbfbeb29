"""Count verdicts on many pairs of series with a known ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import tools
from .noises import apart, taking_turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .noises import Array, Noise

    Sides = Callable[[Noise, np.random.Generator, int, int], list[Array]]

OURS, COVERAGE = 'microbench', 'interval holds it'


class Trial(NamedTuple):
    """Pairs of series of one kind.

    Attributes:
        noise: what disturbs them.
        sides: how the two series of a pair belong together.
        runs: of each series.
        ratio: how much slower the second one is.
        series: number of pairs.
        seed: of the random numbers.
    """

    noise: Noise
    runs: int
    sides: Sides = apart
    ratio: float = 1.0
    series: int = 2000
    seed: int = 1

    def shares(self) -> dict[str, float]:
        """Return for each tool the share of pairs that it calls right.

        A pair with a ratio of 1 is right if it is called neither slower nor faster.
        """
        base, new = self._pair()
        found = tools.estimate(base, new, self.sides is taking_turns)
        low, high = found.interval()
        right = np.sign(self.ratio - 1)
        shares = {
            COVERAGE: ((low <= self.ratio) & (self.ratio <= high)).mean(),
            OURS: (tools.microbench(found) == right).mean(),
        }
        for name, tool in tools.OTHERS.items():
            shares[name] = (tool(base, new) == right).mean()
        return {name: float(share) for name, share in shares.items()}

    def _pair(self) -> list[Any]:
        rng = np.random.default_rng(self.seed)
        base, new = self.sides(self.noise, rng, self.series, self.runs)
        return [base, new * self.ratio]
