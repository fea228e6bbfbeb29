"""What the command takes for each further run of a program, beside hyperfine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from ..lab import US
from ..parties import wall_ns
from ..rows import Goal, Row
from ..slices import tenth_percentiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..lab import Lab

PROGRAM = 'true'  # does nothing: what is left is starting it and waiting for it
FEW, MORE = 10, 110  # runs; the difference is without start-up and record

HYPERFINE = 'hyperfine -N'  # without a shell; a package of Debian


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    hyperfine = shutil.which('hyperfine')
    samplers: dict[tuple[str, int], Callable[[], float]] = {}
    for runs in (FEW, MORE):
        samplers[US, runs] = _microbench(lab, runs)
        if hyperfine:
            samplers[HYPERFINE, runs] = _theirs(hyperfine, runs)
    took = tenth_percentiles(samplers, lab.processes)
    own = _each(took, US)
    yield Row(
        f'microbench -n, each further {PROGRAM}',
        own,
        HYPERFINE,
        _each(took, HYPERFINE) if hyperfine else None,
        Goal(1.15),
        note='' if hyperfine else 'hyperfine is not installed',
    )


def _microbench(lab: Lab, runs: int) -> Callable[[], float]:
    out = str(lab.folder / 'runs.jsonl')
    words = ('-o', out, '-n', str(runs), '--', PROGRAM)
    return lambda: wall_ns(sys.executable, '-m', 'microbench', *words)


def _theirs(hyperfine: str, runs: int) -> Callable[[], float]:
    options = ('-N', '--style', 'none', '--warmup', '0', '--runs', str(runs))
    # It warns of outliers, which the statistics here are made for.
    return lambda: wall_ns(hyperfine, *options, PROGRAM, stderr=subprocess.DEVNULL)


def _each(took: dict[tuple[str, int], float], party: str) -> float:
    return (took[party, MORE] - took[party, FEW]) / (MORE - FEW)
