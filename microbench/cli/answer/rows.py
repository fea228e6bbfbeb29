"""Make the rows of an answer: a label, and parts of a sentence.

A part with a style is printed whole. Other parts may be broken at blanks; the blanks in
numbers with a unit are no-break spaces.
"""

from __future__ import annotations

from math import fsum

from ...measuring.interval import interval
from ...results import units
from ...results.averages import deviation, median
from ...results.scale import Scale
from ..terminal import Cell
from .remarks import remarks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .disturbance import Disturbance
    from .runs import Runs

    Row = tuple[str, Iterable[str]]

MEAN = 'mean ± σ'
CPU = ('ru_utime', 'ru_stime')
PARALLEL = 1.05  # CPU seconds per second: more need several CPUs
NOTABLE = 0.005  # of the time


def rows_of(runs: Runs, disturbance: Disturbance | None) -> Iterator[Row]:
    """Yield the rows of an answer; a row without parts has nothing to say."""
    times = sorted(runs.shown)
    if not times:
        yield 'time', ['no run was timed']
        return
    scale = Scale(median(times), deviation(times) if len(times) > 1 else 0.0)
    yield from _times(runs, times, scale)
    if len(runs.good) > 0 or runs.count == 1:
        yield 'cpu', _cpu(runs)
    yield 'memory', _memory(runs.usage)
    yield 'disturbed', [*_waits(runs), *(disturbance.parts() if disturbance else ())]
    yield Cell('failed', 'red'), _failures(runs)
    for remark in remarks(runs, scale):
        yield Cell('warning', 'yellow'), [remark]


# --- times ----------------------------------------------------------------------------


def _times(runs: Runs, times: list[float], scale: Scale) -> Iterator[Row]:
    several = [_count(runs)] if runs.count > 1 or runs.requested > 1 else []
    if len(times) == 1:
        yield 'time', [Cell(scale.text(times[0]), 'bold'), *several]
        return
    if runs.good:
        yield 'median', [Cell(scale.text(median(times)), 'bold'), *_interval(times, scale)]
        mean = fsum(times) / len(times)
        yield MEAN, [scale.between(mean, deviation(times), '±')]
    yield 'range', [scale.between(times[0], times[-1]), *several]


def _count(runs: Runs) -> str:
    done, missing = len(runs.shown), runs.count < runs.requested
    of = f'\xa0of\xa0{runs.requested}' if missing else ''
    return f'{done}{of}\xa0run{"s" * (of != "" or done != 1)}'


def _interval(ordered: list[float], scale: Scale) -> Iterator[str]:
    ends = interval(ordered)
    if ends is not None:
        yield f'between {scale.between(*ends, "and")} (95\xa0%)'


def _failures(runs: Runs) -> Iterator[str]:
    if not runs.bad:
        return
    ends = [_so_often(*item, len(runs.ends) > 1) for item in runs.ends.items()]
    if runs.count > 1:
        several = f'all {runs.count}\xa0runs'
        if runs.good:
            several = f'{len(runs.bad)}\xa0of\xa0{runs.count} runs, left out above'
        ends[0] = f'{several}: {ends[0]}'
    yield from ends


def _so_often(end: str, count: int, is_one_of_several: bool) -> str:
    end = end.replace(' ', '\xa0')
    return f'{end} ({_how_often(count)})' if count > 1 and is_one_of_several else end


# --- resources ------------------------------------------------------------------------


def _cpu(runs: Runs) -> Iterator[str]:
    """Yield the means of user, system and waiting time."""
    used = runs.usage
    if not used:
        return
    user, system = (fsum(getattr(one, name) for one in used) / len(used) for name in CPU)
    elapsed = fsum(runs.shown) / len(runs.shown)
    scale = Scale(elapsed, decimals=1)
    yield f'user {scale.text(user)}'
    yield f'system {scale.text(system)}'
    if user + system > PARALLEL * elapsed:
        yield f'{(user + system) / elapsed:.1f}\xa0CPUs busy'
    else:
        yield f'waiting {scale.text(max(elapsed - user - system, 0.0))}'


def _memory(used: list[Any]) -> Iterator[str]:
    """Yield the largest peak; the kernel may count what this process had before execve."""
    if used:
        from ...mixins.usage import least_peak, peak_size  # start-up time

        most = max(map(peak_size, used))
        sign = '≤\xa0' if most <= least_peak() else ''
        yield sign + units.size(most).replace(' ', '\xa0')


def _waits(runs: Runs) -> Iterator[str]:
    """Yield what the kernel counted while the program wanted to run."""
    preempted, faults = int(runs.total('nivcsw')), int(runs.total('majflt'))
    if preempted:
        yield f'preempted {_how_often(preempted)}'
    if runs.measured and runs.delay >= NOTABLE * runs.measured:
        share = units.share(runs.delay / runs.measured).replace(' ', '\xa0')
        yield f'waited for a CPU {share} of the time'
    if faults:
        yield f'{faults}\xa0page{"s" * (faults != 1)} read from disk or swap'


def _how_often(count: int) -> str:
    return 'once' if count == 1 else f'{count}\xa0times'
