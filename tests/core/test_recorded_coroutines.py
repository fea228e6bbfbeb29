"""Coroutine functions whose calls run no Python of microbench but their own body."""

import asyncio
import gc
import inspect
import sys
import weakref
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    MBFunctionCall,
    MBLoadedModules,
    MBReturnValue,
    MicroBench,
    NullOutput,
)
from tests.core.test_recorder import (
    NAMES,
    OFFSETS,
    Odd,
    assert_alike,
    comparable,
    recorder,
    written,
)
from tests.fakes import only

pytestmark = pytest.mark.usefixtures('fresh_count')  # some records are lost


class Captured(MicroBench, MBFunctionCall, MBReturnValue):
    """A bench whose captures C runs."""


def called(function, *args, times=3):
    """Await so many calls, one after the other; return the last result."""

    async def calls():
        for _ in range(times - 1):
            await function(*args)
        return await function(*args)

    return asyncio.run(calls())


async def pause():
    """Let other tasks run."""
    await asyncio.sleep(0)


@pytest.mark.parametrize('cls', [MicroBench, Captured])
@pytest.mark.parametrize('iterations', [0, 1, 3])
@pytest.mark.parametrize('outputs', [{}, {'outputs': [NullOutput()]}])
def test_from_the_second_call_on(cls, iterations, outputs):
    """The first call looks at the sinks."""
    bench = cls(iterations=iterations, **outputs)
    function = bench(pause)
    called(function, times=4)
    assert written(function) == 3


SLOW = {
    'warm-up': lambda: MicroBench(warmup=1),
    'a field that is a list': lambda: MicroBench(field=[1]),
    'a mixin that runs for each record': type('B', (MicroBench, MBLoadedModules), {}),
}


@pytest.mark.parametrize('make', SLOW.values(), ids=SLOW)
def test_otherwise_python_records(make):
    """Each call is recorded all the same."""
    bench = make()
    function = bench(pause)
    called(function)
    assert written(function) == 0
    assert len(bench.get_results()) == 3


@given(
    name=NAMES,
    field=NAMES,
    offset=OFFSETS,
    phases=st.lists(NAMES, max_size=3),
    left_open=st.booleans(),
    error=NAMES | st.none(),
    fails_in=st.integers(1, 3),
    iterations=st.integers(0, 3),
    cls=st.sampled_from([MicroBench, Captured]),
)
def test_it_equals_the_record_of_python(
    name, field, offset, phases, left_open, error, fails_in, iterations, cls
):
    """Keys, their order, values and types; only times differ."""

    async def function():
        left.append(0)
        for phase in phases:
            async with bench.time(phase):
                await pause()
        if left_open:
            kept.append(bench.time('open'))
            kept[-1].__enter__()
        if error is not None and len(left) == fails_in:
            raise Odd(error)
        return {'left': len(left)}

    function.__name__ = name
    tz, kept, found = timezone(timedelta(seconds=offset)), [], []
    for more in ({}, {'duration_counter': lambda: 2.5}):
        bench = cls(tz=tz, field=field, iterations=iterations, **more)
        decorated = bench(function)
        for _ in range(3):
            left = []
            try:
                value = called(decorated, times=1)
            except Odd as raised:
                assert str(raised) == error
                assert fails_in <= iterations
            else:
                assert value == ({'left': iterations} if iterations else None)
        found.append([comparable(record) for record in bench.get_results()])
        assert (recorder(decorated) is None) == bool(more)
    assert_alike(*found)


def test_arguments_and_results():
    """They pass through."""
    bench = MicroBench()

    @bench
    async def function(a, b=2, *more, c, **rest):
        await pause()
        return a, b, more, c, rest

    async def calls():
        for _ in range(3):
            assert await function(1, 3, 4, c=5, d=6) == (1, 3, (4,), 5, {'d': 6})
            assert await function(1, c=7) == (1, 2, (), 7, {})

    asyncio.run(calls())
    assert written(function) == 5


def test_methods():
    """The object they are bound to passes through too."""
    bench = MicroBench()

    class Thing:
        @bench
        async def method(self):
            return self

    thing = Thing()
    assert called(thing.method) is thing
    assert written(Thing.method) == 2


