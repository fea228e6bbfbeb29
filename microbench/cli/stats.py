"""Count, median and range of durations."""

from __future__ import annotations

from ..results.averages import median
from ..results.fields import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Stats:
    """Statistics of some durations.

    Attributes:
        count: number of durations.
        median, least, most, total: in the unit of the durations; None without any.
        rough: the median comes from a histogram, and has three digits.
    """

    rough = False

    def __init__(self, durations: Iterable[float]) -> None:
        ordered = sorted(durations)
        self.count = len(ordered)
        self.total: float | None = sum(ordered) if ordered else None
        self.median = median(ordered) if ordered else None
        self.least = ordered[0] if ordered else None
        self.most = ordered[-1] if ordered else None


def of_total(total: dict[str, Any]) -> Stats:
    """Return the statistics in an entry of `call.timings_summary`.

    It has a median only if it is a histogram as well.
    """
    if 'buckets' in total:
        return of_histogram(total)
    stats = Stats(())
    count = total.get('count')
    if isinstance(count, int) and count > 0:
        stats.count = count
        least, most, sum_ = (total.get(name) for name in ('min', 'max', 'sum'))
        stats.least = least if is_number(least) else None
        stats.most = most if is_number(most) else None
        stats.total = sum_ if is_number(sum_) else None
    return stats


def of_histogram(histogram: dict[str, Any]) -> Stats:
    """Return the statistics in a histogram; without its median if that cannot be read."""
    stats = Stats(())
    count, mean = histogram.get('count'), histogram.get('mean')
    least, most = histogram.get('min'), histogram.get('max')
    if isinstance(count, int) and count > 0:
        stats.count = count
        stats.least = least if is_number(least) else None
        stats.most = most if is_number(most) else None
        stats.total = count * mean if is_number(mean) else None
        stats.median = _median_in(histogram)
        stats.rough = stats.median is not None
    return stats


def _median_in(histogram: dict[str, Any]) -> float | None:
    from ..results.histogram import Histogram  # start-up time

    try:
        return Histogram.of(histogram).median
    except ValueError:
        return None
