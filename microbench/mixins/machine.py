"""Read the cores and the memory of this machine from files of the Linux kernel.

Importing psutil takes as long as starting Python. So on Linux these files are read
directly, unless the program has already loaded psutil: `Linux` has psutil's interface.
"""

from __future__ import annotations

import io
import os
import sys

from ..core.capture import namespace
from ..messages import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# --- files of the kernel -----------------------------------------------------------------

LONGEST = 1 << 24  # bytes; such files are far shorter
PIECE = 1 << 16
FIRST = 8192
FLAGS = os.O_RDONLY | getattr(os, 'O_CLOEXEC', 0) | getattr(os, 'O_NONBLOCK', 0)


def text_of(path: str) -> str:
    """Return the text of a file. Bytes that are not UTF-8 become surrogates.

    Raises:
        OSError: the file is missing, cannot be read, or is too long.
    """
    if is_stubbed():
        with open(path) as file:
            text: str = file.read()
            return text
    return _bytes_of(path).decode('utf-8', 'surrogateescape')


def text_if_readable(path: str) -> str:
    """Return the text of a file; an empty one if it cannot be read."""
    try:
        return text_of(path)
    except OSError:
        return ''


def is_stubbed() -> bool:
    """Return True if a test replaces what the kernel says: then its `open` is asked."""
    return open is not io.open


def first_of(path: str) -> str:
    """Return the first lines of a file: the kernel makes up a long one as it is read.

    Raises:
        OSError: the file is missing, or cannot be read.
    """
    if is_stubbed():
        return text_of(path)
    descriptor = os.open(path, FLAGS)
    try:
        return os.read(descriptor, FIRST).decode('utf-8', 'surrogateescape')
    finally:
        os.close(descriptor)


def _bytes_of(path: str) -> bytes:
    """Read a file in the quickest way; from a pipe, only bytes that are there."""
    descriptor = os.open(path, FLAGS)
    try:
        data = bytearray()
        while piece := os.read(descriptor, PIECE):
            data += piece
            if len(data) > LONGEST:
                raise OSError(f'{path} has more than {LONGEST} bytes')
        return bytes(data)
    finally:
        os.close(descriptor)


