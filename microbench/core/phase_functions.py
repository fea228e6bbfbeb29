"""`@bench.time(name)`: a function each call of which is a phase.

The function is of the same kind as the one decorated, as with `@bench` (decorate.py). A
call is a phase of whatever record is active then, and outside any record nothing but a
call. Of a generator each step is a phase: the time inside its body, without that of its
consumer.

The functions made here are given the globals of the function that they stand for: so they
use no global name, only closures, and no builtin.
"""

from __future__ import annotations

from types import FunctionType

from .callables import ASYNC_GENERATOR, COROUTINE, GENERATOR, kind_of
from .decorate import decorated_descriptor, looking_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

STARRED = 0x04 | 0x08  # flags of code: *args, **kwargs
SUSPENDED = COROUTINE | GENERATOR | ASYNC_GENERATOR


def phase_function(bench: Any, name: Any, func: Any) -> Any:
    """Return the function each call of which is a phase of this name."""
    if isinstance(func, (classmethod, staticmethod)):
        return decorated_descriptor(func, lambda f: phase_function(bench, name, f))
    if not callable(func):
        raise TypeError(f'{func!r} cannot be called: a phase decorates functions')
    kind = kind_of(func)
    names = None if kind & SUSPENDED else _plain_parameters(func)
    if names is None:
        return looking_like(func, _template(kind)(bench, name, func))
    function = looking_like(func, _maker(len(names))(bench, name, func))
    posonly = func.__code__.co_posonlyargcount
    function.__code__ = function.__code__.replace(
        co_varnames=names, co_posonlyargcount=posonly
    )
    return function


def _template(kind: int) -> Callable[[Any, Any, Any], Any]:
    if kind & COROUTINE:
        return _coroutine
    if kind & GENERATOR:
        return _generator
    return _async_generator if kind & ASYNC_GENERATOR else _plain


# --- plain functions ------------------------------------------------------------------

# With the parameters of the function in place of *args and **kwargs, a call costs little
# more than the `with` in it: CPython makes neither tuple nor dict.
SOURCE = """
def make(bench_, name_, timed):
    within = None
    def function({0}):
        nonlocal within
        with bench_.time(name_):
            return timed({0})
    return function
"""
OWN_NAMES = frozenset(('bench_', 'name_', 'timed', 'within', '__class__'))
MOST_PARAMETERS = 8

_makers: dict[int, Callable[[Any, Any, Any], Any]] = {}


def _maker(count: int) -> Callable[[Any, Any, Any], Any]:
    """Return what makes the function for one with so many parameters."""
    if count not in _makers:
        scope: dict[str, Any] = {}
        parameters = ', '.join(f'a{n}' for n in range(count))
        exec(SOURCE.format(parameters), scope)  # noqa: S102 - nothing of the user is in it
        _makers[count] = scope['make']
    return _makers[count]


def _plain_parameters(func: Any) -> tuple[str, ...] | None:
    """Return the names of the parameters; None unless they are few, and all plain."""
    code = func.__code__ if type(func) is FunctionType else None
    if code is None or code.co_kwonlyargcount or code.co_flags & STARRED:
        return None
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    if len(names) > MOST_PARAMETERS or not OWN_NAMES.isdisjoint(names):
        return None
    return names


def _plain(bench: Any, name: Any, timed: Any) -> Any:
    within = None  # for decorate.py: the cell of __class__

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        with bench.time(name):
            return timed(*args, **kwargs)

    return function


def _coroutine(bench: Any, name: Any, timed: Any) -> Any:
    within = None

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        with bench.time(name):
            return await timed(*args, **kwargs)

    return function


class _Steps:
    """What suspended.py resumes and suspends: a phase for each step of one generator."""

    def __init__(self, bench: Any, name: Any) -> None:
        self.bench, self.name = bench, name
        self.phase: Any = None

    def resume(self) -> None:
        """Enter a phase before a step."""
        self.phase = self.bench.time(self.name)
        self.phase.__enter__()

    def suspend(self) -> None:
        """Leave it after the step."""
        self.phase.__exit__(None, None, None)

    def inside(self, step: Any, *args: Any) -> Any:
        """Take a step in a phase."""
        self.resume()
        try:
            return step(*args)
        finally:
            self.suspend()


def _generator(bench: Any, name: Any, timed: Any) -> Any:
    from .suspended import steps_inside  # start-up time

    steps, of_steps = steps_inside, _Steps
    within = None

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        return (yield from steps(of_steps(bench, name), timed(*args, **kwargs)))

    return function


def _async_generator(bench: Any, name: Any, timed: Any) -> Any:
    from .suspended import inside_async  # start-up time

    inside, of_steps = inside_async, _Steps
    any_error, closed, exhausted = BaseException, GeneratorExit, StopAsyncIteration
    within = None

    async def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        phases, body = of_steps(bench, name), timed(*args, **kwargs)
        step, sent = body.asend, None
        while True:
            try:
                item = await inside(phases, step, sent)
            except exhausted:
                return
            try:
                step, sent = body.asend, (yield item)
            except closed:
                await inside(phases, body.aclose)
                raise
            except any_error as exception:
                step, sent = body.athrow, exception

    return function