def test_tasks_at_once():
    """Each call has a run of its own, with its own phases."""
    bench = MicroBench()

    @bench
    async def step(name):
        with bench.time(name):
            await pause()
        await pause()
        return name

    async def steps():
        return await asyncio.gather(*(step(f'step {number}') for number in range(20)))

    called(step, 'first')
    assert asyncio.run(steps()) == [f'step {number}' for number in range(20)]
    names = [only(record['call']['timings'])['name'] for record in bench.get_results()]
    assert sorted(names[3:]) == sorted(f'step {number}' for number in range(20))
    assert written(step) == 22


def test_the_coroutine_it_awaits():
    """Tools that walk from one coroutine to the next find that of the user's function."""
    bench = MicroBench()
    function = bench(pause)
    called(function)
    coroutine = function()
    coroutine.send(None)
    assert coroutine.cr_await.cr_code is pause.__code__
    coroutine.close()
    assert written(function) == 3
    assert bench.get_results()[-1]['exception']['type'] == 'GeneratorExit'


@pytest.mark.parametrize('finish', ['close', 'throw', 'del'])
def test_a_call_that_is_ended_from_outside(finish):
    """Its record has the exception; nothing is active afterwards."""
    bench = MicroBench()
    function = bench(pause)
    called(function)
    coroutine = function()
    coroutine.send(None)
    if finish == 'throw':
        with pytest.raises(Odd):
            coroutine.throw(Odd('from outside'))
    elif finish == 'close':
        coroutine.close()
    del coroutine
    record = bench.get_results()[-1]
    kind = 'Odd' if finish == 'throw' else 'GeneratorExit'
    assert record['exception']['type'] == kind
    with bench.time('nowhere'):
        pass
    assert len(bench.get_results()) == 4


def test_a_cancelled_task():
    """It is cancelled, and its record says so."""
    bench = MicroBench()

    @bench
    async def function():
        await asyncio.Event().wait()

    async def cancel():
        for _ in range(3):
            task = asyncio.ensure_future(function())
            await pause()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel())
    types = [record['exception']['type'] for record in bench.get_results()]
    assert types == ['CancelledError'] * 3


def test_a_call_that_is_never_awaited():
    """It warns, as without the decorator, and records nothing."""
    bench = MicroBench()
    function = bench(pause)
    called(function)
    with pytest.warns(RuntimeWarning, match='never awaited'):
        del [function()][0]
        gc.collect()
    assert len(bench.get_results()) == 3


def test_a_change_holds_from_the_next_call_on():
    """Also if it comes while the function runs: that call keeps what it began with."""
    bench = MicroBench()

    @bench
    async def function(number):
        if number == 3:
            bench.add_fields(new=1)

    async def calls():
        for number in range(5):
            await function(number)

    asyncio.run(calls())
    assert [record.get('new') for record in bench.get_results()] == [None] * 4 + [1]


def test_a_cycle_through_a_suspended_call():
    """The garbage collector finds it."""
    bench = MicroBench(outputs=[NullOutput()])

    class Held:
        coroutine = None

    @bench
    async def function(held):
        await pause()

    for _ in range(3):
        held = Held()
        held.coroutine = function(held)
        held.coroutine.send(None)
        reference = weakref.ref(held)
        del held
        gc.collect()
        assert reference() is None


@pytest.mark.parametrize('iterations', [1, 2])
def test_a_call_that_cannot_be_made(iterations):
    """Its record has the exception, and the caller gets it."""
    bench = MicroBench(iterations=iterations)

    @bench
    async def work(value):
        return value

    assert [asyncio.run(work(number)) for number in (1, 2)] == [1, 2]
    with pytest.raises(TypeError, match='missing 1 required'):
        asyncio.run(work())
    *well, failed = bench.get_results()
    assert [len(record['call']['durations']) for record in well] == [iterations] * 2
    assert failed['exception']['type'] == 'TypeError'
    assert len(failed['call']['durations']) == 1


@pytest.mark.skipif(sys.version_info < (3, 12), reason='runs from CPython 3.12 on')
@pytest.mark.parametrize('iterations', [1, 2])
def test_a_stop_iteration_is_no_end(iterations):
    """As in any coroutine, it becomes a RuntimeError."""
    bench = MicroBench(iterations=iterations)
    raised = []

    def plain():
        if raised:
            raise StopIteration
        return asyncio.sleep(0)

    work = bench(inspect.markcoroutinefunction(plain))
    called(work)
    raised.append(True)
    with pytest.raises(RuntimeError, match='raised StopIteration'):
        asyncio.run(work())
    assert bench.get_results()[-1]['exception']['type'] in ('RuntimeError', 'StopIteration')
