"""Keep the records that a sink did not take, until `microbench resend` sends them.

A spool is a directory. For each process and sink it has one file,
`HOST-PID-RANDOM.TO.jsonl`, a record on each line as it would have been delivered;
`TO.target` says where these records belong, without headers and passwords. resend.py reads
both.

A file is locked while a record is written. `microbench resend` renames it under the same
lock, so that nothing is written to what is being sent. No descriptor stays open.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from ..messages import one_line, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

LARGEST = 1 << 30  # bytes of a file
LIMIT = 'MICROBENCH_SPOOL_LIMIT'  # variable with another number of bytes
LINES, TARGET = '.jsonl', '.target'
FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Spool:
    """The file of one process for the records that one sink did not take.

    Args:
        directory: the spool; it is made, if its parent exists.
        describe: returns where the records belong, as an object of JSON without secrets.
    """

    def __init__(self, directory: str, describe: Callable[[], dict[str, Any]]) -> None:
        self.directory = directory
        self._describe = describe
        self._path = ''
        self._pid = 0
        self._is_failing = False

    def keep(self, records: list[bytes]) -> bool:
        """Append records with one write; return False, after a warning, if that fails."""
        data = b''.join([record + b'\n' for record in records])
        try:
            append(self._file(), data, _limit())
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                said = f'the spool {self.directory} did not take a record'
                warn(f'{said}: {one_line(error)}', RuntimeWarning)
            return False
        self._is_failing = False
        return True

    def _file(self) -> str:
        """Return the path of the file of this process, whose target is described."""
        pid = os.getpid()
        if self._pid != pid:
            make_directory(self.directory)
            host = ''.join(c for c in os.uname().nodename if c.isalnum() or c == '-')
            name = f'{host[:40]}-{pid}-{os.urandom(4).hex()}'
            self._path = os.path.join(self.directory, name)
            self._pid = pid  # last, since another thread may look at it
        return f'{self._path}.{write_target(self.directory, self._describe())}{LINES}'


def description_of(sink: object) -> Callable[[], dict[str, Any]]:
    """Return a function that describes a sink of a user: only its class is known."""
    return lambda: {'kind': 'other', 'class': class_name(sink)}


def class_name(sink: object) -> str:
    """Return the dotted name of the class of a sink."""
    return f'{type(sink).__module__}.{type(sink).__qualname__}'


def _limit() -> int:
    text = os.environ.get(LIMIT, '')
    return int(text) if text.isascii() and text.isdigit() else LARGEST


def make_directory(directory: str) -> None:
    """Make a spool, for its owner only."""
    with suppress(FileExistsError):
        os.mkdir(directory, 0o700)


def write_target(directory: str, target: dict[str, Any]) -> str:
    """Write the file that says where records belong, if it is missing; return its name."""
    import json
    from hashlib import sha256

    text = json.dumps(target, sort_keys=True)
    name = sha256(text.encode()).hexdigest()[:12]
    path = os.path.join(directory, name + TARGET)
    if not os.path.exists(path):
        new = f'{path}.{os.urandom(8).hex()}'
        with open(os.open(new, FLAGS | os.O_EXCL, 0o600), 'w', encoding='utf-8') as file:
            file.write(text + '\n')
        os.replace(new, path)
    return name


def append(path: str, data: bytes, limit: int | None = None) -> None:
    """Append whole lines to a file of the spool, or nothing.

    Raises:
        OSError: it could not be written, or would be larger than the limit.
    """
    for descriptor in _locked(path):
        size = os.fstat(descriptor).st_size
        if limit is not None and size + len(data) > limit:
            raise OSError(f'{path} has reached its limit of {limit} bytes ({LIMIT})')
        written = os.write(descriptor, data)
        if written < len(data):
            os.ftruncate(descriptor, size)
            raise OSError(f'{path} took {written} of {len(data)} bytes')


def _locked(path: str) -> Iterator[int]:
    """Yield a descriptor of the file at this path, locked, which nothing has renamed."""
    while True:
        descriptor = os.open(path, FLAGS, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_at(descriptor, path):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def is_at(descriptor: int, path: str) -> bool:
    """Return True if this file, not another one, is at the path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def described(text: str) -> tuple[str, bool]:
    """Return an address without what may be secret, and whether that is all of it.

    >>> described('https://h.org/in'), described('https://h.org/in?k=1')
    (('https://h.org/in', True), ('https://h.org/in', False))
    >>> described('https://h.org/hooks/4f5e6d7c8b9a0f1e2d3c')
    ('https://h.org/hooks/***', False)
    """
    plain = text.partition('?')[0].partition('#')[0]
    parts = plain.split('/')
    shown = [*parts[:3], *('***' if _may_be_key(part) else part for part in parts[3:])]
    return '/'.join(shown), '/'.join(shown) == text


def _may_be_key(part: str) -> bool:
    """Return True if a part of a path looks random, as in the address of a web hook."""
    digits = sum(c.isdigit() for c in part)
    return len(part) >= 16 and 0 < digits < len(part)
