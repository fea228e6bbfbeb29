"""What microbench and other tools answer to the same four questions, in the same minutes.

    python -m benchmarks.answers PYTHON

PYTHON is an interpreter of this version with the extra `analysis`, pytest, pyperf and
pytest-benchmark; hyperfine is on the path. For each question and tool it prints the
commands, what the last one says, and the wall time of all. The new version does 5 % more
work than the old one, and so does the second of two commands.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .native import ROOT
from .table import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OLD, NEW = 20_000, 21_000  # numbers to add

FILES = {
    'work.py': """
import os
N = int(os.environ.get('N', 0))
def work(n=N):
    return sum(i * i for i in range(n))
""",
    'record.py': """
import sys
from microbench import MicroBench
from work import work
bench = MicroBench(sys.argv[1])
timed = bench(work)
for _ in range(200):
    timed()
""",
    'program.py': """
import sys
from work import work
work(50 * int(sys.argv[1]))
""",
    'test_fixture.py': """
from work import work
def test_work(microbench):
    microbench(work)
""",
    'test_benchmark.py': """
from work import work
def test_work(benchmark):
    benchmark(work)
""",
}

A, B = f'python program.py {OLD}', f'python program.py {NEW}'
OF_OLD, OF_NEW = f'N={OLD}', f'N={NEW}'
SETUP = '-s \'text = "12"\''
ARGS = f"{SETUP} 'int(text)'"
COLUMNS = '--benchmark-columns=median,iqr,rounds'
PYPERF = "python -m pyperf timeit --quiet -o {} -s 'from work import work' 'work()'"
WITH_FIXTURE = (
    'python -m pytest -q -p no:benchmark -p no:cacheprovider test_fixture.py --microbench'
)
BENCHMARK = 'python -m pytest -q -p no:cacheprovider test_benchmark.py --benchmark'

QUESTIONS: dict[str, dict[str, Sequence[str]]] = {
    'Is the new version faster?': {
        'microbench': (
            f'{OF_OLD} python record.py old.jsonl',
            f'{OF_NEW} python record.py new.jsonl',
            'microbench compare old.jsonl new.jsonl',
        ),
        'pyperf': (
            f'{OF_OLD} {PYPERF.format("old.json")} --inherit-environ=N',
            f'{OF_NEW} {PYPERF.format("new.json")} --inherit-environ=N',
            'python -m pyperf compare_to old.json new.json',
        ),
        'pytest-benchmark': (
            f'{OF_OLD} {BENCHMARK}-save=old',
            f'{OF_NEW} {BENCHMARK}-compare {COLUMNS}',
        ),
    },
    'Which of two commands is faster?': {
        'microbench': (f'microbench compare -- {A} --- {B}',),
        'hyperfine': (f"hyperfine -N --style basic '{A}' '{B}'",),
    },
    'Fail the build at 10 %.': {
        'microbench': (
            f'{OF_OLD} {WITH_FIXTURE}-save=old',
            f'{OF_NEW} {WITH_FIXTURE}-compare=old --microbench-fail-over=10%',
        ),
        'pytest-benchmark': (
            f'{OF_OLD} {BENCHMARK}-save=old',
            f'{OF_NEW} {BENCHMARK}-compare --benchmark-compare-fail=median:10% {COLUMNS}',
        ),
    },
    'How long does this function of 50 ns take?': {
        'microbench': (f'microbench timeit {ARGS}',),
        'pyperf': (f'python -m pyperf timeit {ARGS}',),
        'timeit': (f'python -m timeit {ARGS}',),
    },
}


def answers(python: str, chosen: Sequence[str]) -> Iterator[str]:
    """Ask each tool each question; yield the lines of a page."""
    path = f'{Path(python).parent}{os.pathsep}{os.environ["PATH"]}'
    environ = {**os.environ, 'PATH': path, 'PYTHONPATH': str(ROOT), 'COLUMNS': '80'}
    for question, tools in QUESTIONS.items():
        if chosen and not any(word in question for word in chosen):
            continue
        yield f'## {question}\n'
        for tool, commands in tools.items():
            with tempfile.TemporaryDirectory() as folder:
                for name, text in FILES.items():
                    Path(folder, name).write_text(text.lstrip(), encoding='utf-8')
                yield from answer(tool, commands, folder, environ)


def answer(
    tool: str, commands: Sequence[str], folder: str, environ: dict[str, str]
) -> Iterator[str]:
    """Run the commands of a tool in a folder; yield its part of the page."""
    begin = time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command,
            shell=True,
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    wall = time.perf_counter() - begin
    yield f'### {tool}: {wall:.1f} s, status {done.returncode}\n'
    yield from (f'$ {command}' for command in commands)
    yield f'{done.stdout.rstrip()}\n'


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.answers', description=__doc__
    )
    parser.add_argument('python', help='an interpreter with the other tools')
    parser.add_argument('words', nargs='*', help='only questions with one of these words')
    options = parser.parse_args()
    for name, value in surroundings().items():
        print(f'{name:8} {value}')
    for line in answers(options.python, options.words):
        print(line, flush=True)


if __name__ == '__main__':
    main()
