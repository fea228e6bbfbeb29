"""The command as a real process, and what came of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import microbench

ROOT = Path(microbench.__file__).parents[1]


@dataclass
class Outcome:
    """What a process left behind."""

    status: int
    stdout: str
    stderr: str
    records: list


def records_in(path):
    """The records of a file, of which each line has to be one; none without a file."""
    if not path.exists():
        return []
    text = path.read_text(encoding='ascii')
    assert text.endswith('\n')
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def environment():
    """The environment of the process: this microbench, switched on, warnings shown."""
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONWARNINGS': 'error'}
    env.pop('MICROBENCH', None)
    return env


@pytest.fixture
def command(tmp_path, environment):
    """Run `python -m microbench` with these words in an empty directory.

    Records are read from `out.jsonl` there.
    """

    def run(*words, env=(), **options):
        done = subprocess.run(
            [sys.executable, '-m', 'microbench', *words],
            cwd=tmp_path,
            env={**environment, **dict(env)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )
        records = records_in(tmp_path / 'out.jsonl')
        return Outcome(done.returncode, done.stdout, done.stderr, records)

    return run
