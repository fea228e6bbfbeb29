"""Cores and memory of this machine, in the words of psutil.

Importing psutil takes as long as starting Python. So Linux is asked directly, in the
places where psutil reads as well, unless the program has loaded psutil already.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CPUS = '/sys/devices/system/cpu'  # Documentation/ABI/stable/sysfs-devices-system-cpu
SIBLINGS = ('core_cpus_list', 'thread_siblings_list')  # the second before Linux 5.3
MEMORY = '/proc/meminfo'  # proc_meminfo(5)


def informant() -> Any:
    """Return who tells of cores and memory: psutil or `Linux`; None: nobody can."""
    if 'psutil' not in sys.modules and sys.platform == 'linux':
        return Linux
    try:
        import psutil
    except ImportError:
        return None
    return psutil


class Linux:
    """What is used of psutil, as far as the kernel tells it in a file."""

    total: int  # bytes of memory

    @staticmethod
    def cpu_count(logical: bool = True) -> int | None:
        """Return how many cores are online; without `logical`, how many are real."""
        if logical:
            return os.sysconf('SC_NPROCESSORS_ONLN')
        numbered = [name for name in os.listdir(CPUS) if name[3:].isdigit()]
        cores = {_siblings(f'{CPUS}/{name}') for name in numbered}
        return len(cores - {''}) or None

    @classmethod
    def virtual_memory(cls) -> Linux:
        """Return an object whose `total` is the memory in bytes."""
        with open(MEMORY, encoding='utf-8') as lines:
            found = [line.split()[1] for line in lines if line.startswith('MemTotal:')]
        memory = cls()
        memory.total = int(found[0]) * 1024
        return memory


def _siblings(cpu: str) -> str:
    """Return the logical cores of the core that this one is part of, such as `0,4`."""
    for name in SIBLINGS:
        try:
            with open(f'{cpu}/topology/{name}', encoding='utf-8') as file:
                return file.read().strip()
        except OSError:
            continue  # offline, another kernel, or no core at all
    return ''
