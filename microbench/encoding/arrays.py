"""Describe arrays, frames and tensors by what they say of themselves.

Nothing is imported, and no element is read: an array may be on another device. Attributes
are read only where the class, or the object itself, defines them, so that a proxy or a
mock, which has any attribute, is no array. Each answer may be missing, or wrong.
"""

from __future__ import annotations

from math import prod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

MARKS = ('shape', 'nbytes', '__array_interface__', '__cuda_array_interface__', 'typecode')
INTERFACES = ('__array_interface__', '__cuda_array_interface__')
# Parts of a sparse matrix that hold its elements and their places.
PARTS = ('data', 'indices', 'indptr', 'row', 'col', 'offsets')
MOST_AXES = 64
LONGEST = 200  # characters of the name of a type


def is_array(value: Any) -> bool:
    """Return True for what looks like an array, a frame or a tensor."""
    try:
        return any(_defines(value, name) for name in MARKS)
    except Exception:
        return False


class Array:
    """What an array says of itself; None where it does not.

    Attributes:
        shape: numbers of elements along each axis.
        dtype: type of the elements; of a frame, the types of its columns.
        size: bytes that it takes in memory.
        elements: number of elements that it stores.
    """

    def __init__(self, value: Any) -> None:
        self.shape = _shape(value)
        self.dtype = _dtype(value)
        self.elements = _whole(_read(value, 'nnz'))
        if self.elements is None and self.shape is not None:
            self.elements = prod(self.shape)
        self.size = self._size(value)

    def _size(self, value: Any) -> int | None:
        for size in _sizes(value):
            if size is not None:
                return size
        item = _whole(_read(_read(value, 'dtype'), 'itemsize'))
        if item is None:
            item = _whole(_read(value, 'itemsize'))
        return None if item is None or self.elements is None else item * self.elements


def _defines(value: Any, name: str) -> bool:
    return hasattr(type(value), name) or name in getattr(value, '__dict__', ())


def _read(value: Any, name: str) -> Any:
    """Return an attribute; None if it is not there, or raises."""
    try:
        return getattr(value, name) if _defines(value, name) else None
    except Exception:
        return None


def _called(value: Any, name: str) -> Any:
    """Return what a method returns; None if there is none, or it raises."""
    method = _read(value, name)
    try:
        return method() if callable(method) else None
    except Exception:
        return None


def _whole(value: Any) -> int | None:
    """Return a size as an int; None if it is none."""
    try:
        size = int(type(value).__index__(value))
    except Exception:
        return None
    return size if size >= 0 and not isinstance(value, bool) else None


def _shape(value: Any) -> list[int] | None:
    axes = _read(value, 'shape')
    if axes is None:
        axes = next((found['shape'] for found in _interfaces(value)), None)
    try:
        found = [len(value)] if axes is None else [_whole(axis) for axis in axes]
    except Exception:
        return None
    sizes = [size for size in found[: MOST_AXES + 1] if size is not None]
    return sizes if len(sizes) == len(found) <= MOST_AXES else None


def _interfaces(value: Any) -> Iterator[dict[str, Any]]:
    for name in INTERFACES:
        found = _read(value, name)
        if isinstance(found, dict):
            yield found


def _dtype(value: Any) -> str | None:
    for name in ('dtype', 'type', 'format', 'typecode'):
        found = _read(value, name)
        if found is not None and not callable(found):
            return _name(found)
    columns = _read(value, 'dtypes')
    if columns is None:
        columns = _read(_read(value, 'schema'), 'types')
    if columns is not None:
        return _of_columns(columns)
    return next((_name(found.get('typestr')) for found in _interfaces(value)), None)


def _of_columns(types: Any) -> str | None:
    """Return the types of columns, each once."""
    try:
        return _name(', '.join(dict.fromkeys(map(str, types))))
    except Exception:
        return None


def _name(kind: Any) -> str | None:
    try:
        name = str(kind)
    except Exception:
        return None
    return name if len(name) <= LONGEST else f'{name[:LONGEST]}…'


def _sizes(value: Any) -> Iterator[int | None]:
    """Yield what an object says of its size in bytes, the best first."""
    yield _whole(_read(value, 'nbytes'))
    yield _whole(_called(value, 'estimated_size'))  # polars
    yield _whole(_called(_called(value, 'memory_usage'), 'sum'))  # a frame of pandas
    item = _whole(_called(value, 'element_size'))  # torch
    count = _whole(_called(value, 'numel'))
    yield None if item is None or count is None else item * count
    if _defines(value, 'nnz'):
        parts = [_whole(_read(_read(value, name), 'nbytes')) for name in PARTS]
        known = [size for size in parts if size is not None]
        yield sum(known) if known else None
