"""Say in words what disturbed a measurement, or can disturb it, and what to do about it.

A warning is a function of the fields of `stability`. It returns a sentence, or an empty
text if there is nothing to say.
"""

from __future__ import annotations

from ..results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    Fields = dict[str, Any]
    Warning_ = Callable[[Fields], str]

NOTABLE = 0.005  # of the time
CROWDED = 0.1  # of the time: pressure on CPUs or disks, which is normal in part
OFTEN = 10.0  # preemptions a second
SLOWER = 0.9  # of the highest frequency
PAGE = 4096  # bytes
SLOW_CLOCKS = ('hpet', 'acpi_pm', 'jiffies', 'refined-jiffies', 'pit', 'xen')
PINNED = 'pin it to CPUs that nothing else uses (taskset), or stop the other programs'

# --- what happened ------------------------------------------------------------------------


def run_queue(fields: Fields) -> str:
    """Waiting for a CPU."""
    share = _share(fields, 'run_queue_delay', NOTABLE)
    return (
        share and f'the code was ready and waited for a CPU {share} of the time: {PINNED}'
    )


def preempted(fields: Fields) -> str:
    """Being taken off a CPU."""
    count = fields.get('preempted', 0)
    if count <= OFTEN * fields['elapsed']:
        return ''
    return (
        f'other threads took the CPU {_times(count)}: use no more threads than CPUs, '
        'and CPUs that nothing else uses (taskset)'
    )


def steal(fields: Fields) -> str:
    """The hypervisor."""
    share = _share(fields, 'steal', NOTABLE, fields['cpus'])
    return share and (
        f'the host of the virtual machine took away {share} of the time of the CPUs: '
        'measure on a machine without neighbours'
    )


def throttled(fields: Fields) -> str:
    """The quota of a control group."""
    seconds = fields.get('throttled', 0)
    return seconds and (
        f'the CPU quota of the cgroup stopped the code for {units.duration(seconds)}: '
        'raise the quota (cpu.max), or use fewer threads'
    )


def memory_limit(fields: Fields) -> str:
    """The limit of memory of a control group."""
    count = fields.get('memory_limit_hits', 0)
    return count and (
        f'the cgroup was at its limit of memory {_times(count)}, and the kernel made room: '
        'raise the limit (memory.max, memory.high)'
    )


def thermal(fields: Fields) -> str:
    """Heat."""
    count = fields.get('thermal_throttles', 0)
    return count and (
        f'heat slowed the processor down {_times(count)}: cool it better, '
        'or measure with a lower frequency'
    )


def frequency(fields: Fields) -> str:
    """A frequency below the highest one."""
    after, most = fields.get('cpu_mhz', [0, 0])[1], fields.get('cpu_max_mhz')
    if not most or not after or after >= SLOWER * most:
        return ''
    return (
        f'at the end the fastest CPU ran at {after:.0f} MHz of {most:.0f} MHz: '
        'warm up longer, or set the governor to performance'
    )


def swapping(fields: Fields) -> str:
    """Memory moved to or from disk."""
    read, written = (fields.get(f'swapped_{way}', 0) * PAGE for way in ('in', 'out'))
    return (read or written) and (
        f'the machine swapped {units.size(read)} in and {units.size(written)} out: '
        'free memory, or turn swap off (swapoff)'
    )


def major_faults(fields: Fields) -> str:
    """Pages read from disk."""
    count = fields.get('major_faults', 0)
    return count and (
        f'{count} page{"s" * (count != 1)} had to be read from a disk: '
        'warm up first, so that code and files are in memory'
    )


def block_delay(fields: Fields) -> str:
    """Waiting for a disk."""
    share = _share(fields, 'block_delay', NOTABLE)
    return share and (
        f'the code waited for a disk {share} of the time: '
        'warm up first, or put the files in memory (tmpfs)'
    )


def pressure_cpu(fields: Fields) -> str:
    """Threads of the machine that wait for a CPU."""
    share = _share(fields.get('pressure', {}), 'cpu', CROWDED, fields['elapsed'])
    return share and (
        f'some thread of the machine waited for a CPU {share} of the time: '
        'stop other programs, or use fewer threads'
    )


def pressure_memory(fields: Fields) -> str:
    """Threads of the machine that wait for memory."""
    share = _share(fields.get('pressure', {}), 'memory', NOTABLE, fields['elapsed'])
    return share and (
        f'some thread of the machine waited for memory {share} of the time: free memory'
    )


def pressure_io(fields: Fields) -> str:
    """Threads of the machine that wait for a disk."""
    share = _share(fields.get('pressure', {}), 'io', CROWDED, fields['elapsed'])
    return share and (
        f'some thread of the machine waited for a disk {share} of the time: '
        'stop other programs that read or write'
    )


