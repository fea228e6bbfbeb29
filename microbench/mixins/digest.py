"""Compute the digest of a file's bytes at one moment."""

from __future__ import annotations

import errno
import io
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

BLOCK = 1 << 20
# Bytes of digests that can have any length: the strength their names promise.
LENGTHS = {'shake_128': 32, 'shake_256': 64}
# A file that changed a moment ago may change again and show the same time.
SETTLED_NS = 2 * 10**9
ATTEMPTS = 3  # to read a file that changes meanwhile; a large one is read once
LARGE = 64 << 20


class ChangingFileError(OSError):
    """The file changed while it was read, or since the program started."""


def new_hash(algorithm: str) -> Any:
    """Return a fresh hash object.

    Raises:
        ValueError: hashlib knows no such algorithm.
    """
    import hashlib

    return hashlib.new(algorithm, usedforsecurity=False)


def file_digest(path: Any, algorithm: str, known: dict[Any, tuple[Any, str]]) -> str:
    """Return the hex digest of a file.

    A file is read again only if it has changed, or may have.

    Args:
        path: path of the file.
        algorithm: name of an algorithm of hashlib.
        known: digests of earlier calls, which is updated.

    Raises:
        OSError: the file cannot be read, or is a pipe or device, which must not be read.
        ChangingFileError: the file changed during each attempt to read it.
        ValueError: hashlib knows no such algorithm.
    """
    key = (os.fspath(path), algorithm)
    try:
        state = state_of(path)
    except FileNotFoundError:
        return hex_digest(path, algorithm)  # open() raises, unless a test has replaced it
    held = known.get(key)
    if held is not None and held[0] == state:
        return held[1]
    state, digest = _read(path, algorithm, state)
    if time.time_ns() - max(state[-2:]) > SETTLED_NS:
        known[key] = (state, digest)
    return digest


def _read(path: Any, algorithm: str, state: tuple[int, ...]) -> tuple[tuple[int, ...], str]:
    """Return a state of the file and its digest."""
    for _ in range(ATTEMPTS):
        before, size = state, state[2]
        digest = hex_digest(path, algorithm, size or None)  # in /proc all sizes are 0
        state = state_of(path)
        if state == before:
            return state, digest
        if size > LARGE:
            break
    raise ChangingFileError(errno.EAGAIN, 'changed while it was read', path)


def hex_digest(path: Any, algorithm: str, size: int | None = None) -> str:
    """Return the digest of a file's bytes; read no more than a block beyond `size`."""
    digest = new_hash(algorithm)
    read = 0
    with open_file(path) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            read += len(block)
            if size is not None and read > size:
                break  # it grows, maybe as fast as it is read
    length = LENGTHS.get(digest.name.replace('-', '_').lower())
    return str(digest.hexdigest() if length is None else digest.hexdigest(length))


def open_file(path: Any) -> BinaryIO:
    """Open a regular file for reading, without waiting for a pipe that has replaced it.

    Raises:
        OSError: the file cannot be opened, or is not a regular file.
    """
    if open is not io.open:
        return open(path, 'rb')  # tests of users put their own in its place
    return open(path, 'rb', opener=_descriptor)


def _descriptor(path: Any, flags: int) -> int:
    """Return a descriptor of a regular file; of a directory, open() raises by itself."""
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    except BlockingIOError:  # it has a lease, as Samba takes one: wait for its end
        descriptor = os.open(path, flags)
    try:
        _check_kind(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(found: os.stat_result, path: Any) -> None:
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OSError(errno.EINVAL, 'not a regular file', path)


def state_of(path: Any) -> tuple[int, ...]:
    """Return values that change with the file: device, inode, size, and two times.

    Raises:
        OSError: the path leads to nothing, or neither to a file nor to a directory.
    """
    found = os.stat(path)
    _check_kind(found, path)
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return (found.st_dev, found.st_ino, found.st_size, *times)
