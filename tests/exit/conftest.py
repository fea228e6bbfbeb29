"""Programs that end: each test of this directory runs one to its end."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import PATIENT, OneRecord, python

# Seconds for Python to react to a signal, where native code has to write: the tests are
# short, and it does not matter if Python had needed more.
SHORT = '0.25'

# In a program: what time there was, Python's as well, is over at this moment.
TIME_IS_OVER = 'microbench._core.exit_prepare(0, 0); microbench._core.exit_begin()'

BEGIN = """
import os, signal, sys, threading, time
import microbench
from microbench import MicroBench, MicroBenchBase

Bench = MicroBench

class Gate:
    '''A sink that stores nothing and raises.'''
    local = True
    def write(self, text):
        raise OSError('no room')

path = sys.argv[1]
"""

# The least of a program: a bench that is registered, and what ends it.
REGISTERED = """
bench = MicroBench(path)
bench.record_on_exit()
"""
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'

# Benches that are registered: each with a phase that was left, and one that is open.
ONE = """
bench = Bench(path, experiment='baseline')
bench.record_on_exit('simulation')
with bench.time('setup'):
    pass
solve = bench.time('solve')
solve.__enter__()
"""
TWO = ONE.replace('bench', 'other').replace('simulation', 'other') + ONE
NONE = ONE + 'bench.cancel_record_on_exit()\n'
NAMES = {NONE: [], ONE: ['simulation'], TWO: ['other', 'simulation']}
BENCHES = pytest.mark.parametrize('benches', NAMES, ids=['none', 'one', 'two'])

# What ends a program, in its main thread or in a worker.
MAIN = """
{0}
"""
WORKER = """
def last():
    {0}
worker = threading.Thread(target=last, daemon=True)
worker.start()
worker.join()
"""
WHERE = pytest.mark.parametrize('where', [MAIN, WORKER], ids=['main', 'worker'])

# Native code that never returns, faults or recovers; called with the GIL held.
IN_C = """
import ctypes
never = ctypes.PyDLL(sys.argv[2])
"""


def cause_of(record):
    """Return what a record says of the end."""
    of_the_end = ('exception', 'exit_status', 'exit_signal', 'exit_path')
    return {name: record[name] for name in of_the_end if name in record}


@dataclass
class Ended(OneRecord):
    """The status, output and records that a program leaves."""

    records: list
    status: int
    out: str
    err: str

    @property
    def seen(self):
        """Return what the program that started it sees."""
        return self.status, self.out, self.err

    @property
    def cause(self):
        """Return what the record says of the end."""
        return cause_of(self.record)


def strict(line):
    """Return the record of a line, which has to be strict JSON in ASCII."""

    def refuse(constant):
        raise ValueError(f'{constant} is no JSON')

    return json.loads(line.decode('ascii'), parse_constant=refuse)


@pytest.fixture
def program(tmp_path):
    """Run code to its end; records that it writes to `path` are read.

    After a signal Python has all the time it may need.
    """

    def run(code, *args, grace=PATIENT, env=None, **options):
        path = tmp_path / 'records.jsonl'
        path.unlink(missing_ok=True)
        env = {'MICROBENCH_EXIT_GRACE': grace, **(env or {})}
        done = python(BEGIN + code, path, *args, env=env, **options)
        lines = path.read_bytes().splitlines() if path.exists() else []
        records = [strict(line) for line in lines]
        return Ended(records, done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope='session')
def never(tmp_path_factory):
    """Return the library of `never.c`."""
    library = tmp_path_factory.mktemp('never') / 'never.so'
    source = Path(__file__).with_name('never.c')
    compiler = shlex.split(os.environ.get('CC', 'cc'))
    flags = ['-D_GNU_SOURCE', '-O1', '-shared', '-fPIC']
    subprocess.run([*compiler, *flags, source, '-o', library], check=True)
    return library


@pytest.fixture
def in_c(program, never):
    """Run code that finds the library as `never`.

    Python has all the time it may need, unless the code hangs in C and it can never react.
    """

    def run(code, grace=None, **options):
        grace = grace or (SHORT if 'hang' in code else PATIENT)
        return program(IN_C + code, never, grace=grace, **options)

    return run
