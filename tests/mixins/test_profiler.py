"""MBLineProfiler, with the real line_profiler."""

import asyncio
import base64
import cProfile
import functools
import gc
import importlib.util
import io
import pickle
import sys
import threading
import weakref
from importlib import metadata

import pytest

from microbench import MBLineProfiler, MicroBench, MicroBenchBase
from tests.fakes import call_of, only

# What differs between the versions of line_profiler.
try:
    VERSION = tuple(map(int, metadata.version('line_profiler').split('.')[:2]))
except metadata.PackageNotFoundError:
    VERSION = (5, 1)
NESTS = VERSION >= (5, 0)  # a profile inside another does not end that one
MONITORS = NESTS and sys.version_info >= (3, 12)  # with sys.monitoring, of all threads
LAST = 1 if VERSION >= (4, 1) else 0  # whether the end of a loop counts for its first line

# line_profiler 5.0 uses functions of importlib that Python 3.11 and 3.12 deprecate.
pytestmark = pytest.mark.filterwarnings('ignore:path is deprecated:DeprecationWarning')

needs_line_profiler = pytest.mark.skipif(
    importlib.util.find_spec('line_profiler') is None,
    reason='line_profiler is not installed',
)


class Bench(MicroBench, MBLineProfiler):
    pass


def summed(numbers):
    """Be profiled as a function."""
    total = 0
    for number in numbers:
        total += number
    return total


def pairs(numbers):
    """Be profiled as a generator function."""
    for number in numbers:
        got = yield number
        assert got is None or got == number
    return len(numbers)


FIRST = summed.__code__.co_firstlineno
GENERATOR = pairs.__code__.co_firstlineno


def hits(call):
    """Return each line's offset in its function, and how often it was reached."""
    return [(row['line'], row['hits']) for row in call['line_profile']]


def lines(first, *counts):
    """Return counts of a function's lines, the first two lines below its `def`."""
    return [(first + offset, count) for offset, count in enumerate(counts, 2)]


# --- what is recorded -----------------------------------------------------------------


@needs_line_profiler
def test_each_line_has_its_hits_and_time():
    """`call.line_profile` is plain: file, function, line, hits, and time in seconds."""
    bench = Bench()
    assert bench(summed)([1, 2, 3]) == 6
    call = call_of(bench)
    assert hits(call) == lines(FIRST, 1, 3 + LAST, 3, 1)
    for row in call['line_profile']:
        assert list(row) == ['file', 'function', 'line', 'hits', 'time']
        assert (row['file'], row['function']) == (__file__, 'summed')
        assert type(row['time']) is float


@needs_line_profiler
def test_the_record_says_that_profiling_slows_the_code():
    """The note keeps durations from being compared by mistake."""
    bench = Bench()
    bench(summed)([1])
    assert call_of(bench)['slowed_by'] == ['line_profiler']


def test_warm_up_is_not_profiled_and_iterations_are_added_up():
    """Only the timed iterations count."""
    bench = Bench(iterations=2, warmup=3)
    bench(summed)([1])
    assert hits(call_of(bench)) == lines(FIRST, 2, 2 + 2 * LAST, 2, 2)


@needs_line_profiler
def test_each_record_has_its_own_profile():
    """A later call does not contain the earlier ones."""
    bench = Bench()
    timed = bench(summed)
    for numbers in ([1], [1, 2]):
        timed(numbers)
    first, second = [record['call'] for record in bench.get_results()]
    assert hits(first) == lines(FIRST, 1, 1 + LAST, 1, 1)
    assert hits(second) == lines(FIRST, 1, 2 + LAST, 2, 1)


@needs_line_profiler
def test_the_profile_of_code_that_raises():
    """The profile holds the code up to the exception, and profiling is off again."""
    bench = Bench()
    before = sys.gettrace()
    with pytest.raises(TypeError):
        bench(summed)([1, None])
    record = only(bench.get_results())
    assert record['exception']['type'] == 'TypeError'
    assert hits(record['call'])[:2] == lines(FIRST, 1, 2)
    assert sys.gettrace() is before


