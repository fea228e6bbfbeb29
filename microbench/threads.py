"""Threads of the system, also where gevent or eventlet have put greenlets in their place.

A greenlet runs when the others wait: it would not sample a program that computes.
"""

from __future__ import annotations

import _thread
import threading
from types import BuiltinFunctionType

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class NativeThread:
    """A daemon thread that nothing has patched: what is used of `threading.Thread`.

    Args:
        target: called in the thread.
    """

    def __init__(self, target: Callable[[], object]) -> None:
        self._target = target
        self._ended = _core.Gate()

    def start(self) -> None:
        """Start the thread; RuntimeError if the system gives none."""
        _core.start_thread(self._run)

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._ended.set()

    def join(self, timeout: float) -> None:
        """Wait for its end."""
        self._ended.wait(timeout)

    def is_alive(self) -> bool:
        """Whether it has not come to its end."""
        return not self._ended.is_set()


def is_patched() -> bool:
    """Whether `threading` makes something else than threads of the system."""
    return not isinstance(_thread.start_new_thread, BuiltinFunctionType)


def event() -> Any:
    """Return a new event; threads of new_thread() can wait for it."""
    return _core.Gate() if is_patched() else threading.Event()


def new_thread(target: Callable[[], object], name: str) -> Any:
    """Return a daemon thread that is to be started."""
    if is_patched():
        return NativeThread(target)
    return threading.Thread(target=target, name=name, daemon=True)
