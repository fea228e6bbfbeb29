"""Make the rows of a table of records, and print them."""

from __future__ import annotations

from ...messages import safe
from ...results import units
from ...results.fields import is_number, part
from ..figures import alike
from ..terminal import Cell, Terminal
from ..values import as_json, brief, cut
from .detail import command_line
from .entries import name_of
from .headings import Column, counted, heading, shared
from .moments import local, to_the_second, zones_of
from .record_view import RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from .entries import Entry

# Columns of the table; --sort takes these names, and --json prints them.
COLUMNS = ('number', 'start', 'name', 'host', 'n', 'median', 'min', 'max', 'outcome')
OWN = (*COLUMNS, 'file', 'record_id', 'is_lower_bound')  # all that --json prints
TIMES = ('median', 'min', 'max')
RANKS = {'max': 3, 'min': 2, 'start': 1}  # left out in falling order if there is no room
DAY = 10  # characters of a date


class Row:
    """A record of the table.

    Attributes:
        values: values by column, to sort by and to print as JSON.

    Args:
        entry: the record.
        fields: titles of the columns of fields, from `title_of`.
        utc: show times in UTC, not in the local zone.
        full: do not shorten the values of fields.
    """

    __slots__ = ('_command', '_signs', '_texts', 'is_timed', 'is_well', 'start', 'values')

    def __init__(
        self, entry: Entry, fields: Sequence[str], utc: bool = False, full: bool = False
    ) -> None:
        view = RecordView(entry.record)
        stats = view.stats
        times = {'median': stats.median, 'min': stats.least, 'max': stats.most}
        extra = {name: field_of(entry.record, name) for name in fields}
        outcome, self.is_well = view.outcome
        self.values = {
            **_values(entry, view),
            **{name: view.seconds(value) for name, value in times.items()},
            'is_lower_bound': view.is_bound,
            'outcome': outcome,
            **extra,
        }
        self.is_timed = view.scale is not None
        self.start = local(view.call.get('start_time'), utc)
        self._signs = {**dict.fromkeys(times, view.sign), 'median': view.median_sign(stats)}
        self._command = cut(command_line(view.call.get('command')))
        shown = {name: brief(value, full) for name, value in extra.items()}
        self._texts = {'name': view.name, 'host': view.host, **shown}

    def text(self, column: str) -> str:
        """Return the cell of a column that holds no times."""
        if column == 'number':
            return str(self.values['number'])
        if column == 'file':
            return name_of(self.values['file'])
        if column == 'n':
            return str(self.values['n'])
        if column == 'outcome':
            outcome = str(self.values['outcome'])
            return outcome if self.is_well else Cell(outcome, 'red')
        return self._texts[column]

    @property
    def command(self) -> str:
        """The command, or the name of what is none."""
        return self._command or self._texts['name']

    def time(self, column: str, text: str) -> str:
        """Return the cell of a time, whose column gives its text."""
        value = self.values[column]
        if value is None:
            return ''
        return self._signs[column] + (text if self.is_timed else units.number(value))


def _values(entry: Entry, view: RecordView) -> dict[str, Any]:
    return {
        'number': entry.number,
        'file': entry.path,
        'record_id': view.record_id,
        'start': view.call.get('start_time'),
        'name': view.call.get('name'),
        'host': part(entry.record, 'host', 'hostname'),
        'n': view.stats.count,
    }


def title_of(field: str) -> str:
    """Return the title of the column of a field; a dot marks names of built-in columns.

    >>> title_of('host.os'), title_of('n'), title_of('.n')
    ('host.os', '.n', '.n')
    """
    name = field.removeprefix('.')
    return f'.{name}' if name in OWN else name


def field_of(record: dict[str, Any], title: str) -> Any:
    """Return the field of a record whose column has a title."""
    return part(record, *names_in(title))


def names_in(title: str) -> list[str]:
    """Return the names that lead to a field, from the title of its column."""
    return title.removeprefix('.').split('.')


def rank_of(value: Any) -> tuple[int, Any]:
    """Return a sort key: numbers first, then texts, then other values, then None."""
    if is_number(value):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return (3, '') if value is None else (2, as_json(value))


# --- text --------------------------------------------------------------------------------


