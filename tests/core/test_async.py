"""Coroutine and async generator functions, `arecord`, and concurrent tasks."""

import asyncio
import contextlib
import contextvars
import gc
import inspect
import types

import pytest

from microbench import MBFunctionCall, MBReturnValue, MicroBenchBase, _core
from tests.fakes import Ticking, call_of, only


@pytest.fixture
def bench():
    """A bench with a ticking clock."""
    return MicroBenchBase(duration_counter=Ticking())


@types.coroutine
def pause():
    """Wait once, for the code that drives the coroutine."""
    yield


def test_it_stays_a_coroutine_function(bench):
    """The wrapper is a coroutine function to inspect and asyncio."""

    @bench
    async def work(a: int) -> int:
        """Work."""
        return a

    assert inspect.iscoroutinefunction(work)
    assert work.__name__ == 'work'
    assert str(inspect.signature(work)) == '(a: int) -> int'
    assert asyncio.run(work(3)) == 3
    assert call_of(bench)['durations'] == [1.0]


def test_iterations_and_warm_up():
    """Warm-up is awaited untimed, each iteration timed, the last value returned."""
    bench = MicroBenchBase(duration_counter=Ticking(), iterations=2, warmup=3)
    calls = []

    @bench
    async def work():
        with bench.time('inside'):
            calls.append(1)
        await pause()
        return len(calls)

    async def main():
        return await work()

    coroutine = main()
    for _ in range(5):
        coroutine.send(None)
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value == 5
    call = call_of(bench)
    assert call['durations'] == [3.0, 3.0]
    assert call['timings'] == [{'name': 'inside', 'duration': 1.0}] * 2
    assert call['timings_iteration'] == [0, 1]


@pytest.mark.parametrize('counter', [None, Ticking()])
def test_no_iterations(counter):
    """With iterations=0 nothing is awaited, and the times are those of the call."""
    settings = {'duration_counter': counter} if counter else {}
    bench = MicroBenchBase(iterations=0, **settings)

    @bench
    async def work():
        raise AssertionError

    assert asyncio.run(work()) is None
    call = call_of(bench)
    assert call['durations'] == []
    for field in ('start_time', 'finish_time'):
        assert not call[field].startswith('1970')


@pytest.mark.parametrize('fails', [False, True])
def test_warm_up_mutes_nothing_after_it(bench, fails):
    """Phases of the surrounding record are recorded again once warm-up is over."""
    warmed = MicroBenchBase(duration_counter=Ticking(), warmup=1)

    @warmed
    async def work():
        with warmed.time('inside'):
            await asyncio.sleep(0)
        if fails:
            raise KeyError

    async def main():
        async with bench.arecord('outer'):
            with contextlib.suppress(KeyError):
                await work()
            with bench.time('after'):
                pass

    asyncio.run(main())
    assert [t['name'] for t in call_of(bench)['timings']] == ['after']
    assert len(warmed.get_results()) == 1 - fails


def test_failure_in_warm_up(bench):
    """An exception of a warm-up call makes no record and mutes nothing after it."""
    bench.warmup = 1

    @bench
    async def work():
        raise KeyError

    async def main():
        with pytest.raises(KeyError):
            await work()
        async with bench.arecord('after'):
            with bench.time('heard'):
                pass

    asyncio.run(main())
    assert call_of(bench)['timings'] == [{'name': 'heard', 'duration': 1.0}]


def test_failing_trigger_before_the_iteration():
    """A trigger that fails keeps the function from running; times are of the call."""

    class Bench(MicroBenchBase):
        def pre_run_triggers(self, bm_data):
            raise KeyError('trigger')

    bench = Bench(duration_counter=Ticking())

    @bench
    async def work():
        raise AssertionError

    with pytest.raises(KeyError, match='trigger'):
        asyncio.run(work())
    for record in bench.get_results():
        assert not record['call']['finish_time'].startswith('1970')


