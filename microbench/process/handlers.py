"""Handlers of `record_on_exit`: those in Python, and one in C in front of them.

The one in C runs at once, in whichever thread the signal interrupts: it notes the signal,
has a watchdog see to it that the process ends in time, and passes the signal on to the
handler installed before. Only the handler in C handles crashes. See mb_signals.h.

    what is there                  what is installed          what a program sees
    -----------------------------  -------------------------  -------------------------
    SIGTERM at its default action  a Python handler, and C    our handler
    other signals at theirs        C, which has Python react  the default action
                                   by another signal, RELAY
    a handler of the program's,    a Python handler, and C    our handler, which calls
    if it is to be taken over                                 the program's
    a crash                        C                          what is there

Some libraries install a handler for SIGUSR1 (requeueing) only if `signal.getsignal()`
returns the default. It does, and their handler replaces that of microbench.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import signal
import sys
from functools import partial

from .. import _core
from .graceful import stops_by_itself
from .signals import CRASHES, FIRST_PROCESS, REAL_TIME, Chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType
    from typing import Any

    from .signals import Wish

# Meaning of a signal, for C.
ENDS, CRASHED, RECOVERS, LEAVES = range(4)


class Taken:
    """A signal that microbench handles: what it has replaced, in Python and in C.

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


