"""JSON for values that are not plain: numpy, dates, users' own types, and bad ones.

Two passes. The first is a library's: orjson, or the stdlib with a user's own encoder
class (orjson would handle enums and UUIDs before the user's `default` sees them) and where
orjson is not installed. Only
if it fails, or gives what is not strict JSON, `_Cleaner` walks the value once more and
puts a placeholder where something cannot be encoded.
"""

from __future__ import annotations

import builtins
import json
import math

from .. import _core, json_library
from ..messages import one_line, text_of, warn
from .convert import convert
from .surrogates import with_readable_surrogates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

OBJECTS = (dict, getattr(builtins, 'frozendict', dict))  # what the stdlib writes as objects
PLACEHOLDER = '__unencodable_as_json__'
DEEPEST = 200  # levels that _Cleaner follows: far below Python's own limit
SHALLOW = 50  # levels of a default's result that orjson gets: below its own limit of 255


class JSONEncodeWarning(Warning):
    """A value could not be encoded, and its place in the record has a placeholder.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter('always')
    ...     encode([object()], None)
    b'["__unencodable_as_json__"]'
    >>> caught[0].category.__name__
    'JSONEncodeWarning'
    """


class JSONEncoder(json.JSONEncoder):
    """The standard encoder: dates, paths, sets, numpy scalars and arrays, and more.

    Extend it by overriding `default`, and give the class to the bench:

    >>> class Mine(JSONEncoder):
    ...     def default(self, o):
    ...         if isinstance(o, range):
    ...             return [o.start, o.stop]
    ...         return super().default(o)
    >>> json.dumps({'r': range(3), 'z': 1 + 2j}, cls=Mine)
    '{"r": [0, 3], "z": [1.0, 2.0]}'
    """

    def default(self, o: Any) -> Any:
        """Return `o` as something simpler; raise TypeError if there is nothing.

        Dates and times become ISO 8601 text, timedeltas seconds, time zones, UUIDs,
        paths and Decimals their text, enums their value, sets and arrays lists, bytes
        text, complex numbers `[real, imaginary]`, dataclasses and mappings of any kind
        objects, sentinels and template strings their `repr`.
        """
        found = convert(o)
        return super().default(o) if found is o else found


def encode(value: Any, encoder: type | None) -> bytes:
    """Return strict JSON for any value; see encoding.encode."""
    return _by_library(value, encoder) or _cleaned(value, encoder, strict=False)


def encode_strictly(value: Any, encoder: type | None) -> bytes:
    """Return strict JSON, or raise; see encoding.encode_strictly."""
    return _by_library(value, encoder) or _cleaned(value, encoder, strict=True)


def decode(text: str | bytes) -> Any:
    """Return the value that a JSON text stands for."""
    return _core.within_stack(json.loads, text)


def warn_unencodable(value: object, error: BaseException) -> None:
    """Warn, at the line of the caller, that a placeholder took the value's place."""
    kind = type(value).__name__
    warn(f'{kind} cannot be encoded as JSON ({one_line(error)})', JSONEncodeWarning)


def _by_library(value: Any, encoder: type | None) -> bytes | None:
    """Return the text as orjson or the stdlib gives it; None if neither can."""
    if encoder is None:
        text = json_library.dumps_quickly(value, _shallow_default)
        if text is not None:
            return text
    return _by_stdlib(value, encoder or JSONEncoder)


def _shallow_default(value: Any) -> Any:
    """As the standard encoder's; nothing in what it returns needs a default again.

    orjson counts neither tuples nor what is inside the result of a default. Beyond the
    end of its stack or its buffer it kills the program.
    """
    return _shallow(_standard.default(value), SHALLOW)


def _shallow(value: Any, levels: int) -> Any:
    if _core.is_shallow(value, levels):
        return value
    if not levels:
        raise TypeError('it is nested too deeply')
    if isinstance(value, dict):
        return {key: _shallow(item, levels - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shallow(item, levels - 1) for item in value]
    if isinstance(value, (str, int, float)):
        return value
    return _shallow(_standard.default(value), levels - 1)


def _by_stdlib(value: Any, encoder: type) -> bytes | None:
    try:
        text = _dumped(value, cls=encoder)
        line = _checked(text, value) if _writes_itself(encoder) else text.encode()
    except Exception:
        return None
    return line and with_readable_surrogates(line)


def _dumped(value: Any, **options: Any) -> str:
    options |= {'allow_nan': False, 'separators': (',', ':')}
    text: str = _core.within_stack(json.dumps, value, **options)
    return text


def _writes_itself(encoder: type) -> bool:
    """Whether a class decides more than what stands for which value."""
    return any(
        getattr(encoder, name) is not getattr(json.JSONEncoder, name)
        for name in ('__init__', 'encode', 'iterencode')
    )


def _checked(text: str, value: Any) -> bytes | None:
    """Return what such a class writes, as one line of ASCII; None if it is not strict.

    It may indent, write NaN or other characters, or anything at all.
    """
    written = _core.within_stack(json.loads, text, parse_constant=_refuse)
    if isinstance(value, dict) and not isinstance(written, dict):
        return None
    lines = text.encode('utf-8', 'surrogatepass').splitlines()
    return _core.ascii_text(b' '.join(lines))


def _refuse(token: str) -> None:
    raise ValueError(f'{token} is not JSON')


def _cleaned(value: Any, encoder: type | None, *, strict: bool) -> bytes:
    cleaner = _Cleaner(_default_of(encoder), strict=strict)
    cleaned = _core.within_stack(cleaner.clean, value)
    text = _by_stdlib(cleaned, encoder) if encoder and _writes_itself(encoder) else None
    return text or with_readable_surrogates(_dumped(cleaned).encode())


def _default_of(encoder: type | None) -> Callable[[Any], Any]:
    """Return the user's `default`, and ours behind it: the record has dates of its own."""
    if encoder is None:
        return _standard.default
    users: Callable[[Any], Any] = encoder().default

    def default(value: Any) -> Any:
        try:
            return users(value)
        except TypeError:
            return _standard.default(value)

    return default


class _Cleaner:
    """Makes plain JSON values of anything, with the choices and order of the stdlib.

    NaN and infinities become None. What cannot be encoded is replaced by the
    placeholder or, if strict, raised.
    """

    def __init__(self, default: Callable[[Any], Any], *, strict: bool) -> None:
        self.default = default
        self.strict = strict
        self.inside: set[int] = set()  # ids of the containers around the value

    def clean(self, value: Any) -> Any:
        try:
            return self._simple(value)
        except Exception as error:
            if self.strict:
                raise
            warn_unencodable(value, error)
            return PLACEHOLDER

    def _simple(self, value: Any) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            int.__repr__(value)  # raises ValueError beyond sys.get_int_max_str_digits()
            return int.__int__(value)
        if isinstance(value, float):
            return float.__float__(value) if math.isfinite(value) else None
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if id(value) in self.inside:
            raise ValueError('it contains itself')
        if len(self.inside) >= DEEPEST:
            raise ValueError(f'it is nested more than {DEEPEST} levels deep')
        self.inside.add(id(value))
        try:
            if isinstance(value, OBJECTS):
                return {_key(k): self.clean(v) for k, v in value.items()}
            if isinstance(value, (list, tuple)):
                return [self.clean(item) for item in value]
            return self.clean(self.default(value))
        finally:
            self.inside.discard(id(value))


def _key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: 'null', True: 'true', False: 'false'}[key]
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return int.__repr__(key)
    return float.__repr__(key) if isinstance(key, float) else text_of(key)


_standard = JSONEncoder()
