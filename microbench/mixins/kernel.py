"""Read what the Linux kernel counts and how it is set: the files behind MBStability.

`Kernel` knows where the files are, and which CPUs count. A source reads one file and
returns values by name, or raises with the reason why there are none.
"""

from __future__ import annotations

import os
import sys

from . import groups
from .machine import is_number, listed, reason, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Values = dict[str, float]

DIGITS = 20  # of a number of 64 bits
ROOT = '/sys/fs/cgroup'
MOST_CPUS = 32  # whose frequencies and thermal events are read


class Kernel:
    """The files of the kernel, and the CPUs that this thread may use.

    Args:
        root: folder with `proc` and `sys`; empty for those of this machine.

    Attributes:
        cpus: numbers of the usable CPUs, in order.
    """

    def __init__(self, root: str = '') -> None:
        self.root = root
        self.cpus = usable_cpus()
        self._folders: dict[str, tuple[int, list[str]]] = {}
        self._groups: groups.Groups | None = None

    def text(self, path: str) -> str:
        """Return the text of a file; raise OSError if it cannot be read."""
        return text_of(self.root + path)

    def number(self, path: str) -> int:
        """Return the number in a file.

        Raises:
            OSError: the file cannot be read.
            ValueError: it has no number.
        """
        return number_in(self.text(path), path)

    def folders(self, controller: str) -> tuple[int, list[str]]:
        """Return the version of a controller, and our groups from the own to the root.

        Raises:
            LookupError: the group is not visible from here.
            OSError, ValueError: the kernel does not name it.
        """
        if controller not in self._folders:
            if self._groups is None:
                self._groups = groups.own_groups(self._text_or_none)
            mounts = None if self.root else groups.mounts()
            found = groups.folders_of(controller, self._groups, mounts, self.root + ROOT)
            self._folders[controller] = found
        return self._folders[controller]

    def _text_or_none(self, path: str) -> str | None:
        try:
            return self.text(path)
        except (FileNotFoundError, NotADirectoryError):
            return None


