"""A disk that is really full, and later has room again."""

import json

import pytest

from microbench import FileOutput, _core
from microbench.cli.view import recover
from microbench.journal import reader, recovery
from tests.fakes import python
from tests.faults.conftest import names_in

FILLING = """
import io, os, sys, warnings
warnings.simplefilter('ignore', RuntimeWarning)
from microbench import MicroBench
from microbench.outputs.report import Report

place, journal = sys.argv[1], sys.argv[2]
path = f'{place}/records.jsonl'
ballast = f'{place}/ballast'
with open(ballast, 'wb') as file:
    file.write(b'x' * 16384)
bench = MicroBench(path, journal=journal)

def record(count, size):
    bench.add_fields(text='x' * size)
    for n in range(count):
        Report.lost = 0  # print each
        with bench.record(f'{size}-{n}'):
            with bench.time('phase'):
                pass

def room():
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize

with bench.record('around'):
    for size in (5000, 700, 10, 20_000):
        record(60, size)
    assert room() == 0
    os.unlink(ballast)
    record(5, 11)
"""


def expected():
    """Return the names of all records, in the order they were written."""
    rounds = [(60, 5000), (60, 700), (60, 10), (60, 20_000), (5, 11)]
    return [*(f'{size}-{n}' for count, size in rounds for n in range(count)), 'around']


@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_a_disk_that_fills_up(disk, journal):
    """Each record is stored or on standard error, once; the program goes on."""
    done = python(FILLING, disk, journal)
    stored, damaged = names_in((disk / 'records.jsonl').read_bytes())
    printed = [json.loads(line)['call']['name'] for line in done.stderr.splitlines()]
    assert done.returncode == 0
    assert damaged == 0
    assert sorted(stored + printed) == sorted(expected())
    assert stored[-6:] == [*(f'11-{n}' for n in range(5)), 'around']
    assert '5000-0' in stored
    assert '20000-0' in printed


def test_each_line_of_the_file_is_json(disk):
    """Readers of single lines see no trace of what was taken back."""
    assert python(FILLING, disk, 'off').returncode == 0
    for line in (disk / 'records.jsonl').read_text().splitlines():
        json.loads(line)


LARGE = """
import sys
from microbench import MicroBench
bench = MicroBench(f'{sys.argv[1]}/records.jsonl', journal='on')
with bench.record('large'):
    for n in range(10_000):  # far more than the disk has room for
        with bench.time('phase'):
            pass
"""


def test_a_journal_that_finds_no_room(disk):
    """The mirror of a record ends; the program and its record do not."""
    (disk / 'ballast').write_bytes(b'x' * 16384)
    done = python(LARGE + "sys.stderr.write('end')", disk)
    assert done.returncode == 0
    assert done.stderr.count('"name":"large"') == 1
    assert done.stderr.endswith('end')


LOST = """
import contextlib, os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1], journal=sys.argv[2], note='x' * 3000)
with contextlib.ExitStack() as stack:
    for number in range(5):
        stack.enter_context(bench.record(f'lost {number}'))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_disk_that_is_full_during_recovery(disk, tmp_path, monkeypatch):
    """Records that find no room are recovered later: each is there once."""
    monkeypatch.setenv('MICROBENCH_JOURNAL', str(tmp_path))
    path, ballast = disk / 'records.jsonl', disk / 'ballast'
    python(LOST, path, tmp_path)
    ballast.write_bytes(b'x' * (64 * 1024 - 4096 * 3))
    appender = _core.Appender(path)
    with pytest.raises(OSError, match='No space left'):
        list(recovery.recover(str(path), appender.append, appender.sync))
    ballast.unlink()
    expected = [f'lost {number}' for number in range(5)]
    assert 0 < len(names_in(path.read_bytes())[0]) < 5
    assert sorted(r['call']['name'] for r in FileOutput(path).get_results()) == expected
    assert recover.main([str(path)]) == 0
    names, damaged = names_in(path.read_bytes())
    assert (sorted(names), damaged) == (expected, 0)
    assert reader.paths_for(str(path)) == []
