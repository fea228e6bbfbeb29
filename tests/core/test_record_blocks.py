"""`with bench.record(name)` and `async with bench.arecord(name)`."""

import asyncio
import contextlib
import contextvars
import datetime
import threading
import time

import pytest

from microbench import MBFunctionCall, MBReturnValue, MicroBenchBase, _core
from tests.fakes import FailingAt, Kept, Ticking, call_of, only, printed, readable


@pytest.fixture
def bench():
    """A bench with a ticking clock."""
    return MicroBenchBase(duration_counter=Ticking())


@pytest.mark.parametrize('name', [None, ''])
def test_default_name(bench, name):
    """Without a name, or with an empty one, the record is called `<record>`."""
    with bench.record(name):
        pass
    assert call_of(bench)['name'] == '<record>'


@pytest.mark.parametrize(
    'name', ['pipeline', 'Zürich', '\ud800\udce9', '"\\\n\0', 'x' * 10**6]
)
@pytest.mark.parametrize('counter', [Ticking(), time.perf_counter])
def test_any_name(name, counter):
    """Any text is a name, also text that is invalid Unicode or a megabyte long."""
    bench = MicroBenchBase(duration_counter=counter)
    with bench.record(name), bench.time(name):
        pass
    call = call_of(bench)
    assert call['name'] == call['timings'][0]['name'] == readable(name)


@pytest.mark.parametrize('counter', [Ticking(), time.perf_counter])
def test_a_name_that_is_no_text(counter):
    """Other objects are named by their str()."""
    bench = MicroBenchBase(duration_counter=counter)
    with bench.record(5), bench.time(6.5):
        pass
    call = call_of(bench)
    assert (call['name'], call['timings'][0]['name']) == ('5', '6.5')


def test_one_duration_whatever_the_settings():
    """A block ignores iterations and warm-up, which are for decorated functions."""
    bench = MicroBenchBase(duration_counter=Ticking(), iterations=3, warmup=2)
    with bench.record('once'), bench.time('part'):
        pass
    call = call_of(bench)
    assert call['durations'] == [3.0]
    assert 'timings_iteration' not in call


def test_it_gives_a_record_for_each_entry(bench):
    """A block object can be entered again once it was left."""
    block = bench.record('again')
    for _ in range(3):
        with block:
            pass
    assert [r['call']['durations'] for r in bench.get_results()] == [[1.0]] * 3


def test_it_is_no_decorator():
    """Using a block as decorator is a TypeError at once."""
    bench = MicroBenchBase()
    for block in (bench.record('x'), bench.arecord('x')):
        with pytest.raises(TypeError, match='not callable'):
            block(len)
    assert bench.get_results() == []


def test_it_cannot_be_entered_within_itself(bench):
    """Nesting one object in itself is refused, and the outer record is whole."""
    block = bench.record('self')
    with block:
        with pytest.raises(RuntimeError, match='self'), block:
            pass
        with bench.time('after'):
            pass
    assert call_of(bench)['timings'] == [{'name': 'after', 'duration': 1.0}]


def test_nested_records(bench):
    """Inner records are written first; phases go to the innermost."""
    with bench.record('outer'):
        with bench.time('before'):
            pass
        with bench.record('inner'), bench.time('within'):
            pass
        with bench.time('after'):
            pass
    inner, outer = (record['call'] for record in bench.get_results())
    assert (inner['name'], outer['name']) == ('inner', 'outer')
    assert [t['name'] for t in inner['timings']] == ['within']
    assert [t['name'] for t in outer['timings']] == ['before', 'after']


def test_the_innermost_record_of_any_bench(bench):
    """A phase goes to the innermost record, measured by its own bench's counter."""
    other = MicroBenchBase(duration_counter=Ticking(10.0))
    with bench.record('outer'), other.record('inner'), bench.time('part'):
        pass
    assert call_of(other)['timings'] == [{'name': 'part', 'duration': 1.0}]
    assert 'timings' not in call_of(bench)


def test_mixed_counters():
    """Foreign, native and integer counters may measure phases of one record."""
    native = MicroBenchBase()
    foreign = MicroBenchBase(duration_counter=Ticking(0.5))
    whole = MicroBenchBase(duration_counter=time.perf_counter_ns)
    with native.record('native'):
        for bench in (foreign, native, whole):
            with bench.time('part'):
                pass
    timings = call_of(native)['timings']
    assert timings[0] == {'name': 'part', 'duration': 0.5}
    assert [type(t['duration']) for t in timings] == [float, float, int]


