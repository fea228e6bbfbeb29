"""Find out what a signal does in this process, in Python, in C code and in the kernel."""

from __future__ import annotations

import os
import signal
import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Taken:
    """A signal that microbench handles.

    Attributes:
        before: Python handlers that microbench replaced, the latest last. A handler that
            the program installs later may call that of microbench, and be replaced in its
            turn. Empty if microbench has no handler in Python.
        kind: meaning of the signal, where C handles it.
        is_shared: whether C code had a handler before that of microbench.
        leaves: whether the program's own handler stops the program by itself.
    """

    def __init__(self) -> None:
        self.before: list[Any] = []
        self.kind: int | None = None
        self.is_shared = False
        self.leaves = False

    @property
    def has_users(self) -> bool:
        """True if the program has a handler of its own."""
        return bool(self.before) and callable(self.before[-1])


def install(number: int, handler: Any) -> None:
    """Install a handler in Python."""
    signal.signal(number, handler)  # by its public name, which tests of users replace


def as_in_c(handler: Any) -> Any:
    """Return a handler as `_signal.signal` wants it: no members of an enumeration."""
    return int(handler) if isinstance(handler, int) else handler


def is_free(number: int) -> bool:
    """Return True if neither Python nor C code handles the signal."""
    unused = signal.getsignal(number) is signal.SIG_DFL
    return unused and _core.signal_is_default(number)


def is_first_process() -> bool:
    """Return True in a container's first process: the kernel ignores signals by default.

    See pid_namespaces(7).
    """
    return os.getpid() == 1


def is_ignored_by_the_kernel(number: int) -> bool:
    """Return True if the signal would end other processes, but not this one.

    A handler would receive the signal, and the process would live on after its record.
    """
    return is_first_process() and bool(_core.signal_is_default(number))


def is_foreign(number: int) -> bool:
    """Return True if C code has a handler that Python does not know of."""
    return not (_core.signal_is_default(number) or _core.signal_in_force(number))


def is_of_faulthandler(number: int) -> bool:
    """Return True if the handler in C only prints a traceback, and dies."""
    faulthandler = sys.modules.get('faulthandler')
    enabled = faulthandler is not None and faulthandler.is_enabled()
    return enabled and _core.signal_is_pythons(number)


def is_without_c(number: int) -> bool:
    """Return True if Python's own handler in C is there, and microbench's is not in front.

    That happens where a program has saved microbench's handler in Python and put it back.
    """
    return not _core.signal_in_force(number) and _core.signal_is_before(number)


def real_time_signals() -> Iterable[int]:
    """Return those that programs use least, first: the last ones."""
    last = getattr(signal, 'SIGRTMAX', None)
    return () if last is None else range(last, signal.SIGRTMIN, -1)