def test_concurrent_calls_keep_apart():
    """Concurrent calls of one coroutine function: own arguments, phases, results."""

    class Bench(MicroBenchBase, MBFunctionCall, MBReturnValue):
        pass

    bench = Bench()

    @bench
    async def work(number):
        for step in range(3):
            async with bench.time(f'{number}.{step}'):
                await asyncio.sleep(0)
        return number

    async def main():
        return await asyncio.gather(*map(work, range(20)))

    assert asyncio.run(main()) == list(range(20))
    calls = [record['call'] for record in bench.get_results()]
    assert sorted(c['args'][0] for c in calls) == list(range(20))
    for call in calls:
        number = call['args'][0]
        assert call['return_value'] == number
        names = [t['name'] for t in call['timings']]
        assert names == [f'{number}.{step}' for step in range(3)]


def test_concurrent_arecords_keep_apart(bench):
    """Two blocks that overlap in time have their own phases."""

    async def one(name):
        async with bench.arecord(name):
            for _ in range(2):
                with bench.time(name):
                    await asyncio.sleep(0)

    async def main():
        await asyncio.gather(one('a'), one('b'))

    asyncio.run(main())
    found = {
        r['call']['name']: {t['name'] for t in r['call']['timings']}
        for r in bench.get_results()
    }
    assert found == {'a': {'a'}, 'b': {'b'}}


def test_tasks_made_inside_share_the_record(bench):
    """A task started inside a record inherits it."""

    async def part(name):
        with bench.time(name):
            await asyncio.sleep(0)

    async def main():
        async with bench.arecord('whole'):
            await asyncio.gather(*map(part, 'abc'))

    asyncio.run(main())
    assert sorted(t['name'] for t in call_of(bench)['timings']) == ['a', 'b', 'c']


def test_a_task_that_outlives_the_record(bench):
    """The open phase of a task is named in the record, and counted when it ends."""

    async def straggler(go_on):
        with bench.time('late'):
            await go_on.wait()
        with bench.time('later'):
            pass

    async def main():
        go_on = asyncio.Event()
        async with bench.arecord('whole'):
            task = asyncio.create_task(straggler(go_on))
            await asyncio.sleep(0)
        lost = _core.phases_lost()
        go_on.set()
        await task
        assert _core.phases_lost() > lost

    asyncio.run(main())
    call = call_of(bench)
    assert 'timings' not in call
    assert [t['name'] for t in call['open_timings']] == ['late']


def test_to_thread_inherits_the_record(bench):
    """asyncio.to_thread copies the context, and with it the record."""

    def part():
        with bench.time('in a thread'):
            pass

    async def main():
        async with bench.arecord('whole'):
            await asyncio.to_thread(part)

    asyncio.run(main())
    assert call_of(bench)['timings'] == [{'name': 'in a thread', 'duration': 1.0}]


def test_cancelled(bench):
    """A cancelled task is recorded as such, and stays cancelled."""

    @bench
    async def work():
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())
    assert only(bench.get_results())['exception']['type'] == 'CancelledError'


def test_closed_before_it_ran(bench):
    """A coroutine that never ran makes no record."""

    @bench
    async def work():
        pass

    work().close()
    assert bench.get_results() == []


def test_closed_while_it_waits(bench):
    """Closing a coroutine ends its record."""

    @bench
    async def work():
        await pause()

    coroutine = work()
    coroutine.send(None)
    coroutine.close()
    assert call_of(bench)['durations'] == [1.0]


@pytest.mark.parametrize('warmup', [0, 1])
def test_closed_in_another_context(bench, warmup):
    """A coroutine closed in another context raises nothing, and leaves none active."""
    bench.warmup = warmup

    @bench
    async def work():
        await pause()

    coroutine = work()
    contextvars.copy_context().run(coroutine.send, None)
    coroutine.close()
    assert len(bench.get_results()) == 1 - warmup
    with bench.time('nowhere'):
        pass


