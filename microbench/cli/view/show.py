"""`microbench show`: print a table of many records, or all details of selected ones."""

from __future__ import annotations

import sys

from ...messages import print_stderr, safe
from ...results.fields import part
from ..terminal import Cell, Terminal
from ..values import as_json, brief, is_number
from .asked_fields import AskedFields
from .detail import detail
from .entries import PATHS, WHICH, Entries, divided, name_of, select
from .record_view import RecordView
from .subcommand import CONDITIONS, Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import Any

    from .entries import Entry

    Times = dict[str, float | None]  # by column

ABOUT = """\
Show records: a table of many, or all about chosen ones. A file that holds one record is
shown like a chosen one, except with --json or --column."""

# Columns of the table; --sort takes these names, and --json prints them.
COLUMNS = ('number', 'start', 'name', 'host', 'n', 'median', 'min', 'max', 'outcome')
OWN = (*COLUMNS, 'file', 'record_id', 'is_lower_bound')  # all that --json prints
RIGHT = {'number', 'n', 'median', 'min', 'max'}
OPTIONAL = ('max', 'min', 'start', 'host')  # dropped in this order on a narrow terminal
TITLES = {'number': '#'}


class Row:
    """A line of the table.

    Attributes:
        values: values by column, to sort by and to print as JSON.
        cells: texts by column, to print in the table.

    Args:
        entry: the record.
        fields: titles of the columns of fields, from `_title`.
        full: do not shorten the values of fields.
    """

    __slots__ = ('cells', 'values')

    def __init__(self, entry: Entry, fields: list[str], full: bool = False) -> None:
        view = RecordView(entry.record)
        stats = view.stats
        times = {'median': stats.median, 'min': stats.least, 'max': stats.most}
        extra = {name: _field(entry.record, name) for name in fields}
        self.values = {**_values(entry, view, times), **extra}
        shown = {name: brief(value, full) for name, value in extra.items()}
        self.cells = {**_cells(entry, view, times), **shown}


def _values(entry: Entry, view: RecordView, times: Times) -> dict[str, Any]:
    return {
        'number': entry.number,
        'file': entry.path,
        'record_id': view.record_id,
        'start': view.call.get('start_time'),
        'name': view.call.get('name'),
        'host': part(entry.record, 'host', 'hostname'),
        'n': view.stats.count,
        **{name: view.seconds(value) for name, value in times.items()},
        'is_lower_bound': view.is_bound,
        'outcome': view.outcome[0],
    }


def _cells(entry: Entry, view: RecordView, times: Times) -> dict[str, str]:
    outcome, well = view.outcome
    return {
        'number': str(entry.number),
        'file': name_of(entry.path),
        'start': view.start,
        'name': view.name,
        'host': view.host,
        'n': str(view.stats.count),
        **{name: _time(view, name, value) for name, value in times.items()},
        'outcome': outcome if well else Cell(outcome, 'red'),
    }


def _time(view: RecordView, name: str, value: float | None) -> str:
    sign = view.median_sign(view.stats) if name == 'median' else view.sign
    return '' if value is None else sign + view.time(value)


def _title(field: str) -> str:
    """Return the title of the column of a field; a dot marks names of built-in columns.

    >>> _title('host.os'), _title('n'), _title('.n')
    ('host.os', '.n', '.n')
    """
    name = field.removeprefix('.')
    return f'.{name}' if name in OWN else name


def _field(record: dict[str, Any], title: str) -> Any:
    return part(record, *title.removeprefix('.').split('.'))


