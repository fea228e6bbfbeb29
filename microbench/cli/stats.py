"""Number, median and range of durations."""

from __future__ import annotations

from .values import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class Stats:
    """Some durations, in the order of their size.

    Attributes:
        count: how many.
        median, least, most, total: in their unit; None where there are none.
    """

    def __init__(self, durations: Iterable[float]) -> None:
        ordered = sorted(durations)
        self.count = len(ordered)
        self.total: float | None = sum(ordered) if ordered else None
        self.median = _median(ordered)
        self.least = ordered[0] if ordered else None
        self.most = ordered[-1] if ordered else None


def _median(ordered: list[float]) -> float | None:
    middle = len(ordered) // 2
    if not ordered:
        return None
    if len(ordered) % 2:
        return ordered[middle]
    return ordered[middle - 1] + (ordered[middle] - ordered[middle - 1]) / 2


def of_total(total: dict[str, Any]) -> Stats:
    """Return what an entry of `call.timings_summary` says; its median is not among it."""
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
    """Return what a histogram says; its median is not among it."""
    stats = Stats(())
    count, mean = histogram.get('count'), histogram.get('mean')
    least, most = histogram.get('min'), histogram.get('max')
    if isinstance(count, int) and count > 0:
        stats.count = count
        stats.least = least if is_number(least) else None
        stats.most = most if is_number(most) else None
        stats.total = count * mean if is_number(mean) else None
    return stats
