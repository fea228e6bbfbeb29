"""Read a file while others write to it.

Only whole lines are read, so the read position is always the beginning of a line. Before
reading on, the first bytes of the file and the last bytes before the position are compared
with those that were read. This detects a file that was truncated, even if it has grown
beyond the position again.
"""

from __future__ import annotations

import os
from errno import EINVAL, EISDIR
from stat import S_ISDIR, S_ISREG

from ..results.compressed import LONGEST, kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 15  # bytes per read: their decoded records fit into the processor's cache
HEAD, LAST = 1024, 256  # bytes to compare: at the file's start, and before the position


def opened(path: str | bytes) -> TailedFile:
    """Open the file, pipe or device at a path.

    Raises:
        OSError: the path cannot be opened, is a directory, or is a compressed file.
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
    """Yield the lines of a file, each as soon as it is complete.

    Args:
        fd: open descriptor, which `close` closes. A rename of the file has no effect.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        state = os.fstat(fd)
        self.identity = state.st_dev, state.st_ino
        self._size = 0  # at the last call of is_continued
        self.start_over()

    def reopen(self, fd: int) -> None:
        """Continue with another descriptor of the file, which `close` closes."""
        self.fd = fd

    def is_behind(self, size: int) -> bool:
        """Return True if fewer than `size` bytes were read."""
        return self._position < size

    def start_over(self) -> None:
        """Read from the beginning."""
        # No newline is between _position and _barren.
        self._position = self._barren = 0
        self._head = self._last = b''

    def skip_to(self, position: int) -> None:
        """Continue at this position, which is the beginning of a line."""
        self._position = position
        self._head = os.pread(self.fd, min(HEAD, position), 0)
        self._last = os.pread(self.fd, min(LAST, position), max(0, position - LAST))

    def take_over(self, other: TailedFile) -> bool:
        """Continue where reading of another file ended; return True if this is its copy."""
        self._position, self._head, self._last = other._position, other._head, other._last
        if self._position and self.is_continued():
            return True
        self.start_over()
        return False

    @property
    def is_deleted(self) -> bool:
        """True if the file has no name any more."""
        return os.fstat(self.fd).st_nlink == 0

    def is_continued(self) -> bool:
        """Return True if the bytes that were read are still there.

        If nothing was read yet, return True only if the file is and was empty.
        """
        before, self._size = self._size, os.fstat(self.fd).st_size
        if not self._position:
            return before == self._size == 0
        last = os.pread(self.fd, len(self._last), self._position - len(self._last))
        head = os.pread(self.fd, len(self._head), 0)
        return last == self._last and head == self._head

    def batches(self) -> Iterator[bytes]:
        """Yield the new complete lines, many at once.

        Newlines separate the lines; none is at the end. Stops at the size that the file
        had at the call, so a writer that never pauses does not keep it busy.
        """
        end = os.fstat(self.fd).st_size
        while self._position < end:
            lines = self._taken(end)
            if lines is None:
                return
            yield lines

    def skip_to_end(self) -> None:
        """Skip all lines that are complete by now."""
        end = os.fstat(self.fd).st_size
        while end:
            start = max(0, end - CHUNK)
            cut = os.pread(self.fd, end - start, start).rfind(b'\n') + 1
            if cut:
                self.skip_to(start + cut)
                return
            end = start

    def lines_backwards(self) -> Iterator[bytes]:
        """Yield the lines before the position, the last one first."""
        end, size, begun = self._position - 1, CHUNK, b''
        while end > 0:
            start = max(0, end - size)
            first, *lines = (os.pread(self.fd, end - start, start) + begun).split(b'\n')
            yield from reversed(lines)
            begun, end = first, start
            size = CHUNK if lines else 2 * size  # so that a long line is not copied often
        yield begun

    def unfinished(self) -> bytes:
        """Return the bytes after the lines that were read."""
        return os.pread(self.fd, os.fstat(self.fd).st_size, self._position)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.fd)

    def _taken(self, end: int) -> bytes | None:
        """Return the next whole lines; None if none follow, or the file was changed.

        Args:
            end: position at which reading stops.
        """
        back = len(self._last)
        data = self._read(min(CHUNK, end - self._position), back)
        cut = data.rfind(b'\n', back) + 1
        if not cut:  # a long line, or nothing complete
            cut = back + self._length_of_line(end)
            data = self._read(cut - back, back)
        if cut == back or data[cut - 1 : cut] != b'\n' or data[:back] != self._last:
            return None  # the file was truncated since the size was read
        self._head += data[back : min(cut, back + HEAD - len(self._head))]
        self._last = data[max(0, cut - LAST) : cut]
        self._position += cut - back
        return data[back : cut - 1]

    def _read(self, size: int, back: int) -> bytes:
        """Return `back` bytes before the position and `size` bytes after it."""
        return os.pread(self.fd, back + size, self._position - back)

    def _length_of_line(self, end: int) -> int:
        """Return the length of the next line with its newline; 0 if it is incomplete."""
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
    """Yield the lines of a pipe or terminal, which has no positions."""

    _rest = bytearray()  # of a line that is not complete

    def is_continued(self) -> bool:
        """Return True: a pipe cannot be truncated."""
        return True

    def take_over(self, other: TailedFile) -> bool:
        """Return False: a pipe is never a copy."""
        return False

    def skip_to_end(self) -> None:
        """Do nothing: a pipe has no contents before they are read."""

    def lines_backwards(self) -> Iterator[bytes]:
        """Return no lines: a pipe cannot be read twice."""
        return iter(())

    def batches(self) -> Iterator[bytes]:
        """Yield the lines that are complete by now."""
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
        """Return the bytes that arrived without a newline."""
        return bytes(self._rest)
