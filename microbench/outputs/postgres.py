"""Store records in a table of PostgreSQL."""

from __future__ import annotations

import io
import os
import re
from hashlib import sha256
from time import monotonic

from .base import Readable
from .http import record_id, records_in_batch
from .network import NetworkOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from ..results.reading import Lines

COLUMNS = 'record_id', 'time', 'name', 'host', 'record'
TYPES = 'text PRIMARY KEY', 'timestamptz', 'text', 'text', 'jsonb NOT NULL'
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?')
NUL = re.compile(rb'(?<!\\)((?:\\\\)*)\\u0000')  # which jsonb does not take
TEMPORARY = """
CREATE TEMP TABLE IF NOT EXISTS microbench_batch (
    record_id text, time timestamptz, name text, host text, record jsonb
) ON COMMIT DELETE ROWS
"""
PATIENCE = 30.0  # seconds for a statement, unless less is left
INTERVAL = 0.1  # seconds between two looks at the clock
# Options of libpq that hold no secret; passwords, keys and tokens stay out of a spool.
SHOWN = (
    *('host', 'hostaddr', 'port', 'dbname', 'user', 'service', 'options', 'passfile'),
    *('application_name', 'connect_timeout', 'target_session_attrs', 'require_auth'),
    *('sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding', 'gssencmode'),
    *('krbsrvname', 'load_balance_hosts'),
)
AGAIN = ('08', '40', '53', '55', '57', '58')  # classes of errors that may be over soon


