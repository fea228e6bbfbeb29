"""Peak memory in a record."""

import asyncio
import os
import resource
import sys
import threading
import tracemalloc
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from microbench import MBPeakMemory, MicroBench, MicroBenchBase
from microbench.mixins.memory import Measured
from tests.fakes import only, printed

MB = 1 << 20
SLACK = 100_000  # what hooks and the interpreter allocate besides


class Bench(MicroBenchBase, MBPeakMemory):
    pass


@pytest.fixture(autouse=True)
def not_tracing():
    """Assert that tracing is off before and after each test."""
    assert not tracemalloc.is_tracing()
    yield
    assert (tracemalloc.is_tracing(), Measured.running) == (False, [])


def peaks(bench):
    """Return the peaks of all records, in whole MiB."""
    found = [record['call']['peak_memory_bytes'] for record in bench.get_results()]
    return [(peak + SLACK) // MB for peak in found]


def allocate(size):
    """Allocate this many MiB for a moment."""
    return len(bytearray(size * MB))


def test_the_peak_of_a_call():
    """The peak is what the code needed at most, in bytes."""
    bench = Bench()
    bench(allocate)(3)
    assert peaks(bench) == [3]


def test_all_iterations_count():
    """The peak is that of the largest iteration."""
    bench = Bench(iterations=3)
    sizes = iter([1, 5, 2])
    bench(lambda: allocate(next(sizes)))()
    assert peaks(bench) == [5]


def test_warm_up_does_not_count():
    """Warm-up has ended before memory is traced."""
    bench = Bench(warmup=1)
    sizes = iter([5, 1])
    bench(lambda: allocate(next(sizes)))()
    assert peaks(bench) == [1]


def test_tracing_stays_on_where_it_was():
    """Earlier allocations do not count, and the user's tracing goes on."""
    tracemalloc.start()
    try:
        before = bytearray(4 * MB)
        bench = Bench()
        bench(allocate)(2)
        assert peaks(bench) == [2]
        assert tracemalloc.is_tracing()
        assert tracemalloc.get_traced_memory()[0] >= len(before)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit])
def test_tracing_ends_with_the_code(error):
    """Tracing ends whatever the code raises; the record has the peak up to then."""

    def fail():
        allocate(2)
        raise error

    bench = Bench()
    with pytest.raises(error):
        bench(fail)()
    assert peaks(bench) == [2]


def test_tracing_ends_where_the_code_never_ran():
    """A later capture that fails ends the tracing."""

    class Failing(Bench):
        def capture_zzz(self, bm_data):
            assert tracemalloc.is_tracing()
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        Failing()(allocate)(1)


def test_nested_calls():
    """Each nested call has its own peak, whatever others needed before."""
    inner, outer = Bench(), Bench()
    timed = inner(allocate)

    def work():
        held = bytearray(8 * MB)
        del held
        timed(2)
        return bytearray(3 * MB)

    outer(work)()
    assert (peaks(inner), peaks(outer)) == ([2], [8])


def test_recursion():
    """Recursive calls of one bench have their own peaks."""
    bench = Bench()

    @bench
    def descend(depth):
        held = bytearray(MB)
        return len(held) + (descend(depth - 1) if depth > 1 else 0)

    descend(3)
    assert peaks(bench) == [1, 2, 3]


def test_threads_that_overlap():
    """The last thread ends the tracing, not the one that began it."""
    bench = Bench()
    began, go_on = threading.Event(), threading.Event()

    @bench
    def first():
        began.set()
        go_on.wait()

    thread = threading.Thread(target=first)
    thread.start()
    began.wait()
    with bench.record('second'):
        go_on.set()
        thread.join()
        assert tracemalloc.is_tracing()
        allocate(2)
    assert peaks(bench)[1] == 2


def test_tasks_that_overlap():
    """Concurrent tasks of one bench end in any order."""
    bench = Bench()

    @bench
    async def work(turns):
        for _ in range(turns):
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(work(3), work(1), work(2))

    asyncio.run(main())
    assert len(peaks(bench)) == 3


def test_tracing_that_the_code_stops():
    """If the code itself ends the tracing, no error is raised."""
    bench = Bench()
    bench(tracemalloc.stop)()
    assert only(bench.get_results())['call']['peak_memory_bytes'] >= 0


