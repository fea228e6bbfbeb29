"""`microbench diff`: find out why one record is slower than another.

Print first the differences in time, phase by phase, then all other differences.
"""

from __future__ import annotations

import sys

from ...diff import ADDED, CHANGED, MARKS, REMOVED, diff
from ...messages import safe
from ...results import units
from ..terminal import Cell, Terminal
from ..values import cut, dicts, is_number, numbers
from ..words import UsageError
from .entries import PATHS, WHICH, Entries, divided, select
from .record_view import AT_MOST, RecordView
from .subcommand import Subparser, answering
from .tables import bound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...diff import Change, Difference
    from .entries import Entry

    Rows = list[list[str]]

ABOUT = """\
Say where two records differ: in their times, and in what may explain them. Where there
are just two records, A and B can be left out."""

NOTICEABLE = 0.05  # larger changes of a ratio get a colour
STYLES = {CHANGED: 'yellow', REMOVED: 'red', ADDED: 'green'}

ABOVE = ('call.name', 'host.hostname')

# Fields that are compared as numbers, in the table at the top.
USAGE = (
    *(('user time', 'utime', units.duration), ('system time', 'stime', units.duration)),
    *(('memory', 'maxrss', units.size), ('page faults', 'majflt', units.number)),
    *(('waits', 'nvcsw', units.number), ('preempted', 'nivcsw', units.number)),
)