@needs_line_profiler
def test_a_failing_hook_leaves_nothing_switched_on():
    """If another mixin fails between the profiler and the code, profiling is off again."""

    class Broken:
        def pre_run_triggers(self, bm_data):
            super().pre_run_triggers(bm_data)
            assert (sys.gettrace() is before) == MONITORS
            raise LookupError('mine')

    class Both(Broken, MicroBenchBase, MBLineProfiler):
        pass

    before = sys.gettrace()
    with pytest.raises(LookupError, match='mine'):
        Both()(summed)([1])
    assert sys.gettrace() is before


@needs_line_profiler
@pytest.mark.parametrize(
    'wrap',
    [
        functools.partial,
        functools.cache,
        lambda func: functools.wraps(func)(lambda *args: [func(*args)][0]),
        MicroBenchBase(),
        lambda func: functools.partial(MicroBenchBase()(func)),
    ],
)
def test_what_is_wrapped_is_profiled(wrap):
    """Partial objects, decorators and other benches do not hide the function."""
    bench = Bench()
    assert bench(wrap(summed))((1,)) == 1
    assert hits(call_of(bench)) == lines(FIRST, 1, 1 + LAST, 1, 1)


@needs_line_profiler
def test_methods_and_callable_objects():
    """Any callable with Python code is profiled."""

    class Adder:
        def add(self, numbers):
            return sum(numbers)

        def __call__(self, numbers):
            return sum(numbers)

    for func in (Adder().add, Adder()):
        bench = Bench()
        assert bench(func)([1]) == 1
        assert [count for _, count in hits(call_of(bench))] == [1]


@needs_line_profiler
def test_what_has_no_python_code_has_an_empty_profile():
    """A builtin has no lines."""
    bench = Bench()
    assert bench(len)([1]) == 1
    assert call_of(bench)['line_profile'] == []


@needs_line_profiler
def test_a_generator_is_profiled_inside_its_body():
    """Each line of the body counts; the consumer is not traced in between."""
    bench = Bench()
    outside = sys.gettrace()
    body = bench(pairs)([1, 2])
    seen = [next(body), sys.gettrace() is outside, body.send(1)]
    with pytest.raises(StopIteration) as stop:
        body.send(2)
    assert (seen, stop.value.value) == ([1, True, 2], 2)
    assert hits(call_of(bench)) == lines(GENERATOR, 2 + LAST, 2, 2, 1)
    assert sys.gettrace() is outside


@needs_line_profiler
def test_a_generator_is_closed_and_thrown_into_as_ever():
    """throw() and close() reach the body."""
    seen = []

    def body():
        try:
            yield 1
        except LookupError:
            seen.append('thrown')
        try:
            yield 2
        finally:
            seen.append('closed')

    running = Bench()(body)()
    assert [next(running), running.throw(LookupError())] == [1, 2]
    running.close()
    assert seen == ['thrown', 'closed']


