"""Read how the machine is set, as far as a setting can disturb a measurement (Linux).

A source returns values by name, or raises with the reason why there are none.
"""

from __future__ import annotations

from . import processor
from .machine import ranges_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .kernel import Kernel

    Values = dict[str, Any]

CPU = '/sys/devices/system/cpu'
NO_TURBO = f'{CPU}/intel_pstate/no_turbo'  # admin-guide/pm/intel_pstate
BOOST = f'{CPU}/cpufreq/boost'  # admin-guide/pm/cpufreq
SMT = f'{CPU}/smt/active'  # ABI/testing/sysfs-devices-system-cpu
RANDOM = '/proc/sys/kernel/randomize_va_space'  # admin-guide/sysctl/kernel
PERSONALITY = '/proc/self/personality'
NOT_RANDOM = 0x0040000  # ADDR_NO_RANDOMIZE of personality(2)
HUGE = '/sys/kernel/mm/transparent_hugepage/enabled'  # admin-guide/mm/transhuge
NODES = '/sys/devices/system/node'  # ABI/stable/sysfs-devices-node


def scaling(kernel: Kernel) -> Values:
    """Return `governor`, and `cpu_max_mhz`, of the first CPU that may be used."""
    found = processor.frequency(kernel.root)
    return {'governor': found['cpu_governor'], 'cpu_max_mhz': found['cpu_max_mhz']}


def turbo(kernel: Kernel) -> Values:
    """Return whether the processor may exceed its nominal frequency."""
    for path, on in ((NO_TURBO, 0), (BOOST, 1)):
        try:
            return {'turbo': kernel.number(path) == on}
        except FileNotFoundError:
            continue
    raise LookupError('the kernel has no control of it: no intel_pstate, no cpufreq/boost')


def smt(kernel: Kernel) -> Values:
    """Return whether a core has several hardware threads that are in use."""
    return {'smt': kernel.number(SMT) == 1}


def aslr(kernel: Kernel) -> Values:
    """Return whether the addresses of a new process are random."""
    is_on = kernel.number(RANDOM) > 0
    text = kernel.text(PERSONALITY).strip()
    try:
        bits = int(text, 16)
    except ValueError:
        raise ValueError(f'{PERSONALITY}: {text[:80]!r} is not a number') from None
    return {'aslr': is_on and not bits & NOT_RANDOM}


def huge_pages(kernel: Kernel) -> Values:
    """Return when memory gets huge pages: `always`, `madvise` or `never`."""
    text = kernel.text(HUGE)
    chosen = text.partition('[')[2].partition(']')[0]
    if not chosen:
        raise ValueError(f'{HUGE}: {text[:80]!r} names no choice')
    return {'huge_pages': chosen}


def numa(kernel: Kernel) -> Values:
    """Return `numa_nodes`: how many nodes have CPUs that may be used."""
    usable = set(kernel.cpus)
    nodes = [n for part in ranges_in(kernel.text(f'{NODES}/has_cpu')) for n in part]
    lists = [kernel.text(f'{NODES}/node{node}/cpulist') for node in nodes]
    found = [any(not usable.isdisjoint(part) for part in ranges_in(text)) for text in lists]
    return {'numa_nodes': sum(found)}


def clock(kernel: Kernel) -> Values:
    """Return `clock_source`: what the kernel keeps time by."""
    return processor.clock_source(kernel.root)


# By the name under which a reason is stored.
SETTINGS = {
    'governor': scaling,
    'turbo': turbo,
    'smt': smt,
    'aslr': aslr,
    'huge_pages': huge_pages,
    'numa_nodes': numa,
    'clock_source': clock,
}