def test_arecord_left_in_another_context(bench):
    """Entering and leaving may happen in different contexts."""
    block = bench.arecord('crossed')

    def drive(coroutine):
        with pytest.raises(StopIteration):
            coroutine.send(None)

    async def leave():
        await block.__aexit__(None, None, None)

    first, second = contextvars.copy_context(), contextvars.copy_context()
    first.run(drive, block.__aenter__())
    second.run(drive, leave())

    def phase():
        with bench.time('nowhere'):
            pass

    first.run(phase)
    second.run(phase)
    assert 'timings' not in call_of(bench)


def test_async_with_time_outside_a_record(bench):
    """Outside any record, `async with bench.time` does nothing."""

    async def main():
        async with bench.time('nothing') as phase:
            return phase

    asyncio.run(main())
    assert bench.get_results() == []


def test_callable_object_with_async_call(bench):
    """An object whose `__call__` is a coroutine function is awaited and timed."""

    class Worker:
        async def __call__(self, a):
            with bench.time('inside'):
                await asyncio.sleep(0)
            return a

    assert asyncio.run(bench(Worker())(3)) == 3
    call = call_of(bench)
    assert call['name'] == 'Worker'
    assert call['durations'] == [3.0]


# --- async generators -------------------------------------------------------------


def test_it_stays_an_async_generator_function(bench):
    """The wrapper is an async generator function to inspect."""

    @bench
    async def count():
        yield 1

    assert inspect.isasyncgenfunction(count)


def test_only_the_time_inside_the_body_counts():
    """Ticks of the consumer between two items are not in the duration."""
    clock = Ticking()
    bench = MicroBenchBase(duration_counter=clock)

    @bench
    async def count():
        yield 1
        await asyncio.sleep(0)
        yield 2

    async def main():
        found = []
        async for item in count():
            clock()
            found.append(item)
        return found

    assert asyncio.run(main()) == [1, 2]
    assert call_of(bench)['durations'] == [3.0]


def test_asend_athrow_and_aclose(bench):
    """Values and exceptions pass; early close is no exception."""

    @bench
    async def talk():
        received = yield 'first'
        try:
            yield received
        except KeyError as error:
            yield error.args

    async def main():
        body = talk()
        assert await anext(body) == 'first'
        assert await body.asend('sent') == 'sent'
        assert await body.athrow(KeyError('thrown')) == ('thrown',)
        await body.aclose()

    asyncio.run(main())
    record = only(bench.get_results())
    assert 'exception' not in record
    assert record['call']['durations'] == [4.0]


def test_clean_up_that_awaits(bench):
    """A clean-up with await is run by aclose, inside the record."""

    @bench
    async def count():
        try:
            yield 1
        finally:
            async with bench.time('clean-up'):
                await asyncio.sleep(0)

    async def main():
        body = count()
        await anext(body)
        await body.aclose()

    asyncio.run(main())
    assert call_of(bench)['timings'] == [{'name': 'clean-up', 'duration': 1.0}]


def test_abandoned(bench):
    """The loop closes an async generator that was never finished; it is recorded."""

    @bench
    async def count():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)

    async def main():
        async for _ in count():
            break
        gc.collect()
        for _ in range(5):  # turns of the loop, in which it closes the generator
            await asyncio.sleep(0)

    asyncio.run(main())
    record = only(bench.get_results())
    assert 'exception' not in record
    assert record['call']['name'] == 'count'


def test_phases_of_body_and_consumer(bench):
    """The record is active only while the body runs."""

    @bench
    async def count():
        async with bench.time('body'):
            yield 1

    async def main():
        async with bench.arecord('consumer'):
            async for _ in count():
                with bench.time('consumer'):
                    await asyncio.sleep(0)

    asyncio.run(main())
    found = {
        r['call']['name']: [t['name'] for t in r['call']['timings']]
        for r in bench.get_results()
    }
    assert found == {'count': ['body'], 'consumer': ['consumer']}


def test_an_exception_in_the_body(bench):
    """An exception of the body reaches the consumer and the record."""

    @bench
    async def count():
        yield 1
        raise KeyError('body')

    async def main():
        return [item async for item in count()]

    with pytest.raises(KeyError, match='body'):
        asyncio.run(main())
    assert only(bench.get_results())['exception']['type'] == 'KeyError'
