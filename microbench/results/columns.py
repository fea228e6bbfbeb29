"""Columns of one type each, from rows whose values may have any type.

The type of a column does not depend on gaps. Fields that microbench writes have the type
that the description of the record gives; for others the values decide.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

from .fields import moment
from .kinds import KINDS
from .tidy import as_text

TYPE_CHECKING = False


class Column(NamedTuple):
    """Values of one kind; None is a gap.

    The kinds are `integer`, `unsigned`, `number`, `boolean`, `text` and `time` (a datetime
    in UTC), and without gaps `count` and `flag`.
    """

    kind: str
    values: list[Any]


SIGNED, UNSIGNED = range(-(1 << 63), 1 << 63), range(1 << 64)


def columns(
    rows: list[dict[str, Any]], always: dict[str, str]
) -> tuple[dict[str, Column], list[str]]:
    """Return the columns of rows, and the names of those that lack times.

    Args:
        rows: rows, each of which may lack columns.
        always: names of the first columns, which are there even if no row has them, with
            their types; empty for fields of a record.
    """
    names = dict.fromkeys(always)
    for row in rows:
        names.update(dict.fromkeys(row))
    found, unclear = {}, []
    for name in names:
        values = [row.get(name) for row in rows]
        kind = always.get(name) or KINDS.get(name)
        if kind == 'time':
            times = list(map(utc, values))
            if times.count(None) > values.count(None):
                unclear.append(name)
            found[name] = Column('time', times)
        else:
            found[clean(name)] = _column(kind, values)
    return found, unclear


def utc(value: Any) -> datetime | None:
    """Return a time in UTC; None if it has no time zone, or is no time."""
    time = moment(value)
    if time is None or time.tzinfo is None:
        return None
    try:
        return time.astimezone(timezone.utc)
    except OverflowError:  # at the end of the calendar
        return None


def _column(kind: str | None, values: list[Any]) -> Column:
    types = set(map(type, values)) - {type(None)}
    if kind in ('count', 'flag') or (not types and kind):
        return Column(kind or 'text', values)
    if types == {bool}:
        return Column('boolean', values)
    if types == {int} and kind != 'number':
        return _integers(values)
    if types and types <= {int, float}:
        return _numbers(values)
    return _texts(values)


def _integers(values: list[Any]) -> Column:
    known = [value for value in values if value is not None]
    least, most = min(known), max(known)
    for kind, limits in (('integer', SIGNED), ('unsigned', UNSIGNED)):
        if least in limits and most in limits:
            return Column(kind, values)
    return _texts(values)


def _numbers(values: list[Any]) -> Column:
    """Return floats; the NaN that 2.1.0 wrote for missing values is a gap."""
    try:
        floats = [None if v is None or v != v else float(v) for v in values]
    except OverflowError:
        return _texts(values)
    return Column('number', floats)


def _texts(values: list[Any]) -> Column:
    """Return text; other values as JSON."""
    if any(map(_changes, set(values))):  # few texts are in most columns
        values = [text_of(value) if _changes(value) else value for value in values]
    return Column('text', values)


def _changes(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and value.isascii())


def text_of(value: Any) -> str:
    """Return the text that a column of several types has for a value: JSON, unless text."""
    return clean(value) if isinstance(value, str) else as_text(value)


def clean(text: str) -> str:
    r"""Return text that UTF-8 can express: half a surrogate pair becomes `\udc80`."""
    if text.isascii():
        return text
    return text.encode('utf-8', 'backslashreplace').decode()
