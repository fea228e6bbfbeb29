"""What a query gives: rows, or a frame in which no value has changed its type."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import count

from ..results.columns import EPOCH, Column
from ..results.tables import MAKE, imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

MICROSECOND = timedelta(microseconds=1)
MANY = 2000  # rows at a time
ZONED = 'TIMESTAMP WITH TIME ZONE'
# Kinds of the columns of a frame of pandas; others are objects.
KINDS = {
    **dict.fromkeys(('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT'), 'integer'),
    **dict.fromkeys(('UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'), 'unsigned'),
    **dict.fromkeys(('FLOAT', 'DOUBLE'), 'number'),
    'BOOLEAN': 'boolean',
    'VARCHAR': 'text',
    ZONED: 'time',
}


class Answer:
    """The rows that a query gives.

    Args:
        result: what DuckDB gives.
        failure: function that returns what to raise for an error of DuckDB.

    Attributes:
        names: names of the columns, each one different.
        types: their types, as DuckDB names them.
    """

    def __init__(self, result: Any, failure: Callable[[Exception], Exception]) -> None:
        self._result = result
        self._failure = failure
        self.names = list(_distinct(column[0] for column in result.description))
        self.types = [str(column[1]) for column in result.description]

    def with_microseconds(self, sql: str) -> str:
        """Return the query with times as numbers; one without times stays as it is.

        Up to version 1.5, DuckDB needs pytz to give times that have a zone.
        """
        if ZONED not in self.types:
            return sql
        names = [f'c{place}' for place in range(len(self.types))]
        pairs = zip(names, self.types, strict=True)
        values = (f'epoch_us({name})' if type_ == ZONED else name for name, type_ in pairs)
        inner = f'({sql}) AS answer({", ".join(names)})'
        return f'SELECT {", ".join(values)} FROM {inner}'  # noqa: S608

    def take(self, result: Any) -> None:
        """Take the rows from another result, whose times are microseconds."""
        self._result = result

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        zoned = [place for place, type_ in enumerate(self.types) if type_ == ZONED]
        while rows := self.fetched('fetchmany', MANY):
            yield from (_in_utc(row, zoned) for row in rows) if zoned else rows

    def fetched(self, method: str, *arguments: Any) -> Any:
        """Return what a method of the result returns.

        Raises:
            ValueError, MemoryError: the query fails.
        """
        try:
            return getattr(self._result, method)(*arguments)
        except (ImportError, TypeError):
            raise
        except Exception as error:
            raise self._failure(error) from None


def _distinct(names: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        own = next(
            each
            for number in count()
            if (each := f'{name}_{number}' if number else name) not in taken
        )
        taken.add(own)
        yield own


def _in_utc(row: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    values = list(row)
    for place in places:
        values[place] = _moment(values[place])
    return tuple(values)


def _moment(value: Any) -> Any:
    """Return the time of microseconds since 1970; beyond the calendar, the number."""
    if not isinstance(value, int):
        return value.astimezone(timezone.utc) if isinstance(value, datetime) else value
    try:
        return EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return value


def in_format(answer: Answer, format: str) -> Any:  # noqa: A002
    """Return the answer as `query` documents it.

    Raises:
        ImportError: the package of the format is missing.
    """
    if format == 'dict':
        return [dict(zip(answer.names, row, strict=True)) for row in answer]
    package = imported(format)
    if format == 'df':
        return MAKE['df'](package, _columns(answer))
    imported('arrow')
    table = answer.fetched('to_arrow_table').rename_columns(answer.names)
    return table if format == 'arrow' else package.from_arrow(table)


def _columns(answer: Answer) -> dict[str, Column]:
    rows = list(answer)
    values = zip(*rows, strict=True) if rows else ([] for _ in answer.names)
    kinds = (KINDS.get(type_, 'object') for type_ in answer.types)
    found = zip(answer.names, kinds, values, strict=True)
    return {name: Column(kind, _cells(kind, column)) for name, kind, column in found}


def _cells(kind: str, values: Iterable[Any]) -> list[Any]:
    return list(map(_since, values)) if kind == 'time' else list(values)


def _since(time: Any) -> Any:
    """Return a time in microseconds since 1970."""
    return (time - EPOCH) // MICROSECOND if isinstance(time, datetime) else time


def plain(value: Any) -> Any:
    """Return a value as one that JSON has.

    >>> plain(Decimal('1.50')), plain(datetime(2026, 3, 1)), plain([None, 7])
    (1.5, '2026-03-01T00:00:00', [None, 7])
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return value.isoformat() if hasattr(value, 'isoformat') else str(value)
