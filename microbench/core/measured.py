"""`measure(func, bench=bench)`: a measurement that becomes a record as well."""

from __future__ import annotations

from .. import _core
from ..measuring.calibration import Calibration
from ..measuring.result import Measurement
from .calibrated import CalibratedRun, begin_calibrated, calibrate, clock_of
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..measuring.options import Options
    from .owner import Owner


class Measured:
    """Begins the run of the only call of a Timed.

    Args:
        name: `call.name`.
        options: when to end.
        loops: calls in a sample; None: to be found.

    Attributes:
        run: the run, once it has begun.
    """

    def __init__(self, name: str, options: Options, loops: int | None) -> None:
        self._name, self._options, self._loops = name, options, loops
        self.run: CalibratedRun

    def __call__(self, bench: Owner, *call: Any) -> Run:
        """Begin the run; see run.begin_call()."""
        run = Run(bench, self._name)
        clock = clock_of(run.plan.settings)
        found = Calibration(clock, self._options, self._loops)
        calibrate(found, *call)
        self.run = begin_calibrated(run, found, *call)
        return self.run


def measured(
    bench: Owner, name: str, options: Options, loops: int | None, *call: Any
) -> Measurement:
    """Measure a function, and write a record of it."""
    func, args, kwargs = call
    begin = Measured(name, options, loops)
    _core.Timed(bench, func, begin)(args, kwargs)
    run = begin.run
    return Measurement(
        name,
        [seconds / run.loops for seconds in run.series.seconds],
        run.loops,
        overhead=run.clock.overhead,
        precision=options.precision,
    )
