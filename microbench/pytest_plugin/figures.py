"""Statistics under the names that assertions of pytest-benchmark use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..measuring.result import Measurement


class Figures:
    """What a test may assert of its measurement: `microbench.stats.median < 0.01`.

    All times are seconds for one call.

    Args:
        measurement: where the figures come from.

    Attributes:
        measurement: all that is known.
        name: of the measurement.
        min, max, mean, median, stddev: of the samples.
        rounds: number of samples.
        iterations: number of calls in a sample.
        total: sum of the samples.
        ops: calls in a second: 1 / mean.

    >>> from microbench import Measurement
    >>> figures = Figures(Measurement('fit', [1.0, 2.0, 3.0], loops=10))
    >>> figures.median, figures['rounds'], figures.stats.ops
    (2.0, 3, 0.5)
    """

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement
        self.name = measurement.name
        self.min, self.max = measurement.min, measurement.max
        self.mean, self.median = measurement.mean, measurement.median
        self.stddev = measurement.stdev
        self.rounds, self.iterations = measurement.count, measurement.loops
        self.total = sum(measurement.durations)
        self.ops = 1 / self.mean if self.mean else float('inf')

    @property
    def stats(self) -> Figures:
        """The same figures: `microbench.stats.stats.mean`."""
        return self

    def __getitem__(self, name: str) -> object:
        return vars(self)[name]
