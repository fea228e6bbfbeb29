"""Where the time of a record went: its phases, its runs, what the monitor saw.

Each function returns the rows of a table, the titles first; none where there is nothing.
"""

from __future__ import annotations

from itertools import zip_longest

from ...messages import safe
from ...results import units
from ...results.fields import part
from ..stats import Stats
from ..terminal import Cell, bar
from ..values import dicts, is_number, items
from .record_view import AT_LEAST, AT_MOST, RecordView, exit_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Rows = list[list[str]]

RUNS = 10  # so many are listed one by one

# Of resource_usage: title, field, and what its numbers are.
USAGE = (
    *(('user', 'utime', units.duration), ('system', 'stime', units.duration)),
    *(('memory', 'maxrss', units.size), ('page faults', 'majflt', units.number)),
    *(('blocks in', 'inblock', units.number), ('blocks out', 'oublock', units.number)),
    *(('waits', 'nvcsw', units.number), ('preempted', 'nivcsw', units.number)),
)


# --- where the time went -----------------------------------------------------------------


def times_of(view: RecordView) -> Rows:
    """Return the durations, and the phases as parts of them."""
    overall = view.stats
    bound = view.is_bound
    parts = [(name, stats, False) for name, stats in view.phases().items()]
    still = view.phases('open_timings')
    parts += [(f'{name} (not ended)', stats, bound) for name, stats in still.items()]
    if not overall.count and not parts:
        return []
    several = max(stats.count for _, stats, _ in [('', overall, bound), *parts]) > 1
    rows: Rows = [['durations', *_figures(view, overall, several, bound), '', '']]
    for name, stats, at_least in parts:
        figures = _figures(view, stats, several, at_least)
        rows.append([f'  {name}', *figures, *_share(stats, overall, bound)])
    titles = ('', 'n', 'median', 'min', 'max', 'total', '', '')
    return [_dim(titles), *rows] if several else rows


def _figures(view: RecordView, stats: Stats, several: bool, at_least: bool) -> list[str]:
    """Return them; those of what was killed have taken `at_least` so long."""
    sign = AT_LEAST if at_least else ''
    if not several:
        return [sign + view.time(stats.total)]
    values = (stats.median, stats.least, stats.most, stats.total)
    return [str(stats.count), *(sign + view.time(value) for value in values)]


def _share(stats: Stats, overall: Stats, at_least: bool) -> list[str]:
    """Return which part it is; of a whole that took `at_least` so long it is none."""
    if at_least or not overall.total or stats.total is None:
        return ['', '']
    fraction = max(stats.total / overall.total, 0.0)
    return [units.share(fraction), bar(fraction)]


# --- each run ----------------------------------------------------------------------------


def runs_of(view: RecordView, full: bool) -> Rows:
    """Return a line for each run, if more is known of them than the durations.

    Args:
        view: of the record.
        full: all of them, however many.
    """
    most = None if full else RUNS
    known = {**_busy(view, most), **_usage(view, most), **_ends(view.call, most)}
    if not known:
        return []
    times = list(map(view.time, view.durations[:most]))
    columns = [list(map(str, range(len(times)))), times, *known.values()]
    rows = [list(row) for row in zip_longest(*columns, fillvalue='')]
    more = max(len(view.durations), len(view.usage)) - len(rows)
    if more > 0:
        rows.append(['…', f'{more} more', *[''] * len(known)])
    return [_dim(['run', 'duration', *known]), *rows]


def _busy(view: RecordView, most: int | None) -> dict[str, list[str]]:
    """Return the column that tells how much of each run a processor has worked for it."""
    busy = view.busy
    shares = [_figure(value, units.share) for value in busy[:most]]
    return {'cpu': shares} if any(busy) else {}


def _usage(view: RecordView, most: int | None) -> dict[str, list[str]]:
    """Return columns for the resources of which something was used."""
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
    """Return what stands before a size that may be that of the command itself."""
    return AT_MOST if part(used, 'maxrss_is_upper_bound') is True else ''


def _ends(call: dict[str, Any], most: int | None) -> dict[str, list[str]]:
    """Return the column that tells how each run ended, if it can be known."""
    codes, late = call.get('returncode'), call.get('timed_out_iterations')
    if not isinstance(codes, list) or not codes:
        return {}
    pairs = zip_longest(codes[:most], items(late)[: len(codes)][:most])
    return {'end': [_end(code, flag) for code, flag in pairs]}


def _end(code: Any, late: Any) -> str:
    if late is True:
        return Cell('timed out', 'red')
    if not is_number(code):
        return ''
    return Cell(exit_text(code), 'red') if code else 'ok'


def _figure(value: Any, form: Callable[[float], str]) -> str:
    return form(value) if is_number(value) else ''


def _dim(titles: Iterable[str]) -> list[str]:
    return [Cell(title, 'dim') for title in titles]


# --- samples -----------------------------------------------------------------------------


def samples_of(view: RecordView) -> Rows:
    """Return least, median and most of what the monitor has seen."""
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
    """Yield the samples of a flat list, and those of a list for each iteration."""
    yield from dicts(monitor)
    for inner in items(monitor):
        yield from dicts(inner)
