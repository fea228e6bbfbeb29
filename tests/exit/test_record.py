"""The record of a process."""

from datetime import datetime

import psutil
import pytest

import microbench
from microbench import MicroBenchBase, _core
from microbench.process import registry
from microbench.process.cause import Ending
from tests.fakes import Kept, Ticking, printed

from .conftest import REGISTERED


@pytest.fixture
def ended():
    """Run a registered bench's exit functions in this process."""
    benches = []

    def end(bench):
        benches.append(bench)
        run = registry._table.runs[id(bench)]
        run.stop_clock()
        run.write_record(Ending())
        return bench.get_results()[-1]

    yield end
    for bench in benches:
        bench.cancel_record_on_exit()


def test_fields(program):
    """The fields are those of any record, with the default name and one duration."""
    ended = program("bench = MicroBench(path, experiment='x')\nbench.record_on_exit()\n")
    around = {'mb', 'call', 'python', 'host', 'process', 'resource_usage'}
    assert set(ended.record) == {*around, 'experiment', 'exit_status'}
    assert set(ended.call) - {'run_delay'} == {
        *('invocation', 'name', 'start_time', 'finish_time', 'durations', 'load_average'),
    }
    assert ended.call['name'] == '<process>'
    assert ended.call['invocation'] == 'Python'
    [duration] = ended.call['durations']
    assert duration > 0


def test_it_returns_nothing():
    """record_on_exit() returns None, as in 2.1.0."""
    bench = MicroBenchBase(outputs=[])
    assert bench.record_on_exit('name', False) is None
    assert bench.cancel_record_on_exit() is None


def test_the_clock_is_read_before_the_captures(ended):
    """A slow capture at the end adds nothing to the duration."""
    clock = Ticking()

    class Bench(MicroBenchBase):
        def capture_slow(self, bm_data):
            for _ in range(100):
                clock()

    bench = Bench(duration_counter=clock)
    bench.record_on_exit(handle_sigterm=False)
    assert ended(bench)['call']['durations'] == [1.0]


def test_the_clocks_are_read_as_for_a_block(ended, monkeypatch):
    """C reads both clocks at once: tests/core/test_clock_step.py sets one of them."""
    monkeypatch.delattr(_core, 'wall_ns')
    bench = MicroBenchBase()
    bench.record_on_exit(handle_sigterm=False)
    call = ended(bench)['call']
    start, finish = (
        datetime.fromisoformat(call[f'{end}_time']) for end in ('start', 'finish')
    )
    took = call['durations'][0] - 2e-6  # times are cut to microseconds
    assert took <= (finish - start).total_seconds()


def test_a_clock_that_is_not_set(ended):
    """A clock that was not set leaves no note."""
    bench = MicroBenchBase()
    bench.record_on_exit(handle_sigterm=False)
    assert 'clock_step' not in ended(bench)['call']


CAPTURES = """
class Bench(MicroBench):
    env_vars = 1
    def capture_a(self, bm_data):
        raise KeyError('a')
    def capture_b(self, bm_data):
        sys.exit('from a capture')
    def capture_c(self, bm_data):
        raise KeyboardInterrupt
    def capture_d(self, bm_data):
        bm_data['d'] = 'fine'
    def capturepost_e(self, bm_data):
        raise OSError('e')
    def capturepost_f(self, bm_data):
        bm_data['f'] = sorted(bm_data['call'])
"""

ERRORS = [
    ('environment', 'ValueError: env_vars has to be a list or tuple, not 1'),
    ('capture_a', "KeyError: 'a'"),
    ('capture_b', 'SystemExit: from a capture'),
    ('capture_c', 'KeyboardInterrupt: '),
    ('capturepost_e', 'OSError: e'),
]


@pytest.mark.parametrize(
    ('last', 'status'), [('', 0), ('os.kill(os.getpid(), signal.SIGTERM)', -15)]
)
def test_captures_are_always_tolerated(program, last, status):
    """Failing captures are listed; record, other captures and status are unharmed."""
    ended = program(f'{CAPTURES}\nbench = Bench(path)\nbench.record_on_exit()\n{last}')
    noted = [(e['method'], e['error']) for e in ended.call['capture_errors']]
    assert noted == ERRORS
    assert ended.record['d'] == 'fine'
    assert {'durations', 'finish_time', 'start_time'} <= set(ended.record['f'])
    assert (ended.status, ended.err) == (status, '')


def test_overridden_triggers_that_fail(program):
    """Failing triggers cost only what they were to add."""
    code = """
class Bench(MicroBench):
    def pre_start_triggers(self, bm_data):
        raise KeyError('pre')
    def post_finish_triggers(self, bm_data):
        raise KeyError('post')
    def pre_run_triggers(self, bm_data):
        raise AssertionError('not run at exit')
    post_run_triggers = pre_run_triggers
bench = Bench(path)
bench.record_on_exit()
"""
    ended = program(code)
    assert ended.call['capture_errors'] == [
        {'method': 'pre_start_triggers', 'error': "KeyError: 'pre'"},
        {'method': 'post_finish_triggers', 'error': "KeyError: 'post'"},
    ]
    assert len(ended.call['durations']) == 1


