"""`@bench`: a wrapper of the same kind as the function, which inspect then knows.

plain function, method, partial, object   _core.Timed: the loop is in C
coroutine function                        async def
generator function                        generator function
async generator function                  async generator function
classmethod, staticmethod                 the same, around the decorated function
"""

from __future__ import annotations

import copyreg
import sys

from .. import _core
from .capture import refuse
from .naming import without_partial
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bench import MicroBenchBase

# code.co_flags, as in the documentation of the inspect module
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200

# what functools.wraps copies (functools itself costs a default program its import)
COPIED = ['__module__', '__name__', '__qualname__', '__doc__', '__type_params__']
COPIED.append('__annotate__' if sys.version_info >= (3, 14) else '__annotations__')


def decorated(bench: MicroBenchBase, func: Any) -> Any:
    """Return the wrapper that records each call of `func`."""
    if isinstance(func, (classmethod, staticmethod)):
        return type(func)(decorated(bench, func.__func__))
    if not callable(func):
        raise TypeError(f'{func!r} cannot be called: a bench decorates functions')
    kind = _kind_of(func)
    if kind & (GENERATOR | ASYNC_GENERATOR | COROUTINE):
        wrapper = _suspended(bench, func, kind)
    else:
        wrapper = _core.Timed(func, _Beginning(bench).begin)
    return _wrapping(wrapper, func)


def _suspended(bench: MicroBenchBase, func: Any, kind: int) -> Any:
    """Return the wrapper of a function whose body can be suspended."""
    from . import wrappers  # start-up time

    if kind & COROUTINE:
        refuse(bench, 'coroutine functions')
        return wrappers.coroutine(bench, func)
    _refuse_repetition(bench, func)
    if kind & GENERATOR:
        return wrappers.generator(bench, func)
    refuse(bench, 'async generator functions')
    return wrappers.async_generator(bench, func)


def _kind_of(func: Any) -> int:
    """Return the flags of the code that a call runs; 0 where it is not Python's."""
    func = without_partial(func)
    mark = getattr(sys.modules.get('inspect'), '_is_coroutine_mark', None)
    if mark is not None and getattr(func, '_is_coroutine_mark', None) is mark:
        return COROUTINE  # inspect.markcoroutinefunction
    code = getattr(getattr(func, '__func__', func), '__code__', None)
    if code is None and not isinstance(func, type):
        call = getattr(type(func), '__call__', None)  # noqa: B004 - its code is meant
        code = getattr(call, '__code__', None)
    flags = getattr(code, 'co_flags', 0)
    return flags if isinstance(flags, int) else 0


def _refuse_repetition(bench: MicroBenchBase, func: Any) -> None:
    for setting, only in (('iterations', 1), ('warmup', 0)):
        value = getattr(bench, setting)
        if value != only:
            raise ValueError(
                f'{setting}={value} cannot be used with the generator function '
                f'{func!r}: what it yields reaches its consumer once'
            )


def _wrapping(wrapper: Any, func: Any) -> Any:
    for name in COPIED:
        try:
            setattr(wrapper, name, getattr(func, name))
        except AttributeError:
            pass  # a partial has no name
    wrapper.__dict__.update(getattr(func, '__dict__', {}))
    wrapper.__wrapped__ = func
    return wrapper


# --- plain functions ------------------------------------------------------------------


class _Beginning:
    """Begins the run of one call of a Timed, warm-up included."""

    __slots__ = ('bench',)

    def __init__(self, bench: MicroBenchBase) -> None:
        self.bench = bench

    def begin(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Run:
        run = Run(self.bench)
        run.iterations = run.plan.iterations
        if run.plan.warmup:
            _warm_up(run.plan.warmup, func, args, kwargs)
        return run.begin(func, args, kwargs)


def _warm_up(times: int, func: Any, args: Any, kwargs: Any) -> None:
    token = _core.mute()
    try:
        for _ in range(times):
            func(*args, **kwargs)
    finally:
        _core.unmute(token)


def _reduce(timed: Any) -> Any:
    """Pickle by name, as functions are.

    cloudpickle sends what `__main__` defines by value, since the worker has another
    `__main__`; then bench and function go, and are put together there.
    """
    asking = sys._getframe(1).f_globals.get('__name__', '')
    if timed.__module__ == '__main__' and 'cloudpickle' in asking:
        return decorated, (timed.begin.__self__.bench, timed.__wrapped__)
    return timed.__qualname__


copyreg.pickle(_core.Timed, _reduce)
