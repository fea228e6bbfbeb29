"""`iterations='auto'` and `warmup='auto'`: a decorated function ends by itself."""

import asyncio
import json
import time

import pytest

from microbench import Histogram, MBReturnValue, MicroBench, MicroBenchBase
from microbench.core.run import Run
from tests.core.test_truth import Spent
from tests.fakes import only

LIMITS = {'min_time': 0.01, 'max_time': 1.0}


class Returning(MicroBench, MBReturnValue):
    """A bench whose records are made as dicts."""


def auto(clock, **options):
    """Return a bench that decides itself how often it calls a function."""
    given = {**LIMITS, 'iterations': 'auto', **options}
    return MicroBench(duration_counter=clock, **given)


def test_a_short_function():
    """Samples have inner loops, and durations are those of one call."""
    clock = Spent()
    bench = auto(clock)
    assert bench(lambda x: clock.spend(1e-6) or x)(7) == 7
    call = only(bench.get_results())['call']
    assert call['loops'] == 50
    assert len(call['durations']) >= 199
    assert call['durations'] == pytest.approx([1e-6] * len(call['durations']))


def test_a_long_function():
    """One that is long against the clock has no inner loops, but says so."""
    clock, calls = Spent(), []
    bench = auto(clock, max_time=2.5)
    bench(lambda: calls.append(clock.spend(1.0)))()
    call = only(bench.get_results())['call']
    assert (call['loops'], call['durations']) == (1, [1.0, 1.0])
    assert len(calls) == 3  # the first one is the warm-up


def test_the_native_clock():
    """So with counters that are read in C, of seconds and of nanoseconds."""
    for counter, scale in ((time.perf_counter, 1.0), (time.monotonic_ns, 1e-9)):
        bench = MicroBench(iterations='auto', duration_counter=counter, **LIMITS)
        bench(int)('12')
        call = only(bench.get_results())['call']
        assert call['loops'] > 1
        assert 1e-9 < min(call['durations']) * scale < 1e-3


def test_hooks_around_each_sample():
    """A trigger sees durations of calls, as they come into the record."""
    clock, seen = Spent(), []

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            seen.append(bm_data['call']['durations'][-1])

    bench = Bench(duration_counter=clock, iterations='auto', **LIMITS)
    bench(lambda: clock.spend(1e-6))()
    call = only(bench.get_results())['call']
    assert seen == call['durations']
    assert call['loops'] == 50


def test_phases():
    """Phases of all calls in a sample are kept; those of the warm-up are not."""
    clock = Spent()
    bench = auto(clock, min_time=0.002)

    @bench
    def work():
        with bench.time('step'):
            clock.spend(1e-5)

    work()
    call = only(bench.get_results())['call']
    assert len(call['timings']) == call['loops'] * len(call['durations'])
    assert call['timings_iteration'][-1] == len(call['durations']) - 1


def test_a_label():
    """A name and fields of the decorator are in the record."""
    clock = Spent()
    bench = auto(clock)
    bench(name='named', n=5)(lambda: clock.spend(1e-4))()
    record = only(bench.get_results())
    assert (record['call']['name'], record['n']) == ('named', 5)


def test_warm_up_alone():
    """warmup='auto' with a number of iterations warms up as long as it gets faster."""
    clock, calls = Spent(), []

    def adapting():
        calls.append(0)
        clock.spend(max(1e-3 - len(calls) * 2e-5, 1e-4))

    bench = MicroBench(duration_counter=clock, iterations=2, warmup='auto')
    bench(adapting)()
    call = only(bench.get_results())['call']
    assert 'loops' not in call
    assert len(call['durations']) == 2
    assert call['durations'][0] < 0.9e-3


def test_a_number_of_warm_up_calls():
    """It comes after the calls that find the number of loops."""
    clock, calls = Spent(), []
    bench = auto(clock, warmup=5, max_time=2.5)
    bench(lambda: calls.append(clock.spend(0.1)))()
    call = only(bench.get_results())['call']
    assert len(calls) == len(call['durations']) + 6


@pytest.mark.parametrize('base', [MicroBench, Returning])
def test_a_histogram(base):
    """It counts the time of one call, in each form of a record."""
    bench = base(iterations='auto', durations='histogram', min_time=0.01, max_time=1)
    began = time.perf_counter()
    bench(int)('12')
    passed = time.perf_counter() - began
    record = only(bench.get_results())
    call, counted = record['call'], Histogram.of(record)
    assert call['durations'] == []
    assert counted.count > 1
    assert 0 < counted.sum * call['loops'] < passed


def test_a_share_in_a_histogram():
    """It is rounded to the nearest nanosecond."""
    bench = MicroBench(iterations='auto', durations='histogram')
    run = Run(bench)
    run.open(bench, *run.plan.settings.clock)
    run.loops = 4
    for nanoseconds in (4, 9, 10):
        run.add_duration(nanoseconds)
    assert run.histogram['buckets'] == [[1, 1], [2, 1], [3, 1]]
    run.close()


# --- coroutine functions ----------------------------------------------------------------


def test_a_short_coroutine_function():
    """It is awaited in loops, and its value is that of the last call."""
    clock = Spent()
    bench = auto(clock)

    @bench
    async def work(x):
        clock.spend(1e-6)
        return x

    assert asyncio.run(work(7)) == 7
    call = only(bench.get_results())['call']
    assert call['loops'] == 50
    assert len(call['durations']) >= 199
    assert call['durations'] == pytest.approx([1e-6] * len(call['durations']))


