"""Rows in a temporary file, from which DuckDB reads columns of one type each.

The types are those of tidy frames (results/columns.py): they depend on all values of a
column. So the rows are written as they come, while the kinds of values are noted, and only
a column of several kinds is written once more. Memory does not grow with the rows.
"""

from __future__ import annotations

import json
import os

from ..results.columns import SIGNED, UNSIGNED, clean, microseconds, text_of
from ..results.kinds import KINDS
from ..results.tidy import columns_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Row = dict[str, Any]

BUFFER = 1 << 16
TYPES = {
    'integer': 'BIGINT',
    'unsigned': 'UBIGINT',
    'number': 'DOUBLE',
    'boolean': 'BOOLEAN',
    'text': 'VARCHAR',
    'time': 'BIGINT',  # microseconds
    'count': 'BIGINT',
    'flag': 'BOOLEAN',
}
WHOLE = {'negative', 'signed', 'unsigned', 'huge'}
NUMBERS = WHOLE | {'float', 'infinite', 'nan'}


class Spooled:
    """A column in the file.

    Attributes:
        name: name of the column, as tidy frames have it.
        key: name in the file.
        declared: kind that the description of the record gives; empty for none.
        seen: kinds of its values.
    """

    def __init__(self, name: str, number: int, declared: str) -> None:
        self.name = name
        self.key = f'c{number}'
        self.declared = declared
        self.values = None  # they are in the file
        self.seen: set[str] = set()

    @property
    def kind(self) -> str:
        """The kind of the whole column."""
        if self.declared in ('time', 'count', 'flag') or not self.seen:
            return self.declared or 'text'
        if self.seen == {'boolean'}:
            return 'boolean'
        if self.seen <= WHOLE and self.declared != 'number':
            return self._of_integers()
        return 'number' if self.seen <= NUMBERS else 'text'

    def _of_integers(self) -> str:
        if 'huge' in self.seen or {'negative', 'unsigned'} <= self.seen:
            return 'text'
        return 'unsigned' if 'unsigned' in self.seen else 'integer'

    def change(self) -> Callable[[Any], Any] | None:
        """Return what is to be done to the values; None if they fit already."""
        if self.kind == 'text' and not self.seen <= {'text'}:
            return text_of
        if self.kind == 'number' and self.seen & {'huge', 'infinite', 'nan'}:
            return _number
        return None


class Spool:
    """Rows of a shape in a file.

    Args:
        path: name of a new file.
        shape: one of OF_SHAPE.
        wanted: which columns to write.

    Attributes:
        columns: the columns by name.
        unclear: names of columns with times that have no zone, which are left out.
    """

    in_lists = False

    def __init__(self, path: str, shape: str, wanted: Callable[[str], bool]) -> None:
        self.path = path
        self.unclear: set[str] = set()
        self._declared = columns_of(shape)
        self.columns: dict[str, Spooled] = {}
        for name in self._declared:
            if name == 'record' or wanted(name):
                self._add(name)
        self._wanted = wanted
        self._file = open(path, 'xb', BUFFER)  # noqa: SIM115
        self._left_out: set[str] = set()

    @property
    def names(self) -> set[str]:
        """All names of columns that were found, also of those that are not wanted."""
        return {*self._declared, *self.columns, *self._left_out}

    def _add(self, name: str) -> Spooled:
        declared = self._declared.get(name) or KINDS.get(name, '')
        found = self.columns[name] = Spooled(name, len(self.columns), declared)
        return found

    def add(self, names: Iterable[str]) -> None:
        """Add columns without values, unless they are there."""
        for name in names:
            if name not in self.columns:
                self._add(name)

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        lines = [json.dumps(self._line(row)) for row in rows]
        if lines:
            lines.append('')
            self._file.write('\n'.join(lines).encode('ascii'))

    def write_lines(self, lines: bytes) -> None:
        """Add rows that are lines already; `note` takes the kinds of their values."""
        self._file.write(lines)

    def note(self, name: str, kinds: set[str]) -> None:
        """Note what kinds of values a column has in the lines that were written."""
        column = self.columns[name]
        if column.declared != 'time':
            column.seen.update(kinds)

    def _line(self, row: Row) -> Row:
        line = {}
        for name, value in row.items():
            if value is None or name in self._left_out:
                continue
            column = self.columns.get(name) or self._new(name)
            if column is not None:
                line[column.key] = self._noted(column, value)
        return line

    def _new(self, name: str) -> Spooled | None:
        if self._wanted(name):
            return self._add(name)
        self._left_out.add(name)
        return None

    def _noted(self, column: Spooled, value: Any) -> Any:
        """Return a value as it is written, and note its kind."""
        if column.declared == 'time':
            return self._microseconds(column, value)
        column.seen.add(_kind(value))
        return clean(value) if isinstance(value, str) else value

    def _microseconds(self, column: Spooled, value: Any) -> int | None:
        found = microseconds(value)
        if found is None:
            self.unclear.add(column.name)
        return found

    def close(self) -> None:
        """Close the file; its rows stay."""
        self._file.close()

    def finish(self) -> None:
        """Give each column one type. No row can be added afterwards."""
        self.close()
        changes = {c.key: c.change() for c in self.columns.values()}
        needed = {key: change for key, change in changes.items() if change is not None}
        if needed:
            self._rewrite(needed)

    def _rewrite(self, changes: dict[str, Callable[[Any], Any]]) -> None:
        again = self.path + '.new'
        with (
            open(self.path, encoding='ascii') as old,
            open(again, 'x', encoding='ascii') as new,
        ):
            for line in old:
                row = json.loads(line)
                for key in changes.keys() & row.keys():
                    row[key] = changes[key](row[key])
                new.write(json.dumps(row) + '\n')
        os.replace(again, self.path)


def _kind(value: Any) -> str:
    """Return the kind of a value, as far as it decides about the type of its column."""
    if isinstance(value, bool):
        return 'boolean'
    if isinstance(value, int):
        return _kind_of_integer(value)
    if isinstance(value, float):
        if value != value:
            return 'nan'
        return 'infinite' if value - value else 'float'
    return 'text'


def _kind_of_integer(value: int) -> str:
    if value in SIGNED:
        return 'negative' if value < 0 else 'signed'
    if value in UNSIGNED:
        return 'unsigned'
    return 'huge' if abs(value) < 1 << 1023 else 'giant'


def _number(value: Any) -> Any:
    """Return a float as DuckDB reads it; the NaN that 2.1.0 wrote is a gap."""
    number = float(value)
    if number != number:
        return None
    return str(number) if number - number else number
