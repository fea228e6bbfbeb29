"""The order in time of two series: one after the other, or interleaved."""

from __future__ import annotations

import numpy as np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Places = npt.NDArray[np.int_]


class Order:
    """Where the runs of two series are among all of them.

    Args:
        base: start of each run of the first series, in the order of time.
        new: those of the second series.

    Attributes:
        base, new: place of each run, from 0.
        is_interleaved: the series take turns at least half as often as in a random order.
            A change of the machine then meets both.
        distance: how many runs the middle of the second series is after the first one's.

    >>> order = Order([1.0, 4.0, 5.0], [2.0, 3.0, 6.0])
    >>> order.base.tolist(), order.new.tolist(), order.is_interleaved
    ([0, 3, 4], [1, 2, 5], True)
    >>> one_after_the_other(3, 2).distance
    2.5
    """

    def __init__(self, base: Sequence[float], new: Sequence[float]) -> None:
        times = np.concatenate([np.asarray(base, float), np.asarray(new, float)])
        placed = np.argsort(times, kind='stable')
        places = np.empty(len(times), int)
        places[placed] = np.arange(len(times))
        first = len(base)
        self.base: Places = places[:first]
        self.new: Places = places[first:]
        turns = 1 + int(np.count_nonzero(np.diff((placed >= first).astype(int))))
        expected = 1 + 2 * first * len(new) / max(len(times), 1)
        self.is_interleaved = turns >= 1 + expected / 2
        self.distance = float(self.new.mean() - self.base.mean()) if len(times) else 0.0


def one_after_the_other(base: int, new: int) -> Order:
    """Return the order of two series, all runs of the second after those of the first."""
    return Order(range(base), range(base, base + new))
