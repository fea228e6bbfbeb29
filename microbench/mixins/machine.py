"""Read cores and memory of this machine, with the interface of psutil.

Importing psutil takes as long as starting Python. So on Linux the files of the kernel are
read directly, unless the program has already loaded psutil.
"""

from __future__ import annotations

import os
import sys

from . import cpus
from .kernel import is_number, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CPUS = '/sys/devices/system/cpu'  # Documentation/ABI/stable/sysfs-devices-system-cpu
SIBLINGS = ('core_cpus_list', 'thread_siblings_list')  # the second before Linux 5.3
MEMORY = '/proc/meminfo'  # proc_meminfo(5)
DIGITS = 15  # of kB: all memory that 64 bits can address has 17


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

    psutil asks sysconf(3); see `cpus.online` for what that may return instead.

    Raises:
        OSError, ValueError: what psutil says may be how many this thread may use.
    """
    number: int | None = psutil.cpu_count(logical=True)
    if sys.platform == 'linux' and number == len(os.sched_getaffinity(0)):
        return cpus.online()
    return number


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
            return cpus.online()
        numbered = [name for name in os.listdir(CPUS) if name[3:].isdigit()]
        cores = {_siblings(f'{CPUS}/{name}') for name in numbered}
        return len(cores - {''}) or None

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
    if not is_number(number, DIGITS):
        raise ValueError(f'{MEMORY}: {line[:80]!r} is not a size in kB')
    return int(number) * 1024


def _siblings(cpu: str) -> str:
    """Return the logical cores of the core that this one is part of, such as `0,4`."""
    for name in SIBLINGS:
        try:
            return text_of(f'{cpu}/topology/{name}').strip()
        except OSError:
            continue  # offline, another kernel, or no core at all
    return ''
