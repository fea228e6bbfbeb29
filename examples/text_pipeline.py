"""Which words does Python's own source code use most? And where does the time go?

    python -m examples.text_pipeline [DIRECTORY]

The pipeline reads the modules of the standard library, cuts them into words, counts the
words and writes a table. It runs in three ways, and each leaves a record in
DIRECTORY/records.jsonl. Without DIRECTORY, a temporary one is used and removed.
"""

import asyncio
import re
import sys
import sysconfig
from collections import Counter
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from microbench import MBHostInfo, MBResourceUsage, MicroBench


class Bench(MicroBench, MBHostInfo, MBResourceUsage):
    """What a record holds beside durations: Python, the machine, and what was used."""


class Totals(NamedTuple):
    """What the pipeline has seen."""

    files: int
    lines: int
    words: int


# --- the steps of the pipeline: they know nothing of microbench -----------------------


def standard_library():
    """Return the modules of the standard library; its packages are left out."""
    modules = Path(sysconfig.get_path('stdlib')).glob('*.py')
    return sorted(path for path in modules if path.is_file())  # some are links to nowhere


def read(path):
    """Return the lines of a source file."""
    with path.open(encoding='utf-8') as file:
        return list(file)


def tokenise(lines):
    """Return the words in some lines."""
    return list(chain.from_iterable(map(re.compile(r'\w+').findall, lines)))


def write(counts, path):
    """Write one line for each word, the most frequent first."""
    rows = (f'{number}\t{word}\n' for word, number in counts.most_common())
    path.write_text(''.join(rows), encoding='utf-8')


# --- the pipeline, recorded -----------------------------------------------------------


def run(paths, directory):
    """Run the pipeline in three ways; return the totals, which are the same for all."""
    records = directory / 'records.jsonl'
    bench = Bench(records, example='text pipeline')
    repeating = Bench(records, example='text pipeline', iterations=5, warmup=1)

    @bench
    def pipeline():
        with bench.time('read'):
            files = [read(path) for path in paths]
        return finish(files)

    @bench
    async def pipeline_in_threads():
        with bench.time('read'):
            files = await asyncio.gather(*(asyncio.to_thread(read, p) for p in paths))
        return finish(files)

    @repeating
    def tokenise_again(files):
        return [tokenise(lines) for lines in files]

    def finish(files):
        with bench.time('tokenise'):
            words = [tokenise(lines) for lines in files]
        with bench.time('count'):
            counts = Counter(chain.from_iterable(words))
        with bench.time('write'):
            write(counts, directory / 'words.tsv')
        return Totals(len(files), sum(map(len, files)), counts.total())

    tokenise_again([read(path) for path in paths])
    asyncio.run(pipeline_in_threads())
    return pipeline()


def main(directory):
    """Run everything, and say what was found."""
    directory.mkdir(parents=True, exist_ok=True)
    totals = run(standard_library(), directory)
    print(f'{totals.files} files, {totals.lines} lines, {totals.words} words')
    for record in Bench(directory / 'records.jsonl').get_results():
        call = record['call']
        print(f'{min(call["durations"]):.3f} s  {call["name"]}')


if __name__ == '__main__':
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as temporary:
            main(Path(temporary))
