"""The options of a measurement that ends by itself: a mistake is one sentence."""

from __future__ import annotations

from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

AUTO: Literal['auto'] = 'auto'
MIN_TIME, MAX_TIME, PRECISION = 0.1, 3.0, 0.01


class Options:
    """Checked options.

    Args:
        min_time: seconds that the samples take together, at least. Default: 0.1, or
            `max_time` if that is less.
        max_time: seconds after which no sample begins, warm-up included. Default: 3, or
            `min_time` if that is more.
        precision: how near the ends of the interval of the median come to it before the
            measurement ends, as a share of it. Default: 0.01.
        warmup: calls before the samples; `'auto'`: until they get no faster.

    Raises:
        TypeError, ValueError: one of them is wrong; the message names it.
    """

    __slots__ = 'max_time', 'min_time', 'precision', 'warmup'

    def __init__(
        self,
        min_time: Any = None,
        max_time: Any = None,
        precision: Any = None,
        warmup: Any = AUTO,
    ) -> None:
        least, most = _seconds('min_time', min_time), _seconds('max_time', max_time)
        if least is not None and most is not None and least > most:
            raise ValueError(f'min_time={least:g} is longer than max_time={most:g}')
        self.min_time = min(MIN_TIME, most or MIN_TIME) if least is None else least
        self.max_time = max(MAX_TIME, self.min_time) if most is None else most
        self.precision = PRECISION if precision is None else _share(precision)
        self.warmup = warmup if warmup == AUTO else count('warmup', warmup)


def is_number(value: Any) -> bool:
    """Return True for numbers, and not for booleans."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def count(name: str, value: Any, least: int = 0) -> int:
    """Return an integer of at least `least`."""
    if not hasattr(value, '__index__') or isinstance(value, bool):
        raise TypeError(f"{name} has to be an integer or 'auto', not {value!r}")
    number = int(value.__index__())
    if number < least:
        raise ValueError(f'{name} has to be at least {least}, not {number}')
    return number


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if not is_number(value):
        raise TypeError(f'{name} has to be a number of seconds, not {value!r}')
    if not isfinite(value) or value <= 0:
        raise ValueError(f'{name} has to be above 0 and finite, not {value!r}')
    return float(value)


def _share(value: Any) -> float:
    if not is_number(value):
        raise TypeError(f'precision has to be a number, as 0.01 for 1 %, not {value!r}')
    if not 0 < value < 1:
        raise ValueError(f'precision has to be between 0 and 1, not {value!r}')
    return float(value)
