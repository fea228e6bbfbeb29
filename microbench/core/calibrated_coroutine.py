"""`iterations='auto'` and `warmup='auto'` for coroutine functions.

As calibrated.py has it, but each call is awaited, and so called from Python. No other task
gets a turn unless the function waits for something.
"""

from __future__ import annotations

import time
from itertools import repeat

from .calibrated import begin_after, calibration_of, muted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..measuring.clock import Clock
    from .calibrated import CalibratedRun
    from .run import Run


async def begun(run: Run, func: Callable[..., Any], args: Any, kwargs: Any) -> Run:
    """Warm up, and begin the run of one call in the place of `run`."""
    calibration = calibration_of(run.plan.settings)

    async def take(loops: int, count: int) -> list[float]:
        clock = calibration.clock
        return [await _sample(clock, loops, func, args, kwargs) for _ in range(count)]

    with muted():
        await calibration.run_async(take)
    return begin_after(calibration, run, func, args, kwargs)


async def _sample(clock: Clock, loops: int, *call: Any) -> float:
    """Return the seconds of so many calls."""
    read = clock.counter or time.perf_counter_ns
    begin = read()
    await calls(loops, *call)
    return float(read() - begin) * clock.scale


async def calls(loops: int, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Await so many calls, one after another; return the value of the last one."""
    value = None
    for _ in repeat(None, loops):
        value = await func(*args, **kwargs)
    return value


def rounds(run: CalibratedRun) -> Iterator[None]:
    """Yield before each iteration, as many as the run asks for."""
    count = run.iterations
    while count:
        yield from repeat(None, count)
        count = run.more()
        run.iterations += count
