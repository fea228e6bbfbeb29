"""A file that others write while we read it.

Only whole lines are taken; our position is the beginning of one. What was read is not
read again, as long as it is still there: the first bytes of the file, and the last before
our position, are compared with what they were. So a file that was cut off and has grown
beyond our position is noticed as well as one that became shorter.
"""

from __future__ import annotations

import os
from errno import EISDIR
from stat import S_ISDIR, S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 15  # bytes a reading: as much as stays in the processor's cache, decoded
HEAD, LAST = 1024, 256  # bytes that are compared: of the file's start, before our position


def opened(path: str | bytes) -> GrowingFile:
    """Return the file at a path, whatever its kind.

    Raises:
        OSError: it cannot be opened, or is a directory.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(fd).st_mode
    if S_ISDIR(mode):
        os.close(fd)
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), path)
    return GrowingFile(fd) if S_ISREG(mode) else GrowingPipe(fd)


class GrowingFile:
    """The lines of a file, each once it is complete.

    Args:
        fd: an open descriptor, which is ours from now on. Whatever happens to the name of
            the file, it stays this file.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        state = os.fstat(fd)
        self.identity = state.st_dev, state.st_ino
        self._size = 0  # at the last look
        self.start_over()

    def start_over(self) -> None:
        """Read from the beginning."""
        self._position = self._barren = 0  # before the latter is no newline
        self._head = self._last = b''

    def skip_to(self, position: int) -> None:
        """Leave out what is before this position, the beginning of a line."""
        self._position = position
        self._head = os.pread(self.fd, min(HEAD, position), 0)
        self._last = os.pread(self.fd, min(LAST, position), max(0, position - LAST))

    def take_over(self, other: GrowingFile) -> bool:
        """Go on where the reading of another file ended, if this is a copy of it."""
        self._position, self._head, self._last = other._position, other._head, other._last
        if self._position and self.is_continued():
            return True
        self.start_over()
        return False

    @property
    def is_deleted(self) -> bool:
        """Whether no name leads to it any more."""
        return os.fstat(self.fd).st_nlink == 0

    def is_continued(self) -> bool:
        """Whether what was read is still where it was; where nothing was, nobody knows."""
        before, self._size = self._size, os.fstat(self.fd).st_size
        if not self._position:
            return before == self._size == 0
        last = os.pread(self.fd, len(self._last), self._position - len(self._last))
        head = os.pread(self.fd, len(self._head), 0)
        return last == self._last and head == self._head

    def batches(self) -> Iterator[list[bytes]]:
        """Yield the new lines, without their newlines, that are complete by now.

        A writer that never pauses is followed up to where it was at the call.
        """
        end = os.fstat(self.fd).st_size
        while self._position < end:
            data = self._taken(self._end_of_lines(end))
            if not data:
                return
            yield data[:-1].split(b'\n')

    def skip_to_end(self) -> None:
        """Leave out all lines that are complete by now."""
        end = os.fstat(self.fd).st_size
        while end:
            start = max(0, end - CHUNK)
            cut = os.pread(self.fd, end - start, start).rfind(b'\n') + 1
            if cut:
                self.skip_to(start + cut)
                return
            end = start

    def lines_backwards(self) -> Iterator[bytes]:
        """Yield the lines before our position, the last one first."""
        end, size, begun = self._position - 1, CHUNK, b''
        while end > 0:
            start = max(0, end - size)
            first, *lines = (os.pread(self.fd, end - start, start) + begun).split(b'\n')
            yield from reversed(lines)
            begun, end = first, start
            size = CHUNK if lines else 2 * size  # so that a long line is not copied often
        yield begun

    def unfinished(self) -> list[bytes]:
        """Return what is there without a newline."""
        rest = os.pread(self.fd, os.fstat(self.fd).st_size, self._position)
        return rest.split(b'\n')

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.fd)

    def _end_of_lines(self, end: int) -> int:
        """Return where the last line of the next chunk ends, or our position."""
        start = max(self._position, self._barren)
        while start < end:
            data = os.pread(self.fd, min(CHUNK, end - start), start)
            cut = data.rfind(b'\n') + 1
            if cut:
                return start + cut
            if len(data) < CHUNK:
                break
            start = self._barren = start + CHUNK  # a long line is not searched again
        return self._position

    def _taken(self, end: int) -> bytes:
        """Return what is up to `end`; nothing if it does not follow what was read."""
        back = len(self._last)
        data = os.pread(self.fd, back + end - self._position, self._position - back)
        if data[:back] != self._last or data[-1:] != b'\n':
            return b''  # it was cut off this moment
        new = data[back:]
        self._head += new[: HEAD - len(self._head)]
        self._last = data[-LAST:]
        self._position = end
        return new


class GrowingPipe(GrowingFile):
    """The lines of what has no positions and is read as it comes: a pipe, a terminal."""

    _rest = bytearray()  # of a line that is not complete

    def is_continued(self) -> bool:
        """It cannot be cut off."""
        return True

    def take_over(self, other: GrowingFile) -> bool:
        """It is no copy."""
        return False

    def skip_to_end(self) -> None:
        """Nothing is there before it is read."""

    def lines_backwards(self) -> Iterator[bytes]:
        """What was read is gone."""
        return iter(())

    def batches(self) -> Iterator[list[bytes]]:
        """Yield the lines that are complete by now, of what a pipe can hold."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return
        cut = data.rfind(b'\n')
        if cut >= 0:
            yield (bytes(self._rest) + data[:cut]).split(b'\n')
            self._rest = bytearray()
        self._rest += data[cut + 1 :]

    def unfinished(self) -> list[bytes]:
        """Return what came without a newline."""
        return [bytes(self._rest)]
