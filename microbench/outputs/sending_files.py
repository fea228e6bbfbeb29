"""The files of a spool while `microbench resend` sends them.

NAME.TO.jsonl            a process may still append to it
NAME.TO.jsonl.N.sending  renamed: nothing is appended any more
NAME.TO.jsonl.N.sent     the offsets of its lines that a server has taken
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from .spool import FLAGS, is_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SENDING, SENT = '.sending', '.sent'


def claimed(path: str) -> str:
    """Rename a file, so that no process appends to it; return its path."""
    if path.endswith(SENDING):
        return path
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not is_at(descriptor, path):
            raise FileNotFoundError(path)
        new = f'{path}.{os.urandom(4).hex()}{SENDING}'
        os.rename(path, new)
        return new
    finally:
        os.close(descriptor)


def lines(path: str, done: frozenset[int] = frozenset()) -> Iterator[tuple[int, bytes]]:
    """Yield offset and contents of the lines of a file that are not done."""
    offset = 0
    with open(path, 'rb') as file:
        for line in file:
            if offset not in done and line.strip():
                yield offset, line.rstrip(b'\n')
            offset += len(line)


def batches(
    found: Iterator[tuple[int, bytes]], most: int
) -> Iterator[list[tuple[int, bytes]]]:
    """Yield lines, so many at a time."""
    batch = []
    for line in found:
        batch.append(line)
        if len(batch) >= most:
            yield batch
            batch = []
    if batch:
        yield batch


def offsets(path: str) -> frozenset[int]:
    """Return the offsets of the lines that a server has taken."""
    with suppress(FileNotFoundError), open(path[: -len(SENDING)] + SENT, 'rb') as file:
        return frozenset(int(line) for line in file.read().split(b'\n')[:-1])
    return frozenset()


def note(path: str, batch: list[tuple[int, bytes]]) -> None:
    """Note that a server has taken these lines, with one write."""
    if batch:
        text = ''.join(f'{offset}\n' for offset, _ in batch).encode()
        descriptor = os.open(path[: -len(SENDING)] + SENT, FLAGS, 0o600)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)


def count(path: str) -> int:
    """Return how many lines a server has not taken."""
    done = offsets(path)
    return sum(offset not in done for offset, _ in lines(path))


def remove(path: str) -> None:
    """Remove a file, all of whose lines are done."""
    for name in (path, path[: -len(SENDING)] + SENT):
        with suppress(FileNotFoundError):
            os.unlink(name)
