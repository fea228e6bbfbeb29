"""One line about many durations."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any


def summary(results: Iterable[Any]) -> None:
    """Print count, minimum, mean, median, maximum and standard deviation.

    All `call.durations` of all results are pooled, in the unit they have there. Takes
    what `get_results()` returns, flat or not; anything else in it is passed over.

    >>> summary([{'call': {'durations': [0.12, 0.14, 0.15, 0.18]}}])
    n=4  min=0.120000  mean=0.147500  median=0.145000  max=0.180000  stdev=0.025000
    """
    from math import isfinite, nan
    from statistics import fmean, median, stdev

    durations = [d for result in results for d in _durations(result)]
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


def _durations(result: Any) -> Iterator[float]:
    if not isinstance(result, dict):
        return
    call = result.get('call')
    found = call.get('durations') if isinstance(call, dict) else None
    found = found or result.get('call.durations')
    for value in found if isinstance(found, (list, tuple)) else ():
        if isinstance(value, (int, float)):
            yield value
