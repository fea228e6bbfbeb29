"""Run timers and forward signals in a thread while the main thread waits for the command.

The main thread blocks in one call until the child has ended, so that it reads the clock at
once. Everything else happens here, at given times and on signals. The C part of Python's
signal handlers writes the number of each signal to a pipe (`signal.set_wakeup_fd`), so no
signal is lost, whatever the main thread is doing.

If the system gives no thread (`ulimit -u`, `pids.max`), the main thread does this work
between two checks of the child; see cli/run/unthreaded.py.
"""

from __future__ import annotations

import math
import os
import select
from _thread import allocate_lock
from time import monotonic

from ... import _core
from ...messages import one_line, print_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 3600.0  # seconds of one wait: poll(2) takes an int of milliseconds
WAKE_UP = b'\0'  # no signal has this number


class Timer:
    """An action and the time for it, in seconds of the monotonic clock."""

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action = action


class TimerThread:
    """A thread that runs timers, reads signals, and watches descriptors.

    Args:
        on_signal: called in the thread with the number of each signal.

    Attributes:
        threaded: whether the thread exists; without it, call `turn`.
    """

    threaded = True
    _stopped = False

    def __init__(self, on_signal: Callable[[int], None]) -> None:
        self._on_signal = on_signal
        self._listeners: dict[int, Callable[[], None]] = {}
        self._timers: list[Timer] = []
        self._wakes_at = math.inf
        self._lock = allocate_lock()
        self._reader, self.writer = os.pipe()
        for end in (self._reader, self.writer):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)
        self._ended = _core.Gate()

    def start(self) -> None:
        """Start the thread; without one, set `threaded` to False."""
        try:
            _core.start_thread(self._loop)
        except RuntimeError:  # RLIMIT_NPROC, pids.max, no memory for its stack
            self.threaded = False

    def stop(self) -> None:
        """End the thread, and drop all timers."""
        self.dismiss()
        os.close(self._reader)
        os.close(self.writer)

    def dismiss(self) -> bool:
        """End the thread; return whether it existed."""
        if not self.threaded:
            return False
        self._stopped = True
        self._wake_up()
        self._ended.wait(math.inf)
        self.threaded = False
        return True

    def at(self, due: float, action: Callable[[], None]) -> Timer:
        """Plan an action for a time of the monotonic clock, in seconds."""
        timer = Timer(due, action)
        with self._lock:
            self._timers.append(timer)
            is_next = due < self._wakes_at
        if is_next:
            self._wake_up()
        return timer

    def cancel(self, timer: Timer) -> None:
        """Cancel a timer, unless its action has begun."""
        with self._lock:
            if timer in self._timers:
                self._timers.remove(timer)

    def listen(self, number: int, action: Callable[[], None]) -> None:
        """Call an action whenever a descriptor can be read or is at its end."""
        self._listeners[number] = action
        self._poll.register(number, select.POLLIN)
        self._wake_up()

    def ignore(self, number: int) -> None:
        """Stop listening. Call this before the descriptor is closed."""
        if self._listeners.pop(number, None) is not None:
            self._poll.unregister(number)

    def pause(self, event: _core.Gate, most: float) -> bool:
        """Wait for an event, at most `most` seconds; return whether it is set."""
        if self.threaded:
            return event.wait(most)
        self.turn(most)
        return event.is_set()

    def _wake_up(self) -> None:
        try:
            os.write(self.writer, WAKE_UP)
        except BlockingIOError:
            pass  # the pipe is full: the thread is about to wake up

    def _loop(self) -> None:
        try:
            while not self._stopped:
                self.turn()
        finally:
            self._ended.set()

    def turn(self, most: float = LONGEST) -> None:
        """Wait for the next event, at most `most` seconds, and handle it."""
        for number, _ in self._poll.poll(self._milliseconds(most)):
            if number == self._reader:
                self._hear()
            elif number in self._listeners:
                self._guarded(self._listeners[number])
        for timer in self._due():
            self._guarded(timer.action)

    def _hear(self) -> None:
        for number in os.read(self._reader, 4096):
            if number:
                self._guarded(self._on_signal, number)

    def _milliseconds(self, most: float) -> int:
        with self._lock:
            self._wakes_at = min((t.due for t in self._timers), default=math.inf)
        wait = max(min(self._wakes_at - monotonic(), most), 0.0)
        return math.ceil(wait * 1000)

    def _due(self) -> Iterator[Timer]:
        """Remove and return the timers that are due, the earliest first."""
        now = monotonic()
        with self._lock:
            due = [t for t in self._timers if t.due <= now]
            self._timers = [t for t in self._timers if t.due > now]
            self._wakes_at = -math.inf  # awake: it checks all timers before it waits
        return iter(sorted(due, key=lambda t: t.due))

    @staticmethod
    def _guarded(action: Callable[..., None], *args: int) -> None:
        """Call an action; an error must not end the thread, which later signals need."""
        try:
            action(*args)
        except Exception as error:
            print_stderr(f'microbench: while the command ran: {one_line(error)}')
