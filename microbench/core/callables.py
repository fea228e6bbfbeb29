"""What a decorated function is: its name, its kind, and where it is.

`call.module`, `call.qualname` and `call.line` are constant, so C writes them with
`call.name`: see py_recorder.h, which also notices that a function has moved.
"""

from __future__ import annotations

import sys

from ..encoding import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# code.co_flags, as in the documentation of the inspect module
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200

MOST = 100  # functions that wrap one another; an object may answer to any attribute


def without_partial(func: Any) -> Any:
    """Return what a functools.partial calls; anything else as it is."""
    functools = sys.modules.get('functools')  # not loaded: then there is no partial
    while functools is not None and isinstance(func, functools.partial):
        func = func.func
    return func


def name_of(func: Any) -> str:
    """Return `__name__`, or a readable name for what has none."""
    func = without_partial(func)
    name = getattr(func, '__name__', None)
    return str(name) if name and isinstance(name, str) else type(func).__name__


def kind_of(func: Any) -> int:
    """Return the flags of the code that a call runs; 0 where it is not Python's."""
    func = without_partial(func)
    inspect: Any = sys.modules.get('inspect')  # not loaded: then nothing is marked
    if hasattr(inspect, 'markcoroutinefunction') and inspect.iscoroutinefunction(func):
        return COROUTINE
    code = getattr(getattr(func, '__func__', func), '__code__', None)
    if code is None and not isinstance(func, type):
        call = getattr(type(func), '__call__', None)  # noqa: B004 - its code is meant
        code = getattr(call, '__code__', None)
    flags = getattr(code, 'co_flags', 0)
    return flags if isinstance(flags, int) else 0


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


def place_text(func: Any) -> bytes:
    """Return its place as members of an object, with a comma before each."""
    text = json_text.encode(place_of(func))
    return b',' + text[1:-1] if text != b'{}' else b''
