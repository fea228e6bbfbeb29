"""Summaries: what stands in a record in place of a large value.

A summary is an object with `"summarized": true` and the name of the type. Beside these an
array has its shape, type of elements and bytes; a text its length, bytes, first and last
characters; a container its length. On request there is a digest.
"""

from __future__ import annotations

import sys

from .. import _core
from .arrays import LONGEST, Array, is_array
from .json_encoder import DEEPEST, OBJECTS, key_text, own_default, standard_default

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    Sized = tuple[Any, int]

    class Limits(Protocol):
        """Those of limits.py, which imports this module."""

        array: int
        container: int
        text: int
        digests: bool
        encoder: type | None


SHOWN = 64  # characters of a text at its beginning, and at its end
EXACT_BITS = 1024  # of whole numbers whose digits are counted
UNKNOWN = 26  # bytes of a placeholder, which an encoder may put in place of a value
CONVERTED = (
    'numpy',
    'array',
    'builtins',
)  # modules of arrays that `convert` makes lists of


class TooLargeError(Exception):
    """A value is above its limit."""


def summarized(value: Any, limits: Limits) -> Any:
    """Return a value with summaries in place of its large parts, or of all of it.

    The value itself is returned if it has none, or cannot be read.
    """
    walk = _Walk(limits)
    try:
        found, _ = _core.within_stack(walk.reduced, value)
    except Exception:  # the stack is used up
        return value
    return found if walk.has_summarized else value


class _Walk:
    """A walk through a value, which measures its parts and summarizes large ones.

    Attributes:
        has_summarized: there was a large part.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.has_summarized = False
        self.inside: set[int] = set()  # ids of the containers around the value
        self.own = None if limits.encoder is None else own_default(limits.encoder)

    def reduced(self, value: Any) -> Sized:
        """Return a value as it is recorded, and about how many bytes of JSON it takes."""
        try:
            return self._measured(value)
        except TooLargeError:
            self.has_summarized = True
            summary = summary_of(value, self.limits.digests)
            return summary, len(_core.plain_text(summary) or b'')
        except Exception:
            return value, UNKNOWN  # it cannot be encoded: the encoder warns

    def _measured(self, value: Any) -> Sized:
        """Return the same; raise TooLargeError if the value itself is above its limit."""
        limits = self.limits
        text = _core.plain_text_within(value, limits.text, limits.container)
        if text is not None:
            return value, len(text)
        if isinstance(value, (int, float)):
            return value, _size_of_number(value)
        if isinstance(value, str):
            return self._text(value)
        if id(value) in self.inside or len(self.inside) >= DEEPEST:
            return value, UNKNOWN
        self.inside.add(id(value))
        try:
            return self._container(value)
        finally:
            self.inside.discard(id(value))

    def _text(self, value: str) -> Sized:
        most = self.limits.text
        plain = _core.plain_text(str.__str__(value)) if len(value) <= most else None
        if plain is None or len(plain) > most:
            raise TooLargeError
        return value, len(plain)

    def _container(self, value: Any) -> Sized:
        if isinstance(value, OBJECTS):
            return self._object(value)
        if isinstance(value, (list, tuple)):
            return self._list(value)
        if self.own is not None:
            try:
                return self._measured(self.own(value))
            except TypeError:
                pass  # the encoder of the user leaves it to the standard one
        return self._array(value) if is_array(value) else self._other(value)

    def _object(self, value: Any) -> Sized:
        fields: dict[Any, Any] = {}
        size = 2
        for key, item in value.items():
            fields[key], taken = self.reduced(item)
            name = _core.plain_text(key_text(key))
            size += taken + len(name or b'') + 1 + (len(fields) > 1)
            self._check(size)
        return fields, size

    def _list(self, values: Iterable[Any]) -> Sized:
        items: list[Any] = []
        size = 2
        kind = list if isinstance(values, list) else tuple
        self._check(2 * kind.__len__(values))  # type: ignore[arg-type]
        for value in values:
            item, taken = self.reduced(value)
            items.append(item)
            size += taken + (len(items) > 1)
            self._check(size)
        return items, size

    def _check(self, size: int) -> None:
        if size > self.limits.container:
            raise TooLargeError

    def _array(self, value: Any) -> Sized:
        most, array = self.limits.array, Array(value)
        is_long = array.elements is not None and 2 * array.elements > most
        is_converted = type(value).__mro__[-2].__module__ in CONVERTED
        if is_long or (not is_converted and (array.size or 0) > most):
            raise TooLargeError
        found, size = self._measured(standard_default(value))
        if size > most:
            raise TooLargeError
        return found, size

    def _other(self, value: Any) -> Sized:
        most = self.limits.array
        if isinstance(value, (bytes, bytearray)) and len(value) > most:
            raise TooLargeError
        found, size = self._measured(standard_default(value))
        if size > most and isinstance(value, (bytes, bytearray)):
            raise TooLargeError
        return found, size


# --- summaries --------------------------------------------------------------------------


def summary_of(value: Any, digests: bool = False) -> dict[str, Any]:
    """Return the summary of a value.

    Args:
        value: the value.
        digests: add a digest of the whole value, where its bytes can be read.
    """
    found: dict[str, Any] = {'summarized': True, 'type': type_name(type(value))}
    if isinstance(value, str):
        found |= _of_text(value)
    elif isinstance(value, (bytes, bytearray)):
        found['bytes'] = len(value)
    elif not isinstance(value, (*OBJECTS, list, tuple)) and is_array(value):
        found |= _of_array(value)
    else:
        found |= _length(value)
    if digests:
        from .digests import digest_of  # start-up time

        found |= digest_of(value)
    return found


def _of_text(value: str) -> dict[str, Any]:
    value = str.__str__(value)
    size = len(value.encode('utf-8', 'surrogatepass'))
    found: dict[str, Any] = {'length': len(value), 'bytes': size}
    if not _has_secret(value):  # a part of a secret would not be recognized
        found |= {'first': value[:SHOWN], 'last': value[-SHOWN:]}
    return found


def _has_secret(value: str) -> bool:
    if not _core.is_suspicious(_core.plain_text(value) or b''):
        return False
    from ..credentials import masked  # start-up time

    return masked(value) != value


def _of_array(value: Any) -> dict[str, Any]:
    array = Array(value)
    found = {'shape': array.shape, 'dtype': array.dtype, 'bytes': array.size}
    return {name: known for name, known in found.items() if known is not None}


def _size_of_number(value: Any) -> int:
    """Return the bytes of a number in JSON; of a very long one, about as many."""
    if isinstance(value, float):
        return 20
    bits = value.bit_length()
    return len(int.__repr__(value)) if bits < EXACT_BITS else bits // 3


def _length(value: Any) -> dict[str, int]:
    """Return the length of a container; not what a class of the user says of it."""
    for kind in (list, tuple, *OBJECTS, set, frozenset):
        if isinstance(value, kind):
            length: Any = kind.__len__
            return {'length': length(value)}
    try:
        return {'length': len(value)}
    except Exception:
        return {}


def type_name(kind: type) -> str:
    """Return the name of a class with the shortest module that has it.

    >>> import json
    >>> type_name(dict), type_name(json.JSONEncoder)
    ('dict', 'json.JSONEncoder')
    """
    module, name = str(kind.__module__), str(kind.__qualname__)
    if module == 'builtins':
        return name
    words = module.split('.')
    for end in range(1, len(words)):
        place = sys.modules.get('.'.join(words[:end]))
        if getattr(place, '__dict__', {}).get(name) is kind:
            module = '.'.join(words[:end])
            break
    return f'{module}.{name}'[:LONGEST]
