"""A Histogram answers for durations that were not kept: exactly, or to three digits."""

import json
import random
import statistics
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import Histogram, MicroBench, summary
from microbench.results.histogram import bucket_of
from tests.results.distributions import DISTRIBUTIONS

PERCENTS = (0, 0.01, 1, 25, 50, 90, 99, 99.9, 99.99, 100)
NS = st.lists(
    st.one_of(
        st.integers(0, 3000),
        st.integers(0, 2**62),
        st.integers(10, 62).flatmap(lambda bits: st.integers(2**bits - 2, 2**bits + 2)),
    ),
    min_size=1,
    max_size=300,
)


def exact(ns, percent):
    """Return the duration of the rank that a percentile stands for."""
    rank = max(1, ceil(Fraction(str(percent)) * len(ns) / 100))
    return sorted(ns)[rank - 1]


def check(ns):
    histogram = Histogram(ns, 'ns')
    for percent in PERCENTS:
        expected = exact(ns, percent)
        found = histogram.percentile(percent)
        assert abs(found - expected) * 1000 <= expected, (percent, found, expected)
    assert histogram.percentile(0) == min(ns)
    assert histogram.percentile(100) == max(ns)


@given(NS)
def test_percentiles_of_any_numbers(ns):
    """Each percentile is at most 0.1 % from the exact one."""
    check(ns)


@pytest.mark.parametrize('name', DISTRIBUTIONS)
def test_percentiles_of_hard_distributions(name):
    """So it is for two humps, long tails, one value, and the edges of buckets."""
    check(DISTRIBUTIONS[name](random.Random(7)))


@given(st.lists(st.integers(0, 2**50), min_size=2, max_size=100))
def test_exact_figures(ns):
    """Count, sum, range, mean and deviation are those of the numbers."""
    histogram = Histogram(ns, 'ns')
    assert histogram.count == len(ns)
    assert (histogram.sum, histogram.min, histogram.max) == (sum(ns), min(ns), max(ns))
    assert histogram.mean == sum(ns) / len(ns)
    variance = statistics.variance(map(Fraction, ns))
    assert histogram.variance == float(variance)
    assert histogram.stdev == pytest.approx(float(variance) ** 0.5)


def test_a_small_spread_of_large_numbers():
    """The variance does not suffer from the size of the numbers."""
    histogram = Histogram([10**15 + number % 2 for number in range(10_000)], 'ns')
    assert histogram.variance == pytest.approx(0.25002500, rel=1e-6)
    read = Histogram.of(json.loads(json.dumps(histogram.as_dict())))
    assert read == histogram


THREE = st.tuples(*[st.lists(st.integers(0, 2**40), max_size=40)] * 3)


@given(THREE)
def test_merging(three):
    """Merging gives the histogram of all numbers, in any order and grouping."""
    a, b, c = (Histogram(ns, 'ns') for ns in three)
    whole = Histogram([ns for part in three for ns in part], 'ns')
    assert a.merge(b).merge(c) == whole
    assert a.merge(b.merge(c)) == whole
    assert c.merge(a).merge(b) == whole


@given(THREE)
def test_merging_what_was_read(three):
    """Merging what records hold is associative and commutative, to the last digit."""
    read = [Histogram.of(Histogram(ns or [1], 'ns').as_dict()) for ns in three]
    a, b, c = read
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == c.merge(b).merge(a)


def test_merging_changes_neither():
    """merge() returns a new histogram."""
    one, two = Histogram([1.0]), Histogram([2.0])
    assert one.merge(two).count == 2
    assert (one.count, two.count) == (1, 1)


def test_merging_what_does_not_fit():
    """A histogram in another unit, or no histogram, is refused in one sentence."""
    with pytest.raises(ValueError, match=r"^histograms in 's' and 'ns' cannot be merged$"):
        Histogram([1.0]).merge(Histogram([1], 'ns'))
    with pytest.raises(TypeError, match=r'^only a Histogram can be merged, not \[1\]$'):
        Histogram().merge([1])
    converted = Histogram([10**9], 'ns').in_unit('s')
    assert Histogram([1.0]).merge(converted) == Histogram([1.0, 1.0])


def recorded(durations, flat=False):
    """Return a record of a function that was called five times, with two phases."""
    bench = MicroBench(durations=durations, iterations=5)

    @bench
    def work():
        for _ in range(2):
            with bench.time('step'):
                pass

    work()
    return bench.get_results(flat=flat)[0]


@pytest.mark.parametrize('flat', [False, True])
@pytest.mark.parametrize('durations', ['list', 'histogram'])
def test_of_a_record(durations, flat):
    """Iterations and phases are found in nested and flat records, listed or counted."""
    record = recorded(durations, flat)
    assert Histogram.of(record).count == 5
    assert Histogram.of(record, phase='step').count == 10
    with pytest.raises(ValueError, match=r"^the record has no durations of phase 'x'$"):
        Histogram.of(record, phase='x')


