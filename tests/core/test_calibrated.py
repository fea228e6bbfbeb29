"""`iterations='auto'` and `warmup='auto'`: a decorated function ends by itself."""

import json
import time

import pytest

from microbench import MicroBench, MicroBenchBase
from tests.core.test_truth import Spent
from tests.fakes import only

LIMITS = {'min_time': 0.01, 'max_time': 1.0}


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


def test_functions_that_are_suspended():
    """They cannot be called in a loop, and the message says why."""
    bench = MicroBench(iterations='auto')

    async def coroutine():
        """Do nothing."""

    def generator():
        yield

    with pytest.raises(ValueError, match="iterations='auto' cannot be used with the coro"):
        bench(coroutine)
    with pytest.raises(ValueError, match="iterations='auto' cannot be used with the gene"):
        bench(generator)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'min_time': 0}, 'min_time has to be above 0'),
        ({'min_time': 2, 'max_time': 1}, 'min_time=2 is longer than max_time=1'),
        ({'precision': 2}, 'precision has to be between 0 and 1'),
        ({'every': 10}, 'every records single calls'),
        ({'durations': 'histogram'}, "leave durations='histogram' out"),
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