def test_no_arguments_and_no_return_value():
    """MBFunctionCall gives empty lists; MBReturnValue does nothing."""

    class Bench(MicroBenchBase, MBFunctionCall, MBReturnValue):
        pass

    bench = Bench()
    with bench.record():
        pass
    call = call_of(bench)
    assert (call['args'], call['kwargs']) == ([], {})
    assert 'return_value' not in call


def test_the_exception_goes_on(bench):
    """A block never swallows what it records."""
    with pytest.raises(KeyError, match='mine'), bench.record():
        raise KeyError('mine')
    assert only(bench.get_results())['exception']['type'] == 'KeyError'


def test_leaving_early(bench):
    """`return`, `break` and `continue` out of a block end its record normally."""

    def early():
        for number in range(3):
            with bench.record(f'round {number}'):
                if number == 0:
                    continue
                return number
        return None

    assert early() == 1
    assert [r['call']['name'] for r in bench.get_results()] == ['round 0', 'round 1']
    assert not any('exception' in r for r in bench.get_results())


def test_through_an_exit_stack(bench):
    """Blocks and phases stand in an ExitStack, and in a very deep one."""
    bench = MicroBenchBase(outputs=[Kept()])
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(bench.record('deep'))
            phase = stack.enter_context(bench.time('phase'))
    assert len(bench._bench_config.delivery.sinks[0].lines) == 1000
    del phase


def test_a_long_chain_of_runs_is_freed():
    """A phase kept from the innermost of very many records frees them all."""
    code = """
import contextlib, microbench
bench = microbench.MicroBenchBase(outputs=[])
with contextlib.ExitStack() as stack:
    for _ in range(50_000):
        stack.enter_context(bench.record())
    phase = bench.time('kept')
del phase, stack
print(microbench._core.runs_open() if hasattr(microbench, '_core') else 0)
"""
    assert printed(code) == '0\n'


def test_left_in_another_context(bench):
    """Leaving in another context than entering is no error, and leaves nothing."""
    block = bench.record('crossed')
    first, second = contextvars.copy_context(), contextvars.copy_context()
    first.run(block.__enter__)
    second.run(block.__exit__, None, None, None)
    assert call_of(bench)['name'] == 'crossed'
    for context in (first, second):
        assert context.run(bench.time, 'x').name is None