def test_of_a_part_of_a_record():
    """call.histogram and an entry of call.timings_summary are histograms themselves."""
    record = recorded('histogram')
    call = record['call']
    assert Histogram.of(call['histogram']) == Histogram.of(record)
    assert Histogram.of(call['timings_summary'][0]) == Histogram.of(record, phase='step')


def test_of_integers():
    """Durations of a counter of nanoseconds stay integers."""
    record = {'mb': {'duration_counter': 'perf_counter_ns'}, 'call': {'durations': [5, 7]}}
    assert Histogram.of(record).max == 7


@pytest.mark.parametrize('record', [{}, {'call': {}}, {'call': 7}])
def test_of_no_durations(record):
    """A record without durations says so."""
    with pytest.raises(ValueError, match=r'^the record has no durations of iterations$'):
        Histogram.of(record)


SOUND = Histogram([1.0, 2.0]).as_dict()
DAMAGE = [
    *({'count': 'many'}, {'count': 0}, {'count': 2**70}, {'sum': float('inf')}),
    *({'min': None}, {'min': 9.0}, {'max': 1e300}, {'variance': float('nan')}),
    *({'variance': '1/0'}, {'variance': -1.0}, {'variance': 1e300}, {'sum': 'a' * 9}),
    *(
        {'buckets': 7},
        {'buckets': [[1]]},
        {'buckets': [[10**9, 1]]},
        {'buckets': [[-1, 1]]},
    ),
]


@pytest.mark.parametrize('damage', DAMAGE)
def test_of_a_damaged_one(damage):
    """A histogram whose numbers cannot be right is refused."""
    with pytest.raises(ValueError, match=r'^the histogram is damaged$'):
        Histogram.of({**SOUND, **damage})


@pytest.mark.parametrize('entries', [7, 'abc', [7], [{}], [None, {'name': 'other'}]])
@pytest.mark.parametrize('name', ['timings', 'timings_summary'])
def test_of_phases_that_are_none(name, entries):
    """Any other value in the place of phases is not a phase."""
    with pytest.raises(ValueError, match=r"^the record has no durations of phase 'step'$"):
        Histogram.of({'call': {name: entries}}, phase='step')


def test_of_durations_that_are_no_numbers():
    """Only numbers of a list count, and a number is not a list."""
    listed = [1.0, None, 'x', True, float('nan'), float('inf'), {}, 2]
    assert Histogram.of({'call': {'durations': listed}}) == Histogram([1.0, 2])
    with pytest.raises(ValueError, match=r'^the record has no durations of iterations$'):
        Histogram.of({'call': {'durations': 7}})


def test_equal_durations_whose_sum_is_rounded_when_written():
    """Their variance is 0, and not below it."""
    whole = Histogram([4503599.627370497] * 3)
    read = Histogram.of(whole.as_dict())
    assert (read.count, read.variance, read.stdev) == (3, 0.0, 0.0)


def test_of_other_digits():
    """A histogram with other buckets is refused, and the message says why."""
    with pytest.raises(ValueError, match=r'^the histogram has 2 digits, and not 3$'):
        Histogram.of({**SOUND, 'digits': 2})


def test_wrong_questions():
    """Units and percentages are checked; an empty histogram has no answers."""
    with pytest.raises(ValueError, match=r"^unit has to be 's' or 'ns', not 'ms'$"):
        Histogram(unit='ms')
    for percent in (-1, 100.1):
        with pytest.raises(ValueError, match='^percent has to be between 0 and 100, not '):
            Histogram([1.0]).percentile(percent)
    for name in ('min', 'max', 'mean', 'median'):
        with pytest.raises(ValueError, match='^the histogram is empty$'):
            getattr(Histogram(), name)


def test_its_text():
    """The text of a histogram says what is in it."""
    assert repr(Histogram()) == '<Histogram of nothing>'
    assert repr(Histogram([1, 3, 3], 'ns')) == '<Histogram n=3 min=1 median=3 max=3 ns>'
    assert Histogram([1.0]) != 1.0


def test_the_bucket_of_a_number_that_is_none():
    """Negative numbers are in the first bucket."""
    assert bucket_of(-5) == bucket_of(0) == 0


def test_summary(capsys):
    """summary() merges histograms with lists, and marks the median as rough."""
    counted = {'call': {'durations': [], 'histogram': Histogram([0.1] * 3).as_dict()}}
    listed = {'call': {'durations': [0.3]}}
    damaged = {'call': {'histogram': {**SOUND, 'count': 'many'}}}
    summary([counted, listed, damaged])
    assert capsys.readouterr().out == (
        'n=4  min=100 ms  mean=150 ms  median=~100 ms  max=300 ms  stdev=100 ms  '
        'p95=~300 ms  p99=~300 ms\n'
    )


def test_summary_of_nanoseconds(capsys):
    """Histograms in seconds and in nanoseconds are merged in seconds."""
    records = [
        {'call': {'histogram': Histogram([10**8] * 2, 'ns').as_dict()}},
        {'call': {'histogram': Histogram([0.1]).as_dict()}},
    ]
    summary(records)
    assert capsys.readouterr().out.startswith(
        'n=3  min=100 ms  mean=100 ms  median=~100 ms'
    )
