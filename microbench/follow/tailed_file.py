"""A file that others write while we read it.

Only whole lines are taken; our position is the beginning of one. What was read is not
read again, as long as it is still there: the first bytes of the file, and the last before
our position, are compared with what they were. So a file that was cut off and has grown
beyond our position is noticed as well as one that became shorter.
"""

from __future__ import annotations

import os
from errno import EINVAL, EISDIR
from stat import S_ISDIR, S_ISREG

from ..results.compressed import LONGEST, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 15  # bytes a reading: as much as stays in the processor's cache, decoded
HEAD, LAST = 1024, 256  # bytes that are compared: of the file's start, before our position


def opened(path: str | bytes) -> TailedFile:
    """Return the file at a path, whatever its kind.

    Raises:
        OSError: it cannot be opened, is a directory, or is compressed.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(fd).st_mode
    if S_ISDIR(mode):
        os.close(fd)
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), path)
    if not S_ISREG(mode):
        return TailedPipe(fd)
    if kind_of(os.pread(fd, LONGEST, 0)) is not None:
        os.close(fd)
        raise OSError(EINVAL, 'it is compressed, and does not grow', path)
    return TailedFile(fd)


class TailedFile:
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

    def take_over(self, other: TailedFile) -> bool:
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

    def batches(self) -> Iterator[bytes]:
        """Yield the new lines that are complete by now, many at once.

        Newlines are between them, none is at the end. A writer that never pauses is
        followed up to where it was at the call.
        """
        end = os.fstat(self.fd).st_size
        while self._position < end:
            lines = self._taken(end)
            if lines is None:
                return
            yield lines

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

    def unfinished(self) -> bytes:
        """Return what is there beyond the lines that were taken."""
        return os.pread(self.fd, os.fstat(self.fd).st_size, self._position)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.fd)

    def _taken(self, end: int) -> bytes | None:
        """Return the next whole lines; None if none follow what was read before.

        Args:
            end: nothing beyond is looked at.
        """
        back = len(self._last)
        data = self._read(min(CHUNK, end - self._position), back)
        cut = data.rfind(b'\n', back) + 1
        if not cut:  # a long line, or nothing complete
            cut = back + self._length_of_line(end)
            data = self._read(cut - back, back)
        if cut == back or data[cut - 1 : cut] != b'\n' or data[:back] != self._last:
            return None  # in the latter cases it was cut off this moment
        self._head += data[back : min(cut, back + HEAD - len(self._head))]
        self._last = data[max(0, cut - LAST) : cut]
        self._position += cut - back
        return data[back : cut - 1]

    def _read(self, size: int, back: int) -> bytes:
        """Return so many bytes before our position and after it."""
        return os.pread(self.fd, back + size, self._position - back)

    def _length_of_line(self, end: int) -> int:
        """Return how long the next line is, newline included; 0 if it is not complete."""
        start = max(self._position, self._barren)
        while start < end:
            data = os.pread(self.fd, min(CHUNK, end - start), start)
            cut = data.find(b'\n') + 1
            if cut:
                return start + cut - self._position
            if len(data) < CHUNK:
                break
            start = self._barren = start + CHUNK  # a long line is not searched again
        return 0


class TailedPipe(TailedFile):
    """The lines of what has no positions and is read as it comes: a pipe, a terminal."""

    _rest = bytearray()  # of a line that is not complete

    def is_continued(self) -> bool:
        """It cannot be cut off."""
        return True

    def take_over(self, other: TailedFile) -> bool:
        """It is no copy."""
        return False

    def skip_to_end(self) -> None:
        """Nothing is there before it is read."""

    def lines_backwards(self) -> Iterator[bytes]:
        """What was read is gone."""
        return iter(())

    def batches(self) -> Iterator[bytes]:
        """Yield the lines that are complete by now, of what a pipe can hold."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return
        cut = data.rfind(b'\n')
        if cut >= 0:
            yield bytes(self._rest) + data[:cut]
            self._rest = bytearray()
        self._rest += data[cut + 1 :]

    def unfinished(self) -> bytes:
        """Return what came without a newline."""
        return bytes(self._rest)
