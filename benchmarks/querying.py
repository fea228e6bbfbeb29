"""Questions about many records, and frames of them, beside what other readers take.

    python -m benchmarks.querying [--folder DIR] [--records N] [--rounds N]

It needs DuckDB, pandas, Polars and PyArrow. All figures are processor time, since other
programs may use the machine: the 10th percentile of rounds in which all take turns.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pandas as pd
import polars as pl

from microbench import FileOutput, query, read

from .slices import tenth_percentiles
from .table import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 20
OF_FRAMES = 20_000  # records: a frame of pandas takes long
QUESTION = (
    'SELECT host.hostname, phase, median(duration) FROM phases GROUP BY ALL ORDER BY ALL'
)
SEVERAL = 'SELECT call.name, median(median), max(p95) FROM runs GROUP BY ALL'
JOINED = (
    'SELECT phase, sum(duration) / sum(total) FROM phases JOIN runs USING (record) '
    'GROUP BY ALL ORDER BY ALL'
)
SAMPLE = Path(__file__).parents[1] / 'docs' / 'samples' / 'steps.jsonl'
SIZE = 1174  # bytes of a record


def make(folder: Path, records: int, durations: int = 1) -> None:
    """Write files of records with two phases, and so many durations."""
    with SAMPLE.open() as file:
        record = json.loads(next(file))
    call, rng = record['call'], random.Random(1)
    del call['timings'][2:]
    record['note'] = ''
    for number in range(records):
        record['mb']['record_id'] = f'a6007bd9d4dcd452-{number:016x}'
        file_number = number * FILES // records
        record['host']['hostname'] = f'node{file_number:02d}'
        call['durations'] = [round(rng.random(), 9) for _ in range(durations)]
        for timing in call['timings']:
            timing['duration'] = round(rng.random() / 100, 9)
        text = json.dumps(record, separators=(',', ':'))
        if not number:
            record['note'] = 'x' * max(0, SIZE - len(text) - 1)
            text = json.dumps(record, separators=(',', ':'))
        with (folder / f'{file_number:02d}.jsonl').open('a') as out:
            out.write(text + '\n')


def cpu(work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that returns the seconds of the processor that the work takes."""

    def timed() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return timed


def show(title: str, works: dict[str, Callable[[], object]], rounds: int) -> None:
    """Print what each takes, and how it compares with the first."""
    found = tenth_percentiles({name: cpu(work) for name, work in works.items()}, rounds)
    first = next(iter(found.values()))
    for name, seconds in found.items():
        print(f'{title}: {name} {seconds:.2f} s ({seconds / first:.2f} ×)', flush=True)


def bare(folder: Path) -> int:
    """Count records as the shortest program would: split into lines, and parse each."""
    count = 0
    for path in sorted(folder.iterdir()):
        with path.open('rb') as file:
            count += sum(1 for _ in map(orjson.loads, file))
    return count


def questions(folder: Path, parquet: Path, rounds: int) -> None:
    """Ask of the files, and of the table of phases in Parquet."""
    query('FROM phases', folder, format='arrow')
    saved = query('FROM phases', folder, format='polars')
    saved.write_parquet(parquet)
    works: dict[str, Callable[[], object]] = {
        'read and orjson.loads': partial(bare, folder),
        'microbench.read': lambda: sum(1 for _ in read(folder)),
        'median by host and phase': partial(query, QUESTION, folder),
        'the same of Parquet': partial(query, QUESTION, parquet),
        'statistics of runs': partial(query, SEVERAL, folder),
        'two tables': partial(query, JOINED, folder),
    }
    show('questions', works, rounds)


def frames(path: Path, rounds: int) -> None:
    """Make frames of one file."""
    out = FileOutput(path)
    works: dict[str, Callable[[], object]] = {
        'polars.read_ndjson': partial(pl.read_ndjson, path),
        'pandas.read_json': partial(pd.read_json, path, lines=True),
        "get_results('arrow')": partial(out.get_results, 'arrow'),
        "get_results('polars')": partial(out.get_results, 'polars'),
        "get_results('df', shape='runs')": partial(out.get_results, 'df', shape='runs'),
        "get_results('df')": partial(out.get_results, 'df'),
    }
    show(f'frames of {OF_FRAMES:,} records', works, rounds)


def main() -> None:
    """Measure in a folder that is removed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--folder', help='directory for the files; default: TMPDIR')
    parser.add_argument('--records', type=int, default=1_000_000)
    parser.add_argument('--rounds', type=int, default=5)
    asked = parser.parse_args()
    print(surroundings())
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        for kind, count, durations in (
            ('one', asked.records, 1),
            ('several', asked.records // 10, 10),
            ('frames', OF_FRAMES, 1),
        ):
            (folder / kind).mkdir()
            make(folder / kind, count, durations)
        questions(folder / 'one', folder / 'phases.parquet', asked.rounds)
        several = folder / 'several'
        works = {'statistics of ten durations': partial(query, SEVERAL, several)}
        show(f'questions about {asked.records // 10:,} records', dict(works), asked.rounds)
        whole = folder / 'all.jsonl'
        parts = sorted((folder / 'frames').iterdir())
        whole.write_bytes(b''.join(part.read_bytes() for part in parts))
        frames(whole, asked.rounds)


if __name__ == '__main__':
    main()
