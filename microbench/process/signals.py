"""Signals that end a process: which ones, how long Python has, and handling them in Python.

A Python handler runs in the main thread as soon as the interpreter gets to it.

The module `signal` is not imported here and in the command: it makes enumerations of the
numbers in `_signal`, and takes a tenth of the start of the command.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
from operator import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import Any

# SIGTERM is taken over from a Python handler too, which then runs after microbench's. For
# the others a handler usually means something else than the end (checkpoints on SIGUSR1).
DEFAULT = (signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2)

CRASHES = frozenset(
    [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT]
)
# Those that programs use least, first.
REAL_TIME: Sequence[int] = ()
if hasattr(signal, 'SIGRTMAX'):
    REAL_TIME = range(signal.SIGRTMAX, signal.SIGRTMIN, -1)
NEVER_SEEN = ('SIGKILL', 'SIGSTOP')
HARMLESS = ('SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU')

THEN = ('auto', 'redeliver', 'leave')

# Of a container, for which the kernel drops signals without a handler: pid_namespaces(7).
FIRST_PROCESS = 1

GRACE, LONGEST = 0.25, 1e9  # seconds that Python has before native code takes over
VARIABLE = 'MICROBENCH_EXIT_GRACE'

# What launchers of MPI set for the processes that they start (Open MPI, PMI as in MPICH,
# PMIx, Intel MPI). When one of these ends, they send SIGTERM to the others and, as soon as
# they can, SIGKILL.
LAUNCHED = ('OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'PMIX_RANK', 'MPI_LOCALRANKID')


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
    return found if isinstance(found, int) and not name.startswith('SIG_') else 0


def _refuse(name: str) -> None:
    if name in NEVER_SEEN:
        raise ValueError(f'signals: no process can handle {name}')
    if name in HARMLESS:
        raise ValueError(f'signals: {name} does not end a process')


def name_of(number: int) -> str:
    """Return `SIGTERM`, `SIGRTMIN+3` ..."""
    names = [name for name in dir(signal) if name.startswith('SIG') and name[3] != '_']
    found = {int(getattr(signal, name)): name for name in sorted(names, reverse=True)}
    return found.get(number) or f'SIGRTMIN+{number - signal.SIGRTMIN}'  # a real-time one


def seconds_of(argument: Any) -> float:
    """Return how long Python may take to react to a signal.

    That is what the argument says; without one, what the environment says.

    Raises:
        TypeError, ValueError: that is no number of seconds.
    """
    if argument is not None:
        return _seconds('grace', argument)
    if VARIABLE in os.environ:
        return _seconds(VARIABLE, os.environ[VARIABLE])
    return 0.0 if any(name in os.environ for name in LAUNCHED) else GRACE


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f'{name} has to be a number of seconds, not {value!r}')
    return seconds


class Chain:
    """Calls the handlers that microbench has replaced, which may call it back.

    Args:
        before: returns those of a signal, the latest last.
    """

    def __init__(self, before: Callable[[int], Sequence[Any]]) -> None:
        self._before = before
        self._depth = 0  # how many of them are running
        self._frame: FrameType | None = None  # the frame that they were called with

    def call(self, number: int, frame: FrameType | None) -> None:
        """Call the latest handler that is not running; pass its exception on."""
        before = self._before(number)
        if self._depth >= len(before):
            return
        previous = before[-1 - self._depth]
        outer, self._frame = self._frame, frame
        self._depth += 1
        try:
            if callable(previous):
                previous(number, frame)
        finally:
            self._depth -= 1
            self._frame = outer

    def call_anew(self, number: int, frame: FrameType | None) -> None:
        """Call the handler for another signal, even while it runs for an earlier one."""
        if self.is_called_on(frame):
            self.call(number, frame)
            return
        depth, self._depth = self._depth, 0
        try:
            self.call(number, frame)
        finally:
            self._depth = depth

    def is_called_on(self, frame: FrameType | None) -> bool:
        """Return True if a running handler calls back, with the frame it was given.

        A second signal would come with another frame.
        """
        return self._depth > 0 and frame is self._frame


def end_by(number: int) -> None:
    """End this process by the signal, so that its parent sees the usual wait status."""
    import signal  # start-up time; tests of users replace its functions

    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def stop_by(number: int) -> None:
    """Stop this process as the signal does by default; then restore the handler."""
    import signal  # start-up time

    handler = signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    signal.signal(number, handler)
