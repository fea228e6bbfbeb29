"""Capture the CPU time of the thread and of the process."""

from __future__ import annotations

import os
import time
from _thread import get_ident

from ..core.capture import innermost, resume, spanning
from ..core.observed_phases import PhaseTotals, observe_phases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    Reading = tuple[int, int, int, int]

FORKED = 'the process was forked meanwhile, and a child begins to count anew'
MOVED = 'it began in another thread, whose clock this one cannot read'


class MBCpuTime:
    """CPU time of the thread and of the process, and of each phase if asked.

    In seconds, as the kernel counts nanoseconds; `resource_usage` has that of the process
    by user and system. Waiting is not in it. What other tasks of an event loop do is.

    Attributes:
        cpu_time_phases: True to sum it up for each name of a phase as well.

    >>> from microbench import MBCpuTime, MicroBench
    >>> class Bench(MicroBench, MBCpuTime):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> sorted(bench.get_results()[0]['cpu_time'])
    ['process', 'thread']
    """

    cpu_time_phases = False

    @innermost
    @spanning
    def capture_cpu_time(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Set `cpu_time`."""
        phases = PhaseTotals(_read, _difference)
        if self.cpu_time_phases:
            observe_phases(bm_data, phases)
        before = _read()
        yield
        found = bm_data['cpu_time'] = _difference(before, _read())
        if self.cpu_time_phases:
            found['phases'] = phases.fields()

    def capturepost_cpu_time(self, bm_data: dict[str, Any]) -> None:
        """Set `cpu_time` if the hooks are called by hand."""
        resume(bm_data)


def _read() -> Reading:
    return os.getpid(), get_ident(), time.process_time_ns(), time.thread_time_ns()


def _difference(before: Reading, after: Reading) -> dict[str, Any]:
    """Return the seconds between two readings, and why some are missing."""
    if before[0] != after[0]:
        return {'unavailable': {'thread': FORKED, 'process': FORKED}}
    found: dict[str, Any] = {'process': (after[2] - before[2]) / 1e9}
    if before[1] != after[1]:
        return {**found, 'unavailable': {'thread': MOVED}}
    return {'thread': (after[3] - before[3]) / 1e9, **found}
