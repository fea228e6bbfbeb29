"""A phase: `with bench.time(name)`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

BY_HAND = """
begin = time.perf_counter()
pass
durations.append(time.perf_counter() - begin)
"""
BARE = BY_HAND.replace('time.', '')

# Before CPython 3.14 a `with` statement makes two bound methods, which is most of what an
# empty one takes; without them, it takes less than two readings of the clock.
BINDS = sys.version_info < (3, 14)

TWO_CLOCKS = 1.0 if BINDS else 1.15

BENCH = f'{NULL_SINK}bench = MicroBench(outputs=[Null()])\n'

IN_A_RECORD = Case(
    "with bench.time('phase'): PLANT",
    BENCH,
    before="block = bench.record('phases'); block.__enter__()",
    after='block.__exit__(None, None, None)',
)

CASES = {
    'phase': IN_A_RECORD,
    'outside': Case("with bench.time('phase'): PLANT", BENCH),
    'floor': Case("with floor.time('phase'): pass"),
    'two clocks': Case("with floor.clock('phase'): pass"),
    'by hand': Case(BY_HAND, 'import time', before='durations = []'),
    'bare': Case(BARE, 'from time import perf_counter', before='durations = []'),
}


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(CASES)
    own = times[US]
    phases = others(times, lambda t: t['phase'])
    yield Row(
        'with bench.time() in a record',
        own['phase'],
        'empty with in C',
        own['floor'],
        Goal(0.9 if BINDS else 1.3),
        peers=phases,
    )
    yield Row(
        '  the same',
        own['phase'],
        'with in C, two clock readings',
        own['two clocks'],
        Goal(TWO_CLOCKS),
        peers=phases,
    )
    yield Row(
        '  the same',
        own['phase'],
        'time.perf_counter pair, append',
        own['by hand'],
        Goal(0.6 if BINDS else 0.75),
        peers=phases,
    )
    yield Row(
        '  the same', own['phase'], 'the pair without "time."', own['bare'], peers=phases
    )
    yield Row(
        '  outside a record',
        own['outside'],
        'empty with in C',
        own['floor'],
        Goal(0.5 if BINDS else 1.0),
        peers=others(times, lambda t: t['outside']),
    )
