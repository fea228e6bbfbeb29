"""Take records from whatever holds them: lists, frames, benches, sinks and files."""

from __future__ import annotations

from itertools import islice

from ..baselines.identity import identity_of
from ..baselines.stored import PREFIX, chosen
from ..diff import nested
from ..reader import read
from ..results.flat_schema import converted, is_flat_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ..baselines.identity import Identity

    Record = dict[str, Any]

EXAMINED = 1000  # records that say of which machine runs are


def records_of_both(
    base: Any, new: Any, *, force: bool = False
) -> tuple[Iterable[Record], Iterable[Record]]:
    """Return the records of both sides, of which each may be `baseline:NAME`.

    A baseline has to be of the machine and the interpreter of the other side.

    Raises:
        BaselineError: there is no such baseline, unless `force` is given.
        TypeError, FileNotFoundError: as those of `records_of`.
    """
    held = [None if is_baseline(one) else records_of(one) for one in (base, new)]
    if None not in held:
        return held[0] or (), held[1] or ()
    whole = [None if one is None else list(one) for one in held]
    known = next((one for one in whole if one is not None), None)
    identity = identity_in(known, force=force)
    found = (
        chosen(name_of(source), identity, force=force).records() if one is None else one
        for source, one in zip((base, new), whole, strict=True)
    )
    return next(found), next(found)


def identity_in(records: Iterable[Record] | None, *, force: bool) -> Identity | None:
    """Return the machine and interpreter of some records; None for those of this process.

    Raises:
        ValueError: they are of several ones, and `force` is not given.
    """
    if records is None or force:
        return None
    return identity_of(islice(records, EXAMINED))


def is_baseline(source: Any) -> bool:
    """Return whether a source is the name of a baseline, behind `baseline:`."""
    return isinstance(source, str) and source.startswith(PREFIX)


def name_of(source: str) -> str:
    """Return the name of a baseline."""
    return source[len(PREFIX) :]


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
