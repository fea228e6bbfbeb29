"""Verdicts about two series, by microbench and as other tools document theirs.

Each function returns for each pair of series whether the tool calls the second one slower
(1), faster (-1) or says that it does not know (0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from microbench.analysis.estimate import LEVEL, Estimate
from microbench.analysis.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .noises import Array

    Signs = npt.NDArray[np.float64]
    Tool = Callable[[Array, Array], Signs]

THRESHOLD = 0.01  # of pytest-benchmark's --benchmark-compare-fail


def estimate(base: Array, new: Array, is_interleaved: bool = False) -> Estimate:
    """Return what microbench computes."""
    count = base.shape[-1]
    turns = Order(range(0, 2 * count, 2), range(1, 2 * count, 2))
    return Estimate(base, new, turns if is_interleaved else None)  # type: ignore[arg-type]


def microbench(found: Estimate) -> Signs:
    """Return the verdicts of `microbench compare`."""
    low, high = found.careful_interval()
    return np.where(low > 1, 1.0, np.where(high < 1, -1.0, 0.0))


def pyperf(base: Array, new: Array) -> Signs:
    """Return those of `pyperf compare_to`: Student's t-test, two-sided, at 95 %."""
    found = stats.ttest_ind(new, base, axis=-1)
    return np.where(found.pvalue < LEVEL, np.sign(found.statistic), 0.0)


def hyperfine(base: Array, new: Array) -> Signs:
    """Return where hyperfine's ratio of means differs from 1 by more than its ±.

    The ± is made of the standard deviations of the runs, not of those of the means.
    """
    sides = [(side.mean(axis=-1), side.std(axis=-1, ddof=1)) for side in (base, new)]
    ratio = sides[1][0] / sides[0][0]
    spread = ratio * np.sqrt(sum((sd / mean) ** 2 for mean, sd in sides))
    return np.where(np.abs(ratio - 1) > spread, np.sign(ratio - 1), 0.0)


def pytest_minimum(base: Array, new: Array) -> Signs:
    """Return where `--benchmark-compare-fail=min:1%` fails, and the same for faster."""
    return _beyond(new.min(axis=-1) / base.min(axis=-1))


def pytest_median(base: Array, new: Array) -> Signs:
    """Return where `--benchmark-compare-fail=median:1%` fails, and the same for faster."""
    return _beyond(np.median(new, axis=-1) / np.median(base, axis=-1))


def mann_whitney(base: Array, new: Array) -> Signs:
    """Return those of the rank test of Mann and Whitney, two-sided at 5 %."""
    found = stats.mannwhitneyu(new, base, axis=-1)
    side = np.sign(found.statistic - base.shape[-1] * new.shape[-1] / 2)
    return np.where(found.pvalue < LEVEL, side, 0.0)


def _beyond(ratio: Array) -> Signs:
    larger = np.maximum(ratio, 1 / ratio) > 1 + THRESHOLD
    return np.where(larger, np.sign(ratio - 1), 0.0)


OTHERS: dict[str, Tool] = {
    'pyperf': pyperf,
    'hyperfine ±': hyperfine,
    'pytest min:1%': pytest_minimum,
    'pytest median:1%': pytest_median,
    'Mann-Whitney': mann_whitney,
}
