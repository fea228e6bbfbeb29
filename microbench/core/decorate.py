"""`@bench`: a wrapper of the same kind as the function, so that `inspect` is not misled.

    plain function, method, partial, object   _core.Timed: the loop is in C
    coroutine function                        async def
    generator function                        generator function
    async generator function                  async generator function
    classmethod, staticmethod                 the same, around the decorated function
"""

from __future__ import annotations

import copyreg
import sys
from typing import TYPE_CHECKING

from .. import _core
from .run import Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bench import MicroBenchBase

# code.co_flags, as in the documentation of the inspect module
GENERATOR, COROUTINE, ITERABLE_COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x100, 0x200

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
    if kind & (GENERATOR | ASYNC_GENERATOR):
        _refuse_repetition(bench, func)
    if kind & ASYNC_GENERATOR:
        wrapper = _async_generator(bench, func)
    elif kind & GENERATOR:
        wrapper = _generator(bench, func)
    elif kind & (COROUTINE | ITERABLE_COROUTINE):
        wrapper = _coroutine(bench, func)
    else:
        wrapper = _core.Timed(func, _Beginning(bench))
    return _wrapping(wrapper, func)


def _kind_of(func: Any) -> int:
    """Return the flags of the code that a call runs; 0 where it is not Python's."""
    while type(func).__name__ == 'partial' and hasattr(func, 'func'):
        func = func.func
    if getattr(func, '_is_coroutine_mark', None):  # inspect.markcoroutinefunction
        return COROUTINE
    code = getattr(getattr(func, '__func__', func), '__code__', None)
    if code is None and not isinstance(func, type):
        call = getattr(type(func), '__call__', None)
        code = getattr(call, '__code__', None)
    return getattr(code, 'co_flags', 0)


def _refuse_repetition(bench: MicroBenchBase, func: Any) -> None:
    for setting in ('iterations', 'warmup'):
        if getattr(bench, setting) > (setting == 'iterations'):
            raise ValueError(
                f'{setting}={getattr(bench, setting)} cannot be used with the generator '
                f'function {func!r}: what it yields goes to its consumer once'
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


# --- plain functions ----------------------------------------------------------------------


class _Beginning:
    """Begins the run of one call of a Timed, warm-up included."""

    __slots__ = ('bench',)

    def __init__(self, bench: MicroBenchBase) -> None:
        self.bench = bench

    def __call__(
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
        return decorated, (timed.begin.bench, timed.__wrapped__)
    return timed.__qualname__


copyreg.pickle(_core.Timed, _reduce)


# --- coroutine functions ------------------------------------------------------------------


def _coroutine(bench: MicroBenchBase, func: Any) -> Any:
    async def timed(*args: Any, **kwargs: Any) -> Any:
        run = Run(bench)
        run.iterations = run.plan.iterations
        if run.plan.warmup:
            await _warm_up_async(run.plan.warmup, func, args, kwargs)
        run.begin(func, args, kwargs)
        value = None
        try:
            for _ in range(run.iterations):
                value = await _one_iteration(run, func, args, kwargs)
        except BaseException as exception:
            run.finish(exception)
            raise
        run.finish(None, value)
        return value

    return timed


async def _warm_up_async(times: int, func: Any, args: Any, kwargs: Any) -> None:
    token = _core.mute()
    try:
        for _ in range(times):
            await func(*args, **kwargs)
    finally:
        _core.unmute(token)


async def _one_iteration(run: Run, func: Any, args: Any, kwargs: Any) -> Any:
    if run.triggers:
        run.before_iteration()
    run.start()
    try:
        return await func(*args, **kwargs)
    finally:
        run.stop()
        if run.triggers:
            run.after_iteration()


# --- generator functions ------------------------------------------------------------------
# The run is active, and its clock goes, only while the body runs.


def _begun_generator(bench: MicroBenchBase, func: Any, args: Any, kwargs: Any) -> Run:
    run = Run(bench).begin(func, args, kwargs)
    if run.triggers:
        run.before_iteration()
    run.suspend()
    return run


def _end_generator(run: Run, exception: BaseException | None, value: Any = None) -> None:
    run.stop()
    if run.triggers:
        run.after_iteration()
    run.finish(exception, value)


def _inside(run: Run, step: Callable[..., Any], *args: Any) -> Any:
    run.resume()
    try:
        return step(*args)
    finally:
        run.suspend()


def _generator(bench: MicroBenchBase, func: Any) -> Any:
    def timed(*args: Any, **kwargs: Any) -> Any:
        run = _begun_generator(bench, func, args, kwargs)
        try:
            body = func(*args, **kwargs)
            value = yield from _steps(run, body)
        except GeneratorExit:
            _end_generator(run, None)
            raise
        except BaseException as exception:
            _end_generator(run, exception)
            raise
        _end_generator(run, None, value)
        return value

    return timed


def _steps(run: Run, body: Any) -> Any:
    """Pass everything between body and consumer, as `yield from` does."""
    step, sent = body.send, (None,)
    while True:
        try:
            item = _inside(run, step, *sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = body.send, ((yield item),)
        except GeneratorExit:
            _inside(run, body.close)
            raise
        except BaseException as exception:
            step, sent = body.throw, (exception,)


def _async_generator(bench: MicroBenchBase, func: Any) -> Any:
    async def timed(*args: Any, **kwargs: Any) -> Any:
        run = _begun_generator(bench, func, args, kwargs)
        body = func(*args, **kwargs)
        step, sent = body.asend, (None,)
        try:
            while True:
                try:
                    item = await _inside_async(run, step, *sent)
                except StopAsyncIteration:
                    break
                try:
                    step, sent = body.asend, ((yield item),)
                except GeneratorExit:
                    await _inside_async(run, body.aclose)
                    raise
                except BaseException as exception:
                    step, sent = body.athrow, (exception,)
        except GeneratorExit:
            _end_generator(run, None)
            raise
        except BaseException as exception:
            _end_generator(run, exception)
            raise
        _end_generator(run, None)

    return timed


async def _inside_async(run: Run, step: Callable[..., Any], *args: Any) -> Any:
    run.resume()
    try:
        return await step(*args)
    finally:
        run.suspend()
