"""`host` and `process` in the records of MicroBench."""

import json
import os
import threading

import pytest

from microbench import FileOutput, MBHostInfo, MicroBench, MicroBenchBase
from microbench.core.capture import namespace
from tests.fakes import only, python

NAMES = {'host', 'process'}


def record_of(bench, way='call'):
    """Return the record of one more call or block."""
    if way == 'call':
        bench(len)('')
    else:
        with bench.record(way):
            pass
    return bench.get_results()[-1]


def in_python(cls):
    """Return a subclass whose records are built as dicts."""
    return type('InPython', (cls,), {'capture_own': lambda self, bm_data: None})


@pytest.mark.parametrize('way', ['call', 'block'])
@pytest.mark.parametrize('form', [lambda cls: cls, in_python], ids=['text', 'dict'])
def test_every_record_has_both(form, way):
    """Both forms have the same, from the first record on."""
    bench = form(MicroBench)()
    records = [record_of(bench, way) for _ in range(3)]
    assert {record['process']['pid'] for record in records} == {os.getpid()}
    assert all(record['host'] == records[0]['host'] for record in records)
    assert records[0]['host'].keys() >= {'hostname', 'os', 'cpu_cores_logical'}
    alone = type('Host', (MicroBenchBase, MBHostInfo), {})()
    assert record_of(alone)['host'].items() <= records[0]['host'].items()


@pytest.mark.parametrize('form', [lambda cls: cls, in_python], ids=['text', 'dict'])
def test_a_field_of_the_program_takes_the_place(form):
    """A static field, and one of a hook, are what 2.1.0 would record."""
    record = record_of(form(MicroBench)(host='node30', process=7))
    assert (record['host'], record['process']) == ('node30', 7)


def test_a_hook_of_the_program_takes_the_place():
    """Wherever its name stands in the alphabet."""

    class Bench(MicroBench):
        def capture_a(self, bm_data):
            bm_data['host'] = 'node30'

        def capture_z(self, bm_data):
            namespace(bm_data, 'process')['colour'] = 'red'

    record = record_of(Bench())
    assert record['host'] == 'node30'
    assert record['process'] == {'pid': os.getpid(), 'colour': 'red'}


def test_an_overridden_hook_of_the_mixin():
    """A class with the mixin decides what `host` has."""

    class Bench(MBHostInfo, MicroBench):
        def capture_hostname(self, bm_data):
            namespace(bm_data, 'host')['hostname'] = 'anonymous'

    assert record_of(Bench())['host']['hostname'] == 'anonymous'


@pytest.mark.parametrize('base', [MicroBench, MicroBenchBase])
def test_the_attribute(base):
    """It switches them off and on, for a class or a bench, from the next record on."""
    wanted = base is MicroBench
    assert (record_of(base()).keys() >= NAMES) == wanted
    other = type('Other', (base,), {'surroundings': not wanted})
    bench = other()
    assert (record_of(bench).keys() >= NAMES) == (not wanted)
    bench.surroundings = wanted
    assert (record_of(bench).keys() >= NAMES) == wanted


def test_a_change_in_one_record():
    """What a hook does to a record is not in the next one."""

    class Bench(MicroBench):
        def capture_mood(self, bm_data):
            bm_data['host'].setdefault('moods', []).append('good')

    bench = Bench()
    assert [record_of(bench)['host']['moods'] for _ in range(2)] == [['good'], ['good']]


def test_masked():
    """They can be masked like any field."""
    bench = type('Bench', (MicroBench,), {'redact': ('host.hostname',)})()
    record = record_of(bench)
    assert record['host']['hostname'] == '***'
    assert record['mb']['masked'] == ['host.hostname']


FORK = """
import os, sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1])
@bench
def work():
    pass
work(), work()
if os.fork() == 0:
    work(), work()
    os._exit(0)
os.wait()
print(os.getpid())
"""


def test_a_forked_child(tmp_path):
    """It has its own number, and the machine of its parent."""
    done = python(FORK, tmp_path / 'out.jsonl', flags=['-W', 'ignore'])
    parent = int(done.stdout)
    records = FileOutput(tmp_path / 'out.jsonl').get_results()
    pids = [record['process']['pid'] for record in records]
    assert pids[:2] == [parent, parent]
    assert pids[2] == pids[3] != parent
    assert len({json.dumps(record['host']) for record in records}) == 1


FORK_WITHIN = """
import os, sys
from microbench import MicroBench
class Hooked(MicroBench):
    def capture_a(self, bm_data):
        pass
for cls in MicroBench, Hooked:
    bench = cls(sys.argv[1])
    for _ in range(3):  # from the second one on, C records what needs no dict
        with bench.record('open'):
            child = os.fork()
            child and os.wait()
        if not child:
            os._exit(0)
        print(child, os.getpid())
"""


