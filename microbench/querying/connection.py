"""A database of DuckDB that has the tables of a query, and may read nothing else."""

from __future__ import annotations

import os
from importlib import import_module

from ..results.columns import clean
from ..results.tidy import OF_SHAPE
from .spool import TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .spool import Spool

MISSING = 'queries need duckdb: pip install duckdb'
NO_TABLE = (
    '{} does not have the columns of a table: save one with '
    'microbench query "FROM runs" FILE --to parquet -o NEW'
)
# From the shape with the most columns: those of `iterations` are also among others.
BY_COLUMNS = ('runs', 'phases', 'samples', 'iterations')
# DuckDB would fetch extensions from the network.
SETTINGS = {
    'autoinstall_known_extensions': 'false',
    'autoload_known_extensions': 'false',
}


def duckdb() -> Any:
    """Return the module duckdb.

    Raises:
        ImportError: it cannot be imported.
    """
    try:
        return import_module('duckdb')
    except ModuleNotFoundError:
        raise ImportError(MISSING) from None
    except ImportError as error:
        raise ImportError(f'queries need duckdb: {error}') from error


def connected(directory: str, memory: str | None) -> Any:
    """Return a connection to an empty database in memory.

    Args:
        directory: where DuckDB may put what does not fit in memory.
        memory: how much of it DuckDB may use, such as `2GB`; None for its default.

    Raises:
        ImportError: duckdb is missing.
        ValueError: `memory` is no size.
    """
    module = duckdb()
    config = {**SETTINGS, 'temp_directory': os.path.join(directory, 'spill')}
    if memory is not None:
        config['memory_limit'] = memory
    try:
        connection = module.connect(':memory:', config=config)
    except module.Error as error:
        if memory is None:
            raise
        why = str(error).partition('\n')[0]
        raise ValueError(f'{memory!r} is no size of memory: {why}') from None
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def lock(connection: Any, paths: Iterable[str]) -> None:
    """Let the database read and write these files alone, from now on."""
    connection.execute(f'SET allowed_paths = [{", ".join(map(literal, paths))}]')
    connection.execute('SET enable_external_access = false')
    connection.execute('SET lock_configuration = true')


def add_table(connection: Any, shape: str, spool: Spool) -> dict[str, str]:
    """Make a view of a spool; return the name in DuckDB of each column."""
    names = dict(_distinct(spool.columns))
    types = ', '.join(
        f"{column.key}: '{TYPES[column.kind]}'" for column in spool.columns.values()
    )
    columns = ', '.join(
        f'{_value(column.key, column.kind)} AS {quoted(names[column.name])}'
        for column in spool.columns.values()
    )
    source = f'read_ndjson({literal(spool.path)}, columns = {{{types}}})'
    connection.execute(f'CREATE VIEW {shape} AS SELECT {columns} FROM {source}')  # noqa: S608
    return names


def add_parquet(connection: Any, paths: list[str]) -> list[str]:
    """Make a view of files of Parquet, and return the names of its columns.

    Raises:
        ValueError: they do not have the columns of a table.
    """
    listed = ', '.join(map(literal, paths))
    source = f'SELECT * FROM read_parquet([{listed}], union_by_name = true)'  # noqa: S608
    found = connection.execute(f'DESCRIBE {source}').fetchall()
    names = [row[0] for row in found]
    for shape in BY_COLUMNS:
        if set(OF_SHAPE[shape]) <= set(names):
            connection.execute(f'CREATE VIEW {shape} AS {source}')
            return names
    raise ValueError(NO_TABLE.format(paths[0]))


def _value(key: str, kind: str) -> str:
    return f'make_timestamptz({key})' if kind == 'time' else key


def _distinct(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name with one for DuckDB, which does not tell capital letters apart."""
    taken: set[str] = set()
    for name in names:
        own = plain = clean(name).replace('\0', r'\x00') or '_'
        number = 0
        while own.lower() in taken:
            number += 1
            own = f'{plain}_{number}'
        taken.add(own.lower())
        yield name, own


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"{}"'.format(name.replace('"', '""'))


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return "'{}'".format(text.replace("'", "''"))
