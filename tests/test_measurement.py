"""measure(): statistics of a function without a decorator."""

import functools
import json
import math
import time

import pytest

import microbench
from microbench import Measurement, MicroBench, measure
from microbench.measuring.calibration import Calibration, rounded
from microbench.measuring.clock import Clock
from microbench.measuring.options import Options
from tests.core.test_truth import Spent
from tests.fakes import only

QUICK = {'min_time': 0.002, 'max_time': 0.01}


def measured(seconds, clock=None, **options):
    """Return the measurement of a function that takes so long."""
    clock = clock or Spent()
    return measure(clock.spend, seconds, duration_counter=clock, **options)


# --- what it returns --------------------------------------------------------------------


def test_a_short_function():
    """Samples are as long as the clock needs; durations are those of one call."""
    found = measured(1e-6)
    assert (found.loops, found.name) == (50, 'Spent.spend')
    assert found.count >= 0.1 / 50e-6 * 0.999
    values = (found.median, found.mean, found.min, found.max, *found.interval)
    assert values == pytest.approx([1e-6] * 6, rel=1e-6)
    assert found.stdev < 1e-12
    assert found.remarks == []


def test_a_long_function():
    """One that takes max_time is called once, and has no interval."""
    clock = Spent()
    found = measured(5.0, clock)
    assert (found.count, found.loops, found.median, found.interval) == (1, 1, 5.0, None)
    assert clock.now == 5.0
    assert found.remarks == ['fewer than 6 samples have no interval: raise max_time']


def test_a_function_of_some_seconds():
    """No sample begins after max_time, warm-up included."""
    clock = Spent()
    found = measured(1.0, clock, max_time=9.0)
    assert found.loops == 1
    assert (found.count, clock.now) == (6, 8.0)
    assert clock.now <= 10.0


def test_it_ends_when_it_is_precise():
    """Equal samples end at min_time, others when their interval is narrow enough."""
    clock = Spent()
    measured(1e-3, clock, min_time=0.05)
    assert clock.now < 0.3
    clock, step = Spent(), [0]

    def uneven():
        step[0] += 1
        clock.spend(1.0 + step[0] % 2)

    found = measure(uneven, duration_counter=clock, min_time=10, max_time=500, loops=1)
    assert clock.now >= 500
    assert found.remarks[0].endswith('the interval is wider than 1 %: raise max_time')
    found = measure(
        uneven, duration_counter=clock, min_time=10, max_time=500, loops=1, precision=0.5
    )
    assert found.count < 20


def test_a_function_that_changes_its_argument():
    """It gets the same objects in each call; a setup makes new ones, outside the time."""
    clock, seen = Spent(), []

    def consume(items):
        seen.append(len(items))
        clock.spend(0.1 * len(items))
        items.clear()

    items = [1, 2]
    measure(consume, items, duration_counter=clock, loops=1, max_time=0.2)
    assert (seen, items) == ([2], [])
    seen.clear()
    found = measure(consume, setup=lambda: ([1, 2],), duration_counter=clock)
    assert set(seen) == {2}
    assert (found.loops, round(found.median, 9)) == (1, 0.2)


def test_arguments_of_the_function():
    """Positional ones follow it, and keywords are a dict."""
    seen = []

    def func(*args, **kwargs):
        seen.append((args, kwargs))

    measure(func, 1, 2, kwargs={'loops': 3}, **QUICK)
    assert seen[0] == seen[-1] == ((1, 2), {'loops': 3})
    measure(func, 1, setup=lambda: None, **QUICK)
    assert seen[-1] == ((1,), {})


def test_a_counter_of_nanoseconds():
    """Durations are seconds, whatever the counter counts."""
    native = measure(int, '1', duration_counter=time.perf_counter_ns, **QUICK)
    assert 1e-9 < native.median < 1e-3
    clock = Spent()

    def fake_ns():
        return round(clock.now * 1e9)

    found = measure(clock.spend, 2e-6, duration_counter=fake_ns)
    assert found.median == pytest.approx(2e-6, rel=1e-3)


