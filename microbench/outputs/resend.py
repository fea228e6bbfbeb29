"""Send what a spool keeps: `microbench resend`.

What a server has taken is noted after each answer (sending_files.py), so that a `resend`
that is killed sends at most one batch again. A file goes away when all its lines are taken.
Two cannot run at once.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager
from time import sleep

from ..messages import one_line
from ..results.reading import decode_line
from .backoff import Backoff
from .base import writer_of
from .network import NetworkOutput
from .sending_files import batches, claimed, count, lines, note, offsets, remove
from .spool import FLAGS, TARGET, described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

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
        dropped: spans of OpenTelemetry that the server took and dropped.
        reason: why, as it says.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.sent = self.doubled = self.refused = self.left = self.damaged = 0
        self.why = self.refusal = self.reason = ''
        self.dropped = 0


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


def waiting(
    directory: str, to: Any = None, headers: dict[str, str] | None = None
) -> list[Sent]:
    """Return what `resend` would find, and send and change nothing.

    Returns:
        One result for each target, in which all records are left; `why` says what is
        missing for them to be sent.
    """
    found = []
    for target, files in sorted(_by_target(directory).items()):
        sending = _Sending(target, to, headers or {})
        sending.result.left = sum(map(count, files))
        sending.close(sending.opened())
        found.append(sending.result)
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


def _where(target: dict[str, Any], to: Any = None) -> str:
    """Return a target for people: the other one, if there is one."""
    if isinstance(to, str):
        scheme, mark, rest = described(to)[0].partition('://')
        server, slash, path = rest.partition('/')
        return scheme + mark + server.rpartition('@')[2] + slash + path
    if to is not None:
        return repr(to)
    for name in ('url', 'key', 'table', 'class'):
        if name in target:
            return str(target[name])
    return 'an unknown target'


class _Sending:
    """The records for one target on their way."""

    def __init__(self, path: str, to: Any, headers: dict[str, str]) -> None:
        self._target = _read_target(path)
        self._ids: set[str] = set()
        self._to = to
        self._headers = headers
        self.result = Sent(_where(self._target, to))

    def opened(self) -> Any:
        """Return the sink; None, and say why, if it cannot be known."""
        try:
            return sink_for(self._target, self._to, self._headers)
        except (ValueError, ImportError) as error:
            self.result.why = str(error)
            return None

    def close(self, sink: Any) -> None:
        """Close a sink that is not the caller's, and note what it has dropped."""
        self.result.dropped = getattr(sink, 'rejected', 0)
        self.result.reason = getattr(sink, 'rejection', '')
        if sink is not None and (self._to is None or isinstance(self._to, str)):
            sink.close()

    def files(self, paths: list[str]) -> Sent:
        """Send the lines of files, until the server takes no more."""
        sink = self.opened()
        for path in paths:
            if sink is None:
                self.result.left += count(path)
            else:
                self._file(sink, claimed(path))
        self.close(sink)
        return self.result

    def _file(self, sink: Any, path: str) -> None:
        done, rest = offsets(path), 0
        for batch in batches(lines(path, done), sink._most_in_batch):
            if self.result.why:
                self.result.left += len(batch)
                rest += len(batch)
                continue
            rest += self._batch(sink, path, batch)
        if not rest:
            remove(path)

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
        note(path, before)
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
        note(path, batch)
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


def _id(record: dict[str, Any]) -> str:
    mb = record.get('mb')
    return str(mb.get('record_id', '')) if isinstance(mb, dict) else ''
