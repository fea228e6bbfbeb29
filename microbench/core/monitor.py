"""Samples of the process while a run lasts: `monitor` of a bench class.

A daemon thread takes the first sample at once and the others at multiples of the
interval after it. It installs no signal handler and is gone when the run is finished,
whatever ended the code. What the function raises costs that one sample: it is noted
once in `call.capture_errors`, and sampling goes on.

All of it belongs to one run, as one more step of its undo stack (see core/run.py).
"""

from __future__ import annotations

import threading
from time import monotonic

from .. import _core, threads
from ..messages import one_line, warn
from . import times
from .capture import namespace
from .times import HEARTBEAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from typing import Any

    from .owner import Monitored

INTERVAL, TIMEOUT = 60.0, 30.0  # seconds, where the bench does not say
MOST_ERRORS = 20  # distinct errors that a record lists


class Sampler:
    """Calls a function again and again, in a thread of its own.

    Args:
        read: returns the values of one sample.
        interval: seconds between samples.
        tz: time zone of the timestamps; None for naive local time.
        stopped: event that ends the loop.
        clock: seconds, by which the samples are spaced.
    """

    def __init__(
        self,
        read: Callable[[], Mapping[str, Any]],
        interval: float,
        tz: times.tzinfo | None,
        stopped: Any = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.samples: list[dict[str, Any]] = []
        self.errors: dict[str, None] = {}  # in the order in which they came up
        self._read, self._interval, self._tz = read, interval, tz
        self._stopped = threads.event() if stopped is None else stopped
        self._clock = clock
        self._thread: Any = None

    def start(self) -> None:
        """Start the thread; RuntimeError if the system gives none."""
        thread = threads.new_thread(self.loop, 'microbench monitor')
        thread.start()
        self._thread = thread

    def loop(self) -> None:
        """Take samples until stopped: one at least."""
        began = self._clock()
        while True:
            self._take_one()
            _core.beat()
            since_tick = (self._clock() - began) % self._interval
            if self._is_stopped_within(self._interval - since_tick):
                return

    def _is_stopped_within(self, pause: float) -> bool:
        """Wait, and have the journal show meanwhile that the process is alive."""
        while pause > HEARTBEAT:
            if self._stopped.wait(HEARTBEAT):
                return True
            _core.beat()
            pause -= HEARTBEAT
        return bool(self._stopped.wait(pause))

    def _take_one(self) -> None:
        timestamp = times.at(_core.wall_ns(), self._tz)
        try:
            self.samples.append({'timestamp': timestamp, **self._read()})
        except BaseException as error:  # no caller could catch it in this thread
            if len(self.errors) < MOST_ERRORS:
                self.errors[one_line(error)] = None

    def stop(self, timeout: float) -> None:
        """End the thread, and wait for it `timeout` seconds at most."""
        self._stopped.set()
        if self._thread is None:
            return
        self._thread.join(min(timeout, threading.TIMEOUT_MAX))
        if self._thread.is_alive():
            late = f'TimeoutError: the monitor had not ended after {timeout:g} s'
            self.errors[late] = None
        self._thread = None


def start(run: Monitored) -> None:
    """Start the monitor of this run.

    Raises:
        ImportError: psutil is not installed.
        ValueError: the interval or the timeout is no positive number.
    """
    assert run.data is not None
    namespace(run.data, 'call')['monitor'] = []
    _warn_off_main_thread()
    try:
        sampler = _sampler_of(run.owner)
    except (ImportError, ValueError):
        raise
    except Exception as error:  # in a sandbox without /proc: run all the same
        run.note('monitor', one_line(error))
        return
    step = monitor(run, sampler)
    next(step)
    run.undo.append(step)


def _warn_off_main_thread() -> None:
    if not _core.in_main_thread():
        warn(
            'monitor: this run was not started by the main thread; its samples are of '
            'the whole process all the same',
            RuntimeWarning,
        )


def _sampler_of(bench: Any) -> Sampler:
    import psutil

    interval = _seconds(bench, 'monitor_interval', INTERVAL)
    function, process = bench.monitor, psutil.Process()
    return Sampler(lambda: function(process), interval, bench.tz)


def _seconds(bench: Any, attribute: str, default: float) -> float:
    value = getattr(bench, attribute, default)
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = 0.0
    if not seconds > 0:
        raise ValueError(f'{attribute} has to be a positive number, not {value!r}')
    return seconds


def monitor(run: Monitored, sampler: Sampler) -> Generator[None]:
    """Sample until the run is finished; then put the samples into its record."""
    timeout = _seconds(run.owner, 'monitor_timeout', TIMEOUT)
    if run.patience is not None:
        timeout = min(timeout, run.patience)
    try:
        sampler.start()
    except RuntimeError as error:  # no more threads: run without samples
        run.note('monitor', one_line(error))
    try:
        yield
    finally:
        sampler.stop(timeout)
    assert run.data is not None
    namespace(run.data, 'call')['monitor'] = list(sampler.samples)
    for error_text in list(sampler.errors):
        run.note('monitor', error_text)