def test_left_in_another_thread(bench):
    """A block entered here and left in another thread is one record."""
    block = bench.record('moved')
    block.__enter__()
    thread = threading.Thread(target=block.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    assert call_of(bench)['durations'] == [1.0]
    assert bench.time('x').name is None


def test_left_in_another_order(bench):
    """Blocks that overlap without nesting have a record each."""
    first, second = bench.record('first'), bench.record('second')
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with bench.time('in second'):
        pass
    second.__exit__(None, None, None)
    assert bench.time('x').name is None
    calls = {r['call']['name']: r['call'] for r in bench.get_results()}
    assert 'timings' not in calls['first']
    assert calls['second']['timings'] == [{'name': 'in second', 'duration': 1.0}]


def test_left_without_having_been_entered(bench):
    """Leaving a block that was not entered does nothing."""
    bench.record('never').__exit__(None, None, None)
    assert bench.get_results() == []


def test_arecord(bench):
    """The async form gives the same record as the plain one."""

    async def main():
        async with bench.arecord() as block:
            with bench.time('part'):
                await asyncio.sleep(0)
        async with block:
            pass

    asyncio.run(main())
    first, second = (record['call'] for record in bench.get_results())
    assert first['name'] == second['name'] == '<record>'
    assert (first['durations'], second['durations']) == ([3.0], [1.0])


@pytest.mark.parametrize('reading', [1, 2])
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_counter_that_fails(reading):
    """A counter's error at the start is the block's; at the end it costs the time."""
    bench = MicroBenchBase(duration_counter=FailingAt(reading))
    block = bench.record('x')
    if reading == 1:
        with pytest.raises(ArithmeticError), block:
            raise AssertionError
    else:
        with block:
            pass
        assert call_of(bench)['durations'] == [None]
    with block:
        pass
    assert bench.get_results()[-1]['call']['durations'] == [1.0]


def test_a_failing_capture_leaves_nothing_open():
    """After a capture has failed, the record around is active again."""

    class Bench(MicroBenchBase):
        def capture_fails(self, bm_data):
            raise KeyError('capture')

    outer = MicroBenchBase(duration_counter=Ticking())
    bench = Bench()
    block = bench.record('x')
    with outer.record('outer'):
        for _ in range(2):
            with pytest.raises(KeyError, match='capture'), block:
                raise AssertionError
        with outer.time('heard'):
            pass
    assert call_of(outer)['timings'] == [{'name': 'heard', 'duration': 1.0}]
    assert bench.get_results() == []


class Turning(datetime.tzinfo):
    """A time zone that fails while `fails` is set."""

    fails = False

    def utcoffset(self, moment):
        if self.fails:
            raise RuntimeError('time zone')
        return datetime.timedelta(hours=1)

    def dst(self, moment):
        return datetime.timedelta(0)

    def tzname(self, moment):
        return 'Turning'


def test_a_time_zone_that_begins_to_fail():
    """A failing time zone costs neither the user's exception nor the record."""
    zone, kept = Turning(), Kept()
    bench = MicroBenchBase(tz=zone, outputs=[kept], duration_counter=Ticking())
    with (
        pytest.warns(Warning),
        pytest.raises(KeyError, match='mine'),
        bench.record(),
    ):
        zone.fails = True
        raise KeyError('mine')
    assert only(kept.records)['exception']['type'] == 'KeyError'


def test_fork_in_the_middle(tmp_path):
    """After fork, parent and child each write their own record, with its own id."""
    code = """
import os, warnings
warnings.simplefilter('ignore', DeprecationWarning)
import microbench
bench = microbench.MicroBenchBase(outfile=sys.argv[1])
with bench.record('forked'), bench.time('both'):
    child = os.fork()
if not child:
    os._exit(0)
os.waitpid(child, 0)
records = bench.get_results()
print(len(records), len({r['mb']['record_id'] for r in records}))
print([r['call']['timings'][0]['name'] for r in records])
"""
    assert printed(code, tmp_path / 'f') == "2 2\n['both', 'both']\n"


def test_fork_while_another_thread_writes():
    """The child's lock is its own: it records while the parent's thread is stuck."""
    code = """
import os, threading, warnings
warnings.simplefilter('ignore', DeprecationWarning)
import faulthandler; faulthandler.dump_traceback_later(5, exit=True)
import microbench
class Slow:
    begun, go_on = threading.Event(), threading.Event()
    def write(self, text):
        if threading.current_thread() is not threading.main_thread():
            self.begun.set()
            self.go_on.wait()
slow = Slow()
work = microbench.MicroBenchBase(outfile=slow)(lambda: None)
thread = threading.Thread(target=work)
thread.start()
slow.begun.wait()
child = os.fork()
if not child:
    work()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
slow.go_on.set()
thread.join()
"""
    assert printed(code) == '7\n'


def test_interpreter_shutdown_with_open_runs():
    """A program that ends inside records, phases and generators ends in silence."""
    code = """
import microbench, threading
bench = microbench.MicroBench(outputs=[])
block = bench.record('open'); block.__enter__()
phase = bench.time('open'); phase.__enter__()
@bench
def count():
    yield 1
@bench
async def acount():
    yield 1
@bench
async def coroutine():
    async for _ in acount():
        await wait()
import types
@types.coroutine
def wait():
    yield
body = count(); next(body)
waiting = coroutine(); waiting.send(None)
entered, never = threading.Event(), threading.Event()
def stay():
    with bench.record('thread'), bench.time('thread'):
        entered.set()
        never.wait()
threading.Thread(target=stay, daemon=True).start()
entered.wait()
class Dying:
    def __del__(self):
        if bench:  # free-threaded builds have cleared this module before
            bench(len)('')
kept = Dying()
sys.kept = Dying()
print('end')
"""
    assert printed(code) == 'end\n'


def test_record_of_a_bench_that_is_gone(bench):
    """A block keeps its bench alive."""
    kept = Kept()
    block = MicroBenchBase(outputs=[kept]).record('orphan')
    with block:
        pass
    assert only(kept.records)['call']['name'] == 'orphan'


def test_registry_and_context_are_clean(bench):
    """Inside a block one run is open; after it none."""
    before = _core.runs_open()
    with bench.record():
        assert _core.runs_open() == before + 1
    assert _core.runs_open() == before
