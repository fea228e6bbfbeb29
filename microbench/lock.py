"""A lock that is always free in a forked child."""

from __future__ import annotations

from _thread import RLock

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Lock:
    """A reentrant lock for the threads of one process; a forked child gets a new one.

    >>> lock = Lock()
    >>> with lock.held:
    ...     pass

    A thread may hold the lock at the moment of a fork. In the child that thread does not
    exist and would never release it, so the child makes a new lock.

    A signal handler may run in the thread that holds the lock and enter it again, so it is
    reentrant. The handler may also raise between two bytecodes. So `held` returns the
    interpreter's own RLock, which is entered and left atomically.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._lock = RLock()
        self._generation = _core.fork_generation()

    @property
    def held(self) -> Any:
        """The lock itself, for a `with` statement."""
        if self._generation != _core.fork_generation():
            self._renew()
        return self._lock
