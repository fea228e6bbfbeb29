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
        arrays: paths of lists that stay one value, besides those that are arrays.

    >>> leaves({'call': {'args': [1, {'x': []}]}})
    {'call.args.0': 1, 'call.args.1.x': []}
    """
    found: dict[str, Any] = {}
    for path, value in flattened(record).items():
        if value.__class__ is list and value:
            found.update(leaves_below(path, value, arrays))
        else:
            found[path] = value
    return found


def leaves_below(
    path: str, value: Any, arrays: Container[str] = ()
) -> Iterator[tuple[str, Any]]:
    """Yield path and value of the leaves of a list or an object, in order.

    Args:
        path: dotted path of the value.
        value: any JSON value.
        arrays: paths of lists that stay one value, besides those that are arrays.
    """
    # Without recursion: a record may be nested more deeply than Python can call.
    waiting = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        inner: Any = ()
        if path in arrays or is_array(value, path):
            pass
        elif isinstance(value, list):
            inner = enumerate(value)
        elif isinstance(value, dict):
            inner = value.items()
        below = [(f'{path}.{name}', item) for name, item in inner]
        if not below:
            yield path, value
        waiting += reversed(below)


def is_array(value: Any, path: str) -> bool:
    """Return True for an array, and for a long list of measurements."""
    if value.__class__ is not list or len(value) <= FEW:
        return False
    plain = numbers_in(value)
    if plain is not None and len(plain) > ARRAY:
        return True
    return len(value) > ARRAY and is_measured(path)


def arrays_of(record: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of arrays, and of long lists of measurements."""
    waiting = list(flattened(record).items())
    while waiting:
        path, value = waiting.pop()
        if is_array(value, path):
            yield path
            continue
        pairs: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            pairs = value.items()
        elif isinstance(value, list):
            pairs = enumerate(value)
        containers = ((n, v) for n, v in pairs if isinstance(v, (list, dict)))
        waiting += [(f'{path}.{name}', item) for name, item in containers]


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
