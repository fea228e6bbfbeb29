"""Timed forms of functions whose body can be suspended: coroutines and generators.

They are what they wrap (`async def`, generator function, ...), so that inspect, asyncio
and frameworks treat them alike. A coroutine is timed from start to end, as the person
who awaits it sees it. Of a generator only the time inside its body counts: its run is
active, and its clock goes, only between a request of the consumer and the next `yield`.

The functions made here are given the globals of the function that they stand for
(decorate.py): so they use no global name, only closures, and no builtin.
"""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded
from .block import OneIteration
from .labels import label_of, new_run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .run import Run


# --- coroutine functions --------------------------------------------------------------


async def _coroutine_run(timed: _core.Timed, args: Any, kwargs: Any) -> tuple[Run, Any]:
    """Warm up, and begin the run of one call."""
    now = timed.current()
    run, func = new_run(now.bench, label_of(now)), now.func
    settings = run.plan.settings
    if settings.iterations < 0 or settings.warmup < 0:
        return await loaded(_calibrated).begun(run, func, args, kwargs), func
    run.iterations = settings.iterations
    if settings.warmup:
        await _warm_up(settings.warmup, func, args, kwargs)
    return run.begin(func, args, kwargs), func


def _calibrated() -> Any:
    from . import calibrated_coroutine  # start-up time

    return calibrated_coroutine


def coroutine(timed: _core.Timed) -> Any:
    """Return the timed form of a coroutine function."""
    begun, rounds, one_iteration = _coroutine_run, _rounds, _one_iteration
    any_error = BaseException
    within = None  # for decorate.py: the cell of __class__

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        block = timed.block(args, kwargs)
        if block is not None:
            with block as awaitable:
                return await awaitable
        awaits = timed.awaits(args, kwargs)
        if awaits is not None:
            with awaits as callee:
                if callee is not None:
                    value = None
                    for awaitable in awaits:
                        value = awaits.stop(await awaitable)
                    return value
        run, func = await begun(timed, args, kwargs)
        value = None
        try:
            for _ in rounds(run):
                value = await one_iteration(run, func, args, kwargs)
        except any_error as exception:
            run.finish(exception)
            raise
        run.finish(None, value)
        return value

    return function


async def _warm_up(times: int, func: Any, args: Any, kwargs: Any) -> None:
    token = _core.mute()
    try:
        for _ in range(times):
            await func(*args, **kwargs)
    finally:
        _core.unmute(token)


def _rounds(run: Any) -> Any:
    """Return what yields before each iteration."""
    return loaded(_calibrated).rounds(run) if run.loops else range(run.iterations)


async def _one_iteration(run: Run, func: Any, args: Any, kwargs: Any) -> Any:
    if run.loops > 1:
        args, kwargs = (run.loops, func, args, kwargs), {}
        func = loaded(_calibrated).calls
    if run.triggers:
        run.before_iteration()
    run.start()
    try:
        return await func(*args, **kwargs)
    finally:
        run.stop()
        if run.triggers:
            run.after_iteration()


# --- generator functions --------------------------------------------------------------


def _begun(timed: _core.Timed, args: Any, kwargs: Any) -> tuple[Run, Any]:
    now = timed.current()
    run = new_run(now.bench, label_of(now), of=OneIteration)
    run.begin(now.func, args, kwargs)
    try:
        if run.triggers:
            run.before_iteration()
        run.suspend()
    except BaseException as error:
        run.finish(error)
        raise
    return run, now.func


def generator(timed: _core.Timed) -> Any:
    """Return the timed form of a generator function."""
    begun, steps, wrapped = _begun, steps_inside, _wrapped
    any_error, closed = BaseException, GeneratorExit
    within = None  # for decorate.py: the cell of __class__

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        run, func = begun(timed, args, kwargs)
        try:
            value = yield from steps(run, wrapped(run, func(*args, **kwargs)))
        except closed:
            run.finish(None)  # an early close is no exception
            raise
        except any_error as exception:
            run.finish(exception)
            raise
        run.finish(None, value)
        return value

    return function


def _wrapped(run: Run, body: Any) -> Any:
    """Return the generator, or what a capture's `_wrap_body` makes of it.

    That has its methods `send`, `throw` and `close`, each called for one step.
    """
    wrap = run.data and run.data.get('_wrap_body')
    return wrap(body) if wrap else body


def steps_inside(run: Any, body: Any) -> Any:
    """Pass everything between body and consumer, as `yield from` does.

    Args:
        run: the run, or whatever has a method `inside` that takes a step.
        body: a generator.
    """
    step, sent = body.send, None
    inside = run.inside
    while True:
        try:
            item = inside(step, sent)
        except StopIteration as stop:
            return stop.value
        try:
            step, sent = body.send, (yield item)
        except GeneratorExit:
            value = inside(body.close)
            if value is None:
                raise
            return value  # of close(), from 3.13 on
        except BaseException as exception:
            step, sent = body.throw, exception


def async_generator(timed: _core.Timed) -> Any:
    """Return the timed form of an async generator function."""
    begun, inside = _begun, inside_async
    any_error, closed, exhausted = BaseException, GeneratorExit, StopAsyncIteration
    within = None  # for decorate.py: the cell of __class__

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        run, func = begun(timed, args, kwargs)
        try:
            body = func(*args, **kwargs)
            step, sent = body.asend, None
            while True:
                try:
                    item = await inside(run, step, sent)
                except exhausted:
                    break
                try:
                    step, sent = body.asend, (yield item)
                except closed:
                    await inside(run, body.aclose)
                    raise
                except any_error as exception:
                    step, sent = body.athrow, exception
        except closed:
            run.finish(None)
            raise
        except any_error as exception:
            run.finish(exception)
            raise
        run.finish(None)

    return function


async def inside_async(run: Any, step: Callable[..., Any], *args: Any) -> Any:
    """Take a step of an async generator: the run, or what stands for it, is active."""
    run.resume()
    try:
        return await step(*args)
    finally:
        run.suspend()
