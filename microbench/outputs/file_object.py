"""Write to a file object, and read it back."""

from __future__ import annotations

import io
from errno import EAGAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from ..lock import Lock

BLOCK = 1 << 20


def write(file: Any, line: bytes) -> None:
    """Write a line, and flush it."""
    if isinstance(file, io.RawIOBase):
        _write_all(file, line)
    else:
        file.write(line if _is_binary(file) else line.decode())
    flush = getattr(file, 'flush', None)
    if flush is not None:
        flush()


def _is_binary(file: Any) -> bool:
    if isinstance(file, io.BufferedIOBase):
        return True
    # A file of codecs.open() takes text, although `mode` is that of the file below it.
    return 'b' in str(getattr(file, 'mode', '')) and not hasattr(file, 'encoding')


def _write_all(file: io.RawIOBase, line: bytes) -> None:
    """Write a line to a raw file, which may accept only a part per call."""
    while line:
        written = file.write(line)
        if not written:
            rest = f'{len(line)} byte{"s" * (len(line) > 1)}'
            raise BlockingIOError(EAGAIN, f'{rest} could not be written')
        line = line[written:]


def raise_if_unwritable(file: Any) -> None:
    """Raise io.UnsupportedOperation if the file is not open for writing."""
    writable = getattr(file, 'writable', None)  # ValueError if the file is closed
    if writable is not None and not writable():
        raise io.UnsupportedOperation('not writable')


def contents(file: Any, lock: Lock) -> bytes:
    """Return the contents of a file object, whose position stays.

    Raises:
        OSError, AttributeError, ValueError: it cannot be read.
    """
    if type(file) is io.StringIO:
        text: str = file.getvalue()  # at once: a Recorder takes no lock
        return text.encode()
    with lock.held:
        position = file.tell()
        file.seek(0)
        try:
            found = file.read()
        finally:
            file.seek(position)
    return found if isinstance(found, bytes) else found.encode()


def contains(file: IO[bytes], record: bytes) -> bool:
    """Return True if what is left to read of a file contains a record."""
    rest = b''
    while block := file.read(BLOCK):
        rest += block
        if record in rest:
            return True
        rest = rest[len(rest) - len(record) + 1 :] if len(record) <= len(rest) else rest
    return False


def descriptor_of(file: Any) -> int | None:
    """Return the descriptor of a file object that writes bytes as they are, or None."""
    if type(file) is io.TextIOWrapper:
        if '{'.encode(file.encoding) != b'{':
            return None
        file = file.buffer
    if type(file) in (io.BufferedWriter, io.BufferedRandom):
        file = file.raw
    if type(file) is not io.FileIO or file.closed:
        return None
    return file.fileno()
