"""What the machine did meanwhile, in records of blocks of MicroBench."""

import json
import os
import resource
import threading
from pathlib import Path

import pytest

from microbench import FileOutput, MBResourceUsage, MicroBench, MicroBenchBase, _core
from microbench.core.capture import namespace
from microbench.mixins.usage import FIELDS
from tests.fakes import only, python

COUNTED = Path('/proc/thread-self/schedstat').exists()


def with_hook(cls):
    """Return a subclass whose records are built as dicts."""
    return type('InPython', (cls,), {'capture_own': lambda self, bm_data: None})


FORMS = pytest.mark.parametrize('form', [lambda cls: cls, with_hook], ids=['text', 'dict'])


def blocks_of(bench, count=3):
    """Return the records of some blocks."""
    for _ in range(count):
        with bench.record('work'):
            sum(range(1000))
    return bench.get_results()[-count:]


def observed_in(record):
    """Return which of the three a record has."""
    names = {'run_delay', 'load_average'} & record['call'].keys()
    return names | ({'resource_usage'} & record.keys())


ALL = {'resource_usage', 'load_average', *(['run_delay'] if COUNTED else [])}


@FORMS
def test_blocks_have_all_of_it(form):
    """From the first record on, in the form of the mixin and of the command."""
    for record in blocks_of(form(MicroBench)()):
        assert observed_in(record) == ALL
        [usage] = record['resource_usage']
        assert tuple(usage) == FIELDS
        assert all(value >= 0 for value in usage.values())
        assert isinstance(usage['utime'], float)
        assert type(usage['minflt']) is int
        assert record['call'].get('run_delay', 0.0) >= 0.0
        assert record['call']['load_average'] >= 0


@FORMS
def test_an_asynchronous_block(form):
    """It has them, too."""
    bench = form(MicroBench)()

    async def work():
        async with bench.arecord('work'):
            pass

    for _ in range(3):
        with pytest.raises(StopIteration):
            work().send(None)
    assert {frozenset(observed_in(r)) for r in bench.get_results()} == {frozenset(ALL)}


@FORMS
def test_functions_have_none_of_it(form):
    """Of whatever kind."""
    bench = form(MicroBench)()

    @bench
    def plain():
        pass

    @bench
    def generator():
        yield 1

    @bench
    async def coroutine():
        pass

    for _ in range(3):
        plain(), list(generator())
        with pytest.raises(StopIteration):
            coroutine().send(None)
    assert [observed_in(record) for record in bench.get_results()] == [set()] * 9


@FORMS
def test_switched_off(form):
    """MicroBenchBase has none, and so has a class or a bench without surroundings."""
    bench = form(MicroBench)()
    bench.surroundings = False
    for other in (bench, form(MicroBenchBase)()):
        assert [observed_in(record) for record in blocks_of(other)] == [set()] * 3
    bench.surroundings = True
    assert observed_in(only(blocks_of(bench, 1))) == ALL


@FORMS
def test_a_short_block(form):
    """It has the load alone: reading the rest would take as long."""
    before = _core.observe_from(2**62)
    try:
        records = blocks_of(form(MicroBench)())
    finally:
        assert _core.observe_from(before) == 2**62
    assert [observed_in(record) for record in records] == [{'load_average'}] * 3


@FORMS
def test_the_mixin_wins(form, monkeypatch):
    """What it captures is not read again, whatever it has put there."""

    class Mixed(MicroBench, MBResourceUsage):
        pass

    class Own(MicroBench, MBResourceUsage):
        def capturepost_resource_usage(self, bm_data):
            bm_data['resource_usage'] = ['mine']

    [record] = blocks_of(form(Mixed)(), 1)
    assert observed_in(record) == ALL
    assert len(record['resource_usage']) == 1
    assert only(blocks_of(form(Own)(), 1))['resource_usage'] == ['mine']
    text = json.dumps(blocks_of(form(Mixed)()))
    assert text.count('"resource_usage"') == 3


@FORMS
def test_fields_of_the_program_win(form):
    """Static ones, those of one record, and those of hooks."""
    for record in blocks_of(form(MicroBench)(resource_usage='mine')):
        assert record['resource_usage'] == 'mine'
    bench = form(MicroBench)()
    for _ in range(3):
        with bench.record('work', resource_usage='mine'):
            pass
    assert {record['resource_usage'] for record in bench.get_results()} == {'mine'}

    class Hooked(MicroBench):
        def capture_load(self, bm_data):
            namespace(bm_data, 'call').update(run_delay=7, load_average=8)

    call = only(blocks_of(Hooked(), 1))['call']
    assert (call['run_delay'], call['load_average']) == (7, 8)


