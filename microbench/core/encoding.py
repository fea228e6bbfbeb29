"""Records and values as JSON text: always strict JSON, one line, pure ASCII.

Plain values (what `json.loads` can return, and datetimes) are written by the native
border. So a default record needs neither json nor orjson, whose import costs ten times
the record. Everything else goes to json_encoder.
"""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .bench import MicroBenchBase

SCALARS = frozenset({str, int, float, bool, type(None)})


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
    from . import json_encoder  # start-up time

    return json_encoder.encode(value, encoder)


def encode_strictly(value: Any, encoder: type | None = None) -> bytes:
    """Return the JSON text of a value.

    Raises:
        TypeError, ValueError, RecursionError: it cannot be encoded.
    """
    text = plain(value) if encoder is None else None
    if text is not None:
        return text
    from . import json_encoder  # start-up time

    return json_encoder.encode_strictly(value, encoder)


def made_strict(line: bytes) -> bytes:
    """Return a line of JSON with null in place of NaN and infinities."""
    if b'NaN' not in line and b'Infinity' not in line:
        return line
    from ..results.reading import decode_line  # start-up time

    value = decode_line(line)
    return line if value is None else encode(value)


def snapshot(value: Any, bench: MicroBenchBase) -> Any:
    """Return the value as it is now, as plain JSON values.

    If `bench.to_json` cannot encode it: the placeholder, with one JSONEncodeWarning.
    """
    if type(value) in SCALARS:
        return value
    from . import json_encoder  # start-up time

    try:
        return json_encoder.decode(bench.to_json(value))
    except Exception as error:
        json_encoder.warn_unencodable(value, error)
        return json_encoder.PLACEHOLDER