def test_captures_run_at_the_end(ended):
    """Ordinary captures run at the end, hooks added meanwhile included."""
    seen = []

    class Bench(MicroBenchBase):
        def capture_order(self, bm_data):
            seen.append('captured')

    bench = Bench()
    bench.record_on_exit(handle_sigterm=False)
    seen.append('registered')
    bench.capture_later = lambda bm_data: bm_data.update(later=list(seen))
    record = ended(bench)
    assert record['later'] == ['registered']
    assert seen == ['registered', 'captured']


def test_captures_that_span_the_process(ended):
    """A generator sets up at registration and returns its result first at the end."""
    seen = []

    class Bench(MicroBenchBase):
        def capture_span(self, bm_data):
            seen.append('begun')
            yield
            seen.append('ended')

        def capture_end(self, bm_data):
            seen.append('captured')

    bench = Bench()
    bench.record_on_exit(handle_sigterm=False)
    assert seen == ['begun']
    ended(bench)
    assert seen == ['begun', 'ended', 'captured']


def test_a_capture_that_cannot_set_up(ended):
    """A failed set-up is noted, and the program goes on."""

    class Bench(MicroBenchBase):
        def capture_span(self, bm_data):
            raise KeyError('span')
            yield

    bench = Bench()
    bench.record_on_exit(handle_sigterm=False)
    assert ended(bench)['call']['capture_errors'] == [
        {'method': 'capture_span', 'error': "KeyError: 'span'"}
    ]


def test_resource_usage(program):
    """There is one usage entry, from registration to the end."""
    code = """
class Bench(MicroBench, microbench.MBResourceUsage):
    pass
bench = Bench(path)
bench.record_on_exit()
import resource
before = resource.getrusage(resource.RUSAGE_SELF)
data = bytearray(b'x') * 50_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before.ru_minflt)
"""
    ended = program(code)
    [used] = ended.record['resource_usage']
    assert set(used) == {
        'utime', 'stime', 'minflt', 'majflt', 'inblock', 'oublock', 'nvcsw', 'nivcsw',
    }  # fmt: skip
    assert used['minflt'] >= int(ended.out)


def test_peak_memory(program):
    """The peak is that of the whole run, not of the end."""
    code = """
class Bench(MicroBench, microbench.MBPeakMemory):
    pass
bench = Bench(path)
bench.record_on_exit()
data = bytearray(5_000_000)
del data
"""
    assert program(code).call['peak_memory_bytes'] >= 5_000_000


def test_peak_memory_that_a_class_extends(program):
    """A plain method that calls super() begins at registration as well."""
    code = """
class Bench(MicroBench, microbench.MBPeakMemory):
    def capture_peak_memory(self, bm_data):
        super().capture_peak_memory(bm_data)
        bm_data['extended'] = True
bench = Bench(path)
bench.record_on_exit()
data = bytearray(5_000_000)
del data
"""
    ended = program(code)
    assert ended.call['peak_memory_bytes'] >= 5_000_000
    assert ended.record['extended']


def test_arguments_and_value(ended):
    """A process has neither arguments nor a value."""
    mixins = (microbench.MBFunctionCall, microbench.MBReturnValue)
    bench = type('Bench', (MicroBenchBase, *mixins), {})()
    bench.record_on_exit()
    call = ended(bench)['call']
    assert (call['args'], call['kwargs']) == ([], {})
    assert 'return_value' not in call


def test_packages_of_the_program(program):
    """Packages are those at registration; at the end there is no calling code."""
    code = """
import psutil
class Bench(microbench.MicroBenchBase, microbench.MBGlobalPackages):
    pass
bench = Bench(path)
bench.record_on_exit()
"""
    found = program(code).record['python']['loaded_packages']
    assert found['psutil'] == psutil.__version__


def test_the_line_profiler_is_refused():
    """Registration raises a sentence that names the mixin, and installs nothing."""

    class Bench(MicroBenchBase, microbench.MBLineProfiler):
        pass

    with pytest.raises(NotImplementedError, match='MBLineProfiler'):
        Bench().record_on_exit()
    assert registry._table.runs == {}


def test_phases(program):
    """Finished phases are in the order of leaving, open ones outermost first."""
    code = """
with bench.time('a'):
    with bench.time('b'):
        pass
outer, inner = bench.time('outer'), bench.time('inner')
outer.__enter__()
inner.__enter__()
"""
    ended = program(REGISTERED + code)
    assert [t['name'] for t in ended.call['timings']] == ['b', 'a']
    assert [t['name'] for t in ended.call['open_timings']] == ['outer', 'inner']
    for timing in ended.call['timings'] + ended.call['open_timings']:
        assert set(timing) == {'name', 'duration'}


