"""Capture the limits of a control group: a job, container or service on Linux."""

from __future__ import annotations

import os
import sys

from ..core.capture import early, namespace
from . import groups, machine
from .machine import is_number, reason, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

ROOT = '/sys/fs/cgroup'
CONTROLLERS = ('cpu', 'memory', 'cpuset')
LONGEST = 20  # digits of a number of 64 bits
UNLIMITED = 1 << 62  # version 1 says "no limit" by a number near 2^63


class MBCgroupLimits:
    """CPU and memory limits of the cgroup (jobs, containers; Linux).

    Never raises: values that cannot be read are left out.

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
    cli_fields = ('cgroups', 'host')

    @early
    def capture_cgroup_limits(self, bm_data: dict[str, Any]) -> None:
        """Set `cgroups`: the smallest limits on the way from our group to the root.

        `cpu_cores_limit` is in cores and `memory_bytes_limit` in bytes; null means no
        limit. `memory_high_bytes`, if set, is the size above which the kernel slows the
        code down. If a CPU set excludes some CPUs, `cpuset` lists the others, such as
        `0-3,8`, and `cpuset_cores_limit` is their number. The field is empty without
        control groups, or if they cannot be parsed; `host.unavailable` has the reason.

        `host.cpu_affinity` and `host.cpu_cores_usable` are set as by MBHostInfo, but for
        each record.
        """
        if sys.platform != 'linux':
            bm_data['cgroups'] = {}
            return
        bm_data['cgroups'], why = limits()
        machine.add_affinity(bm_data)
        if why:
            namespace(namespace(bm_data, 'host'), 'unavailable').update(why)


def limits() -> tuple[dict[str, Any], dict[str, str]]:
    """Return the record's `cgroups`, and the reasons why values are missing."""
    why: dict[str, str] = {}
    try:
        return _limits(why), why
    except (OSError, ValueError, LookupError, ZeroDivisionError) as error:
        return {}, {'cgroups': reason(error)}


def _limits(why: dict[str, str]) -> dict[str, Any]:
    """Return the limits; store the reason for each that cannot be read in `why`."""
    unified = os.path.exists(f'{ROOT}/cgroup.controllers')
    known = groups.own_groups(_text)
    if not known or (unified and groups.UNIFIED not in known):
        raise LookupError(f'{groups.GROUPS} names no control group')
    mounts = groups.mounts()
    folders = {c: groups.folders_of(c, known, mounts, ROOT) for c in CONTROLLERS}
    found = {
        **_smallest('cpu_cores_limit', CPU, folders['cpu'], why),
        **_smallest('memory_bytes_limit', MEMORY, _charged(*folders['memory']), why),
        'version': 2 if unified else 1,
    }
    for name, ask in (('memory_high_bytes', _high), ('cpuset', _cpuset)):
        try:
            found.update(ask(*folders[name.partition('_')[0]]))
        except (OSError, ValueError) as error:
            why[f'cgroups.{name}'] = reason(error)
    return found


def _smallest(
    field: str,
    limits: Mapping[int, Callable[[str], float | None]],
    group: tuple[int, list[str]],
    why: dict[str, str],
) -> dict[str, float | None]:
    """Return the smallest limit up to the root as a field; null if there is none.

    A missing file means no limit. If a file cannot be read, `why` gets the reason, and the
    limits of the other folders count; without any, the field is missing.
    """
    version, folders = group
    found = []
    for folder in folders:
        try:
            value = limits[version](folder)
        except OSError as error:
            why[f'cgroups.{field}'] = reason(error)
        else:
            found += [] if value is None else [value]
    known = found or f'cgroups.{field}' not in why
    return {field: min(found, default=None)} if known else {}


# --- CPUs --------------------------------------------------------------------------------


def _cpu_max(folder: str) -> float | None:
    """Return the cores that `cpu.max` allows: quota / period (cgroup-v2, "CPU")."""
    words = (_text(f'{folder}/cpu.max') or '').split()
    if len(words) != 2 or words[0] == 'max':
        return None
    return _number(words[0], folder) / _number(words[1], folder)


def _cpu_quota(folder: str) -> float | None:
    """Return the same limit from the files of version 1, where -1 means no limit."""
    quota = _text(f'{folder}/cpu.cfs_quota_us')
    if quota is None or quota.strip() == '-1':
        return None
    period = _text(f'{folder}/cpu.cfs_period_us')
    return None if period is None else _number(quota, folder) / _number(period, folder)


def _cpuset(version: int, folders: list[str]) -> dict[str, Any]:
    """Return the usable CPUs and their number, unless all online CPUs are usable.

    The nearest group that has the file decides, since it includes the limits above it.
    """
    files = (f'{folder}/{name}' for folder in folders for name in CPUSETS[version])
    allowed = next(filter(None, map(_text, files)), '').strip()
    if not allowed:
        return {}
    cores = machine.cpus_in(allowed)
    if not 0 < cores < machine.online():
        return {}
    return {'cpuset': allowed, 'cpuset_cores_limit': cores}


# --- memory ------------------------------------------------------------------------------


def _memory(path: str) -> int | None:
    text = _text(path)
    if text is None or text.strip() == 'max':
        return None
    number = _number(text, path)
    return number if number < UNLIMITED else None


def _memory_max(folder: str) -> int | None:
    return _memory(f'{folder}/memory.max')


def _memory_limit(folder: str) -> int | None:
    return _memory(f'{folder}/memory.limit_in_bytes')


def _charged(version: int, folders: list[str]) -> tuple[int, list[str]]:
    """Return the groups to which our memory is charged.

    In version 1, before Linux 5.11, a group whose `memory.use_hierarchy` is 0 is charged
    for itself alone; if it is 1, it is 1 in all groups below (cgroup-v1/memory, 6).
    """
    if version == 2 or not folders or not _is_flat(folders[-1]):
        return version, folders
    first = next((n for n, folder in enumerate(folders) if n and _is_flat(folder)), None)
    return version, folders[:first]


def _is_flat(folder: str) -> bool:
    try:
        return (_text(f'{folder}/memory.use_hierarchy') or '').strip() == '0'
    except OSError:
        return False


def _high(version: int, folders: list[str]) -> dict[str, Any]:
    """Return the size in bytes above which the kernel throttles (version 2)."""
    files = [f'{folder}/memory.high' for folder in folders] if version == 2 else []
    found = [value for value in map(_memory, files) if value is not None]
    return {'memory_high_bytes': min(found)} if found else {}


# The readers and files of each version.
CPU = {1: _cpu_quota, 2: _cpu_max}
MEMORY = {1: _memory_limit, 2: _memory_max}
CPUSETS = {
    1: ('cpuset.effective_cpus', 'cpuset.cpus'),  # the second before Linux 3.17
    2: ('cpuset.cpus.effective',),
}


# --- files -------------------------------------------------------------------------------


def _number(text: str, place: str) -> int:
    """Return a number that the kernel has written; raise ValueError for other text."""
    digits = text.strip()
    if not is_number(digits, LONGEST):
        raise ValueError(f'{place}: {digits[:80]!r} is not a limit')
    return int(digits)


def _text(path: str) -> str | None:
    """Return the text of a file, None if it is missing; raise OSError if unreadable."""
    try:
        return text_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
