"""Run each way of recording for callgrind: `benchmarks.instructions` starts this.

callgrind writes what it has counted at each call of getppid(2). So the n-th part that it
writes, from the second on, holds CALLS calls of one way or what came between two of them.
"""

from __future__ import annotations

import gc
import os
import tempfile
from typing import TYPE_CHECKING

from microbench import MBFunctionCall, MBWorkingDir, MicroBenchBase, NullOutput

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = 1000  # of each way


class WithMixins(MicroBenchBase, MBFunctionCall, MBWorkingDir):
    """A bench that captures two things for each record."""


def decorated(bench: MicroBenchBase) -> Callable[[int], None]:
    """Return a loop over calls of a decorated function."""

    @bench
    def work() -> None:
        pass

    def loop(count: int) -> None:
        for _ in range(count):
            work()

    return loop


def iterated(bench: MicroBenchBase) -> Callable[[int], None]:
    """Return a loop over the iterations of one record."""

    @bench
    def work() -> None:
        pass

    def loop(count: int) -> None:
        bench.iterations = count
        work()

    return loop


def blocks(bench: MicroBenchBase) -> Callable[[int], None]:
    """Return a loop over blocks."""

    def loop(count: int) -> None:
        for _ in range(count):
            with bench.record('block'):
                pass

    return loop


def phases(bench: MicroBenchBase) -> Callable[[int], None]:
    """Return a loop over the phases of one block."""

    def loop(count: int) -> None:
        with bench.record('block'):
            for _ in range(count):
                with bench.time('phase'):
                    pass

    return loop


def phases_outside(bench: MicroBenchBase) -> Callable[[int], None]:
    """Return a loop over phases that no record is open for."""

    def loop(count: int) -> None:
        for _ in range(count):
            with bench.time('phase'):
                pass

    return loop


def ways(folder: str) -> dict[str, Callable[[int], None]]:
    """Return a loop for each way, by its name."""
    null = MicroBenchBase(outputs=[NullOutput()])
    return {
        '@bench, NullOutput': decorated(null),
        '@bench, file': decorated(MicroBenchBase(outfile=f'{folder}/results')),
        '@bench, memory': decorated(MicroBenchBase()),
        '@bench, two mixins': decorated(WithMixins(outputs=[NullOutput()])),
        'an iteration': iterated(MicroBenchBase(outputs=[NullOutput()])),
        'a block': blocks(null),
        'a phase': phases(null),
        'a phase outside': phases_outside(null),
    }


def main() -> None:
    """Run each way: first a few times, then between two calls of getppid()."""
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        for loop in ways(folder).values():
            loop(20)
            os.getppid()
            loop(CALLS)
            os.getppid()


if __name__ == '__main__':
    main()
