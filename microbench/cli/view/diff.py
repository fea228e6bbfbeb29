"""`microbench diff`: find out why one record is slower than another.

Print first the differences in time, phase by phase, then all other differences.
"""

from __future__ import annotations

import re
import sys

from ...diff import Difference
from ...messages import safe
from ...results.changes import ADDED, CHANGED, MARKS, REMOVED
from ..terminal import Cell, Terminal
from ..values import CHARACTERS, WHOLE, cut
from ..words import UsageError
from .compared_rows import Compared
from .entries import PATHS, STDIN, WHICH, Entries, divided, select
from .exports import json_line
from .headings import paragraph
from .record_view import RecordView
from .slowest import slowest
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...diff import Change
    from .entries import Entry
    from .slowest import Pair

ABOUT = """\
Say where two records differ: in their times, and in what may explain them. Without A and
B these are the only two records; of more, the slowest and the middle one of its name and
command."""

RECORDS, TIME = 'records', 'time'  # kinds of lines of --json
STYLES = {CHANGED: 'yellow', REMOVED: 'red', ADDED: 'green'}

MOST_ROWS = 1000  # of differences, without --all
ABOVE = ('call.name', 'host.hostname')


def compare(words: list[str]) -> int:
    """Compare the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    paths, selectors = divided(asked.path)
    pair = None if selectors else _chosen(paths)
    if pair is not None:
        selectors = [str(pair.middle), str(pair.slowest)]
    left, right = _both(Entries(paths), selectors)
    difference = Difference.of_json(left.record, right.record, asked.all)
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(_as_json_lines(difference, pair))
    else:
        names = {RecordView(entry.record).name for entry in (left, right)}
        name = names.pop() if pair is None and len(names) == 1 else ''
        terminal.lines(_lines(left, right, difference, terminal, asked.all, name))
        if pair is not None:
            terminal.lines(paragraph(pair.why, terminal, 'dim'))
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
    option('--json', action='store_true', help='print times and differences as JSON')
    return parser


def _chosen(paths: list[str]) -> Pair | None:
    """Return the slowest of more than two records and the middle one of its kind."""
    if STDIN in paths:  # it can be read once
        return None
    entries = Entries(paths)
    pair = slowest(entries)
    return pair if entries.count > 2 else None


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
    left: Entry,
    right: Entry,
    difference: Difference,
    terminal: Terminal,
    full: bool,
    name: str,
) -> Iterator[str]:
    labels = f'#{left.number}', f'#{right.number}'
    said = difference.comparison.sentence(*labels)
    if name:  # of both
        named = f'{labels[1]} ({cut(name, CHARACTERS)})'
        said = re.sub(rf'{labels[1]}\b', lambda _: named, said, count=1)
    if said:
        yield from paragraph(said, terminal, 'bold')
        yield ''
    views = RecordView(left.record), RecordView(right.record)
    above = list(Compared(*views, difference.comparison).rows(full))
    if above:
        heads = (Cell(f'#{entry.number}', 'bold') for entry in (left, right))
        yield from terminal.table(
            [['', *heads, ''], *above], right=[1, 2], elastic=[0, 1, 2], optional=[3]
        )
        yield ''
    below = [change for change in difference if full or not _is_above(change.path)]
    most = len(below) if full else MOST_ROWS
    rows = [_row(change, full) for change in below[:most]]
    yield from (
        terminal.table(rows, elastic=[1, 2, 4])
        if rows
        else paragraph(f'nothing {"else " * bool(said or above)}differs', terminal)
    )
    if len(below) > most:
        more = f'and {len(below) - most} other differences: --all shows them'
        yield from paragraph(more, terminal, 'dim')
    if difference.hidden:
        yield from paragraph(difference.note, terminal, 'dim')


def _is_above(path: str) -> bool:
    """Return whether the table at the top covers a path."""
    return path in ABOVE or path.startswith('call.timings.')


def _row(change: Change, full: bool) -> list[str]:
    style = STYLES[change.kind]
    left, right = (
        safe(cut(text, WHOLE if full else CHARACTERS)) for text in change.texts()
    )
    arrow = '->' if change.kind == CHANGED else ''
    return [Cell(MARKS[change.kind], style), safe(change.path), left, arrow, right]


# --- as JSON -----------------------------------------------------------------------------


def _as_json_lines(difference: Difference, pair: Pair | None) -> Iterator[str]:
    if pair is not None:
        yield json_line({'kind': RECORDS, 'left': pair.middle, 'right': pair.slowest})
    for line in (*_times_of(difference), *_changes_of(difference)):
        yield json_line(line)


def _times_of(difference: Difference) -> Iterator[dict[str, Any]]:
    for time in difference.times:
        yield {
            'kind': TIME,
            'path': time.name,
            **{name: getattr(time, name) for name in ('left', 'right', 'ratio')},
            'is_significant': time.is_significant,
        }


def _changes_of(difference: Difference) -> Iterator[dict[str, Any]]:
    for change in difference:
        sides = {'left': change.left, 'right': change.right}
        if change.kind == ADDED:
            del sides['left']
        if change.kind == REMOVED:
            del sides['right']
        yield {'kind': change.kind, 'path': change.path, **sides}