def compaction(fields: Fields) -> str:
    """Memory that is moved to make room for huge pages."""
    count = fields.get('compactions', 0)
    return count and (
        f'some thread of the machine had to wait {_times(count)} until memory for a huge '
        'page was together: set transparent_hugepage/defrag to never, or free memory'
    )


def numa_migration(fields: Fields) -> str:
    """Memory that moves between nodes."""
    count = fields.get('numa_migrated', 0)
    return count and (
        f'the kernel moved {units.size(count * PAGE)} between NUMA nodes: '
        'bind the code to one node (numactl --cpunodebind=0 --membind=0)'
    )


def others(fields: Fields) -> str:
    """Other programs."""
    share = _share(fields, 'others', CROWDED, fields['cpus'])
    if not share:
        return ''
    busy = fields['others'] / fields['elapsed']
    return (
        f'other programs kept {busy:.1f} of {fields["cpus"]} CPUs busy: stop them, or run '
        'the code on other CPUs (taskset)'
    )


# --- how the machine is set ---------------------------------------------------------------


def governor(fields: Fields) -> str:
    """A governor that changes the frequency."""
    name = fields.get('governor', 'performance')
    if name == 'performance':
        return ''
    return (
        f'the governor {name} changes the frequency with the load: choose performance '
        '(cpupower frequency-set -g performance)'
    )


def turbo(fields: Fields) -> str:
    """Frequencies above the nominal one."""
    return fields.get('turbo', False) and (
        'turbo is on, so the frequency depends on heat and on other cores: turn it off '
        '(intel_pstate/no_turbo, cpufreq/boost)'
    )


def smt(fields: Fields) -> str:
    """Hardware threads that share a core."""
    return fields.get('smt', False) and (
        'SMT is on, so what runs on the other thread of a core slows this one down: leave '
        'it idle (taskset), or turn SMT off (/sys/devices/system/cpu/smt/control)'
    )


def aslr(fields: Fields) -> str:
    """Random addresses."""
    return fields.get('aslr', False) and (
        'ASLR is on, so each process has other addresses, which can change its speed: '
        'compare many processes, or turn it off (setarch -R)'
    )


def huge_pages(fields: Fields) -> str:
    """Huge pages that come or do not come."""
    if fields.get('huge_pages') != 'always':
        return ''
    return (
        'memory gets huge pages if some are free, so the speed depends on how fragmented '
        'it is: set transparent_hugepage/enabled to madvise'
    )


def numa(fields: Fields) -> str:
    """Several nodes."""
    count = fields.get('numa_nodes', 1)
    return count > 1 and (
        f'the code may run on {count} NUMA nodes, and memory of another node is slower: '
        'bind it to one node (numactl --cpunodebind=0 --membind=0)'
    )


def clock_source(fields: Fields) -> str:
    """A clock that is slow to read."""
    name = fields.get('clock_source')
    if name not in SLOW_CLOCKS:
        return ''
    return (
        f'the kernel keeps time by {name}, which is slow to read: have it use tsc '
        '(current_clocksource)'
    )


EVENTS: dict[str, Warning_] = {
    'run_queue': run_queue,
    'preempted': preempted,
    'steal': steal,
    'throttled': throttled,
    'memory_limit': memory_limit,
    'thermal': thermal,
    'frequency': frequency,
    'swapping': swapping,
    'major_faults': major_faults,
    'block_delay': block_delay,
    'pressure_cpu': pressure_cpu,
    'pressure_memory': pressure_memory,
    'pressure_io': pressure_io,
    'compaction': compaction,
    'numa_migration': numa_migration,
    'others': others,
}
SETTINGS: dict[str, Warning_] = {
    'governor': governor,
    'turbo': turbo,
    'smt': smt,
    'aslr': aslr,
    'huge_pages': huge_pages,
    'numa': numa,
    'clock_source': clock_source,
}
NAMES = (*EVENTS, *SETTINGS)


def warnings(fields: Fields, silenced: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield name and sentence of each warning about the fields of a record."""
    for name, ask in {**EVENTS, **SETTINGS}.items():
        sentence = '' if name in silenced else ask(fields)
        if sentence:
            yield name, sentence


def _share(fields: Fields, name: str, least: float, of: float = 1) -> str:
    """Return a time in percent of the elapsed time, or an empty text if it is below that.

    Args:
        fields: with the time, in seconds.
        name: of the time.
        least: share below which it does not count.
        of: CPUs whose time it is a share of; or the elapsed time itself.
    """
    whole = fields.get('elapsed', 1.0) * of
    seconds = fields.get(name, 0.0)
    is_notable = whole > 0 and seconds >= least * whole
    return units.share(min(seconds / whole, 1.0)) if is_notable else ''


def _times(count: int) -> str:
    return 'once' if count == 1 else f'{count} times'
