"""`every` and `sample` record some calls of a function, and count all others exactly."""

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from microbench import FileOutput, Histogram, MicroBench, MicroBenchBase
from microbench.core.sampled import MOST, SampledCalls, write_pending
from tests.fakes import ROOT, environment, python


def calls_of(bench):
    """Return the `call` of each record, those of the last calls included."""
    write_pending(bench)
    return [record['call'] for record in bench.get_results()]


def counts(calls):
    """Return how many durations, and calls in between, each record has."""
    return [(len(c['durations']), c.get('between', {}).get('count', 0)) for c in calls]


def test_one_record_for_so_many_calls():
    """The first call of each ten is recorded; its record has the nine before it."""
    bench = MicroBench(every=10)

    @bench
    def add(a, b=1):
        return a + b

    assert [add(n, b=2) for n in range(25)] == [n + 2 for n in range(25)]
    calls = calls_of(bench)
    assert counts(calls) == [(1, 0), (1, 9), (1, 9), (0, 4)]
    assert {(call['name'], call['every']) for call in calls} == {('add', 10)}
    assert 'between' not in calls[0]


def test_the_sums_are_those_of_the_calls():
    """Count, sum, minimum and maximum are in the unit of the counter."""
    for counter, scale in ((time.perf_counter, 10**9), (time.perf_counter_ns, 1)):
        bench = MicroBench(every=6, duration_counter=counter)

        @bench
        def wait(ns):
            end = time.perf_counter_ns() + ns
            while time.perf_counter_ns() < end:
                pass

        for ns in (0, 10_000, 20_000, 30_000, 0, 0):
            wait(ns)
        between = calls_of(bench)[-1]['between']
        assert list(between) == ['count', 'sum', 'min', 'max']
        assert between['count'] == 5
        assert between['min'] * scale < 10_000 < 30_000 <= round(between['max'] * scale)
        assert round(between['sum'] * scale) >= 60_000
        assert isinstance(between['sum'], int if scale == 1 else float)


def test_a_share_of_the_calls():
    """Calls are chosen at random, and none is missing."""
    bench = MicroBench(sample=0.1)
    work = bench(int)
    for _ in range(20_000):
        work()
    calls = calls_of(bench)
    recorded = sum(len(call['durations']) for call in calls)
    assert recorded + sum(between for _, between in counts(calls)) == 20_000
    assert 1700 < recorded < 2300  # seven standard deviations
    assert {call['sample'] for call in calls} == {0.1}
    assert len({between for _, between in counts(calls)}) > 5


@pytest.mark.parametrize('argument', [{'every': 1}, {'sample': 1}, {'sample': 1.0}])
def test_all_calls(argument):
    """One of one records every call, as without the argument."""
    bench = MicroBench(**argument)
    work = bench(int)
    for _ in range(3):
        work()
    assert counts(calls_of(bench)) == [(1, 0)] * 3
    assert not argument.keys() & calls_of(bench)[0].keys()


def test_exceptions_go_on_and_are_counted():
    """An exception of a call that is not recorded reaches the caller, and is counted."""
    bench = MicroBench(every=10)
    work = bench(int)
    for number in range(8):
        if number % 2:
            with pytest.raises(ValueError, match='invalid literal'):
                work('x')
        else:
            work('1')
    assert calls_of(bench)[-1]['between']['exceptions'] == 4
    assert calls_of(bench)[-1]['between']['count'] == 7


def test_with_a_histogram():
    """With `durations='histogram'`, the calls in between are one."""
    bench = MicroBench(every=1000, durations='histogram')
    work = bench(int)
    for _ in range(1001):
        work()
    between = calls_of(bench)[1]['between']
    assert Histogram.of(between).count == between['count'] == 999
    assert between['min'] <= Histogram.of(between).percentile(99.9) <= between['max']


def test_phases_of_calls_that_are_not_recorded():
    """They are dropped; they go neither to a record around the call nor to the next one."""
    bench = MicroBench(every=3)
    other = MicroBench()

    @bench
    def work():
        with bench.time('inner'):
            pass

    with other.record('around'):
        for _ in range(4):
            work()
        with other.time('own'):
            pass
    around = other.get_results()[0]['call']
    assert [timing['name'] for timing in around['timings']] == ['own']
    listed = [call.get('timings', ()) for call in calls_of(bench)]
    assert [len(timings) for timings in listed] == [1, 1]


