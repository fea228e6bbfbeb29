"""Check the arguments of a bench that say what is counted, and how often.

A mistake raises at once, in one sentence.
"""

from __future__ import annotations

import time
from sys import maxsize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Duration counters that are read in C; true for those that count whole nanoseconds.
NATIVE_COUNTERS = (
    (time.perf_counter, False),
    (time.perf_counter_ns, True),
    (time.monotonic, False),
    (time.monotonic_ns, True),
)


def whole(name: str, value: Any) -> int:
    """Return a checked integer, 0 or more."""
    try:
        number = None if isinstance(value, bool) else int(type(value).__index__(value))
    except (AttributeError, TypeError):
        number = None
    if number is None:
        raise TypeError(f'{name} has to be an integer, not {value!r}')
    if not 0 <= number <= maxsize:
        raise ValueError(f'{name} has to be between 0 and {maxsize}, not {number}')
    return number


def repetition(iterations: Any, warmup: Any) -> tuple[int, int]:
    """Return how often a call is timed, and how often the function is called before."""
    return whole('iterations', iterations), whole('warmup', warmup)


def histogram(durations: Any, duration_counter: Any) -> bool:
    """Return True for `'histogram'`, False for `'list'`."""
    if durations not in ('list', 'histogram'):
        raise ValueError(f"durations has to be 'list' or 'histogram', not {durations!r}")
    if durations == 'list':
        return False
    _require_native("durations='histogram'", duration_counter)
    return True


def _require_native(what: str, duration_counter: Any) -> None:
    if all(native is not duration_counter for native, _ in NATIVE_COUNTERS):
        names = ', '.join(f'time.{native.__name__}' for native, _ in NATIVE_COUNTERS)
        raise ValueError(f'{what} needs a duration_counter of {names}')


def numbers(fields: dict[str, Any], **options: Any) -> list[Any]:
    """Return the options that are numbers; others are static fields, as in 2.1.0."""
    for name, value in options.items():
        if value is not None and not _is_number(value):
            fields[name] = value
            options[name] = None
    return list(options.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def sampled(
    every: Any, sample: Any, repetition: tuple[int, int], duration_counter: Any
) -> tuple[str, float] | None:
    """Return the name and the value of what is given; None where all calls are recorded."""
    if every is None and sample is None:
        return None
    if every is not None and sample is not None:
        raise ValueError('every and sample are mutually exclusive: give one')
    name, value = ('every', every) if sample is None else ('sample', sample)
    value = _every(every) if sample is None else _share(sample)
    if repetition != (1, 0):
        raise ValueError(f'{name} records single calls: it needs iterations=1 and warmup=0')
    _require_native(name, duration_counter)
    return None if value == 1 else (name, value)


def _every(value: Any) -> int:
    number = whole('every', value)
    if number == 0:
        raise ValueError('every has to be at least 1, not 0')
    return number


def _share(value: Any) -> float:
    if not 0 < value <= 1:
        raise ValueError(f'sample has to be above 0 and at most 1, not {value!r}')
    return float(value)