def compare(words: list[str]) -> int:
    """Compare the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    paths, selectors = divided(asked.path)
    left, right = _both(Entries(paths), selectors)
    difference = diff(left.record, right.record, everything=asked.all)
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(_as_json_lines(difference))
    else:
        terminal.lines(_lines(left, right, difference, terminal, asked.all))
    return int(asked.exit_code and len(difference) > 0)


main = answering('diff', compare)


def _parser() -> Subparser:
    parser = Subparser('diff', ABOUT, WHICH)
    parser.usage = '%(prog)s [options] PATH [PATH ...] [A B]'
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=f'{PATHS}; then two records')
    option(
        '--all',
        action='store_true',
        help='also what always differs: times, ids; and long texts whole',
    )
    option('--exit-code', action='store_true', help='status 1 if they differ')
    option('--json', action='store_true', help='print each difference as JSON')
    return parser


def _both(entries: Entries, selectors: list[str]) -> list[Entry]:
    """Return the two selected records, or the only two."""
    how = 'by their numbers or ids: PATH A B'
    if len(selectors) not in (0, 2):
        raise UsageError(f'choose two records, not {len(selectors)}, {how}')
    if selectors:
        return select(entries, selectors)
    both = list(entries)
    if len(both) != 2:
        records = f'{len(both) or "no"} record{"s" * (len(both) != 1)}'
        raise UsageError(f'{entries.sources_hold} {records}; choose two, {how}')
    return both


# --- as text -----------------------------------------------------------------------------


def _lines(
    left: Entry, right: Entry, difference: Difference, terminal: Terminal, full: bool
) -> Iterator[str]:
    a, b = RecordView(left.record), RecordView(right.record)
    numbered = ['', *(Cell(f'#{entry.number}', 'bold') for entry in (left, right)), '']
    rows = [numbered, *_heads(a, b), *_times(a, b), *_usage(a, b)]
    yield from terminal.table(rows, right=[1, 2], elastic=[0, 1, 2])
    yield ''
    below = (change for change in difference if not _is_above(change.path))
    rows = [_row(change, full) for change in below]
    yield from terminal.table(rows, elastic=[1, 2, 4]) if rows else ['nothing else differs']
    if difference.hidden:
        yield terminal.paint(Cell(difference.note, 'dim'))


def _heads(left: RecordView, right: RecordView) -> Iterator[list[str]]:
    heads = {
        'name': (left.name, right.name),
        'start': (left.start, right.start),
        'host': (left.host, right.host),
        'outcome': (_outcome(left), _outcome(right)),
        'runs': (str(left.stats.count), str(right.stats.count)),
    }
    for title, sides in heads.items():
        if any(sides):
            yield [Cell(title, 'dim'), *sides, '']


def _outcome(view: RecordView) -> str:
    words, well = view.outcome
    return words if well else Cell(words, 'red')


def _times(left: RecordView, right: RecordView) -> Iterator[list[str]]:
    """Yield the medians, then the time per run of each phase that either record has."""
    a, b = (view.seconds(view.stats.median) for view in (left, right))
    signs = [view.median_sign(view.stats) for view in (left, right)]
    yield _pair('median', a, b, signs=(signs[0], signs[1]))
    for name in dict.fromkeys([*left.phases(), *right.phases()]):
        yield _pair(f'  {name}', _phase(left, name), _phase(right, name))


def _phase(view: RecordView, name: str) -> float | None:
    phase = view.phases().get(name)
    total = None if phase is None else view.seconds(phase.total)
    return None if total is None else total / max(view.stats.count, 1)


def _usage(left: RecordView, right: RecordView) -> Iterator[list[str]]:
    yield from _busy(left, right)
    for title, field, form in USAGE:
        mine, other = _used(left, field), _used(right, field)
        if mine or other:
            signs = ('', '')
            if field == 'maxrss':
                signs = (_bound(left), _bound(right))
            yield _pair(title, mine, other, form=form, signs=signs)
    peaks = (view.call.get('peak_memory_bytes') for view in (left, right))
    mine, other = (peak if is_number(peak) else None for peak in peaks)
    if mine or other:
        flags = (f.call.get('peak_memory_is_upper_bound') for f in (left, right))
        a, b = (AT_MOST if flag is True else '' for flag in flags)
        yield _pair('peak memory', mine, other, form=units.size, signs=(a, b))


def _bound(view: RecordView) -> str:
    """Return the sign for a largest size that is only an upper bound."""
    return AT_MOST if view.usage and all(map(bound, view.usage)) else ''


def _busy(left: RecordView, right: RecordView) -> Iterator[list[str]]:
    """Yield the share of time that the runs spent on a processor, not waiting."""
    parts = [numbers(view.busy) for view in (left, right)]
    if any(map(any, parts)):
        shares = (units.share(sum(p) / len(p)) if p else '' for p in parts)
        yield [Cell('cpu', 'dim'), *shares, '']


def _used(view: RecordView, field: str) -> float | None:
    """Return the usage of a run on average, and for memory the maximum."""
    values = numbers([used.get(field) for used in dicts(view.usage)])
    if not values:
        return None
    most: float = max(values)
    return most if field == 'maxrss' else sum(values) / len(values)


def _pair(
    title: str,
    left: float | None,
    right: float | None,
    form: Callable[[float], str] = units.duration,
    signs: tuple[str, str] = ('', ''),
) -> list[str]:
    """Return a row of the table; bounds have a sign and no ratio."""
    pairs = zip(signs, (left, right), strict=True)
    texts = ['' if value is None else sign + form(value) for sign, value in pairs]
    return [Cell(title, 'dim'), *texts, '' if any(signs) else _ratio(left, right)]


def _ratio(left: float | None, right: float | None) -> str:
    """Return how many times as large the second value is; an increase is red."""
    if not left or right is None or left < 0 or right < 0:
        return ''
    ratio = right / left
    style = 'red' if ratio > 1 + NOTICEABLE else 'green' if ratio < 1 - NOTICEABLE else None
    return Cell(f'× {ratio:.3g}', style)


def _is_above(path: str) -> bool:
    """Return whether the table at the top covers a path."""
    return path in ABOVE or path.startswith('call.timings.')


def _row(change: Change, full: bool) -> list[str]:
    style = STYLES[change.kind]
    left, right = (safe(text if full else cut(text)) for text in change.texts())
    arrow = '->' if change.kind == CHANGED else ''
    return [Cell(MARKS[change.kind], style), safe(change.path), left, arrow, right]


# --- as JSON -----------------------------------------------------------------------------


def _as_json_lines(difference: Difference) -> Iterator[str]:
    from ...encoding import json_text  # start-up time

    for change in difference:
        sides = {'left': change.left, 'right': change.right}
        if change.kind == ADDED:
            del sides['left']
        if change.kind == REMOVED:
            del sides['right']
        line = {'kind': change.kind, 'path': change.path, **sides}
        yield json_text.encode(line).decode('ascii')
