"""Memory that the code needed at most."""

from __future__ import annotations

import os
from _thread import RLock

from ..core.capture import namespace, spanning
from .usage import least_peak, peak_size, resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any


class MBPeakMemory:
    """Peak memory of the code; of the command: its peak resident size.

    In Python it is what tracemalloc traced beyond what was allocated before, by all
    threads. Tracing makes code that allocates several times slower: compare durations
    only with others that were taken with it. `call.slowed_by` says so. Bytes.

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
        """Trace memory while the code runs; not in the command, whose code is a child."""
        call = namespace(bm_data, 'call')
        if call.get('invocation') == 'CLI':
            return
        measured = Measured()
        call.setdefault('slowed_by', []).append('tracemalloc')
        try:
            yield
        finally:
            bm_data['_peak_memory'] = measured.end()

    def capturepost_peak_memory(self, bm_data: dict[str, Any]) -> None:
        """Set `call.peak_memory_bytes`; null if a command could not be started.

        Up to our own size it is an upper bound: `call.peak_memory_is_upper_bound`.
        """
        while bm_data.get('_undo'):  # no run has it go on: the hooks are called by hand
            next(bm_data['_undo'].pop(), None)
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

    Where `os.wait4` had no usage to give, that of all children so far takes its place.
    """
    sizes = [peak_size(usage) for usage in children if usage is not None]
    if children and not sizes and resource is not None:
        sizes.append(peak_size(resource.getrusage(resource.RUSAGE_CHILDREN)))
    return max(sizes, default=None)


class Measured:
    """The traced memory from now on: above what there is now.

    tracemalloc has one peak for the whole process. Before it is reset, it is noted for
    all others that are being measured; the last one ends the tracing, if the first one
    had to begin it.
    """

    lock = RLock()  # a signal handler can come in between
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

    def end(self) -> int:
        """Return the peak in bytes."""
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
    """Other threads of the parent are not here: neither their lock nor their calls."""
    Measured.lock = RLock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_in_child)
