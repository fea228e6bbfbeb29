"""`@bench(sync=...)`: a decorated function each iteration of which waits for a device.

Three functions are around each other. The outer one waits for earlier work, so before the
first iteration; the one that `@bench` makes reads the clock; and within that, one calls the
function of the user and waits for its work. So each iteration begins and ends with an idle
device. All three stand for the user's function: see decorate.py.
"""

from __future__ import annotations

from .callables import ASYNC_GENERATOR, COROUTINE, GENERATOR, kind_of
from .decorate import decorated, decorated_descriptor, looking_like
from .synced import Synced, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .labels import Label
    from .owner import Owner


def decorator(sync: Any) -> Any:
    """Return what decorates functions that wait for this.

    Raises:
        TypeError, ValueError: `sync` is wrong.
    """
    wait = waiting(sync)

    def decorate(bench: Owner, func: Any, label: Label | None) -> Any:
        return decorated_synced(bench, func, label, wait)

    return decorate


def decorated_synced(
    bench: Owner, func: Any, label: Label | None, wait: Callable[[], Any]
) -> Any:
    """Return the function that records each call of `func`, with waiting.

    Raises:
        TypeError: `func` is a generator function, or cannot be called.
    """
    if isinstance(func, (classmethod, staticmethod)):
        return decorated_descriptor(
            func, lambda inner: decorated_synced(bench, inner, label, wait)
        )
    kind = kind_of(func) if callable(func) else 0
    if kind & (GENERATOR | ASYNC_GENERATOR):
        raise TypeError(
            f'sync cannot be used with the generator function {func!r}: '
            'use @bench.time(name, sync=...) below @bench, for each step'
        )
    if not callable(func):
        return decorated(bench, func, label)  # which says so
    before, after = (_await_before, _await_after) if kind & COROUTINE else (_before, _after)
    inner = looking_like(func, after(func, _Ending(wait)))
    return looking_like(func, before(decorated(bench, inner, label), wait))


class _Ending(Synced):
    """The end of the code: waiting, and no phase."""

    __slots__ = ()

    def __init__(self, wait: Callable[[], Any]) -> None:
        super().__init__(None, wait)

    def __enter__(self) -> None:
        """Do nothing: what was started before was waited for."""

    def __exit__(self, *raised: object) -> None:
        """Wait."""
        failed = self._failed(raised[1])
        if failed is not None:
            raise failed


# Templates, as those of decorate.py and suspended.py.


def _before(timed: Any, wait: Callable[[], Any]) -> Any:
    within = None

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        wait()
        return timed(*args, **kwargs)

    return function


def _after(func: Any, code: _Ending) -> Any:
    within = None

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        with code:
            return func(*args, **kwargs)

    return function


def _await_before(timed: Any, wait: Callable[[], Any]) -> Any:
    within = None

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        wait()
        return await timed(*args, **kwargs)

    return function


def _await_after(func: Any, code: _Ending) -> Any:
    within = None

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        with code:
            return await func(*args, **kwargs)

    return function
