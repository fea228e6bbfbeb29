"""MBCpuTime, on clocks that are made up."""

import asyncio

import pytest

from microbench import MBCpuTime, MicroBenchBase
from microbench.mixins import cpu_time
from tests.fakes import only


class Bench(MicroBenchBase, MBCpuTime):
    pass


@pytest.fixture
def reading(monkeypatch):
    """Have each reading be the next of a list; return the list."""
    readings = []
    monkeypatch.setattr(cpu_time, '_read', lambda: readings.pop(0))
    return readings


def test_it_is_that_between_two_readings(reading):
    """In seconds."""
    reading += [(1, 1, 10, 5), (1, 1, 2_000_000_010, 1_000_000_006)]
    bench = Bench()
    with bench.record():
        pass
    assert only(bench.get_results())['cpu_time'] == {'process': 2.0, 'thread': 1.000000001}


@pytest.mark.parametrize(
    ('after', 'known', 'why'),
    [
        ((1, 2, 3_000_000_000, 0), {'process': 3.0}, {'thread': cpu_time.MOVED}),
        ((2, 1, 0, 0), {}, {'thread': cpu_time.FORKED, 'process': cpu_time.FORKED}),
    ],
)
def test_clocks_of_others_are_not_mixed_up(reading, after, known, why):
    """A run may end in another thread, or in a forked child."""
    reading += [(1, 1, 0, 0), after]
    bench = Bench()
    with bench.record():
        pass
    assert only(bench.get_results())['cpu_time'] == {**known, 'unavailable': why}


def test_phases_have_totals(reading):
    """Sync and async."""
    bench = Bench()
    bench.cpu_time_phases = True

    async def part():
        async with bench.time('b'):
            pass

    seconds = [0, 1, 2, 3, 5, 6, 7, 8]
    reading += [(1, 1, s * 10**9, s * 10**9) for s in seconds]
    with bench.record():
        with bench.time('a'):
            pass
        with bench.time('a'):
            pass
        asyncio.run(part())
    assert only(bench.get_results())['cpu_time']['phases'] == [
        {'name': 'a', 'count': 2, 'process': 3.0, 'thread': 3.0},
        {'name': 'b', 'count': 1, 'process': 1.0, 'thread': 1.0},
    ]


def test_phases_that_end_in_another_thread(reading):
    """The total of their name has no time of the thread, and says why."""
    bench = Bench()
    bench.cpu_time_phases = True
    threads = [1, 1, 2, 1, 1, 1, 1, 1]
    reading += [(1, t, s * 10**9, s * 10**9) for s, t in enumerate(threads)]
    with bench.record():
        for name in ('a', 'a', 'b'):
            with bench.time(name):
                pass
    found = only(bench.get_results())['cpu_time']
    why = {'thread': cpu_time.MOVED}
    assert found['phases'] == [
        {'name': 'a', 'count': 2, 'unavailable': why, 'process': 2.0},
        {'name': 'b', 'count': 1, 'process': 1.0, 'thread': 1.0},
    ]
    assert found['thread'] == 7.0


def test_the_real_clocks_advance():
    """By no less than the thread used."""
    bench = Bench()
    with bench.record():
        sum(range(10_000))
    found = only(bench.get_results())['cpu_time']
    assert found['process'] > 0
    assert found['thread'] > 0
