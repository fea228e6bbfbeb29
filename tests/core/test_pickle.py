"""Benches and timed functions travel to other processes, and are copied."""

import copy
import os
import pickle

import pytest

from microbench import FileOutput, MicroBench, MicroBenchBase
from microbench.core.capture import per_process
from tests.fakes import ROOT, FailingAt, printed, python

bench = MicroBench(experiment='baseline')


@bench
def work(a, b=2):
    """Multiply."""
    return a * b


@bench
async def coroutine():
    """Do nothing."""


@bench
def generator():
    """Yield once."""
    yield 1


class Thing:
    """Something with a timed method."""

    def __init__(self, value):
        self.value = value

    @bench
    def method(self):
        return self.value


PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.mark.parametrize('func', [work, coroutine, generator])
def test_functions_are_copied_as_functions_are(func):
    """A copy of a timed function is the function itself."""
    assert copy.copy(func) is func
    assert copy.deepcopy(func) is func
    assert copy.deepcopy([func])[0] is func


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_bench_goes_through_pickle(protocol, tmp_path):
    """A bench comes back with its settings, and writes to the same file."""
    path = tmp_path / 'records.jsonl'
    made = MicroBench(outfile=path, iterations=2, warmup=1, experiment='x')
    made(len)('')
    other = pickle.loads(pickle.dumps(made, protocol))
    other(len)('')
    assert (other.iterations, other.warmup) == (2, 1)
    assert len(path.read_text().splitlines()) == 2
    assert [r['experiment'] for r in other.get_results()] == ['x', 'x']


@pytest.mark.parametrize('copied', [copy.copy, copy.deepcopy])
def test_a_copied_bench_is_a_bench_of_its_own(copied):
    """Settings changed on the copy leave the original alone."""
    made = MicroBench(duration_counter=FailingAt(), experiment='x')
    made(len)('')
    other = copied(made)
    other.iterations = 3
    other.capture_later = lambda bm_data: bm_data.update(later=1)
    other(len)('')
    made(len)('')
    assert len(other.get_results()[-1]['call']['durations']) in (1, 3)
    last = made.get_results()[-1]
    assert (last['call']['durations'], 'later' in last) == ([1.0], False)


def test_an_open_file_cannot_be_sent(tmp_path):
    """A file object as sink is refused by pickle itself."""
    with (tmp_path / 'f').open('w') as file, pytest.raises(TypeError):
        pickle.dumps(MicroBenchBase(outfile=file))


def test_a_sink_goes_through_pickle(tmp_path):
    """A FileOutput with attributes of its own comes back with them."""
    sink = FileOutput(tmp_path / 'f')
    sink.label = 'mine'
    sink.write('{"a": 1}')
    other = pickle.loads(pickle.dumps(sink))
    other.write('{"a": 2}')
    assert other.label == 'mine'
    assert sink.get_results() == [{'a': 1}, {'a': 2}]


MODULE = """
import microbench
bench = microbench.MicroBench(outfile={path!r}, experiment='x')
@bench
def work(a):
    with bench.time('part'):
        return a * 2
@bench
async def coroutine(a):
    return a * 2
@bench
def generator(a):
    yield a * 2
class Thing:
    @bench
    def method(self):
        return 3
    @bench
    @classmethod
    def made(cls):
        return 4
"""
SEND = """
import {pickler} as pickler
data = pickler.dumps((bench, work, coroutine, generator, Thing, Thing().method))
sys.stdout.buffer.write(data)
"""
RECEIVE = """
import asyncio, pickle
got = pickle.load(sys.stdin.buffer)
bench, work, coroutine, generator, Thing, method = got
print(work(2), asyncio.run(coroutine(2)), list(generator(2)), Thing().method())
print(Thing.made(), method(), work.__name__)
print(sorted({r['call']['name'] for r in bench.get_results()}))
print({r['experiment'] for r in bench.get_results()})
"""
RECEIVED = """4 4 [4] 3
4 3 work
['coroutine', 'generator', 'made', 'method', 'work']
{'x'}
"""


