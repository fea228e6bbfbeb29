"""Forward signals to the child, and still write the record.

    signal                  child   iterations   then
    ----------------------  ------  -----------  -------------------------------------
    SIGTERM, SIGHUP         gets it stop         we end by the signal
    SIGINT                  gets it stop         we end by it if the child did, or if
                                                 iterations are missing
    SIGUSR1/2, SIGALRM,     gets it go on        we end by it if the child did
    SIGXCPU and all others
    whose default is to end
    SIGTSTP, SIGCONT        gets it go on        see Suspension

A stopped child reacts to no signal, so SIGCONT follows those of the first two rows, as in
timeout(1). Signals of crashes (SIGSEGV ...) are not forwarded. Python ignores SIGPIPE and
SIGXFSZ, so they end neither process.

A timer that was set before the start of the command (`alarm 60; exec microbench ...`)
stays with the command, and its signal is forwarded like any other.

A scheduler kills processes that are still running some time after SIGTERM. So if the child
takes longer than the grace period, the record is written without it. The child is never
killed.

Keys on a terminal, such as Ctrl-C, signal all foreground processes. The child is one of
them, so their signals are not forwarded. Signals that were ignored at the start stay
ignored in both processes, as under nohup.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
from _signal import getsignal
from _signal import signal as install
from _thread import allocate_lock, get_ident
from time import monotonic, sleep

from ... import _core
from ...process.signals import stop_by
from .child import StillRunningError
from .job_control import shares_terminal
from .timers import TimerThread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    from .child import Child

STOP, CONTINUE = signal.SIGTSTP, signal.SIGCONT
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
# Its default action is to do nothing, so it can interrupt the wait of the main thread.
NUDGE = signal.SIGURG
HANDLED = (*ENDING, *NOTICES, STOP, CONTINUE, NUDGE)
SIGNAL_DELAY = 0.1  # seconds
SIGNAL_INTERVAL = 0.005  # seconds between two looks
NUDGE_INTERVAL = 0.1  # seconds: repeated, because one before the wait has no effect


class EndedBy(SystemExit):
    """A signal ended the command, and this process ends by it too.

    The code is the negative number of the signal.
    """


class Forwarding:
    """Forwards the signals of a measurement.

    Args:
        grace: seconds that the record may wait for a child after an ending signal.

    Attributes:
        ending: the signal that ends the measurement, if there was one.
        gave_up: whether the grace period is over, so that the record stops waiting.
        swallows: number of Ctrl-C that do not raise KeyboardInterrupt: infinite while a
            child receives them.
    """

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.ending: int | None = None
        self.gave_up = False
        self.swallows: float = 0
        self.timers = TimerThread(self._forward)
        self.suspension = Suspension()
        self._child: Child | None = None
        self._early: list[int] = []  # arrived while there was no child
        self._seen: set[int] = set()
        self._has_raised = False  # StillRunningError
        self._lock = allocate_lock()
        self._handlers = Handlers(self._handle)

    # --- handlers -----------------------------------------------------------

    def install(self) -> None:
        """Install handlers for the signals that have their default action."""
        self.timers.start()
        if _core.in_main_thread():
            self._main = get_ident()
            self._wakeup_before = signal.set_wakeup_fd(
                self.timers.writer, warn_on_full_buffer=False
            )
            self._handlers.install()

    def restore(self) -> None:
        """Restore the previous handlers."""
        if _core.in_main_thread():
            self._handlers.restore()
            signal.set_wakeup_fd(self._wakeup_before)
        self.timers.stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal. It may interrupt the main thread anywhere."""
        if number == signal.SIGINT:
            self.swallows -= 1
            if self.swallows < 0:
                signal.default_int_handler(number, frame)
        if number in ENDING and self.ending is None:
            self.ending = number
        self._seen.add(number)
        if number == STOP:
            self.suspension.stop()

    # --- the child -------------------------------------------------------------------

    def starting(self) -> None:
        """Delay stops until the child exists."""
        self.suspension.hold()

    def started(self, child: Child) -> None:
        """Forward signals to this child, first those that came since the last one ended."""
        with self._lock:
            self._child = child
            early, self._early = self._early, []
            for number in early:
                self._send(number)
        self.suspension.include(child)

    def ended(self, child: Child) -> None:
        """Stop forwarding to this child."""
        self.suspension.leave_out()
        with self._lock:
            self._child = None

    def settled(self, child: Child) -> None:
        """The child has ended or could not be started.

        End the measurement if it died of a signal that this process got too.
        """
        self.suspension.release()
        if child.status is None or self.ending is not None:
            return
        code = child.returncode
        died_of = -code if code < 0 else code - 128  # as a shell reports its last child
        if died_of in (*ENDING, *NOTICES) and self._received(died_of):
            self.ending = died_of

    def _received(self, number: int) -> bool:
        """Return whether this process got a signal too; wait briefly for it.

        A scheduler signals the processes of a job one after the other.
        """
        deadline = monotonic() + SIGNAL_DELAY
        while self._handlers.in_force(number) and number not in self._seen:
            if monotonic() > deadline:
                break
            sleep(SIGNAL_INTERVAL)
        return number in self._seen

    def check_deadline(self) -> None:
        """Raise StillRunningError, once, after the grace period."""
        if self.gave_up and not self._has_raised:
            self._has_raised = True
            raise StillRunningError

    # --- in the timer thread --------------------------------------------------

    def _forward(self, number: int) -> None:
        if number in (NUDGE, STOP) or not self._handlers.in_force(number):
            return  # the pipe also gets signals that have other handlers
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
        """Interrupt the main thread repeatedly, until it calls `check_deadline`."""
        if self._child is not None and not self._has_raised:
            self.gave_up = True
            signal.pthread_kill(self._main, NUDGE)
            self.timers.at(monotonic() + NUDGE_INTERVAL, self._give_up)


