"""Say in a sentence what is wrong with a query, with the names that may be meant."""

from __future__ import annotations

import re

from ..results.tidy import OF_SHAPE
from ..spelling import any_of, near
from .statement import QuerySyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

KEYWORDS = (
    *('select', 'from', 'where', 'group', 'by', 'order', 'having', 'limit', 'with', 'as'),
    *('join', 'using', 'on', 'union', 'all', 'and', 'or', 'not', 'in', 'is', 'like'),
    *('between', 'distinct', 'case', 'when', 'then', 'else', 'end', 'desc', 'filter'),
)
NO_FILES = 'a query reads the files that are named behind it, and no others'
TOO_LARGE = (
    'the query does not fit in memory, nor beside it in the directory of temporary files '
    '(TMPDIR): ask for fewer columns or rows'
)
LISTED = '; DESCRIBE runs lists those of a table'
COLUMN = re.compile(r'(?:Referenced column|does not have a column named) "(.+?)"')
OF_TABLE = re.compile(r'Referenced table "(.+?)" not found')
PART = re.compile(r"Cannot extract field '(.+?)' from expression \"(.+?)\"")
TABLE = re.compile(r'Table with name (\S+) does not exist')
HINT = re.compile(r'Did you mean "(.+?)"')
MOST = 3


def sentence(error: Exception, columns: Iterable[str], dotted: Iterable[str] = ()) -> str:
    """Return a sentence about an error of DuckDB.

    Args:
        error: the error.
        columns: names of all columns that the tables of the query have.
        dotted: names with dots in the query.
    """
    if isinstance(error, QuerySyntaxError):
        return f'{error}{_meant(error.word.upper(), map(str.upper, KEYWORDS))}'
    text = str(error)
    kind, _, message = text.partition(': ')
    if kind == 'Out of Memory Error':
        return TOO_LARGE
    if kind == 'Permission Error' or 'disabled by configuration' in text:
        return NO_FILES
    return _about_name(message or text, list(columns), list(dotted)) or _first(
        message or text
    )


def _about_name(message: str, columns: list[str], dotted: list[str]) -> str | None:
    found = TABLE.search(message)
    if found:
        tables = ', '.join(OF_SHAPE)
        return _no('table', found[1], _meant(found[1], OF_SHAPE, f'; there are {tables}'))
    found = PART.search(message)
    if found:
        name = f'{found[2]}.{found[1]}'
        return _no('column', name, _meant(name, columns, LISTED))
    found = COLUMN.search(message) or OF_TABLE.search(message)
    if not found:
        return None
    unknown = (one for one in dotted if one not in columns)
    whole = (one for one in unknown if one.startswith(f'{found[1]}.'))
    name = next(whole, found[1])
    inside = sorted(one for one in columns if one.startswith(f'{name}.'))
    hint = f': its parts are {_some(inside)}' if inside else _meant(name, columns, LISTED)
    return _no('column', name, hint)


def _no(what: str, name: str, hint: str) -> str:
    return f'no {what} is named {name}{hint}'


def _some(names: list[str]) -> str:
    more = len(names) - MOST
    listed = ', '.join(f'"{name}"' for name in names[:MOST])
    return f'{listed} and {more} more' if more > 0 else listed


def _meant(name: str, names: Iterable[str], otherwise: str = '') -> str:
    known = list(names)
    found = near(name, known) or near_end(name, known)
    return f': did you mean {any_of(found[:MOST])}?' if found else otherwise


def near_end(name: str, names: Iterable[str]) -> list[str]:
    """Return the dotted names that end with a name, or with one near to it.

    >>> near_end('hostname', ['host.hostname', 'call.name'])
    ['host.hostname']
    """
    ends = {one.rpartition('.')[2]: one for one in names if '.' in one}
    return [ends[name]] if name in ends else [ends[end] for end in near(name, ends)]


def _first(message: str) -> str:
    """Return the first sentence of a message, and what it says is meant."""
    hint = HINT.search(message)
    first = message.partition('\n')[0].strip()
    return f'{first.rstrip("!.")}: did you mean {hint[1]}?' if hint else first
