"""Eight threads that call one function into one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK, WORK, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

THREADS, CALLS = 8, 100

TEAM = f"""
import threading

def repeatedly(times):
    for _ in range(times):
        work()

def together():
    team = [threading.Thread(target=repeatedly, args=({CALLS},)) for _ in range({THREADS})]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
"""


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    setup = path_of(lab.folder, 'threads') + NULL_SINK
    setup += f'bench = MicroBench(outfile=path)\n{WORK}work = bench(work)\n{TEAM}'
    whole = THREADS * CALLS
    cases = {
        'eight': Case('together()', setup, per=whole, loops=1),
        'one': Case(f'repeatedly({whole})', setup, per=whole, loops=1),
    }
    times = lab.time(cases, lab.processes)  # these slices are long: as few as processes
    yield Row(
        '8 threads, one file, a record',
        times[US]['eight'],
        'one thread',
        times[US]['one'],
        Goal(25, 'gain'),
        peers=others(times, lambda t: t['eight']),
    )
