"""A program in four processes, of which one is disturbed; they are in ranks.jsonl.

    python -m examples.ranks

runs them one after the other, each with the rank that a launcher of MPI would give it.
Beside the one of rank 2 run two other programs, on the same processor.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise

from microbench import MBResourceUsage, MicroBench

RANKS = 4
DISTURBED = 2


class Bench(MicroBench, MBResourceUsage):
    """What a record holds beside durations: what was used of the processor."""


def work():
    """Do the work of one process: three records of two phases."""
    bench = Bench('ranks.jsonl')
    for _ in range(3):
        with bench.record('simulate'):
            with bench.time('read'):
                grid = [float(n % 97) for n in range(60_000)]
            with bench.time('solve'):
                for _ in range(20):
                    grid = [0.5 * (a + b) for a, b in pairwise([*grid, 0.0])]


def disturbance():
    """Return a process that competes for the processor until it is killed."""
    return subprocess.Popen([sys.executable, '-c', 'while True: pass'])


def launch(rank):
    """Run the process of one rank."""
    given = {'OMPI_COMM_WORLD_RANK': str(rank), 'OMPI_COMM_WORLD_SIZE': str(RANKS)}
    with ExitStack() as ending:
        for _ in range(2 * (rank == DISTURBED)):
            ending.callback(ending.enter_context(disturbance()).kill)
        program = [sys.executable, '-m', 'examples.ranks', 'work']
        subprocess.run(program, env={**os.environ, **given}, check=True)


def main():
    """Run all processes on one processor."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for rank in range(RANKS):
        launch(rank)


if __name__ == '__main__':
    work() if 'work' in sys.argv else main()
