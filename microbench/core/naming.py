"""Names for whatever can be called."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
