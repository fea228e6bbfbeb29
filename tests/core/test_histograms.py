"""With `durations='histogram'`, iterations and phases take bounded memory."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, Histogram, MicroBench, MicroBenchBase, _core
from microbench.core.run import Run
from tests.fakes import ROOT, call_of, environment, python


def run_of(durations, **settings):
    """Return the `call` of a record of iterations that took these nanoseconds."""
    bench = MicroBenchBase(durations='histogram', iterations=len(durations), **settings)
    run = Run(bench, 'work')
    run.begin()
    for ns in durations:
        run.add_duration(ns)
    run.finish()
    return call_of(bench)


# Durations of any size, many that are equal, and numbers around the ends of buckets.
EDGES = [0, 1, 511, 512, 1023, 1024, 1025, 2047, 2048, 2**32 - 1, 2**32, 2**32 + 1]
DURATIONS = st.lists(
    st.one_of(st.sampled_from(EDGES), st.integers(0, 2000), st.integers(0, 2**50)),
    min_size=1,
    max_size=200,
)


@given(DURATIONS)
def test_the_exact_figures(durations):
    """Count, sum, minimum and maximum are exact, mean and variance to the last digits."""
    histogram = run_of(durations, duration_counter=time.perf_counter_ns)['histogram']
    count, total = len(durations), sum(durations)
    assert (histogram['count'], histogram['sum']) == (count, total)
    assert (histogram['min'], histogram['max']) == (min(durations), max(durations))
    assert histogram['mean'] == pytest.approx(total / count, rel=1e-14, abs=1e-9)
    spread = count * sum(ns * ns for ns in durations) - total * total
    variance = spread / (count * (count - 1)) if count > 1 else 0
    assert histogram['variance'] == pytest.approx(variance, rel=1e-14, abs=1e-9)
    assert (histogram['unit'], histogram['digits']) == ('ns', 3)


@given(DURATIONS)
def test_c_and_python_fill_the_same_buckets(durations):
    """What C counts is what a Histogram of the same numbers has."""
    found = run_of(durations, duration_counter=time.perf_counter_ns)['histogram']
    expected = Histogram(durations, 'ns').as_dict()
    assert found['buckets'] == expected.pop('buckets')
    read = Histogram.of(found).as_dict()
    assert {name: read[name] for name in expected} == pytest.approx(expected)


def test_the_shape_of_a_record():
    """A histogram takes the place of the durations; those of phases are in the summary."""
    bench = MicroBench(durations='histogram', iterations=1000)

    @bench
    def work():
        with bench.time('step'):
            pass

    work()
    call = call_of(bench)
    assert call['durations'] == []
    assert list(call['histogram']) == [
        *('count', 'sum', 'min', 'max', 'mean', 'variance', 'unit', 'digits', 'buckets'),
    ]
    [phases] = call['timings_summary']
    assert list(phases) == ['name', *call['histogram']]
    for histogram in (call['histogram'], phases):
        assert histogram['count'] == sum(count for _, count in histogram['buckets']) == 1000
        assert histogram['min'] <= histogram['mean'] <= histogram['max']
        assert histogram['unit'] == 's'
    assert not {'timings', 'timings_iteration'} & call.keys()


def test_no_iteration_has_no_histogram():
    """A record without iterations has an empty list, and no histogram."""
    call = run_of([])
    assert call['durations'] == []
    assert 'histogram' not in call


def test_phases_beside_each_other_and_late_ones():
    """Each name has a histogram, also that of late phases; open ones stand apart."""

    class Bench(MicroBenchBase):
        def capturepost_x(self, bm_data):
            with self.time('late'):
                pass

    bench = Bench(durations='histogram')
    with bench.record('work'):
        still_open = bench.time('open')
        still_open.__enter__()
        for _ in range(30):
            with bench.time('step'), bench.time('inner'):
                pass
    still_open.__exit__(None, None, None)
    call = call_of(bench)
    counts = {entry['name']: entry['count'] for entry in call['timings_summary']}
    assert counts == {'inner': 30, 'step': 30, 'late': 1}
    assert [entry['name'] for entry in call['open_timings']] == ['open']
    assert 'timings' not in call


def test_names_beyond_the_first_share_a_histogram():
    """There are as many histograms as names with totals, and one more."""
    before = _core.keep_phases(65536, 1)
    try:
        bench = MicroBench(durations='histogram')
        with bench.record('work'):
            for number in range(40):
                with bench.time(f'step {number}'):
                    pass
    finally:
        _core.keep_phases(*before)
    found = [(entry['name'], entry['count']) for entry in call_of(bench)['timings_summary']]
    assert found == [('step 0', 1), (None, 39)]


def test_phases_with_a_clock_of_their_own():
    """Phases of a bench with its own counter are summed up beside the histograms."""
    bench = MicroBench(durations='histogram')
    readings = iter(range(100))
    other = MicroBench(duration_counter=lambda: next(readings))
    with bench.record('work'):
        for _ in range(20):
            with other.time('foreign'), bench.time('step'):
                pass
    step, foreign = call_of(bench)['timings_summary']
    assert (step['name'], step['count'], 'buckets' in step) == ('step', 20, True)
    assert foreign == {'name': 'foreign', 'count': 20, 'sum': 20, 'min': 1, 'max': 1}


def test_hooks_around_iterations():
    """Hooks around each iteration see no list grow."""
    seen = []

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            seen.append(list(bm_data['call']['durations']))

    bench = Bench(durations='histogram', iterations=3)
    bench(lambda: None)()
    assert seen == [[], [], []]
    assert call_of(bench)['histogram']['count'] == 3


def test_an_exception_is_counted():
    """The iteration that failed is in the histogram, as it is in the list."""
    bench = MicroBench(durations='histogram', iterations=9)

    @bench
    def work(left=iter(range(4))):
        next(left)

    with pytest.raises(StopIteration):
        work()
    assert call_of(bench)['histogram']['count'] == 5


WRONG = [
    ({'durations': 'histo'}, "durations has to be 'list' or 'histogram', not 'histo'"),
    ({'durations': None}, "durations has to be 'list' or 'histogram', not None"),
    (
        {'durations': 'histogram', 'duration_counter': time.process_time},
        (
            "durations='histogram' needs a duration_counter of time.perf_counter, "
            'time.perf_counter_ns, time.monotonic, time.monotonic_ns'
        ),
    ),
]


@pytest.mark.parametrize(('arguments', 'message'), WRONG)
def test_wrong_arguments(arguments, message):
    """A mistake is one sentence, before anything runs."""
    with pytest.raises(ValueError) as error:  # noqa: PT011 - compared below
        MicroBench(**arguments)
    assert str(error.value) == message


GROWS = """
import json, resource, sys
from microbench import MicroBench, NullOutput

