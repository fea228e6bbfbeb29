"""The ratio of two medians: what the interval holds, and what a verdict needs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.statistics import noises, tools, trial
from microbench.analysis import verdict
from microbench.analysis.bounds import OrderedSample
from microbench.analysis.dependence import Dependence
from microbench.analysis.drift import Drift
from microbench.analysis.estimate import Estimate
from microbench.analysis.many import corrected
from microbench.analysis.order import Order
from microbench.analysis.verdict import Verdict, why_not

ONE, OTHER = [1.0, 1.1, 1.2, 1.3, 1.05], [2.0, 2.3, 2.2, 2.4, 2.1]
BELOW = 'have a time below 0: the clock went back'
ZERO = 'have a time of 0: the clock is too coarse for them'
SERIES = arrays(float, st.integers(3, 40), elements=st.floats(1e-6, 1e6))


def verdict_of(base, new, order=None, **options):
    """Return the verdict about one pair."""
    found = Estimate(base, new, order)
    return Verdict(found, found.chance(), **options)


def taking_turns(count):
    """Return the order of two series that take turns."""
    return Order(range(0, 2 * count, 2), range(1, 2 * count, 2))


# --- simulation: each share is that of a seeded sample ----------------------------------


@pytest.mark.parametrize('runs', [5, 20, 100, 1000])
@pytest.mark.parametrize('noise', [noises.normal, noises.log_normal, noises.bimodal])
def test_95_percent_hold_the_ratio(noise, runs):
    """The interval is right for any distribution, from five runs on."""
    found = trial.Trial(noise, runs, series=1500 if runs < 1000 else 400).shares()
    assert 0.935 <= found[trial.COVERAGE] <= 0.975


@pytest.mark.parametrize('runs', [100, 300])
def test_95_percent_hold_it_under_autocorrelation(runs):
    """Where there are enough runs to see how each resembles the one before it."""
    found = trial.Trial(noises.autocorrelated, runs, series=800).shares()
    assert 0.925 <= found[trial.COVERAGE] <= 0.975


@pytest.mark.parametrize('runs', [5, 20, 100])
@pytest.mark.parametrize('name', ['normal', 'AR 0.8', 'steps of 10', 'drift'])
def test_at_most_one_of_twenty_is_a_false_alarm(name, runs):
    """Where a series is too short to show its dependence, the verdict is withheld."""
    found = trial.Trial(noises.NOISES[name], runs, series=800).shares()
    assert 1 - found[trial.OURS] <= 0.07


def test_a_drift_is_no_difference():
    """The second series is slower only because it came later; a t-test is misled."""
    found = trial.Trial(noises.drifting, 100, noises.in_a_row, series=800).shares()
    assert 1 - found[trial.OURS] <= 0.05
    assert 1 - found['pyperf'] >= 0.99


def test_two_speeds_hide_no_threefold_time():
    """Long stretches at two speeds widen an interval, but not beyond all measure."""
    case = trial.Trial(noises.two_speeds, 1000, series=200)
    assert 1 - case.shares()[trial.OURS] <= 0.05
    found = case._replace(ratio=3.0).shares()
    assert min(found[trial.OURS], found[trial.COVERAGE]) >= 0.95
    base, new = case._pair()
    low, high = Estimate(base, new).interval()
    assert (high / low).max() <= 2 * (1.75 / 0.8) ** 2  # little more than the extremes


@pytest.mark.parametrize('name', ['drift', 'AR 0.8', 'steps of 25'])
def test_what_meets_both_sides_cancels_out(name):
    """Series that take turns need no caution, even with ten runs."""
    case = trial.Trial(noises.NOISES[name], 10, noises.taking_turns, series=800)
    assert case.shares()[trial.COVERAGE] >= 0.94


def test_3_percent_are_found():
    """Four of five times, with a hundred runs and a standard deviation of 5 %."""
    assert trial.Trial(noises.normal, 100, ratio=1.03).shares()[trial.OURS] >= 0.8


def test_other_tools_on_hand_made_series():
    """They say what their documents say."""
    base, new = np.array([[1.0, 1.0, 1.1, 1.0]]), np.array([[2.0, 2.0, 2.2, 2.0]])
    alike = np.array([[1.0, 1.1, 1.0, 1.005]])
    assert [tool(base, new)[0] for tool in tools.OTHERS.values()] == [1, 1, 1, 1, 1]
    assert [tool(new, base)[0] for tool in tools.OTHERS.values()] == [-1, -1, -1, -1, -1]
    assert [tool(base, alike)[0] for tool in tools.OTHERS.values()] == [0, 0, 0, 0, 0]


# --- one pair --------------------------------------------------------------------------


def test_the_ratio_is_that_of_the_medians():
    """It is the new median, in multiples of the base's."""
    assert Estimate(ONE, OTHER).ratio == pytest.approx(2.2 / 1.1)


