"""Blocks that run no Python of microbench."""

import asyncio
import contextlib
import gc
import io
import os
import signal
import weakref
from collections.abc import Coroutine
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MBLoadedModules, MicroBench, NullOutput
from tests.core.test_recorder import NAMES, OFFSETS, Odd, assert_alike, comparable
from tests.fakes import only, python

pytestmark = pytest.mark.usefixtures('fresh_count')  # some records are lost


def written(bench):
    """Return how many records of blocks were written without Python."""
    finder = bench._bench_config.blocks
    recorder = None if finder is None else finder.recorder
    return 0 if recorder is None else recorder.records


def enter(bench, times):
    """Enter so many blocks."""
    for number in range(times):
        with bench.record(f'block {number}'):
            pass


@pytest.mark.parametrize('journal', ['auto', 'off', 'on'])
def test_from_the_second_block_on(tmp_path, journal):
    """The first opens the file and, where there is one, the journal."""
    bench = MicroBench(tmp_path / 'out.jsonl', journal=journal)
    enter(bench, 6)
    assert written(bench) == 5
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == [f'block {number}' for number in range(6)]


def test_without_a_file():
    """A sink that discards, and memory, need no journal."""
    memory = io.StringIO()
    bench = MicroBench(outputs=[NullOutput(), FileOutput(memory)])
    enter(bench, 4)
    assert written(bench) == 3
    assert memory.getvalue().count('\n') == 4


class Silent:
    """A name that is not true."""

    def __bool__(self):
        return False


class Failing:
    """A name that cannot be looked at."""

    def __bool__(self):
        raise OverflowError


@pytest.mark.parametrize('name', [None, '', 0, 1.5, b'x', ('a',), Silent(), 'é', OSError])
def test_names_of_the_first_and_the_second_block(name):
    """The first block of a bench is made in Python, the second in C."""
    bench = MicroBench()
    for _ in range(2):
        for block in (
            bench.record(name),
            bench.record(name=name),
            MicroBench.record(bench, name),
        ):
            with block:
                pass
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == [str(name) if name else '<record>'] * 6
    assert written(bench) == 5


def test_wrong_arguments_of_the_first_and_the_second_block():
    """C refuses what Python does, in the same words."""
    bench, words = MicroBench(), []
    for _ in range(2):
        for args, names in (((1, 2), {}), ((1,), {'name': 2})):
            with pytest.raises(TypeError) as refused:
                bench.record(*args, **names)
            words.append(str(refused.value))
        with pytest.raises(OverflowError):
            bench.record(Failing())
        with bench.record():
            pass
    assert words[:2] == words[2:]
    with pytest.raises(TypeError, match='needs a bench'):
        MicroBench.record()


def test_a_class_overrides_record():
    """super() leads to the method in C, from Python."""

    class Named(MicroBench):
        def record(self, name=None):
            return super().record(f'my {name}')

    bench = Named()
    enter(bench, 3)
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == [f'my block {number}' for number in range(3)]
    assert written(bench) == 2


def test_iterations_and_warmup_are_those_of_functions():
    """A block runs once, and is recorded in C all the same."""
    bench = MicroBench(iterations=5, warmup=2)
    enter(bench, 3)
    assert written(bench) == 2
    durations = [record['call']['durations'] for record in bench.get_results()]
    assert [len(found) for found in durations] == [1, 1, 1]


def test_a_mixin_that_has_to_see_the_record():
    """Python writes it."""

    class Bench(MicroBench, MBLoadedModules):
        pass

    bench = Bench()
    enter(bench, 3)
    assert written(bench) == 0


@given(
    names=st.lists(NAMES, min_size=3, max_size=3),
    field=NAMES,
    offset=OFFSETS,
    phases=st.lists(NAMES, max_size=3),
    left_open=st.booleans(),
    error=NAMES | st.none(),
    iterations=st.integers(0, 3),
)
def test_it_equals_the_record_of_python(
    names, field, offset, phases, left_open, error, iterations
):
    """Keys, their order, values and types; only times differ."""
    found, kept = [], []
    settings = {'tz': timezone(timedelta(seconds=offset)), 'iterations': iterations}
    for more in ({}, {'duration_counter': lambda: 2.5}):
        bench = MicroBench(a=field, **settings, **more)
        for name in names:
            try:
                with bench.record(name):
                    for phase in phases:
                        with bench.time(phase):
                            pass
                    if left_open:
                        kept.append(bench.time('open'))
                        kept[-1].__enter__()
                    if error is not None:
                        raise Odd(error)
            except Odd as raised:
                assert str(raised) == error
        found.append([comparable(record) for record in bench.get_results()])
        assert (bench._bench_config.blocks.recorder is None) == bool(more)
    assert_alike(*found)