def test_a_record_that_is_open_while_the_process_forks(tmp_path):
    """Each process writes it with its own number; all else is the same in both."""
    path = tmp_path / 'out.jsonl'
    numbers = python(FORK_WITHIN, path, flags=['-W', 'ignore']).stdout.split()
    records = FileOutput(path).get_results()
    assert [record['process'].pop('pid') for record in records] == [*map(int, numbers)]
    for child, parent in zip(records[::2], records[1::2], strict=True):
        assert child['mb'].pop('record_id') != parent['mb'].pop('record_id')
        for record in child, parent:
            for name in 'durations', 'finish_time', 'run_delay':
                record['call'].pop(name, None)
            record.pop('resource_usage', None)
        assert child == parent


RANK = """
import sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1])
with bench.record('here'):
    pass
"""


@pytest.mark.parametrize(
    ('variables', 'place'),
    [
        (
            {'OMPI_COMM_WORLD_RANK': '3', 'OMPI_COMM_WORLD_SIZE': '8'},
            {'rank': 3, 'ranks': 8},
        ),
        (
            {
                'SLURM_STEP_ID': '0',
                'SLURM_PROCID': '1',
                'SLURM_STEP_NUM_TASKS': '2',
                'SLURM_LOCALID': '1',
            },
            {'rank': 1, 'ranks': 2, 'local_rank': 1},
        ),
        (
            {
                'TORCHELASTIC_RUN_ID': 'x',
                'RANK': '5',
                'WORLD_SIZE': '6',
                'LOCAL_RANK': '1',
            },
            {'rank': 5, 'ranks': 6, 'local_rank': 1},
        ),
        ({}, {}),
    ],
)
def test_the_rank(tmp_path, variables, place):
    """Launchers put it into the environment."""
    python(RANK, tmp_path / 'out.jsonl', env=variables)
    record = only(FileOutput(tmp_path / 'out.jsonl').get_results())
    assert {**record['process'], 'pid': 0} == {'pid': 0, **place}


# --- the thread ------------------------------------------------------------------------


def from_thread(function, name=None):
    """Call a function in a thread of this name."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()), name=name)
    thread.start()
    thread.join()
    return only(found)


@pytest.mark.parametrize('way', ['call', 'block'])
@pytest.mark.parametrize('form', [lambda cls: cls, in_python], ids=['text', 'dict'])
def test_the_thread(form, way):
    """It is named where it is not the main one."""
    bench = form(MicroBench)()
    for _ in range(3):
        assert record_of(bench, way)['process'] == {'pid': os.getpid()}
        record = from_thread(lambda: record_of(bench, way), 'wörker "1"')
        assert record['process'] == {'pid': os.getpid(), 'thread': 'wörker "1"'}
        assert 'process' not in from_thread(lambda: record_of(MicroBenchBase(), way))


def test_a_thread_that_is_renamed():
    """The next record has the new name."""
    bench = MicroBench()
    work = bench(len)

    def renamed():
        for name in ('one', 'two', 'two'):
            threading.current_thread().name = name
            work('')
        return [record['process']['thread'] for record in bench.get_results()]

    assert from_thread(renamed) == ['one', 'two', 'two']


def test_a_thread_that_python_has_not_begun():
    """It has the number of the system, and `threading` makes no object for it."""
    import _thread

    bench, done = MicroBench(), threading.Event()
    work, ids = bench(len), []

    def unknown():
        work(''), work('')
        ids.append(threading.get_native_id())
        done.set()

    before = threading.active_count()
    _thread.start_new_thread(unknown, ())
    assert done.wait(60)
    names = {record['process']['thread'] for record in bench.get_results()}
    assert names == {str(ids[0])}
    assert threading.active_count() == before


def test_the_name_of_a_thread_is_masked():
    """By a pattern, in both forms; a name that looks like a secret is a number."""
    bench = type('Bench', (MicroBench,), {'redact': ('process.thread',)})()
    record = from_thread(lambda: record_of(bench))
    assert record['process']['thread'] == '***'
    assert record['mb']['masked'] == ['process.thread']
    plain = MicroBench()
    for _ in range(2):
        name = from_thread(lambda: record_of(plain), 'http://user:secret@host/')
        assert name['process']['thread'].isdigit()


THREADS = """
import os, sys, threading
from microbench import MicroBench
bench = MicroBench(sys.argv[1], journal='on')
def killed():
    for name in ('first', 'second'):
        with bench.record(name):
            if name == 'second':
                os.kill(os.getpid(), 9)
thread = threading.Thread(target=killed, name='worker')
with bench.record('main'):
    thread.start()
    thread.join()
"""


def test_the_thread_of_a_killed_block(tmp_path):
    """The journal has its name, and the load at the start; nothing of the end."""
    assert python(THREADS, tmp_path / 'out.jsonl').returncode == -9
    records = {
        r['call']['name']: r for r in FileOutput(tmp_path / 'out.jsonl').get_results()
    }
    threads = {name: record['process'].get('thread') for name, record in records.items()}
    assert threads == {'main': None, 'first': 'worker', 'second': 'worker'}
    for record in (records['main'], records['second']):
        assert record['exit_path'] == 'recovered'
        assert record['call']['load_average'] >= 0
        assert 'run_delay' not in record['call']
        assert 'resource_usage' not in record