bench = MicroBench(outputs=[NullOutput()], durations='histogram', iterations=300_000)

@bench
def work():
    with bench.time('step'):
        pass

seen = []
for _ in range(4):
    work()
    seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
bench.iterations = 1_200_000
work()
seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(json.dumps(seen))
"""


def test_memory_is_constant():
    """Four times as many iterations and phases take no more memory."""
    *_, few, many = json.loads(python(GROWS).stdout)
    assert many - few < 1024  # KiB: 1 byte a duration


ENDS = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1], durations='histogram')
{way}
for number in range(1000):
    with bench.time('step'):
        pass
still = bench.time('open')
still.__enter__()
{end}
"""
WAYS = {
    'process': "bench.record_on_exit('server')",
    'block': "bench.record('block').__enter__()",
}
ENDINGS = {
    'SIGTERM': ('os.kill(os.getpid(), signal.SIGTERM)', {'process'}),
    'native': ('import ctypes\nctypes.string_at(0)', {'process', 'block'}),
    'SIGKILL': ('os.kill(os.getpid(), signal.SIGKILL)', {'process', 'block'}),
}


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('ending', ENDINGS)
def test_however_it_ends(tmp_path, way, ending):
    """Python, native code and recovery count all phases in the histogram."""
    end, ways = ENDINGS[ending]
    path = tmp_path / 'records.jsonl'
    python(ENDS.replace('{way}', WAYS[way]).replace('{end}', end), path)
    found = FileOutput(str(path)).get_results()
    if way not in ways:
        assert len(found) <= 1
        return
    call = found[0]['call']
    [step] = call['timings_summary']
    assert step['count'] == sum(count for _, count in step['buckets']) == 1000
    assert 0 < step['min'] <= Histogram.of(step).median <= step['max']
    assert [entry['name'] for entry in call['open_timings']] == ['open']
    assert 'timings' not in call
    assert 'journal_full' not in call


