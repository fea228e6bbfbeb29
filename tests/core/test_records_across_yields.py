"""A record that is open while the generator around it is suspended."""

import asyncio

import pytest

from microbench import MicroBenchBase, _core
from tests.fakes import Ticking


@pytest.fixture
def bench():
    """A bench whose clock ticks at each reading."""
    return MicroBenchBase(duration_counter=Ticking())


def phases(bench):
    """Return the names of the phases of each record, by the record's name."""
    return {
        record['call']['name']: [p['name'] for p in record['call'].get('timings', ())]
        for record in bench.get_results()
    }


def test_it_is_the_innermost_again_after_a_yield(bench):
    """The body's phases go to the block around them, the consumer's to neither."""

    @bench
    def body():
        with bench.record('inner'):
            with bench.time('before'):
                pass
            yield 1
            with bench.time('after'):
                pass
            yield 2
        with bench.time('outside'):
            pass

    for _ in body():
        with bench.time('consumer'):
            pass
    assert phases(bench) == {'inner': ['before', 'after'], 'body': ['outside']}
    assert _core.runs_open() == 0


def test_the_consumers_own_record_is_active_between_the_steps(bench):
    """The consumer's record gets its phases, whatever the body has open."""

    @bench
    def body():
        with bench.record('inner'):
            yield 1
            yield 2

    with bench.record('consumer'):
        for _ in body():
            with bench.time('mine'):
                pass
    assert phases(bench) == {'inner': [], 'body': [], 'consumer': ['mine', 'mine']}


def test_closed_in_the_middle(bench):
    """An early close ends both records, and leaves nothing active."""

    @bench
    def body():
        with bench.record('inner'):
            yield 1

    steps = body()
    next(steps)
    steps.close()
    with bench.time('nowhere'):
        pass
    assert phases(bench) == {'inner': [], 'body': []}
    assert _core.runs_open() == 0


def test_in_an_async_generator(bench):
    """An async generator may keep a record open across `yield` and `await`."""

    @bench
    async def body():
        async with bench.arecord('inner'):
            yield 1
            await asyncio.sleep(0)
            with bench.time('after'):
                pass
            yield 2

    async def main():
        async for _ in body():
            with bench.time('consumer'):
                pass

    asyncio.run(main())
    assert phases(bench) == {'inner': ['after'], 'body': []}
    assert _core.runs_open() == 0


def test_two_generators_in_turns(bench):
    """Each generator finds its own records again, in any order of resumption."""

    def made(name):
        @bench
        def body():
            with bench.record(name):
                for part in 'ab':
                    yield part
                    with bench.time(name + part):
                        pass

        return body()

    for _ in zip(made('x'), made('y'), strict=True):
        pass
    found = phases(bench)
    assert (found['x'], found['y']) == (['xa', 'xb'], ['ya', 'yb'])
