"""Pickle what workers get: the function and the points; or say what cannot be sent.

A worker gets bytes, and unpickles them itself: what cannot be unpickled there is an error
of that task, where a pool of processes would break.
"""

from __future__ import annotations

import pickle
import sys

from ..core.callables import ASYNC_GENERATOR, COROUTINE, GENERATOR, kind_of, name_of
from ..messages import one_line
from .grid import brief

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .grid import Listed, Product

MAIN = '__main__'


def packed(value: Any, by_value: bool = False) -> bytes:
    """Pickle a value, by cloudpickle what pickle cannot, if it is installed.

    Args:
        value: the value.
        by_value: by cloudpickle first, which sends functions of `__main__` as a whole.

    Raises:
        Exception: it cannot be pickled.
    """
    cloudpickle = _cloudpickle() if by_value else None
    if cloudpickle is not None:
        return bytes(cloudpickle.dumps(value))
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:
        cloudpickle = _cloudpickle()
        if cloudpickle is None:
            raise
        return bytes(cloudpickle.dumps(value))


def _cloudpickle() -> Any:
    try:
        import cloudpickle  # type: ignore[import-untyped]
    except ImportError:
        return None
    return cloudpickle


def raise_if_unsuited(func: Any, grid: Product | Listed) -> None:
    """Check that a function can be called at the points.

    Raises:
        TypeError: it cannot.
    """
    if not callable(func):
        raise TypeError(f'func has to be callable, not {brief(func)}')
    if kind_of(func) & (GENERATOR | COROUTINE | ASYNC_GENERATOR):
        raise TypeError(
            f'{name_of(func)} is a coroutine function or a generator: '
            'give a function that runs it to its end'
        )
    from inspect import signature  # start-up time

    try:
        called = signature(func)
    except (TypeError, ValueError):  # some built-in functions have none
        return
    for index in grid.kinds():
        try:
            called.bind(**grid[index])
        except TypeError as error:
            names = ', '.join(grid[index])
            raise TypeError(
                f'{name_of(func)}{called} cannot be called with the names of the grid '
                f'({names}): {error}'
            ) from None


def packed_function(func: Any, make: Any, imports_main: bool) -> bytes:
    """Pickle the function and what makes the bench.

    Args:
        func: the function.
        make: makes the bench.
        imports_main: workers have the same `__main__`, or import it.

    Raises:
        TypeError: one of them cannot be sent.
    """
    for what, value in (('func', func), ('bench', make)):
        try:
            packed(value, by_value=not imports_main and _is_of_main(value))
        except Exception as error:
            raise TypeError(
                f'{what}: {name_of(value)} cannot be sent to other processes '
                f'({one_line(error)}): define it at the top of a module, '
                'or install cloudpickle'
            ) from None
    by_value = not imports_main and (_is_of_main(func) or _is_of_main(make))
    return packed((func, make), by_value)


def _is_of_main(value: Any) -> bool:
    value = getattr(value, 'func', value)  # of a partial
    return getattr(value, '__module__', None) == MAIN


def main_is_a_file() -> bool:
    """Return whether a new process can import what this program runs."""
    main = sys.modules.get(MAIN)
    return bool(getattr(main, '__file__', None) or getattr(main, '__spec__', None))


def raise_if_unsendable(grid: Product | Listed) -> None:
    """Pickle all values of a grid once.

    Raises:
        TypeError: one cannot be pickled.
    """
    for where, value in grid.parts():
        try:
            packed(value)
        except Exception as error:
            raise TypeError(
                f'{where} cannot be sent to other processes: {one_line(error)}'
            ) from None


def unpacked_value(data: bytes) -> tuple[Any, BaseException | None]:
    """Return what a worker has pickled; or the reason why it cannot be read."""
    try:
        return pickle.loads(data), None  # noqa: S301 - from our own workers
    except Exception as error:
        return None, TypeError(f'the result cannot be received: {one_line(error)}')


class RemoteError(Exception):
    """Stands for an exception that cannot be sent: has its type and its message."""


def unpacked_error(sent: Any) -> BaseException:
    """Return the exception of a worker, or what stands for it."""
    if isinstance(sent, BaseException):
        return sent
    data, kind, message = sent
    if data:
        error, _ = unpacked_value(data)
        if isinstance(error, BaseException):
            return error
    return RemoteError(f'{kind}: {message}')
