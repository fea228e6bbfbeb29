"""Signals sent to the command reach the child, and the record is written all the same.

    signal                  child   iterations   then
    ----------------------  ------  -----------  -------------------------------------
    SIGTERM, SIGHUP         gets it no further   we end by the signal
    SIGINT                  gets it no further   we end by it if the child did, or if
                                                 iterations are missing
    SIGUSR1/2, SIGALRM,     gets it go on        we end by it if the child did
    SIGXCPU and all others
    whose default is to end
    SIGTSTP, SIGCONT        gets it go on        see cli/run/suspension.py

A child that is stopped reacts to none of them: those of the first two rows are followed by
SIGCONT, as timeout(1) does it. Crashes (SIGSEGV ...) are our own. SIGPIPE and SIGXFSZ are
ignored by Python, and so end neither of us.

A timer that was set before we were started (`alarm 60; exec microbench ...`) is ours, not
the child's: its signal is passed on like any other.

A scheduler kills what has not ended some time after SIGTERM. So when the child takes longer
than the grace period, the record is written without it; the child is never killed.

What is typed on a terminal, Ctrl-C for SIGINT, goes to all processes in its foreground,
the child among them: it is not sent twice. Signals that were ignored when we were started
stay ignored, by the child too, as under nohup.
"""

from __future__ import annotations

import signal
import threading
from time import monotonic, sleep

from ...process.signals import Handlers
from .child import StillRunningError
from .job_control import shares_terminal
from .suspension import CONTINUE, STOP, Suspension
from .timers import TimerThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from .child import Child

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
USUAL_NOTICES = (  # of signal(7); not all are on each system
    *('SIGUSR1', 'SIGUSR2', 'SIGXCPU', 'SIGQUIT', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'),
    *('SIGIO', 'SIGPWR', 'SIGSTKFLT'),
)


def _notices() -> Iterator[int]:
    """Yield the signals whose default action ends a process, real-time ones included."""
    for name in USUAL_NOTICES:
        if hasattr(signal, name):
            yield getattr(signal, name)
    if hasattr(signal, 'SIGRTMIN'):
        yield from range(signal.SIGRTMIN, signal.SIGRTMAX + 1)


NOTICES = tuple(_notices())
TYPED = (signal.SIGINT, signal.SIGQUIT)
BY_TERMINAL = (*TYPED, STOP, CONTINUE)  # or its shell, by `fg`
# Does nothing by default, and so is free to interrupt the main thread's waiting.
NUDGE = signal.SIGURG
ONE_AFTER_THE_OTHER = 0.1  # seconds
NUDGE_EVERY = 0.1  # seconds: one that comes between two looks is lost


class EndedBy(SystemExit):
    """The command was ended by a signal, and so is this process.

    The code is the negative number of the signal.
    """


class Forwarding:
    """The signals of a measurement.

    Args:
        grace: seconds that the record may wait for a child that was told to end.

    Attributes:
        ending: the signal that ends the measurement, if there was one.
        gave_up: the grace period is over; the child is not to be waited for.
        swallows: how many Ctrl-C do not raise KeyboardInterrupt here: all, as long as
            there is a child to get them.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.ending: int | None = None
        self.gave_up = False
        self.swallows: float = 0
        self.timers = TimerThread(self._forward)
        self.suspension = Suspension()
        self._child: Child | None = None
        self._early: list[int] = []  # came while there was no child
        self._heard: set[int] = set()
        self._left = False  # whether the main thread has noticed that
        self._lock = threading.Lock()
        self._handlers = Handlers(self._handle)

    # --- from begin to end -----------------------------------------------------------

    def begin(self) -> None:
        """Take the signals over, each only if it is at its default action."""
        self.timers.start()
        if _is_main_thread():
            self._main = threading.get_ident()
            self._wakeup_before = signal.set_wakeup_fd(
                self.timers.mouth, warn_on_full_buffer=False
            )
            self._handlers.keep(dict(_wanted()))

    def end(self) -> None:
        """Give the signals back."""
        if _is_main_thread():
            self._handlers.keep({})
            signal.set_wakeup_fd(self._wakeup_before)
        self.timers.stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal; the main thread is interrupted by it anywhere."""
        if number == signal.SIGINT:
            self.swallows -= 1
            if self.swallows < 0:
                signal.default_int_handler(number, frame)
        if number in ENDING and self.ending is None:
            self.ending = number
        self._heard.add(number)
        if number == STOP:
            self.suspension.stop()

    # --- the child -------------------------------------------------------------------

    def started(self, child: Child) -> None:
        """Have the child get what is sent to us, and what came since the last one."""
        with self._lock:
            self._child = child
            early, self._early = self._early, []
            for number in early:
                self._send(number)

    def ended(self, child: Child) -> None:
        """Note what it died of."""
        with self._lock:
            self._child = None

    def adopt_fatal_signal(self, child: Child) -> None:
        """End the measurement if the child died of a signal that we have got as well."""
        if child.status is None or self.ending is not None:
            return
        code = child.returncode
        died_of = -code if code < 0 else code - 128  # as a shell tells of its last child
        if died_of in (*ENDING, *NOTICES) and self._hears(died_of):
            self.ending = died_of

    def _hears(self, number: int) -> bool:
        """Whether a signal that the child has got came to us too, or comes now.

        A scheduler sends it to one process of a job after the other.
        """
        deadline = monotonic() + ONE_AFTER_THE_OTHER
        while self._handlers.in_force(number) and number not in self._heard:
            if monotonic() > deadline:
                break
            sleep(ONE_AFTER_THE_OTHER / 20)
        return number in self._heard

    def check_deadline(self) -> None:
        """Raise StillRunningError, once, when the record cannot wait any more."""
        if self.gave_up and not self._left:
            self._left = True
            raise StillRunningError

    # --- in the timer thread --------------------------------------------------

    def _forward(self, number: int) -> None:
        if number in (NUDGE, STOP) or not self._handlers.in_force(number):
            return  # the descriptor hears of the signals of others too
        with self._lock:
            if self._child is None:
                self._early.append(number)
            elif not (number in BY_TERMINAL and shares_terminal(self._child)):
                self._send(number)

    def _send(self, number: int) -> None:
        assert self._child is not None
        self._child.signal(number, wake=number in ENDING)
        if number in ENDING and not self.gave_up:
            self.timers.at(monotonic() + self.grace, self._give_up)

    def _give_up(self) -> None:
        """Have the main thread look up: again and again, until it has."""
        if self._child is not None and not self._left:
            self.gave_up = True
            signal.pthread_kill(self._main, NUDGE)
            self.timers.at(monotonic() + NUDGE_EVERY, self._give_up)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _wanted() -> Iterator[tuple[int, object]]:
    """Yield each signal, and the handler that ours may replace: Python's own for SIGINT."""
    ours = (*ENDING, *NOTICES, STOP, CONTINUE, NUDGE)
    yield from dict.fromkeys(ours, signal.SIG_DFL).items()
    for number in TYPED:
        if signal.getsignal(number) is signal.default_int_handler:
            yield number, signal.default_int_handler
