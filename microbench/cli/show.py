"""`microbench show`: records as people want to see them, many or one.

Many are a table, a line each; one is told whole, what matters first.
"""

from __future__ import annotations

import sys

from ..messages import safe, tell
from ..results.fields import part
from .entries import PATHS, WHICH, Entries, chosen, divided, name_of
from .facts import Facts
from .portrait import portrait
from .subcommand import CONDITIONS, Subparser, answering, condition_of
from .terminal import Cell, Terminal
from .values import as_json, is_number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import Any

    from .entries import Entry

ABOUT = """\
Show records: a table of many, or all about one. A file that holds one record is shown
like a chosen one."""

# Of the table. The names can be given to --sort, and are those of --json.
COLUMNS = ('number', 'start', 'name', 'host', 'n', 'median', 'min', 'max', 'outcome')
RIGHT = {'number', 'n', 'median', 'min', 'max'}
TITLES = {'number': '#'}


class Row:
    """A line of the table.

    Attributes:
        values: by column: what to sort by, and to print as JSON.
        cells: by column: what to show.
    """

    __slots__ = ('cells', 'values')

    def __init__(self, entry: Entry, fields: list[str]) -> None:
        facts = Facts(entry.record)
        spread = facts.spread
        outcome, well = facts.outcome
        times = {'median': spread.median, 'min': spread.least, 'max': spread.most}
        extra = {name: part(entry.record, *name.split('.')) for name in fields}
        self.values: dict[str, Any] = {
            'number': entry.number,
            'file': entry.path,
            'record_id': facts.record_id,
            'start': facts.call.get('start_time'),
            'name': facts.call.get('name'),
            'host': part(entry.record, 'host', 'hostname'),
            'n': spread.count,
            **{name: facts.seconds(value) for name, value in times.items()},
            'outcome': outcome,
            **extra,
        }
        self.cells: dict[str, str] = {
            'number': str(entry.number),
            'file': name_of(entry.path),
            'start': facts.start,
            'name': facts.name,
            'host': facts.host,
            'n': str(spread.count),
            **{name: _at_least(facts, value) for name, value in times.items()},
            'outcome': outcome if well else Cell(outcome, 'red'),
            **{name: text(value) for name, value in extra.items()},
        }


def _at_least(facts: Facts, value: float | None) -> str:
    return '' if value is None else facts.sign + facts.time(value)


def show(words: list[str]) -> int:
    """Show what the words ask for."""
    asked = _parser().parse_intermixed_args(words)
    paths, choices = divided(asked.path, most=1)
    entries = Entries(paths)
    if asked.record is not None:
        choices = [asked.record]
    if choices:
        _show_one(chosen(entries, choices)[0], asked)
    else:
        _show_all(entries, asked)
    _tell_of_journals(paths)
    return 0


def _tell_of_journals(paths: list[str]) -> None:
    """Say where records may be that are not shown."""
    from ..results.lost import left_alone  # start-up time

    for path in paths:
        for why in left_alone(path):
            tell(f'{path}: a journal was left alone: {why}; see microbench recover --force')


main = answering('show', show)


def _parser() -> Subparser:
    parser = Subparser('show', ABOUT, f'{WHICH}\n\n{CONDITIONS}')
    parser.usage = '%(prog)s [options] PATH [PATH ...] [WHICH]'
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=f'{PATHS}; then, maybe, one record')
    option('-r', '--record', metavar='WHICH', help='show all about this record')
    option(
        *('-c', '--column'),
        metavar='FIELD',
        action='append',
        default=[],
        help='add a column with this field, as in host.os; can be repeated',
    )
    option(
        *('-s', '--sort'),
        metavar='COLUMN',
        default='number',
        help=f'sort by a field, or by one of: {", ".join(COLUMNS)}',
    )
    option(
        '--filter',
        metavar='EXPR',
        type=condition_of,
        help='only records for which EXPR holds',
    )
    option('--reverse', action='store_true', help='the other way round')
    option('--all', action='store_true', help='show long lists and objects whole')
    option('--json', action='store_true', help='print it as JSON, a line each')
    return parser


# --- many --------------------------------------------------------------------------------


def _show_all(entries: Entries, asked: argparse.Namespace) -> None:
    rows = []
    fields = list(asked.column)
    if asked.sort not in (*COLUMNS, 'file', *fields):
        fields.append(asked.sort)
    entry = None
    for entry in entries:
        if asked.filter is None or asked.filter(entry.record):
            rows.append(Row(entry, fields))
    if not rows:
        tell(entries.nothing())
    elif entry is not None and entries.count == 1 and not asked.column:
        _show_one(entry, asked)
    else:
        rows.sort(key=lambda row: _rank(row.values[asked.sort]), reverse=asked.reverse)
        _print(rows, _columns(entries, fields), asked)


def _rank(value: Any) -> tuple[int, Any]:
    """Return a key that sorts numbers before texts before the rest; absent ones last."""
    if is_number(value):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return (3, '') if value is None else (2, as_json(value))


def _columns(entries: Entries, fields: list[str]) -> list[str]:
    file = ['file'] if len(entries.paths) > 1 else []
    first, *rest = COLUMNS
    outcome = rest.pop()
    return [first, *file, *rest, *fields, outcome]


def _print(rows: list[Row], columns: list[str], asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(_json_of(row.values) for row in rows)
    else:
        terminal.lines(_table(rows, columns, terminal))


def _table(rows: list[Row], columns: list[str], terminal: Terminal) -> Iterable[str]:
    heading = [Cell(TITLES.get(name, safe(name)), 'bold') for name in columns]
    texts = [[row.cells[name] for name in columns] for row in rows]
    right = [i for i, name in enumerate(columns) if name in RIGHT]
    fixed = {*RIGHT, 'start'}
    elastic = [i for i, name in enumerate(columns) if name not in fixed]
    return terminal.table([heading, *texts], right=right, elastic=elastic)


# --- one ---------------------------------------------------------------------------------


def _show_one(entry: Entry, asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines([_json_of(entry.record)])
    else:
        terminal.lines(portrait(entry.record, terminal, whole=asked.all))


def _json_of(value: Any) -> str:
    """Return a value as strict JSON in ASCII, which no terminal can take amiss."""
    from ..core import encoding  # start-up time

    return encoding.encode(value).decode('ascii')
