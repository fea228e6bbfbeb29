"""Show times in the zone of the reader, and say which one it is."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

from ...results.fields import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

AGO = re.compile(r'(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)')
SECONDS = {'s': 1, 'm': 60, 'min': 60, 'h': 3600, 'd': 86400, 'w': 604800}


def local(stamp: Any, utc: bool = False) -> datetime | None:
    """Return the time of an ISO 8601 text in the local zone; None if it is not a time.

    >>> str(local('2026-03-01T09:30:00+02:00', utc=True))
    '2026-03-01 07:30:00+00:00'
    """
    found = moment(stamp)
    try:
        return found and found.astimezone(timezone.utc if utc else None)
    except (OverflowError, OSError, ValueError):  # in the year 1 or 9999
        return None


def at(seconds: float, utc: bool = False) -> datetime:
    """Return the time of seconds since 1970 in the local zone."""
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return when if utc else when.astimezone()


def to_the_second(when: datetime | None) -> str:
    """Return date and time without zone; an empty text for None.

    >>> to_the_second(local('2026-03-01T09:30:00.500000+02:00', utc=True))
    '2026-03-01 07:30:00'
    """
    return '' if when is None else str(when)[:19]


def zones_of(times: Iterable[datetime | None]) -> str:
    """Return the names of the zones of some times, joined.

    >>> zones_of([local('2026-03-01T09:30:00+02:00', utc=True), None])
    'UTC'
    """
    names = dict.fromkeys(when.strftime('%Z') for when in times if when is not None)
    return '/'.join(names)


def span(begin: datetime, end: datetime) -> str:
    """Return the time from one moment to another, the date once.

    >>> one, two = (local(f'2026-03-01T09:{m}:00+00:00', utc=True) for m in (10, 30))
    >>> span(one, two), span(one, one)
    ('2026-03-01 09:10:00 to 09:30:00 UTC', '2026-03-01 09:10:00 UTC')
    """
    first, last = to_the_second(begin), to_the_second(end)
    if first == last:
        return f'{first} {zones_of([begin])}'
    if first[:10] == last[:10]:
        last = last[11:]
    return f'{first} to {last} {zones_of([begin, end])}'


def since(word: str) -> float:
    """Return the moment that --since means, in seconds since 1970.

    Raises:
        ValueError: it is neither a time ago, such as 2h, nor a date.
    """
    ago = AGO.fullmatch(word.strip())
    if ago:
        return time.time() - float(ago[1]) * SECONDS[ago[2]]
    found = moment(word.strip())
    try:
        if found is not None:
            return found.timestamp()
    except (OverflowError, OSError, ValueError):
        pass
    raise ValueError(
        f'{word!r} is not a time: type for instance 90s, 30min, 2h, 3d or 2026-03-01'
    )