def test_killed_at_any_moment(tmp_path):
    """A kill between two steps loses no iteration and no phase, and counts none twice."""
    code = """
import sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1], journal='on', durations='histogram', iterations=10**9)
@bench
def work(numbers=iter(range(10**9))):
    if next(numbers) == 2000:
        print('begun', flush=True)
    with bench.time('step'):
        pass
work()
"""
    path = tmp_path / 'records.jsonl'
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, '-c', code, path],
            env={**environment(), 'PYTHONPATH': str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == 'begun\n'
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    records = FileOutput(str(path)).get_results()
    assert len(records) == 5
    for record in records:
        check_killed(record['call'])


def check_killed(call):
    """Check that there are as many phases as iterations, but for the last one."""
    histogram = call['histogram']
    [step] = call['timings_summary']
    for one in (histogram, step):
        assert one['count'] == sum(count for _, count in one['buckets'])
    assert 0 <= step['count'] - histogram['count'] <= 1
    assert len(call['durations']) <= 1  # the iteration that was cut short
    assert 'journal_full' not in call


SERVER = """
import os, signal, sys
from microbench import MicroBench, _core

_core.keep_phases(5, 2, 1000)
bench = MicroBench(sys.argv[1], journal=sys.argv[2])
bench.record_on_exit('server')
for number in range(int(sys.argv[3])):
    with bench.time('even' if number % 2 == 0 else 'odd'):
        pass
    with bench.time(f'request {number}'):
        pass
{last}
"""
LAST = {
    'end': '',
    'SIGTERM': 'os.kill(os.getpid(), signal.SIGTERM)',
    'native': 'import ctypes\nctypes.string_at(0)',
    'SIGKILL': 'os.kill(os.getpid(), signal.SIGKILL)',
}


@pytest.mark.parametrize('last', LAST)
@pytest.mark.parametrize('journal', ['auto', 'off'])
@pytest.mark.parametrize(('rounds', 'listed'), [(400, 5), (501, 0), (3000, 0)])
def test_a_process_that_never_ends(tmp_path, last, journal, rounds, listed):
    """Its record turns lists into histograms of all phases, also of those before."""
    if last == 'SIGKILL' and journal == 'off':
        return  # nothing is left
    path = tmp_path / 'records.jsonl'
    python(SERVER.replace('{last}', LAST[last]), path, journal, rounds)
    [record] = FileOutput(str(path)).get_results()
    call = record['call']
    assert len(call.get('timings', ())) == listed
    found = [(entry['name'], entry['count']) for entry in call['timings_summary']]
    assert sum(count for _, count in found) == 2 * rounds
    assert dict(found) == {
        'even': (rounds + 1) // 2,
        'request 0': 1,
        None: 2 * rounds - 1 - (rounds + 1) // 2,
    }
    for entry in call['timings_summary']:
        assert sum(count for _, count in entry['buckets']) == entry['count']
        assert entry['min'] <= Histogram.of(entry).median <= entry['max']
    assert len(call['durations']) == 1
    assert 'journal_full' not in call


def test_a_block_keeps_its_list(tmp_path):
    """Only the record of a process turns its list into histograms by itself."""
    before = _core.keep_phases(5, 2, 10)
    try:
        bench = MicroBench(tmp_path / 'records.jsonl')
        with bench.record('work'):
            for _ in range(20):
                with bench.time('step'):
                    pass
    finally:
        _core.keep_phases(*before)
    call = call_of(bench)
    assert len(call['timings']) == 5
    assert 'buckets' not in call['timings_summary'][0]
