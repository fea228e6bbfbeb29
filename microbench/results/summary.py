"""Summarize many durations in one line."""

from __future__ import annotations

from contextlib import suppress

from ..messages import warn
from . import units
from .endings import Endings
from .histogram import Histogram, found_in, rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

PERCENTILES = (95, 99)
LARGEST = 1e300  # a larger value is not a time, and its standard deviation overflows


def summary(results: Any) -> None:
    """Print count, minimum, mean, median, maximum, standard deviation and percentiles.

    All `call.durations` of all results are pooled, whatever their names. A percentile is
    the duration that so many percent do not exceed: of rank `ceil(0.95 * n)`, for `p95`. If
    some are in histograms, the percentiles and the median are right to three digits, and
    marked by `~`. Times have three
    digits and a unit (ns to h). Durations of a counter with an unknown unit have no unit;
    beside nanoseconds they are left out, and a RuntimeWarning says so. `lower_bounds` is
    the number of durations of killed processes, which may have been longer, and `failed`
    that of other runs that failed; all of them are pooled, too.

    Args:
        results: the result of `get_results()`, as dicts or as a DataFrame, flat or not;
            other items are skipped.

    To summarize one name only, filter the results first:

    >>> results = [
    ...     {'call': {'name': 'fit', 'durations': [0.12, 0.14]}},
    ...     {'call': {'name': 'plot', 'durations': [7.0]}},
    ... ]
    >>> fits = [result for result in results if result['call']['name'] == 'fit']
    >>> summary(fits)  # doctest: +NORMALIZE_WHITESPACE
    n=2  min=120 ms  mean=130 ms  median=130 ms  max=140 ms  stdev=14.1 ms
    p95=140 ms  p99=140 ms
    """
    if hasattr(results, 'to_dict'):
        results = results.to_dict('records')
    found = figures([result for result in results if isinstance(result, dict)])
    if not found:
        print('No result has call.durations.')
        return
    print('  '.join(f'{name}={text}' for name, text in found.items()))


def figures(records: list[dict[str, Any]]) -> dict[str, str]:
    """Return the figures of all durations of some records, as text; none without any."""
    pools: dict[str, list[float]] = {}  # by the name of the counter
    for record in records:
        found = list(_durations(record))
        if found:
            pools.setdefault(_counter(record), []).extend(found)
    merged = _merged(records)
    scales = {counter: units.scale_of(counter) for counter in pools}
    pools = _of_one_unit(pools, scales)
    known = all(scales[counter] for counter in pools)
    durations = [
        duration * (scales[counter] or 1.0) if known else duration
        for counter, pool in pools.items()
        for duration in pool
    ]
    if not durations and not merged.count:
        return {}
    unit = units.duration if known else units.number
    if merged.count:
        texts = _rough(merged.merge(Histogram(durations)), unit)
    else:
        texts = _exact(durations, unit)
    bounds = sum(len(list(_durations(record))) for record in records if _is_bound(record))
    failed = sum(_failed(record) for record in records if not _is_bound(record))
    counts = {'lower_bounds': bounds, 'failed': failed}
    return {**texts, **{name: str(count) for name, count in counts.items() if count}}


def _exact(durations: list[float], unit: Callable[[float], str]) -> dict[str, str]:
    from math import isfinite, nan
    from statistics import fmean, median, stdev

    finite = len(durations) > 1 and all(map(isfinite, durations))
    ordered = sorted(durations)
    numbers = {
        'min': ordered[0],
        'mean': fmean(durations),
        'median': median(durations),
        'max': ordered[-1],
        'stdev': stdev(durations) if finite else nan,
        **{f'p{p}': ordered[rank(p, len(ordered)) - 1] for p in PERCENTILES},
    }
    texts = {name: unit(v) if isfinite(v) else str(v) for name, v in numbers.items()}
    return {'n': str(len(durations)), **texts}


def _merged(records: list[dict[str, Any]]) -> Histogram:
    """Return all histograms of iterations as one, in seconds."""
    merged = Histogram()
    for record in records:
        if isinstance(found_in(record), dict):
            with suppress(ValueError):  # it is damaged
                merged = merged.merge(Histogram.of(record).in_unit('s'))
    return merged


def _rough(merged: Histogram, unit: Callable[[float], str]) -> dict[str, str]:
    """Return the figures of a histogram; `~` marks those that are right to three digits."""
    exact = {name: getattr(merged, name) for name in ('min', 'mean', 'max', 'stdev')}
    rough = {f'p{p}': merged.percentile(p) for p in PERCENTILES}
    rough['median'] = merged.median
    texts = {name: unit(value) for name, value in exact.items()}
    texts.update({name: f'~{unit(value)}' for name, value in rough.items()})
    order = ('min', 'mean', 'median', 'max', 'stdev', *rough)
    return {'n': str(merged.count), **{name: texts[name] for name in order}}


def _durations(record: dict[str, Any]) -> Iterator[float]:
    found = _field(record, 'call', 'durations')
    for value in found if isinstance(found, (list, tuple)) else ():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and -LARGEST < value < LARGEST:  # NaN, which 2.1.0 wrote, is not
            yield value


def _counter(record: dict[str, Any]) -> str:
    counter = _field(record, 'mb', 'duration_counter')
    return counter if isinstance(counter, str) else 'perf_counter'


def _is_bound(record: dict[str, Any]) -> bool:
    return _field(record, 'recovered', 'duration_is_lower_bound') is True


def _field(record: dict[str, Any], outer: str, inner: str) -> Any:
    """Return a field of a nested or flat record; None if it is not there."""
    inside = record.get(outer)
    found = inside.get(inner) if isinstance(inside, dict) else None
    return record.get(f'{outer}.{inner}') if found is None else found


def _failed(record: dict[str, Any]) -> int:
    """Return the number of durations of runs that failed."""
    fields = ('returncode', 'durations', 'timed_out', 'timed_out_iterations')
    call = {name: _field(record, 'call', name) for name in fields}
    exception = record.get('exception') or _field(record, 'exception', 'type')
    ends = Endings({**record, 'call': call, 'exception': exception})
    if ends.outcome is None:
        return 0
    return ends.failed if ends.runs else len(list(_durations(record)))


def _of_one_unit(
    pools: dict[str, list[float]], scales: dict[str, float | None]
) -> dict[str, list[float]]:
    """Leave out, with a warning, durations in unknown units beside nanoseconds."""
    unknown = [counter for counter in sorted(scales) if scales[counter] is None]
    if not unknown or all(scale is None or scale >= 1 for scale in scales.values()):
        return pools
    warn(
        f'durations in unknown units are left out beside nanoseconds: {", ".join(unknown)}',
        RuntimeWarning,
    )
    return {counter: pool for counter, pool in pools.items() if counter not in unknown}
