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

HISTOGRAM = ", durations='histogram'"
SAMPLED = 'bench = MicroBench(outputs=[Null()], every=1_000_000)\n'
BY_HAND = """
start = perf_counter()
work()
took = perf_counter() - start
totals[0] += 1
totals[1] += took
totals[2] = min(totals[2], took)
totals[3] = max(totals[3], took)
"""
TWO_CLOCKS = """
perf_counter()
work()
perf_counter()
"""


def _timed(iterations: int, more: str = '') -> Case:
    made = f'bench = MicroBench(outputs=[Null()], iterations={iterations}{more})\n'
    return Case('timed()', f'{NULL_SINK}{made}{WORK}timed = bench(work)')


CASES = {
    'many': _timed(MANY),
    'few': _timed(FEW),
    'many counted': _timed(MANY, HISTOGRAM),
    'few counted': _timed(FEW, HISTOGRAM),
    'sampled': Case('timed()', f'{NULL_SINK}{SAMPLED}{WORK}timed = bench(work)'),
    'by hand': Case(
        BY_HAND, 'totals = [0, 0.0, 1e9, 0.0]\n' + WORK.replace('PLANT', 'pass')
    ),
    'bare': Case('work()', WORK.replace('PLANT', 'pass')),
    'clocks': Case(TWO_CLOCKS, WORK.replace('PLANT', 'pass')),
}


def iteration(times: dict[str, float], kind: str = '') -> float:
    """Return what an iteration takes, encoding and the call included."""
    return (times[f'many{kind}'] - times[f'few{kind}']) / (MANY - FEW)


def added(times: dict[str, float]) -> float:
    """Return what an iteration takes, encoding included, less the bare call."""
    return iteration(times) - times['bare']


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
    yield Row(
        "iteration with durations='histogram'",
        iteration(own, ' counted'),
        'iteration with a list',
        iteration(own),
        Goal(1.2),
    )
    yield Row(
        'call that every=N only counts, added to a call',
        own['sampled'] - own['bare'],
        'the same sums by hand',
        own['by hand'] - own['bare'],
        Goal(0.5),
    )