def columns_of(
    rows: Sequence[Row], fields: Sequence[str], files: int, sort: str
) -> tuple[list[str], list[Column]]:
    """Return what the heading says about all of these records, and the columns.

    Args:
        rows: the records.
        fields: titles of the columns of fields.
        files: number of files that the records come from.
        sort: title of the column that --sort names, which stays.
    """
    zone, starts = _starts(rows)
    outer = [
        *([_named('file', rows)] if files > 1 else []),
        starts,
        _names(rows),
        _named('host', rows),
        *_counts(rows, sort),
    ]
    extra = [
        Column(safe(f), [r.text(f) for r in rows], said=f'{safe(f)} {{}}', is_elastic=True)
        for f in fields
    ]
    outcomes = [row.text('outcome') for row in rows]
    said = 'all {}' if all(row.is_well for row in rows) else 'outcome {}'
    last = Column('outcome', outcomes, said=said, is_elastic=True)
    numbers = [row.text('number') for row in rows]
    common, left = shared(outer)
    more, rest = shared([*extra, last])
    return [*zone, *common, *more], [
        Column('#', numbers, is_right=True),
        *(column for column in left if any(column.cells)),
        *(column for column in _times(rows, sort) if any(column.cells)),
        *rest,
    ]


def _named(title: str, rows: Sequence[Row]) -> Column:
    cells = [row.text(title) for row in rows]
    return Column(title, cells, said=f'{title} {{}}', is_name=True)


def _names(rows: Sequence[Row]) -> Column:
    """Return the column of names; of commands, where only these tell records apart."""
    cells = [row.text('name') for row in rows]
    commands = [row.command for row in rows]
    if len(set(zip(cells, commands, strict=True))) > len(set(cells)):
        cells = commands
    return Column('name', cells, said='name {}', is_name=True)


def _are_single(rows: Sequence[Row]) -> bool:
    """Return whether each record has one run at most."""
    return all(row.values['n'] <= 1 for row in rows)


def _counts(rows: Sequence[Row], sort: str) -> Iterator[Column]:
    if sort == 'n' or not _are_single(rows) or not all(row.values['n'] for row in rows):
        cells = [row.text('n') for row in rows]
        yield Column('n', cells, said='{} runs each', is_right=True)


def _starts(rows: Sequence[Row]) -> tuple[list[str], Column]:
    """Return what the heading says about the times, and their column."""
    zone = zones_of(row.start for row in rows)
    cells = [to_the_second(row.start) for row in rows]
    days = {cell[:DAY] for cell in cells}
    if len(rows) < 2 or len(days) > 1 or not any(days):
        said = [f'times in {zone}'] if zone else []
        return said, Column('start', cells, rank=RANKS['start'])
    if len(set(cells)) == 1:
        return [f'{cells[0]} {zone}'], Column('start', [''] * len(cells))
    [day] = days
    inner = [cell[DAY + 1 :] for cell in cells]
    return [f'{day} {zone}'], Column('start', inner, rank=RANKS['start'])


def _times(rows: Sequence[Row], sort: str) -> Iterator[Column]:
    """Yield the columns of times; one is enough where each record has one run."""
    single = _are_single(rows)
    for name in TIMES:
        if single and name != 'median' and name != sort:
            continue
        values = [row.values[name] if row.is_timed else None for row in rows]
        texts = alike(values)
        cells = [row.time(name, text) for row, text in zip(rows, texts, strict=True)]
        title = 'duration' if single and name == 'median' else name
        rank = 0 if name == sort else RANKS.get(name, 0)
        yield Column(title, cells, is_right=True, rank=rank)


def lines_of(
    rows: Sequence[Row],
    fields: Sequence[str],
    files: int,
    sort: str,
    terminal: Terminal,
    make: Callable[[Sequence[Column]], Iterable[str]],
) -> Iterator[str]:
    """Yield the heading and the lines of a table; `columns_of` describes the rest.

    Args:
        terminal: terminal that will print them.
        make: function that returns the lines of a table with some columns.
    """
    common, found = columns_of(rows, fields, files, sort)
    yield from heading([counted(len(rows), 'record'), *common], terminal)
    yield ''
    yield from make(found)