@settings(max_examples=60)
@given(SERIES, SERIES, st.booleans())
def test_any_series_have_an_interval(base, new, is_interleaved):
    """It holds the ratio, is inside the careful one, and its mirror is that of the swap."""
    order = Order(range(len(base)), range(len(new))) if is_interleaved else None
    found = Estimate(base, new, order)
    low, high = found.interval()
    widest = found.careful_interval()
    assert 0 < low <= found.ratio * (1 + 1e-9)
    assert high >= found.ratio * (1 - 1e-9)
    assert widest[0] <= low * (1 + 1e-9)
    assert widest[1] >= high * (1 - 1e-9)
    assert 0 <= found.chance() <= 1


@settings(max_examples=60)
@given(SERIES, SERIES)
def test_the_unit_does_not_matter(base, new):
    """Nanoseconds give the same ratio and interval as seconds."""
    one, other = Estimate(base, new), Estimate(base * 1024, new * 1024)
    assert other.ratio == pytest.approx(one.ratio)
    assert np.array(other.interval()) == pytest.approx(np.array(one.interval()), rel=1e-6)


def test_a_coarse_clock_widens_the_interval():
    """Two values next to each other may be one time, rounded up and down."""
    base, new = [10.0] * 55 + [11.0] * 45, [10.0] * 45 + [11.0] * 55
    low, high = Estimate(base, new).interval()
    assert low <= 1 <= high
    assert verdict_of(base, new).word == 'inconclusive'


def test_ties_of_a_fine_clock_widen_nothing():
    """Half the distance to the next value is the step; without a tie there is none."""
    assert OrderedSample(np.array([1.0, 2.0, 2.0, 5.0])).step == 0.5
    assert OrderedSample(np.array([1.0, 2.0, 5.0])).step == 0


def test_bounds_beyond_the_sample_are_extended():
    """Three values cannot bound their median at 95 %: the distances grow in proportion."""
    sample = OrderedSample(np.array([1.0, 2.0, 5.0]))
    assert [float(one) for one in sample.distances(0.25)] == [0.75, 2.25]
    assert [float(one) for one in sample.distances(0.75)] == [2.25, 6.75]


def test_independent_signs_are_not_inflated():
    """White noise has an inflation of about 1, runs of ten alike one of about 10."""
    rng = np.random.default_rng(1)
    white = Dependence(np.sign(rng.standard_normal((400, 200))))
    blocks = Dependence(np.repeat(np.sign(rng.standard_normal((400, 100))), 10, axis=1))
    assert 0.9 <= white.inflation(white.redness).mean() <= 1.3
    assert 7 <= blocks.inflation(blocks.redness).mean() <= 20


def test_a_flat_process_is_not_inflated():
    """Where all values equal the median, nothing is known of dependence."""
    flat = Dependence(np.zeros(30))
    assert flat.inflation(flat.redness) == 1


def test_a_drift_is_measured():
    """A straight line through both series shifts the second one by slope and distance."""
    line = 1 + 0.01 * np.arange(20) + 0.001 * np.tile([1, -1], 10)
    drift = Drift(line[:10], line[10:], 10)
    assert drift.is_clear
    assert drift.shift == pytest.approx(0.1, rel=0.05)
    assert not Drift(line[:9], line[9:18], 9).is_clear


