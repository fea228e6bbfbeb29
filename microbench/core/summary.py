"""One line about many durations."""

from __future__ import annotations

from ..messages import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LARGEST = 1e300  # what is beyond it is no time, and has no standard deviation


def summary(results: Any) -> None:
    """Print count, minimum, mean, median, maximum and standard deviation.

    All `call.durations` of all results are pooled, whatever their names, in the unit
    they have there. Where the results come from counters of different units, a
    RuntimeWarning says so: such figures mean nothing.

    Args:
        results: what `get_results()` returns, as dicts or as a DataFrame, flat or not;
            anything else in it is passed over.

    To look at one name only, choose the results before:

    >>> results = [
    ...     {'call': {'name': 'fit', 'durations': [0.12, 0.14]}},
    ...     {'call': {'name': 'plot', 'durations': [7.0]}},
    ... ]
    >>> summary(result for result in results if result['call']['name'] == 'fit')
    n=2  min=0.120000  mean=0.130000  median=0.130000  max=0.140000  stdev=0.014142
    """
    from math import isfinite, nan
    from statistics import fmean, median, stdev

    if hasattr(results, 'to_dict'):
        results = results.to_dict('records')
    records = [result for result in results if isinstance(result, dict)]
    durations = [d for record in records for d in _durations(record)]
    _warn_of_units(records)
    if not durations:
        print('No call.durations in these results.')
        return
    finite = len(durations) > 1 and all(map(isfinite, durations))
    spread = stdev(durations) if finite else nan
    figures = {
        'min': min(durations),
        'mean': fmean(durations),
        'median': median(durations),
        'max': max(durations),
        'stdev': spread,
    }
    shown = [f'{name}={value:.6f}' for name, value in figures.items()]
    print('  '.join([f'n={len(durations)}', *shown]))


def _durations(record: dict[str, Any]) -> Iterator[float]:
    found = _field(record, 'call', 'durations')
    for value in found if isinstance(found, (list, tuple)) else ():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and -LARGEST < value < LARGEST:  # NaN, which 2.1.0 wrote, is not
            yield value


def _field(record: dict[str, Any], outer: str, inner: str) -> Any:
    """Return a field of a nested or flat record; None if it is not there."""
    inside = record.get(outer)
    found = inside.get(inner) if isinstance(inside, dict) else None
    return record.get(f'{outer}.{inner}') if found is None else found


def _warn_of_units(records: list[dict[str, Any]]) -> None:
    counters = {
        _field(record, 'mb', 'duration_counter')
        for record in records
        if next(_durations(record), None) is not None
    }
    named = sorted(str(counter) for counter in counters if isinstance(counter, str))
    if len(named) > 1 and any(name.endswith('_ns') for name in named):
        message = f'durations in different units are pooled: {", ".join(named)}'
        warn(message, RuntimeWarning)
