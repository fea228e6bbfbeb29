"""Open records when the interpreter ends, forks, or runs out of stack."""

import os
import sys

import pytest

from microbench import MBFunctionCall, MicroBenchBase, _core
from microbench.results.reading import Lines, blocks
from tests.fakes import Ticking, printed

MAKE = """
import asyncio, os, sys, threading
import microbench
class Bench(microbench.MicroBench):
    pass
class Hooked(Bench):
    def capture_x(self, bm_data):
        yield
    def capturepost_x(self, bm_data):
        pass
bench = {}(sys.argv[1])
@bench
def steps():
    with bench.time('part'):
        yield 1
        yield 2
@bench
async def asteps():
    with bench.time('part'):
        yield 1
        yield 2
@bench
def bare():
    yield 1
class Wait:
    def __await__(self):
        yield
@bench
async def work():
    with bench.time('part'):
        await Wait()
async def waits():
    async with bench.arecord():
        await Wait()
def sent(coroutine):
    coroutine.send(None)
    return coroutine
"""

OPEN = {
    'record': 'kept = bench.record(); kept.__enter__()',
    'phase': 'kept = [bench.record(), bench.time("a")]; [k.__enter__() for k in kept]',
    'phase of no record': 'kept = bench.time("a"); kept.__enter__()',
    'generator': 'kept = steps(); next(kept)',
    'generator without a phase': 'kept = bare(); next(kept)',
    'generator in a cycle': 'kept = [steps()]; kept.append(kept); next(kept[0])',
    'generator of a builtin': 'import builtins; builtins.kept = steps(); next(kept)',
    'generator that never began': 'kept = steps()',
    'async generator': 'kept = asteps(); asend = kept.asend(None)\n'
    'try: asend.send(None)\nexcept StopIteration: pass',
    'async generator in a loop': 'async def main():\n'
    '    global kept\n    kept = asteps()\n    await anext(kept)\nasyncio.run(main())',
    'coroutine': 'kept = sent(work())',
    'arecord': 'kept = sent(waits())',
    'daemon thread': 'inside = threading.Event()\n'
    '@bench\ndef forever():\n    inside.set()\n    threading.Event().wait()\n'
    'threading.Thread(target=forever, daemon=True).start()\ninside.wait()',
    'atexit': 'import atexit\n'
    'kept = steps(); next(kept); atexit.register(lambda: next(kept))',
    'sys.exit in a record': 'kept = bench.record()\nkept.__enter__()\nsys.exit(0)',
}


@pytest.mark.parametrize('bench', ['Bench', 'Hooked'])
@pytest.mark.parametrize('what', OPEN)
def test_open_at_the_end(what, bench, tmp_path):
    """The interpreter ends silently, and the file can be read."""
    path = tmp_path / 'a.jsonl'
    assert printed(MAKE.replace('{}', bench) + OPEN[what], path) == ''
    if path.exists():
        with path.open('rb') as file:
            list(Lines(blocks(file), path))  # a damaged line would be a warning


@pytest.mark.parametrize('bench', ['Bench', 'Hooked'])
def test_everything_open_at_the_end(bench, tmp_path):
    """Everything open at once, with the bench already gone, ends as well."""
    several = ['record', 'phase', 'generator', 'async generator', 'coroutine', 'arecord']
    code = MAKE.replace('{}', bench) + 'scopes = [dict(globals()) for _ in range(6)]\n'
    for i, what in enumerate(several):
        code += f'exec({OPEN[what]!r}, scopes[{i}])\n'
    code += 'del bench, steps, asteps, work, waits'
    assert printed(code, tmp_path / 'a.jsonl') == ''


def test_ended_by_os_exit(tmp_path):
    """os._exit() in a record writes nothing and says nothing."""
    path = tmp_path / 'a.jsonl'
    code = MAKE.replace('{}', 'Bench') + 'with bench.record():\n    os._exit(0)'
    assert printed(code, path) == ''
    assert not path.exists()


# --- fork -----------------------------------------------------------------------------

FORKED = """
import json, os, sys
import microbench
bench = microbench.MicroBench(sys.argv[1])
with bench.record('parent'):
    with bench.time('before'):
        pass
    child = os.fork()
    if not child:
        {}
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with bench.time('after'):
        pass
bench(len)('')
for record in bench.get_results():
    call = record['call']
    print(call['name'], [timing['name'] for timing in call.get('timings', ())])
identities = [record['mb'] for record in bench.get_results()]
ids = [mb['record_id'] for mb in identities]
print(len(ids) == len(set(ids)), len({mb['run_id'] for mb in identities}))
"""
needs_fork = pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork here')


@needs_fork
@pytest.mark.parametrize(
    ('child', 'written'),
    [
        ('os._exit(0)', []),
        ('bench(len)("abc"); os._exit(0)', ['len []']),
        (
            'with bench.record("child"), bench.time("own"): pass\n        os._exit(0)',
            ["child ['own']"],
        ),
        ('with bench.time("lost"): pass\n        os._exit(0)', []),
    ],
)
def test_fork_in_the_middle_of_a_record(child, written, tmp_path):
    """The parent writes its record once; a child has its own, with other ids."""
    out = printed(FORKED.replace('{}', child), tmp_path / 'a.jsonl').splitlines()
    assert out == [*written, "parent ['before', 'after']", 'len []', 'True 1']


# --- deep recursion -------------------------------------------------------------------


class Hooked(MicroBenchBase, MBFunctionCall):
    """A bench whose records are dicts."""

    def capture_pending(self, bm_data):
        yield

    def capturepost_x(self, bm_data):
        pass


def decorated(bench):
    @bench
    def down(level=0):
        with bench.time('part'):
            down(level + 1)

    return down


def in_records(bench):
    def down():
        with bench.record(), bench.time('part'):
            down()

    return down


def in_generators(bench):
    @bench
    def down():
        yield from down()

    return lambda: list(down())


def in_coroutines(bench):
    @bench
    async def down():
        await down()

    return lambda: down().send(None)


@pytest.fixture
def shallow():
    """Lower the recursion limit, so that the stack is soon used up."""
    before = sys.getrecursionlimit()
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 150)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize('cls', [MicroBenchBase, Hooked])
@pytest.mark.parametrize('counter', [{}, {'duration_counter': Ticking()}])
@pytest.mark.parametrize('down', [decorated, in_records, in_generators, in_coroutines])
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_recursion_without_end(down, counter, cls, shallow, capsys):
    """A RecursionError reaches the user; wherever it struck, no run stays open."""
    before = _core.runs_open()
    bench = cls(outputs=[], **counter)
    recursion = down(bench)
    with pytest.raises(RecursionError):
        recursion()
    assert _core.runs_open() == before
    with bench.record() as block:
        assert block.run.is_open
    assert _core.runs_open() == before
