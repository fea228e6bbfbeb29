"""Signals that end a process: which ones, their names, and handling them in Python.

A Python handler runs in the main thread as soon as the interpreter gets to it.
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
DEFAULT = (signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2)

CRASHES = frozenset(
    [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT]
)
NEVER_SEEN = ('SIGKILL', 'SIGSTOP')
HARMLESS = ('SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU')


def wanted(signals: Any) -> dict[int, bool]:
    """Map each signal to whether it is left to a Python handler that is there.

    Args:
        signals: None for the default ones; else a name, a number, or several.

    Raises:
        TypeError, ValueError: one of them is no signal, or cannot be handled here.
    """
    if signals is None:
        left_to_others = dict.fromkeys(map(int, [*DEFAULT, *CRASHES]), True)
        return {**left_to_others, int(signal.SIGTERM): False}  # tests look at the last
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
        # What ours has replaced, the latest last: a handler installed on top of ours may
        # call ours, and be replaced in its turn.
        self._before: dict[int, list[Any]] = {}
        self._depth = 0  # how many of them are running
        self._frame: FrameType | None = None  # that they were called with

    def keep(self, wanted: Mapping[int, bool]) -> None:
        """Handle these signals, as far as that is allowed, and give back all others.

        Args:
            wanted: by signal, whether it is left to a Python handler that is there.
        """
        for number in [n for n in self._before if n not in wanted]:
            self._give_back(number)
        for number, only_default in wanted.items():
            self._take(number, only_default)

    def _take(self, number: int, only_default: bool) -> bool:
        """Install ours, and return whether it is there."""
        there = signal.getsignal(number)
        if there is self._handler:
            # Nothing noted: it was given back while a test had replaced signal.signal.
            self._before.setdefault(number, [signal.SIG_DFL])
            return True
        if there is signal.SIG_IGN or there is None:
            return False  # None: a handler in C, which we could not put back
        if there is not signal.SIG_DFL and (only_default or _is_of_asyncio(there)):
            return False
        self._before.setdefault(number, []).append(there)  # first: it may come at once
        signal.signal(number, self._handler)
        return True

    def _give_back(self, number: int) -> bool:
        """Put back what was there, unless a later handler is in front of ours."""
        if not self.in_force(number):
            return False
        signal.signal(number, self._take_before(number))
        return True

    def _take_before(self, number: int) -> Any:
        before = self._before[number].pop()
        if not self._before[number]:
            del self._before[number]
        return before

    def in_force(self, number: int) -> bool:
        """Whether the signal leads to our handler, not to one installed later."""
        return signal.getsignal(number) is self._handler

    # --- handing on ------------------------------------------------------------------

    def chain(self, number: int, frame: FrameType | None) -> None:
        """Call the Python handler that was there before; what it raises comes out."""
        before = self._before.get(number, [])
        if self._depth >= len(before):
            return
        previous = before[-1 - self._depth]
        self._depth += 1
        self._frame = frame
        try:
            if callable(previous):
                previous(number, frame)
        finally:
            self._depth -= 1

    def is_called_on(self, frame: FrameType | None) -> bool:
        """Whether a handler that ours is calling calls ours, with what it was given.

        A second signal would come with another frame.
        """
        return self._depth > 0 and frame is self._frame

    def step_aside(self, number: int, frame: FrameType | None) -> None:
        """Have the signal do what it would do without us."""
        if self._give_back(number):
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
