"""Encode and decode JSON with orjson or, where it is missing, the standard library.

orjson has no wheels for free-threaded builds of CPython and for rare platforms. No other
module imports it. The json module defines the result: orjson must read the same values and
write text that reads back as the same values, only quicker.
"""

from __future__ import annotations

import json

from . import _core

orjson: Any
try:
    import orjson
except ImportError:
    orjson = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGE = 19  # digits; orjson reads some integers of this length as floats


def loads(text: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON.
        RecursionError: the value is nested too deeply.
    """
    if orjson is not None and not _core.has_digits(text, LARGE):
        try:
            return orjson.loads(text)
        except ValueError:
            pass  # json reads NaN and lone surrogates, which 2.1.0 wrote
    return json.loads(text)


def dumps_quickly(value: Any, default: Callable[[Any], Any]) -> bytes | None:
    """Return strict JSON in ASCII; None if only the json module can encode the value.

    None is returned without orjson, and for values that orjson rejects: lone surrogates,
    large integers, keys that are not text, deep nesting.

    Args:
        value: the value to encode.
        default: function that converts a value that JSON lacks, or raises TypeError.
            orjson does not count the levels inside its result.
    """
    if orjson is None or _core.is_deep(value):
        return None
    try:
        return _core.ascii_text(orjson.dumps(value, default, OPTIONS))
    except TypeError as error:
        _raise_interrupt(error.__cause__)
        return None


def _raise_interrupt(cause: BaseException | None) -> None:
    """Raise KeyboardInterrupt and the like, which orjson hides in a TypeError."""
    if cause is not None and not isinstance(cause, Exception):
        raise cause


OPTIONS = (
    0
    if orjson is None
    else orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)
