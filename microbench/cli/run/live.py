"""Show on a terminal, while a run lasts, how long it has taken so far.

That happens only if nothing that the command prints can reach the terminal: what it prints
is stored and not shown, or goes elsewhere. Otherwise both would write over each other. It
is drawn in the timer thread, once a second.
"""

from __future__ import annotations

import os
import select
import sys
from time import monotonic

from ...results import units
from ..streams import descriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..args.parser import Settings
    from .child import Child
    from .progress import Progress
    from .timers import Timer, TimerThread

FIRST_AFTER, EVERY = 2.0, 1.0  # seconds
STREAMS = {'stdout': 1, 'stderr': 2}


class Live:
    """Draws the time of a run while it lasts.

    Args:
        progress: draws, and knows the runs that have ended.
        timers: calls it at the times of drawing.
    """

    def __init__(self, progress: Progress, timers: TimerThread) -> None:
        self.progress = progress
        self.timers = timers
        self._timer: Timer | None = None

    def started(self, child: Child) -> None:
        """Plan the first drawing."""
        now = monotonic()
        self._plan(now, now + FIRST_AFTER, child)

    def ended(self, child: Child) -> None:
        """Stop drawing, and erase what was drawn."""
        if self._timer is not None:
            self.timers.cancel(self._timer)
        self.progress.clear()

    # --- in the timer thread --------------------------------------------------

    def _plan(self, began: float, due: float, child: Child) -> None:
        self._timer = self.timers.at(due, lambda: self._show(began, due, child))

    def _show(self, began: float, due: float, child: Child) -> None:
        with child.lock:
            if child.over:
                return
            if can_write(self.progress.terminal.stream):
                words = words_of(child, due - began)
                self.progress.show_running(', '.join(words), due - began)
        self._plan(began, due + EVERY, child)


def words_of(child: Child, seconds: float) -> Iterator[str]:
    """Yield the time of a run so far, and what the monitor saw last."""
    yield f'{units.duration(seconds)} so far'
    if child.samples:
        sample = child.samples[-1]
        yield f'CPU {units.share(sample["cpu_percent"] / 100)}'
        yield units.size(sample['rss_bytes'])


def can_write(stream: object) -> bool:
    """Return whether a write will not block, as it would after Ctrl-S."""
    number = descriptor(stream)
    if number is None:
        return True
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(0))


def is_alone(settings: Settings) -> bool:
    """Return whether nothing that the command prints reaches a terminal."""
    return sys.stderr is not None and not any(
        getattr(settings, name) != 'suppress' and os.isatty(number)
        for name, number in STREAMS.items()
    )
