"""Runs one statement again and again in slices, here or at the other end of a pipe.

As a program this file is the peers' side: it reads requests from standard input, one JSON
array a line, `["prepare", name, {...}]` or `["slice", name]`, and answers each with one
line. It needs nothing but the standard library, so that the environment of the peers need
not know this package.
"""

from __future__ import annotations

import json
import sys
import time
import timeit
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

SLICE_NS = 100_000
MOST_LOOPS = 1 << 20
TRIALS = 5


@dataclass(frozen=True)
class Case:
    """A statement to be timed, as source: so that it also runs in another interpreter.

    Args:
        statement: what is timed. The word PLANT stands for `pass`, or for the delay.
        setup: run once.
        before: run before each slice, untimed.
        after: run after each slice, untimed.
        per: how many operations one run of the statement does.
        loops: runs in a slice; 0 for as many as fill it.
        clock: name of the clock in nanoseconds, which `setup` may define.
    """

    statement: str
    setup: str = ''
    before: str = ''
    after: str = ''
    per: int = 1
    loops: int = 0
    clock: str = 'perf_counter_ns'


EMPTY = Case('pass')


class Prepared:
    """A case whose setup has run.

    Args:
        case: what to run.
        names: further names for its sources.
        clock: the nanosecond clock, unless the case brings one.
    """

    def __init__(
        self,
        case: Case,
        names: dict[str, Any] | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.case = case
        self.names: dict[str, Any] = {
            'perf_counter': time.perf_counter,
            'perf_counter_ns': clock,
            **(names or {}),
        }
        exec(case.setup, self.names)
        self._before = compile(case.before, '<before>', 'exec')
        self._after = compile(case.after, '<after>', 'exec')
        timer: Any = self.names[case.clock]
        self._timer = timeit.Timer(case.statement, timer=timer, globals=self.names)
        self.loops = case.loops or self._loops_of_a_slice()

    def elapsed_ns(self, loops: int) -> float:
        """Return what one slice of so many loops takes."""
        exec(self._before, self.names)
        elapsed = self._timer.timeit(loops)
        exec(self._after, self.names)
        return elapsed

    def _loops_of_a_slice(self) -> int:
        """Return how many fill a slice, by the quickest of a few: first ones are slow."""
        loops = 1
        while loops < MOST_LOOPS and self._quickest_ns(loops) < SLICE_NS / 2:
            loops *= 2
        return loops

    def _quickest_ns(self, loops: int) -> float:
        return min(self.elapsed_ns(loops) for _ in range(TRIALS))

    def sample(self) -> float:
        """Return the nanoseconds of one loop, from one slice."""
        return self.elapsed_ns(self.loops) / self.loops


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer requests until there are no more."""
    prepared: dict[str, Prepared] = {}
    for line in requests:
        kind, name, *case = json.loads(line)
        try:
            if kind == 'prepare':
                prepared[name] = Prepared(Case(**case[0]))
                answer: Any = {'ok': True}
            else:
                answer = {'ns': prepared[name].sample()}
        except Exception as error:
            answer = {'error': f'{type(error).__name__}: {error}'}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == '__main__':
    channel, sys.stdout = sys.stdout, sys.stderr  # what a peer prints is no answer
    serve(sys.stdin, channel)
