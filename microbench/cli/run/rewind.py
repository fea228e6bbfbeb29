"""Give repeated runs the same standard input, or print a message if that is impossible.

A file is set back to its first position before each run, unless it was written through the
same descriptor: output would be overwritten. A pipe or a socket can only be read once; a
message says so before input from it is consumed. A terminal is left alone: each run reads
what is typed.

No pipe is read ahead or stored: it may be endless, and the command might not have read it
at all.
"""

from __future__ import annotations

import os
import stat
import sys

from ...messages import print_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STDIN = 0
ONCE = (
    'microbench: standard input is a pipe, so only one run can read it. To let each run '
    'read all of it, use a file: < FILE'
)


def input_of() -> Callable[[], None]:
    """Return a function to call before each of several runs, warm-up included."""
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
    """Return whether a descriptor is read-only; if not, output may go to the same file."""
    import fcntl  # start-up time

    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _version(number: int) -> tuple[int, int]:
    status = os.fstat(number)
    return status.st_size, status.st_mtime_ns


class Rewinding:
    """Sets a file back to its first position, unless output may have been written to it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.start = os.lseek(number, 0, os.SEEK_CUR)
        self.is_read_only = _is_read_only(number)
        self.version = _version(number)

    def __call__(self) -> None:
        """Set the file back."""
        if self.is_read_only or _version(self.number) == self.version:
            os.lseek(self.number, self.start, os.SEEK_SET)


class OnlyOnce:
    """Prints once that only one run can read a pipe, if the pipe has, or had, input.

    A pipe that is at its end from the start gives every run the same empty input. A pipe
    that stays empty and open, as from ssh(1) or a job runner, is not in use.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.said = False
        self.was_open = not self._is_at_end()

    def __call__(self) -> None:
        """Print the message if it applies now."""
        if not self.said and (self._waiting() or (self.was_open and self._is_at_end())):
            self.said = True
            print_stderr(ONCE)

    def _waiting(self) -> int:
        """Return how many bytes the pipe holds."""
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
