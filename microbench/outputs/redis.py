"""Store records in a list or a stream of a Redis server."""

from __future__ import annotations

import io
import os
from hashlib import sha256

from .base import Readable
from .http import records_in_batch
from .network import NetworkOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..results.reading import Lines

FIELD = 'record'  # of an entry of a stream
WAIT = 30.0  # seconds for an answer to the thread, unless the connection has a limit
MARK_SECONDS = 3600  # for which the server remembers the last batch of a process
# Answers of a server that may take the same record later.
BUSY = ('OOM', 'MISCONF', 'READONLY', 'LOADING', 'CLUSTERDOWN', 'NOREPLICAS', 'BUSY')
SHOWN = ('host', 'port', 'db', 'unix_socket_path', 'username', 'ssl')


class RedisOutput(Readable, NetworkOutput):
    """Append each record to a list, or to a stream, on a Redis server.

    Args:
        redis_key: name of the list or stream.
        stream: add entries to a stream (`XADD`), with the record in the field `record`.
        maxlen: entries that the stream keeps, about; None for all.
        background: send from a thread, and try again what the server does not take.
        batch: with `background`, the records that one transaction may have.
        spool: directory that keeps what is not sent, for `microbench resend`.
        **connection: arguments of `redis.StrictRedis`, such as host, port and password.

    Raises:
        ImportError: the package `redis` is missing.
        TypeError, ValueError: an argument is wrong.

    The first record opens the connection. A lost connection is opened again at the next
    record. The package `redis` repeats an append whose answer was lost, so a record may be
    stored twice, with the same `mb.record_id`; not so with `background`.

    >>> out = RedisOutput('experiment:records', host='localhost', port=6379)
    >>> out.redis_key
    'experiment:records'
    """

    def __init__(
        self,
        redis_key: str,
        *,
        stream: bool = False,
        maxlen: int | None = None,
        background: bool = False,
        batch: int = 0,
        spool: Any = None,
        **connection: Any,
    ) -> None:
        if maxlen is not None and (not stream or maxlen < 1):
            raise ValueError('maxlen needs stream=True, and has to be a positive integer')
        self.redis_key = redis_key
        self.stream = bool(stream)
        self.maxlen = maxlen
        most = batch or (100 if background is True else 1)
        self.batch = self._most_in_batch = records_in_batch(most, background)
        self._connection = connection
        self.rclient = _client(connection)
        self._forget()
        self._configure(background, spool)

    def __repr__(self) -> str:
        return f'RedisOutput({self.redis_key!r})'

    def __getstate__(self) -> dict[str, Any]:
        """Leave out clients: a copy, maybe in another process, connects itself."""
        private = ('rclient', '_careful', '_pid', '_tried')
        return {k: v for k, v in super().__getstate__().items() if k not in private}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.rclient = _client(state['_connection'])
        self._forget()
        super().__setstate__(state)

    def _forget(self) -> None:
        self._careful: Any = None  # the client of the thread
        self._pid = 0
        self._tried = ''  # the batch whose answer may have been lost

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Append one record; with `background`, hand it to the thread.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: seconds that this may take, with a single attempt; None leaves limits
                and repetition to the connection.

        Raises:
            redis.RedisError: the record was not stored.
        """
        self._put(record, timeout)

    def write(self, bm_json_str: str) -> None:
        """Append one record.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            redis.RedisError: the record was not stored.
        """
        self.write_record(bm_json_str.encode())

    # --- sending ----------------------------------------------------------------------

    def _send(self, records: list[bytes], timeout: float | None) -> None:
        if self.background:
            self._send_once(records, timeout)
            return
        client = self.rclient if timeout is None else self._client_within(timeout)
        try:
            self._append(client, records)
        finally:
            if client is not self.rclient:
                client.close()

    def _append(self, client: Any, records: list[bytes]) -> None:
        texts = [record.decode() for record in records]
        if not self.stream:
            client.rpush(self.redis_key, *texts)
            return
        for text in texts:
            client.xadd(self.redis_key, {FIELD: text}, maxlen=self.maxlen)

    def _send_once(self, records: list[bytes], timeout: float | None) -> None:
        """Append records and a mark of them, all or none.

        If the answer is lost, the mark says in the next attempt whether they were stored.
        """
        client = self._careful_client(timeout)
        try:
            self._send_marked(client, records)
        finally:
            if client is not self._careful:
                client.close()

    def _send_marked(self, client: Any, records: list[bytes]) -> None:
        batch = sha256(b'\n'.join(records)).hexdigest()
        if self._tried == batch and client.get(self._mark) in (batch, batch.encode()):
            return
        self._tried = batch
        try:
            with client.pipeline(transaction=True) as pipeline:
                self._append(pipeline, records)
                pipeline.set(self._mark, batch, ex=MARK_SECONDS)
                pipeline.execute()
        except Exception as error:
            if self._retry_after(error) is None:
                self._tried = ''  # that was an answer
            raise
        self._tried = ''

    def _careful_client(self, timeout: float | None) -> Any:
        """Return a client of this process that repeats nothing by itself."""
        if self._careful is None or self._pid != os.getpid():
            limits = {'socket_timeout': WAIT, 'socket_connect_timeout': WAIT}
            self._careful = _client({**limits, **self._connection, **_once()})
            self._pid, self._tried = os.getpid(), ''
            self._mark = f'{self.redis_key}:sent:{os.urandom(8).hex()}'
        return self._careful if timeout is None else self._client_within(timeout)

    def _client_within(self, timeout: float) -> Any:
        """Return a client that tries once.

        Its three waits (for the connection, the greeting, the answer) share the time.
        """
        limits = {'socket_timeout': timeout / 3, 'socket_connect_timeout': timeout / 3}
        return _client({**self._connection, **limits, **_once()})

    def _load(self) -> None:
        super()._load()
        _once()

    def _retry_after(self, error: Exception) -> float | None:
        import redis

        if isinstance(error, (OSError, redis.ConnectionError, redis.TimeoutError)):
            return 0.0
        answer = str(error).rpartition('caused error: ')[2]  # of a command of a pipeline
        return 0.0 if answer.startswith(BUSY) else None

    def _describe(self) -> dict[str, Any]:
        shown = {k: v for k, v in self._connection.items() if k in SHOWN}
        return {
            'kind': 'redis',
            'key': self.redis_key,
            'stream': self.stream,
            'maxlen': self.maxlen,
            'connection': {k: v for k, v in shown.items() if isinstance(v, (str, int))},
        }

    def close(self) -> None:
        """Send what waits, for five seconds at most, and close the connections."""
        super().close()
        self.rclient.close()
        if self._careful is not None and self._pid == os.getpid():
            self._careful.close()
        self._forget()

    # --- reading ----------------------------------------------------------------------

    def _lines(self) -> Lines:
        from ..results.reading import Lines, blocks  # start-up time

        self.flush()
        items = self._entries() if self.stream else self._items()
        lines = [item.encode() if isinstance(item, str) else item for item in items]
        return Lines(blocks(io.BytesIO(b'\n'.join(lines))), self)

    def _items(self) -> list[Any]:
        items: list[Any] = self.rclient.lrange(self.redis_key, 0, -1)
        return items

    def _entries(self) -> list[Any]:
        """Return the records of a stream; entries without one are damaged lines."""
        entries = self.rclient.xrange(self.redis_key)
        return [
            fields.get(FIELD) or fields.get(FIELD.encode()) or b'-' for _, fields in entries
        ]


def _client(connection: dict[str, Any]) -> Any:
    import redis

    return redis.StrictRedis(**connection)


def _once() -> dict[str, Any]:
    """Return arguments of a client that tries once."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {'retry': Retry(NoBackoff(), 0)}


