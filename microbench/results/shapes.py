"""The shapes that `get_results` gives records: dicts, flat dicts, a data frame."""

from __future__ import annotations

import gc
from collections import Counter

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

EMPTY = '{}'  # stands in flat frames for an empty object, of which files have no type


def shaped(records: Iterable[dict[str, Any]], format: str, flat: bool) -> Any:  # noqa: A002
    """Return records as `get_results` promises them; see there."""
    if format not in ('dict', 'df'):
        raise ValueError(f"format has to be 'dict' or 'df', not {format!r}")
    if flat:
        names = _core.FlatNames('', EMPTY if format == 'df' else None)
        records = (flattened(record, names) for record in records)
    records = _all_of(records)
    if format == 'dict':
        return records
    from .frames import frame_of  # start-up time

    return frame_of(records)


def _all_of(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return them as a list, made without the cyclic garbage collector.

    It would search all of them for cycles, which they do not have, again and again: half
    the time of a large file.
    """
    enabled = gc.isenabled()
    try:
        gc.disable()
        return list(records)
    finally:
        if enabled:
            gc.enable()


def flattened(
    record: dict[str, Any], names: _core.FlatNames | None = None
) -> dict[str, Any]:
    r"""Join the names of nested objects by dots; lists and empty objects are kept.

    Args:
        record: nested objects.
        names: where many are flattened, the same for all of them: it is quicker.

    >>> flattened({'call': {'name': 'f', 'args': []}, 'slurm': {}})
    {'call.name': 'f', 'call.args': [], 'slurm': {}}

    Names may hold dots themselves. Where two values would get the same name, each such
    dot has a backslash before it, so that both are there:

    >>> flattened({'a': {'b': 1}, 'a.b': 2})
    {'a.b': 1, 'a\\.b': 2}
    """
    names = names or _core.FlatNames()
    flat = names.flattened(record)
    if flat is not None:
        return flat
    flat = _told_apart(record)
    if names.empty is not None:
        flat = {name: names.empty if v == {} else v for name, v in flat.items()}
    return flat


def _leaves(record: dict[str, Any], escaped: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested objects with their dotted names, however deep."""
    inside: list[tuple[str, Iterator[tuple[str, Any]]]] = [('', iter(record.items()))]
    while inside:
        above, items = inside[-1]
        for own, value in items:
            name = above + (_escaped(own) if escaped else own)
            if isinstance(value, dict) and value:
                inside.append((name + '.', iter(value.items())))
                break
            yield name, value
        else:
            inside.pop()


def _told_apart(record: dict[str, Any]) -> dict[str, Any]:
    """Return the leaves of any record, also where different paths read the same.

    Escaped, no two do. A name without backslashes that is there once stays as it is: it
    cannot be taken for an escaped one.
    """
    seen = Counter(name for name, _ in _leaves(record))
    flat = {}
    for (name, value), (told, _) in zip(
        _leaves(record), _leaves(record, True), strict=True
    ):
        flat[told if seen[name] > 1 or '\\' in name else name] = value
    return flat


def _escaped(name: str) -> str:
    return name.replace('\\', r'\\').replace('.', r'\.')
