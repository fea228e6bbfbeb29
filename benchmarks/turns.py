"""Compare two commands under a drifting load: by turns, and one after the other.

    python -m benchmarks.turns            by simulation, with the stopping rule
    python -m benchmarks.turns --real     once, with real programs and hyperfine

The load makes everything slower and faster again, by a random walk of 20 % in a minute.
One command takes 3 % longer than the other. hyperfine measures one after the other. Its
answer is right if the mean of the slower one is larger; how often that is, for growing
numbers of runs, stands beside how often `microbench compare` has the right verdict, and the
time of both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from math import exp
from pathlib import Path
from random import Random
from statistics import mean
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from microbench.analysis.words import MARGIN, SLOWER
from microbench.cli.commands.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS, SLOWER_BY, NOISE = 0.1, 0.03, 0.02
WALK = 0.2 / 60**0.5  # standard deviation of the load after a second
TRIALS = 200
RUNS = (10, 20, 40, 80, 160, 320, 640)  # of each call of hyperfine
MAX_TIME = 300.0


class Machine:
    """A machine whose load drifts, with a clock of its own.

    Args:
        seed: of the random numbers.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = self.load = 0.0

    def clock(self) -> float:
        """Return its time."""
        return self.now

    def run(self, seconds: float) -> float:
        """Return how long a program takes that takes so long without load."""
        self.load += self.random.gauss(0, WALK * seconds**0.5)
        taken: float = seconds * exp(self.load + self.random.gauss(0, NOISE))
        self.now += taken
        return taken


class Command:
    """A command of a simulated machine."""

    def __init__(self) -> None:
        self.rounds: dict[int, float] = {}


class Found(NamedTuple):
    """The end of one comparison."""

    verdict: str | None
    seconds: float
    runs: int


def by_turns(seed: int, slower_by: float) -> Found:
    """Compare by turns, as the command does."""
    machine, commands = Machine(seed), [Command(), Command()]
    turns = Turns(
        commands,  # type: ignore[arg-type]
        MAX_TIME,
        margin=MARGIN,
        clock=machine.clock,
        random=machine.random,
    )
    for number, variant in turns:
        place = turns.variants.index(variant)
        variant.rounds[number] = machine.run(SECONDS * (1 + slower_by * place))
    turns.finish()
    return Found(turns.looks[1].verdict, machine.now, len(commands[0].rounds))


def one_after_the_other(seed: int, runs: int) -> tuple[bool, float]:
    """Return whether two means say which command is slower, and the time they took."""
    machine = Machine(seed)
    base = mean(machine.run(SECONDS) for _ in range(runs))
    new = mean(machine.run(SECONDS * (1 + SLOWER_BY)) for _ in range(runs))
    return new > base, machine.now


def simulated(trials: int = TRIALS) -> Iterator[str]:
    """Yield the lines of the report."""
    found = [by_turns(seed, SLOWER_BY) for seed in range(trials)]
    right = mean(one.verdict == SLOWER for one in found)
    seconds = mean(one.seconds for one in found)
    yield f'microbench compare: right {right:.1%}, {seconds:.1f} s on average'
    equal = [by_turns(seed, 0.0) for seed in range(trials)]
    alarms = mean(one.verdict in ('slower', 'faster') for one in equal)
    seconds = mean(one.seconds for one in equal)
    yield f'  of equal commands: {alarms:.1%} false alarms, {seconds:.1f} s on average'
    for runs in RUNS:
        calls = [one_after_the_other(seed, runs) for seed in range(trials)]
        right, seconds = (mean(values) for values in zip(*calls, strict=True))
        yield f'two hyperfine, {runs} runs: right {right:.1%}, {seconds:.1f} s on average'


# --- with real programs -------------------------------------------------------------------

LOOP = 'for _ in range({}): pass'
LOAD = """
import random, time
level, end = 0.1, time.monotonic() + {}
while time.monotonic() < end:
    level = min(max(level + random.gauss(0, 0.002), 0), 0.3)
    until = time.monotonic() + 0.005 * level
    while time.monotonic() < until: pass
    time.sleep(0.005 * (1 - level))
"""


def real(runs: int = 40, loops: int = 1_000_000) -> Iterator[str]:
    """Yield what both say about real programs beside a load that drifts, on one CPU."""
    os.sched_setaffinity(0, {0})
    commands = [
        [sys.executable, '-S', '-E', '-c', LOOP.format(int(count))]
        for count in (loops, loops * 1.05)
    ]
    with subprocess.Popen([sys.executable, '-c', LOAD.format(600)]) as load:
        try:
            yield _timed('microbench', lambda: _microbench(commands))
            yield _timed('two hyperfine', lambda: _hyperfine(commands, runs))
        finally:
            load.kill()


def _timed(title: str, work: Callable[[], str]) -> str:
    began = monotonic()
    text = work()
    return f'{title}: {text}, {monotonic() - began:.1f} s'


def _microbench(commands: list[list[str]]) -> str:
    words = [sys.executable, '-m', 'microbench', 'compare', '--json', '--']
    done = subprocess.run(
        [*words, *commands[0], '---', *commands[1]], stdout=subprocess.PIPE, check=True
    )
    row = json.loads(done.stdout.splitlines()[1])
    bounds = f'{row["low"]:.3f} to {row["high"]:.3f}'
    return f'× {row["ratio"]:.3f}, {bounds}, {row["verdict"]}, {row["runs"]} runs'


def _hyperfine(commands: list[list[str]], runs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'out.json')
        found = []
        for command in commands:
            line = f'{" ".join(command[:-1])} "{command[-1]}"'
            words = ['hyperfine', '-N', '-r', str(runs), '--export-json', str(path), line]
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
            found.append(json.loads(path.read_text())['results'][0])
    one, other = found
    ratio = other['mean'] / one['mean']
    error = ratio * sum((side['stddev'] / side['mean']) ** 2 for side in found) ** 0.5
    return f'× {ratio:.3f} ± {error:.3f}'


if __name__ == '__main__':
    for line in real() if '--real' in sys.argv[1:] else simulated():
        print(line, flush=True)
