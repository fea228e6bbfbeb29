"""What each duration and each phase adds to the end of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

MANY, FEW = 1000, 10

# A clock that counts from the last iteration on: what follows is the record's end.
SINCE_THE_LAST = """
last = 0
def since_last():
    return perf_counter_ns() - last

def work():
    global last
    last = perf_counter_ns()
"""

ENTRY = "{'name': 'phase', 'duration': 1.5e-07}"


def _end_of_call(iterations: int) -> Case:
    made = f'bench = MicroBench(outputs=[Null()], iterations={iterations})\n'
    return Case(
        'timed()',
        f'{NULL_SINK}{made}{SINCE_THE_LAST}timed = bench(work)',
        before='last = perf_counter_ns()',
        loops=1,
        clock='since_last',
    )


def _end_of_block(phases: int) -> Case:
    return Case(
        'block.__exit__(None, None, None)',
        f'{NULL_SINK}bench = MicroBench(outputs=[Null()])',
        before='block = bench.record(); block.__enter__()\n'
        f'for _ in range({phases}):\n'
        "    with bench.time('phase'): pass",
        loops=1,
    )


def _dumps(values: str) -> Case:
    return Case('dumps(values)', f'from json import dumps\nvalues = {values}', per=MANY)


CASES = {
    'many durations': _end_of_call(MANY),
    'few durations': _end_of_call(FEW),
    'many phases': _end_of_block(MANY),
    'few phases': _end_of_block(FEW),
    'floats': _dumps(f'[1.5e-07 + i * 1e-09 for i in range({MANY})]'),
    'entries': _dumps(f'[{ENTRY} for _ in range({MANY})]'),
}


def slope(times: dict[str, float], what: str) -> float:
    """Return the cost of one more of them."""
    return (times[f'many {what}'] - times[f'few {what}']) / (MANY - FEW)


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(CASES)
    for name, what, floor in (
        ('encoding, a duration', 'durations', 'floats'),
        ('encoding, a phase', 'phases', 'entries'),
    ):
        yield Row(
            name,
            slope(times[US], what),
            'json.dumps',
            times[US][floor],
            Goal(40, 'gain'),
            peers=others(times, lambda t, what=what: slope(t, what)),  # type: ignore[misc]
        )
