"""A lock that a fork cannot leave locked."""

from __future__ import annotations

from _thread import allocate_lock

from . import _core


class Lock:
    """A lock for the threads of one process, which a forked child does not inherit.

    A thread may hold it at the moment of a fork. In the child that thread does not exist
    and would never let go: so the child takes a new lock.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._generation = _core.fork_generation()
        self._lock = allocate_lock()

    def __enter__(self) -> None:
        if self._generation != _core.fork_generation():
            self._renew()
        self._lock.acquire()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()
