"""Timestamps of the record, from the wall clock in nanoseconds; signs of life."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta, timezone, tzinfo
else:  # the same classes, without datetime's Python half
    from _datetime import datetime, timedelta, timezone, tzinfo

__all__ = ['HEARTBEAT', 'at', 'datetime', 'timedelta', 'timezone', 'tzinfo']

HEARTBEAT = 1.0  # seconds between two signs of life in a journal
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def at(wall_ns: int, tz: tzinfo | None) -> datetime:
    """Return the moment in this time zone; with None, naive local time.

    Microseconds are rounded down, as in the text that C writes.
    """
    moment = (EPOCH + timedelta(microseconds=wall_ns // 1000)).astimezone(tz)
    return moment if tz is not None else moment.replace(tzinfo=None)
