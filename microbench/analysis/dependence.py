"""How much less a series says because its runs resemble their neighbours.

The median moves by how many values lie above it: by the mean of their signs. Its variance
is the spectrum of the signs at frequency 0, which is estimated from the lowest frequencies
(an equally weighted cosine transform: Müller 2007; Lazarus, Lewis, Stock and Watson 2018)
of what a first-order autoregression leaves over (Andrews and Monahan 1992). So many
frequencies are so many degrees of freedom of Student's t.
"""

from __future__ import annotations

import numpy as np

from .bounds import EQUAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bounds import Array

FEWEST, MOST = 4, 32  # frequencies, where the series is long enough
SHARE = 0.41 * 1.25  # of n ** (2 / 3); a quarter more than the authors take
PAIRED = 2  # times as many for pairs of neighbours, in which slow waves cancel out
PREWHITENED = 10  # runs from which on an autoregression is estimated
LARGEST = 0.97  # coefficient
CLEAR = 1.9  # standard errors from which on a coefficient counts
LOWEST = 4  # frequencies that show steps and slow waves
RED = 1.6  # power of these, in multiples of the rest, which chance seldom exceeds
SHOWS_RED = 16  # runs from which on that is looked at
INDEPENDENT = 4  # runs that a series is worth at least: its extremes are its bounds then


def frequencies_of(count: int, factor: int = 1) -> int:
    """Return how many frequencies of a series are used.

    Args:
        count: length of the series.
        factor: so many times as many.

    >>> [frequencies_of(count) for count in (3, 5, 100, 10_000)]
    [2, 4, 11, 32]
    """
    wanted = round(SHARE * factor * count ** (2 / 3))
    return int(min(max(wanted, min(FEWEST, count - 1)), MOST))


def signs_of(values: Array) -> Array:
    """Return 1 for values above the median, -1 below, 0 at it."""
    distances = values - np.median(values, axis=-1, keepdims=True)
    signs: Array = np.where(np.abs(distances) < EQUAL, 0.0, np.sign(distances))
    return signs


class Dependence:
    """The lowest frequencies of a process.

    Args:
        process: values whose mean is about 0, in the order of time, along the last axis.
        factor: use so many times as many frequencies.

    Attributes:
        degrees: degrees of freedom of the estimate.
        redness: power of the lowest four frequencies, in multiples of the rest.
    """

    def __init__(self, process: Array, factor: int = 1) -> None:
        self.count = process.shape[-1]
        self.degrees = frequencies_of(self.count, factor)
        variance = np.mean(process * process, axis=-1)
        self._is_flat = variance <= 0
        coefficient = _coefficient(process)
        rest = process
        if self.count >= PREWHITENED:
            rest = process[..., 1:] - coefficient[..., None] * process[..., :-1]
        powers = _powers(rest)
        self._level = powers[..., : self.degrees].mean(axis=-1)
        self._lowest = powers[..., :LOWEST].mean(axis=-1)
        scale = (1 - coefficient) ** 2 * np.where(self._is_flat, 1.0, variance)
        self._factor = 1 / scale
        others = powers[..., LOWEST:] if self.count >= SHOWS_RED else powers
        mean = others.mean(axis=-1)
        self.redness = self._lowest / np.where(mean > 0, mean, 1.0)

    def inflation(self, redness: Array) -> Array:
        """Return the variance of the mean, in multiples of that of independent values.

        Args:
            redness: mean redness of all series of the comparison. Chance alone makes that
                of one series large too often.
        """
        level = self._level
        if self.count >= SHOWS_RED:
            excess = redness / RED
            red = np.maximum(level, self._lowest) * excess
            level = np.where(excess > 1, red, level)
        found: Array = np.where(self._is_flat, 1.0, level * self._factor)
        if self.count >= SHOWS_RED:
            found = np.minimum(found, self.count / INDEPENDENT)
        return found


def _coefficient(process: Array) -> Array:
    """Return the coefficient of a first-order autoregression, corrected for its bias."""
    count = process.shape[-1]
    if count < PREWHITENED:
        return np.zeros(process.shape[:-1])
    centred = process - process.mean(axis=-1, keepdims=True)
    squares = (centred * centred).sum(axis=-1)
    products = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1)
    found = products / np.where(squares > 0, squares, 1.0)
    found = np.clip(found + (1 + 3 * found) / count, 0.0, LARGEST)  # Kendall 1954
    counted: Array = np.where(found > CLEAR / np.sqrt(count), found, 0.0)
    return counted


def _powers(process: Array) -> Array:
    """Return the power at each frequency above 0: of white noise, its variance.

    It is a cosine transform: the Fourier transform of the process and its mirror image.
    """
    count = process.shape[-1]
    both = np.concatenate([process, process[..., ::-1]], axis=-1)
    turns = np.exp(-0.5j * np.pi * np.arange(1, count) / count)
    waves = (np.fft.rfft(both, axis=-1)[..., 1:count] * turns).real
    powers: Array = waves * waves / (2 * count)
    return powers
