"""Series of durations of one command, as machines disturb them.

Each function returns `series` rows of `count` durations, whose median is about 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Noise = Callable[[np.random.Generator, int, int], Array]

SIGMA = 0.05
RHO = 0.8  # correlation of a run with the next one
DRIFT = 0.1  # over the series
SETTLING = 60  # runs before the first one that counts


def normal(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return independent runs, with a standard deviation of 5 %."""
    return 1 + SIGMA * rng.standard_normal((series, count))


def log_normal(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return skewed runs: one of six takes 1.6 times as long as the median."""
    return np.exp(0.5 * rng.standard_normal((series, count)))


def bimodal(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return runs of which three of ten take 30 % longer, as if a cache were cold."""
    is_slow = rng.random((series, count)) < 0.3
    return 1 + 0.3 * is_slow + 0.02 * rng.standard_normal((series, count))


def drifting(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return runs that get slower by 10 % from the first to the last."""
    return normal(rng, series, count) + DRIFT * np.linspace(0, 1, count)


def autocorrelated(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return runs that resemble the one before them."""
    found = rng.standard_normal((series, count + SETTLING))
    found[:, 1:] *= np.sqrt(1 - RHO**2)
    for run in range(1, count + SETTLING):
        found[:, run] += RHO * found[:, run - 1]
    return 1 + SIGMA * found[:, SETTLING:]


def steps(rng: np.random.Generator, series: int, count: int, lasting: float = 10) -> Array:
    """Return runs whose level jumps, as the frequency of a processor does."""
    shape = (series, count)
    is_new = rng.random(shape) < 1 / lasting
    is_new[:, 0] = True
    numbers = np.maximum.accumulate(np.where(is_new, np.arange(count), 0), axis=1)
    level = np.take_along_axis(rng.standard_normal(shape), numbers, axis=1)
    return 1 + SIGMA * (0.6 * level + 0.8 * rng.standard_normal(shape))


def long_steps(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return runs whose level jumps every 25 runs on average."""
    return steps(rng, series, count, 25)


def two_speeds(rng: np.random.Generator, series: int, count: int) -> Array:
    """Return runs of a machine that changes between two speeds every 100 runs or so."""
    is_slow = np.cumsum(rng.random((series, count)) < 0.01, axis=1) % 2
    return (1 + 0.75 * is_slow) * (1 + 0.03 * rng.standard_normal((series, count)))


NOISES: dict[str, Noise] = {
    'normal': normal,
    'log-normal': log_normal,
    'bimodal': bimodal,
    'drift': drifting,
    'AR 0.8': autocorrelated,
    'steps of 10': steps,
    'steps of 25': long_steps,
}


def apart(noise: Noise, rng: np.random.Generator, series: int, count: int) -> list[Array]:
    """Return two series of separate processes: each begins anew."""
    return [noise(rng, series, count) for _ in range(2)]


def in_a_row(
    noise: Noise, rng: np.random.Generator, series: int, count: int
) -> list[Array]:
    """Return two series, one directly after the other, under one noise."""
    both = noise(rng, series, 2 * count)
    return [both[:, :count], both[:, count:]]


def taking_turns(
    noise: Noise, rng: np.random.Generator, series: int, count: int
) -> list[Array]:
    """Return two series that take turns under one noise."""
    both = noise(rng, series, 2 * count)
    return [both[:, ::2], both[:, 1::2]]
