"""Take records from whatever holds them: lists, frames, benches, sinks and files."""

from __future__ import annotations

from ..diff import nested
from ..reader import read
from ..results.flat_schema import converted, is_flat_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Record = dict[str, Any]


def records_of(source: Any) -> Iterator[Record]:
    """Yield the records of a source, nested.

    Args:
        source: records, a record, a pandas or Polars frame, a bench or a sink with
            `get_results`, a path or several of them.

    Raises:
        TypeError: it holds no records.
        FileNotFoundError: a path does not exist.
    """
    for record in _found(source):
        if isinstance(record, dict):
            yield nested(converted(record) if is_flat_schema(record) else record)


def _found(source: Any) -> Iterable[Any]:
    if isinstance(source, dict):
        return [source]
    if isinstance(source, (str, bytes)) or hasattr(source, '__fspath__'):
        return read(source)
    if hasattr(source, 'get_results'):
        return list(source.get_results())
    if hasattr(source, 'to_dicts'):  # Polars
        return list(map(_known, source.to_dicts()))
    if hasattr(source, 'to_dict'):
        return [_known(row) for row in source.to_dict('records')]
    return _of_several(source)


def _of_several(source: Any) -> Iterable[Any]:
    if not hasattr(source, '__iter__'):
        kind = type(source).__name__
        raise TypeError(f'records, a frame, a bench or a path is needed, not {kind}')
    found = list(source)
    paths = [isinstance(one, (str, bytes)) or hasattr(one, '__fspath__') for one in found]
    if found and all(paths):
        return read(found)
    if not all(isinstance(one, dict) for one in found):
        kind = next(type(one).__name__ for one in found if not isinstance(one, dict))
        raise TypeError(f'a record is a dict, not {kind}')
    return found


def _known(row: Record) -> Record:
    """Return a row without its empty cells."""
    return {name: value for name, value in row.items() if not _is_missing(value)}


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)
