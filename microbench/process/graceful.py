"""Handlers that stop a program by themselves: event loops, servers, job runners, trainers.

Such a handler notes the signal, or wakes a loop; then the program finishes what is in
flight, and ends. Sending the signal again would cut that short. A handler is recognized by
the module that it comes from, however it is wrapped: bound methods, also of subclasses;
`functools.partial` and `functools.wraps`; wrappers that pass their arguments on to it. A
handler of the program's own may use such software, and is not known by that.
tests/exit/test_then.py checks the table, tests/neighbours the software itself.
"""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType

from ..messages import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Packages or modules with all their contents, by their reaction to SIGTERM:
GRACEFUL = (
    # Event loops: their handlers in Python do nothing, the loop reads a descriptor.
    'asyncio',
    'uvloop',
    'trio',
    'twisted.internet',
    # Python's own for Ctrl-C raises KeyboardInterrupt.
    '_signal',
    # Servers finish their requests.
    'gunicorn',
    'uvicorn',
    'hypercorn',
    'granian',
    'cherrypy.process',
    # Job runners finish the task, give it back, or queue it again.
    'celery',
    'billiard',
    'submitit',
    'rq',
    'huey',
    'dramatiq',
    'distributed',
    # A supervisor ends its programs first.
    'supervisor',
    # Trainers write a checkpoint, and end when the step is over.
    'lightning',
    'lightning_fabric',
    'pytorch_lightning',
    # torchrun's raises an exception that ends its workers first.
    'torch.distributed.elastic',
)

DEPTH = 5  # of wrappers around a handler
ARGUMENTS = 2  # of a handler: the signal and the frame
TAKES_ANY = 0x4  # flag of code with *args (inspect.CO_VARARGS)


def stops_by_itself(handler: Any) -> bool:
    """Return True if a handler comes from software that is known to stop by itself."""
    return any(map(_is_known, _modules_of(handler, DEPTH)))


def warn_of(name: str, handler: Any) -> None:
    """Warn that the handler of a signal may stop the program by itself."""
    warn(
        f'record_on_exit(): {name} is handled by {described(handler)}. '
        'After it returns, the signal is sent again and ends the process. Pass '
        "then='leave' if this handler stops the program by itself, or "
        "then='redeliver' if the program is to end there",
        RuntimeWarning,
    )


def described(handler: Any) -> str:
    """Return a readable name of a handler: `app.Server.stop (/srv/app.py:7)`."""
    function = getattr(handler, 'func', handler)  # of a functools.partial
    function = getattr(function, '__func__', function)
    module = getattr(function, '__module__', None)
    name = getattr(function, '__qualname__', None) or type(function).__qualname__
    code = getattr(function, '__code__', None)
    where = f' ({code.co_filename}:{code.co_firstlineno})' if code is not None else ''
    return f'{module}.{name}{where}'


def _is_known(module: Any) -> bool:
    return isinstance(module, str) and any(
        module == known or module.startswith(f'{known}.') for known in GRACEFUL
    )


def _modules_of(handler: Any, depth: int) -> Iterator[Any]:
    """Yield the names of the modules of a handler and of its parts."""
    if not callable(handler) or depth == 0:
        return
    yield getattr(handler, '__module__', None)
    yield from _modules_of_object(handler)
    for part in _parts(handler):
        yield from _modules_of(part, depth - 1)


def _modules_of_object(handler: Any) -> Iterator[Any]:
    """Yield the modules of the classes of a method, or of a callable object."""
    method = getattr(handler, '__name__', '__call__')
    bound_to = getattr(handler, '__self__', handler)
    cls = bound_to if isinstance(bound_to, type) else type(bound_to)
    for base in cls.__mro__:
        if method in vars(base):
            yield base.__module__


def _parts(handler: Any) -> Iterator[Any]:
    """Yield callables that a handler visibly refers to: wrapped, bound, in its closure."""
    if isinstance(handler, partial):
        yield handler.func  # the value may be of any type
    yield getattr(handler, '__func__', None)
    yield getattr(handler, '__wrapped__', None)
    if _passes_arguments_on(handler):
        yield from filter(_takes_both, _enclosed(handler))


def _passes_arguments_on(function: Any) -> bool:
    """Return True if a function looks like a wrapper: of any arguments, or marked so."""
    flags = getattr(getattr(function, '__code__', None), 'co_flags', 0)
    return bool(flags & TAKES_ANY) or hasattr(function, '__wrapped__')


def _enclosed(function: Any) -> Iterator[Any]:
    for cell in getattr(function, '__closure__', None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty: its function is still running
            continue


def _takes_both(value: Any) -> bool:
    """Return True if a function or method can be called with a signal and a frame."""
    if not isinstance(value, (FunctionType, MethodType)):
        return False  # a class, a queue, a loop
    code = getattr(value, '__code__', None)  # of a method: that of its function
    taken = getattr(code, 'co_argcount', 0) - isinstance(value, MethodType)
    return taken >= ARGUMENTS or bool(getattr(code, 'co_flags', 0) & TAKES_ANY)
