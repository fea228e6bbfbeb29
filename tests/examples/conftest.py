"""Examples as a person runs them: in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import microbench

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run_module(monkeypatch):
    """Return a function that runs a module and returns its output."""
    path = os.pathsep.join([str(ROOT), str(Path(microbench.__file__).parents[1])])
    monkeypatch.setenv('PYTHONPATH', path)
    monkeypatch.delenv('MICROBENCH', raising=False)

    def run(*words):
        done = subprocess.run(
            [sys.executable, '-W', 'error', '-m', *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, '')
        return done.stdout

    return run
