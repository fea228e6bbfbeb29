"""Ask a plain file whether it has a record, after an interruption.

A plain file is a FileOutput whose way of writing is its own. A signal handler may raise at
any moment of a write. A plain file can be read back, so the record is in it once. A sink of
another kind may have the record or not.
"""

from __future__ import annotations

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
    return issubclass(type(sink), FileOutput) and sink._can_be_read and sink._is_plain
