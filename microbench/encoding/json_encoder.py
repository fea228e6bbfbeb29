"""Encode values that are not plain: numpy, dates, users' own types, and invalid ones.

A library makes the first attempt. It is orjson; or the standard library, if orjson is not
installed or the user has an encoder class (orjson would encode enums and UUIDs before the
user's `default` sees them). If the attempt fails, or its result is not strict JSON,
`_Cleaner` walks the value and replaces each part that cannot be encoded by a placeholder.
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

OBJECTS = (dict, getattr(builtins, 'frozendict', dict))  # types that json.dumps takes
PLACEHOLDER = '__unencodable_as_json__'
DEEPEST = 200  # levels that _Cleaner enters, far below Python's limit of recursion
SHALLOW = 50  # levels of a default's result given to orjson, below its limit of 255


class JSONEncodeWarning(Warning):
    """Warning about a value that cannot be encoded; the record has a placeholder instead.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter('always')
    ...     encode([object()], None)
    b'["__unencodable_as_json__"]'
    >>> caught[0].category.__name__
    'JSONEncodeWarning'
    """


class JSONEncoder(json.JSONEncoder):
    """JSON encoder for dates, paths, sets, numpy scalars and arrays, and more.

    To extend it, override `default` and pass the class to the bench as `json_encoder`:

    >>> class Mine(JSONEncoder):
    ...     def default(self, o):
    ...         if isinstance(o, range):
    ...             return [o.start, o.stop]
    ...         return super().default(o)
    >>> json.dumps({'r': range(3), 'z': 1 + 2j}, cls=Mine)
    '{"r": [0, 3], "z": [1.0, 2.0]}'
    """

    def default(self, o: Any) -> Any:
        """Convert a value that JSON lacks into one that it has.

        Args:
            o: a value that `json` cannot encode.

        Returns:
            ISO 8601 text for dates and times; seconds for timedeltas; text for time
            zones, UUIDs, paths, Decimals and bytes; the value of an enum; a list for sets
            and arrays; `[real, imaginary]` for complex numbers; a dict for dataclasses and
            mappings; the `repr` of sentinels and template strings.

        Raises:
            TypeError: the value cannot be converted.
        """
        found = convert(o)
        return super().default(o) if found is o else found


def encode(value: Any, encoder: type | None) -> bytes:
    """Return strict JSON for any value; see json_text.encode."""
    return _by_library(value, encoder) or _cleaned(value, encoder, strict=False)


def encode_strictly(value: Any, encoder: type | None) -> bytes:
    """Return strict JSON, or raise; see json_text.encode_strictly."""
    return _by_library(value, encoder) or _cleaned(value, encoder, strict=True)


def decode(text: str | bytes) -> Any:
    """Return the value of a JSON text."""
    return _core.within_stack(json.loads, text)


def warn_unencodable(value: object, error: BaseException) -> None:
    """Warn, at the line of the caller, that a placeholder has replaced a value."""
    kind = type(value).__name__
    warn(f'{kind} cannot be encoded as JSON ({one_line(error)})', JSONEncodeWarning)


def _by_library(value: Any, encoder: type | None) -> bytes | None:
    """Encode with orjson or the standard library; return None if both fail."""
    if encoder is None:
        text = json_library.dumps_quickly(value, _shallow_default)
        if text is not None:
            return text
    return _by_stdlib(value, encoder or JSONEncoder)


def _shallow_default(value: Any) -> Any:
    """Convert a value and everything in it, so that orjson calls no further default.

    orjson limits neither the depth of tuples nor that of a default's result. A value that
    exceeds its stack or buffer kills the program.
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
    """Return True if an encoder class overrides more than `default`."""
    return any(
        getattr(encoder, name) is not getattr(json.JSONEncoder, name)
        for name in ('__init__', 'encode', 'iterencode')
    )


def _checked(text: str, value: Any) -> bytes | None:
    """Return the text of such a class as one line of ASCII; None if it is not strict JSON.

    The class may indent, write NaN or non-ASCII characters, or anything else.
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
    """Return the user's `default`, falling back to `_standard` for the record's dates."""
    if encoder is None:
        return standard_default
    users = own_default(encoder)

    def default(value: Any) -> Any:
        try:
            return users(value)
        except TypeError:
            return _standard.default(value)

    return default


def own_default(encoder: type) -> Callable[[Any], Any]:
    """Return the `default` of a user's encoder class, which may raise TypeError."""
    users: Callable[[Any], Any] = encoder().default
    return users


class _Cleaner:
    """Convert any value into plain JSON values, by the rules of the standard library.

    NaN and infinities become None. A part that cannot be encoded is replaced by the
    placeholder; if strict, its error is raised.
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
                return {key_text(k): self.clean(v) for k, v in value.items()}
            if isinstance(value, (list, tuple)):
                return [self.clean(item) for item in value]
            return self.clean(self.default(value))
        finally:
            self.inside.discard(id(value))


def key_text(key: Any) -> str:
    """Return a key of a dict as the text that stands in JSON."""
    if key is None or isinstance(key, bool):
        return {None: 'null', True: 'true', False: 'false'}[key]
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return int.__repr__(key)
    return float.__repr__(key) if isinstance(key, float) else text_of(key)


_standard = JSONEncoder()
standard_default = _standard.default
