"""Import on first use what a bench needs: decorator, block, fields of records.

A program that never decorates a function does not load the decorator, and so on.
"""

from __future__ import annotations

from .core.capture import UNSET
from .descriptors import loaded, not_recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._core import Block

block_class: type[Block] | None = None  # an import costs each block 0.2 µs


def ignore(_: object) -> None:
    """Do nothing: what a hook forwards to where no other class has one."""


def decorator(sync: Any = None) -> Any:
    """Return core.decorate.decorated; warn and return None without descriptors.

    With `sync`, what makes functions that wait.
    """
    try:
        return loaded(_decorated) if sync is None else loaded(_decorated_synced)(sync)
    except OSError as error:
        not_recorded(error)
        return None


def timed(bench: Any, name: Any, func: Any) -> Any:
    """Return a function each call of which is a phase; without descriptors `func`.

    The caller: C, for a phase that decorates a function.
    """
    if bench._off:
        return func
    try:
        made = loaded(_phase_function)
    except OSError as error:
        not_recorded(error)
        return func
    return made(bench, name, func)


def synced(bench: Any, /, name: Any, *, sync: Any) -> Any:
    """Return a phase that waits for what was started before it, and for its own work.

    The caller: C, for `time(name, sync=...)`. Without descriptors the phase does not wait.
    """
    if sync is None or bench._off:
        return bench.time(name)
    try:
        made = loaded(_synced)
    except OSError as error:
        not_recorded(error)
        return bench.time(name)
    return made.synced_phase(bench, name, sync)


def synced_block(block: Any, sync: Any) -> Any:
    """Return a block that waits as `synced()` does; without descriptors the block."""
    try:
        made = loaded(_synced)
    except OSError as error:
        not_recorded(error)
        return block
    return made.Synced(block, made.waiting(sync))


def _synced() -> Any:
    from .core import synced as module  # start-up time

    return module


def decorated(bench: Any, func: Any, name: str | None, fields: dict[str, Any]) -> Any:
    """Return the decorated function; if `func` is UNSET, a decorator."""
    if func is UNSET and callable(fields.get('func')):
        func = fields.pop('func')  # by keyword, as 2.1.0 takes it
    sync = fields.pop('sync', None)
    is_labelled = name is not None or bool(fields)
    made = None if bench._off else decorator(sync)
    label = _label(bench, name, fields) if made is not None and is_labelled else None

    def decorate(func: Any) -> Any:
        return func if made is None else made(bench, func, label)

    return decorate if func is UNSET else decorate(func)


def _label(bench: Any, name: str | None, fields: dict[str, Any]) -> Any:
    values = values_of(bench, fields) if fields else {}
    try:
        return loaded(_label_class)(name, values)
    except OSError as error:
        not_recorded(error)
        return None


def values_of(bench: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields of a record in their present state; warn without descriptors."""
    module = annotating()
    return {} if module is None else module.values_of(bench, fields)


def annotate(bench: Any, fields: dict[str, Any]) -> None:
    """Add fields to the active record; warn without descriptors."""
    module = annotating()
    if module is not None:
        module.annotate(bench, fields)


def annotating() -> Any:
    """Return core.annotations; warn and return None without descriptors."""
    try:
        return loaded(_annotations)
    except OSError as error:
        not_recorded(error)
        return None


def _annotations() -> Any:
    from .core import annotations as module  # start-up time

    return module


def _label_class() -> Any:
    from .core.labels import Label  # start-up time

    return Label


def block() -> type[Block] | None:
    """Return the class of blocks; warn and return None without descriptors."""
    global block_class  # noqa: PLW0603 - found again by two threads at worst
    try:
        block_class = loaded(_block)
    except OSError as error:
        not_recorded(error)
    return block_class


def _decorated_synced() -> Any:
    from .core import synced_functions  # start-up time

    return synced_functions.decorator


def _decorated() -> Any:
    from .core.decorate import decorated  # start-up time

    return decorated


def _phase_function() -> Any:
    from .core.phase_functions import phase_function  # start-up time

    return phase_function


def _block() -> type[Block]:
    from .core.block import Block  # start-up time

    return Block


def explained(bench: Any, func: Any) -> list[str]:
    """Return what keeps C from writing the records of a bench, or of one function."""
    from .core import recorder  # start-up time

    return recorder.explained(bench, func)


def surroundings(bench: object) -> dict[str, Any]:
    """Return the fields that records of a bench have by `surroundings = True`."""
    from .mixins import surroundings  # start-up time

    return surroundings.fields(bench)


class LazySignature:
    """Make `__signature__` of a class of benches when it is first read."""

    def __get__(self, bench: object, cls: type) -> Any:
        if bench is not None:
            raise AttributeError('__signature__')  # a bench has that of __call__
        from .core.signature import signature_of  # start-up time

        return signature_of(cls)
