"""`@bench`: a function of the same kind as the one decorated.

plain function, method, partial, object   function; calls go to _core.Timed, in C
coroutine function                        async def
generator function                        generator function
async generator function                  async generator function
classmethod, staticmethod                 the same, around the decorated function

Each is a real function in Python, since frameworks check for that. It has the globals of
the function that it wraps, and its code has the file and line of the decorator, so that
doctest, inspect and tracebacks find the user's file. See `Timed` for the rest.
"""

from __future__ import annotations

import sys

from .. import _core
from ..descriptors import loaded
from ..messages import CODE_PREFIX
from .callables import ASYNC_GENERATOR, COROUTINE, GENERATOR, kind_of, name_of
from .capture import refuse
from .config import config_of
from .finders import recorder_of
from .run import Run, begin_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .owner import Owner

# a flag of code, as those in callables.py
AWAITABLE_GENERATOR = 0x100  # made by types.coroutine()

VALUE, VALUE_WITH_FAKE_GLOBALS = 1, 2  # annotationlib.Format

# what functools.wraps copies (functools itself costs a default program its import), and
# the defaults, for tools that read them
COPIED = ['__module__', '__name__', '__qualname__', '__doc__', '__type_params__']
COPIED += ['__annotations__', '__defaults__', '__kwdefaults__']
DEFERRED = sys.version_info >= (3, 14)  # annotations are evaluated when they are read


def decorated(bench: Owner, func: Any, label: Any = None) -> Any:
    """Return the function that records each call of `func`."""
    if isinstance(func, (classmethod, staticmethod)):
        return decorated_descriptor(func, lambda inner: decorated(bench, inner, label))
    if not callable(func):
        raise TypeError(f'{func!r} cannot be called: a bench decorates functions')
    kind = kind_of(func)
    timed = _core.Timed(bench, func, *_beginning(bench, func, kind, label))
    if kind & (GENERATOR | ASYNC_GENERATOR | COROUTINE):
        template, direct = _suspended(bench, func, kind)(timed), False
    else:
        template, direct = _plain(timed), True
    function = looking_like(func, template)
    timed.lead(function, direct)
    return function


def _beginning(bench: Owner, func: Any, kind: int, label: Any) -> tuple[Any, Any]:
    """Return what begins the run of a call, and what finds its Recorder.

    With `every` or `sample`, the run of some calls.
    """
    sampling = config_of(bench).sampling
    if sampling is None:
        return (begin_call, recorder_of) if label is None else _labelled(label)
    if kind & (GENERATOR | ASYNC_GENERATOR | COROUTINE):
        chosen = '{}={}'.format(*sampling)
        raise ValueError(f'{chosen} is for plain functions, and {func!r} can be suspended')
    from .sampled import SampledCalls  # start-up time

    return SampledCalls(bench, func, label), recorder_of


def _labelled(label: Any) -> tuple[Any, Any]:
    from .labels import LabelledCalls  # start-up time

    calls = LabelledCalls(label)
    return calls, calls.recorder_of


def _begin_calibrated(run: Run, func: Any, args: Any, kwargs: Any) -> Run:
    begun: Run = loaded(_calibrated).begun(run, func, args, kwargs)
    return begun


def _calibrated() -> Any:
    from . import calibrated  # start-up time

    return calibrated


Run.begin_calibrated = _begin_calibrated


def decorated_descriptor(func: Any, decorate: Callable[[Any], Any]) -> Any:
    """Return a class method or static method around the decorated function."""
    if issubclass(type(func), (classmethod, staticmethod)):
        return type(func)(decorate(func.__func__))

    def bound(cls: type, *args: Any, **kwargs: Any) -> Any:
        return func.__get__(None, cls)(*args, **kwargs)

    # a proxy, such as wrapt's: only binding it to a class calls the original
    return classmethod(decorate(_wrapping(bound, func.__func__)))


def _plain(timed: _core.Timed) -> Any:
    within = None  # see _closure()

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal within
        return timed(args, kwargs)

    return function


def _suspended(bench: Owner, func: Any, kind: int) -> Any:
    """Return what makes the template for a function whose body can be suspended."""
    from . import suspended  # start-up time

    if kind & COROUTINE:
        refuse(bench, 'coroutine functions')
        return suspended.coroutine
    _refuse_repetition(bench, func)
    if kind & GENERATOR:
        return suspended.generator
    refuse(bench, 'async generator functions')
    return suspended.async_generator


