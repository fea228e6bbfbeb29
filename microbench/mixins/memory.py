"""Measure the peak memory of the code."""

from __future__ import annotations

import os
from _thread import RLock

from ..core.capture import namespace, resume, spanning
from .usage import least_peak, peak_size, resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any


class MBPeakMemory:
    """Peak memory of the code in bytes; in the command, the peak resident size.

    In Python it is the memory that all threads allocate beyond the memory in use before,
    traced with tracemalloc. Tracing slows code that allocates by a factor of several:
    compare durations only with those of other traced records. `call.slowed_by` names the
    mixin.

    >>> from microbench import MBPeakMemory, MicroBench
    >>> class Bench(MicroBench, MBPeakMemory):
    ...     pass
    >>> bench = Bench()
    >>> bench(lambda: len(bytearray(10**7)))()
    10000000
    >>> bench.get_results()[0]['call']['peak_memory_bytes'] > 10**7
    True
    """

    cli_name = 'peak-memory'

    @spanning
    def capture_peak_memory(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Trace memory while the code runs, except in the command, which runs a child."""
        call = namespace(bm_data, 'call')
        if call.get('invocation') == 'CLI':
            return
        measured = Measured()
        call.setdefault('slowed_by', []).append('tracemalloc')
        try:
            yield
        finally:
            bm_data['_peak_memory'] = measured.stop()

    def capturepost_peak_memory(self, bm_data: dict[str, Any]) -> None:
        """Set `call.peak_memory_bytes`; null if a command could not be started.

        `call.peak_memory_is_upper_bound` is true if the peak is not above the size of this
        process, since the kernel counts that for the child as well.
        """
        resume(bm_data)
        call = namespace(bm_data, 'call')
        if '_peak_memory' in bm_data:
            call['peak_memory_bytes'] = bm_data['_peak_memory']
        elif call.get('invocation') == 'CLI':
            largest = _largest(bm_data.get('_children_usage') or ())
            call['peak_memory_bytes'] = largest
            if largest is not None and largest <= least_peak():
                call['peak_memory_is_upper_bound'] = True


def _largest(children: Sequence[Any]) -> int | None:
    """Return the largest peak of these children, in bytes; None if there are none.

    If `os.wait4` returned no usage, that of all children so far is used.
    """
    sizes = [peak_size(usage) for usage in children if usage is not None]
    if children and not sizes and resource is not None:
        sizes.append(peak_size(resource.getrusage(resource.RUSAGE_CHILDREN)))
    return max(sizes, default=None)


class Measured:
    """Measure the peak of traced memory from now on, above the present memory.

    tracemalloc has a single peak for the whole process. Before resetting it, all running
    measurements store it. The last one stops tracing if the first one had to start it.
    """

    lock = RLock()  # reentrant, since a signal handler may measure as well
    running: list[Measured] = []  # noqa: RUF012 - of the whole process
    began_tracing = False

    def __init__(self) -> None:
        import tracemalloc

        with Measured.lock:
            fresh = not tracemalloc.is_tracing()
            if fresh:
                tracemalloc.start()
                Measured.began_tracing = True
            self._note_peak()
            tracemalloc.reset_peak()
            self.before = self.peak = 0 if fresh else tracemalloc.get_traced_memory()[0]
            Measured.running = [*Measured.running, self]

    def stop(self) -> int:
        """Measure no longer; return the peak in bytes."""
        import tracemalloc

        with Measured.lock:
            self._note_peak()
            Measured.running = [other for other in Measured.running if other is not self]
            if Measured.began_tracing and not Measured.running:
                tracemalloc.stop()
                Measured.began_tracing = False
        return self.peak - self.before

    @staticmethod
    def _note_peak() -> None:
        import tracemalloc

        peak = tracemalloc.get_traced_memory()[1]
        for measured in Measured.running:
            measured.peak = max(measured.peak, peak)


def _in_child() -> None:
    """Forget the lock and the measurements of threads that exist only in the parent."""
    Measured.lock = RLock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_in_child)
