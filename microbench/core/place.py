"""Where a decorated function is: `call.module`, `call.qualname` and `call.line`.

They are constant, so C writes them with `call.name`: see py_recorder.h, which also notices
that a function has moved.
"""

from __future__ import annotations

from ..encoding import json_text
from .capture import without_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 100  # functions that wrap one another; an object may answer to any attribute


def place_of(func: Any) -> dict[str, Any]:
    """Return the fields that are known of what is called.

    A partial has those of its function, and an object those of its class. The line is the
    first one of the innermost function that others wrap, its decorators included.
    """
    func = without_partial(func)
    named = func if isinstance(getattr(func, '__qualname__', None), str) else type(func)
    found = {
        'module': getattr(named, '__module__', None),
        'qualname': getattr(named, '__qualname__', None),
    }
    place: dict[str, Any] = {
        field: name for field, name in found.items() if name and isinstance(name, str)
    }
    line = _line_of(func)
    return place if line is None else {**place, 'line': line}


def _line_of(func: Any) -> int | None:
    for _ in range(MOST):
        wrapped = getattr(func, '__wrapped__', None)
        if not callable(wrapped):
            break
        func = without_partial(wrapped)
    call = None if isinstance(func, type) else getattr(type(func), '__call__', None)  # noqa: B004 - its code is meant
    for function in (getattr(func, '__func__', func), call):
        line = getattr(getattr(function, '__code__', None), 'co_firstlineno', None)
        if type(line) is int and line > 0:
            return line
    return None


def text_of(func: Any) -> bytes:
    """Return the same as members of an object, with a comma before each."""
    text = json_text.encode(place_of(func))
    return b',' + text[1:-1] if text != b'{}' else b''
