"""Handlers of `record_on_exit`: in front of those in Python, one in C.

The one in C runs at once, in whichever thread the signal interrupts: it notes the signal,
has a watchdog see to it that the process ends in time, and hands the signal on to what was
there before. Crashes are its business alone. See csrc/mb_signals.h.
"""

from __future__ import annotations

import signal
import sys

from .. import _core
from .signals import CRASHES, Handlers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

# What a signal means, for C.
ENDS, CRASHED, RECOVERS = range(3)


class ExitHandlers(Handlers):
    """The signals for which handlers of ours are installed, in Python and in C.

    Python's can be changed in the main thread only; in others, C does what it can.
    """

    def __init__(self, handler: Any) -> None:
        super().__init__(handler)
        self._kinds: dict[int, int] = {}  # of the signals that C handles

    def keep(self, wanted: Mapping[int, bool], new: Iterable[int] | None = None) -> None:
        """Handle these signals, as far as that is allowed, and give back all others.

        Args:
            wanted: by signal, whether it is left to a Python handler that is there.
            new: those that were just asked for; None for all. Where a handler was put in
                place of ours for another one, that is respected.
        """
        for number in sorted({*self._kinds, *self._before} - wanted.keys()):
            self._give_back(number)
        for number in wanted if new is None else new:
            only_default = wanted[number]
            if number in CRASHES:
                self._take_crash(number)
            elif in_main_thread():
                self._take(number, only_default)
            elif _core.signal_is_default(number):
                self._take_in_c(number, ENDS)
        if in_main_thread():
            _core.signal_stack(not CRASHES.isdisjoint(wanted))

    def _take(self, number: int, only_default: bool) -> bool:
        there = signal.getsignal(number)
        if there is signal.SIG_DFL and _is_foreign(number):
            if not only_default:
                self._take_in_c(number, ENDS, users=True)
            return False
        if there is self._handler and _core.signal_is_default(number):
            signal.signal(number, self._handler)  # another thread had given it back
        taken = super()._take(number, only_default)
        if taken:
            users = callable(self._before[number][-1])
            self._take_in_c(number, ENDS, python=True, users=users)
        return taken

    def _take_crash(self, number: int) -> None:
        there = signal.getsignal(number)
        if there is signal.SIG_IGN:
            return
        default = _core.signal_is_default(number)
        behind = number in self._kinds and not default  # others may call ours
        if behind:
            kind = self._kinds[number]
        else:
            harmless = not callable(there) and _is_of_faulthandler(number)
            kind = CRASHED if default or harmless else RECOVERS
        self._take_in_c(number, kind, behind=behind)

    def _take_in_c(self, number: int, kind: int, **how: bool) -> None:
        """Put the handler in C in front of all others, unless it stays behind one."""
        how = {'python': False, 'users': False, 'behind': self._is_behind(number), **how}
        self._kinds[number] = kind
        _core.signal_take(number, kind, **how)

    def _is_behind(self, number: int) -> bool:
        """Whether C code has put a handler in front of ours: it may call ours."""
        return (
            number in self._kinds
            and _is_foreign(number)
            and not _core.signal_is_pythons(number)
        )

    def _give_back(self, number: int) -> bool:
        if not _core.signal_give_back(number):
            return False  # a later handler, in Python or in C, is in front of ours
        self._kinds.pop(number, None)
        if number not in self._before or in_main_thread():
            return number in self._before and super()._give_back(number)
        if not callable(self._before[number][-1]):
            _core.signal_default(number)  # Python's own table has to wait
        return False

    def first(self, number: int) -> int:
        """Return the signal that came first, if we handle it; else this one.

        Python calls the handlers of those that came together by number.
        """
        came, _ = _core.exit_signal()
        return came if came in self._before else number

    def in_force(self, number: int) -> bool:
        """Whether the signal leads to our handlers, not to one installed later."""
        ahead = number in self._kinds and not _core.signal_in_force(number)
        return super().in_force(number) and not ahead


def in_main_thread() -> bool:
    """Whether this is the thread that Python's signal handlers belong to."""
    return _core.in_main_thread()


def _is_foreign(number: int) -> bool:
    """Whether C code has a handler that Python does not know of."""
    return not (_core.signal_is_default(number) or _core.signal_in_force(number))


def _is_of_faulthandler(number: int) -> bool:
    """Whether the handler in C only prints a traceback, and dies."""
    faulthandler = sys.modules.get('faulthandler')
    enabled = faulthandler is not None and faulthandler.is_enabled()
    return enabled and _core.signal_is_pythons(number)
