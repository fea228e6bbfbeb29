"""Store records in a list of a Redis server."""

from __future__ import annotations

import io

from .base import Output, Readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..results.reading import Lines


class RedisOutput(Readable, Output):
    """Append each record to a list on a Redis server.

    Args:
        redis_key: name of the list.
        **connection: arguments of `redis.StrictRedis`, such as host, port and password.

    Raises:
        ImportError: the package `redis` is missing.

    The first record opens the connection. A lost connection is opened again at the next
    record. The package `redis` repeats an append whose answer was lost, so a record may be
    stored twice, with the same `mb.record_id`.

    >>> out = RedisOutput('experiment:records', host='localhost', port=6379)
    >>> out.redis_key
    'experiment:records'
    """

    local = False

    def __init__(self, redis_key: str, **connection: Any) -> None:
        self.redis_key = redis_key
        self._connection = connection
        self.rclient = _client(connection)

    def __repr__(self) -> str:
        return f'RedisOutput({self.redis_key!r})'

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the client: a copy, maybe in another process, connects itself."""
        return {k: v for k, v in self.__dict__.items() if k != 'rclient'}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.rclient = _client(self._connection)

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Append one record to the list.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: seconds that this may take, with a single attempt; None leaves limits
                and repetition to the connection.

        Raises:
            redis.RedisError: the record was not stored.
        """
        client = self.rclient if timeout is None else self._client_within(timeout)
        try:
            client.rpush(self.redis_key, record.decode())
        finally:
            if client is not self.rclient:
                client.close()

    def write(self, bm_json_str: str) -> None:
        """Append one record to the list.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            redis.RedisError: the record was not stored.
        """
        self.write_record(bm_json_str.encode())

    def _client_within(self, timeout: float) -> Any:
        """Return a client that tries once.

        Its three waits (for the connection, the greeting, the answer) share the time.
        """
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        limits = {'socket_timeout': timeout / 3, 'socket_connect_timeout': timeout / 3}
        return _client({**self._connection, **limits, 'retry': Retry(NoBackoff(), 0)})

    def close(self) -> None:
        """Close the connections; the next record opens a new one."""
        self.rclient.close()

    def _lines(self) -> Lines:
        from ..results.reading import Lines, blocks  # start-up time

        items = self.rclient.lrange(self.redis_key, 0, -1)
        lines = [item.encode() if isinstance(item, str) else item for item in items]
        return Lines(blocks(io.BytesIO(b'\n'.join(lines))), self)


def _client(connection: dict[str, Any]) -> Any:
    import redis

    return redis.StrictRedis(**connection)
