"""The values of a record by dotted path: what two records are compared by.

Objects and lists are taken apart, but for large arrays: a million numbers are one value.
"""

from __future__ import annotations

from .noise import is_measured
from .shapes import flattened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from typing import Any

# A list of more than a few items is an array if it has nothing but values and lists in it,
# and more values than these. Lists of a few items are taken apart: each may be an array.
FEW, ARRAY, DIMENSIONS = 16, 1000, 32


def leaves(record: dict[str, Any], arrays: Container[str] = ()) -> dict[str, Any]:
    """Return the values of a record by dotted path, those inside lists as well.

    Args:
        record: a JSON object.
        arrays: paths of lists that are not taken apart.

    >>> leaves({'call': {'args': [1, {'x': []}]}})
    {'call.args.0': 1, 'call.args.1.x': []}
    """
    found: dict[str, Any] = {}
    # A record may be nested more deeply than Python calls.
    waiting = list(reversed(flattened(record).items()))
    while waiting:
        path, value = waiting.pop()
        items: Any = ()
        if isinstance(value, list) and path not in arrays:
            items = enumerate(value)
        elif isinstance(value, dict) and path not in arrays:
            items = value.items()
        inner = [(f'{path}.{name}', item) for name, item in items]
        if not inner:
            found[path] = value
        waiting += reversed(inner)
    return found


def arrays_of(record: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of arrays, and of long lists of measurements."""
    waiting = list(flattened(record).items())
    while waiting:
        path, value = waiting.pop()
        pairs: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            pairs = value.items()
        elif isinstance(value, list):
            if _is_array(value) or (len(value) > ARRAY and is_measured(path)):
                yield path
                continue
            pairs = enumerate(value)
        containers = ((n, v) for n, v in pairs if isinstance(v, (list, dict)))
        waiting += [(f'{path}.{name}', item) for name, item in containers]


def _is_array(value: list[Any]) -> bool:
    plain = numbers_in(value) if len(value) > FEW else None
    return plain is not None and len(plain) > ARRAY


def numbers_in(array: list[Any]) -> list[Any] | None:
    """Return the values in nested lists, in their order.

    None if there is an object among them, or if they are nested too deeply.

    >>> numbers_in([[1, 2], [3]]), numbers_in([{}])
    ([1, 2, 3], None)
    """
    for _ in range(DIMENSIONS):
        kinds = set(map(type, array))
        if dict in kinds:
            return None
        if list not in kinds:
            return array
        parts = (value if type(value) is list else [value] for value in array)
        array = [item for part in parts for item in part]
    return None