def _refuse_repetition(bench: Owner, func: Any) -> None:
    for setting, only in (('iterations', 1), ('warmup', 0)):
        value = getattr(bench, setting)
        if value != only:
            raise ValueError(
                f'{setting}={value!r} cannot be used with the generator function '
                f'{func!r}: what it yields reaches its consumer once'
            )


# --- looking like the function ---------------------------------------------------------


def looking_like(func: Any, template: Any) -> Any:
    """Return the function that a template makes, with all that tools read of `func`.

    Args:
        func: what is decorated.
        template: function whose body stands for `func`; see suspended.py.
    """
    return _wrapping(_in_place_of(func, template), func)


def _in_place_of(func: Any, template: Any) -> Any:
    """Return the template with the globals of `func`, and its place in the source."""
    code, scope = getattr(func, '__code__', None), getattr(func, '__globals__', None)
    name = name_of(func)
    own = template.__code__
    if not isinstance(code, type(own)) or not isinstance(scope, dict):
        code, scope = own, template.__globals__
    label = _label(name)
    place: dict[str, Any] = {
        'co_filename': code.co_filename,
        'co_firstlineno': code.co_firstlineno,
        'co_linetable': _one_line(len(own.co_code)),
        'co_name': label,
        'co_flags': own.co_flags | code.co_flags & AWAITABLE_GENERATOR,
    }
    if sys.version_info >= (3, 11):
        place['co_qualname'] = label
    function = type(template)(
        own.replace(**place), scope, name, None, _closure(func, code, template)
    )
    function.__qualname__ = name
    return function


def _closure(func: Any, code: Any, template: Any) -> tuple[Any, ...]:
    """Return the cells of the template, and that of `__class__`, if `func` has it.

    attrs makes a class with slots anew: for super() it puts that one into this cell of
    each function it finds, and does not look at what a function wraps.
    """
    own: tuple[Any, ...] = template.__closure__
    cells = getattr(func, '__closure__', None)
    if '__class__' not in code.co_freevars or not isinstance(cells, tuple):
        return own
    within = cells[code.co_freevars.index('__class__')]
    places = zip(template.__code__.co_freevars, own, strict=True)
    return tuple(within if name == 'within' else cell for name, cell in places)


def _label(name: str) -> str:
    """Return the name of the code, unlike that of `func`: profilers merge equal ones.

    It is an identifier: makefun writes `def NAME` with it.
    """
    label = CODE_PREFIX + name.strip('<>')  # <lambda>
    return label if label.isidentifier() else f'{CODE_PREFIX}call'


def _one_line(size: int) -> bytes:
    """Return the table that has `size` bytes of code on the first line of a function."""
    if sys.version_info < (3, 11):  # Objects/lnotab_notes.txt: pairs (bytes, lines)
        return b'\xfe\x00' * (size // 254) + bytes([size % 254, 0])
    # Objects/locations.md: entries of up to 8 units, without columns, 0 lines further
    units, entry = size // 2, 0x80 | 13 << 3
    rest = units % 8
    return bytes([entry | 7, 0]) * (units // 8) + bytes([entry | rest - 1, 0] * bool(rest))


def _wrapping(function: Any, func: Any) -> Any:
    deferred = DEFERRED and callable(getattr(func, '__annotate__', None))
    for name in COPIED:
        if deferred and name == '__annotations__':
            function.__annotate__ = _annotations_of(func)
            continue
        try:
            setattr(function, name, getattr(func, name))
        except (AttributeError, TypeError):
            pass  # a partial has no name, and objects may have anything there
    function.__dict__.update(getattr(func, '__dict__', {}))
    function.__wrapped__ = func
    return function


def _annotations_of(func: Any) -> Callable[[int], dict[str, Any]]:
    """Return an `__annotate__` that returns those of `func`, in any format (PEP 649).

    They are evaluated when they are first read, not before: names in them may be
    defined later. `func.__annotate__` itself would miss what is put into
    `func.__annotations__`.
    """

    def annotate(format: int, /) -> dict[str, Any]:  # noqa: A002 - its name in PEP 649
        if format == VALUE:
            found: dict[str, Any] = func.__annotations__
            return found
        if format == VALUE_WITH_FAKE_GLOBALS:
            raise NotImplementedError
        import annotationlib  # type: ignore[import-not-found] # of CPython 3.14

        return annotationlib.get_annotations(func, format=format)  # type: ignore[no-any-return]

    return annotate
