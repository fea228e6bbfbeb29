"""Signals that end a process: which ones, their names, and handling them in Python.

A Python handler runs in the main thread as soon as the interpreter gets to it.
"""

from __future__ import annotations

import os
import signal
from _signal import getsignal  # type: ignore[import-not-found]
from _signal import signal as install
from operator import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

# SIGTERM is taken over from a Python handler too, which then runs after microbench's. For
# the others a handler usually means something else than the end (checkpoints on SIGUSR1).
DEFAULT = (signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2)

CRASHES = frozenset(
    [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT]
)
NEVER_SEEN = ('SIGKILL', 'SIGSTOP')
HARMLESS = ('SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU')


THEN = ('auto', 'redeliver', 'leave')


class Wish:
    """A registration's request for one signal.

    Args:
        only_default: it is left to a Python handler that is there.
        then: what follows when a Python handler that was there before has returned.
    """

    __slots__ = 'only_default', 'then'

    def __init__(self, only_default: bool, then: str) -> None:
        self.only_default = only_default
        self.then = then

    def __and__(self, other: Wish) -> Wish:
        """Merge two requests: the program lives on if either of them wants that."""
        order = ('leave', 'redeliver', 'auto')
        then = min(self.then, other.then, key=order.index)
        return Wish(self.only_default and other.only_default, then)


def wanted(signals: Any, then: str = 'auto') -> dict[int, Wish]:
    """Return the requested signals, each with its Wish.

    Args:
        signals: None for the default ones; else a name, a number, or several.
        then: one of THEN.

    Raises:
        TypeError, ValueError: one of them is no signal, or cannot be handled here.
    """
    if then not in THEN:
        raise ValueError(f'then has to be one of {", ".join(THEN)}, not {then!r}')
    if signals is None:
        left_to_others = dict.fromkeys(map(int, [*DEFAULT, *CRASHES]), Wish(True, then))
        return {**left_to_others, int(signal.SIGTERM): Wish(False, then)}
    if isinstance(signals, str) or not hasattr(signals, '__iter__'):
        signals = (signals,)
    return {_number(item): Wish(False, then) for item in signals}


def _number(item: Any) -> int:
    number = _named(item) if isinstance(item, str) else index(item)
    if number not in signal.valid_signals():
        raise ValueError(f'signals: {item!r} is not a signal of this system')
    _refuse(name_of(number))
    return number


def _named(name: str) -> int:
    name = name.upper()
    found = getattr(signal, name if name.startswith('SIG') else f'SIG{name}', None)
    return int(found) if isinstance(found, signal.Signals) else 0


def _refuse(name: str) -> None:
    if name in NEVER_SEEN:
        raise ValueError(f'signals: no process can handle {name}')
    if name in HARMLESS:
        raise ValueError(f'signals: {name} does not end a process')


def name_of(number: int) -> str:
    """Return `SIGTERM`, `SIGRTMIN+3` ..."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f'SIGRTMIN+{number - signal.SIGRTMIN}'


class Handlers:
    """Installs one handler for signals that have none, and restores the handlers before.

    Call all methods in the main thread: other threads must not install handlers. They use
    the functions below those of `signal`, which look each number up in an enum: that takes
    ten times as long, and the command handles half a hundred signals.
    """

    def __init__(self, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handler = handler
        self._before: dict[int, Any] = {}

    def keep(self, wanted: Mapping[int, Any]) -> None:
        """Handle these signals, as far as that is allowed, and give back all others.

        Args:
            wanted: by signal, the handler that may be replaced.
        """
        for number in [n for n in self._before if n not in wanted]:
            self._give_back(number)
        for number, replaced in wanted.items():
            found = getsignal(number)
            if is_handler(found, replaced):
                self._before[number] = found  # first: it may come at once
                install(number, self._handler)

    def _give_back(self, number: int) -> None:
        """Restore the handler before, unless a later one is in front."""
        if self.in_force(number):
            install(number, self._before[number])
            self._before.pop(number, None)  # last: an earlier signal still finds it

    def in_force(self, number: int) -> bool:
        """Return True if the signal reaches this handler, not a later one."""
        found: object = getsignal(number)
        return found is self._handler


def is_handler(found: object, wanted: object) -> bool:
    """Return True if a handler is the wanted one.

    The native functions return numbers for SIG_DFL and SIG_IGN.
    """
    return found is wanted or (type(found) is int and found == wanted)


def end_by(number: int) -> None:
    """End this process by the signal, so that its parent sees the usual wait status."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def stop_by(number: int) -> None:
    """Stop this process as the signal does by default; then restore the handler."""
    handler = signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    signal.signal(number, handler)
