"""A lock that a fork cannot leave locked."""

from __future__ import annotations

from _thread import RLock

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Lock:
    """A lock for the threads of one process, which a forked child does not inherit.

    >>> lock = Lock()
    >>> with lock.held:
    ...     pass

    A thread may hold it at the moment of a fork. In the child that thread does not exist
    and would never let go: so the child takes a new lock.

    A handler of a signal runs between any two steps of a thread that holds it, and may
    come here again: it is let in. And it may raise between two steps: so what is entered
    is the interpreter's own lock, in one step.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._lock = RLock()
        self._generation = _core.fork_generation()

    @property
    def held(self) -> Any:
        """To be used by `with`."""
        if self._generation != _core.fork_generation():
            self._renew()
        return self._lock
