"""Count what disturbs this process from one moment to another."""

from __future__ import annotations

import _thread
import time
from functools import partial

from . import kernel as files
from .kernel import collect
from .usage import resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from .kernel import Kernel, Values

# By the name under which a reason is stored. The quick ones are last, and so they are read
# right before the code, and first after it.
SOURCES: dict[str, Callable[[Kernel], Mapping[str, float]]] = {
    'thermal_throttles': files.thermal,
    'swapped_in': files.vmstat,
    **{f'pressure.{w}': partial(files.pressure, what=w) for w in ('cpu', 'memory', 'io')},
    'memory_limit_hits': files.memory_limit,
    'throttled': files.quota,
    'steal': files.cpu_times,
}
OF_THREAD: dict[str, Callable[[Kernel], Mapping[str, float]]] = {
    'block_delay': files.block_delay,
    'run_queue_delay': files.run_queue,
}
COUNTS = ('swapped_in', 'swapped_out', 'compactions', 'numa_migrated', 'thermal_throttles')
OF_GROUPS = ('throttled', 'throttled_periods', 'memory_limit_hits')  # the largest of them
FAULTS = {'preempted': 'nivcsw', 'major_faults': 'majflt', 'minor_faults': 'minflt'}
SHORTEST = 0.2  # seconds; the kernel counts the time of a CPU in ticks of 10 ms
TOO_SHORT = 'the kernel counts it in ticks of 10 ms: too coarse for less than 0.2 s'
OTHER_THREAD = 'the record ended in another thread than it began in'
WENT_BACK = 'the counter went back'
OF_COMMAND = 'it is not known of a command'


class Interference:
    """What disturbs this process, from now on.

    Args:
        kernel: where to read.
        of_thread: whether to read what the kernel counts for this thread; if not, the
            code runs in other processes.
    """

    def __init__(self, kernel: Kernel, of_thread: bool = True) -> None:
        self.kernel = kernel
        self.why: dict[str, str] = {}
        self._of_thread = OF_THREAD if of_thread else {}
        self._mhz = files.current_mhz(kernel)
        self._before = {
            **collect(SOURCES, kernel, self.why),
            **self._thread_values(),
            **_usage(),
        }
        self._thread = _thread.get_native_id()
        self._began = time.monotonic()

    def end(
        self, children: Iterable[Any] | None = None, delays: Sequence[float | None] = ()
    ) -> dict[str, Any]:
        """Return the fields of the record.

        Args:
            children: what wait4(2) returned for the processes that ran the code; None if
                this process did.
            delays: seconds for which their first threads waited for a CPU.
        """
        elapsed = time.monotonic() - self._began
        after = {**_usage(), **self._thread_values()}
        after.update(collect(dict(reversed(SOURCES.items())), self.kernel, self.why))
        changed = self._changes(after)
        found = {'elapsed': elapsed, 'cpus': len(self.kernel.cpus)}
        found.update(_faults(changed, children))
        found.update(self._group_values(changed))
        if children is None:
            found.update(self._waits(changed, found.get('throttled', 0.0)))
        else:
            found.update(self._waits_of(delays, found.get('throttled', 0.0)))
        found.update(self._machine_values(changed, elapsed))
        return {name: _rounded(value) for name, value in found.items()}

    def _thread_values(self) -> Values:
        time.thread_time()  # brings the count of the kernel up to date
        return collect(self._of_thread, self.kernel, self.why)

    def _changes(self, after: Values) -> Values:
        """Return the differences of all counters that were read twice."""
        before = self._before
        changed = {name: after[name] - before[name] for name in before if name in after}
        for name in [name for name, value in changed.items() if value < 0]:
            self.why[name.partition('.')[0]] = WENT_BACK
            del changed[name]
        return changed

    def _group_values(self, changed: Values) -> dict[str, Any]:
        """Return the most that happened in one of our groups: others include it."""
        found = {}
        for name in OF_GROUPS:
            values = [v for key, v in changed.items() if key.partition('.')[0] == name]
            if values:
                found[name] = max(values)
        return found

    def _waits(self, changed: Values, throttled: float) -> dict[str, Any]:
        """Return for how long this thread waited, apart from the throttling."""
        if self._of_thread and self._thread != _thread.get_native_id():
            self.why.update(dict.fromkeys(self._of_thread, OTHER_THREAD))
            return {}
        names = {'waited': 'run_queue_delay', 'block_delay': 'block_delay'}
        found = {names[name]: changed[name] for name in names if name in changed}
        if 'waited' in changed:
            found['run_queue_delay'] = max(changed['waited'] - throttled, 0.0)
        return found

    def _waits_of(self, delays: Sequence[float | None], throttled: float) -> dict[str, Any]:
        """Return for how long the first threads of commands waited."""
        known = [delay for delay in delays if delay is not None]
        self.why['block_delay'] = OF_COMMAND
        if not known or len(known) < len(delays):
            self.why['run_queue_delay'] = OF_COMMAND
            return {}
        return {'run_queue_delay': max(sum(known) - throttled, 0.0)}

    def _machine_values(self, changed: Values, elapsed: float) -> dict[str, Any]:
        found: dict[str, Any] = {n: changed[n] for n in COUNTS if n in changed}
        found.update(self._shared(changed, elapsed))
        some = {n: v for n, v in changed.items() if n.startswith('pressure.')}
        if some:
            found['pressure'] = {n.partition('.')[2]: v for n, v in some.items()}
        after = files.current_mhz(self.kernel)
        if self._mhz is not None and after is not None:
            found['cpu_mhz'] = [self._mhz, after]
        return found

    def _shared(self, changed: Values, elapsed: float) -> dict[str, float]:
        """Return what the host and other programs took of the usable CPUs, in seconds."""
        if 'steal' not in changed or 'busy' not in changed:
            return {}
        if elapsed < SHORTEST:
            self.why.update(steal=TOO_SHORT, others=TOO_SHORT)
            return {}
        steal = {'steal': changed['steal']}
        if 'cpu' not in changed:
            return steal
        return {**steal, 'others': max(changed['busy'] - changed['cpu'], 0.0)}


def _usage() -> Values:
    """Return what getrusage(2) counts of this process, and its and its children's time."""
    if resource is None:
        return {}
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
    return {'cpu': used, **{n: getattr(own, f'ru_{f}') for n, f in FAULTS.items()}}


def _faults(changed: Values, children: Iterable[Any] | None) -> Values:
    """Return preemptions and page faults, of this process or of its children."""
    if children is None:
        return {name: changed[name] for name in FAULTS if name in changed}
    known = [usage for usage in children if usage is not None]
    return {n: sum(getattr(usage, f'ru_{f}') for usage in known) for n, f in FAULTS.items()}


def _rounded(value: Any) -> Any:
    """Return a value without digits below nanoseconds."""
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 9) if isinstance(value, float) else value
