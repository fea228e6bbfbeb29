"""Write a new file, which appears under its name when it is complete."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from ..journal.written import is_compressed
from ..messages import safe
from .words import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """Open a new file for writing, which has its name at the end.

    Raises:
        UsageError: the file exists, or its name is that of a compressed one.
        OSError: it cannot be written.
    """
    with part_of(path) as part, open(part, 'wb') as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def part_of(path: str) -> Iterator[str]:
    """Make the empty file `PATH.PID.part`, and give it its name at the end.

    Until then a reader finds nothing; an existing file is never replaced.

    Raises:
        UsageError: the file exists, or its name is that of a compressed one.
        OSError: it cannot be made.
    """
    check_new_file(path)
    part = f'{path}.{os.getpid()}.part'
    try:
        with open(part, 'xb'):
            pass
        yield part
        _publish(part, path)
    except FileNotFoundError as error:
        error.filename = path
        raise
    finally:
        with suppress(OSError):
            os.unlink(part)


def check_new_file(path: str) -> None:
    """Raise UsageError for the name of a file that exists, or would not be as it says."""
    if is_compressed(path):
        raise UsageError(f'{safe(path)} would not be compressed: pipe to a program for it')
    if os.path.lexists(path):
        raise _exists(path)


def _publish(part: str, path: str) -> None:
    """Give a new file its name; reject a name that exists."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without hard links
        os.rename(part, path)


def _exists(path: str) -> UsageError:
    return UsageError(f'{safe(path)} exists: name a new file')
