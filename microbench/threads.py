"""Start threads of the system, even if gevent or eventlet has patched `threading`.

A greenlet runs only while the others wait, so it could not sample a program that computes.
Importing `threading` takes a seventh of what the command adds: it uses NativeThread.
"""

from __future__ import annotations

import _thread
from math import inf
from types import BuiltinFunctionType

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class NativeThread:
    """Daemon thread of the system, with the methods of `threading.Thread` that we use.

    Args:
        target: function that the thread calls.
    """

    def __init__(self, target: Callable[[], object]) -> None:
        self._target = target
        self._ended = _core.Gate()

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the system cannot start a thread.
        """
        _core.start_thread(self._run)

    def _run(self) -> None:
        try:
            self._target()
        finally:
            self._ended.set()

    def join(self, timeout: float = inf) -> None:
        """Wait for the end of the target, at most `timeout` seconds."""
        self._ended.wait(timeout)

    def is_alive(self) -> bool:
        """Return True until the thread has ended."""
        return not self._ended.is_set()


def is_patched() -> bool:
    """Return True if `threading` starts greenlets instead of threads of the system."""
    return not isinstance(_thread.start_new_thread, BuiltinFunctionType)


def event() -> Any:
    """Return a new event for which threads of new_thread() can wait."""
    if is_patched():
        return _core.Gate()
    import threading  # start-up time

    return threading.Event()


def new_thread(target: Callable[[], object], name: str) -> Any:
    """Return a daemon thread that has not been started."""
    if is_patched():
        return NativeThread(target)
    import threading  # start-up time

    return threading.Thread(target=target, name=name, daemon=True)