def test_a_coroutine_function_that_waits():
    """Other tasks get their turns while it waits, within the only call of a sample."""
    turns = []
    bench = MicroBench(iterations='auto', warmup='auto', max_time=0.01)

    @bench
    async def work():
        await asyncio.sleep(0.001)

    async def beside():
        while True:
            turns.append(await asyncio.sleep(0))

    async def both():
        task = asyncio.ensure_future(beside())
        await work()
        task.cancel()

    asyncio.run(both())
    call = only(bench.get_results())['call']
    assert call['loops'] == 1
    assert min(call['durations']) >= 0.001
    assert turns


def test_the_native_clock_and_a_histogram_of_coroutines():
    """What C reads is divided by the loops, and counted."""
    bench = MicroBench(iterations='auto', durations='histogram', **LIMITS)

    @bench
    async def work():
        """Do nothing."""

    asyncio.run(work())
    record = only(bench.get_results())
    assert record['call']['loops'] > 1
    assert 1e-9 < Histogram.of(record).percentile(50) < 1e-4


def test_warm_up_of_a_coroutine_function():
    """With a number of iterations it warms up as long as it gets faster; no phase stays."""
    clock, calls = Spent(), []
    bench = MicroBench(duration_counter=clock, iterations=2, warmup='auto')

    @bench(name='adapting')
    async def work():
        calls.append(0)
        with bench.time('step'):
            clock.spend(max(1e-3 - len(calls) * 2e-5, 1e-4))

    asyncio.run(work())
    call = only(bench.get_results())['call']
    assert ('loops' in call, call['name']) == (False, 'adapting')
    assert len(call['timings']) == 2
    assert call['durations'][0] < 0.9e-3


def test_a_coroutine_function_that_raises():
    """In the warm-up it makes no record; afterwards its record has the exception."""
    clock, left = Spent(), [3]
    bench = auto(clock, max_time=2.5)

    @bench
    async def work():
        left[0] -= 1
        clock.spend(0.1)
        if not left[0]:
            raise KeyError('end')

    with pytest.raises(KeyError):
        asyncio.run(work())
    left[0] = 1
    with pytest.raises(KeyError):
        asyncio.run(work())
    record = only(bench.get_results())
    assert (record['exception']['type'], record['call']['loops']) == ('KeyError', 1)


def test_hooks_around_each_sample_of_coroutines():
    """A trigger sees the duration of a call."""
    clock, seen = Spent(), []

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            seen.append(bm_data['call']['durations'][-1])

    bench = Bench(duration_counter=clock, iterations='auto', **LIMITS)

    @bench
    async def work():
        clock.spend(1e-6)

    asyncio.run(work())
    assert seen == only(bench.get_results())['call']['durations']


# --- more about records -----------------------------------------------------------------


def test_nothing_in_the_journal(tmp_path):
    """The journal of functions does not show it: that would have times of samples."""
    path = tmp_path / 'records.jsonl'
    bench = MicroBench(path, iterations='auto', journal='on', max_time=0.01)
    bench(int)()
    [record] = map(json.loads, path.read_text().splitlines())
    assert record['call']['loops'] >= 1


def test_the_attribute_is_changed():
    """A bench that is switched to 'auto' later measures so from the next call on."""
    clock = Spent()
    bench = MicroBench(duration_counter=clock)
    work = bench(lambda: clock.spend(0.5))
    work()
    bench.iterations = 'auto'
    work()
    first, second = (r['call'] for r in bench.get_results())
    assert ('loops' in first, second['loops']) == (False, 1)


# --- mistakes ---------------------------------------------------------------------------


def test_generator_functions():
    """They cannot be called in a loop, and the message says why."""
    bench = MicroBench(iterations='auto')

    def generator():
        yield

    with pytest.raises(ValueError, match="iterations='auto' cannot be used with the gene"):
        bench(generator)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'min_time': 0}, 'min_time has to be above 0'),
        ({'min_time': 2, 'max_time': 1}, 'min_time=2 is longer than max_time=1'),
        ({'precision': 2}, 'precision has to be between 0 and 1'),
        ({'every': 10}, 'every records single calls'),
    ],
)
def test_options_that_are_wrong(options, message):
    """Each is an error of the constructor."""
    with pytest.raises(ValueError, match=message):
        MicroBench(iterations='auto', **options)


def test_fields_with_the_names_of_options():
    """Without 'auto' they are static fields, as in 2.1.0."""
    with pytest.warns(UserWarning, match='min_time=3 is stored as a field .* only with it'):
        bench = MicroBench(precision='fp16', min_time=3)
    bench(int)()
    record = only(bench.get_results())
    assert (record['precision'], record['min_time']) == ('fp16', 3)


def test_a_clock_that_does_not_advance():
    """That is an error of the call, and no record."""
    bench = MicroBench(iterations='auto', duration_counter=lambda: 7.0)
    with pytest.raises(ValueError, match='did not advance in'):
        bench(int)()
    assert bench.get_results() == []


def test_its_repr():
    """The bench is shown with what differs from the defaults."""
    bench = MicroBench(iterations='auto', max_time=2)
    assert repr(bench) == "MicroBench(iterations='auto', max_time=2)"


def test_what_is_explained():
    """explain_path() says that these records are not written by C alone."""
    reasons = MicroBench(iterations='auto').explain_path(int)
    assert any(
        reason.startswith("text in Python, for functions only: iterations='auto'")
        for reason in reasons
    )
