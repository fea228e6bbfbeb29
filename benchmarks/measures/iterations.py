"""What `iterations=N` adds to each call of the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK, WORK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

MANY, FEW = 1010, 10

TWO_CLOCKS = """
perf_counter()
work()
perf_counter()
"""


def _timed(iterations: int) -> Case:
    made = f'bench = MicroBench(outputs=[Null()], iterations={iterations})\n'
    return Case('timed()', f'{NULL_SINK}{made}{WORK}timed = bench(work)')


CASES = {
    'many': _timed(MANY),
    'few': _timed(FEW),
    'bare': Case('work()', WORK.replace('PLANT', 'pass')),
    'clocks': Case(TWO_CLOCKS, WORK.replace('PLANT', 'pass')),
}


def added(times: dict[str, float]) -> float:
    """Return what an iteration takes, encoding included, less the bare call."""
    return (times['many'] - times['few']) / (MANY - FEW) - times['bare']


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(CASES)
    own = times[US]
    yield Row(
        'iterations=N, added to a call',
        added(own),
        'two perf_counter()',
        own['clocks'] - own['bare'],
        Goal(0.35),
        peers=others(times, added),
    )
