"""`iterations='auto'` and `warmup='auto'`: calls of a function that end by themselves.

Before the run, the function is called until it is warm and the number of loops is known
(measuring/calibration.py). Then it is called that often for each iteration: by C, or in
calibrated_coroutine.py. The run says how many iterations follow (measuring/series.py). Each
duration is that of an iteration, divided by its loops.
"""

from __future__ import annotations

from contextlib import contextmanager

from .. import _core
from ..counters import is_native
from ..measuring.calibration import Calibration
from ..measuring.clock import Clock
from ..measuring.options import AUTO, Options
from ..measuring.series import Series
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .settings import Settings


class CalibratedRun(Run):
    """A run that decides how many iterations it has.

    No journal shows it: that would have the times of iterations, and not of calls.
    """

    __slots__ = ('clock', 'series', 'taken')

    clock: Clock
    series: Series
    taken: list[Any]  # durations since the last look at them, or all of the record

    def measure(self, calibration: Calibration) -> None:
        """Take the number of loops, and go on from there."""
        self.clock = calibration.clock
        self.series = Series(calibration.options, calibration.spent, calibration.began)
        self.loops = calibration.loops
        self.iterations = self.series.more()

    def keep_durations(self) -> None:
        """Have C append durations to a list, so that more() need not copy all of them."""
        self.taken = []
        if self.counts or not (self.foreign or self.triggers):
            self.keep_numbers(self.taken)
        else:
            self.taken = self.durations

    def more(self) -> int:
        """Return how many iterations are to follow. The caller: the loop in C, by name."""
        scale = self.clock.scale if self.plan.settings.integers or self.foreign else 1.0
        known = 0 if self.counts else len(self.series.seconds)
        self.series.add(
            [float(value or 0) * scale * self.loops for value in self.taken[known:]]
        )
        if self.counts:
            self.taken.clear()
        return self.series.more()

    @property
    def durations(self) -> list[Any]:
        """Those that the record lists."""
        listed: list[Any] = super().durations
        return [] if self.counts else listed

    @property
    def counts(self) -> bool:
        """Whether durations are counted in a histogram, and not listed."""
        return self.plan.settings.histogram

    @property
    def foreign(self) -> bool:
        """Whether the counter is called in Python."""
        return self.plan.settings.foreign

    def mirror(self) -> None:
        """Do nothing: see the class."""


def begun(run: Run, func: Callable[..., Any], args: Any, kwargs: Any) -> Run:
    """Warm up, and begin the run of one call in the place of `run`."""
    calibration = calibration_of(run.plan.settings)
    calibrate(calibration, func, args, kwargs)
    return begin_after(calibration, run, func, args, kwargs)


def calibration_of(settings: Settings) -> Calibration:
    """Return what warms up and finds the number of loops, as a bench asks for it."""
    warmup = AUTO if settings.warmup < 0 else settings.warmup
    options = Options(**settings.measuring, warmup=warmup)
    loops = None if settings.iterations < 0 else 1
    return Calibration(clock_of(settings), options, loops)


def calibrate(calibration: Calibration, *call: Any) -> None:
    """Call a function until it is warm and the number of loops known; keep no phase."""
    func, args, kwargs = call

    def take(loops: int, count: int) -> list[float]:
        return calibration.clock.samples(func, args, kwargs, loops, count)

    with muted():
        calibration.run(take)


@contextmanager
def muted() -> Iterator[None]:
    """Drop the phases of calls that are in no record."""
    token = _core.mute()
    try:
        yield
    finally:
        _core.unmute(token)


def begin_after(calibration: Calibration, run: Run, *call: Any) -> Run:
    """Begin the run of one call, which decides how many iterations it has if it may."""
    if run.plan.settings.iterations < 0:
        return begin_calibrated(run, calibration, *call)
    run.iterations = run.plan.settings.iterations
    return run.begin(*call)


def begin_calibrated(run: Run, calibration: Calibration, *call: Any) -> CalibratedRun:
    """Begin a run that decides how many iterations it has."""
    found = CalibratedRun(run.owner, run.name, run.plan)
    found.notes = run.notes
    found.measure(calibration)
    found.begin(*call, loops=found.loops)
    found.keep_durations()
    return found


def clock_of(settings: Settings) -> Clock:
    """Return the duration counter of a bench."""
    native = is_native(settings.counter)
    counter = None if native else settings.counter
    return Clock(counter, settings.mb['duration_counter'], settings.mb.get('clock'))
