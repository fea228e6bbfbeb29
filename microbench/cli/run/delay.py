"""Read how busy the machine is, and how long a program waited for a CPU.

Linux counts the delay for each thread, in /proc/PID/schedstat (sched-stats.rst). What is
read here is that of the first thread of the program, without other threads and children.
The file is there until the program has been collected.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Child

MOST = 100  # bytes: three numbers of 64 bits


class RunDelay:
    """Reads the delay of each execution, after its end and before it is collected."""

    def started(self, child: Child) -> None:
        """Do nothing."""

    def ended(self, child: Child) -> None:
        """Read the delay; leave it None if the kernel does not count it."""
        if child.is_real and child.status is None:
            child.run_delay = delay_of(child.pid)


def delay_of(pid: int) -> float | None:
    """Return the delay of a process in seconds; None if it is unknown."""
    try:
        number = os.open(f'/proc/{pid}/schedstat', os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # another system, no /proc, or a kernel that does not count it
    try:
        running, waiting, _ = map(int, os.read(number, MOST).split())
    except (OSError, ValueError):
        return None
    finally:
        os.close(number)
    return waiting * 1e-9 if running else None  # all are 0 while the kernel does not count


def load_average() -> float | None:
    """Return how many threads ran or were ready in the last minute; None if unknown."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None
