"""What is packed, and what its run has to leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = textwrap.dedent("""\
    import sys
    from microbench import MBHostInfo, MicroBench

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench('records.jsonl')

    @bench
    def work(x):
        with bench.time('step'):
            return x

    bench.record_on_exit('app')
    with bench.record('block'):
        work(1)
    assert len(bench.get_results()) == 2
    sys.exit(3)
""")
COMMAND = 'from microbench.start import console\nconsole()\n'

SUBCOMMANDS = (
    *('show', 'diff', 'compare', 'baseline', 'ranks', 'tail', 'query', 'timeit'),
    *('recover', 'resend', 'check', 'merge', 'convert', 'completion'),
)


class Failure(Exception):
    """A packed program did something else than the script it was made of."""


def run(folder: Path, *words: str | Path, status: int = 0) -> str:
    """Run a program without the environment of the tests; return what it prints.

    Raises:
        Failure: it ended otherwise, or printed errors.
    """
    kept = {'PATH': os.defpath, 'HOME': str(folder), 'LANG': 'C.UTF-8'}
    done = subprocess.run(
        [*map(str, words)],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if (done.returncode, done.stderr) != (status, ''):
        raise Failure(f'{words}: status {done.returncode}\n{done.stderr[-2000:]}')
    return done.stdout


def judge_program(folder: Path, *words: str | Path) -> None:
    """Run the packed PROGRAM; its records are those of the script."""
    run(folder, *words, status=3)
    expect(names(folder / 'records.jsonl'), ['work', 'block', 'app'])


def judge_command(folder: Path, *words: str | Path) -> None:
    """Run the packed command: it records, shows, and finds each of its subcommands."""
    run(folder, *words, '-o', 'true.jsonl', '--', 'true')
    expect(names(folder / 'true.jsonl'), ['true'])
    expect('true' in run(folder, *words, 'show', 'true.jsonl'), True)
    for name in SUBCOMMANDS:
        expect('--help' in run(folder, *words, name, '--help'), True)


def names(path: Path) -> list[str]:
    """Return the names of the records in a file."""
    return [json.loads(line)['call']['name'] for line in path.read_text().splitlines()]


def expect(found: object, wanted: object) -> None:
    """Compare.

    Raises:
        Failure: they differ.
    """
    if found != wanted:
        raise Failure(f'{found!r}, and not {wanted!r}')