def test_phases_from_anywhere(program):
    """Threads, tasks and executors add phases; an open record takes its own."""
    code = """
import asyncio, concurrent.futures
def phase(name):
    with bench.time(name):
        pass
async def task():
    phase('task')
    await asyncio.to_thread(phase, 'to_thread')
thread = threading.Thread(target=phase, args=('thread',))
thread.start()
thread.join()
with concurrent.futures.ThreadPoolExecutor() as pool:
    pool.submit(phase, 'executor').result()
asyncio.run(task())
with bench.record('block'):
    phase('inside')
    with MicroBench(path).time('of another bench'):
        pass
@bench
def work():
    phase('called')
work()
phase('end')
"""
    *others, last = program(REGISTERED + code).records
    names = ['thread', 'executor', 'task', 'to_thread', 'end']
    assert [t['name'] for t in last['call']['timings']] == names
    inside = [[t['name'] for t in r['call']['timings']] for r in others]
    assert inside == [['inside', 'of another bench'], ['called']]


def test_the_phases_of_workers_beside_two_open_records(program):
    """Where two threads have records open, a third one's phase goes to the process."""
    code = """
gate = threading.Barrier(3)
def block():
    with bench.record('block'):
        gate.wait()
        gate.wait()
threads = [threading.Thread(target=block) for _ in range(2)]
for thread in threads:
    thread.start()
gate.wait()
with bench.time('third'):
    pass
gate.wait()
for thread in threads:
    thread.join()
"""
    *_, last = program(REGISTERED + code).records
    assert [t['name'] for t in last['call']['timings']] == ['third']


def test_warm_up_leaves_no_trace(program):
    """Phases of warm-up calls are in no record."""
    code = """
bench = MicroBench(path, warmup=3)
bench.record_on_exit()
@bench
def work():
    with bench.time('step'):
        pass
work()
"""
    call, process = program(code).records
    assert [t['name'] for t in call['call']['timings']] == ['step']
    assert 'timings' not in process['call']


def test_phases_at_the_end(program):
    """Captures may have phases; those of hooks after the code go nowhere."""
    code = """
class Bench(MicroBench):
    def capture_it(self, bm_data):
        with self.time('capture'):
            pass
    def capturepost_it(self, bm_data):
        with self.time('post'):
            pass
bench = Bench(path)
bench.record_on_exit()
"""
    assert [t['name'] for t in program(code).call['timings']] == ['capture']


MONITORED = """
class Bench(MicroBenchBase):
    @staticmethod
    def monitor(process):
        return {'pid': process.pid}
bench = Bench(path)
bench.record_on_exit()
"""


@pytest.mark.parametrize('last', ['', '1 / 0', 'os.kill(os.getpid(), signal.SIGTERM)'])
def test_samples(program, last):
    """The monitor samples from the call on, whatever ends the process."""
    call = program(MONITORED + last).call
    assert [set(sample) for sample in call['monitor']] == [{'timestamp', 'pid'}]


def test_no_thread_is_started_at_exit(program):
    """An interpreter that is shutting down is not asked for a thread."""
    code = """
import atexit
def refuse(self):
    raise RuntimeError('no thread may be started now')
atexit.register(setattr, threading.Thread, 'start', refuse)
"""
    ended = program(MONITORED + code)
    assert (len(ended.call['monitor']), ended.err) == (1, '')
    assert 'capture_errors' not in ended.call


def test_signals_are_not_the_monitors(program):
    """SIGTERM is handled by the main thread, not swallowed by the monitor."""
    ended = program(MONITORED + 'os.kill(os.getpid(), signal.SIGTERM)')
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.status == -15


def test_without_psutil(program):
    """A missing psutil is an ImportError at registration; nothing is left."""
    code = """
sys.modules['psutil'] = None
class Bench(MicroBenchBase):
    monitor = staticmethod(lambda process: {})
bench, before = Bench(path), sys.excepthook
try:
    bench.record_on_exit()
except ImportError:
    print('refused')
assert sys.excepthook is before
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(code)
    assert (ended.records, ended.out, ended.err) == ([], 'refused\n', '')


def test_a_custom_counter(program):
    """Durations and phases are differences of its readings, as for any record."""
    code = """
import itertools
bench = MicroBench(path, duration_counter=itertools.count(10).__next__)
bench.record_on_exit()
with bench.time('a'):
    pass
"""
    call = program(code).call
    assert call['durations'] == [3]
    assert call['timings'] == [{'name': 'a', 'duration': 1}]


def test_exactly_one_writer(ended):
    """claim() returns True once; a later caller writes nothing."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept])
    bench.record_on_exit(handle_sigterm=False)
    run = registry._table.runs[id(bench)]
    assert [run.run.claim() for _ in range(3)] == [True, False, False]
    for _ in range(2):
        run.write_record(Ending())
    bench.cancel_record_on_exit()
    assert len(kept.lines) == 1


def test_import_and_use_load_nothing_for_it():
    """Only record_on_exit() imports signal, atexit and threading."""
    code = """
import sys, microbench
before = set(sys.modules)
bench = microbench.MicroBench(outputs=[])
with bench.record('x'):
    pass
loaded = set(sys.modules) - before
assert not loaded & {'signal', 'threading', 'microbench.process.registry'}, loaded
"""
    assert printed(code, flags=['-S']) == ''
