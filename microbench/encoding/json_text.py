"""Encode records and values: always strict JSON, one line, pure ASCII.

Native code encodes plain values (those that `json.loads` can return, and datetimes). So a
default record needs neither json nor orjson, whose import takes ten times as long as the
record. json_encoder encodes everything else.
"""

from __future__ import annotations

# Also in collections.abc, which a program may not have loaded; this module is built in.
from _collections_abc import Mapping

from .. import _core
from ..descriptors import loaded
from .limits import AUTO, SHORT, limits_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .limits import Limits

    class HasToJson(Protocol):
        """A bench."""

        def to_json(self, obj: Any) -> str:
            """Return `obj` as JSON."""


SCALARS = frozenset({str, int, float, bool, type(None)})
DEEPEST = 50  # nested containers that simplified() enters


def as_dict(value: Any) -> dict[Any, Any] | None:
    """Return a mapping as a dict, and a dict itself.

    None for any other value, and for a mapping that raises.
    """
    if isinstance(value, dict):
        return value
    try:
        return dict(value) if isinstance(value, Mapping) else None
    except Exception:
        return None


def plain(value: Any) -> bytes | None:
    """Return the JSON text of a plain value; None if any part of it is not plain."""
    return _core.plain_text(value)


def encode(value: Any, encoder: type | None = None, limits: Limits | None = None) -> bytes:
    """Return the JSON text of any value; never raise.

    A part that cannot be encoded becomes the placeholder, with one JSONEncodeWarning.

    Args:
        value: the value.
        encoder: encoder class of the user; None for the standard one.
        limits: of arrays; None for none.
    """
    text = plain(value) if encoder is None else None
    if text is not None:
        return text
    if limits is not None:
        value = limits.without_arrays(value)
    try:
        return _json_encoder().encode(value, encoder)  # type: ignore[no-any-return]
    except OSError:  # without descriptors, the encoder cannot be imported
        return plain(simplified(value)) or b'{}'


def encode_strictly(value: Any, encoder: type | None = None) -> bytes:
    """Return the JSON text of a value.

    Raises:
        TypeError, ValueError, RecursionError: the value cannot be encoded.
    """
    text = plain(value) if encoder is None else None
    if text is not None:
        return text
    return _json_encoder().encode_strictly(value, encoder)  # type: ignore[no-any-return]


def encode_known(
    fields: dict[str, Any], encoder: type | None = None, limits: Limits | None = None
) -> bytes:
    """Return the JSON text of the fields that can be encoded; do not warn about others."""
    if limits is not None and (encoder is not None or plain(fields) is None):
        fields = limits.without_arrays(fields)
    try:
        return encode_strictly(fields, encoder)
    except Exception:
        known = {k: v for k, v in fields.items() if _can_be_encoded(v, encoder)}
        return encode_strictly(known, encoder)


def _can_be_encoded(value: Any, encoder: type | None) -> bool:
    try:
        encode_strictly(value, encoder)
    except Exception:
        return False
    return True


def _json_encoder() -> Any:
    def load() -> Any:
        from . import json_encoder  # start-up time

        return json_encoder

    return loaded(load)


def simplified(value: Any, within: tuple[int, ...] = ()) -> Any:
    """Return the value with type names in place of parts that need an encoder.

    A container that contains itself, or is nested too deeply, becomes its type name, too.

    Args:
        value: the value.
        within: ids of the containers around it.
    """
    fields = as_dict(value)
    if fields is None and not isinstance(value, (list, tuple)):
        return value if plain(value) is not None else f'<{type(value).__name__}>'
    if id(value) in within or len(within) == DEEPEST:
        return f'<{type(value).__name__}>'
    within = (*within, id(value))
    if fields is not None:
        return {_simplified_key(k): simplified(v, within) for k, v in fields.items()}
    return [simplified(item, within) for item in value]


def _simplified_key(key: Any) -> str:
    """Return a key as the json module writes it."""
    if type(key) is str:
        return key
    text = plain(key) if type(key) in SCALARS else None
    return f'<{type(key).__name__}>' if text is None else text.decode('ascii')


def made_strict(line: bytes) -> bytes:
    """Return a line of JSON that strict readers accept.

    null replaces NaN and infinities, and readable text replaces lone surrogates.
    """
    from .surrogates import with_readable_surrogates  # start-up time

    line = with_readable_surrogates(line)
    if b'NaN' not in line and b'Infinity' not in line:
        return line
    from ..results.reading import decode_line  # start-up time

    value = decode_line(line)
    return line if value is None else encode(value)


def snapshot(value: Any, bench: HasToJson) -> Any:
    """Return a copy of the value's present state, made of plain JSON values.

    Summaries replace what is larger than `bench.max_value`. If `bench.to_json` cannot
    encode the value, return the placeholder, with one JSONEncodeWarning.
    """
    if type(value) in SCALARS:
        return value if _is_short(value, bench) else limits_of(bench).summarized(value)
    reduced = limits_of(bench).summarized(value)
    json_encoder = _json_encoder()
    try:
        return json_encoder.decode(bench.to_json(reduced))
    except Exception as error:
        json_encoder.warn_unencodable(value, error)
        return json_encoder.PLACEHOLDER


def _is_short(value: Any, bench: HasToJson) -> bool:
    """Return True if a scalar needs no limit: the common case."""
    if type(value) is not str:
        return True
    return len(value) <= SHORT and getattr(bench, 'max_value', AUTO) == AUTO
