"""How well 20 processes agree about a function of about 50 ns, and how long that takes.

    python -m benchmarks.spread PYTHON [--rounds N]

`microbench timeit --processes 20`, 20 processes with `measure`, `pyperf timeit` (20
processes by default) and 20 times `python -m timeit` time the same statement, one after
another, in each round. The table has the medians over the rounds: of the spread of the
medians of the processes (interquartile range over median), of the wall time, and of the
result. PYTHON is an interpreter of this version that has pyperf, and no editable package,
which would slow its start.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .native import ROOT
from .table import aligned, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROCESSES = 20
SETUP, STATEMENT = 'text = "12"', 'int(text)'
MEASURE = """
from microbench import measure
print(measure(int, "12", min_time=0.005, max_time=0.15).median)
"""


class Tools:
    """The tools of one interpreter; each method returns the results of its processes.

    Args:
        python: the interpreter.
    """

    def __init__(self, python: str) -> None:
        self.python = python
        self.environ = {**os.environ, 'PYTHONPATH': str(ROOT)}

    def _output(self, *words: str) -> str:
        command, environ = [self.python, *words], self.environ
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environ
        ).stdout

    def timeit_of_microbench(self) -> list[float]:
        """Return the medians of the processes of one command, in seconds."""
        options = ['--json', '--processes', str(PROCESSES), '-s', SETUP, STATEMENT]
        found = json.loads(self._output('-m', 'microbench', 'timeit', *options))
        return [one['median'] for one in found['processes']]

    def measure_of_microbench(self) -> list[float]:
        """Return the medians of processes that measure the function."""
        return [float(self._output('-c', MEASURE)) for _ in range(PROCESSES)]

    def timeit(self) -> list[float]:
        """Return the best of five of each process, which is what timeit prints."""
        units = {'nsec': 1e-9, 'usec': 1e-6}
        words = ['-m', 'timeit', '-s', SETUP, STATEMENT]
        found = (self._output(*words) for _ in range(PROCESSES))
        pairs = (re.search(r': ([\d.]+) (\w+)', text) for text in found)
        return [float(pair[1]) * units[pair[2]] for pair in pairs if pair]

    def pyperf(self) -> list[float]:
        """Return the medians of the processes of one command."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'found.json')
            self._output('-m', 'pyperf', 'timeit', '-o', str(path), '-s', SETUP, STATEMENT)
            found = json.loads(path.read_text(encoding='utf-8'))
        runs = found['benchmarks'][0]['runs']
        return [statistics.median(run['values']) for run in runs if 'values' in run]


def spread(values: Sequence[float]) -> float:
    """Return the interquartile range as a share of the median.

    >>> spread([1.0, 2.0, 3.0, 4.0, 5.0])
    0.6666666666666666
    """
    low, middle, high = statistics.quantiles(sorted(values), n=4, method='inclusive')
    return (high - low) / middle


def row(title: str, rounds: Sequence[tuple[list[float], float]]) -> tuple[str, ...]:
    """Return a row of the table: for each round, medians of processes, and wall time."""
    medians = [statistics.median(values) for values, _ in rounds]
    spreads = [spread(values) for values, _ in rounds]
    walls = [wall for _, wall in rounds]
    return (
        title,
        f'{statistics.median(medians) * 1e9:.1f} ns',
        f'{statistics.median(spreads):.1%}',
        f'{statistics.median(walls):.1f} s',
    )


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.spread', description=__doc__
    )
    parser.add_argument('python', help='an interpreter with pyperf')
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    tools = Tools(options.python)
    ways: dict[str, Callable[[], list[float]]] = {
        'microbench timeit --processes 20': tools.timeit_of_microbench,
        'measure() in 20 processes': tools.measure_of_microbench,
        'python -m timeit, 20 times': tools.timeit,
        'pyperf timeit': tools.pyperf,
    }
    found: dict[str, list[tuple[list[float], float]]] = {title: [] for title in ways}
    for _ in range(options.rounds):
        for title, tool in ways.items():
            begin = time.perf_counter()
            values = tool()
            found[title].append((values, time.perf_counter() - begin))
    for name, value in surroundings().items():
        print(f'{name:8} {value}')
    rows = [row(title, rounds) for title, rounds in found.items()]
    print('', *aligned([('tool', 'median', 'spread', 'wall time'), *rows]), sep='\n')


if __name__ == '__main__':
    main()
