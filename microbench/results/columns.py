"""Columns of one type each, from rows whose values may have any type.

The type of a column does not depend on gaps. Fields that microbench writes have the type
that the description of the record gives; for others the values decide.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from .fields import moment
from .kinds import KINDS
from .tidy import as_text

TYPE_CHECKING = False


class Column(NamedTuple):
    """Values of one kind; None is a gap.

    The kinds are `integer`, `unsigned`, `number`, `boolean`, `text` and `time` (in
    microseconds since 1970), and without gaps `count` and `flag`.
    """

    kind: str
    values: list[Any]


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SIGNED, UNSIGNED = range(-(1 << 63), 1 << 63), range(1 << 64)


def columns(lists: dict[str, list[Any]], always: dict[str, str]) -> dict[str, Column]:
    """Return columns by name.

    Args:
        lists: their values; of times, microseconds.
        always: names of the first columns with their types; empty for fields of a record.
    """
    found = {}
    for name, values in lists.items():
        kind = always.get(name) or KINDS.get(name)
        if kind == 'time':
            found[name] = Column('time', values)
        else:
            found[clean(name)] = _column(kind, values)
    return found


def microseconds(value: Any) -> int | None:
    """Return a time in microseconds since 1970; None if it has no zone, or is no time."""
    time = moment(value)
    if time is None or time.tzinfo is None:
        return None
    try:
        since = time.astimezone(timezone.utc) - EPOCH
    except OverflowError:  # at the end of the calendar
        return None
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def in_utc(since: int | None) -> datetime | None:
    """Return the time of microseconds since 1970."""
    return None if since is None else EPOCH + timedelta(microseconds=since)


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
