"""Capture the resources that the code used, as the kernel counts them."""

from __future__ import annotations

import sys

from ..core.capture import USAGE, native, spanning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

resource: Any
try:
    import resource
except ImportError:  # not a POSIX system; the field is missing there
    resource = None


def _is_kernels() -> bool:
    """Return True if the counters are those of getrusage(2), which C reads as well."""
    ask = getattr(resource, 'getrusage', None)
    return resource is sys.modules.get('resource') and type(ask) is type(len)


_native = native(
    USAGE,
    (sys.modules[__name__], 'resource'),
    *([(resource, 'getrusage')] if resource is not None else []),
    usable=_is_kernels,
)

# Counters with a meaningful difference; `maxrss` is a maximum (getrusage(2)).
FIELDS = ('utime', 'stime', 'minflt', 'majflt', 'inblock', 'oublock', 'nvcsw', 'nivcsw')


class MBResourceUsage:
    """CPU time, page faults, I/O and context switches of each iteration.

    Times are in seconds, the rest are counts (getrusage(2)) of the whole process. In the
    command they are those of the child, with its `maxrss` in bytes. The kernel starts
    `maxrss` at the size of the parent; if it is not above that, `maxrss_is_upper_bound` is
    true.

    >>> from microbench import MBResourceUsage, MicroBench
    >>> class Bench(MicroBench, MBResourceUsage):
    ...     pass
    >>> bench = Bench(iterations=3)
    >>> bench(sum)(range(10))
    45
    >>> len(bench.get_results()[0]['resource_usage'])
    3
    """

    cli_name = 'resource-usage'
    cli_fields = ('resource_usage',)
    cli_default = True
    cli_place = 6

    @_native
    @spanning
    def capture_resource_usage(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Prepare `resource_usage`, a list with one object for each iteration.

        With `record_on_exit()` there is one object, up to the end of the process.
        """
        if resource is None:
            return
        bm_data['resource_usage'] = []
        if getattr(bm_data.get('_run'), 'background', False):
            before = resource.getrusage(resource.RUSAGE_SELF)
            yield
            after = resource.getrusage(resource.RUSAGE_SELF)
            bm_data['resource_usage'] = [differences(before, after)]

    @_native
    def pre_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Read the counters of this process before an iteration."""
        forward = getattr(super(), 'pre_run_triggers', None)
        if forward is not None:
            forward(bm_data)
        if resource is not None:
            bm_data['_usage_before'] = resource.getrusage(resource.RUSAGE_SELF)

    @_native
    def post_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Read the counters again, and store the differences."""
        if resource is not None and '_usage_before' in bm_data:
            after = resource.getrusage(resource.RUSAGE_SELF)
            used = differences(bm_data.pop('_usage_before'), after)
            bm_data.setdefault('resource_usage', []).append(used)
        forward = getattr(super(), 'post_run_triggers', None)
        if forward is not None:
            forward(bm_data)

    @_native
    def capturepost_resource_usage(self, bm_data: dict[str, Any]) -> None:
        """In the command, set `resource_usage` to the totals of its children."""
        children = bm_data.get('_children_usage')
        if resource is not None and children is not None:
            known = [usage for usage in children if usage is not None]
            least = least_peak() if known else 0
            bm_data['resource_usage'] = [totals(usage, least) for usage in known]


def differences(before: Any, after: Any) -> dict[str, Any]:
    """Return the differences between two readings of getrusage(2).

    Times are rounded to microseconds, the kernel's unit.
    """
    used = [(f, getattr(after, f'ru_{f}') - getattr(before, f'ru_{f}')) for f in FIELDS]
    return {field: round(value, 6) for field, value in used}


def totals(usage: Any, least: int = 0) -> dict[str, Any]:
    """Return the totals of a finished child, with `maxrss` in bytes.

    Args:
        usage: result of wait4(2).
        least: size in bytes up to which `maxrss` may be that of this process.
    """
    found = {f: round(getattr(usage, f'ru_{f}'), 6) for f in FIELDS}
    found['maxrss'] = peak_size(usage)
    if found['maxrss'] <= least:
        found['maxrss_is_upper_bound'] = True
    return found


def least_peak() -> int:
    """Return the size in bytes up to which the peak of a child may be this process's.

    Linux begins the peak of a process with that of the memory in which it was before
    execve(2) (`setmax_mm_hiwater_rss` in fs/exec.c). After vfork(2), as of posix_spawn(3)
    and subprocess, that is all of the parent's. The kernel counts pages for each
    processor, and adds them up only now and then: hence a margin of an eighth.
    """
    return peak_of_memory() * 9 // 8 if sys.platform == 'linux' else 0


def peak_of_memory() -> int:
    """Return the peak resident size of this process in bytes, since its last execve(2)."""
    try:
        with open('/proc/self/status', 'rb') as file:
            [line] = [line for line in file if line.startswith(b'VmHWM:')]
        return int(line.split()[1]) * 1024
    except (OSError, ValueError):  # no /proc: what it was before execve(2) counts too
        return peak_size(resource.getrusage(resource.RUSAGE_SELF))


def peak_size(usage: Any) -> int:
    """Return the peak resident size of a finished process in bytes; see `least_peak`."""
    unit = 1 if sys.platform == 'darwin' else 1024  # getrusage(2) of each system
    return int(usage.ru_maxrss) * unit
