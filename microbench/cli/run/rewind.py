"""Give repeated runs the same standard input, or print a message if that is impossible.

A file is set back to its first position before each run, unless it was written through the
same descriptor: output would be overwritten. A pipe or a socket is read to its end before
the first run, and each run gets what it had. A terminal is left alone: each run reads
what is typed.

A pipe of job runners and ssh(1) may stay open and empty for ever, and the command does not
read it. So a pipe without input is waited for shortly. Where input comes later, a message
says that one run alone has read it. With `--input -` it is waited for.
"""

from __future__ import annotations

import os
import stat
import sys

from ...messages import print_stderr
from ..streams import write_all
from ..words import UsageError, quote

STDIN = 0
MOST = 64 << 20  # bytes of a pipe that are kept
WAIT = 1.0  # seconds in which input has to begin
PIECE = 1 << 20
ONCE = (
    'microbench: standard input is a pipe, so only one run can read it. To let each run '
    'read all of it, use a file: --input FILE'
)
TOO_LONG = 'standard input is longer than 64 MiB: put it into a file, and use --input FILE'


class StandardInput:
    """The input of each run: call it before one; `options` are those of its start."""

    def __init__(self) -> None:
        self.options: dict[str, int] = {}

    def __call__(self) -> None:
        """Prepare a run."""


def input_of(name: str | None = None) -> StandardInput:
    """Return the standard input of several runs, warm-up included.

    Args:
        name: file that each run reads; `-` waits for the end of standard input; None takes
            that as it is.

    Raises:
        UsageError: the file cannot be read, or a pipe is too long.
    """
    if name is not None and name != '-':
        return _of_file(name)
    try:
        mode = os.fstat(STDIN).st_mode
        if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
            return Rewinding(STDIN)
    except OSError:  # it is closed
        return StandardInput()
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return Stored(STDIN) if name or _begins(STDIN) else OnlyOnce(STDIN)
    return StandardInput()


def _of_file(name: str) -> StandardInput:
    try:
        number = os.open(name, os.O_RDONLY)
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, 'it is a directory')
    except OSError as error:
        raise UsageError(
            f'--input {quote(name)} cannot be read: {error.strerror}'
        ) from None
    found: StandardInput
    if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        found = Rewinding(number)
        found.options = {'stdin': number}
        return found
    return Stored(number)


def _begins(number: int) -> bool:
    """Return whether a pipe has input, or is at its end, within a moment."""
    import select  # start-up time

    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(WAIT * 1000))


class Stored(StandardInput):
    """What a pipe had, in memory.

    Raises:
        UsageError: it is too long.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = _memory()
        self.options = {'stdin': self.number}
        size = 0
        while piece := _read(number):
            size += len(piece)
            if size > MOST:
                raise UsageError(TOO_LONG)
            write_all(self.number, piece)

    def __call__(self) -> None:
        """Let the next run begin at its beginning."""
        os.lseek(self.number, 0, os.SEEK_SET)


def _read(number: int) -> bytes:
    """Read from a descriptor, which may be non-blocking."""
    while True:
        try:
            return os.read(number, PIECE)
        except BlockingIOError:
            _begins(number)


def _memory() -> int:
    """Return the descriptor of a file without a name."""
    if hasattr(os, 'memfd_create'):
        return os.memfd_create('microbench')
    import tempfile  # start-up time

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _is_read_only(number: int) -> bool:
    """Return whether a descriptor is read-only; if not, output may go to the same file."""
    import fcntl  # start-up time

    return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _version(number: int) -> tuple[int, int]:
    status = os.fstat(number)
    return status.st_size, status.st_mtime_ns


class Rewinding(StandardInput):
    """Sets a file back to its first position, unless output may have been written to it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.start = os.lseek(number, 0, os.SEEK_CUR)
        self.is_read_only = _is_read_only(number)
        self.version = _version(number)

    def __call__(self) -> None:
        """Set the file back."""
        if self.is_read_only or _version(self.number) == self.version:
            os.lseek(self.number, self.start, os.SEEK_SET)


class OnlyOnce(StandardInput):
    """Prints once that only one run can read a pipe, if the pipe has, or had, input.

    A pipe that is at its end from the start gives every run the same empty input. A pipe
    that stays empty and open, as from ssh(1) or a job runner, is not in use.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
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
