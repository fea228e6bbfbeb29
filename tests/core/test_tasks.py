"""Tasks of asyncio: eager ones, those of a group, and what call graphs show of them."""

import asyncio
import sys

import pytest

from microbench import MicroBenchBase, _core
from tests.fakes import Ticking, call_of

STARTS_AT_ONCE = pytest.mark.skipif(
    sys.version_info < (3, 12), reason='runs from CPython 3.12 on: eager tasks'
)
HAS_GROUPS = pytest.mark.skipif(
    sys.version_info < (3, 11), reason='runs from CPython 3.11 on: TaskGroup'
)
SHOWS_CALLS = pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on: call graphs'
)


@pytest.fixture
def bench():
    """A bench with a ticking clock."""
    return MicroBenchBase(duration_counter=Ticking())


def names(bench):
    """Return the names of records, each with the names of its phases."""
    return [
        (r['call']['name'], [t['name'] for t in r['call'].get('timings', ())])
        for r in bench.get_results()
    ]


def timed(bench):
    """Return a decorated coroutine function that waits if its number is odd."""

    @bench
    async def work(number):
        with bench.time(f'work {number}'):
            if number % 2:
                await asyncio.sleep(0)
        return number

    return work


def untimed(bench):
    """Return one that is not decorated, with phases for the record around it."""

    async def part(number):
        with bench.time(f'part {number}'):
            if number % 2:
                await asyncio.sleep(0)

    return part


@STARTS_AT_ONCE
def test_tasks_that_start_at_once(bench):
    """A call has its own record, also if it ends inside create_task()."""
    work, part = timed(bench), untimed(bench)

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with bench.arecord('outer'):
            tasks = [asyncio.create_task(work(number)) for number in range(4)]
            assert [task.done() for task in tasks] == [True, False, True, False]
            tasks += [asyncio.create_task(part(number)) for number in range(2)]
            with bench.time('beside'):
                pass
            return (await asyncio.gather(*tasks))[:4]

    assert asyncio.run(main()) == [0, 1, 2, 3]
    assert names(bench) == [
        *(('work', [f'work {number}']) for number in (0, 2, 1, 3)),
        ('outer', ['part 0', 'beside', 'part 1']),
    ]


@HAS_GROUPS
@pytest.mark.parametrize('eager', [False, pytest.param(True, marks=STARTS_AT_ONCE)])
def test_a_group_that_fails(bench, eager):
    """Failed and cancelled tasks are recorded; the group raises what it always does."""

    @bench
    async def fails():
        await asyncio.sleep(0)
        raise KeyError('first')

    @bench
    async def hangs():
        with bench.time('open'):
            await asyncio.Event().wait()

    async def main():
        if eager:
            asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        async with asyncio.TaskGroup() as group:
            group.create_task(hangs())
            group.create_task(fails())

    with pytest.raises(BaseExceptionGroup) as raised:  # noqa: F821 - of 3.11
        asyncio.run(main())
    assert [repr(error) for error in raised.value.exceptions] == ["KeyError('first')"]
    found = {r['call']['name']: r['exception']['type'] for r in bench.get_results()}
    assert found == {'fails': 'KeyError', 'hangs': 'CancelledError'}
    assert _core.runs_open() == 0


@HAS_GROUPS
def test_tasks_of_a_group_share_the_record(bench):
    """Tasks of a group share the record, as those of gather() do."""
    part = untimed(bench)

    async def main():
        async with bench.arecord('outer'):
            async with asyncio.TaskGroup() as group:
                for number in range(3):
                    group.create_task(part(number))

    asyncio.run(main())
    assert sorted(t['name'] for t in call_of(bench)['timings']) == [
        'part 0', 'part 1', 'part 2',
    ]  # fmt: skip


def stack(task):
    """Return the names of the functions that a task waits in, innermost first."""
    graph = asyncio.capture_call_graph(task)
    return [entry.frame.f_code.co_name for entry in graph.call_stack], graph


@SHOWS_CALLS
def test_call_graphs(bench):
    """Call graphs show the user's functions, down to the awaited one."""
    going_on = {}

    @bench
    async def leaf():
        await going_on['leaf']

    @bench
    async def middle():
        async with asyncio.TaskGroup() as group:
            group.create_task(leaf(), name='leaf')

    async def main():
        going_on['leaf'] = asyncio.get_running_loop().create_future()
        around = asyncio.create_task(middle(), name='middle')
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        [inner] = [task for task in asyncio.all_tasks() if task.get_name() == 'leaf']
        found, graph = stack(inner)
        assert [name for name in found if name in ('leaf', 'middle')] == ['leaf']
        assert found[-1] == 'microbench_leaf'
        [awaited_by] = [waiting.future for waiting in graph.awaited_by]
        assert awaited_by is around
        found, _ = stack(around)
        assert found.index('middle') < found.index('microbench_middle')
        going_on['leaf'].set_result(None)
        await around

    asyncio.run(main())
    assert names(bench) == [('leaf', []), ('middle', [])]
