"""Send what a spool keeps: `microbench resend`.

    NAME.TO.jsonl            a process may still append to it
    NAME.TO.jsonl.N.sending  renamed: nothing is appended any more
    NAME.TO.jsonl.N.sent     the offsets of its lines that a server has taken

Offsets are noted after each answer, so that a `resend` that is killed sends at most one
batch again. A file goes away when all its lines are taken. Two cannot run at once.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager, suppress
from time import sleep

from ..messages import one_line
from ..results.reading import decode_line
from .backoff import Backoff
from .base import writer_of
from .network import NetworkOutput
from .spool import FLAGS, TARGET, is_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SENDING, SENT = '.sending', '.sent'
NAME = re.compile(r'[\w-]+\.([0-9a-f]{12})\.jsonl(?:\.[0-9a-f]+\.sending)?')
ATTEMPTS = 5
LONGEST_WAIT = 60.0  # seconds: a server that asks for more is left for the next time
# The module that sends to each kind of target, by its function again().
KINDS = {'http': 'http', 'redis': 'redis', 'postgresql': 'postgres', 'otlp': 'otlp'}


class Sent:
    """What became of the records for one target.

    Attributes:
        where: the target, for people.
        sent: records that the server has taken.
        doubled: records that it had taken already, as their ids say.
        refused: records that it will never take.
        left: records that were not tried, or not taken in time.
        damaged: lines that are no records.
        why: why some are left; empty if none is.
        refusal: why the last one was refused.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.sent = self.doubled = self.refused = self.left = self.damaged = 0
        self.why = self.refusal = ''


def resend(
    directory: str | os.PathLike[str],
    to: Any = None,
    headers: dict[str, str] | None = None,
) -> list[Sent]:
    """Send the records of a spool to where they belong, or to somewhere else.

    Args:
        directory: the spool.
        to: address of a server, or a sink, which stays open; None for where they belong.
        headers: headers of HTTP requests, such as `Authorization`.

    Returns:
        One result for each target. What no server took stays in the spool.

    Raises:
        BlockingIOError: another `resend` of this spool is running.
        OSError: the spool cannot be read.
    """
    path = os.fspath(directory)
    with _locked(path):
        return [
            _Sending(target, to, headers or {}).files(files)
            for target, files in sorted(_by_target(path).items())
        ]


def waiting(directory: str) -> dict[str, int]:
    """Return the number of records for each target, and change nothing."""
    found = {}
    for target, files in sorted(_by_target(directory).items()):
        found[_where(_read_target(target))] = sum(_count(path) for path in files)
    return found


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    descriptor = os.open(os.path.join(directory, '.lock'), FLAGS, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _by_target(directory: str) -> dict[str, list[str]]:
    """Return the paths of files of the spool, by that of their target."""
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(directory)):
        match = NAME.fullmatch(name)
        if match is not None:
            target = os.path.join(directory, match[1] + TARGET)
            found.setdefault(target, []).append(os.path.join(directory, name))
    return found


def _read_target(path: str) -> dict[str, Any]:
    try:
        with open(path, 'rb') as file:
            return decode_line(file.read()) or {}
    except FileNotFoundError:
        return {}


def _where(target: dict[str, Any]) -> str:
    """Return a target for people."""
    for name in ('url', 'key', 'table', 'class'):
        if name in target:
            return str(target[name])
    return 'an unknown target'


def _count(path: str) -> int:
    done = _offsets(path)
    return sum(offset not in done for offset, _ in _lines(path))