@FORMS
def test_what_is_counted(form):
    """A voluntary switch of the block is in its record, and none of before."""
    bench = form(MicroBench)()
    read, write = os.pipe()

    def answer():
        os.write(write, os.read(read_other, 1))

    for _ in range(3):
        read_other, write_other = os.pipe()
        thread = threading.Thread(target=answer)
        thread.start()
        with bench.record('waits'):
            os.write(write_other, b'x')
            os.read(read, 1)
        thread.join()
        os.close(read_other), os.close(write_other)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        [found] = bench.get_results()[-1]['resource_usage']
        assert 0 <= found['nvcsw'] <= usage.ru_nvcsw
    os.close(read), os.close(write)
    assert {frozenset(observed_in(r)) for r in bench.get_results()} == {frozenset(ALL)}


@FORMS
def test_a_block_that_another_thread_ends(form):
    """It is unknown how long the first thread has waited."""
    bench = form(MicroBench)()
    for _ in range(3):
        block = bench.record('handed over')
        block.__enter__()
        thread = threading.Thread(target=block.__exit__, args=(None, None, None))
        thread.start()
        thread.join()
        assert observed_in(bench.get_results()[-1]) == ALL - {'run_delay'}


@FORMS
def test_a_block_that_a_thread_hands_to_its_heir(form):
    """The thread that ends it may have the stack, and the identifier, of one that ended."""
    bench = form(MicroBench)()
    for _ in range(3):
        block = bench.record('handed over')
        for step, args in ((block.__enter__, ()), (block.__exit__, (None, None, None))):
            thread = threading.Thread(target=step, args=args)
            thread.start()
            thread.join()
        assert observed_in(bench.get_results()[-1]) == ALL - {'run_delay'}


FORK = """
import os, sys
from microbench import MicroBench, _core
_core.observe_from(0)
bench = MicroBench(sys.argv[1])
for _ in range(2):
    with bench.record('parent'):
        pass
with bench.record('both'):
    child = os.fork()
if child == 0:
    with bench.record('child'):
        pass
    os._exit(0)
os.waitpid(child, 0)
"""


def test_a_fork_inside_a_block(tmp_path):
    """The child has the load alone: its counters began at the fork."""
    python(FORK, tmp_path / 'out.jsonl', flags=['-W', 'ignore'])
    records = FileOutput(tmp_path / 'out.jsonl').get_results()
    assert len(records) == 5
    for name, expected in (('parent', [ALL] * 2), ('child', [ALL])):
        named = [observed_in(r) for r in records if r['call']['name'] == name]
        assert named == expected
    both = [observed_in(r) for r in records if r['call']['name'] == 'both']
    assert sorted(both, key=len) == [{'load_average'}, ALL]


EXIT = """
import sys
from microbench import MBResourceUsage, MicroBench, MicroBenchBase
bases = {'plain': [MicroBench], 'base': [MicroBenchBase]}
bases['mixin'] = [MicroBench, MBResourceUsage]
bench = type('Bench', (*bases[sys.argv[2]],), {})(sys.argv[1])
bench.record_on_exit('job')
sum(range(1_000_000))
"""


@pytest.mark.parametrize(
    ('kind', 'expected'), [('plain', ALL), ('base', set()), ('mixin', ALL)]
)
def test_the_record_of_a_process(kind, expected, tmp_path):
    """It has them from the registration to the end."""
    python(EXIT, tmp_path / 'out.jsonl', kind)
    record = only(FileOutput(tmp_path / 'out.jsonl').get_results())
    assert observed_in(record) == expected
    if expected:
        [usage] = record['resource_usage']
        assert usage['utime'] + usage['stime'] > 0


def test_a_process_that_crashes(tmp_path):
    """The record that C writes has the load of the start."""
    script = EXIT.replace('sum(range(1_000_000))', 'import os; os.kill(os.getpid(), 11)')
    assert python(script, tmp_path / 'out.jsonl', 'plain').returncode == -11
    record = only(FileOutput(tmp_path / 'out.jsonl').get_results())
    assert record['exit_signal'] == 'SIGSEGV'
    assert observed_in(record) == {'load_average'}
