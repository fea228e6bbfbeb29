"""Rows of tables off the text of lines, by the C core, as far as that takes no thought.

Records of a program mostly have the same fields. What is to be done with each is learnt
from a record that was read as an object; then the C core (csrc/reading/mb_rows.h) makes
the rows of the lines that have no other fields. All other lines are read as ever.
"""

from __future__ import annotations

import json

from .. import _core
from .kinds import TOPS
from .tidy import ARGUMENTS, BY_ITERATION, NAMES, OF_CALL, OF_ONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Protocol

    from .reading import Lines
    from .tidy import Row, Rows

    Names = tuple[str, ...]

    class Column(Protocol):
        """A column of the table."""

        @property
        def key(self) -> str:
            """Name in rows that are lines."""

        @property
        def declared(self) -> str:
            """Kind that the description of the record gives; empty for none."""

        @property
        def values(self) -> list[Any] | None:
            """The values, where rows are kept in lists."""

    class Store(Protocol):
        """Where the rows go."""

        in_lists: bool

        @property
        def columns(self) -> Mapping[str, Column]:
            """The columns by name."""

        def write(self, rows: Iterable[Row]) -> None:
            """Add rows."""

        def write_lines(self, lines: bytes) -> None:
            """Add rows that are lines already, or in the lists."""

        def note(self, name: str, kinds: set[str]) -> None:
            """Note what kinds of values a column has in these."""


MOST_LEARNT = 2000  # records
MOST_MEMBERS = 2000  # of an object
LEFT_OUT, REFUSED = _core.ROW_LEAVES['left out'], _core.ROW_LEAVES['refused']
USUAL = 'perf_counter'
COUNTER = ('mb', 'duration_counter')
# Columns that the C core makes, by the name of the column.
OWN = {
    'phases': {'phase': 'phase', 'iteration': 'iteration', 'duration': 'duration'},
    'iterations': {'iteration': 'iteration', 'duration': 'duration'},
    'runs': {**dict.fromkeys(OF_ONE, 'duration'), 'iterations': 'one', 'failed': 'zero'},
}
ANY = {'record': 'record', 'is_lower_bound': 'false'}
FIGURES = {*OF_ONE, 'iterations', 'stdev', 'failed'}
# What changes the figures of a run.
ENDS = (
    *(('exception',), ('exit_signal',), ('exit_path',), ('exit_status',)),
    *(('call', name) for name in ('timed_out', 'timed_out_iterations', 'returncode')),
)