# --- order -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('base', 'new', 'is_interleaved'),
    [
        ([0, 2, 4, 6], [1, 3, 5, 7], True),
        ([0, 3, 4, 7], [1, 2, 5, 6], True),
        ([0, 1, 2, 3], [4, 5, 6, 7], False),
        ([0, 1, 4, 5], [2, 3, 6, 7], True),
        (range(10), range(5, 15), True),
        (range(100), range(90, 190), False),
    ],
)
def test_series_that_take_turns_are_interleaved(base, new, is_interleaved):
    """Half as many turns as in a random order are enough."""
    assert Order(base, new).is_interleaved is is_interleaved


# --- verdicts --------------------------------------------------------------------------


def test_a_clear_difference_has_a_verdict():
    """Twice as long is slower, half as long is faster."""
    rng = np.random.default_rng(1)
    base, new = noises.normal(rng, 2, 10)
    assert verdict_of(base, 2 * new).word == 'slower'
    assert verdict_of(base, new / 2).word == 'faster'


def test_no_difference_is_a_verdict_of_its_own():
    """The whole interval lies within the margin."""
    rng = np.random.default_rng(1)
    base, new = 1 + 0.002 * rng.standard_normal((2, 100))
    assert verdict_of(base, new).word == 'no difference'
    assert verdict_of(base, 1.005 * new).word == 'no difference'
    assert verdict_of(base, 1.005 * new, margin=0.001).word == 'slower'


def test_more_runs_tell():
    """The verdict says how many, and that many more tell."""
    rng = np.random.default_rng(3)
    base, new = noises.normal(rng, 2, 3000)
    first = verdict_of(base[:40], 1.04 * new[:40])
    assert (first.word, first.why) == ('inconclusive', '')
    assert 10 <= first.more_runs <= 1000
    runs = 40 + first.more_runs
    assert verdict_of(base[:runs], 1.04 * new[:runs]).word == 'slower'


def test_few_runs_are_not_trusted():
    """The interval excludes 1, but five separate runs may have met the same disturbance."""
    base, new = [1.0, 1.02, 1.01, 1.03, 1.015], [1.06, 1.05, 1.08, 1.07, 1.055]
    found = verdict_of(base, new)
    assert found.word == 'inconclusive'
    assert found.why == 'so few runs may have met one disturbance'
    assert verdict_of(base, new, taking_turns(5)).word == 'slower'


def test_a_drift_asks_for_turns_not_for_runs():
    """More runs of drifting series would not tell."""
    line = 1 + 0.002 * np.arange(60) + 0.003 * np.random.default_rng(1).standard_normal(60)
    found = verdict_of(line[:30], line[30:])
    assert (found.word, found.more_runs) == ('inconclusive', None)
    assert found.why == 'the runs drift, and did not take turns'


def test_one_of_many_is_chance():
    """A difference that is clear alone may not be clear among a hundred."""
    rng = np.random.default_rng(1)
    base, new = noises.normal(rng, 2, 100)
    found = Estimate(base, 1.022 * new)
    assert Verdict(found, found.chance()).word == 'slower'
    late = Verdict(found, 100 * found.chance())
    assert late.word == 'inconclusive'
    assert late.why == 'so many comparisons differ as much by chance'


def test_no_advice_beyond_a_million_runs(monkeypatch):
    """So many runs are no advice."""
    monkeypatch.setattr(verdict, 'MOST', 30)
    assert verdict_of(ONE, [*ONE[1:], 1.2]).more_runs is None


@pytest.mark.parametrize(
    ('base', 'new', 'why'),
    [
        ([], ONE, 'fewer than three runs of the base'),
        (ONE, ONE[:2], 'fewer than three runs of the new version'),
        ([1.0] * 3, ONE, 'the base runs are all equal: they say nothing about chance'),
        (ONE, [-1.0, *ONE], f'the new runs {BELOW}'),
        ([0.0, *ONE], ONE, f'the base runs {ZERO}'),
        (ONE, OTHER, ''),
    ],
)
def test_what_cannot_be_compared(base, new, why):
    """One sentence says why."""
    assert why_not(base, new) == why


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm(chances):
    """Each chance grows, in the order of the chances, by at most their number."""
    found = corrected(chances)
    order = sorted(range(len(chances)), key=chances.__getitem__)
    assert [found[place] for place in order] == sorted(found)
    for before, after in zip(chances, found, strict=True):
        assert before <= after <= min(1, before * len(chances))
