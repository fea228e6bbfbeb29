"""Events that perf_event_open(2) counts, and why one cannot be counted."""

from __future__ import annotations

import errno
import os

from ..spelling import any_of, near
from .processor import virtual_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HARDWARE, SOFTWARE = 0, 1  # perf_event_attr.type

# Names in records, and the numbers of linux/perf_event.h. Others of the kernel's software
# events happen in its own code, which is not counted: they would be 0.
EVENTS = {
    'instructions': (HARDWARE, 1),
    'cycles': (HARDWARE, 0),
    'cache_references': (HARDWARE, 2),
    'cache_misses': (HARDWARE, 3),
    'branches': (HARDWARE, 4),
    'branch_misses': (HARDWARE, 5),
    'ref_cycles': (HARDWARE, 9),
    'task_clock': (SOFTWARE, 1),
    'page_faults': (SOFTWARE, 2),
    'minor_faults': (SOFTWARE, 5),
    'major_faults': (SOFTWARE, 6),
}
DEFAULT = tuple(EVENTS)[:6]

PARANOID = '/proc/sys/kernel/perf_event_paranoid'
ENOUGH = 2  # the highest value with which a user may count their own code

NOT_COUNTED = (
    'other groups of events had the counters of the processor all the time: '
    'choose fewer counter_events, or end other profilers'
)


def known_event(word: str) -> str:
    """Return the name of an event, also from perf's `cache-misses`.

    Raises:
        ValueError: there is no such event.
    """
    name = word.strip().replace('-', '_')
    if name in EVENTS:
        return name
    found = near(name, list(EVENTS))
    first = f'did you mean {any_of(found)}? ' if found else ''
    several = f'{first}type one of {", ".join(EVENTS)}'
    raise ValueError(f'{word!r} is not the name of an event: {several}')


def chosen(events: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of events, each once.

    Raises:
        ValueError: one is unknown, or there are none.
    """
    words = events.replace(',', ' ').split() if isinstance(events, str) else events
    names = tuple(dict.fromkeys(map(known_event, words)))
    if not names:
        raise ValueError('counter_events names no event')
    return names


def why_not(name: str, error: int) -> str:
    """Return why an event is not counted, and the remedy.

    Args:
        name: of the event.
        error: errno of perf_event_open(2).
    """
    if error in (errno.EACCES, errno.EPERM):
        return _forbidden()
    if error in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return _missing(name)
    if error == errno.ENOSYS:
        return 'this kernel has no perf_event_open(2)'
    if error == errno.EINVAL:
        return f'{name} does not fit beside the others: choose fewer counter_events'
    if error == errno.ECHILD:
        return 'the process was forked during the run: the counters are those of its parent'
    if error == errno.EBADF:
        return 'the program closed the descriptor of the counters'
    return os.strerror(error)


def _forbidden() -> str:
    try:
        with open(PARANOID, encoding='ascii') as file:
            level = int(file.read())
    except (OSError, ValueError):
        level = ENOUGH
    if level > ENOUGH:
        remedy = f'sysctl kernel.perf_event_paranoid={ENOUGH}'
        return f'kernel.perf_event_paranoid is {level}: {remedy} permits it'
    return (
        'perf_event_open(2) is forbidden, as the seccomp profile of a container does: '
        'add the capability PERFMON, or a profile that allows it'
    )


def _missing(name: str) -> str:
    try:
        machine = virtual_machine()
    except OSError:
        machine = {}
    if machine:
        return 'this virtual machine has no PMU: its host would have to pass one on'
    return f'the PMU of this processor, or its driver, has no {name}'
