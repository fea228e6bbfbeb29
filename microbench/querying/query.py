"""Ask a query: make the tables that it names, and let DuckDB answer."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from tempfile import TemporaryDirectory

from ..reader import Reader
from ..results.formats import TIDY, check
from ..results.kinds import KINDS
from ..results.quick import OWN, Quick, prepare
from ..results.tables import warn_about
from ..results.tidy import Rows, tells_apart
from .answer import Answer, in_format
from .connection import add_parquet, add_table, connected, duckdb, literal, lock
from .mistakes import TOO_LARGE, sentence
from .spool import Spool
from .statement import QuerySyntaxError, Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any

    from ..reader import Path

PARQUET = b'PAR1'
OPTIONS = 'FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false'
MIXED = 'name files of records or files of Parquet, not both'


def query(
    sql: str,
    paths: Path | Iterable[Path],
    *,
    format: str = 'dict',  # noqa: A002
    memory: str | None = None,
) -> Any:
    """Ask a query in SQL about the records of result files.

    There are the tables `runs`, `phases`, `iterations` and `samples`, with the columns that
    `get_results(shape=...)` gives. Needs DuckDB: `pip install duckdb`.

    Args:
        sql: one query in the SQL of DuckDB. It can read nothing but these tables. Names
            with dots need no quotes.
        paths: what `read` takes; or files of Parquet that `microbench query` has written.
        format: `'dict'` for a list with a dict for each row; `'df'` for a DataFrame of
            pandas, `'polars'` for one of Polars, `'arrow'` for a Table of PyArrow.
        memory: how much of it DuckDB may use, such as `'2GB'`; 80 % of it by default.

    Returns:
        The rows. Durations are in seconds, times in UTC.

    Raises:
        ValueError: the query is wrong, or `format` or `memory` is.
        MemoryError: the query does not fit in memory.
        ImportError: duckdb, or the package of the format, is missing.
        FileNotFoundError: a path does not exist, or no file matches a pattern.

    >>> from microbench import MicroBench, query
    >>> with MicroBench('fits.jsonl').record('fit', size=7):
    ...     pass
    >>> query('SELECT call.name, size FROM runs', 'fits.jsonl')
    [{'call.name': 'fit', 'size': 7}]
    """
    check(format)
    with Query(sql, memory=memory) as asked:
        asked.read(paths)
        return in_format(asked.answer(is_frame=format in TIDY), format)


class Query:
    """A query, from its text to its answer. Use it in a `with` block.

    Args:
        sql: its text.
        memory: how much of it DuckDB may use; None for its default.

    Raises:
        ValueError: the text is wrong, as far as that is seen without the tables.
        ImportError: duckdb is missing.
    """

    def __init__(self, sql: str, *, memory: str | None = None) -> None:
        with ExitStack() as stack:
            directory = stack.enter_context(TemporaryDirectory(prefix='microbench-query-'))
            self._directory = directory
            self._connection = stack.enter_context(connected(directory, memory))
            try:
                self._statement = Statement(self._connection, sql)
            except QuerySyntaxError as error:
                raise ValueError(sentence(error, ())) from None
            self._stack = stack.pop_all()
        self._names: dict[str, str] = {}  # of columns, in DuckDB
        self._known: set[str] = set()  # names of columns, also of those that are not needed
        self._sources: list[str] = []

    def __enter__(self) -> Query:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    # --- tables -----------------------------------------------------------------------

    def read(self, paths: Path | Iterable[Path]) -> None:
        """Make the tables of files."""
        tables = self._new_tables()
        quick = [table.quick for table in tables if table.quick is not None]
        is_quick = bool(tables) and len(quick) == len(tables)
        found = Reader(paths, partial(prepare, tables=quick) if is_quick else None)
        packed = [path for path in found.paths if _is_parquet(path)]
        if not packed:
            self._fill(tables, found)
        elif len(packed) < len(found.paths):
            raise ValueError(MIXED)
        else:
            self._read_parquet(packed)

    def read_records(self, records: Iterable[dict[str, Any]]) -> None:
        """Make the tables of records."""
        self._fill(self._new_tables(), records)

    def _new_tables(self) -> list[Table]:
        directory, statement = self._directory, self._statement
        tables = [Table(shape, directory, statement) for shape in statement.shapes]
        for table in tables:
            self._stack.callback(table.spool.close)
        return tables

    def _fill(self, tables: list[Table], records: Iterable[dict[str, Any]]) -> None:
        if tables:
            for record in records:
                for table in tables:
                    table.add(record)
        for table in tables:
            table.finish()
            self._known |= table.names
            self._names.update(add_table(self._connection, table.shape, table.spool))
            self._sources.append(table.spool.path)

    def _read_parquet(self, paths: list[str]) -> None:
        found = add_parquet(self._connection, paths)
        self._names.update({name: name for name in found})
        self._known |= set(found)
        self._sources += paths

    # --- the answer -------------------------------------------------------------------

    def answer(self, *, is_frame: bool = False) -> Answer:
        """Return what DuckDB answers.

        Args:
            is_frame: it becomes a frame, and needs no rows.

        Raises:
            ValueError: the query is wrong.
            MemoryError: it does not fit in memory.
        """
        sql = self._ready()
        if not self._statement.has_tree:
            return Answer(self._run('execute', sql), self.failure)
        answer = Answer(self._run('sql', sql), self.failure)
        if not is_frame:
            answer.take(self._run('execute', answer.with_microseconds(sql)))
        return answer

    def save(self, path: str) -> None:
        """Write the answer to a new file of Parquet."""
        self._sources.append(path)
        sql = self._ready()
        self._run('execute', f'COPY ({sql}) TO {literal(path)} ({OPTIONS})')

    def _ready(self) -> str:
        """Let the database have nothing but the tables; return the query for it."""
        sql = self._statement.with_names(self._names)
        lock(self._connection, self._sources)
        return sql

    def _run(self, method: str, sql: str) -> Any:
        try:
            return getattr(self._connection, method)(sql)
        except duckdb().Error as error:
            raise self.failure(error) from None

    def failure(self, error: Exception) -> Exception:
        """Return the exception that says what an error of DuckDB means."""
        text = sentence(error, self._known, self._statement.dotted)
        return MemoryError(text) if text == TOO_LARGE else ValueError(text)


class Table:
    """A table of the query: rows of a shape, which are spooled.

    Attributes:
        quick: reads lines without decoding them; None if that is not possible.

    Args:
        shape: one of OF_SHAPE.
        directory: where to put the file.
        statement: says which columns are wanted.
    """

    def __init__(self, shape: str, directory: str, statement: Statement) -> None:
        self.shape = shape
        self._wanted = wanted = statement.wanted
        self._named = statement.named
        self._count = 0
        self._rows = Rows(shape, self._wants)
        path = os.path.join(directory, f'{shape}.ndjson')
        self.spool = Spool(path, shape, self._wants)
        self.quick = Quick(shape, self._rows, self.spool, wanted) if shape in OWN else None
        self._known = [name for name in KINDS if shape == 'runs' or tells_apart(name)]

    @property
    def names(self) -> set[str]:
        """Names of all columns that the records have."""
        return {*self._rows.left_out, *self.spool.names, *self._known}

    def _wants(self, name: str) -> bool:
        return self._wanted is None or name.lower() in self._wanted

    def add(self, record: dict[str, Any]) -> None:
        """Add the rows of a record."""
        if self.quick is not None:
            self.quick.add(record)
            return
        self.spool.write(self._rows.of_one(self._count, record))
        self._count += 1

    def finish(self) -> None:
        """Give each column one type, and warn about what is missing or mixed."""
        # Known fields are there even if no record has them.
        self.spool.add(name for name in self._known if name in self._named)
        if self.quick is not None:
            self.quick.finish()
        self.spool.finish()
        warn_about(sorted(self.spool.unclear), self._rows)


def _is_parquet(path: str) -> bool:
    try:
        with open(path, 'rb') as file:
            return file.read(len(PARQUET)) == PARQUET
    except OSError:  # the reader says so
        return False
