"""`microbench query`: ask a question in SQL about the records of files."""

from __future__ import annotations

import os
import sys
import warnings
from datetime import datetime
from itertools import islice

from ...messages import print_stderr, safe
from ...querying.answer import plain
from ...querying.query import Query
from ...reader import read
from ...results.reading import Lines
from ..new_file import check_new_file, part_of
from ..terminal import Terminal
from ..values import text
from ..words import UsageError
from .entries import STDIN, lines_of, name_of
from .exports import csv_lines, json_line, markdown_lines
from .headings import Column, counted, table
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ...querying.answer import Answer

    Row = Sequence[Any]

ABOUT = """\
Ask a question in the SQL of DuckDB about the records of files. There are four tables: runs
has a row for each record, phases for each phase, iterations for each iteration, and samples
for each sample of a monitor. Their columns are those of tidy frames: record, duration and
the like, and the fields of records by their dotted names, such as host.hostname. Durations
are in seconds, times in UTC."""

NOTES = """\
DESCRIBE runs lists the columns of a table. The query reads the files that are named behind
it, and no others. With --to parquet, the answer becomes a file; "FROM phases" makes one
that later queries take in place of the records, which is quicker. A query that is wrong
gives one sentence and status 2."""

FILES = (
    'result files, directories or patterns of them, - for standard input; or files that '
    '--to parquet has written'
)
BATCH = 500  # rows that are aligned together
DIGITS = 6
NUMBERS = ('INT', 'FLOAT', 'DOUBLE', 'DECIMAL')


def query(words: list[str]) -> int:
    """Answer the query of the words."""
    asked = _parser().parse_intermixed_args(words)
    if (asked.to is None) != (asked.outfile is None):
        raise UsageError('--to parquet and -o FILE belong together')
    if asked.outfile is not None:
        check_new_file(asked.outfile)
    try:
        with warnings.catch_warnings(), Query(asked.sql, memory=asked.memory) as found:
            warnings.simplefilter('always')
            warnings.showwarning = _print_warning
            _read(found, asked.path)
            if asked.outfile is not None:
                _save(found, asked.outfile)
            else:
                Terminal(sys.stdout).lines(_lines(asked, found.answer()))
    except FileNotFoundError as error:
        if error.filename == asked.outfile:
            raise
        raise UsageError(f'{name_of(str(error.filename))}: {error.strerror}') from None
    except (ImportError, MemoryError, ValueError) as error:
        raise UsageError(safe(str(error))) from None
    return 0


main = answering('query', query)


def _parser() -> Subparser:
    parser = Subparser('query', ABOUT, NOTES)
    parser.usage = '%(prog)s [options] SQL PATH [PATH ...]'
    option = parser.add_argument
    option('sql', metavar='SQL', help='one query, in quotes')
    option('path', nargs='+', metavar='PATH', help=FILES)
    form = parser.add_mutually_exclusive_group()
    form.add_argument('--csv', action='store_true', help='comma-separated values')
    form.add_argument('--json', action='store_true', help='an object for each row')
    form.add_argument('--markdown', action='store_true', help='a table in Markdown')
    form.add_argument('--to', choices=['parquet'], help='the form of the file of -o')
    option('-o', '--outfile', metavar='FILE', help='write a new FILE instead of printing')
    option('--memory', metavar='SIZE', help='how much DuckDB may use, such as 2GB')
    return parser


def _print_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    print_stderr(f'microbench: {safe(str(message))}')


# --- files -------------------------------------------------------------------------------


def _read(found: Query, paths: list[str]) -> None:
    if STDIN in paths:
        found.read_records(_with_standard_input(paths))
    else:
        found.read(paths)


def _with_standard_input(paths: list[str]) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from Lines(lines_of(STDIN), name_of(STDIN)) if path == STDIN else read(path)


def _save(found: Query, path: str) -> None:
    with part_of(path) as part:  # which exists, since DuckDB has no error of the system
        found.save(os.path.abspath(part))


# --- forms -------------------------------------------------------------------------------


def _lines(asked: Any, answer: Answer) -> Iterator[str]:
    if not (asked.json or asked.csv):
        return _tables(answer, is_markdown=asked.markdown)
    rows = (dict(zip(answer.names, map(plain, row), strict=True)) for row in answer)
    if asked.json:
        return map(json_line, rows)
    return _csv(answer.names, rows)


def _csv(names: list[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of CSV; the names also if there are no rows."""
    yield next(csv_lines([dict.fromkeys(names)]))
    for row in rows:
        yield from islice(csv_lines([row]), 1, None)


def _tables(answer: Answer, *, is_markdown: bool) -> Iterator[str]:
    """Yield the lines of tables, each of which has as many rows as are aligned together."""
    rows, terminal, count = iter(answer), Terminal(sys.stdout), 0
    while (some := list(islice(rows, BATCH))) or not count:
        found = [
            _column(name, kind, [row[place] for row in some])
            for place, (name, kind) in enumerate(
                zip(answer.names, answer.types, strict=True)
            )
        ]
        if is_markdown:
            yield from islice(markdown_lines(found), 2 if count else 0, None)
        else:
            yield from table(found, terminal)
        count += len(some) or 1
    if not is_markdown and count > BATCH:
        yield counted(count, 'row')


def _column(name: str, kind: str, values: Sequence[Any]) -> Column:
    is_number = any(sign in kind for sign in NUMBERS) and kind[-1:] != ']'
    return Column(
        safe(name), list(map(_cell, values)), is_right=is_number, is_elastic=not is_number
    )


def _cell(value: Any) -> str:
    """Return a value as text; a fraction has as many digits as are worth reading.

    >>> _cell(0.2722259999), _cell(7), _cell(None), _cell(True)
    ('0.272226', '7', '', 'true')
    """
    if isinstance(value, float):
        return f'{value:.{DIGITS}g}'
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(' ')
    return text(plain(value))
