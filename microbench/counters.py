"""The duration counters that are read in C, and the clock behind them."""

from __future__ import annotations

import os
import time

# True for those that count whole nanoseconds.
NATIVE_COUNTERS = (
    (time.perf_counter, False),
    (time.perf_counter_ns, True),
    (time.monotonic, False),
    (time.monotonic_ns, True),
)

CLOCKS = ('auto', 'monotonic', 'tsc')  # values of MICROBENCH_CLOCK


def is_native(counter: object) -> bool:
    """Return True if a duration counter is read in C."""
    return any(counter is native for native, _ in NATIVE_COUNTERS)


def clock_choice() -> int:
    """Return the index in CLOCKS of what MICROBENCH_CLOCK says."""
    value = os.environ.get('MICROBENCH_CLOCK') or CLOCKS[0]
    if value not in CLOCKS:
        words = ', '.join(map(repr, CLOCKS))
        raise ValueError(f'MICROBENCH_CLOCK has to be one of {words}, not {value!r}')
    return CLOCKS.index(value)
