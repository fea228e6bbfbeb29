"""Real software beside microbench: each program runs with it, and with it switched off.

A test names what it needs with `pytest.importorskip`, writes the program as a user would,
and compares the two runs: what the program prints, and how it ends, has to be the same.
"""

import subprocess
import sys
import textwrap
from typing import NamedTuple

import pytest

from microbench import FileOutput
from tests.fakes import ROOT, environment

DEADLINE = 300  # seconds; no program here needs a tenth of it on a machine that is busy


# Not on CPython 3.15: no wheel has been published (pyproject.toml leaves them out), or it
# fails there without microbench too.
NOT_ON_15 = {
    'dill': 'dill reads co_lnotab, which code has no more',
    'jpype': 'no wheel of jpype1',
    'pyinstrument': 'no wheel of pyinstrument',
    'scalene': 'no wheel of scalene 2',
    'viztracer': 'no wheel of viztracer',
}


def needs(package):
    """Skip the test without this package, or where it does not work."""
    if sys.version_info >= (3, 15) and package in NOT_ON_15:
        pytest.skip(
            f'runs before CPython 3.15: {NOT_ON_15[package]}', allow_module_level=True
        )
    return pytest.importorskip(package)


class Ran(NamedTuple):
    """How a program ended, what it printed, and the records that it left."""

    status: int
    out: str
    err: str
    records: list

    @property
    def behaviour(self):
        """Return what microbench must not change: exit status and standard output."""
        return self.status, self.out

    @property
    def names(self):
        """Return the names of the records, in their order."""
        return [record['call']['name'] for record in self.records]


@pytest.fixture
def run(tmp_path):
    """Run `text` as a script in an empty directory; its records go to `records.jsonl`.

    `command` is what Python is started with, if it is not the script.
    """

    def run(text, *args, off=False, flags=(), env=None, command=('prog.py',)):
        (tmp_path / 'prog.py').write_text(textwrap.dedent(text))
        path = tmp_path / 'records.jsonl'
        path.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, *flags, *command, *map(str, args)],
            cwd=tmp_path,
            env={**environment(), 'PYTHONPATH': str(ROOT), **(env or {})}
            | ({'MICROBENCH': 'off'} if off else {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        records = FileOutput(str(path)).get_results()  # those of a journal too
        return Ran(done.returncode, done.stdout, done.stderr, records)

    return run


@pytest.fixture
def same(run):
    """Run a program switched off and on; return the second run if both behave alike."""

    def same(text, *args, **options):
        off = run(text, *args, off=True, **options)
        on = run(text, *args, **options)
        assert on.behaviour == off.behaviour, (off, on)
        return on

    return same


BENCH = """
from microbench import MicroBench
bench = MicroBench('records.jsonl')
"""


@pytest.fixture
def benched(same):
    """Run a program that has a bench already, as `same` does."""

    def benched(text, **options):
        future = 'from __future__ import annotations\n'
        text = textwrap.dedent(text)
        return same(future * (future in text) + BENCH + text.replace(future, ''), **options)

    return benched
