"""Times on a whole second have six digits of fraction, by each way to record."""

import json
import os
import re
import sys

import pytest

from tests.fakes import python
from tests.native.conftest import loaded_first

SOURCE = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The wall clock stands on the second. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
    const int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) {
        now->tv_nsec = 0;
    }
    return status;
}
"""
MOMENT = re.compile(r'\d{4}-\d\d-\d\dT[0-9:.]+')
SIX = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}')

pytestmark = pytest.mark.skipif(
    sys.platform != 'linux' or bool(os.environ.get('MICROBENCH_SANITIZE')),
    reason='a library of its own is loaded first',
)


@pytest.fixture(scope='module')
def standing(tmp_path_factory):
    """Return the environment of a process whose wall clock has only seconds."""
    library = loaded_first(tmp_path_factory.mktemp('clock'), SOURCE)
    return {'LD_PRELOAD': str(library)}


FIRST = """
import os, signal, sys
from microbench import *
path = sys.argv[1]
class Users(JSONEncoder):
    pass
"""
WAYS = {
    'text': 'with MicroBenchBase(path).record(): pass',
    'decorator': 'MicroBenchBase(path)(len)("")',
    'iterations': 'MicroBenchBase(path, iterations=3)(len)("")',
    'local time': 'with MicroBenchBase(path, tz=None).record(): pass',
    'dict': 'bench = MicroBenchBase(path); bench.capture_zz = lambda data: None\n'
    'with bench.record(): pass',
    'encoder': 'with MicroBenchBase(path, json_encoder=Users).record(): pass',
    'monitor': 'class Watched(MicroBench):\n'
    '    @staticmethod\n'
    '    def monitor(process): return {"n": 1}\n'
    'with Watched(path).record(): pass',
    'exit': 'MicroBench(path).record_on_exit("all")',
    'signal': 'MicroBenchBase(path).record_on_exit("all")\n'
    'os.kill(os.getpid(), signal.SIGTERM)',
    'inside native code': 'MicroBenchBase(path).record_on_exit("all")\n'
    'import ctypes; ctypes.string_at(0)',
}


@pytest.mark.parametrize('way', WAYS)
def test_each_way(way, tmp_path, standing):
    """C also writes them in the record of a process that cannot go on."""
    path = tmp_path / 'records.jsonl'
    python(FIRST + WAYS[way], str(path), env=standing)
    _check(path.read_text())


def test_a_recovered_record(tmp_path, standing):
    """A recovered record has its start from the journal of a killed process."""
    path = tmp_path / 'records.jsonl'
    killed = 'MicroBenchBase(path).record_on_exit("all")\nos.kill(os.getpid(), 9)'
    python(FIRST + killed, str(path), env=standing)
    read = 'import json; print(json.dumps(FileOutput(path).get_results()))'
    found = json.loads(python(FIRST + read, str(path), env=standing).stdout)
    _check(json.dumps([record['call']['start_time'] for record in found]))


@pytest.mark.parametrize('program', [['true'], ['no such program']])
def test_the_command(program, tmp_path, standing):
    """The command writes them, with or without a program that runs."""
    path = tmp_path / 'records.jsonl'
    words = ['-m', 'microbench', '-o', str(path), '--monitor-interval', '1', '--', *program]
    python(
        f'import runpy, sys; sys.argv = {words[1:]!r}\n'
        'runpy.run_module("microbench", run_name="__main__")',
        env=standing,
    )
    _check(path.read_text())


def _check(text):
    moments = MOMENT.findall(text)
    assert [moment for moment in moments if not SIX.fullmatch(moment)] == []
    assert any(moment.endswith('.000000') for moment in moments)
