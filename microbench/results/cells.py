"""Rows in lists, one for each column, from which frames are made."""

from __future__ import annotations

from .columns import columns, microseconds
from .kinds import KINDS
from .tidy import RECORD, columns_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .columns import Column
    from .tidy import Row


class CellColumn:
    """A column.

    Attributes:
        key: name in rows that the C core makes as text; none are.
        declared: kind that the description of the record gives; empty for none.
        values: the values, of times in microseconds; None is a gap.
    """

    key = 'cell'

    def __init__(self, declared: str) -> None:
        self.declared = declared
        self.values: list[Any] = []


class Cells:
    """Rows of a shape in memory.

    The lists of all columns to which the C core appends are as long as one another.

    Args:
        shape: one of OF_SHAPE.

    Attributes:
        columns: the columns by name.
        unclear: names of columns with times that have no zone, which are left out.
    """

    in_lists = True

    def __init__(self, shape: str) -> None:
        self._always = columns_of(shape)
        self.columns: dict[str, CellColumn] = {}
        self.unclear: dict[str, None] = {}
        for name in self._always:
            self._new(name)

    def _new(self, name: str) -> CellColumn:
        declared = self._always.get(name) or KINDS.get(name, '')
        found = self.columns[name] = CellColumn(declared)
        return found

    def _fill(self) -> int:
        """Fill gaps at the ends of columns; return the number of rows."""
        rows = len(self.columns[RECORD].values)
        for column in self.columns.values():
            missing = rows - len(column.values)
            if missing:
                column.values += [None] * missing
        return rows

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        count = self._fill()
        for row in rows:
            for name, value in row.items():
                column = self.columns.get(name) or self._new(name)
                column.values += [None] * (count - len(column.values))
                column.values.append(self._cell(name, column, value))
            count += 1
        self._fill()

    def _cell(self, name: str, column: CellColumn, value: Any) -> Any:
        if column.declared != 'time' or value is None:
            return value
        found = microseconds(value)
        if found is None:
            self.unclear[name] = None
        return found

    def write_lines(self, lines: bytes) -> None:
        """Do nothing: the C core has appended to the lists."""

    def note(self, name: str, kinds: set[str]) -> None:
        """Do nothing: the values are here."""

    def finish(self) -> dict[str, Column]:
        """Return the columns, each of one type."""
        self._fill()
        lists = {name: column.values for name, column in self.columns.items()}
        return columns(lists, self._always)
