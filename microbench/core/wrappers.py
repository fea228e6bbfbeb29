"""Timed forms of functions whose body can be suspended: coroutines and generators.

They are what they wrap (`async def`, generator function, ...), so that inspect, asyncio
and frameworks treat them alike. A coroutine is timed from start to end, as the person
who awaits it sees it. Of a generator only the time inside its body counts: its run is
active, and its clock goes, only between a request of the consumer and the next `yield`.
"""

from __future__ import annotations

from .. import _core
from .run import OneIteration, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bench import MicroBenchBase

# --- coroutine functions --------------------------------------------------------------


def coroutine(bench: MicroBenchBase, func: Any) -> Any:
    """Return the timed form of a coroutine function."""

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
    run.start_iteration()
    try:
        return await func(*args, **kwargs)
    finally:
        run.end_iteration()


# --- generator functions --------------------------------------------------------------


def _begun(bench: MicroBenchBase, func: Any, args: Any, kwargs: Any) -> Run:
    run = OneIteration(bench).begin(func, args, kwargs)
    try:
        if run.triggers:
            run.before_iteration()
        run.suspend()
    except BaseException as error:
        run.finish(error)
        raise
    return run


def _inside(run: Run, step: Callable[..., Any], *args: Any) -> Any:
    run.resume()
    try:
        return step(*args)
    finally:
        run.suspend()


def generator(bench: MicroBenchBase, func: Any) -> Any:
    """Return the timed form of a generator function."""

    def timed(*args: Any, **kwargs: Any) -> Any:
        run = _begun(bench, func, args, kwargs)
        try:
            value = yield from _steps(run, _wrapped(run, func(*args, **kwargs)))
        except GeneratorExit:
            run.finish(None)  # an early close is no exception
            raise
        except BaseException as exception:
            run.finish(exception)
            raise
        run.finish(None, value)
        return value

    return timed


def _wrapped(run: Run, body: Any) -> Any:
    """Return the generator, or what a capture's `_wrap_body` makes of it.

    That has its methods `send`, `throw` and `close`, each called for one step.
    """
    wrap = run.data and run.data.get('_wrap_body')
    return wrap(body) if wrap else body


def _steps(run: Run, body: Any) -> Any:
    """Pass everything between body and consumer, as `yield from` does."""
    step, sent = body.send, None
    while True:
        try:
            item = _inside(run, step, sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = body.send, (yield item)
        except GeneratorExit:
            value = _inside(run, body.close)
            if value is None:
                raise
            return value  # of close(), from 3.13 on
        except BaseException as exception:
            step, sent = body.throw, exception


def async_generator(bench: MicroBenchBase, func: Any) -> Any:
    """Return the timed form of an async generator function."""

    async def timed(*args: Any, **kwargs: Any) -> Any:
        run = _begun(bench, func, args, kwargs)
        try:
            body = func(*args, **kwargs)
            step, sent = body.asend, None
            while True:
                try:
                    item = await _inside_async(run, step, sent)
                except StopAsyncIteration:
                    break
                try:
                    step, sent = body.asend, (yield item)
                except GeneratorExit:
                    await _inside_async(run, body.aclose)
                    raise
                except BaseException as exception:
                    step, sent = body.athrow, exception
        except GeneratorExit:
            run.finish(None)
            raise
        except BaseException as exception:
            run.finish(exception)
            raise
        run.finish(None)

    return timed


async def _inside_async(run: Run, step: Callable[..., Any], *args: Any) -> Any:
    run.resume()
    try:
        return await step(*args)
    finally:
        run.suspend()
