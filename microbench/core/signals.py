"""Signals that end a process, handled in Python: which ones, chaining, the way back.

A Python handler runs in the main thread as soon as the interpreter gets to it. Code that
never returns to the interpreter, and crashes, need a handler in C: they are refused here
rather than promised.
"""

from __future__ import annotations

import os
import signal
from operator import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

# SIGTERM is taken over from a Python handler too, which then runs after us. With the
# others a handler usually means something else than the end (checkpoints on SIGUSR1).
DEFAULT = ('SIGHUP', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2')

CRASHES = ('SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT')
NEVER_SEEN = ('SIGKILL', 'SIGSTOP')
HARMLESS = ('SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU')


def wanted(signals: Any) -> dict[int, bool]:
    """Map each signal to whether it is taken only if at its default action.

    Args:
        signals: None for the default ones; else a name, a number, or several.

    Raises:
        TypeError, ValueError: one of them is no signal, or cannot be handled here.
    """
    if signals is None:
        found = {_number(name): True for name in DEFAULT}
        return {**found, int(signal.SIGTERM): False}
    if isinstance(signals, str) or not hasattr(signals, '__iter__'):
        signals = (signals,)
    return {_number(item): False for item in signals}


def _number(item: Any) -> int:
    number = _named(item) if isinstance(item, str) else index(item)
    if number not in signal.valid_signals():
        raise ValueError(f'signals: {item!r} is no signal of this system')
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
    if name in CRASHES:
        raise ValueError(f'signals: {name} cannot be handled by Python code')


def name_of(number: int) -> str:
    """Return `SIGTERM`, `SIGRTMIN+3` ..."""
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f'SIGRTMIN+{number - signal.SIGRTMIN}'


class Handlers:
    """The signals for which one handler of ours is installed.

    All methods belong to the main thread: others must not install handlers.
    """

    def __init__(self, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handler = handler
        self._previous: dict[int, Any] = {}

    def keep(self, wanted: Mapping[int, bool]) -> None:
        """Handle these signals, as far as that is allowed, and give back all others."""
        for number in [n for n in self._previous if n not in wanted]:
            self._give_back(number)
        for number, only_default in wanted.items():
            self._take(number, only_default)

    def _take(self, number: int, only_default: bool) -> None:
        there = signal.getsignal(number)
        if there is self._handler or there is signal.SIG_IGN or there is None:
            return  # None: a handler in C, which we could not put back
        if there is not signal.SIG_DFL and (only_default or _is_of_asyncio(there)):
            return
        self._previous[number] = there  # first: the signal may come at once
        signal.signal(number, self._handler)

    def _give_back(self, number: int) -> None:
        previous = self._previous.pop(number)
        if self.in_force(number):  # else a later handler has replaced ours
            signal.signal(number, previous)

    def in_force(self, number: int) -> bool:
        """Whether the signal leads to our handler, not to one installed later."""
        return signal.getsignal(number) is self._handler

    def chain(self, number: int, frame: FrameType | None) -> None:
        """Call the Python handler that was there before; what it raises comes out."""
        previous = self._previous.get(number)
        if callable(previous):
            previous(number, frame)

    def step_aside(self, number: int, frame: FrameType | None) -> None:
        """Have the signal do what it would do without us."""
        if self.in_force(number):
            signal.signal(number, self._previous.pop(number, signal.SIG_DFL))
            os.kill(os.getpid(), number)
        else:
            self.chain(number, frame)


def end_by(number: int) -> None:
    """End this process by the signal: its parent sees what it would have seen."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _is_of_asyncio(handler: Any) -> bool:
    """Whether an event loop waits for the signal: it would never hear of it."""
    return getattr(handler, '__module__', None) == 'asyncio.unix_events'
