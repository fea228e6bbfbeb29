"""summary(): one line about all durations."""

import contextlib
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import Histogram, MicroBenchBase, summary
from microbench.results.shapes import flattened
from microbench.results.units import TIMES
from tests.fakes import Ticking, next_line

LINE = (
    'n=4  min=120 ms  mean=145 ms  median=140 ms  max=180 ms  stdev=26.5 ms  '
    'p95=180 ms  p99=180 ms\n'
)
DURATIONS = [0.12, 0.13, 0.15, 0.18]


def record(*durations, name='f', counter='perf_counter'):
    """Return a record with the fields that summary() reads."""
    call = {'name': name, 'durations': list(durations)}
    return {'mb': {'duration_counter': counter}, 'call': call}


def flat(*durations):
    """Return the same in flat form."""
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
        'n=3  min=2  mean=2  median=2  max=2  stdev=0  p95=2  p99=2\n'
    )


@pytest.mark.parametrize('is_flat', [False, True])
def test_a_frame(is_flat, capsys):
    """What get_results(format='df') returns can be summed up too."""
    pytest.importorskip('pandas')
    bench = MicroBenchBase(iterations=2, duration_counter=Ticking())
    bench(len)('')
    summary(bench.get_results(format='df', flat=is_flat))
    assert capsys.readouterr().out.startswith('n=2  min=1  mean=1  ')


def test_percentiles(capsys):
    """The percentile is the duration of rank `ceil(0.95 * n)`, in a histogram as well."""
    durations = [number / 1000 for number in range(1, 201)]
    summary([record(*durations)])
    assert capsys.readouterr().out.endswith('  p95=190 ms  p99=198 ms\n')
    histogram = record()
    histogram['call']['histogram'] = Histogram(durations).as_dict()
    summary([histogram])
    assert capsys.readouterr().out.endswith('  p95=~190 ms  p99=~198 ms\n')


def test_one_duration_has_no_deviation(capsys):
    """The deviation of a single value is nan."""
    summary([record(0.5)])
    assert capsys.readouterr().out.endswith('stdev=nan  p95=500 ms  p99=500 ms\n')


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
    """Malformed results are skipped; without any duration a sentence says so."""
    summary(results)
    assert capsys.readouterr().out == 'No result has call.durations.\n'


def test_what_is_malformed_costs_nothing_else(capsys):
    """Malformed results leave the others pooled, from a generator as well."""
    bad = [{'call': None}, None, record(math.nan), {'call': [0.1]}]
    summary(item for item in [*bad, record(*DURATIONS), *bad])
    assert capsys.readouterr().out == LINE


def test_different_names_are_pooled(capsys):
    """Results of different names are pooled: the caller selects the results."""
    results = [record(d, name=str(d)) for d in DURATIONS]
    summary(results)
    assert capsys.readouterr().out == LINE
    summary(r for r in results if r['call']['name'] == '0.18')
    assert capsys.readouterr().out.startswith('n=1  min=180 ms')


def test_short_durations_have_a_unit_that_fits(capsys):
    """Short durations never show as 0.000000, whatever their unit."""
    seconds = [4.2e-8, 9.1e-8]
    line = (
        'n=2  min=42.0 ns  mean=66.5 ns  median=66.5 ns  max=91.0 ns  stdev=34.6 ns  '
        'p95=91.0 ns  p99=91.0 ns\n'
    )
    summary([record(*seconds)])
    summary([record(42, 91, counter='perf_counter_ns')])
    assert capsys.readouterr().out == line * 2


def test_each_figure_has_its_own_unit(capsys):
    """Each figure has its own unit, as in the table of `microbench show`."""
    summary([record(5e-7, 0.002, 95.0)])
    assert capsys.readouterr().out == (
        'n=3  min=500 ns  mean=31.7 s  median=2.00 ms  max=1.58 min  stdev=54.8 s  '
        'p95=1.58 min  p99=1.58 min\n'
    )


def test_known_units_are_pooled(capsys):
    """Seconds and nanoseconds are pooled in one line as times."""
    summary([record(0.5), record(500_000, counter='perf_counter_ns')])
    assert capsys.readouterr().out.startswith('n=2  min=500 µs  mean=250 ms  ')


def test_a_counter_of_no_known_unit(capsys):
    """Figures without a known unit are numbers, also beside seconds."""
    summary([record(7, 8.25, counter='<lambda>')])
    summary([record(7, counter='<lambda>'), record(8.25)])
    line = 'n=2  min=7  mean=7.62  median=7.62  max=8.25  stdev=0.884  p95=8.25  p99=8.25\n'
    assert capsys.readouterr().out == line * 2


def test_different_units_are_named(capsys):
    """Beside nanoseconds, durations in an unknown unit are left out, with a warning."""
    results = [record(500, counter='perf_counter_ns'), record(0.5, counter='ticks')]
    results.append(record(0.25))
    with pytest.warns(RuntimeWarning, match='beside nanoseconds: ticks') as caught:
        where = next_line()
        summary(results)
    assert (caught[0].filename, caught[0].lineno) == where
    assert capsys.readouterr().out.startswith('n=2  min=500 ns  mean=125 ms  ')


@pytest.mark.parametrize('form', [lambda record: record, flattened])
def test_failed_runs_are_counted(form, capsys):
    """Durations of runs that failed are pooled, as in 2.1.0, and counted."""
    partly = record(1.0, 2.0, 3.0)
    partly['call']['returncode'] = [0, 3, -9]
    raised = {**record(1.0, 2.0), 'exception': {'type': 'ValueError', 'message': ''}}
    lost = {**record(1.0), 'exit_path': 'recovered'}
    lost['recovered'] = {'duration_is_lower_bound': True}
    summary(map(form, [partly, raised, record(4.0)]))
    summary(map(form, [partly, lost]))
    first, second = capsys.readouterr().out.splitlines()
    assert (first[:3], first.split()[-1]) == ('n=6', 'failed=3')
    assert (second[:3], second.split()[-2:]) == ('n=4', ['lower_bounds=1', 'failed=2'])


def test_counters_of_one_unit_are_not(capsys):
    """Counters of one unit, and records without durations, cause no warning."""
    summary([record(0.1), record(0.2, counter='monotonic'), record(counter='ticks_ns')])
    summary([record(1, counter='perf_counter_ns'), record(2, counter='perf_counter_ns')])
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize('name', ['recovered', None])
def test_lower_bounds_are_counted(name, capsys):
    """Durations of killed processes are counted as lower bounds, nested or flat."""
    bound = {'duration_is_lower_bound': True}
    killed = {**record(0.1), 'recovered': bound}
    if name is None:
        killed = {**flat(0.1), 'recovered.duration_is_lower_bound': True}
    summary([killed, record(0.3)])
    assert capsys.readouterr().out.endswith('  p99=300 ms  lower_bounds=1\n')


@given(st.lists(st.floats(1e-9, 1e6), min_size=1))
def test_no_duration_is_shown_as_nothing(durations):
    """Any positive duration has nonzero digits, in units up to hours."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        summary([record(*durations)])
    shown = dict(item.split('=') for item in out.getvalue().strip().split('  '))
    assert shown['n'] == str(len(durations))
    for name, value in (('min', min(durations)), ('max', max(durations))):
        number, unit = shown[name].split()
        assert float(number) * {u: s for s, u in TIMES}[unit] == pytest.approx(
            value, rel=0.006
        )
