"""A duration counter: its readings as seconds, and what a reading costs."""

from __future__ import annotations

from itertools import pairwise

from .. import _core
from ..results.units import scale_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

READINGS = 50  # in a row, to see what they cost


class Clock:
    """A duration counter that samples are measured by.

    Args:
        counter: the callable; None for the native clock, which is read in C.
        name: of the counter, as in `mb.duration_counter`.
        native: of the native clock, as in `mb.clock`.

    Attributes:
        counter: the callable, or None.
        name: of the counter.
        scale: seconds in a unit of its readings; 1.0 if that is unknown.
        overhead: seconds that an empty sample shows.
        resolution: seconds between two different readings in a row; 0.0 if all are equal.
    """

    __slots__ = 'counter', 'name', 'overhead', 'resolution', 'scale'

    def __init__(
        self,
        counter: Callable[[], Any] | None,
        name: str,
        native: dict[str, Any] | None = None,
    ) -> None:
        self.counter, self.name = counter, name
        self.scale = 1e-9 if counter is None else scale_of(name) or 1.0
        if native is None:
            self.overhead, self.resolution = self._cost()
        else:
            self.overhead = native['overhead_ns'] / 1e9
            self.resolution = native['resolution_ns'] / 1e9

    def _cost(self) -> tuple[float, float]:
        """Return the median and the least positive difference of readings in a row."""
        read: Any = self.counter
        readings = [read() for _ in range(READINGS)]
        steps = sorted(float(b - a) * self.scale for a, b in pairwise(readings))
        return max(steps[len(steps) // 2], 0.0), next((s for s in steps if s > 0), 0.0)

    def samples(
        self, func: Any, args: Any, kwargs: Any, loops: int, count: int
    ) -> list[float]:
        """Return the seconds of so many samples of so many calls."""
        found = _core.samples(func, args, kwargs, loops, count, self.counter)
        return [float(length) * self.scale for length in found]
