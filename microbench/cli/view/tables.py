"""Make tables of the phases, the runs and the monitor samples of a record.

Each function returns the rows of a table, titles first; an empty list without data.
"""

from __future__ import annotations

from itertools import zip_longest

from ...messages import safe
from ...results import units
from ...results.endings import TIMED_OUT, exit_text
from ...results.fields import is_number, part
from ..stats import Stats
from ..terminal import Cell, bar
from ..values import dicts, items
from .record_view import AT_LEAST, AT_MOST, ROUGHLY, RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Rows = list[list[str]]

RUNS = 10  # number of runs that are listed
PHASES = 100  # number of names that are listed

# Title, field of resource_usage, and format of the numbers.
USAGE = (
    *(('user', 'utime', units.duration), ('system', 'stime', units.duration)),
    *(('memory', 'maxrss', units.size), ('page faults', 'majflt', units.number)),
    *(('blocks in', 'inblock', units.number), ('blocks out', 'oublock', units.number)),
    *(('waits', 'nvcsw', units.number), ('preempted', 'nivcsw', units.number)),
)


# --- where the time went -----------------------------------------------------------------


def times_of(view: RecordView, full: bool) -> Rows:
    """Return rows for the durations, and for the phases as parts of them.

    Args:
        view: view of the record.
        full: list all phases, however many; by default those that took longest.
    """
    overall = view.stats
    bound = view.is_bound
    phases, others = view.longest_phases('timings', None if full else PHASES)
    parts = [(name, stats, False) for name, stats in phases.items()]
    still = view.phases('open_timings')
    parts += [(f'{name} (not ended)', stats, bound) for name, stats in still.items()]
    if not overall.count and not parts:
        return []
    several = max(stats.count for _, stats, _ in [('', overall, bound), *parts]) > 1
    several = several or view.endings.is_partial
    rows: Rows = [['durations', *_figures(view, overall, several, bound), '', '']]
    for name, stats, at_least in parts:
        figures = _figures(view, stats, several, at_least)
        rows.append([f'  {name}', *figures, *_share(stats, overall, bound)])
    if others:
        rows.append([f'  … {others} other names', *[''] * (len(rows[0]) - 1)])
    titles = ('', 'n', 'median', 'min', 'max', 'total', '', '')
    return [_dim(titles), *rows] if several else rows


def _figures(view: RecordView, stats: Stats, several: bool, at_least: bool) -> list[str]:
    """Return the cells of statistics; with `at_least` they are lower bounds."""
    sign = AT_LEAST if at_least else ''
    if not several:
        return [sign + view.time(stats.total)]
    median = (sign or ROUGHLY * stats.rough) + view.time(stats.median)
    values = (stats.least, stats.most, stats.total)
    return [str(stats.count), median, *(sign + view.time(value) for value in values)]


def _share(stats: Stats, overall: Stats, at_least: bool) -> list[str]:
    """Return the cells for the share of a phase; empty for lower bounds and below 0."""
    if at_least or stats.total is None or stats.total < 0 or not (overall.total or 0) > 0:
        return ['', '']
    fraction = stats.total / (overall.total or 1)
    return [units.share(fraction), bar(fraction)]


# --- each run ----------------------------------------------------------------------------


def runs_of(view: RecordView, full: bool) -> Rows:
    """Return a row for each run, if the record has more than the durations.

    Args:
        view: view of the record.
        full: list all runs, however many.
    """
    most = None if full else RUNS
    known = {**_busy(view, most), **_usage(view, most), **_ends(view.call, most)}
    if not known:
        return []
    durations = items(view.call.get('durations'))
    times = [_figure(duration, view.time) for duration in durations[:most]]
    columns = [list(map(str, range(len(times)))), times, *known.values()]
    rows = [list(row) for row in zip_longest(*columns, fillvalue='')]
    more = max(len(durations), len(view.usage)) - len(rows)
    if more > 0:
        rows.append(['…', f'{more} more', *[''] * len(known)])
    return [_dim(['run', 'duration', *known]), *rows]


def _busy(view: RecordView, most: int | None) -> dict[str, list[str]]:
    """Return the column with the CPU share of each run."""
    busy = view.busy
    shares = [_figure(value, units.share) for value in busy[:most]]
    return {'cpu': shares} if any(busy) else {}


def _usage(view: RecordView, most: int | None) -> dict[str, list[str]]:
    """Return the columns of the resources that were used."""
    columns = {}
    for title, field, form in USAGE:
        values = [part(used, field) for used in view.usage]
        if any(value for value in values if is_number(value)):
            columns[title] = [_figure(value, form) for value in values[:most]]
        if field == 'maxrss' and title in columns:
            pairs = zip(view.usage, columns[title], strict=False)
            columns[title] = [bound(used) + text for used, text in pairs]
    return columns


def bound(used: Any) -> str:
    """Return the sign before a size that is an upper bound, or an empty text."""
    return AT_MOST if part(used, 'maxrss_is_upper_bound') is True else ''


def _ends(call: dict[str, Any], most: int | None) -> dict[str, list[str]]:
    """Return the column with the end of each run, if the record has return codes."""
    codes, late = call.get('returncode'), call.get('timed_out_iterations')
    if not isinstance(codes, list) or not codes:
        return {}
    pairs = zip_longest(codes[:most], items(late)[: len(codes)][:most])
    return {'end': [_end_text(code, flag) for code, flag in pairs]}


def _end_text(code: Any, late: Any) -> str:
    if late is True:
        return Cell(TIMED_OUT, 'red')
    if not is_number(code):
        return ''
    return Cell(exit_text(code), 'red') if code else 'ok'


def _figure(value: Any, form: Callable[[float], str]) -> str:
    return form(value) if is_number(value) else ''


def _dim(titles: Iterable[str]) -> list[str]:
    return [Cell(title, 'dim') for title in titles]


# --- samples -----------------------------------------------------------------------------


def samples_of(view: RecordView) -> Rows:
    """Return rows with minimum, median and maximum of the monitor samples."""
    found: dict[str, list[float]] = {}
    for sample in _all_samples(view.call.get('monitor')):
        for name, value in sample.items():
            if is_number(value):
                found.setdefault(name, []).append(value)
    rows: Rows = [_dim(('', 'n', 'min', 'median', 'max'))]
    for name, sampled in found.items():
        stats = Stats(sampled)
        form = units.size if 'bytes' in name or 'rss' in name else units.number
        values = (stats.least, stats.median, stats.most)
        rows.append([safe(name), str(stats.count), *(_figure(v, form) for v in values)])
    return rows if found else []


def _all_samples(monitor: Any) -> Iterator[dict[str, Any]]:
    """Yield the samples of a flat list, or of one list for each iteration."""
    yield from dicts(monitor)
    for inner in items(monitor):
        yield from dicts(inner)
