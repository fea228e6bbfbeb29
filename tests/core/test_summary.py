"""summary(): one line about all durations."""

import math

import pytest

from microbench import MicroBenchBase, summary
from tests.fakes import Ticking, next_line

LINE = 'n=4  min=0.120000  mean=0.145000  median=0.140000  max=0.180000  stdev=0.026458\n'
DURATIONS = [0.12, 0.13, 0.15, 0.18]


def record(*durations, name='f', counter='perf_counter'):
    """A record as far as summary() looks at it."""
    call = {'name': name, 'durations': list(durations)}
    return {'mb': {'duration_counter': counter}, 'call': call}


def flat(*durations):
    """The same in flat form."""
    return {'mb.duration_counter': 'perf_counter', 'call.durations': list(durations)}


@pytest.mark.parametrize('form', [record, flat])
def test_the_line(form, capsys):
    """All durations of all results, nested or flat, are one line of figures."""
    assert summary([form(0.12, 0.13), form(), form(0.15, 0.18)]) is None
    assert capsys.readouterr().out == LINE


def test_a_bench_gives_its_own_results(capsys):
    """bench.summary() is about what the bench has recorded."""
    bench = MicroBenchBase(iterations=3, duration_counter=Ticking(2.0))
    bench(len)('')
    assert bench.summary() is None
    assert capsys.readouterr().out == (
        'n=3  min=2.000000  mean=2.000000  median=2.000000  max=2.000000  stdev=0.000000\n'
    )


@pytest.mark.parametrize('is_flat', [False, True])
def test_a_frame(is_flat, capsys):
    """What get_results(format='df') returns can be summed up too."""
    pytest.importorskip('pandas')
    bench = MicroBenchBase(iterations=2, duration_counter=Ticking())
    bench(len)('')
    summary(bench.get_results(format='df', flat=is_flat))
    assert capsys.readouterr().out.startswith('n=2  min=1.000000  mean=1.000000')


def test_one_duration_has_no_deviation(capsys):
    """The deviation of a single value is nan."""
    summary([record(0.5)])
    assert capsys.readouterr().out.endswith('max=0.500000  stdev=nan\n')


@pytest.mark.parametrize(
    'results',
    [
        *([], [record()], [{}], [{'call': None}], [{'call': 3}], [{'call': {}}]),
        *([None], ['text'], [3], record(1.0), [{'call.durations': None}]),
        [{'call': {'durations': 3}}],
        [record(None, True, '1', math.nan, math.inf, 10**400)],
    ],
)
def test_no_durations(results, capsys):
    """What is malformed is passed over; without any durations a sentence says so."""
    summary(results)
    assert capsys.readouterr().out == 'No call.durations in these results.\n'


def test_what_is_malformed_costs_nothing_else(capsys):
    """The good ones are pooled, from a generator as well."""
    bad = [{'call': None}, None, record(math.nan), {'call': [0.1]}]
    summary(item for item in [*bad, record(*DURATIONS), *bad])
    assert capsys.readouterr().out == LINE


def test_different_names_are_pooled(capsys):
    """Names do not matter: who wants one chooses the results."""
    results = [record(d, name=str(d)) for d in DURATIONS]
    summary(results)
    assert capsys.readouterr().out == LINE
    summary(r for r in results if r['call']['name'] == '0.18')
    assert capsys.readouterr().out.startswith('n=1  min=0.180000')


def test_different_units_are_told(capsys):
    """Seconds and nanoseconds in one line mean nothing, and a warning says so."""
    results = [record(0.5), record(500, counter='perf_counter_ns')]
    with pytest.warns(RuntimeWarning, match='perf_counter, perf_counter_ns') as caught:
        where = next_line()
        summary(results)
    assert (caught[0].filename, caught[0].lineno) == where
    assert capsys.readouterr().out.startswith('n=2  min=0.500000')


def test_counters_of_one_unit_are_not(capsys):
    """Two counters in seconds, or a record without durations, are no reason to warn."""
    summary([record(0.1), record(0.2, counter='monotonic'), record(counter='time_ns')])
    summary([record(1, counter='perf_counter_ns'), record(2, counter='perf_counter_ns')])
    assert len(capsys.readouterr().out.splitlines()) == 2
