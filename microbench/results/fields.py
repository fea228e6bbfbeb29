"""Read fields of a record that may be missing or of an unexpected type."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeGuard

LARGEST = 1e300  # a larger value is not a time

_read = datetime.fromisoformat


def part(record: dict[str, Any], *names: str) -> Any:
    """Return the value that nested names lead to; None if there is none.

    >>> part({'call': {'name': 'fit'}}, 'call', 'name'), part({'call': 7}, 'call', 'name')
    ('fit', None)
    """
    value: Any = record
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a finite number; booleans are not."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return -LARGEST < value < LARGEST and isfinite(value)


def numbers(values: Iterable[Any]) -> list[float]:
    """Return the finite numbers among values, in order; booleans are none.

    >>> numbers([1, True, 0.5, float('nan'), '2', None])
    [1, 0.5]
    """
    values = list(values)
    if set(map(type, values)) == {float} and isfinite(sum(values)):
        least, most = min(values), max(values)
        if least > -LARGEST and most < LARGEST:
            return values  # quicker than to ask each
    return list(filter(is_number, values))


def durations_by_name(entries: Any) -> dict[Any, list[float]]:
    """Return the durations of listed phases, by name, in the order of the first ones.

    Args:
        entries: a list such as `call.timings`; any other value counts as an empty one.

    Returns:
        Lists of finite numbers, which may be empty. Names that are no text are JSON in a
        tuple.

    >>> durations_by_name([{'name': 'a', 'duration': 2}, {'name': 'b'}, {'name': 'a'}, 7])
    {'a': [2], 'b': []}
    """
    listed = entries if isinstance(entries, list) else []
    listed = [entry for entry in listed if entry.__class__ is dict]
    values = [entry.get('duration') for entry in listed]
    are_numbers = len(numbers(values)) == len(values)
    found: dict[Any, list[float]] = {}
    for entry, value in zip(listed, values, strict=True):
        name = entry.get('name')
        if name.__class__ is not str:
            name = (json.dumps(name),)
        known = found.get(name)
        if known is None:
            known = found[name] = []
        if are_numbers or is_number(value):
            known.append(value)
    return found


def moment(text: Any) -> datetime | None:
    """Return the time of an ISO 8601 text; None for any other value.

    >>> moment('2026-03-01T09:30:00Z').isoformat()
    '2026-03-01T09:30:00+00:00'
    """
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        pass
    if isinstance(text, str) and text[-1:] in ('Z', 'z'):  # Python 3.10 does not read it
        return moment(text[:-1] + '+00:00')
    return None


def runtime(record: dict[str, Any]) -> timedelta | None:
    """Return finish minus start of a record; None if one is missing or not a time."""
    try:
        call = record['call']
        return _read(call['finish_time']) - _read(call['start_time'])
    except (LookupError, TypeError, ValueError):
        return _runtime_of_odd(record)


def _runtime_of_odd(record: dict[str, Any]) -> timedelta | None:
    start = moment(part(record, 'call', 'start_time'))
    finish = moment(part(record, 'call', 'finish_time'))
    try:
        return finish - start  # type: ignore[operator]
    except TypeError:  # one is missing, or only one has a time zone
        return None
