"""Flatten records: join the names of nested objects with dots."""

from __future__ import annotations

from collections import Counter
from functools import partial

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .reading import Lines

EMPTY = '{}'  # represents an empty object in flat frames


def flatten(lines: Lines, empty: str | None = None) -> None:
    """Make lines give flat records.

    Args:
        lines: lines that are not read yet.
        empty: replaces empty objects; None keeps them.
    """
    convert = partial(flattened, names=_core.FlatNames('', empty))
    lines.decode_with(_core.Decoder(True, empty), convert)


def flattened(
    record: dict[str, Any], names: _core.FlatNames | None = None
) -> dict[str, Any]:
    r"""Join the names of nested objects with dots; lists and empty objects are kept.

    Args:
        record: nested objects.
        names: cache of joined names; share it between many records for speed.

    >>> flattened({'call': {'name': 'f', 'args': []}, 'slurm': {}})
    {'call.name': 'f', 'call.args': [], 'slurm': {}}

    A name may contain dots itself. If two values would get the same name, a backslash
    precedes each such dot, so that both are kept:

    >>> flattened({'a': {'b': 1}, 'a.b': 2})
    {'a.b': 1, 'a\\.b': 2}
    """
    names = names or _core.FlatNames()
    flat = names.flattened(record)
    if flat is not None:
        return flat
    flat = _with_distinct_names(record)
    if names.empty is not None:
        flat = {name: names.empty if v == {} else v for name, v in flat.items()}
    return flat


def _leaves(record: dict[str, Any], escaped: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested objects, of any depth, with their dotted names."""
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


def _with_distinct_names(record: dict[str, Any]) -> dict[str, Any]:
    """Return the leaves of a record in which different paths give the same dotted name.

    Escaped names are distinct. A name stays unescaped if it is unique and contains no
    backslash, because it cannot be confused with an escaped one.
    """
    counts = Counter(name for name, _ in _leaves(record))
    flat = {}
    for (name, value), (escaped, _) in zip(
        _leaves(record), _leaves(record, True), strict=True
    ):
        flat[escaped if counts[name] > 1 or '\\' in name else name] = value
    return flat


def _escaped(name: str) -> str:
    return name.replace('\\', r'\\').replace('.', r'\.')
