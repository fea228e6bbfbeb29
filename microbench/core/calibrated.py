"""`iterations='auto'` and `warmup='auto'`: calls of a function that end by themselves.

Before the run, the function is called until it is warm and the number of loops is known
(measuring/calibration.py). Then C calls it that often for each iteration, and asks the run
how many follow (measuring/series.py). Each duration is that of an iteration, divided by
its loops.
"""

from __future__ import annotations

from .. import _core
from ..counters import is_native
from ..measuring.calibration import Calibration
from ..measuring.clock import Clock
from ..measuring.options import AUTO, Options
from ..measuring.series import Series
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .settings import Settings


class CalibratedRun(Run):
    """A run that decides how many iterations it has.

    No journal shows it: that would have the times of iterations, and not of calls.
    """

    __slots__ = ('clock', 'series')

    clock: Clock
    series: Series

    def measure(self, calibration: Calibration) -> None:
        """Take the number of loops, and go on from there."""
        self.clock = calibration.clock
        self.series = Series(calibration.options, calibration.spent, calibration.began)
        self.loops = calibration.loops
        self.iterations = self.series.more()

    def more(self) -> int:
        """Return how many iterations are to follow. The caller: the loop in C, by name."""
        known = len(self.series.seconds)
        scale = self.clock.scale if self.plan.settings.integers or self.foreign else 1.0
        self.series.add(
            [float(value or 0) * scale * self.loops for value in self.durations[known:]]
        )
        return self.series.more()

    @property
    def foreign(self) -> bool:
        """Whether the counter is called in Python."""
        return self.plan.settings.foreign

    def mirror(self) -> None:
        """Do nothing: see the class."""


def begun(run: Run, func: Callable[..., Any], args: Any, kwargs: Any) -> Run:
    """Warm up, and begin the run of one call in the place of `run`."""
    settings = run.plan.settings
    warmup = AUTO if settings.warmup < 0 else settings.warmup
    options = Options(**settings.measuring, warmup=warmup)
    loops = None if settings.iterations < 0 else 1
    calibration = calibrated(settings, options, loops, func, args, kwargs)
    if settings.iterations >= 0:
        run.iterations = settings.iterations
        return run.begin(func, args, kwargs)
    return begin_calibrated(run, calibration, func, args, kwargs)


def calibrated(
    settings: Settings, options: Options, loops: int | None, *call: Any
) -> Calibration:
    """Call a function until it is warm and the number of loops known; keep no phase."""
    clock = clock_of(settings)
    func, args, kwargs = call

    def take(loops: int, count: int) -> list[float]:
        return clock.samples(func, args, kwargs, loops, count)

    calibration = Calibration(take, clock, options, loops)
    token = _core.mute()
    try:
        calibration.run()
    finally:
        _core.unmute(token)
    return calibration


def begin_calibrated(run: Run, calibration: Calibration, *call: Any) -> CalibratedRun:
    """Begin a run that decides how many iterations it has."""
    found = CalibratedRun(run.owner, run.name, run.plan)
    found.notes = run.notes
    found.measure(calibration)
    found.begin(*call, loops=found.loops)
    if not (found.foreign or found.triggers):
        found.keep_numbers([])  # so that more() need not copy all of them
    return found


def clock_of(settings: Settings) -> Clock:
    """Return the duration counter of a bench."""
    native = is_native(settings.counter)
    counter = None if native else settings.counter
    return Clock(counter, settings.mb['duration_counter'], settings.mb.get('clock'))
