"""What a sweep adds to the executor alone: `python -m benchmarks.sweeps [ROUNDS]`.

Both make a thousand empty calls, by turns.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from microbench import sweep

CALLS = 1000
WORKERS = 2


def empty(n: int) -> None:
    """Do nothing."""


def alone(_folder: str) -> None:
    """Call it by the executor; nothing is recorded."""
    with ProcessPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(empty, n) for n in range(CALLS)]:
            future.result()


def swept(folder: str) -> None:
    """Call it by a sweep, which writes a record of each call."""
    pool = partial(ProcessPoolExecutor, WORKERS)
    sweep(empty, {'n': range(CALLS)}, pool, output=Path(folder, 'r.jsonl'))


def seconds(function: Callable[[str], None], folder: str) -> float:
    """Return how long a function takes."""
    began = time.perf_counter()
    function(folder)
    return time.perf_counter() - began


def main(rounds: int = 9) -> None:
    """Measure both by turns, and print the medians and their ratio."""
    times: dict[Callable[[str], None], list[float]] = {alone: [], swept: []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for function, taken in times.items():
                taken.append(seconds(function, folder))
    before, after = (median(taken) for taken in times.values())
    print(f'alone {before:.3f} s, swept {after:.3f} s, ratio {after / before:.2f}')


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
