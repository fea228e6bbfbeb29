"""The points of a sweep: those of a product are made when they are needed."""

from __future__ import annotations

from _collections_abc import Mapping

from ..core.callables import name_of
from ..encoding.json_text import SCALARS, encode
from ..encoding.limits import SHORT, Limits
from ..json_library import loads
from ..messages import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Point = dict[str, Any]

LONGEST = 60  # characters of a value in a message
LIMITS = Limits()


class Product:
    """All combinations of the values of some names; the last name changes fastest.

    Args:
        axes: a list of values for each name.
    """

    def __init__(self, axes: dict[str, list[Any]]) -> None:
        self.axes = axes
        self._shown = {name: list(map(shown, values)) for name, values in axes.items()}
        self._size = 1
        for values in axes.values():
            self._size *= len(values)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> Point:
        return _at(self.axes, index)

    def shown(self, index: int) -> Point:
        """Return a point as records have it."""
        return _at(self._shown, index)

    def kinds(self) -> Iterator[int]:
        """Yield a point for each set of names."""
        yield 0

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield all values, each with words for where it is."""
        for name, values in self.axes.items():
            for value in values:
                yield f'{name}={brief(value)} of the grid', value


def _at(axes: dict[str, list[Any]], index: int) -> Point:
    found = {}
    for name in reversed(axes):
        index, place = divmod(index, len(axes[name]))
        found[name] = axes[name][place]
    return {name: found[name] for name in axes}


class Listed:
    """Points that are listed.

    Args:
        points: dicts of arguments.
    """

    def __init__(self, points: list[Point]) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> Point:
        return self.points[index]

    def shown(self, index: int) -> Point:
        """Return a point as records have it."""
        return {name: shown(value) for name, value in self.points[index].items()}

    def kinds(self) -> Iterator[int]:
        """Yield a point for each set of names."""
        names: set[tuple[str, ...]] = set()
        for index, point in enumerate(self.points):
            if (kind := tuple(point)) not in names:
                names.add(kind)
                yield index

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield all points, each with words for where it is."""
        for index, point in enumerate(self.points):
            yield f'point {index} of the grid', point


def grid_of(given: Any) -> Product | Listed:
    """Return the points that a user has given.

    Raises:
        TypeError, ValueError: the grid is wrong, empty or has a point twice.
    """
    if isinstance(given, Mapping):
        if not given:
            raise ValueError('the grid is empty: it has no names')
        return Product({_name(name): _axis(name, given[name]) for name in given})
    if isinstance(given, (str, bytes)) or not hasattr(given, '__iter__'):
        raise TypeError(
            f'grid has to be a dict of lists or a list of dicts, not {brief(given)}'
        )
    points = [_point(index, point) for index, point in enumerate(given)]
    if not points:
        raise ValueError('the grid is empty: it has no point')
    listed = Listed(points)
    _raise_if_repeated(
        (listed.shown(index) for index in range(len(points))),
        lambda first, second: f'point {second} of the grid repeats point {first}',
    )
    return listed


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f'grid: names of arguments are text, not {brief(name)}')
    return name


def _axis(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not hasattr(values, '__iter__'):
        raise TypeError(f'grid: {name!r} needs a list of values, not {brief(values)}')
    axis = list(values)
    if not axis:
        raise ValueError(f'the grid is empty: {name!r} has no values')
    _raise_if_repeated(
        map(shown, axis),
        lambda _first, second: f'grid: {name!r} has {brief(axis[second])} twice',
    )
    return axis


def _point(index: int, point: Any) -> Point:
    if not isinstance(point, Mapping):
        raise TypeError(f'point {index} of the grid has to be a dict, not {brief(point)}')
    return {_name(name): point[name] for name in point}


def _raise_if_repeated(values: Iterable[Any], sentence: Any) -> None:
    """Raise ValueError if two values look alike in a record: nothing tells them apart."""
    found: dict[bytes, int] = {}
    for number, value in enumerate(values):
        first = found.setdefault(encode(value), number)
        if first != number:
            raise ValueError(
                f'{sentence(first, number)}, as records show it: use repeats= to call '
                'the function several times'
            )


def shown(value: Any) -> Any:
    """Return a value as records have it: JSON, a summary if it is large.

    A function or a class becomes its name.

    >>> shown(3), shown((1, 2)), shown(len)
    (3, [1, 2], 'len')
    """
    kind = type(value)
    if kind in SCALARS and (kind is not str or len(value) <= SHORT):
        return value
    if callable(value) and hasattr(value, '__name__'):
        return name_of(value)
    return loads(encode(LIMITS.summarized(value)))


def brief(value: Any) -> str:
    """Return a value for a message."""
    text = text_of(value, repr)
    return text if len(text) <= LONGEST else f'{text[: LONGEST - 1]}…'