class PostgresOutput(Readable, NetworkOutput):
    """Insert each record into a table of a PostgreSQL database.

    Args:
        dsn: how libpq connects, such as `'postgresql://me@db.example.org/lab'` or
            `'host=db dbname=lab'`. What it lacks comes from PGHOST, `~/.pgpass` and the
            like; so passwords need not be in it.
        table: name of the table, also `'schema.table'`. If there is none, it is made.
        background: send from a thread, and try again what the server does not take.
        batch: with `background`, the records that one transaction may have.
        spool: directory that keeps what is not sent, for `microbench resend`.

    Raises:
        ImportError: the package `psycopg` is missing.
        TypeError, ValueError: an argument is wrong.

    The table has the columns `record_id` (its primary key), `time` and `name` of the call,
    `host`, and `record` (`jsonb`). A record that is sent again is stored once.

    >>> PostgresOutput('host=db.example.org dbname=lab', 'runs')
    PostgresOutput('runs')
    """

    def __init__(
        self,
        dsn: str,
        table: str = 'microbench',
        *,
        background: bool = False,
        batch: int = 0,
        spool: Any = None,
    ) -> None:
        import psycopg.conninfo

        if not all(isinstance(value, str) for value in (dsn, table)):
            raise TypeError('dsn and table have to be text')
        if not table or not all(table.split('.')):
            raise ValueError(f'table has to be a name, not {table!r}')
        try:
            psycopg.conninfo.conninfo_to_dict(dsn)
        except psycopg.Error:
            raise ValueError('dsn is not a connection string of libpq') from None
        self.dsn = dsn
        self.table = table
        most = batch or (500 if background is True else 1)
        self.batch = self._most_in_batch = records_in_batch(most, background)
        self._forget()
        self._configure(background, spool)

    def __repr__(self) -> str:
        return f'PostgresOutput({self.table!r})'

    def _forget(self) -> None:
        self._connection: Any = None
        self._pid = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), '_connection': None, '_pid': 0}

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Insert one record; with `background`, hand it to the thread.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: seconds that this may take; None for half a minute.

        Raises:
            psycopg.Error: the record was not stored.
            TimeoutError: the server did not answer in time.
        """
        self._put(record, timeout)

    def write(self, bm_json_str: str) -> None:
        """Insert one record.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            psycopg.Error: the record was not stored.
            TimeoutError: the server did not answer in time.
        """
        self.write_record(bm_json_str.encode())

    def close(self) -> None:
        """Send what waits, for five seconds at most, and close the connection."""
        super().close()
        if self._connection is not None and self._pid == os.getpid():
            self._connection.close()
        self._forget()

    # --- sending ----------------------------------------------------------------------

    def _send(self, records: list[bytes], timeout: float | None) -> None:
        rows = [row_of(record) for record in records]
        seconds = PATIENCE if timeout is None else min(timeout, PATIENCE)
        connection = self._connected(seconds)
        try:
            connection.deadline = monotonic() + seconds
            with connection.transaction(), connection.cursor() as cursor:
                self._insert(cursor, rows)
        except BaseException as error:
            if not isinstance(error, Exception) or self._retry_after(error) is not None:
                connection.close()  # its state is unknown
                self._forget()
            raise

    def _connected(self, seconds: float) -> Any:
        """Return the connection of this process; a forked child makes its own."""
        if self._pid != os.getpid() or self._connection.closed:
            self._inherited = self._connection  # closing it would end that of the parent
            connection = connect(self.dsn, seconds)
            try:
                self._make_table(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    def _name(self) -> Any:
        from psycopg import sql

        return sql.Identifier(*self.table.split('.'))

    def _make_table(self, connection: Any) -> None:
        """Make the table if it is missing; of several processes, one makes it."""
        from psycopg import sql

        name = self._name()
        text = name.as_string(connection)
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute('SELECT to_regclass(%s)', [text])
            if cursor.fetchone()[0] is None:
                cursor.execute('SELECT pg_advisory_xact_lock(hashtext(%s))', [text])
                columns = zip(COLUMNS, TYPES, strict=True)
                made = ', '.join(f'{column} {kind}' for column, kind in columns)
                cursor.execute(
                    sql.SQL('CREATE TABLE IF NOT EXISTS {} (' + made + ')').format(name)
                )

    def _insert(self, cursor: Any, rows: list[tuple[str | None, ...]]) -> None:
        """Insert rows that are not there yet: many by COPY, since that is faster."""
        from psycopg import sql

        columns = ', '.join(COLUMNS)
        head = sql.SQL(f'INSERT INTO {{}} ({columns}) ').format(self._name())
        end = sql.SQL(' ON CONFLICT (record_id) DO NOTHING')
        if len(rows) == 1:
            cursor.execute(head + sql.SQL('VALUES (%s, %s, %s, %s, %s)') + end, rows[0])
            return
        cursor.execute(TEMPORARY)
        with cursor.copy(f'COPY microbench_batch ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        unique = f'SELECT DISTINCT ON (record_id) {columns} FROM microbench_batch'  # noqa: S608 - constant
        cursor.execute(head + sql.SQL(unique) + end)

    def _retry_after(self, error: Exception) -> float | None:
        import psycopg

        if isinstance(error, (OSError, psycopg.InterfaceError)):
            return 0.0
        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate
        if state is None:  # no answer of the server
            return 0.0 if isinstance(error, psycopg.OperationalError) else None
        return 0.0 if state.startswith(AGAIN) else None

    def _describe(self) -> dict[str, Any]:
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        known = conninfo_to_dict(self.dsn)
        shown = {name: value for name, value in known.items() if name in SHOWN}
        return {
            'kind': 'postgresql',
            'dsn': make_conninfo('', **shown),
            'table': self.table,
            'batch': self.batch,
        }

    # --- reading ----------------------------------------------------------------------

    def _lines(self) -> Lines:
        from psycopg import sql

        from ..results.reading import Lines, blocks  # start-up time

        self.flush()
        connection = self._connected(PATIENCE)
        connection.deadline = None
        query = sql.SQL('SELECT record::text FROM {} ORDER BY time, record_id')
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(query.format(self._name()))
            lines = b'\n'.join(row[0].encode() for row in cursor)
        return Lines(blocks(io.BytesIO(lines)), self)


def connect(dsn: str, seconds: float) -> Any:
    """Return a connection whose waits end at its `deadline`."""
    import psycopg

    class Limited(psycopg.Connection):
        deadline: float | None = monotonic() + seconds

        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            kwargs['interval'] = INTERVAL
            return super().wait(until(gen, self.deadline), *args, **kwargs)

    limit = max(int(seconds), 2)  # libpq takes no less
    return Limited.connect(
        dsn, autocommit=True, connect_timeout=limit, client_encoding='UTF8'
    )


def until(generator: Any, deadline: float | None) -> Generator[Any, Any, Any]:
    """Pass a generator of psycopg on; raise TimeoutError when the deadline is over."""
    ready = None
    try:
        while True:
            wanted = generator.send(ready)
            ready = yield wanted
            if not ready and deadline is not None and monotonic() > deadline:
                generator.close()
                raise TimeoutError('PostgreSQL did not answer in time')
    except StopIteration as end:
        return end.value


def row_of(record: bytes) -> tuple[str | None, ...]:
    """Return the values of a record for the columns of the table.

    Raises:
        ValueError: the record is not a JSON object.
    """
    from ..results.reading import decode_line  # start-up time

    decoded = decode_line(record)
    if decoded is None:
        raise ValueError('the record is not a JSON object')
    call, host = _object(decoded, 'call'), _object(decoded, 'host')
    text = NUL.sub(rb'\1\\\\x00', record)
    time = call.get('start_time')
    return (
        record_id(decoded) or sha256(record).hexdigest(),
        time if isinstance(time, str) and TIME.fullmatch(time) else None,
        _text(call.get('name')),
        _text(host.get('hostname')),
        text.decode(),
    )


def _object(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value.replace('\0', '\\x00') if isinstance(value, str) else None


def again(target: dict[str, Any], to: str | None, _: dict[str, str]) -> PostgresOutput:
    """Return the sink that sends what a spool keeps; passwords are those of libpq."""
    dsn = to or target.get('dsn')
    if dsn is None:
        raise ValueError('the target does not say which database: give it by --to')
    sink = PostgresOutput(dsn, target.get('table', 'microbench'))
    sink._most_in_batch = 500
    return sink
