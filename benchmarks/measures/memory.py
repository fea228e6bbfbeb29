"""Memory that an iteration and a phase take while the record is open.

tracemalloc does not see what C allocates, so the kernel is asked: the peak of the resident
memory (VmHWM) of a fresh process in the middle of its record, once with many and once with
few; their difference is shared out. Without /proc there are no such rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import PREDECESSOR, Goal, Row
from .sources import NULL_SINK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

MANY, FEW = 500_000, 50_000
STATUS = Path('/proc/self/status')

PEAK = f"""
def peak():
    with open({str(STATUS)!r}) as lines:
        return [int(line.split()[1]) * 1024 for line in lines if 'VmHWM' in line][0]
"""


def _iterations(count: int) -> str:
    return f"""
{NULL_SINK}{PEAK}
left = {count}
def work():
    global left
    left -= 1
    if not left:
        print(peak())
MicroBench(outputs=[Null()], iterations={count})(work)()
"""


def _phases(count: int) -> str:
    return f"""
{NULL_SINK}{PEAK}
bench = MicroBench(outputs=[Null()])
with bench.record():
    for _ in range({count}):
        with bench.time('phase'):
            pass
    print(peak())
"""


CODES = {
    'many iterations': _iterations(MANY),
    'few iterations': _iterations(FEW),
    'many phases': _phases(MANY),
    'few phases': _phases(FEW),
}


def each(peaks: dict[str, float], what: str) -> float:
    """Return the bytes of one of them."""
    return (peaks[f'many {what}'] - peaks[f'few {what}']) / (MANY - FEW)


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    if not STATUS.exists():
        return
    peaks = lab.fresh({US: CODES, PREDECESSOR: CODES}, rounds=min(3, lab.processes))
    for name, what, limit in (
        ('memory, an iteration', 'iterations', 24),
        ('memory, a phase', 'phases', 64),
    ):
        yield Row(
            name,
            each(peaks[US], what),
            goal=Goal(limit, 'value'),
            unit='B',
            peers=others(peaks, lambda p, what=what: each(p, what)),  # type: ignore[misc]
        )