def is_number(text: str, digits: int) -> bool:
    """Return True if it is a number as the kernel writes it, of at most so many digits."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def reason(error: Exception) -> str:
    """Return why a value is missing; for errors raised by this package, only the text."""
    is_own = type(error) in (ValueError, LookupError)  # a KeyError is that of a library
    return str(error) if is_own else one_line(error)


# --- processors --------------------------------------------------------------------------

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
    return sum(map(len, ranges_in(ranges)))


def ranges_in(ranges: str) -> list[range]:
    """Return the ranges of numbers in a list like `0-3,8`.

    Raises:
        ValueError: the text is not such a list.
    """
    return [_range_of(part) for part in ranges.strip().split(',') if part]


def _range_of(part: str) -> range:
    first, dash, end = part.partition('-')
    last = end if dash else first
    numbers = is_number(first, DIGITS) and is_number(last, DIGITS)
    if not numbers or int(first) > int(last):
        raise ValueError(f'{part[:80]!r} is not a list of CPUs')
    return range(int(first), int(last) + 1)


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
        is_limited = len(allowed) < online()
    except (OSError, ValueError) as error:
        namespace(namespace(bm_data, 'host'), 'unavailable')[FIELDS[0]] = reason(error)
        is_limited = False
    _store_affinity(bm_data, allowed if is_limited else None)


def _store_affinity(bm_data: dict[str, Any], allowed: set[int] | None) -> None:
    """Set both fields, or remove those of an earlier record."""
    if allowed is not None:
        values = listed(allowed), len(allowed)
        namespace(bm_data, 'host').update(zip(FIELDS, values, strict=True))
    elif 'host' in bm_data:
        host = namespace(bm_data, 'host')
        for field in FIELDS:
            host.pop(field, None)


# --- with the interface of psutil --------------------------------------------------------

CPUS = '/sys/devices/system/cpu'  # Documentation/ABI/stable/sysfs-devices-system-cpu
SIBLINGS = ('core_cpus_list', 'thread_siblings_list')  # the second before Linux 5.3
HYBRID = (
    '/sys/devices/cpu_atom'  # x86: cores of a second kind, with another number of threads
)
MEMORY = '/proc/meminfo'  # proc_meminfo(5)
DIGITS_OF_SIZE = 15  # of kB: all memory that 64 bits can address has 17


def informant() -> Any:
    """Return psutil, or `Linux` in its place; None if neither can be asked."""
    if 'psutil' not in sys.modules and sys.platform == 'linux':
        return Linux
    try:
        import psutil
    except ImportError:
        return None
    return psutil


def logical_cores(psutil: Any) -> int | None:
    """Return how many CPUs are online, as psutil or `Linux` says.

    psutil asks sysconf(3); see `online` for what that may return instead.

    Raises:
        OSError, ValueError: what psutil says may be how many this thread may use.
    """
    number: int | None = psutil.cpu_count(logical=True)
    is_in_doubt = psutil is not Linux and sys.platform == 'linux'
    return online() if is_in_doubt and number == len(os.sched_getaffinity(0)) else number


class Linux:
    """The functions of psutil that are used here, reading files of the kernel."""

    total: int  # bytes of memory

    @staticmethod
    def cpu_count(logical: bool = True) -> int | None:
        """Return the number of logical cores online, or else of physical ones.

        Raises:
            OSError: the kernel does not provide it.
            ValueError: the text of the kernel cannot be parsed.
        """
        if logical:
            return online()
        return _cores_alike() or _cores_counted()

    @classmethod
    def virtual_memory(cls) -> Linux:
        """Return an object whose `total` is the memory in bytes.

        Raises:
            OSError: the kernel does not provide it.
            ValueError: it is not in the unit that the kernel uses.
        """
        lines = text_of(MEMORY).splitlines()
        found = [line for line in lines if line.startswith('MemTotal:')]
        memory = cls()
        memory.total = _bytes_in(found[0] if found else '')
        return memory


def _bytes_in(line: str) -> int:
    """Return the bytes in a line such as `MemTotal:       24684084 kB`."""
    words = line.split()
    number = words[1] if len(words) == 3 and words[2] == 'kB' else ''
    if not is_number(number, DIGITS_OF_SIZE):
        raise ValueError(f'{MEMORY}: {line[:80]!r} is not a size in kB')
    return int(number) * 1024


def _cores_alike() -> int | None:
    """Return the number of physical cores, if all have as many threads; else None.

    So two or five files are read, and not one for each of hundreds of CPUs.
    """
    try:
        cpus = text_of(f'{CPUS}/online').strip()
        number, first = cpus_in(cpus), _threads_of(cpus.replace('-', ',').split(',')[0])
        if text_of(f'{CPUS}/smt/active').strip() == '0' and first == 1:
            return number
        are_all = text_of(f'{CPUS}/present').strip() == cpus and not os.path.isdir(HYBRID)
        last = _threads_of(cpus.replace('-', ',').split(',')[-1]) if are_all else 0
    except (OSError, ValueError):
        return None  # another kernel
    return number // first if first and first == last and number % first == 0 else None


def _threads_of(cpu: str) -> int:
    """Return how many logical cores the core of this one has; 0 if that is unknown."""
    return cpus_in(_siblings(f'{CPUS}/cpu{cpu}'))


def _cores_counted() -> int | None:
    numbered = [name for name in os.listdir(CPUS) if name[3:].isdigit()]
    cores = {_siblings(f'{CPUS}/{name}') for name in numbered}
    return len(cores - {''}) or None


def _siblings(cpu: str) -> str:
    """Return the logical cores of the core that this one is part of, such as `0,4`."""
    for name in SIBLINGS:
        try:
            return text_of(f'{cpu}/topology/{name}').strip()
        except OSError:
            continue  # offline, another kernel, or no core at all
    return ''