def test_the_cost_of_the_clock():
    """A number within it is said to say nothing, one near it gets its share."""
    within = Measurement('f', [2e-8] * 10, 1, overhead=2e-8)
    assert within.is_within_clock
    assert within.remarks == [
        'this is within the cost of reading the clock, 20.0\xa0ns: use more loops'
    ]
    near = Measurement('f', [1e-6] * 10, 1, overhead=2e-8)
    assert near.remarks == ['reading the clock is 2 % of it']
    assert Measurement('f', [1e-6] * 10, 100, overhead=2e-8).remarks == []


def test_of_a_class_or_a_callable_object():
    """Anything that can be called is measured, with its name."""
    names = [measure(f, **QUICK).name for f in (dict, functools.partial(int, '1'))]
    assert names == ['dict', 'partial']
    assert measure(dict, name='empty', **QUICK).name == 'empty'


# --- how it is shown --------------------------------------------------------------------


def test_as_text():
    """Its repr is a sentence, with the interval and what is doubtful."""
    found = Measurement('fit', [1e-6, 2e-6, 3e-6, 4e-6, 5e-6, 9e-6], 10, precision=0.01)
    assert repr(found) == (
        'fit: 3.50 µs, between 1.00 and 9.00 µs (95 %); 6 samples of 10 calls; '
        'the interval is wider than 1 %: raise max_time'
    )
    assert repr(Measurement('fit', [2.0], 1)) == (
        'fit: 2.00 s; 1 sample of 1 call; '
        'fewer than 6 samples have no interval: raise max_time'
    )


def test_in_a_notebook():
    """It is a table there, in which nothing of the user is taken for HTML."""
    html = Measurement('<f>', [1.0] * 6, 1)._repr_html_()
    assert html.startswith('<code>&lt;f&gt;</code><table><tr><th')
    assert '1.00\xa0…\xa01.00\xa0s' in html


def test_as_plain_values():
    """as_dict() is for JSON."""
    found = Measurement('f', [1.0, 3.0], 2)
    assert json.loads(json.dumps(found.as_dict())) == {
        'name': 'f',
        'count': 2,
        'loops': 2,
        'median': 2.0,
        'interval': None,
        'mean': 2.0,
        'stdev': math.sqrt(2),
        'min': 1.0,
        'max': 3.0,
        'clock_cost': 0.0,
        'remarks': ['fewer than 6 samples have no interval: raise max_time'],
    }


# --- with a bench -----------------------------------------------------------------------


def test_a_record():
    """With a bench, the samples are the record of one call as well."""
    clock = Spent()
    bench = MicroBench(duration_counter=clock, run='a')
    found = measure(clock.spend, 1e-6, bench=bench, name='step', min_time=0.01)
    record = only(bench.get_results())
    assert (record['call']['name'], record['run']) == ('step', 'a')
    assert record['call']['loops'] == found.loops == 50
    assert record['call']['durations'] == pytest.approx(found.durations, rel=1e-12)
    assert bench.iterations == 1


def test_no_record():
    """Without a bench, or with MICROBENCH=off, nothing is recorded."""
    bench = MicroBench()
    bench._off = True
    assert measure(int, bench=bench, **QUICK).count > 0
    assert bench.get_results() == []


# --- mistakes ---------------------------------------------------------------------------


async def coroutine():
    """Do nothing."""


async def async_generator():
    """Yield nothing."""
    yield


def generator():
    """Yield nothing."""
    yield


