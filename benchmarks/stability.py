"""What MBStability adds to a record: before the code and after it, never within.

    python -m benchmarks.stability [--rounds N]

Blocks of a bench with the mixin and of one without it take turns. The 10th percentile is
that of undisturbed ones; the median has what else ran on the machine in it.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from microbench import MBStability, MicroBench, NullOutput

from .slices import percentile
from .table import aligned, surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ROUNDS, WARM_UP = 500, 20
PLACES = ('before', 'after')


class WithStability(MicroBench, MBStability):
    """A bench with the mixin."""


def _block(bench: MicroBench) -> tuple[int, int]:
    """Return the nanoseconds that entering and leaving a block take."""
    clock = time.perf_counter_ns
    begun = clock()
    with bench.record():
        entered = clock()
        left = clock()
    return entered - begun, clock() - left


def costs(rounds: int) -> dict[str, tuple[float, float]]:
    """Return what the mixin adds before the code and after it: percentiles, in µs."""
    benches = [cls(outputs=[NullOutput()]) for cls in (WithStability, MicroBench)]
    taken: list[list[tuple[int, int]]] = [[], []]
    for number in range(WARM_UP + rounds):
        for bench, rows in zip(benches, taken, strict=True):
            row = _block(bench)
            if number >= WARM_UP:
                rows.append(row)
    found = {}
    for place, name in enumerate(PLACES):
        both = [sorted(float(row[place]) for row in rows) for rows in taken]
        low, middle = (
            (percentile(both[0], n) - percentile(both[1], n)) / 1000 for n in (10, 50)
        )
        found[name] = low, middle
    return found


def as_text(about: Mapping[str, Any], found: Mapping[str, tuple[float, float]]) -> str:
    """Return the table."""
    lines = [f'{name:8} {value}' for name, value in about.items()]
    rows: list[tuple[str, ...]] = [('the code', '10th percentile', 'median')]
    rows += [(place, *(f'{us:.0f} µs' for us in both)) for place, both in found.items()]
    return '\n'.join([*lines, '', *aligned(rows)]) + '\n'


def main() -> int:
    """Measure, print the table, and return the status."""
    words = 'python -m benchmarks.stability'
    parser = argparse.ArgumentParser(prog=words, description=__doc__)
    parser.add_argument('--rounds', type=int, default=ROUNDS, help='default: 500')
    sys.stdout.write(as_text(surroundings(), costs(parser.parse_args().rounds)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
