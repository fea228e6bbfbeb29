"""What `measure` returns: statistics of samples, a sentence, and HTML."""

from __future__ import annotations

from math import fsum

from ..results.averages import deviation, median
from ..results.scale import Scale
from ..results.units import share
from .interval import FEWEST, independent_values, interval_of_series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

NOTABLE = 0.01  # share of a sample that reading the clock may be without a remark
WITHIN = 0.5  # share from which on a sample says nothing
DEPENDENT = 0.1  # share of independent values, below which a remark says why


class Measurement:
    """How long a call takes: statistics of samples, each divided by its calls.

    All times are seconds for one call. Nothing is subtracted: neither what the loop
    costs, nor what reading the clock costs.

    Args:
        name: of what was measured.
        durations: of the samples, in the order of time: seconds for one call.
        loops: number of calls in a sample.
        overhead: seconds that an empty sample shows.
        precision: how near both ends of the interval had to come to the median.

    Attributes:
        name: of what was measured.
        durations: of the samples, in the order of time.
        loops: number of calls in a sample.
        count: number of samples.
        median: of the durations.
        interval: both ends of a 95 % confidence interval of the median, also if the
            samples are not independent of each other; None for fewer than six.
        mean: of the durations.
        stdev: standard deviation of the durations; 0.0 for one.
        min: the shortest duration.
        max: the longest duration.
        clock_cost: what reading the clock adds to a duration.
        precision: that was asked for, or None.

    >>> Measurement('fit', [1.1e-6, 1.2e-6, 1.1e-6, 1.3e-6, 1.2e-6, 1.2e-6], loops=50)
    fit: 1.20 µs, between 1.10 and 1.30 µs (95 %); 6 samples of 50 calls
    """

    __slots__ = (
        *('clock_cost', 'count', 'durations', 'interval', 'loops', 'max', 'mean'),
        *('median', 'min', 'name', 'precision', 'stdev'),
    )

    def __init__(
        self,
        name: str,
        durations: Sequence[float],
        loops: int,
        *,
        overhead: float = 0.0,
        precision: float | None = None,
    ) -> None:
        self.name, self.loops = name, loops
        self.durations = list(durations)
        self.count = len(self.durations)
        ordered = sorted(self.durations)
        self.median = median(ordered)
        self.interval = interval_of_series(self.durations)
        self.mean = fsum(ordered) / self.count
        self.stdev = deviation(ordered) if self.count > 1 else 0.0
        self.min, self.max = ordered[0], ordered[-1]
        self.clock_cost = overhead / loops
        self.precision = precision

    # --- doubts ---------------------------------------------------------------------

    @property
    def is_within_clock(self) -> bool:
        """Whether the median is within what reading the clock costs, so says nothing."""
        return self.clock_cost > 0 and self.clock_cost >= WITHIN * self.median

    @property
    def remarks(self) -> list[str]:
        """Sentences about what makes the numbers doubtful."""
        return list(self._remarks())

    def _remarks(self) -> Iterator[str]:
        if self.is_within_clock:
            cost = Scale(self.clock_cost).text(self.clock_cost)
            yield f'this is within the cost of reading the clock, {cost}: use more loops'
        elif self.clock_cost > NOTABLE * self.median:
            yield f'reading the clock is {share(self.clock_cost / self.median)} of it'
        if self.count < FEWEST:
            yield f'fewer than {FEWEST} samples have no interval: raise max_time'
            return
        if self._is_wide:
            independent = independent_values(self.durations, self.median)
            why = 'the speed changed meanwhile, ' * (independent < DEPENDENT * self.count)
            wide = f'the interval is wider than {share(self.precision or 0)}'
            yield f'{why}{wide}: raise max_time'

    @property
    def _is_wide(self) -> bool:
        if self.precision is None or self.interval is None:
            return False
        low, high = self.interval
        far = max(self.median - low, high - self.median)
        return far > self.precision * self.median

    # --- as text --------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Return the statistics as plain values for JSON; times are in seconds."""
        names = ('name', 'count', 'loops', 'median', 'interval', 'mean', 'stdev')
        values = {name: getattr(self, name) for name in (*names, 'min', 'max')}
        return {**values, 'clock_cost': self.clock_cost, 'remarks': self.remarks}

    def __repr__(self) -> str:
        scale = self.scale
        of = f'{self.name}: {scale.text(self.median)}'
        if self.interval is not None:
            of += f', between {scale.between(*self.interval, "and")} (95 %)'
        samples = f'{self.count} sample{"s" * (self.count != 1)}'
        calls = f'{self.loops} call{"s" * (self.loops != 1)}'
        sentences = [f'{of}; {samples} of {calls}', *self.remarks]
        return '; '.join(sentences).replace('\xa0', ' ')

    @property
    def scale(self) -> Scale:
        """How to write its times."""
        low, high = self.interval or (self.median, self.median)
        return Scale(self.median, (high - low) / 2)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the rows of a table: a label and a text."""
        scale = self.scale
        yield 'median', scale.text(self.median)
        if self.interval is not None:
            yield 'interval (95 %)', scale.between(*self.interval)
        yield 'mean ± deviation', scale.between(self.mean, self.stdev, '±')
        yield 'range', scale.between(self.min, self.max)
        yield 'samples', f'{self.count} of {self.loops} calls'
        for remark in self.remarks:
            yield 'warning', remark

    def _repr_html_(self) -> str:
        from html import escape  # start-up time

        rows = (
            f'<tr><th style="text-align: left">{escape(label)}</th>'
            f'<td style="text-align: left">{escape(text)}</td></tr>'
            for label, text in self.rows()
        )
        return f'<code>{escape(self.name)}</code><table>{"".join(rows)}</table>'
