"""Standard input of repeated runs: each reads the same, or a message says that it cannot.

A file is set back, before each run, to where it was at first; not if it can be written
through the same descriptor and was, since output would be overwritten. A pipe or a socket
can be read once only: where there is input in one, a message says so before it is taken. A
terminal is left alone: each run reads what is typed into it, as it would without us.

Nothing is read ahead and no pipe is stored: it may be one that never ends, which the
command would not have read at all.
"""

from __future__ import annotations

import os
import stat
import sys

from ..messages import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STDIN = 0
ONCE = (
    'microbench: standard input is a pipe: what one run has read, the next one does not '
    'get. Give a file, as < FILE, and each run reads all of it'
)


def input_of() -> Callable[[], None]:
    """Return what to call before each of several runs, the warm-up ones included."""
    try:
        mode = os.fstat(STDIN).st_mode
        if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
            return Rewinding(STDIN)
    except OSError:  # it is closed
        return lambda: None
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return OnlyOnce(STDIN)
    return lambda: None


def _is_read_only(number: int) -> bool:
    """Whether nothing can be written through it: output may go to the same place."""
    import fcntl  # start-up time

    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _version(number: int) -> tuple[int, int]:
    status = os.fstat(number)
    return status.st_size, status.st_mtime_ns


class Rewinding:
    """Sets a file back to where it was, unless output may have gone there."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.start = os.lseek(number, 0, os.SEEK_CUR)
        self.is_read_only = _is_read_only(number)
        self.version = _version(number)

    def __call__(self) -> None:
        """Do that."""
        if self.is_read_only or _version(self.number) == self.version:
            os.lseek(self.number, self.start, os.SEEK_SET)


class OnlyOnce:
    """Says once that input in a pipe is for one run, when there is, or was, some.

    A pipe that is at its end from the beginning gives every run the same: nothing. One
    that stays empty and open, as of ssh(1) or a job runner, is not used.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.said = False
        self.was_open = not self._is_at_end()

    def __call__(self) -> None:
        """Look at it."""
        if not self.said and (self._waiting() or (self.was_open and self._is_at_end())):
            self.said = True
            tell(ONCE)

    def _waiting(self) -> int:
        """Return how many bytes are in it."""
        import fcntl  # start-up time
        import termios

        size = bytearray(4)
        try:
            fcntl.ioctl(self.number, termios.FIONREAD, size)
        except OSError:
            return 0
        return int.from_bytes(size, sys.byteorder)

    def _is_at_end(self) -> bool:
        import select  # start-up time

        poll = select.poll()
        poll.register(self.number, select.POLLIN)
        return bool(poll.poll(0)) and not self._waiting()
