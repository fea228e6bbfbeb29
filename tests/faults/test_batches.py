"""Batches on a disk that is really full, and in processes that are killed at any step."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from microbench import FileOutput
from microbench.cli.view import recover
from tests.fakes import ROOT, python
from tests.faults.conftest import names_in

FILLING = """
import os, sys, warnings
warnings.simplefilter('ignore', RuntimeWarning)
from microbench import FileOutput, MicroBench
from microbench.outputs.report import Report

place, journal = sys.argv[1], sys.argv[2]
path, ballast = f'{place}/records.jsonl', f'{place}/ballast'
with open(ballast, 'wb') as file:
    file.write(b'x' * 16384)
bench = MicroBench(journal=journal, outputs=[FileOutput(path, batch=7)])

def record(count, size):
    bench.add_fields(text='x' * size)
    for n in range(count):
        Report.lost = 0  # print each
        with bench.record(f'{size}-{n}'):
            pass

for size in (700, 10, 5000, 20_000):
    record(60, size)
os.unlink(ballast)
record(5, 11)
"""


@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_a_disk_that_fills_up(disk, journal):
    """Each record is stored or on standard error, once; the program goes on."""
    done = python(FILLING, disk, journal)
    stored, damaged = names_in((disk / 'records.jsonl').read_bytes())
    printed = [json.loads(line)['call']['name'] for line in done.stderr.splitlines()]
    rounds = [(60, 700), (60, 10), (60, 5000), (60, 20_000), (5, 11)]
    assert (done.returncode, damaged) == (0, 0)
    expected = [f'{size}-{n}' for count, size in rounds for n in range(count)]
    assert sorted(stored + printed) == sorted(expected)
    assert stored[-5:] == [f'11-{n}' for n in range(5)]
    assert '700-0' in stored
    assert '20000-59' in printed


# --- killed at any step -----------------------------------------------------------------

CALLS = """
from microbench import FileOutput, MicroBench
path = sys.argv[1]
bench = MicroBench(outputs=[FileOutput(path, batch=4)])
for number in range(10):
    with bench.record(str(number)):
        pass
bench.flush()
"""

# The place, and how many records were acknowledged before it.
PLACES = [('added', n, n) for n in range(1, 11)]
PLACES += [('flushing', 1, 4), ('flushed', 1, 4), ('flushing', 2, 8), ('flushed', 2, 8)]
PLACES += [('flushing', 3, 10), ('written', 1, 4), ('written', 3, 10), ('flushed', 3, 10)]


@pytest.mark.parametrize(('place', 'nth', 'least'), PLACES)
def test_killed_at(killable, tmp_path, place, nth, least):
    """Each record that waited is in the file or in the journal, once; so is the rest."""
    path = tmp_path / 'records.jsonl'
    env = {'MICROBENCH_CRASH_AT': f'{place}:{nth}'}
    done = python(CALLS, path, root=killable, env=env)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, '')
    read = [record['call']['name'] for record in FileOutput(path).get_results()]
    assert read[:least] == [str(number) for number in range(least)]
    assert len(set(read)) == len(read) <= least + 1  # one may be open
    assert recover.main([str(path)]) == 0
    names, damaged = names_in(path.read_bytes())
    assert (sorted(names), damaged) == (sorted(read), 0)
    assert not list(tmp_path.glob('.*.journal'))


NATIVE = """
import ctypes, signal
bench = MicroBench(journal=sys.argv[3], outputs=[FileOutput(path, batch=64)])
for number in range(10):
    with bench.record(str(number)):
        pass
bench.record_on_exit('process')
ctypes.PyDLL(sys.argv[2]).faulty_signal_and_hang(signal.SIGTERM)
"""


@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_native_code_writes_what_waits(faulty, tmp_path, journal):
    """Where C code never returns to Python, the watchdog writes the batch as well."""
    path = tmp_path / 'records.jsonl'
    code = CALLS.partition('bench =')[0] + NATIVE
    done = python(code, path, faulty, journal, env={'MICROBENCH_EXIT_GRACE': '0'})
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, '')
    names, damaged = names_in(path.read_bytes())
    assert sorted(names) == [*map(str, range(10)), 'process']
    assert damaged == 0


ENDLESS = """
import sys
sys.path.insert(0, sys.argv[1])
from microbench import FileOutput, MicroBench
bench = MicroBench(outputs=[FileOutput(sys.argv[2], batch=16)])

@bench
def work():
    pass

number = 0
while True:
    number += 1
    work()
    sys.stdout.write('.')
    sys.stdout.flush()
"""


def test_killed_at_any_moment(tmp_path):
    """As often as it happens, with several writers: no record is lost or there twice."""
    path = tmp_path / 'records.jsonl'
    acknowledged, chance = 0, random.Random(3)
    for _ in range(12):
        words = [sys.executable, '-c', ENDLESS, str(ROOT), str(path)]
        with (tmp_path / 'log').open('wb') as log:
            process = subprocess.Popen(words, stdout=log)
            while (tmp_path / 'log').stat().st_size < 40:
                time.sleep(0)
            time.sleep(chance.random() / 50)
            process.kill()
            process.wait()
        acknowledged += (tmp_path / 'log').stat().st_size
    ids = [record['mb']['record_id'] for record in FileOutput(path).get_results()]
    assert len(set(ids)) == len(ids)
    assert acknowledged <= len(ids) <= acknowledged + 12
    assert recover.main([str(path)]) == 0
    names, damaged = names_in(path.read_bytes())
    assert (len(names), damaged) == (len(ids), 0)
