"""Print the progress of a comparison on a terminal, between two runs."""

from __future__ import annotations

import sys
from time import monotonic

from ...results import units
from ..run.job_control import in_foreground
from ..terminal import Terminal

REDRAW_AFTER = 0.2  # seconds
ERASE = '\r\033[K'


class Progress:
    """A line on standard error that is drawn anew.

    Args:
        is_quiet: print nothing.
    """

    def __init__(self, is_quiet: bool) -> None:
        terminal = None if is_quiet or sys.stderr is None else Terminal(sys.stderr)
        self.terminal = terminal if terminal is not None and terminal.can_erase else None
        self.began = self.drawn_at = monotonic()

    def between(self, number: int) -> None:
        """Draw the number of the round, unless it was drawn a moment ago."""
        now = monotonic()
        if self.terminal is None or now - self.drawn_at < REDRAW_AFTER:
            return
        self.drawn_at = now
        past = units.duration(now - self.began)
        where = 'warm-up' if number < 0 else f'round {number + 1}'
        self._write(f'{ERASE}{where}, {past} so far')

    def clear(self) -> None:
        """Erase the line."""
        if self.terminal is not None:
            self._write(ERASE)

    def _write(self, text: str) -> None:
        assert self.terminal is not None
        try:
            if in_foreground():
                self.terminal.write(text)
                self.terminal.stream.flush()
        except (OSError, ValueError):
            self.terminal = None  # it has gone away