def usable_cpus() -> list[int]:
    """Return the CPUs that this thread may use; empty where the system does not say it."""
    try:
        return sorted(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return []


def number_in(text: str, place: str) -> int:
    """Return the number that is all of a text; raise ValueError for other text."""
    digits = text.strip()
    if not is_number(digits, DIGITS):
        raise ValueError(f'{place}: {digits[:80]!r} is not a number')
    return int(digits)


def numbers_in(text: str, names: Iterable[str], place: str) -> dict[str, int]:
    """Return the numbers in lines such as `pswpin 12`, of those names that are there."""
    found = {}
    for name in names:
        rest = f'\n{text}'.partition(f'\n{name} ')[2]
        if rest:
            found[name] = number_in(rest.partition('\n')[0], place)
    return found


def collect(
    sources: Mapping[str, Callable[[Kernel], Mapping[str, float]]],
    kernel: Kernel,
    why: dict[str, str],
) -> Values:
    """Return the values of all sources; `why` gets the reason for each that fails."""
    values: Values = {}
    for name, source in sources.items():
        try:
            if sys.platform != 'linux' and not kernel.root:
                raise LookupError(f'it is not read on {sys.platform}')
            values.update(source(kernel))
        except (OSError, ValueError, LookupError) as error:
            why[name] = reason(error)
    return values


# --- processors --------------------------------------------------------------------------

STAT = '/proc/stat'  # proc_stat(5)
COLUMNS = 8  # user nice system idle iowait irq softirq steal; guests are in the first two
IDLE, STEAL = (3, 4), 7
THROTTLES = '/sys/devices/system/cpu/cpu{}/thermal_throttle/{}_throttle_count'
SCALING = '/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq'


def cpu_times(kernel: Kernel) -> Values:
    """Return `steal`, `busy` and `total`: seconds of the usable CPUs, in ticks."""
    wanted = {f'cpu{cpu}' for cpu in kernel.cpus}
    lines = (line.split() for line in kernel.text(STAT).splitlines())
    rows = [words[1 : COLUMNS + 1] for words in lines if words and words[0] in wanted]
    if not rows:
        raise ValueError(f'{STAT} has no line of CPU {listed(kernel.cpus)}')
    if any(len(row) < COLUMNS for row in rows):
        raise ValueError(f'{STAT} has no column for stolen time')
    columns = [
        sum(number_in(n, STAT) for n in column) for column in zip(*rows, strict=True)
    ]
    busy = sum(columns) - sum(columns[n] for n in (*IDLE, STEAL))
    ticks = os.sysconf('SC_CLK_TCK')
    counts = {'steal': columns[STEAL], 'busy': busy, 'total': sum(columns)}
    return {name: count / ticks for name, count in counts.items()}


def thermal(kernel: Kernel) -> Values:
    """Return `thermal_throttles`: how often the usable CPUs were slowed down by heat."""
    cpus = kernel.cpus[:MOST_CPUS]
    try:
        found = [
            kernel.number(THROTTLES.format(cpu, kind))
            for cpu in cpus
            for kind in ('core', 'package')
        ]
    except FileNotFoundError:
        raise LookupError('the kernel does not count it: no thermal_throttle') from None
    return {'thermal_throttles': sum(found)}


def current_mhz(kernel: Kernel) -> float | None:
    """Return the highest frequency of a usable CPU now; None without cpufreq."""
    try:
        found = [kernel.number(SCALING.format(cpu)) for cpu in kernel.cpus[:MOST_CPUS]]
    except (OSError, ValueError):
        return None  # the settings have the reason
    return max(found) / 1000 if found else None


# --- control groups ----------------------------------------------------------------------

# Names in cpu.stat, and the unit of the time in seconds (cgroup-v2, "CPU").
QUOTAS = {1: ('throttled_time', 1e-9), 2: ('throttled_usec', 1e-6)}
COUNTED = 'nr_throttled'
HITS = {1: 'memory.failcnt', 2: 'memory.events'}  # cgroup-v1/memory; cgroup-v2, "Memory"
EVENTS = ('high', 'max')


def quota(kernel: Kernel) -> Values:
    """Return `throttled.N`, in seconds, and `throttled_periods.N` of each group N."""
    version, folders = kernel.folders('cpu')
    name, unit = QUOTAS[version]
    values: Values = {}
    for level, folder in enumerate(folders):
        found = numbers_in(_text(f'{folder}/cpu.stat'), (name, COUNTED), 'cpu.stat')
        if len(found) == 2:
            values[f'throttled.{level}'] = found[name] * unit
            values[f'throttled_periods.{level}'] = found[COUNTED]
    if not values:
        raise LookupError('the kernel does not count it for this control group')
    return values


def memory_limit(kernel: Kernel) -> Values:
    """Return `memory_limit_hits.N`: how often the group N was at its limit of memory."""
    version, folders = kernel.folders('memory')
    values: Values = {}
    for level, folder in enumerate(folders):
        text = _text(f'{folder}/{HITS[version]}')
        lines = f'max {text}' if text and version == 1 else text
        found = numbers_in(lines, EVENTS, HITS[version])
        if found:
            values[f'memory_limit_hits.{level}'] = sum(found.values())
    if not values:
        raise LookupError('the kernel does not count it for this control group')
    return values


def _text(path: str) -> str:
    """Return the text of a file of a group; empty if it is missing, as at the root."""
    try:
        return text_of(path)
    except FileNotFoundError:
        return ''


# --- memory and pressure -----------------------------------------------------------------

PRESSURE = '/proc/pressure/{}'  # accounting/psi
VMSTAT = '/proc/vmstat'  # proc_vmstat(5)
PAGES = {
    'pswpin': 'swapped_in',
    'pswpout': 'swapped_out',
    'compact_stall': 'compactions',
    'numa_pages_migrated': 'numa_migrated',
}


def pressure(kernel: Kernel, what: str) -> Values:
    """Return `pressure.WHAT`: seconds in which some task of the machine waited for it."""
    path = PRESSURE.format(what)
    try:
        text = kernel.text(path)
    except FileNotFoundError:
        raise LookupError(f'there is no {path}: psi=1 at boot turns it on') from None
    first = text.partition('\n')[0]
    kind, _, rest = first.partition(' ')
    total = rest.rpartition('total=')[2]
    if kind != 'some':
        raise ValueError(f'{path}: {first[:80]!r} has no total')
    return {f'pressure.{what}': number_in(total, path) * 1e-6}


def vmstat(kernel: Kernel) -> Values:
    """Return pages that were swapped or moved, and stalls for huge pages."""
    found = numbers_in(kernel.text(VMSTAT), PAGES, VMSTAT)
    if not found:
        raise ValueError(f'{VMSTAT} has no line for swapping')
    return {PAGES[name]: value for name, value in found.items()}


# --- the thread --------------------------------------------------------------------------

SCHEDSTAT = '/proc/thread-self/schedstat'  # scheduler/sched-stats
THREAD = '/proc/thread-self/stat'  # proc_pid_stat(5)
DELAYACCT = '/proc/sys/kernel/task_delayacct'
BLKIO = 39  # field 42, counted from the one after the name


def run_queue(kernel: Kernel) -> Values:
    """Return `waited`: seconds for which this thread was ready and had no CPU.

    All numbers are 0 while the kernel does not count them. So the CPU time is brought up to
    date first: it lags by a tick.
    """
    words = kernel.text(SCHEDSTAT).split()
    if len(words) != 3:
        raise ValueError(f'{SCHEDSTAT}: {" ".join(words)[:80]!r} is not three numbers')
    running, waiting, _ = (number_in(word, SCHEDSTAT) for word in words)
    if not running:
        raise LookupError('the kernel does not count it (kernel.sched_schedstats)')
    return {'waited': waiting * 1e-9}


def block_delay(kernel: Kernel) -> Values:
    """Return `block_delay`: seconds for which this thread waited for a disk."""
    if not kernel.number(DELAYACCT):
        raise LookupError('the kernel does not count it: kernel.task_delayacct is 0')
    words = kernel.text(THREAD).rpartition(')')[2].split()
    if len(words) <= BLKIO:
        raise ValueError(f'{THREAD} has too few fields')
    return {'block_delay': number_in(words[BLKIO], THREAD) / os.sysconf('SC_CLK_TCK')}