class Quick:
    """Reads the lines of files for one table.

    Args:
        shape: a key of OWN.
        rows: what makes the rows of other records.
        store: where the rows go.
        wanted: names of columns in small letters; None for all.
    """

    def __init__(
        self, shape: str, rows: Rows, store: Store, wanted: set[str] | None = None
    ) -> None:
        self._rows, self._store, self._wanted = rows, store, wanted
        self._is_of_runs = shape == 'runs'
        has_figures = shape != 'runs' or bool(FIGURES & set(store.columns))
        self._reader = _core.RowReader(
            _core.ROW_SHAPES[shape if has_figures else 'records'], store.in_lists
        )
        self._special = self._leaves(shape, has_figures=has_figures)
        self._learnt = 0
        self._numbers: dict[str, int] = {}  # of columns in the reader
        for name in store.columns:
            made = {**ANY, **OWN[shape]}.get(name)
            if made is not None:
                self._add(name, made, REFUSED)

    def _add(self, name: str, kind: str, leaf: int = -1) -> int:
        column = self._store.columns[name]
        number = self._reader.add_column(
            _core.ROW_COLUMNS[kind], column.key.encode(), leaf, column.values
        )
        self._numbers[name] = number
        return number

    def _leaves(self, shape: str, *, has_figures: bool) -> dict[Names, int]:
        """Return what is to be done with fields that have a meaning for the shape."""
        leaves = _core.ROW_LEAVES
        is_phases, columns = shape == 'phases', self._store.columns
        refused: list[Names] = [('function_name',), ('run_durations',), ('recovered',)]
        needed: dict[Names, int] = {
            COUNTER: leaves['counter'],
            ('call', 'histogram'): LEFT_OUT,
        }
        if has_figures and (not is_phases or 'iteration' in columns):
            needed['call', 'durations'] = leaves['durations']
        if is_phases:
            needed['call', 'timings'] = leaves['timings']
            refused = [('function_name',), ('run_durations',), ('call', 'open_timings')]
        if is_phases and 'iteration' in columns:
            needed['call', 'timings_iteration'] = leaves['numbers']
        if self._is_of_runs and has_figures:
            refused += [*ENDS, ('call', 'histogram')]
        if shape == 'iterations':
            refused += [('call', name) for name in BY_ITERATION if self._may_want('call.')]
            refused += [('resource_usage',)] * self._may_want('resource_usage.')
        refused += [('call', 'args')] * self._may_want(f'{ARGUMENTS}.')
        return {**needed, **dict.fromkeys(refused, REFUSED)}

    def _may_want(self, prefix: str) -> bool:
        if self._wanted is None:
            return True
        return any(name.lstrip('.').startswith(prefix.lower()) for name in self._wanted)

    # --- lines ------------------------------------------------------------------------

    def add(self, record: dict[str, Any]) -> None:
        """Add the rows of a record, and learn its fields."""
        self._store.write(self._rows.of_one(self._reader.number, record))
        self._reader.number += 1
        if self._learnt < MOST_LEARNT:
            self._learnt += 1
            self._learn((), record)

    def read(self, block: bytes, place: int) -> int:
        """Add the rows of lines; return where the first line is that has to be decoded."""
        place, rows = self._reader.read(block, place)
        self._store.write_lines(rows)
        return place

    def finish(self) -> None:
        """Note what kinds of values were read."""
        if self._reader.has_durations:
            self._rows.counters.add(USUAL)
        for name, number in self._numbers.items():
            bits = self._reader.kinds(number)
            seen = {kind for kind, bit in _core.ROW_KINDS.items() if bits & bit}
            self._store.note(name, seen)

    # --- fields -----------------------------------------------------------------------

    def _learn(self, within: Names, members: dict[str, Any]) -> None:
        if len(members) > MOST_MEMBERS:
            return
        for name, value in members.items():
            names = (*within, name)
            if '\\' in name:
                continue
            if isinstance(value, dict) and value:
                self._learn_object(names, value)
                continue
            leaf = self._leaf(names, value)
            if leaf is not None:
                self._reader.learn(_raw(names), leaf, None)

    def _learn_object(self, names: Names, members: dict[str, Any]) -> None:
        place = self._special.get(names)
        if place is None and self._is_relevant('.'.join(names) + '.'):
            self._learn(names, members)
        else:
            self._reader.learn(_raw(names), None, LEFT_OUT if place is None else place)

    def _is_relevant(self, prefix: str) -> bool:
        """Return True if a column, or what the shape needs, may be in an object."""
        if prefix in ('call.', 'mb.'):
            return True
        if not self._is_of_runs and prefix.partition('.')[0] in TOPS:
            known = (*NAMES, *OF_CALL)
            if not any(n.startswith(prefix) or prefix.startswith(n) for n in known):
                return False
        return self._may_want(prefix)

    def _leaf(self, names: Names, value: Any) -> int | None:
        """Return what is to be done with a value; None if that is not known yet."""
        if names in self._special and names != COUNTER:
            return self._special[names]
        column = self._rows.column_of('.'.join(names))
        if column is not None and column not in self._store.columns:
            return _core.ROW_LEAVES['null' if value is None else 'later']
        if column is None:
            return self._special.get(names, LEFT_OUT)
        number = self._numbers.get(column)
        if number is None:
            is_time = self._store.columns[column].declared == 'time'
            leaf = self._special.get(names, -1)
            try:
                number = self._add(column, 'time' if is_time else 'field', leaf)
            except ValueError:  # there are too many columns
                return None
        return self._reader.leaf(number)


def prepare(lines: Lines, tables: list[Quick]) -> None:
    """Let the lines of a file go to some tables; each reads all of them."""
    lines.decode_with(_Decoder(tables, lines), _same)  # type: ignore[arg-type]


class _Decoder:
    """Takes the place of the decoder of lines; gives no records itself."""

    def __init__(self, tables: list[Quick], lines: Lines) -> None:
        self._tables, self._lines = tables, lines

    def decode(self, block: bytes) -> list[dict[str, Any]]:
        decoded: dict[int, list[dict[str, Any]]] = {}  # by the place of their line
        for table in self._tables:
            place = 0
            while (place := table.read(block, place)) < len(block):
                end = block.find(b'\n', place) + 1 or len(block)
                if place not in decoded:  # damaged lines are counted once
                    decoded[place] = self._lines.decoded(block[place:end])
                for record in decoded[place]:
                    table.add(record)
                place = end
        return []


def _same(record: dict[str, Any]) -> dict[str, Any]:
    return record


def _raw(names: Names) -> tuple[bytes, ...]:
    """Return names as they stand in the text of a record."""
    return tuple(json.dumps(name)[1:-1].encode() for name in names)