def test_records_within_a_call_that_is_not_recorded():
    """A record that is opened within such a call has its phases."""
    bench, other = MicroBench(every=100), MicroBench()

    @bench
    def work():
        with other.record('inner'), other.time('step'):
            pass

    for _ in range(3):
        work()
    found = [record['call']['timings'][0]['name'] for record in other.get_results()]
    assert found == ['step'] * 3


def test_a_call_within_a_call():
    """Recursion counts each call, and phases outside go where they belong again."""
    bench = MicroBench(every=100)

    @bench
    def fall(depth):
        return depth and fall(depth - 1)

    fall(30)
    with bench.record('block'), bench.time('step'):
        pass
    first, block, *_ = calls_of(bench)
    assert block['name'] == 'fall' or first['name'] == 'fall'
    [step] = [c for c in calls_of(bench) if c['name'] == 'block']
    assert [timing['name'] for timing in step['timings']] == ['step']
    assert sum(map(sum, counts(calls_of(bench)))) == 32


def test_methods_and_bound_arguments():
    """Methods, class methods and static methods are sampled, too."""
    bench = MicroBench(every=2)

    class Work:
        @bench
        def method(self, x, *, y):
            return x, y

        @bench
        @classmethod
        def of_class(cls, x):
            return cls, x

    assert [Work().method(1, y=2) for _ in range(2)] == [(1, 2)] * 2
    assert [Work.of_class(3) for _ in range(2)] == [(Work, 3)] * 2
    assert sorted(counts(calls_of(bench))) == [(0, 1)] * 2 + [(1, 0)] * 2


class Failing(MicroBenchBase):
    """A bench whose capture fails from time to time."""

    fails = False

    def capture_x(self, bm_data):
        if self.fails:
            raise OSError('no')


def test_a_hook_that_fails_loses_no_counts():
    """Where the record of a call cannot be begun, the next one has the counts."""
    bench = Failing(every=3)
    work = bench(int)
    for number in range(7):
        bench.fails = number == 3
        if bench.fails:
            with pytest.raises(OSError, match='^no$'):
                work()
        else:
            work()
    assert counts(calls_of(bench)) == [(1, 0), (1, 4)]


def test_the_last_calls_whose_record_fails():
    """A record of the last calls that cannot be written is a warning."""
    bench = Failing(every=3)
    work = bench(int)
    work()
    work()
    bench.fails = True
    with pytest.warns(
        RuntimeWarning, match='^the last calls were not recorded: OSError: no$'
    ):
        write_pending(bench)
    bench.fails = False
    assert counts(calls_of(bench)) == [(1, 0), (0, 1)]


def test_threads():
    """Calls of many threads are counted, each once."""
    bench = MicroBench(every=7)
    work = bench(int)

    def many():
        for _ in range(5000):
            work()

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(map(sum, counts(calls_of(bench)))) == 20_000


def test_many_functions():
    """Functions that are made in a loop do not wait for the end in any number."""
    bench = MicroBench(every=10)
    write_pending()
    for _ in range(MOST + 5):
        work = bench(int)
        work(), work()
    found = counts(record['call'] for record in bench.get_results())
    assert found.count((0, 1)) == 5
    assert sorted(counts(calls_of(bench))) == [(0, 1)] * (MOST + 5) + [(1, 0)] * (MOST + 5)


def test_flush():
    """flush() writes the last calls of its bench, and of no other."""
    bench, other = MicroBench(every=10), MicroBench(every=10)
    for one in (bench, other):
        work = one(int)
        work(), work()
    bench.flush()
    assert counts(record['call'] for record in bench.get_results()) == [(1, 0), (0, 1)]
    assert counts(record['call'] for record in other.get_results()) == [(1, 0)]


async def coroutine():
    """A function that can be suspended."""


def generator():
    """Another one."""
    yield


@pytest.mark.parametrize('function', [coroutine, generator])
def test_functions_that_can_be_suspended(function):
    """They are refused where they are decorated."""
    with pytest.raises(
        ValueError, match=r'^every=2 is for plain functions, and <function '
    ):
        MicroBench(every=2)(function)


@pytest.mark.parametrize('value', ['A1', True, [1], {'a': 1}])
@pytest.mark.parametrize('name', ['every', 'sample'])
def test_a_field_of_this_name(name, value):
    """Values that are not numbers are static fields, as in 2.1.0: each call is recorded."""
    bench = MicroBench(**{name: value})
    work = bench(len)
    work('')
    work('')
    assert [record[name] for record in bench.get_results()] == [value, value]


