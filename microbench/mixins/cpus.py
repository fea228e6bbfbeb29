"""List the processors that are online, and those that this thread may use."""

from __future__ import annotations

import os

from ..core.capture import namespace
from .kernel import is_number, reason, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

ONLINE = '/sys/devices/system/cpu/online'  # Documentation/admin-guide/cputopology
STAT = '/proc/stat'  # proc_stat(5)
DIGITS = 6  # of the number of a CPU: Linux has 8192 at most
FIELDS = ('cpu_affinity', 'cpu_cores_usable')


def online() -> int:
    """Return how many CPUs are online.

    sysconf(3) is not used: musl, and glibc if it finds neither file, return the number
    that this thread may use instead.

    Raises:
        OSError: the kernel provides neither file.
        ValueError: the file cannot be parsed.
    """
    try:
        number = cpus_in(text_of(ONLINE))
    except FileNotFoundError:
        lines = text_of(STAT).splitlines()
        number = sum(line.startswith('cpu') and line[3:4].isdigit() for line in lines)
    if number < 1:
        raise ValueError('no CPU is online')
    return number


def cpus_in(ranges: str) -> int:
    """Return how many CPUs a list like `0-3,8` has (cpuset(7), "List format").

    Raises:
        ValueError: the text is not such a list.
    """
    return sum(_cpus_of(part) for part in ranges.strip().split(',') if part)


def _cpus_of(part: str) -> int:
    first, dash, end = part.partition('-')
    last = end if dash else first
    numbers = is_number(first, DIGITS) and is_number(last, DIGITS)
    if not numbers or int(first) > int(last):
        raise ValueError(f'{part[:80]!r} is not a list of CPUs')
    return int(last) - int(first) + 1


def listed(cpus: Iterable[int]) -> str:
    """Return numbers of CPUs as a list of that format.

    >>> listed({0, 1, 2, 3, 8})
    '0-3,8'
    """
    ranges: list[list[int]] = []
    for cpu in sorted(cpus):
        if ranges and ranges[-1][1] == cpu - 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    return ','.join(str(a) if a == b else f'{a}-{b}' for a, b in ranges)


def add_affinity(bm_data: dict[str, Any], thread: int = 0) -> None:
    """Set `host.cpu_affinity` and `host.cpu_cores_usable`, if a thread may not use all.

    The mask is that of sched_setaffinity(2), which taskset(1) and launchers set, without
    CPUs that a CPU set excludes. If it cannot be compared, `host.unavailable` has the
    reason.

    Args:
        bm_data: the record.
        thread: id of the thread; 0 means this thread, the process id its main thread.
    """
    if not hasattr(os, 'sched_getaffinity'):  # not Linux or FreeBSD
        return
    try:
        allowed = os.sched_getaffinity(thread)
        limited = len(allowed) < online()
    except (OSError, ValueError) as error:
        namespace(namespace(bm_data, 'host'), 'unavailable')[FIELDS[0]] = reason(error)
        limited = False
    if limited:
        values = listed(allowed), len(allowed)
        namespace(bm_data, 'host').update(zip(FIELDS, values, strict=True))
    elif 'host' in bm_data:
        for field in FIELDS:
            namespace(bm_data, 'host').pop(field, None)  # of an earlier record
