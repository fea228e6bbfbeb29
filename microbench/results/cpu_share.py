"""The share of their time for which runs had a processor."""

from __future__ import annotations

from .fields import is_number, part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Seconds. The CPU time is read outside the readings of the clock, so that of a shorter run
# also holds a notable part of what microbench did before and after it.
SHORTEST = 0.005


def cpu_share(usage: Sequence[Any], elapsed: Any, scale: float = 1.0) -> float | None:
    """Return CPU seconds per second of runs; None if unknown, or if they were too short.

    Args:
        usage: `resource_usage` of each of these runs.
        elapsed: their durations together.
        scale: seconds in one unit of these.

    >>> cpu_share([{'utime': 0.25, 'stime': 0.125}], 0.75)
    0.5
    >>> cpu_share([{'utime': 2e-4, 'stime': 0.0}], 1e-4)
    """
    seconds = [part(used, field) for used in usage for field in ('utime', 'stime')]
    if not seconds or not all(map(is_number, [*seconds, elapsed])):
        return None
    elapsed *= scale
    return float(sum(seconds) / elapsed) if elapsed >= SHORTEST * len(usage) else None
