"""Keep durations in bounded memory, and compute what a table of groups shows of them.

Durations are exact until a file has more than a million; then those of the longer series
are counted in histograms, whose percentiles are right to 0.1 %.
"""

from __future__ import annotations

from array import array
from itertools import pairwise

from ...results.averages import deviation, median
from ...results.fields import LARGEST
from ...results.histogram import Histogram
from .trend import CHART, trend_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .trend import Trend

SHORT = 128  # durations of a series that stay exact in any case
WAITING = 1024  # durations that are counted in a histogram together
PARTS = 64  # consecutive parts whose medians are kept beside a histogram
LONGEST_PART = 1024  # durations of a part that are looked at


class Series:
    """Durations of one kind, in the order of time.

    Attributes:
        count: number of durations.
        total: their sum.
    """

    __slots__ = (
        *('_histogram', '_last', '_medians', '_starts', '_untold', '_values', 'total'),
    )

    def __init__(self) -> None:
        self._values = array('d')  # with a histogram, those that wait to be counted in it
        self._starts = array('d')
        self._histogram: Histogram | None = None
        self._medians: _Medians | None = None
        self._last = 0.0  # start of the last durations that were counted in it
        self._untold = 0  # durations of which only the sum is known
        self.total = 0.0

    @property
    def count(self) -> int:
        """Number of durations."""
        counted = self._histogram.count if self._histogram is not None else 0
        return len(self._values) + counted + self._untold

    def add(self, durations: Iterable[Any], scale: float, start: float | None) -> int:
        """Add durations; values that are no finite numbers are left out.

        Args:
            durations: values of any type, in the unit of a counter.
            scale: seconds in that unit.
            start: time of the record, in seconds; None if it is unknown.

        Returns:
            The number of durations that were kept one by one.
        """
        found = [
            value * scale
            for value in durations
            if (type(value) is float or type(value) is int) and -LARGEST < value < LARGEST
        ]
        self.total += found[0] if len(found) == 1 else sum(found)
        self._values.extend(found)
        if self._histogram is not None:
            self._check_order(start)
            return self._counted()
        starts = self._starts
        if start is None:
            start = starts[-1] if starts else 0.0
        starts.extend([start] * len(found))
        return len(found)

    def _check_order(self, start: float | None) -> None:
        """Forget the order of time if a record began before an earlier one."""
        if start is not None:
            if start < self._last:
                self._medians = None
            self._last = start

    def _counted(self, most: int = WAITING) -> int:
        """Count values in the histogram if more than `most` wait for it; return 0."""
        if len(self._values) > most and self._histogram is not None:
            self._histogram = self._histogram.merge(Histogram(self._values))
            if self._medians is not None:
                self._medians.add(self._values)
            del self._values[:]
        return 0

    def add_histogram(self, histogram: Histogram) -> None:
        """Add the durations in a histogram, which has no order."""
        self.condense()
        merged = histogram.in_unit('s')
        self._histogram = merged.merge(self._histogram or Histogram())
        self._medians = None
        self.total += merged.sum

    def add_sum(self, count: int, total: float) -> None:
        """Add durations of which only number and sum are known."""
        self._untold += count
        self.total += total

    def __len__(self) -> int:
        """Return the number of durations that are kept one by one."""
        return len(self._starts)

    def condense(self) -> None:
        """Count the durations in a histogram from now on."""
        if self._histogram is None:
            values = self._in_order()
            self._medians = _Medians(values)
            self._histogram = Histogram(values)
            self._last = max(self._starts, default=0.0)
            self._values, self._starts = array('d'), array('d')

    def _in_order(self) -> Sequence[float]:
        """Return the durations in the order of time."""
        starts, values = self._starts, self._values
        if all(map(float.__le__, starts, starts[1:])):
            return values
        pairs = sorted(zip(starts, values, strict=True), key=lambda pair: pair[0])
        return [value for _, value in pairs]

    def ordered(self) -> list[float]:
        """Return the durations that are kept one by one, the shortest first."""
        return sorted(self._values)

    def distribution(self) -> Histogram | None:
        """Return the histogram; None if all durations are kept one by one."""
        self._counted(0)
        return self._histogram

    @property
    def is_complete(self) -> bool:
        """False if only the sum of some durations is known."""
        return not self._untold

    def medians(self, most: int) -> list[float]:
        """Return the medians of consecutive parts; an empty list if there is no order."""
        if self._histogram is None:
            return parts_of(self._in_order(), most)
        return [] if self._medians is None else parts_of(self._medians.found(), most)


class Figures:
    """Statistics of a series; None for what is not known.

    Attributes:
        count, total, median, p95, deviation, least, most: in seconds.
        is_rough: median and p95 come from a histogram.
        chart: medians of consecutive parts.
        trend: what the parts say about the whole; None if nothing.
    """

    def __init__(self, series: Series) -> None:
        self.count = series.count
        self.total = series.total if self.count else None
        self.median: float | None = None
        self.p95: float | None = None
        self.deviation: float | None = None
        self.least: float | None = None
        self.most: float | None = None
        self.is_rough = series.distribution() is not None
        self.chart: list[float] = []
        self.trend: Trend | None = None
        if self.count and series.is_complete:
            self._measure(series)

    def _measure(self, series: Series) -> None:
        histogram = series.distribution()
        if histogram is None:
            self._exact(series.ordered())
        else:
            self._rough(histogram)
        self.chart = series.medians(CHART)
        self.trend = trend_of(series.medians(PARTS))

    def _exact(self, ordered: list[float]) -> None:
        count = len(ordered)
        self.median = median(ordered)
        self.least, self.most = ordered[0], ordered[-1]
        if count > 1:
            self.p95 = ordered[-(-95 * count // 100) - 1]
            found = deviation(ordered)
            self.deviation = found if found < LARGEST else None

    def _rough(self, histogram: Histogram) -> None:
        self.median = histogram.median
        self.least, self.most = histogram.min, histogram.max
        if histogram.count > 1:
            self.p95 = histogram.percentile(95)
            self.deviation = histogram.stdev


def parts_of(values: Sequence[float], most: int) -> list[float]:
    """Return the medians of at most `most` consecutive parts of about the same length."""
    count = min(most, len(values))
    ends = [len(values) * part // count for part in range(count + 1)] if count else [0]
    return [median(sorted(values[a:b])) for a, b in pairwise(ends)]


class _Medians:
    """Medians of consecutive parts, whose number stays bounded as values are added."""

    __slots__ = ('_length', '_medians', '_next', '_part', '_seen')

    def __init__(self, values: Sequence[float]) -> None:
        self._medians: list[float] = []
        self._length = max(-(-len(values) // PARTS), 1)
        self._part: list[float] = []  # of values of the part that is not complete
        self._seen = 0
        self.add(values)

    def add(self, values: Iterable[float]) -> None:
        """Add values in their order."""
        for value in values:
            step = max(self._length // LONGEST_PART, 1)
            if self._seen % step == 0:
                self._part.append(value)
            self._seen += 1
            if self._seen >= self._length:
                self._finish()

    def _finish(self) -> None:
        self._medians.append(median(sorted(self._part)))
        self._part, self._seen = [], 0
        if len(self._medians) >= 2 * PARTS:
            self._medians = parts_of(self._medians, PARTS)
            self._length *= 2

    def found(self) -> list[float]:
        """Return the medians so far."""
        return [*self._medians, median(sorted(self._part))] if self._part else self._medians
