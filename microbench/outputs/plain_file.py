"""What a plain file is asked: whether it has a record, and where native code can write.

A plain file is a FileOutput whose way of writing is its own. A signal handler may raise at
any moment of a write. A plain file can be read back, so the record is in it once. A sink of
another kind may have the record or not.
"""

from __future__ import annotations

import io
import os

from .base import writer_of
from .file import FileOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_TRIES = 100  # each time Ctrl-C comes


def has(sink: Any, record: bytes) -> bool:
    """Return True if the sink is known to have the record."""
    return _can_be_asked(sink) and sink._ends_with(record)


def is_its_own(error: BaseException, sink: Any) -> bool:
    """Return True if the sink raised the error, not Ctrl-C or another signal handler.

    Files raise known errors. A sink of another kind may raise anything.
    """
    if not _can_be_asked(sink):
        return True
    own = isinstance(error, (ValueError, TypeError, RuntimeError, MemoryError))
    return own or getattr(error, 'errno', None) is not None  # unlike TimeoutError()


def store_again(sink: Any, record: bytes) -> BaseException | None:
    """Give the record to a file that was interrupted, unless it has got it.

    Returns the error of the file, or None if it has the record.
    """
    for _ in range(MOST_TRIES):
        try:
            if not sink._ends_with(record):
                writer_of(sink)(record)
        except BaseException as error:
            failure = error
            if is_its_own(error, sink):
                return error
        else:
            return None
    return failure


def _can_be_asked(sink: Any) -> bool:
    """Return True if a sink is a Python file whose contents can be read back."""
    if not issubclass(type(sink), FileOutput) or not sink._can_be_read:
        return False
    return getattr(writer_of(sink), '__func__', None) is FileOutput.write_record


# --- what native code writes to -----------------------------------------------------------


def native_targets(sinks: list[Any]) -> list[str | int]:
    """Return the path or descriptor of each sink that has one."""
    return [target for target in map(native_target, sinks) if target is not None]


def native_target(sink: Any) -> str | int | None:
    """Return the path or descriptor to which native code can write instead of this sink.

    None for other sinks, for subclasses that override writing, and for file objects that
    transform their data (compressed files).
    """
    if not issubclass(type(sink), FileOutput):
        return None
    if getattr(writer_of(sink), '__func__', None) is not FileOutput.write_record:
        return None
    if not sink._is_path:
        return _descriptor_of(sink.outfile)
    try:
        return os.path.abspath(os.fsdecode(sink._place()))
    except FileNotFoundError:
        return None  # a relative path in a directory that was deleted


def _descriptor_of(file: Any) -> int | None:
    if type(file) is io.TextIOWrapper:
        if '{'.encode(file.encoding) != b'{':
            return None
        file = file.buffer
    if type(file) in (io.BufferedWriter, io.BufferedRandom):
        file = file.raw
    if type(file) is not io.FileIO or file.closed:
        return None
    return file.fileno()