@pytest.mark.parametrize(
    ('func', 'message'),
    [
        (coroutine, 'coroutine is a coroutine function, and a call of it only makes'),
        (functools.partial(coroutine), 'is a coroutine function'),
        (generator, 'generator is a generator function, and a call of it only makes'),
        (async_generator, 'async_generator is an? async generator function'),
        (5, '5 cannot be called: measure.. takes a function'),
    ],
)
def test_what_cannot_be_measured(func, message):
    """A call that only makes an object is one clear sentence."""
    with pytest.raises(TypeError, match=message):
        measure(func)


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        ({'min_time': 0}, ValueError, 'min_time has to be above 0 and finite, not 0'),
        ({'max_time': -1}, ValueError, 'max_time has to be above 0 and finite, not -1'),
        ({'max_time': math.nan}, ValueError, 'not nan'),
        ({'min_time': math.inf}, ValueError, 'not inf'),
        (
            {'min_time': 2, 'max_time': 1},
            ValueError,
            'min_time=2 is longer than max_time=1',
        ),
        ({'precision': 0}, ValueError, 'precision has to be between 0 and 1, not 0'),
        ({'precision': math.nan}, ValueError, 'precision has to be between 0 and 1'),
        ({'precision': '1 %'}, TypeError, 'precision has to be a number'),
        ({'min_time': True}, TypeError, 'min_time has to be a number of seconds'),
        ({'loops': 0}, ValueError, 'loops has to be at least 1, not 0'),
        ({'loops': 1.5}, TypeError, "loops has to be an integer or 'auto', not 1.5"),
        ({'warmup': -1}, ValueError, 'warmup has to be at least 0, not -1'),
        ({'setup': 5}, TypeError, 'setup has to be callable, not 5'),
        ({'setup': lambda: [1]}, TypeError, 'setup has to return a tuple'),
        ({'duration_counter': 5}, TypeError, 'duration_counter has to be callable, not 5'),
        ({'setup': int, 'bench': MicroBench()}, ValueError, 'leave out bench or setup'),
        ({'duration_counter': lambda: 7.0}, ValueError, 'did not advance in'),
    ],
)
def test_wrong_options(options, error, message):
    """Each is one sentence, before or instead of a number."""
    with pytest.raises(error, match=message):
        measure(int, **options)


def test_limits_that_are_given_alone():
    """A longer min_time takes max_time along, and a shorter max_time min_time."""
    assert Options(min_time=20).max_time == 20
    assert Options(max_time=0.01).min_time == 0.01


def test_what_raises():
    """An exception of the function is that of measure(), and of the record."""
    with pytest.raises(ZeroDivisionError):
        measure(divmod, 1, 0)
    bench, left = MicroBench(iterations='auto', max_time=0.1), [5000]

    @bench
    def work():
        left[0] -= 1
        return 1 / left[0]

    with pytest.raises(ZeroDivisionError):
        work()


# --- calibration ------------------------------------------------------------------------


@pytest.mark.parametrize('loops', [1, 2, 3, 7, 11, 499, 501, 12345])
def test_rounded_loops(loops):
    """Loops are 1, 2 or 5 times a power of ten, and at most 2.5 times as many."""
    found = rounded(loops)
    assert str(found).rstrip('0') in ('1', '2', '5')
    assert loops <= found <= 2.5 * loops


def test_a_coarse_clock():
    """A sample is a thousand steps of the clock, but twenty fit into min_time."""
    clock = Spent()
    coarse = Clock(lambda: clock.now // 1e-4 * 1e-4, 'coarse')
    coarse.resolution = 1e-4
    for min_time, target in ((10.0, 0.1), (0.1, 0.005)):
        options = Options(min_time=min_time)
        assert Calibration(coarse, options).target == pytest.approx(target)


def test_a_first_call_that_is_slow():
    """The number of loops comes from the warm function, not from its first call."""
    clock, calls = Spent(), [0]

    def cold():
        calls[0] += 1
        clock.spend(1e-3 if calls[0] == 1 else 1e-6)

    assert measure(cold, duration_counter=clock).loops == 50


def test_warm_up_until_it_gets_no_faster():
    """A function that is compiled as it runs is measured when it is done."""
    clock, calls = Spent(), [0]

    def adapting():
        calls[0] += 1
        clock.spend(max(1e-5 - calls[0] * 2e-9, 1e-6))

    found = measure(adapting, duration_counter=clock)
    assert found.max == pytest.approx(1e-6)
    calls[0] = 0
    assert measure(adapting, duration_counter=clock, warmup=0).max > 2e-6


def test_it_is_public():
    """Both names are in the package."""
    assert microbench.measure is measure
