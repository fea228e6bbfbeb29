"""Timestamps of the record, from the wall clock in nanoseconds; signs of life."""

from __future__ import annotations

from .._core import moment as at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta, timezone, tzinfo
else:  # the same classes, without datetime's Python half
    from _datetime import datetime, timedelta, timezone, tzinfo

__all__ = ['HEARTBEAT', 'at', 'datetime', 'timedelta', 'timezone', 'tzinfo']

HEARTBEAT = 1.0  # seconds between two signs of life in a journal