def again(target: dict[str, Any], to: str | None, _: dict[str, str]) -> RedisOutput:
    """Return the sink that sends what a spool keeps; REDISCLI_AUTH has the password.

    Raises:
        ValueError: no key is known.
    """
    from urllib.parse import parse_qs, urlsplit

    connection = dict(target.get('connection') or {})
    parts = urlsplit(to or 'redis:')
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    key = asked.get('key', target.get('key'))
    if key is None:
        raise ValueError(
            'the name of the list is missing: --to redis://HOST:PORT/DB?key=NAME'
        )
    if to is not None:
        connection = _connection_of(parts)
    password = parts.password or os.environ.get('REDISCLI_AUTH')
    if password:
        connection['password'] = password
    stream = bool(asked.get('stream', target.get('stream', False)))
    sink = RedisOutput(key, stream=stream, maxlen=target.get('maxlen'), **connection)
    sink.background = True  # without a thread: each batch has a mark
    sink._most_in_batch = 100
    return sink


def _connection_of(parts: Any) -> dict[str, Any]:
    """Return the arguments of a client for redis://user@host:port/db."""
    found = {'host': parts.hostname or 'localhost', 'port': parts.port or 6379}
    number = parts.path.strip('/')
    if number:
        found['db'] = int(number)
    if parts.username:
        found['username'] = parts.username
    if parts.scheme == 'rediss':
        found['ssl'] = True
    return found
