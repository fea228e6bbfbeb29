"""System calls that really fail, as strace changes the kernel's answers.

What tests/faults/test_each_call.py does to functions of the C library, for all of them, is
here done to the calls themselves, so that those are reached which native code makes without
the library. Only calls that have to do with the file are tampered with.
"""

import shutil
import signal
import subprocess
import sys

import pytest

from tests.fakes import ROOT
from tests.faults.conftest import BEGIN, ended

CALLS = ['openat', 'statx', 'pread64', 'writev']
ERRORS = ['EIO', 'ENOSPC', 'EINTR']

RECORDS = """
other = MicroBench(path)
record('a')
with other.record('b'):
    pass
record('c')
bench.record_on_exit('exit')
sys.exit(7)
"""

KILLED = """
bench.record_on_exit('exit')
record('a')
os.kill(os.getpid(), signal.SIGTERM)
"""

NATIVE = """
import ctypes
record('a')
bench.record_on_exit('exit', grace=0.01)
ctypes.PyDLL(sys.argv[2]).faulty_signal_and_hang(signal.SIGTERM)
"""


@pytest.fixture
def traced(tmp_path):
    """Run code under strace, which injects faults; return what it leaves."""
    if not shutil.which('strace'):
        pytest.skip('needs strace')
    probe = ['strace', '-qq', '-o', '/dev/null', 'true']
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip('needs the right to trace (ptrace)')

    def run(code, inject, path, *args):
        flags = ['-f', '-qq', '-o', '/dev/null', '-P', path, '-e', f'inject={inject}']
        program = [sys.executable, '-c', BEGIN + code, path, *args]
        done = subprocess.run(
            ['strace', *map(str, [*flags, *program])],
            env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin'},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended(done, path)

    return run


@pytest.mark.parametrize('error', ERRORS)
@pytest.mark.parametrize('call', CALLS)
def test_calls_that_fail(call, error, traced, tmp_path):
    """Each record is stored or printed, and the status is the program's own."""
    for when in ('1', '2', '1+'):
        path = tmp_path / f'{when}.jsonl'
        left = traced(RECORDS, f'{call}:error={error}:when={when}', path)
        assert (left.status, left.damaged) == (7, 0), left.err
        assert sorted(left.stored + left.printed) == ['a', 'b', 'c', 'exit'], when


@pytest.mark.parametrize('call', ['newfstatat', 'unlink', 'fcntl', 'close'])
def test_calls_that_only_tidy_up(call, traced, tmp_path):
    """If calls that only tidy up fail, records and status are the same."""
    path = tmp_path / 'records.jsonl'
    left = traced(KILLED, f'{call}:error=EIO:when=1+', path)
    assert (left.status, left.stored) == (-signal.SIGTERM, ['a', 'exit']), left.err


@pytest.mark.parametrize('error', ERRORS)
@pytest.mark.parametrize('call', ['openat', 'lseek', 'pread64', 'writev'])
def test_calls_of_the_watchdog_that_fail(call, error, traced, faulty, tmp_path):
    """A record that native code cannot store at the end is on standard error."""
    path = tmp_path / 'records.jsonl'
    left = traced(NATIVE, f'{call}:error={error}:when=1+', path, faulty)
    assert (left.status, left.damaged) == (-signal.SIGTERM, 0), left.err
    assert sorted(left.stored + left.printed) == ['a', 'exit'], left.err
    assert ('exit' in left.printed) == (call in ('openat', 'writev'))