class Suspension:
    """Stops and continues the program together with the command.

    Ctrl-Z on a terminal stops both. A batch system or `kill -TSTP` may signal only the
    command, and the program would run on. SIGSTOP cannot be handled, so it stops the
    command alone.

    Everything happens in the main thread, the only one that starts and collects children.
    It takes no lock, because the signal handler may interrupt code that holds one.
    """

    def __init__(self) -> None:
        self._child: Child | None = None
        self._starting = False
        self._waiting = False  # for the child that is being started

    def hold(self) -> None:
        """Delay stops: a child is being started."""
        self._starting = True

    def include(self, child: Child) -> None:
        """Stop this child too, also for a stop that was delayed."""
        self._child = child
        self.release()

    def leave_out(self) -> None:
        """Stop only the command from now on: the child has ended."""
        self._child = None

    def release(self) -> None:
        """Perform a delayed stop: the child exists, or cannot be started."""
        self._starting = False
        if self._waiting:
            self._waiting = False
            self.stop()

    def stop(self) -> None:
        """Stop this process and the child until SIGCONT, which is forwarded like others."""
        child = self._child
        if self._starting:
            self._waiting = True
        elif child is None or child.over or shares_terminal(child):
            stop_by(STOP)
        else:
            child.send(STOP)
            stop_by(STOP)
            if child.leads_group:
                child.send(CONTINUE)  # an orphaned group does not stop, see setpgid(2)


class Handlers:
    """Installs one handler for signals that have none, and restores the handlers before.

    Call all methods in the main thread: other threads must not install handlers. They use
    the functions below those of `signal`, which look each number up in an enum: that takes
    ten times as long, and the command handles half a hundred signals.
    """

    def __init__(self, handler: Callable[[int, FrameType | None], None]) -> None:
        self._handler = handler
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Handle the signals that have their default action, and SIGINT as Python does."""
        wanted: dict[int, Any] = dict.fromkeys(HANDLED, signal.SIG_DFL)
        for typed in TYPED:
            if signal.getsignal(typed) is signal.default_int_handler:
                wanted[typed] = signal.default_int_handler
        for number, replaced in wanted.items():
            found = getsignal(number)  # an int for SIG_DFL and SIG_IGN
            if found is replaced or (type(found) is int and found == replaced):
                self._before[number] = found  # first: it may come at once
                install(number, self._handler)

    def restore(self) -> None:
        """Restore the handlers before, unless later ones are in front."""
        for number, before in list(self._before.items()):
            if getsignal(number) is self._handler:
                install(number, before)
                del self._before[number]  # last: an earlier signal still finds it

    def in_force(self, number: int) -> bool:
        """Return True if the signal reaches this handler, not a later one."""
        found: object = getsignal(number)
        return found is self._handler