WRONG = [
    ({'every': 0}, ValueError, 'every has to be at least 1, not 0'),
    ({'every': 2.5}, TypeError, 'every has to be an integer, not 2.5'),
    ({'every': -1}, ValueError, f'every has to be between 0 and {sys.maxsize}, not -1'),
    ({'sample': 0}, ValueError, 'sample has to be above 0 and at most 1, not 0'),
    ({'sample': 2}, ValueError, 'sample has to be above 0 and at most 1, not 2'),
    (
        {'sample': float('nan')},
        ValueError,
        'sample has to be above 0 and at most 1, not nan',
    ),
    (
        {'every': 2, 'sample': 0.5},
        ValueError,
        'every and sample are mutually exclusive: give one',
    ),
    (
        {'every': 2, 'iterations': 2},
        ValueError,
        'every records single calls: it needs iterations=1 and warmup=0',
    ),
    (
        {'sample': 0.5, 'warmup': 1},
        ValueError,
        'sample records single calls: it needs iterations=1 and warmup=0',
    ),
    (
        {'every': 2, 'duration_counter': time.process_time},
        ValueError,
        (
            'every needs a duration_counter of time.perf_counter, time.perf_counter_ns, '
            'time.monotonic, time.monotonic_ns'
        ),
    ),
]


@pytest.mark.parametrize(('arguments', 'kind', 'message'), WRONG)
def test_wrong_arguments(arguments, kind, message):
    """A mistake is one sentence, before anything runs."""
    with pytest.raises(kind) as error:
        MicroBench(**arguments)
    assert str(error.value) == message


def function_of_this_module():
    """A function that pickle finds by its name."""


def test_a_copy_begins_anew():
    """A copy in another process has no counts."""
    bench = MicroBench(every=5)
    copy = pickle.loads(pickle.dumps(SampledCalls(bench, function_of_this_module)))
    assert isinstance(copy, SampledCalls)
    assert copy.sampler.take() is None


# --- the end of a process ----------------------------------------------------------------

ENDS = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1], every=1000)
work = bench(int)
{before}
for _ in range(2500):
    work()
{end}
"""
ENDINGS = {
    'end': ('', ''),
    'exit': ('', 'sys.exit(3)'),
    'exception': ('', 'raise ValueError'),
    'on exit': ('bench.record_on_exit()', ''),
    'SIGTERM': ('bench.record_on_exit()', 'os.kill(os.getpid(), signal.SIGTERM)'),
    'worker': (
        'import multiprocessing',
        """
context = multiprocessing.get_context('fork')
process = context.Process(target=lambda: [work() for _ in range(3)])
process.start()
process.join()
""",
    ),
    'fork': ('', 'os.fork() or os._exit(0)\nos.wait()'),
    'forked': ('', 'if os.fork() == 0:\n    work(), work()\n    sys.exit()\nos.wait()'),
}
EXPECTED = [(1, 0), (1, 999), (1, 999), (0, 499)]
# What a child adds: its first call is recorded.
MORE = {
    'on exit': [(1, 0)],
    'SIGTERM': [(1, 0)],
    'worker': [(1, 0), (0, 2)],
    'forked': [(1, 0), (0, 1)],
}


@pytest.mark.filterwarnings('ignore:This process .* is multi-threaded')
@pytest.mark.parametrize('ending', ENDINGS)
def test_the_last_calls_are_written_at_the_end(tmp_path, ending):
    """However a process ends, no call is missing, and none is counted twice."""
    before, end = ENDINGS[ending]
    path = tmp_path / 'records.jsonl'
    subprocess.run(
        [sys.executable, '-c', ENDS.format(before=before, end=end), path],
        env={**environment(), 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        check=False,
    )
    calls = [record['call'] for record in FileOutput(str(path)).get_results()]
    assert sorted(counts(calls)) == sorted(EXPECTED + MORE.get(ending, []))


def test_nothing_is_left_behind_before_the_first_call(tmp_path):
    """Decorating with `every` registers nothing, and makes no file."""
    code = """
import atexit, sys
from microbench import MicroBench
before = atexit._ncallbacks()
work = MicroBench(sys.argv[1], every=1000)(int)
print(atexit._ncallbacks() - before)
"""
    path = tmp_path / 'records.jsonl'
    assert json.loads(python(code, path).stdout) == 0
    assert not Path(os.fspath(path)).exists()
