"""Records and values as JSON text: always strict JSON, one line, pure ASCII.

Plain values (what `json.loads` can return, and datetimes) are written by the native
border. So a default record needs neither json nor orjson, whose import costs ten times
the record. Everything else goes to json_encoder.
"""

from __future__ import annotations

# collections.abc has it from here too: this module is always loaded, and that one is not.
from _collections_abc import Mapping

from .. import _core
from ..descriptors import loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class HasToJson(Protocol):
        """A bench."""

        def to_json(self, obj: Any) -> str:
            """Return `obj` as JSON."""


SCALARS = frozenset({str, int, float, bool, type(None)})
DEEPEST = 50  # containers within each other that are written without an encoder


def as_dict(value: Any) -> dict[Any, Any] | None:
    """Return a mapping of any kind as a dict: the same object if it is one.

    None for anything else, and for a mapping that raises.
    """
    if isinstance(value, dict):
        return value
    try:
        return dict(value) if isinstance(value, Mapping) else None
    except Exception:
        return None


def plain(value: Any) -> bytes | None:
    """Return the JSON text of a plain value; None if it holds anything else."""
    return _core.plain_text(value)


def encode(value: Any, encoder: type | None = None) -> bytes:
    """Return the JSON text of any value; never raise.

    What cannot be encoded costs its own place: it becomes the placeholder, with one
    JSONEncodeWarning. `encoder` is a user's own encoder class.
    """
    text = plain(value) if encoder is None else None
    if text is not None:
        return text
    try:
        return _json_encoder().encode(value, encoder)  # type: ignore[no-any-return]
    except OSError:  # no descriptor is left to load it with
        return plain(simplified(value)) or b'{}'


def encode_strictly(value: Any, encoder: type | None = None) -> bytes:
    """Return the JSON text of a value.

    Raises:
        TypeError, ValueError, RecursionError: it cannot be encoded.
    """
    text = plain(value) if encoder is None else None
    if text is not None:
        return text
    return _json_encoder().encode_strictly(value, encoder)  # type: ignore[no-any-return]


def _json_encoder() -> Any:
    def load() -> Any:
        from . import json_encoder  # start-up time

        return json_encoder

    return loaded(load)


def simplified(value: Any, within: tuple[int, ...] = ()) -> Any:
    """Return the value with the names of types in place of what only an encoder can write.

    So is a container that holds itself, or lies within very many.

    Args:
        within: the containers around it.
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
    """Return a key as json has it."""
    if type(key) is str:
        return key
    text = plain(key) if type(key) in SCALARS else None
    return f'<{type(key).__name__}>' if text is None else text.decode('ascii')


def made_strict(line: bytes) -> bytes:
    """Return a line of JSON with what strict readers take.

    That is null in place of NaN and infinities, and text in place of lone surrogates.
    """
    from .surrogates import with_readable_surrogates  # start-up time

    line = with_readable_surrogates(line)
    if b'NaN' not in line and b'Infinity' not in line:
        return line
    from ..results.reading import decode_line  # start-up time

    value = decode_line(line)
    return line if value is None else encode(value)


def snapshot(value: Any, bench: HasToJson) -> Any:
    """Return the value as it is now, as plain JSON values.

    If `bench.to_json` cannot encode it: the placeholder, with one JSONEncodeWarning.
    """
    if type(value) in SCALARS:
        return value
    json_encoder = _json_encoder()
    try:
        return json_encoder.decode(bench.to_json(value))
    except Exception as error:
        json_encoder.warn_unencodable(value, error)
        return json_encoder.PLACEHOLDER