def test_overrides_that_call_super():
    """Plain methods can extend both hooks; a failure ends the tracing."""

    class Extended(Bench):
        fails = False

        def capture_peak_memory(self, bm_data):
            super().capture_peak_memory(bm_data)
            if self.fails:
                raise ArithmeticError

        def capturepost_peak_memory(self, bm_data):
            super().capturepost_peak_memory(bm_data)
            bm_data['doubled'] = bm_data['call']['peak_memory_bytes'] * 2

    bench = Extended()
    bench(allocate)(2)
    assert peaks(bench) == [2]
    assert (only(bench.get_results())['doubled'] + SLACK) // MB == 4
    bench.fails = True
    with pytest.raises(ArithmeticError):
        bench(allocate)(2)


def test_hooks_called_by_hand():
    """Users' tests may call both hooks on any dict, also one within the other."""
    outer, inner = {'call': {}}, {}
    Bench().capture_peak_memory(outer)
    held = bytearray(3 * MB)
    Bench().capture_peak_memory(inner)
    allocate(2)
    Bench().capturepost_peak_memory(inner)
    assert tracemalloc.is_tracing()
    Bench().capturepost_peak_memory(outer)
    found = [bm_data['call']['peak_memory_bytes'] // MB for bm_data in (outer, inner)]
    assert (found, len(held)) == ([5, 2], 3 * MB)


def test_the_record_says_that_tracing_slows_the_code():
    """The record has a note on tracing, also if it was on before."""
    bench = Bench()
    bench(allocate)(1)
    tracemalloc.start()
    bench(allocate)(1)
    tracemalloc.stop()
    slowed = [record['call']['slowed_by'] for record in bench.get_results()]
    assert slowed == [['tracemalloc']] * 2


def test_a_forked_child_can_measure():
    """The lock of the parent's threads is not inherited."""
    code = """
import os, threading
from microbench import MBPeakMemory, MicroBenchBase
from microbench.mixins.memory import Measured
bench = type('Bench', (MicroBenchBase, MBPeakMemory), {})()
held, done = threading.Event(), threading.Event()
def hold():
    with Measured.lock:
        held.set()
        done.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
import warnings
warnings.simplefilter('ignore')  # Python 3.12+ has its doubts about fork with threads
child = os.fork()
if not child:
    bench(lambda: None)()
    os._exit(len(bench.get_results()))
done.set()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread.join()
"""
    assert printed(code) == '1\n'


# --- the command -------------------------------------------------------------------


def test_the_command_reports_its_child():
    """The command stores the largest resident size in bytes, and traces nothing."""
    unit = 1 if sys.platform == 'darwin' else 1024
    fields = dict.fromkeys(
        ('utime', 'stime', 'minflt', 'majflt', 'inblock', 'oublock', 'nvcsw', 'nivcsw'), 0
    )
    usage = [
        SimpleNamespace(ru_maxrss=size, **{f'ru_{name}': 0 for name in fields})
        for size in (3000, 5000, 4000)
    ]
    bm_data = {'call': {'invocation': 'CLI'}}
    bench = Bench()
    bench.capture_peak_memory(bm_data)
    assert not tracemalloc.is_tracing()
    bm_data['_children_usage'] = usage
    bench.capturepost_peak_memory(bm_data)
    assert bm_data['call']['peak_memory_bytes'] == 5000 * unit


def test_a_command_that_did_not_start():
    """A command that did not start has the key with null."""
    bm_data = {'call': {'invocation': 'CLI'}, '_children_usage': []}
    Bench().capturepost_peak_memory(bm_data)
    assert bm_data['call'] == {'invocation': 'CLI', 'peak_memory_bytes': None}


def test_a_real_child():
    """The usage from wait4(2) is that of a process that needed this much."""
    bm_data = {'call': {'invocation': 'CLI'}}
    child = os.posix_spawn(
        sys.executable, [sys.executable, '-c', 'bytearray(64 << 20)'], os.environ
    )
    bm_data['_children_usage'] = [os.wait4(child, 0)[2]]
    Bench().capturepost_peak_memory(bm_data)
    assert bm_data['call']['peak_memory_bytes'] > 64 * MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_what_tracemalloc_says_is_stored_as_it_is():
    """If nothing was traced before, nothing is subtracted."""
    bench = type('Bench', (MicroBench, MBPeakMemory), {})()
    with patch('tracemalloc.get_traced_memory', return_value=(1, 4242)):
        bench(lambda: 1)()
    assert bench.get_results()[0]['call']['peak_memory_bytes'] == 4242
