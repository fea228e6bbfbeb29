"""What a control group allows: limits of a job, container or service on Linux."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

ROOT = '/sys/fs/cgroup'
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

    def capture_cgroup_limits(self, bm_data: dict[str, Any]) -> None:
        """Set `cgroups`: the smallest limits on the way from our group to the root.

        `cpu_cores_limit` is in cores, `memory_bytes_limit` in bytes, null for no limit.
        Empty where there are no control groups, or nothing that can be understood.
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
    cpu, memory = _unified(paths['']) if unified else _by_controller(paths)
    return {
        'cpu_cores_limit': cpu,
        'memory_bytes_limit': memory,
        'version': 2 if unified else 1,
    }


def _unified(path: str) -> tuple[Any, Any]:
    folders = [ROOT + level for level in levels(path)]
    return (
        _smallest(_cpu_max, [f'{folder}/cpu.max' for folder in folders]),
        _smallest(_memory, [f'{folder}/memory.max' for folder in folders]),
    )


def _by_controller(paths: dict[str, str]) -> tuple[Any, Any]:
    """Return the limits of version 1; in a container only the root's files are there."""
    cpu = [f'{ROOT}/cpu{level}' for level in levels(paths.get('cpu', ''))]
    memory = [f'{ROOT}/memory{level}' for level in levels(paths.get('memory', ''))]
    return (
        _smallest(_cpu_quota, cpu),
        _smallest(_memory, [f'{folder}/memory.limit_in_bytes' for folder in memory]),
    )


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


def _text(path: str) -> str | None:
    """Return what a file says; None if it is not there or cannot be read."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None
