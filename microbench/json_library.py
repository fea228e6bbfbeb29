"""JSON by orjson, or by the json module of the standard library where that is missing.

orjson has no wheel for free-threaded builds of CPython, nor for rare platforms. No other
module imports it. The json module decides what is right: orjson writes what reads back as
the same values, and reads the same values. It is only quicker.
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

LARGE = 19  # digits: orjson would read some integers of so many as floats


def loads(text: bytes) -> Any:
    """Return the value that a JSON text stands for.

    Raises:
        ValueError, RecursionError: it stands for none, or is too deep.
    """
    if orjson is not None and not _core.has_digits(text, LARGE):
        try:
            return orjson.loads(text)
        except ValueError:
            pass  # NaN, lone surrogates: 2.1.0 wrote them, and json reads them
    return json.loads(text)


def dumps_quickly(value: Any, default: Callable[[Any], Any]) -> bytes | None:
    """Return strict JSON in ASCII; None where that is left to the json module.

    That is so without orjson, and for what json knows beyond it: lone surrogates, large
    integers, keys that are not text, deep nesting.

    Args:
        default: returns something simpler for a value that JSON has no word for, or raises
            TypeError. orjson does not count the levels inside of what it returns.
    """
    if orjson is None or _core.is_deep(value):
        return None
    try:
        return _core.ascii_text(orjson.dumps(value, default, OPTIONS))
    except TypeError as error:
        _raise_interrupt(error.__cause__)
        return None


def _raise_interrupt(cause: BaseException | None) -> None:
    """Raise what asks the program to end: orjson takes it for a value it cannot encode."""
    if cause is not None and not isinstance(cause, Exception):
        raise cause


OPTIONS = (
    0
    if orjson is None
    else orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
)