@needs_line_profiler
def test_threads_do_not_mix():
    """Calls at the same time have right profiles or, from 3.12 on, a reason for none."""
    meeting = threading.Barrier(2)
    bench = Bench()

    def met(numbers):
        for _ in numbers:
            meeting.wait(60)
        return len(numbers)

    timed = bench(met)
    threads = [threading.Thread(target=timed, args=([1, 2],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = [record['call'] for record in bench.get_results()]
    if sys.version_info >= (3, 12):
        why = 'RuntimeError: another thread was profiled meanwhile'
        noted = [{'method': 'capturepost_line_profile', 'error': why}]
        assert [call.get('capture_errors') for call in calls] == [noted] * 2
        assert ['line_profile' in call for call in calls] == [False] * 2
    else:
        first = met.__code__.co_firstlineno - 1
        assert [hits(call) for call in calls] == [lines(first, 2 + LAST, 2, 1)] * 2
    timed_alone = bench(summed)
    timed_alone([1])
    assert hits(bench.get_results()[-1]['call']) == lines(FIRST, 1, 1 + LAST, 1, 1)


@needs_line_profiler
def test_recursion():
    """Each call of a function that calls itself has its own record."""
    bench = Bench()

    @bench
    def down(depth):
        return depth and down(depth - 1)

    assert down(2) == 0
    calls = [r['call'] for r in bench.get_results()]
    if NESTS:
        assert [[count for _, count in hits(call)] for call in calls] == [[1], [2], [3]]
    else:
        inner, *around = calls
        assert [count for _, count in hits(inner)] == [1]
        why = 'RuntimeError: a call inside was profiled, too'
        noted = [{'method': 'capturepost_line_profile', 'error': why}]
        assert [call.get('capture_errors') for call in around] == [noted] * 2


@needs_line_profiler
def test_below_another_profiler():
    """Under cProfile both profilers work."""
    bench = Bench()
    assert cProfile.Profile().runcall(bench(summed), [1]) == 1
    assert hits(call_of(bench)) == lines(FIRST, 1, 1 + LAST, 1, 1)


@needs_line_profiler
def test_code_that_ends_the_profiling():
    """Such code may cost the profile, and never the result."""
    bench = Bench()
    monitoring = getattr(sys, 'monitoring', None)

    def ending():
        if monitoring is not None:
            monitoring.free_tool_id(monitoring.PROFILER_ID)
        return 1

    assert bench(ending)() == 1
    call = call_of(bench)
    counts = [1, 1, 1] if monitoring is not None else [1, 1]
    if 'line_profile' in call:
        assert [count for _, count in hits(call)] == counts
    else:
        [noted] = call['capture_errors']
        assert noted['method'] == 'capturepost_line_profile'
        assert noted['error'].startswith('ValueError: ')
    bench(summed)([1])
    assert hits(bench.get_results()[-1]['call']) == lines(FIRST, 1, 1 + LAST, 1, 1)


@needs_line_profiler
def test_the_trace_function_of_a_debugger_goes_on():
    """Coverage still has the profiled lines, from line_profiler 5 on."""
    bench = Bench()
    timed = bench(summed)
    traced = []

    def trace(frame, event, _):
        if frame.f_code.co_name == 'summed':
            traced.append((event, frame.f_lineno - FIRST))
        return trace

    @Bench()
    def down(depth):
        return depth and down(depth - 1)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        down(2)
        assert sys.gettrace() is trace
        timed([1])
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
    assert hits(call_of(bench)) == lines(FIRST, 1, 1 + LAST, 1, 1)
    if NESTS:
        reached = {line for event, line in traced if event == 'line'}
        assert reached == {2, 3, 4, 5}


@needs_line_profiler
def test_code_that_takes_the_trace_function():
    """Lines of such code cannot be counted up to 3.11 or before line_profiler 5."""
    bench = Bench()

    def traced():
        sys.settrace(None)
        return 1

    assert bench(traced)() == 1
    call = call_of(bench)
    if MONITORS:
        assert [count for _, count in hits(call)] == [1, 1]
    else:
        why = 'RuntimeError: the code has used sys.settrace()'
        noted = {'method': 'capturepost_line_profile', 'error': why}
        assert call['capture_errors'] == [noted]
    assert sys.gettrace() is None


@needs_line_profiler
def test_a_function_is_not_changed_again_and_again():
    """One profiler serves all calls: each would make the function's code longer."""
    bench = Bench()

    def one():
        return 1

    timed = bench(one)
    timed()
    code = one.__code__
    for _ in range(9):
        timed()
    assert one.__code__ is code
    counts = [[count for _, count in hits(r['call'])] for r in bench.get_results()]
    assert counts == [[1]] * 10


@needs_line_profiler
def test_code_that_was_replaced_is_profiled_anew():
    """Code that an editor has reloaded is profiled anew."""
    bench = Bench()

    def changing():
        return 1

    def other():
        value = 2
        return value  # noqa: RET504 - two lines

    timed = bench(changing)
    timed()
    changing.__code__ = other.__code__
    assert timed() == 2
    assert [count for _, count in hits(bench.get_results()[-1]['call'])] == [1, 1]


@needs_line_profiler
def test_a_function_is_freed():
    """Idle profilers do not keep the function alive."""
    bench = Bench()

    def made():
        return 1

    assert bench(made)() == 1
    reference = weakref.ref(made)
    del made
    gc.collect()
    assert reference() is None


@needs_line_profiler
def test_what_cannot_be_kept_is_profiled():
    """Methods of objects without hash or weak references are profiled."""

    class Odd:
        __slots__ = ()
        __hash__ = None

        def __call__(self):
            return 1

    class Many:
        def __init__(self):
            self.value = 1

        @staticmethod
        def unused():
            return 2

        @classmethod
        def neither(cls):
            return 3

    bench = Bench()
    assert bench(Odd())() == 1
    assert [count for _, count in hits(call_of(bench))] == [1]
    assert bench(Many)().value == 1
    assert [count for _, count in hits(bench.get_results()[-1]['call'])] == [1]


# --- the text for decode_line_profile -------------------------------------------------


@needs_line_profiler
def test_the_text_is_decoded():
    """decode_line_profile returns the same numbers as an object."""
    bench = Bench()
    bench(summed)([1])
    call = call_of(bench)
    stats = MBLineProfiler.decode_line_profile(call['line_profiler'])
    assert type(stats).__name__ == 'LineStats'
    [(place, timings)] = stats.timings.items()
    assert place == (__file__, FIRST, 'summed')
    assert [(line, count) for line, count, _ in timings] == hits(call)
    assert [time * stats.unit for *_, time in timings] == [
        row['time'] for row in call['line_profile']
    ]


@needs_line_profiler
def test_the_text_is_what_microbench_2_wrote():
    """Programs that unpickle it find line_profiler's own class."""
    from line_profiler import LineProfiler

    bench = Bench()
    bench(summed)([1])
    text = call_of(bench)['line_profiler']
    assert type(pickle.loads(base64.b64decode(text))) is type(LineProfiler().get_stats())


@needs_line_profiler
def test_the_text_is_printed(capsys):
    """print_line_profile shows the source lines; its arguments go to line_profiler."""
    bench = Bench()
    bench(summed)([1])
    text = call_of(bench)['line_profiler']
    MBLineProfiler.print_line_profile(text)
    assert 'total += number' in capsys.readouterr().out
    stream = io.StringIO()
    MBLineProfiler.print_line_profile(text, stream=stream)
    assert 'total += number' in stream.getvalue()
    assert capsys.readouterr().out == ''


# --- what cannot be profiled ----------------------------------------------------------


def test_coroutine_functions_are_refused():
    """Decorating a coroutine function raises with the name of the mixin."""

    async def work():
        pass

    with pytest.raises(NotImplementedError, match='MBLineProfiler.*coroutine functions'):
        Bench()(work)


def test_async_generator_functions_are_refused():
    """Async generators are rejected, since they are suspended as coroutines are."""

    async def work():
        yield 1

    with pytest.raises(NotImplementedError, match='MBLineProfiler.*async generator'):
        Bench()(work)


@pytest.mark.parametrize('optional', [False, True])
def test_record_is_refused(optional):
    """Entering raises, whatever capture_optional is; the block does not run."""
    bench = type('Bench', (Bench,), {'capture_optional': optional})()
    block = bench.record('load')
    for _ in range(2):
        with pytest.raises(NotImplementedError, match=r'MBLineProfiler.*record\(\)'):
            with block:
                pytest.fail('it was entered')
    assert bench.get_results() == []


def test_arecord_is_refused():
    """Entering the async form raises too."""

    async def work():
        async with Bench().arecord('load'):
            pytest.fail('it was entered')

    with pytest.raises(NotImplementedError, match='MBLineProfiler'):
        asyncio.run(work())


def test_record_on_exit_is_refused():
    """Registration raises, so that no record is lost at the end."""
    with pytest.raises(NotImplementedError, match=r'MBLineProfiler.*record_on_exit\(\)'):
        Bench().record_on_exit('job')


def test_a_switched_off_bench_refuses_nothing(monkeypatch):
    """With MICROBENCH=off nothing is profiled, so nothing is refused."""
    monkeypatch.setenv('MICROBENCH', 'off')
    with Bench().record():
        pass


def test_without_line_profiler_the_first_call_raises(monkeypatch):
    """ImportError names the package; decorating needs nothing."""
    monkeypatch.setitem(sys.modules, 'line_profiler', None)
    bench = Bench()
    timed = bench(summed)
    with pytest.raises(ImportError, match='line_profiler'):
        timed([1])
    assert bench.get_results() == []


def test_without_line_profiler_the_record_can_say_so(monkeypatch):
    """With capture_optional the call is recorded without a profile."""
    monkeypatch.setitem(sys.modules, 'line_profiler', None)
    bench = type('Bench', (Bench,), {'capture_optional': True})()
    assert bench(summed)([1]) == 1
    call = call_of(bench)
    [noted] = call['capture_errors']
    assert noted['method'] == 'capture_line_profile'
    assert 'line_profiler' in noted['error']
    assert not {'line_profile', 'line_profiler'} & set(call)
