"""What a control group allows: limits of a job, container or service on Linux."""

from __future__ import annotations

import os
import sys

from ..core.capture import early

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

ROOT = '/sys/fs/cgroup'
ONLINE = '/sys/devices/system/cpu/online'
UNLIMITED = 1 << 62  # version 1 says "no limit" by a number near 2^63


class MBCgroupLimits:
    """CPU and memory limits of the cgroup (jobs, containers; Linux).

    Cannot fail: what cannot be read is left out.

    >>> from microbench import MBCgroupLimits, MicroBench
    >>> class Bench(MicroBench, MBCgroupLimits):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> 'cgroups' in bench.get_results()[0]
    True
    """

    cli_name = 'cgroup-limits'
    cli_fields = ('cgroups',)

    @early
    def capture_cgroup_limits(self, bm_data: dict[str, Any]) -> None:
        """Set `cgroups`: the smallest limits on the way from our group to the root.

        `cpu_cores_limit` is in cores, `memory_bytes_limit` in bytes, null for no limit.
        Where a CPU set leaves some CPUs out: `cpuset`, such as `0-3,8`, and how many
        those are, `cpuset_cores_limit`. Empty where there are no control groups, or
        nothing that can be understood.
        """
        try:
            bm_data['cgroups'] = limits() if sys.platform == 'linux' else {}
        except (ValueError, ZeroDivisionError):
            bm_data['cgroups'] = {}


def limits() -> dict[str, Any]:
    """Return the record's `cgroups`; ValueError if a file cannot be understood."""
    unified = os.path.exists(f'{ROOT}/cgroup.controllers')
    groups = _text('/proc/self/cgroup')
    if groups is None:
        return {}
    paths = dict(_paths(groups))
    if unified and '' not in paths:
        return {}
    return _unified(paths['']) if unified else _by_controller(paths)


def _unified(path: str) -> dict[str, Any]:
    folders = [ROOT + level for level in levels(path)]
    return {
        'cpu_cores_limit': _smallest(_cpu_max, [f'{f}/cpu.max' for f in folders]),
        'memory_bytes_limit': _smallest(_memory, [f'{f}/memory.max' for f in folders]),
        'version': 2,
        **_cpuset(f'{folder}/cpuset.cpus.effective' for folder in folders),
    }


def _by_controller(paths: dict[str, str]) -> dict[str, Any]:
    """Return the limits of version 1; in a container only the root's files are there."""
    cpu, memory, cpuset = (
        [f'{ROOT}/{controller}{level}' for level in levels(paths.get(controller, ''))]
        for controller in ('cpu', 'memory', 'cpuset')
    )
    bytes_of = [f'{folder}/memory.limit_in_bytes' for folder in memory]
    return {
        'cpu_cores_limit': _smallest(_cpu_quota, cpu),
        'memory_bytes_limit': _smallest(_memory, bytes_of),
        'version': 1,
        **_cpuset(f'{folder}/cpuset.effective_cpus' for folder in cpuset),
    }


def _paths(groups: str) -> Iterator[tuple[str, str]]:
    """Yield each controller with the path of our group; '' stands for version 2."""
    for line in groups.splitlines():
        _, controllers, path = line.split(':', 2)
        for controller in controllers.split(','):
            yield controller, path


def levels(path: str) -> Iterator[str]:
    """Yield a group and all above it; the root is ''."""
    path = '' if '/..' in path else path.rstrip('/')  # '..': outside what we can see
    while path:
        yield path
        path = path.rpartition('/')[0]
    yield ''


def _smallest(limit: Callable[[str], Any], places: list[str]) -> Any:
    found = [value for value in map(limit, places) if value is not None]
    return min(found, default=None)


def _cpu_max(path: str) -> float | None:
    """Return the cores that `cpu.max` allows: quota / period."""
    words = (_text(path) or '').split()
    if len(words) != 2 or words[0] == 'max':
        return None
    return int(words[0]) / int(words[1])


def _cpu_quota(folder: str) -> float | None:
    quota = _text(f'{folder}/cpu.cfs_quota_us')
    period = _text(f'{folder}/cpu.cfs_period_us')
    if quota is None or period is None or int(quota) < 0:
        return None
    return int(quota) / int(period)


def _memory(path: str) -> int | None:
    text = _text(path)
    if text is None or text.strip() == 'max':
        return None
    number = int(text)
    return number if number < UNLIMITED else None


def _cpuset(places: Iterable[str]) -> dict[str, Any]:
    """Return which CPUs we may use and how many, unless all that are online.

    The nearest group that has the file counts: what is above it holds there as well.
    """
    allowed = next(filter(None, map(_text, places)), '').strip()
    try:
        cores, online = cpus_in(allowed), cpus_in(_text(ONLINE) or '')
    except ValueError:
        return {}
    limited = {'cpuset': allowed, 'cpuset_cores_limit': cores}
    return limited if 0 < cores < online else {}


def cpus_in(ranges: str) -> int:
    """Return how many CPUs a list like `0-3,8` has (cpuset(7), "List format")."""
    ends = [part.partition('-') for part in ranges.strip().split(',') if part]
    return sum(int(last if dash else first) - int(first) + 1 for first, dash, last in ends)


def _text(path: str) -> str | None:
    """Return what a file says; None if it is not there or cannot be read."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None
