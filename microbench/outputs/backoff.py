"""How long to wait before a server is asked again."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FIRST, LONGEST = 0.5, 60.0  # seconds
LONGEST_ASKED = 3600.0  # of what a server asks for


def random_share() -> float:
    """Return a number between a half and one, without a draw from the module `random`."""
    return 0.5 + int.from_bytes(os.urandom(4), 'big') / (1 << 33)


class Backoff:
    """Waits that double after each failure, up to a minute, and differ between processes.

    Args:
        share: returns the share of each wait that is kept, so that many processes do not
            ask at the same moment.

    >>> backoff = Backoff(lambda: 1.0)
    >>> [backoff.next() for _ in range(9)]
    [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    """

    def __init__(self, share: Callable[[], float] = random_share) -> None:
        self._share = share
        self.failures = 0

    def next(self) -> float:
        """Count one more failure, and return the seconds to wait after it."""
        wait = min(FIRST * 2.0 ** min(self.failures, 20), LONGEST)
        self.failures += 1
        return wait * self._share()

    def reset(self) -> None:
        """Begin anew, after a success."""
        self.failures = 0


def retry_after(value: Any, now: float) -> float:
    """Return the seconds that a header `Retry-After` asks for; 0 if it is not understood.

    Args:
        value: the header, seconds or a date; None if there is none.
        now: the time of the wall clock.

    >>> retry_after('120', 0.0), retry_after('Thu, 01 Jan 1970 00:00:09 GMT', 2.0)
    (120.0, 7.0)
    """
    text = str(value or '').strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_ASKED)
    from email.utils import parsedate_to_datetime

    try:
        return min(max(parsedate_to_datetime(text).timestamp() - now, 0.0), LONGEST_ASKED)
    except (ValueError, TypeError, OverflowError):
        return 0.0
