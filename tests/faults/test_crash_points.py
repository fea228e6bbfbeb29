"""Processes killed between any two steps of a record leave it once, or not at all.

The places are those of mb_crash.h, in the order in which a record comes by. They
exist in a build of their own.
"""

import json
import signal

import pytest

from microbench import FileOutput
from microbench.cli.view import recover
from microbench.journal import reader
from tests.fakes import python

BEGIN = """
import ctypes, os, resource, signal, sys
from microbench import MicroBench

path, room = sys.argv[1], int(sys.argv[2])

def fill_the_disk():
    '''What is written to a file from now on is cut short.'''
    if room:
        there = os.path.getsize(path) if os.path.exists(path) else 0
        resource.setrlimit(resource.RLIMIT_FSIZE, (there + room,) * 2)
"""
BLOCK = """
bench = MicroBench(path)
with bench.record('{0}'), bench.time('phase'):
    fill_the_disk()
"""
CALL = """
bench = MicroBench(path, journal='on')
def {0}():
    with bench.time('phase'):
        fill_the_disk()
bench({0})()
"""
PROCESS = """
bench = MicroBench(path)
bench.record_on_exit('{0}')
with bench.time('phase'):
    fill_the_disk()
"""
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'
NEVER = 'ctypes.PyDLL(sys.argv[3]).faulty_signal_and_hang(signal.SIGTERM)\n'
WAYS = {
    'a block': BLOCK,
    'a decorated call': CALL,
    'a process that ends': PROCESS,
    'a process ended by SIGTERM': PROCESS + TERM,
    'a process written natively': PROCESS + NEVER,
    'a crash': PROCESS + 'os.abort()\n',
}
OF_THE_JOURNAL = ('made', 'begun', 'published')
NOT_OPEN = (*OF_THE_JOURNAL, 'filled')
UNFINISHED = ('opened', 'claimed')
FINISHED = ('written', 'marked')
AT_THE_END = ('leaving', 'unlinked')  # of a process that is not killed
KILLED = ('a process written natively', 'a crash')

EARLIER = """
earlier = MicroBench(path)
with earlier.record('earlier'):
    pass
"""


@pytest.fixture
def killed_at(killable, faulty, tmp_path):
    """Run a program that is killed at a place; return the path of its records."""
    path = tmp_path / 'records.jsonl'

    def run(place, code, room=0):
        grace = {'MICROBENCH_EXIT_GRACE': '0'} if NEVER in code else {}
        done = python(
            BEGIN + code,
            *(path, room, faulty),
            root=killable,
            env={'MICROBENCH_CRASH_AT': place, **grace},
        )
        assert (done.returncode, done.stderr) == (-signal.SIGKILL, '')
        return path

    return run


def names_in(records):
    """Return the names of records."""
    return [record['call']['name'] for record in records]


def check(path, wanted, recovered, phases=1):
    """Assert that reading and then recovering give the same records, no other line."""
    found = FileOutput(path).get_results()
    assert names_in(found) == wanted
    assert recover.main([str(path)]) == 0
    lines = path.read_bytes().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines if line.strip()]
    assert names_in(found) == wanted
    assert reader.paths_for(str(path)) == []
    if wanted and wanted[-1] == 'last':
        assert (found[-1].get('exit_path') == 'recovered') == recovered
        timings = found[-1]['call'].get('timings', [])
        assert [timing['name'] for timing in timings] == ['phase'] * phases


@pytest.mark.parametrize('earlier', [False, True], ids=['first', 'second'])
@pytest.mark.parametrize(
    ('way', 'place'),
    [
        (way, place)
        for way in WAYS
        for place in (*NOT_OPEN, *UNFINISHED, *FINISHED, *AT_THE_END)
        if not (way in KILLED and place in AT_THE_END)
    ],
)
def test_killed_at(killed_at, way, place, earlier):
    """An open record is recovered, a written one is not; earlier records are there."""
    nth = 2 if earlier and place in (NOT_OPEN[-1], *UNFINISHED, *FINISHED) else 1
    before = EARLIER if earlier else ''
    path = killed_at(f'{place}:{nth}', before + WAYS[way].format('last'))
    was_there = earlier and place not in OF_THE_JOURNAL
    wanted = ['earlier'] * was_there + ['last'] * (place not in NOT_OPEN)
    check(path, wanted, place in UNFINISHED, phases=place != 'opened')


@pytest.mark.parametrize('way', WAYS)
def test_killed_after_half_a_write(killed_at, way):
    """The disk took a part, and the process is killed before it can react."""
    path = killed_at('written:1', WAYS[way].format('last'), 100)
    assert path.stat().st_size == 100
    check(path, ['last'], recovered=True)


def test_killed_while_it_recovers(killed_at, killable):
    """A record that is in the file and in its journal is not written twice."""
    path = killed_at('claimed:1', BLOCK.format('last'))
    code = (
        'import sys\nfrom microbench.cli.view import recover\nrecover.main(sys.argv[1:])\n'
    )
    env = {'MICROBENCH_CRASH_AT': 'written:1'}
    done = python(code, path, root=killable, env=env)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, '')
    assert len(reader.paths_for(str(path))) == 1
    check(path, ['last'], recovered=True)


def test_a_build_for_use_has_no_such_places(tmp_path):
    """In a normal build no environment variable kills a process."""
    code = BEGIN + BLOCK.format('last')
    env = {'MICROBENCH_CRASH_AT': 'written:1'}
    done = python(code, tmp_path / 'records.jsonl', 0, env=env)
    assert (done.returncode, done.stderr) == (0, '')
