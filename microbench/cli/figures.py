"""Format the figures of a column alike, and draw small charts."""

from __future__ import annotations

from math import floor, log10

from ..results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHORT_SPAN = 10  # up to which the smallest has three digits, too
SPAN = 1e4  # largest over smallest value that are readable in one unit
LEAST = 10  # a larger unit is chosen if the largest value is as much in it
MOST_DECIMALS = 6
BLOCKS = '▁▂▃▄▅▆▇█'


def alike(values: Iterable[float | None]) -> list[str]:
    """Return durations in seconds as texts for one column: one unit, equal decimals.

    The middle value has three digits, the smallest three or two. If the values span more
    than four powers of ten, each has the unit that suits it. None gives an empty text.

    >>> alike([0.0405, 0.173, 0.953]), alike([0.0405, 1.73, 95.3])
    (['40 ms', '173 ms', '953 ms'], ['0.041 s', '1.730 s', '95.300 s'])
    >>> alike([1e-6, 12.0])
    ['1.00 µs', '12.0 s']
    >>> alike([0.5, None, 0])
    ['500 ms', '', '0 ms']
    """
    values = list(values)
    sizes = sorted(abs(value) for value in values if value)
    if not sizes or sizes[-1] > SPAN * sizes[0]:
        return ['' if value is None else units.duration(value) for value in values]
    middle = sizes[len(sizes) // 2]
    scale, unit = max(units.unit_of(middle), units.unit_of(sizes[-1] / LEAST))
    digits = 3 if sizes[-1] <= SHORT_SPAN * sizes[0] else 2
    decimals = max(_decimals(middle / scale, 3), _decimals(sizes[0] / scale, digits))
    return [
        '' if v is None else f'{v / scale:.{decimals if v else 0}f} {unit}' for v in values
    ]


def _decimals(value: float, digits: int) -> int:
    """Return how many decimals give a value so many digits."""
    rounded = float(f'{value:.{digits}g}')
    return min(max(digits - 1 - floor(log10(rounded)), 0), MOST_DECIMALS)


def sparkline(values: Sequence[float]) -> str:
    """Return a chart of some values, one block each; the lowest block stands for 0.

    The highest stands for the largest value, but at least for twice the middle one, so that
    equal values are a line in the middle.

    >>> sparkline([1, 2, 4, 8]), sparkline([5, 5.1, 5])
    ('▂▃▅█', '▅▅▅')
    """
    most = max(values, default=0)
    if most <= 0:
        return BLOCKS[0] * len(values)
    most = max(most, 2 * sorted(values)[len(values) // 2])
    top = len(BLOCKS) - 1
    return ''.join(BLOCKS[round(max(value, 0) / most * top)] for value in values)
