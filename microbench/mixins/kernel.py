"""Read files in which the Linux kernel describes a machine and a process."""

from __future__ import annotations

import io
import os

from ..messages import one_line
from ..messages import text_of as message_of

LONGEST = 1 << 24  # bytes; such files are far shorter
PIECE = 1 << 16
FLAGS = os.O_RDONLY | getattr(os, 'O_CLOEXEC', 0) | getattr(os, 'O_NONBLOCK', 0)


def text_of(path: str) -> str:
    """Return the text of a file. Bytes that are not UTF-8 become surrogates.

    Raises:
        OSError: the file is missing, cannot be read, or is too long.
    """
    if is_stubbed():
        with open(path) as file:
            text: str = file.read()
            return text
    return _bytes_of(path).decode('utf-8', 'surrogateescape')


def is_stubbed() -> bool:
    """Return True if a test replaces what the kernel says: then its `open` is asked."""
    return open is not io.open


def _bytes_of(path: str) -> bytes:
    """Read a file in the quickest way; from a pipe, only bytes that are there."""
    descriptor = os.open(path, FLAGS)
    try:
        data = bytearray()
        while piece := os.read(descriptor, PIECE):
            data += piece
            if len(data) > LONGEST:
                raise OSError(f'{path} has more than {LONGEST} bytes')
        return bytes(data)
    finally:
        os.close(descriptor)


def is_number(text: str, digits: int) -> bool:
    """Return True if it is a number as the kernel writes it, of at most so many digits."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def reason(error: Exception) -> str:
    """Return why a value is missing; for errors raised by this package, only the text."""
    is_own = type(error) in (ValueError, LookupError)  # a KeyError is that of a library
    return message_of(error) if is_own else one_line(error)
