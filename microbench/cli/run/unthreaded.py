"""Wait for the child and run the timers in the main thread, if the system gives no thread.

The main thread waits in poll(2) until the child has ended, a signal has arrived, a pipe of
the child can be read, or a timer is due. A descriptor of pidfd_open(2) signals the end of
the child. Without pidfd_open (before Linux 5.3, in some sandboxes) the child is checked a
thousand times a second, and a duration may be a millisecond too long.
"""

from __future__ import annotations

import os
from time import sleep

from .timers import LONGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .child import Child
    from .timers import TimerThread

POLL_INTERVAL = 0.001  # seconds
ATTEMPTS = 100


class Unthreaded:
    """Does the work of the timer thread while the main thread waits.

    Args:
        timers: a TimerThread without a thread.
    """

    def __init__(self, timers: TimerThread) -> None:
        self.timers = timers
        self._number: int | None = None  # the descriptor of the child

    def started(self, child: Child) -> None:
        """Let the end of the child interrupt the wait."""
        self._number = descriptor_of(child.pid) if child.is_real else None
        if self._number is not None:
            self.timers.listen(self._number, lambda: None)

    def ended(self, child: Child) -> None:
        """Close the descriptor of the child."""
        if self._number is not None:
            self.timers.ignore(self._number)
            os.close(self._number)

    def turn(self) -> None:
        """Wait for the next event, and handle it."""
        self.timers.turn(POLL_INTERVAL if self._number is None else LONGEST)


def retry_start(start: Callable[[], None]) -> None:
    """Start a process, and retry: the kernel frees the place of an ended thread late.

    Raises:
        BlockingIOError: there is still no place.
    """
    for _ in range(ATTEMPTS):
        try:
            return start()
        except BlockingIOError:
            sleep(POLL_INTERVAL)
    return start()


def descriptor_of(pid: int) -> int | None:
    """Return a descriptor that can be read once the process has ended, or None."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
