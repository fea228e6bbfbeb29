"""Ask what kind of stream an object is, and write bytes to real files."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal; False for a closed one and for None."""
    if stream is None:
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def descriptor(stream: Any) -> int | None:
    """Return the descriptor of a real file, and None for anything else."""
    try:
        number = stream.fileno()
    except Exception:  # a StringIO, None, an object of the user
        return None
    return number if type(number) is int else None


def write_all(number: int, data: bytes) -> None:
    """Write to a descriptor, which may be non-blocking: the command can make it so."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(number, left) :]
        except BlockingIOError:
            import select

            select.select([], [number], [])