def show(words: list[str]) -> int:
    """Print the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    paths, selectors = divided(asked.path)
    entries = Entries(paths, AskedFields(asked))
    selectors += asked.record
    if selectors:
        _show_selected(select(entries, selectors), entries, asked)
    else:
        _show_all(entries, asked)
    _print_unread_journals(paths)
    return 0


def _print_unread_journals(paths: list[str]) -> None:
    """Print which journals could not be read: they may hold further records."""
    from ...journal.lost import left_alone  # start-up time

    for path in paths:
        for why in left_alone(path):
            print_stderr(
                f'{path}: a journal was left alone: {why}; see microbench recover --force'
            )


main = answering('show', show)


def _parser() -> Subparser:
    parser = Subparser('show', ABOUT, f'{WHICH}\n\n{CONDITIONS}')
    parser.usage = '%(prog)s [options] PATH [PATH ...] [WHICH ...]'
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=f'{PATHS}; then, maybe, records')
    option(
        *('-r', '--record'),
        metavar='WHICH',
        action='append',
        default=[],
        help='show all about this record; can be repeated',
    )
    option(
        *('-c', '--column'),
        metavar='FIELD',
        action='append',
        default=[],
        help='add a column with this field, as in host.os; can be repeated; .n is the '
        'field n, beside the column n',
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
    option('--all', action='store_true', help='show long lists, objects and texts whole')
    option('--json', action='store_true', help='print it as JSON, a line each')
    return parser


# --- many --------------------------------------------------------------------------------


def _show_all(entries: Entries, asked: argparse.Namespace) -> None:
    rows = []
    fields = _fields(asked)
    entry = None
    for entry in entries:
        if asked.filter is None or asked.filter(entry.record):
            rows.append(Row(entry, fields, asked.all))
    if not rows:
        print_stderr(entries.nothing())
    elif entry is not None and entries.count == 1 and not (asked.column or asked.json):
        _show_details([entry], asked)
    else:
        _print(rows, entries, asked)


def _show_selected(some: list[Entry], entries: Entries, asked: argparse.Namespace) -> None:
    """Print the details of records, or a table if there are --column options."""
    some = [entry for entry in some if asked.filter is None or asked.filter(entry.record)]
    if not some:
        print_stderr(f'{entries.sources}: the condition does not hold for what was chosen')
    elif asked.column:
        fields = _fields(asked)
        _print([Row(entry, fields, asked.all) for entry in some], entries, asked)
    else:
        _show_details(some, asked)


def _fields(asked: argparse.Namespace) -> list[str]:
    """Return the titles of the columns of fields, that of --sort included."""
    sort = [] if asked.sort in OWN else [asked.sort]
    return list(dict.fromkeys(map(_title, [*asked.column, *sort])))


def _rank(value: Any) -> tuple[int, Any]:
    """Return a sort key: numbers first, then texts, then other values, then None."""
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


def _print(rows: list[Row], entries: Entries, asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    key = asked.sort if asked.sort in OWN else _title(asked.sort)
    rows.sort(key=lambda row: _rank(row.values[key]), reverse=asked.reverse)
    if asked.json:
        terminal.lines(_json_of(row.values) for row in rows)
    else:
        columns = _columns(entries, _fields(asked))
        terminal.lines(_table(rows, columns, terminal, key))


def _table(
    rows: list[Row], columns: list[str], terminal: Terminal, sort: str
) -> Iterable[str]:
    """Return the lines of the table; the column of --sort is never dropped."""
    heading = [Cell(TITLES.get(name, safe(name)), 'bold') for name in columns]
    texts = [[row.cells[name] for name in columns] for row in rows]
    fixed = {*RIGHT, 'start'}
    return terminal.table(
        [heading, *texts],
        right=[i for i, name in enumerate(columns) if name in RIGHT],
        elastic=[i for i, name in enumerate(columns) if name not in fixed],
        optional=[columns.index(name) for name in OPTIONAL if name != sort],
    )


# --- details -----------------------------------------------------------------------------


def _show_details(some: list[Entry], asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(_json_of(entry.record) for entry in some)
        return
    for place, entry in enumerate(some):
        terminal.lines([''] * (place > 0))
        terminal.lines(detail(entry.record, terminal, full=asked.all))


def _json_of(value: Any) -> str:
    """Return a value as strict JSON in ASCII, which is safe on every terminal."""
    from ...encoding import json_text  # start-up time

    return json_text.encode(value).decode('ascii')
