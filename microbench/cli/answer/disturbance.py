"""Read what took CPU time away during the runs: the hypervisor, or a quota of a cgroup."""

from __future__ import annotations

import os

from ...results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STAT, GROUP = '/proc/stat', '/proc/self/cgroup'
ROOT = '/sys/fs/cgroup'
COLUMNS, STEAL = 8, 7  # of the line `cpu` in proc_stat(5); guests are in the others
NOTABLE = 0.005  # of all CPU time


class Disturbance:
    """What the kernel counts for the machine and for the cgroup, from now on.

    What cannot be read is left out.

    Args:
        load: load average before the runs.
    """

    def __init__(self, load: float = 0.0) -> None:
        self._load = load
        self._cpus = usable_cpus()
        self._cpu = cpu_times()
        self._throttled = throttled()

    def parts(self) -> Iterator[str]:
        """Yield what happened since then, after a load that was too high before."""
        if self._load > self._cpus:
            load = f'{self._load:.1f}'
            yield f'load {load} on {self._cpus}\xa0CPU{"s" * (self._cpus != 1)} before'
        before, after = self._cpu, cpu_times()
        if before and after:
            passed = [late - early for early, late in zip(before, after, strict=True)]
            total = sum(passed)
            if total > 0 and passed[STEAL] >= NOTABLE * total:
                share = units.share(passed[STEAL] / total).replace(' ', '\xa0')
                yield f'{share} of CPU time stolen by the host'
        yield from self._quota()

    def _quota(self) -> Iterator[str]:
        before, after = self._throttled, throttled()
        if before is not None and after is not None and after > before:
            time = units.duration(after - before).replace(' ', '\xa0')
            yield f'stopped {time} by the CPU quota of the cgroup'


def usable_cpus() -> int:
    """Return the number of CPUs that this process, and so the command, may use."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count() or 1


def cpu_times() -> list[int]:
    """Return the CPU times of the machine in ticks; an empty list if they are unknown."""
    words = _read(STAT, 512).partition(b'\n')[0].split()[1 : COLUMNS + 1]
    return list(map(int, words)) if len(words) == COLUMNS else []


def throttled() -> float | None:
    """Return for how many seconds our cgroup was stopped by its quota so far."""
    unified = ''
    groups = [line.split(b':', 2) for line in _read(GROUP, 4096).splitlines()]
    for _, controllers, path in (parts for parts in groups if len(parts) == 3):
        place = os.fsdecode(path).rstrip('/')
        if b'cpu' in controllers.split(b','):
            return _seconds_in(f'{ROOT}/cpu{place}/cpu.stat', b'throttled_time ', 1e-9)
        if not controllers:
            unified = f'{ROOT}{place}/cpu.stat'
    return _seconds_in(unified, b'throttled_usec ', 1e-6)


def _seconds_in(path: str, name: bytes, unit: float) -> float | None:
    _, found, rest = _read(path, 4096).partition(name)
    return int(rest.split()[0]) * unit if found else None


def _read(path: str, most: int) -> bytes:
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b''
    try:
        return os.read(number, most)
    except OSError:
        return b''
    finally:
        os.close(number)
