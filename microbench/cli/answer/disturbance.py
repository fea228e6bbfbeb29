"""Read what took CPU time away during the runs: the hypervisor, or a quota of a cgroup."""

from __future__ import annotations

import os

from ...mixins.kernel import Kernel, collect, cpu_times, quota
from ...results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...mixins.kernel import Values

SOURCES = {'steal': cpu_times, 'throttled': quota}
NOTABLE = 0.005  # of all CPU time


class Disturbance:
    """What the kernel counts for the usable CPUs and for the cgroup, from now on.

    What cannot be read is left out.

    Args:
        load: load average before the runs.
        kernel: where to read; this machine if it is left out.
    """

    def __init__(self, load: float = 0.0, kernel: Kernel | None = None) -> None:
        self._load = load
        self._cpus = usable_cpus()
        self._kernel = kernel or Kernel()
        self._before = self._read()

    def parts(self) -> Iterator[str]:
        """Yield what happened since then, after a load that was too high before."""
        if self._load > self._cpus:
            load = f'{self._load:.1f}'
            yield f'load {load} on {self._cpus}\xa0CPU{"s" * (self._cpus != 1)} before'
        before, after = self._before, self._read()
        passed = {name: after[name] - before[name] for name in before if name in after}
        total, steal = passed.get('total', 0.0), passed.get('steal', 0.0)
        if total > 0 and steal >= NOTABLE * total:
            share = units.share(steal / total).replace(' ', '\xa0')
            yield f'{share} of CPU time stolen by the host'
        levels = [time for name, time in passed.items() if name.startswith('throttled.')]
        if max(levels, default=0.0) > 0:
            time = units.duration(max(levels)).replace(' ', '\xa0')
            yield f'stopped {time} by the CPU quota of the cgroup'

    def _read(self) -> Values:
        return collect(SOURCES, self._kernel, {})


def usable_cpus() -> int:
    """Return the number of CPUs that this process, and so the command, may use."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1