@pytest.mark.parametrize('pickler', ['pickle', 'cloudpickle'])
def test_from_a_module_to_a_fresh_process(pickler, tmp_path):
    """A function is sent by name, where the other process can import the module."""
    if pickler == 'cloudpickle':
        pytest.importorskip('cloudpickle')
    (tmp_path / 'usersmodule.py').write_text(
        MODULE.format(path=str(tmp_path / 'records.jsonl'))
    )
    there = f'sys.path.insert(0, {str(tmp_path)!r})\n'
    sent = python(
        there + 'from usersmodule import *\n' + SEND.format(pickler=pickler), stdin=b''
    )
    assert sent.returncode == 0, sent.stderr.decode()
    got = python(there + RECEIVE, stdin=sent.stdout)
    assert got.returncode == 0, got.stderr.decode()
    assert got.stdout.decode() == RECEIVED


def number():
    """A number of a class that cannot be pickled."""

    class Number(int):
        pass

    return Number(1)


class Plain(MicroBench):
    """A bench that is pickled with all that is in its `__dict__`."""

    @per_process
    def capture_number(self, bm_data):
        bm_data['number'] = number()

    def __getstate__(self):
        return dict(self.__dict__)


def test_a_getstate_of_ones_own():
    """Captured values are left out of a `__getstate__` of one's own too."""
    used = Plain()
    used(len)('abc')
    copied = pickle.loads(pickle.dumps(used))
    copied(len)('abc')
    assert [record['number'] for record in copied.get_results()] == [1, 1]


def test_from_main_by_cloudpickle(tmp_path):
    """Definitions of `__main__` are sent by value, the bench included."""
    pytest.importorskip('cloudpickle')
    module = MODULE.format(path=str(tmp_path / 'records.jsonl'))
    sent = python(module + SEND.format(pickler='cloudpickle'), stdin=b'')
    assert sent.returncode == 0, sent.stderr.decode()
    got = python(RECEIVE, stdin=sent.stdout)
    assert got.returncode == 0, got.stderr.decode()
    assert got.stdout.decode() == RECEIVED


def test_after_use_by_cloudpickle(tmp_path):
    """A bench that has recorded is sent without its state of this process."""
    pytest.importorskip('cloudpickle')
    module = MODULE.format(path=str(tmp_path / 'records.jsonl')) + 'work(1)\n'
    sent = python(module + SEND.format(pickler='cloudpickle'), stdin=b'')
    assert sent.returncode == 0, sent.stderr.decode()
    code = """
import pickle
from microbench import _core
bench, work, *_ = pickle.load(sys.stdin.buffer)
work(1)
first, second = bench.get_results()
print(second['mb']['run_id'] == _core.RUN_ID != first['mb']['run_id'])
"""
    got = python(code, stdin=sent.stdout)
    assert got.returncode == 0, got.stderr.decode()
    assert got.stdout.decode().split() == ['True']


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_in_a_process_pool(method, tmp_path):
    """Timed functions are tasks for a pool; each worker's records are in the file."""
    (tmp_path / 'usersmodule.py').write_text(
        MODULE.format(path=str(tmp_path / 'records.jsonl'))
    )
    code = f"""
sys.path.insert(0, {str(tmp_path)!r})
import warnings; warnings.simplefilter('ignore', DeprecationWarning)
import multiprocessing
from usersmodule import bench, work
if __name__ == '__main__':
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(work, range(4)))
    print(len(bench.get_results()))
    print(len({{r['mb']['record_id'] for r in bench.get_results()}}))
"""
    program = tmp_path / 'program.py'
    program.write_text(code.replace('sys.path', 'import sys; sys.path', 1))
    start = f'import runpy; runpy.run_path({str(program)!r}, run_name="__main__")'
    if method == 'spawn':
        env = {'PYTHONPATH': os.pathsep.join([str(ROOT), str(tmp_path)])}
    else:
        env = {}
    assert printed(start, env=env) == '[0, 2, 4, 6]\n4\n4\n'