class _Sending:
    """The records for one target on their way."""

    def __init__(self, path: str, to: Any, headers: dict[str, str]) -> None:
        self._target = _read_target(path)
        self._ids: set[str] = set()
        self._to = to
        self._headers = headers
        self.result = Sent(_where(self._target))

    def files(self, paths: list[str]) -> Sent:
        """Send the lines of files, until the server takes no more."""
        sink: Any = None
        try:
            sink = sink_for(self._target, self._to, self._headers)
        except (ValueError, ImportError) as error:
            self.result.why = str(error)
        for path in paths:
            if sink is None:
                self.result.left += _count(path)
            else:
                self._file(sink, _claimed(path))
        if sink is not None and (self._to is None or isinstance(self._to, str)):
            sink.close()
        return self.result

    def _file(self, sink: Any, path: str) -> None:
        done, rest = _offsets(path), 0
        for batch in _batches(_lines(path, done), sink._most_in_batch):
            if self.result.why:
                self.result.left += len(batch)
                rest += len(batch)
                continue
            rest += self._batch(sink, path, batch)
        if not rest:
            for name in (path, path[: -len(SENDING)] + SENT):
                with suppress(FileNotFoundError):
                    os.unlink(name)

    def _batch(self, sink: Any, path: str, batch: list[tuple[int, bytes]]) -> int:
        """Send a batch; return how many of its lines stay."""
        new: list[tuple[int, bytes]] = []
        before: list[tuple[int, bytes]] = []
        damaged = 0
        for offset, line in batch:
            record = decode_line(line)
            if record is None:
                damaged += 1
            else:
                found = _id(record)
                known = bool(found) and found in self._ids
                (before if known else new).append((offset, line))
                self._ids.add(found)
        self.result.damaged += damaged
        self.result.doubled += len(before)
        _note(path, before)
        return damaged + (self._records(sink, path, new) if new else 0)

    def _records(self, sink: Any, path: str, batch: list[tuple[int, bytes]]) -> int:
        """Send records; if the server refuses them, their halves. Return how many stay."""
        try:
            self._try(sink, [line for _, line in batch])
        except _RefusedError as error:
            if len(batch) > 1:
                half = len(batch) // 2
                parts = batch[:half], batch[half:]
                return sum(self._records(sink, path, part) for part in parts)
            self.result.refused += 1
            self.result.refusal = str(error)
            return 1
        except Exception as error:
            self.result.why = one_line(error)
            self.result.left += len(batch)
            return len(batch)
        _note(path, batch)
        self.result.sent += len(batch)
        return 0

    def _try(self, sink: Any, records: list[bytes]) -> None:
        """Send records, some times if need be.

        Raises:
            _RefusedError: the server does not take them, and never will.
            Exception: it does not take them now.
        """
        if self.result.why:
            raise OSError(self.result.why)
        backoff = Backoff()
        while True:
            try:
                sink._send(records, None)
                return
            except Exception as error:
                asked = sink._retry_after(error)
                if asked is None:
                    raise _RefusedError(one_line(error)) from error
                wait = max(backoff.next(), asked)
                if backoff.failures >= ATTEMPTS or wait > LONGEST_WAIT:
                    raise
                sleep(wait)


class _OneByOne:
    """A sink that is not behind a network, or one of the user: it takes single records."""

    _most_in_batch = 1

    def __init__(self, sink: Any) -> None:
        self._write = writer_of(sink)

    def _send(self, records: list[bytes], timeout: float | None) -> None:
        for record in records:
            self._write(record)

    def _retry_after(self, error: Exception) -> float | None:
        return 0.0


class _RefusedError(Exception):
    """The server will never take these records."""


def sink_for(target: dict[str, Any], to: Any, headers: dict[str, str]) -> Any:
    """Return the sink for a target.

    Raises:
        ValueError: it cannot be known: the message says what to give.
        ImportError: its package is missing.
    """
    if to is not None and not isinstance(to, str):
        return to if isinstance(to, NetworkOutput) else _OneByOne(to)
    kind = target.get('kind') if to is None else kind_of(to)
    if kind == 'http' and target.get('kind') == 'otlp':
        kind = 'otlp'  # its address is one of HTTP, too
    module = KINDS.get(str(kind))
    if module is None:
        name = target.get('class', 'an unknown sink')
        raise ValueError(f'these are records of {name}: say --to which server they go')
    from importlib import import_module

    again = import_module(f'{__package__}.{module}').again
    return again(target if target.get('kind') == kind else {}, to, headers)


def kind_of(url: str) -> str:
    """Return the kind of server that an address names."""
    scheme = url.partition('://')[0]
    same = {'https': 'http', 'rediss': 'redis', 'postgres': 'postgresql'}
    return same.get(scheme, scheme)


# --- files ----------------------------------------------------------------------------


def _claimed(path: str) -> str:
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


def _lines(path: str, done: frozenset[int] = frozenset()) -> Iterator[tuple[int, bytes]]:
    """Yield offset and contents of the lines of a file that are not done."""
    offset = 0
    with open(path, 'rb') as file:
        for line in file:
            if offset not in done and line.strip():
                yield offset, line.rstrip(b'\n')
            offset += len(line)


def _batches(
    lines: Iterator[tuple[int, bytes]], most: int
) -> Iterator[list[tuple[int, bytes]]]:
    batch = []
    for line in lines:
        batch.append(line)
        if len(batch) >= most:
            yield batch
            batch = []
    if batch:
        yield batch


def _offsets(path: str) -> frozenset[int]:
    """Return the offsets of the lines that a server has taken."""
    with suppress(FileNotFoundError), open(path[: -len(SENDING)] + SENT, 'rb') as file:
        return frozenset(int(line) for line in file.read().split(b'\n')[:-1])
    return frozenset()


def _note(path: str, batch: list[tuple[int, bytes]]) -> None:
    """Note that a server has taken these lines, with one write."""
    if batch:
        text = ''.join(f'{offset}\n' for offset, _ in batch).encode()
        descriptor = os.open(path[: -len(SENDING)] + SENT, FLAGS, 0o600)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)


def _id(record: dict[str, Any]) -> str:
    mb = record.get('mb')
    return str(mb.get('record_id', '')) if isinstance(mb, dict) else ''