def test_one_block_entered_again():
    """Not within itself: each entry is a record."""
    bench = MicroBench()
    block = bench.record('again')
    for _ in range(3):
        with block, pytest.raises(RuntimeError, match='make another one inside it'):
            block.__enter__()
    assert block.__exit__(None, None, None) is None
    assert written(bench) == 2
    assert len(bench.get_results()) == 3


def test_nested_blocks():
    """Phases belong to the innermost; the innermost is written first."""
    bench = MicroBench()
    enter(bench, 2)
    with bench.record('outer'):
        with bench.time('before'):
            pass
        with bench.record('inner'), bench.time('inside'):
            pass
        with bench.time('after'):
            pass
    inner, outer = bench.get_results()[-2:]
    assert [timing['name'] for timing in inner['call']['timings']] == ['inside']
    assert [timing['name'] for timing in outer['call']['timings']] == ['before', 'after']
    assert written(bench) == 3


def test_async_blocks():
    """Each task has its own."""
    bench = MicroBench()

    async def step(name):
        async with bench.arecord(name):
            await asyncio.sleep(0)
            with bench.time(name):
                await asyncio.sleep(0)

    async def steps():
        await asyncio.gather(*(step(f'step {number}') for number in range(5)))

    enter(bench, 2)
    asyncio.run(steps())
    for record in bench.get_results()[2:]:
        assert only(record['call']['timings'])['name'] == record['call']['name']
    assert written(bench) == 6


def test_what_an_async_block_awaits_to_begin():
    """It is like a coroutine: it begins when it is awaited, once, or never."""
    bench = MicroBench()
    enter(bench, 2)
    block = bench.arecord('block')
    for end in ('close', 'throw'):
        entering = block.__aenter__()
        assert isinstance(entering, Coroutine)
        assert block.run is None
        if end == 'throw':
            with pytest.raises(Odd):
                entering.throw(Odd('x'))
        else:
            entering.close()
        with pytest.raises(RuntimeError, match='already awaited'):
            entering.send(None)
        assert block.run is None
    with pytest.raises(TypeError, match='takes an exception'):
        block.__aenter__().throw('text')

    async def main():
        async with contextlib.AsyncExitStack() as stack:
            task = asyncio.create_task(block.__aenter__())
            assert await task is block
            stack.push_async_exit(block)
            assert block.run is not None
            with pytest.raises(RuntimeError, match='make another one inside it'):
                await stack.enter_async_context(block)

    asyncio.run(main())
    assert written(bench) == 2


def test_a_cycle_through_what_begins_an_async_block():
    """The garbage collector finds it."""
    bench = MicroBench()
    bench.held = bench.arecord('block').__aenter__()
    reference = weakref.ref(bench)
    del bench
    gc.collect()
    assert reference() is None


def test_a_change_in_the_middle():
    """The block keeps what it began with; the next has the new field."""
    bench = MicroBench()
    enter(bench, 3)
    with bench.record('changed'):
        bench.add_fields(new=1)
    with bench.record('next'):
        pass
    *_, changed, last = bench.get_results()
    assert changed['call']['name'] == 'changed'
    assert 'new' not in changed
    assert last['new'] == 1


def test_a_sink_that_fails(tmp_path):
    """Python reacts, with the name of the block."""
    closed, last = io.StringIO(), io.StringIO()
    bench = MicroBench(outputs=[FileOutput(closed), FileOutput(last)])
    enter(bench, 3)
    closed.close()
    with (
        pytest.warns(RuntimeWarning, match='did not take a record'),
        bench.record('failing'),
    ):
        pass
    assert last.getvalue().count('\n') == 4
    assert '"name":"failing"' in last.getvalue()


KILLED = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
for number in range(5):
    with bench.record(f'block {number}'):
        with bench.time('phase'):
            if number == 4:
                os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_killed_in_a_block(tmp_path):
    """The journal shows the open block, with its phase; the others are in the file."""
    path = tmp_path / 'out.jsonl'
    done = python(KILLED, path)
    assert done.returncode == -signal.SIGKILL
    *whole, killed = FileOutput(path).get_results()
    assert [record['call']['name'] for record in whole] == [f'block {n}' for n in range(4)]
    assert killed['call']['name'] == 'block 4'
    assert only(killed['call']['open_timings'])['name'] == 'phase'
    assert killed['exit_path'] == 'recovered'


def test_a_child_has_a_journal_of_its_own(tmp_path):
    """Its first block after the fork is begun by Python, which makes the journal."""
    path = tmp_path / 'out.jsonl'
    bench = MicroBench(path)
    enter(bench, 3)
    child = os.fork()
    if child == 0:
        enter(bench, 2)
        with bench.record('killed'):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    names = [record['call']['name'] for record in FileOutput(path).get_results()]
    assert names == ['block 0', 'block 1', 'block 2', 'block 0', 'block 1', 'killed']
