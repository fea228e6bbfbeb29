"""Map the dotted paths of a record to its values, in order to compare two records.

Objects and lists are divided into their items. A large array stays one value.
"""

from __future__ import annotations

from .noise import is_measured
from .shapes import flattened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from typing import Any

# A list is an array if it has more than FEW items, contains only scalars and lists, and has
# more than ARRAY scalars. A shorter list is divided: each of its items may be an array.
FEW, ARRAY, DIMENSIONS = 16, 1000, 32


def leaves(record: dict[str, Any], arrays: Container[str] = ()) -> dict[str, Any]:
    """Return the values of a record by dotted path, including those inside lists.

    Args:
        record: a JSON object.
        arrays: paths of lists that stay one value.

    >>> leaves({'call': {'args': [1, {'x': []}]}})
    {'call.args.0': 1, 'call.args.1.x': []}
    """
    found: dict[str, Any] = {}
    # Without recursion: a record may be nested more deeply than Python can call.
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
    """Return the scalars of nested lists, in order.

    None if the lists contain an object, or are nested too deeply.

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