class ExitHandlers:
    """Installs handlers of signals, in Python and in C, and gives them back.

    Only the main thread can change handlers in Python; in others, C does what it can.

    Args:
        handler: called with signal and frame.
    """

    def __init__(self, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handler = handler
        self._taken: dict[int, Taken] = {}
        self._relay = 0  # 0: none is installed
        self._wanted: Mapping[int, Wish] = {}
        self._relays: set[int] = set()  # relays that were ever installed
        self.chain = Chain(self.before)
        self.doubtful: list[tuple[int, Any]] = []  # handlers that may stop the program

    # --- installing ------------------------------------------------------------------

    def keep(
        self, wanted: Mapping[int, Wish], new: Iterable[int] | None = None
    ) -> list[tuple[Any, Any, Any, Any]]:
        """Handle these signals, as far as that is allowed, and give back all others.

        Args:
            wanted: by signal, what is asked for.
            new: signals that were just asked for; None for all. For the others, a handler
                that the program has installed since stays in place.

        Returns:
            what a forked child restores: see `_core.undo_in_child()`.
        """
        self._wanted = wanted
        for number in sorted(self._taken.keys() - wanted.keys() - {self._relay}):
            self._give_back(number)
        if self._relay in wanted and _core.in_main_thread():
            self._move_relay()
        for number in wanted if new is None else new:
            self._take(number, wanted[number])
        if self._relay and not any(map(self._is_relayed, self._taken)):
            relay, self._relay = self._relay, 0
            if relay not in wanted:
                self._give_back(relay)
        if _core.in_main_thread():
            _core.signal_stack(not CRASHES.isdisjoint(wanted))
        return [self._undo(number) for number in self._taken if self._taken[number].before]

    def _undo(self, number: int) -> tuple[Any, Any, Any, Any]:
        before = self._taken[number].before[-1]
        before = int(before) if isinstance(before, int) else before  # for _signal
        get = partial(_signal.getsignal, number)
        put = partial(_signal.signal, number)
        return get, put, self._handler, before

    def _take(self, number: int, wish: Wish) -> None:
        is_default = _core.signal_is_default(number)
        if number in CRASHES:
            self._take_crash(number, is_default)
        elif is_default and os.getpid() == FIRST_PROCESS:
            return  # a handler would make the process receive it
        elif _core.in_main_thread():
            self._take_in_main_thread(number, wish)
        elif is_default:
            self._take_in_c(number, ENDS)

    def _take_in_main_thread(self, number: int, wish: Wish) -> None:
        there = signal.getsignal(number)
        if there is self._handler:
            self._take_again(number, wish)
        elif there is signal.SIG_IGN or there is None:
            return  # None: a handler in C from before Python, which Python cannot restore
        elif callable(there):
            if not wish.only_default:
                self._take_from_python(number, there, wish)
        elif self._is_of_others(number):
            if not wish.only_default:
                self._take_in_c(number, ENDS, users=True)
                self._taken[number].is_shared = True
        elif number == signal.SIGTERM or not self._has_relay():
            self._take_from_python(number, there, wish)
        else:
            self._take_in_c(number, ENDS, python=True, relay=self._relay)

    def _take_from_python(self, number: int, there: Any, wish: Wish) -> None:
        taken = self._taken.setdefault(number, Taken())
        depth = len(taken.before)
        taken.before.append(there)  # first: the signal may come at once
        try:
            signal.signal(number, self._handler)
        except BaseException:  # of a handler that ran right before
            del taken.before[depth:]
            raise
        self._decide(number, wish, behind=False)  # of Python's, there since a moment ago
        if callable(there) and wish.then == 'auto' and not taken.leaves:
            self.doubtful.append((number, there))

    def _take_again(self, number: int, wish: Wish) -> None:
        # No entry: it was given back while a test of a user had replaced signal.signal.
        taken = self._taken.setdefault(number, Taken())
        taken.before = taken.before or [signal.SIG_DFL]
        if _core.signal_is_default(number):
            signal.signal(number, self._handler)  # another thread had given it back
        self._decide(number, wish, self._is_behind(number))

    def _decide(self, number: int, wish: Wish, behind: bool) -> None:
        """Pass the meaning of the signal to C, once the handler in Python is installed."""
        taken = self._taken[number]
        there = taken.before[-1]
        users = callable(there)
        taken.leaves = users and (
            wish.then == 'leave'
            or (wish.then == 'auto' and stops_by_itself(there))
            or os.getpid() == FIRST_PROCESS  # it could not send itself the signal
        )
        kind = LEAVES if taken.leaves else ENDS
        self._take_in_c(number, kind, python=True, users=users, behind=behind)

    def _take_crash(self, number: int, is_default: bool) -> None:
        there = signal.getsignal(number)
        if there is signal.SIG_IGN:
            return
        taken = self._taken.get(number)
        behind = taken is not None and not is_default  # others may call the one in C
        if taken is not None and taken.kind is not None and behind:
            kind = taken.kind
        elif is_default or (not callable(there) and is_of_faulthandler(number)):
            kind = CRASHED
        else:
            kind = RECOVERS
        self._take_in_c(number, kind, behind=behind)

    def _take_in_c(
        self, number: int, kind: int, behind: bool | None = None, **how: Any
    ) -> None:
        """Put the handler in C in front of all others, unless it stays behind one."""
        behind = self._is_behind(number) if behind is None else behind
        how = {'python': False, 'users': False, 'relay': 0, 'behind': behind, **how}
        self._taken.setdefault(number, Taken()).kind = kind
        _core.signal_take(number, kind, **how)

    def _is_of_others(self, number: int) -> bool:
        """Return True if other C code had a handler first, unknown to Python."""
        shared = number in self._taken and self._taken[number].is_shared
        return is_foreign(number) and (shared or not self._is_behind(number))

    def _is_behind(self, number: int) -> bool:
        """Return True if other C code put a handler in front, which may call this one.

        `faulthandler.register()` does, and is part of Python as its own handler is.
        """
        return (
            number in self._taken
            and self._taken[number].kind is not None
            and is_foreign(number)
            and not _core.signal_is_before(number)
        )

    # --- signals that Python takes for unhandled -------------------------------------

    def _has_relay(self) -> bool:
        """Reserve a free signal by which C makes Python react; return False if none is."""
        if not self._relay:
            self._relay = next(filter(self._may_relay, REAL_TIME), 0)
        if self._relay and self._relay not in self._taken:
            self._relays.add(self._relay)
            taken = self._taken[self._relay] = Taken()
            taken.before.append(signal.SIG_DFL)
            signal.signal(self._relay, self._handler)
            self._take_in_c(self._relay, ENDS, python=True)
        return bool(self._relay)

    def _may_relay(self, number: int) -> bool:
        """Return True if neither Python nor C code handles the signal."""
        unused = signal.getsignal(number) is signal.SIG_DFL
        return unused and number not in self._wanted and _core.signal_is_default(number)

    def _move_relay(self) -> None:
        """Have C use another signal, because the user wants a record at this one.

        The old one stays handled, as a wanted signal; if no other signal is free, it
        remains the relay.
        """
        relay, self._relay = self._relay, 0
        if not self._has_relay():
            self._relay = relay
            return
        for number in filter(self._is_relayed, list(self._taken)):
            if self.in_force(number) or self._is_behind(number):
                self._take_in_c(number, ENDS, python=True, relay=self._relay)

    def _is_relayed(self, number: int) -> bool:
        taken = self._taken[number]
        return taken.kind == ENDS and not taken.before

    # --- giving back -----------------------------------------------------------------

    def _give_back(self, number: int) -> bool:
        """Restore the handler before, unless a later one is in front."""
        taken = self._taken[number]
        in_force = self.in_force(number)
        given_back = taken.kind is None or _core.signal_give_back(number)
        if given_back:
            taken.kind = None
        if not taken.before:
            if given_back or callable(signal.getsignal(number)):
                del self._taken[number]  # else a later one in C may call it
            return given_back
        if not in_force:
            return False
        if not _core.in_main_thread():
            if not callable(taken.before[-1]):
                _core.signal_default(number)  # Python's own table has to wait
            return False
        self._put_back(number, taken)
        return True

    def _put_back(self, number: int, taken: Taken) -> None:
        """Restore a handler in Python.

        The entry goes afterwards: a signal that comes before finds it. Then the same may
        have been done in between.
        """
        depth = len(taken.before)
        signal.signal(number, taken.before[-1])
        del taken.before[depth - 1 :]
        if not taken.before and self._taken.get(number) is taken:
            del self._taken[number]

    def in_force(self, number: int) -> bool:
        """Return True if the signal reaches microbench's handlers, not a later one."""
        taken = self._taken.get(number)
        if taken is None:
            return False
        if taken.before and signal.getsignal(number) is not self._handler:
            return False
        if taken.kind is None or _core.signal_in_force(number):
            return True
        return bool(taken.before) and _core.signal_is_before(number)  # a program's doing

    def forget(self) -> None:
        """Note, in a forked child, that C code has restored the handlers."""
        for number, taken in list(self._taken.items()):
            taken.kind = None
            if taken.before and signal.getsignal(number) is taken.before[-1]:
                taken.before.pop()
            if not taken.before:
                del self._taken[number]
        self._relay = 0

    # --- handing on ------------------------------------------------------------------

    def first(self, number: int) -> int:
        """Return the signal that came first, if it is handled; else this one.

        If several came together, Python calls their handlers in the order of numbers.
        """
        came, _ = _core.exit_signal()
        handled = came in self._taken or (came and number in self._relays)
        return came if handled else number

    def leaves(self, number: int) -> bool:
        """Return True if the program stops by itself at this signal."""
        return number in self._taken and self._taken[number].leaves

    def before(self, number: int) -> list[Any]:
        """Return the handlers that microbench has replaced, the latest last."""
        return self._taken[number].before if number in self._taken else []

    def step_aside(self, number: int, frame: FrameType | None) -> None:
        """Let the signal act as it would without microbench."""
        number = self.first(number)
        if number not in self._taken or self._give_back(number):
            os.kill(os.getpid(), number)
        else:
            self.chain.call(number, frame)


def is_foreign(number: int) -> bool:
    """Return True if C code has a handler that Python does not know of."""
    return not (_core.signal_is_default(number) or _core.signal_in_force(number))


def is_of_faulthandler(number: int) -> bool:
    """Return True if the handler in C only prints a traceback, and dies."""
    faulthandler = sys.modules.get('faulthandler')
    is_enabled = faulthandler is not None and faulthandler.is_enabled()
    return is_enabled and _core.signal_is_pythons(number)
