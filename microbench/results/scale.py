"""Write times with one unit, and with the same decimals."""

from __future__ import annotations

from .units import unit_of

DIGITS = 3  # of the first value; see `Scale`
MORE_DECIMALS = 2


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
