"""A line on a terminal that says how far a sweep is; into a pipe or a log goes nothing."""

from __future__ import annotations

import os
import sys
from time import monotonic

from ..results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REDRAW_AFTER = 0.2  # seconds
ERASE = '\r\033[K'


class Progress:
    """The progress of a sweep, on standard error.

    Args:
        total: number of calls.
        clock: returns seconds.
    """

    def __init__(self, total: int, clock: Any = monotonic) -> None:
        self.total = total
        self.done = self.failed = 0
        self._stream = sys.stderr if _can_erase(sys.stderr) else None
        self._clock = clock
        self._began = self._drawn_at = clock()

    def add(self, has_failed: bool) -> None:
        """Count a call; draw, unless that was done a moment ago."""
        self.done += 1
        self.failed += has_failed
        if self._stream is None:
            return
        now = self._clock()
        if now - self._drawn_at >= REDRAW_AFTER:
            self._drawn_at = now
            self._write(ERASE + self._text(now - self._began))

    def _text(self, past: float) -> str:
        left = past / self.done * (self.total - self.done)
        failed = f', {self.failed} failed' if self.failed else ''
        times = f'{units.duration(past)} so far, {units.duration(left)} left'
        return f'{self.done} of {self.total}{failed}, {times}'

    def clear(self) -> None:
        """Erase the line."""
        self._write(ERASE)

    def _write(self, text: str) -> None:
        if self._stream is None or not _in_foreground(self._stream):
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._stream = None  # the terminal has gone away


def _can_erase(stream: Any) -> bool:
    try:
        return stream.isatty() and os.environ.get('TERM', 'dumb') not in ('dumb', '')
    except (AttributeError, ValueError):
        return False


def _in_foreground(stream: Any) -> bool:
    """Return False for a background job, which the terminal may stop when it writes."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):
        return True
