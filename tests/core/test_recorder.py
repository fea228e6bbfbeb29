"""Calls that run no Python but the function: when, and that their records are the same."""

import contextvars
import errno
import gc
import io
import json
import os
import signal
import threading
import time
import warnings
import weakref
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    MBLoadedModules,
    MicroBench,
    MicroBenchBase,
    NullOutput,
    _core,
)
from microbench.core.hooked_run import HookedRun
from tests.fakes import only

pytestmark = pytest.mark.usefixtures('fresh_count')  # some records are lost


def recorder(function):
    """Return the recorder of a decorated function, or None."""
    return function.__timed__.recorder


def written(function):
    """Return how many records were written without Python."""
    return recorder(function).records if recorder(function) is not None else 0


def warmed(bench, function=lambda: None, calls=2):
    """Return a decorated function after its first calls, which make the recorder."""
    decorated = bench(function)
    for _ in range(calls):
        decorated()
    return decorated


def comparable(record):
    """Return what two records of one function have in common."""
    call = record['call']
    for name in ('start_time', 'finish_time'):
        call[name] = (type(call[name]).__name__, call[name][-6:], len(call[name]))
    call['durations'] = [type(value).__name__ for value in call['durations']]
    for timing in [*call.get('timings', []), *call.get('open_timings', [])]:
        timing['duration'] = type(timing['duration']).__name__
    for name in ('run_delay', 'load_average'):
        call.update({name: type(call[name]).__name__} if name in call else {})
    for usage in record.get('resource_usage', ()):
        usage.update({name: type(value).__name__ for name, value in usage.items()})
    for counted in [*call.get('timings_summary', []), call.get('histogram', {})]:
        for name in counted.keys() - {'name', 'count', 'unit', 'digits'}:
            counted[name] = type(counted[name]).__name__
    assert record['mb'].pop('record_id')
    return record


def assert_alike(first, second):
    """Check that two benches, one of them in Python, have written equal records."""
    for record in first + second:
        assert record['mb'].pop('duration_counter')
        record['mb'].pop('clock', None)
    assert first == second
    assert all(list(a) == list(b) for a, b in zip(first, second, strict=True))


# --- where ----------------------------------------------------------------------------


@pytest.mark.parametrize('make', [FileOutput, NullOutput])
def test_from_the_second_call_on(make):
    """The first call looks at the sinks, and warns if need be."""
    function = warmed(MicroBench(outputs=[make()]), calls=1)
    assert recorder(function) is None
    for _ in range(3):
        function()
    assert written(function) == 3


def test_a_file(tmp_path):
    """The first call opens the file; then each record is written in C."""
    bench = MicroBench(tmp_path / 'out.jsonl', field='x')
    function = warmed(bench, calls=5)
    assert written(function) == 4
    records = bench.get_results()
    assert [record['field'] for record in records] == ['x'] * 5
    assert len({record['mb']['record_id'] for record in records}) == 5


def test_several_sinks(tmp_path):
    """Each one gets each record, in one form."""
    memory, path = io.StringIO(), tmp_path / 'out.jsonl'
    bench = MicroBench(outputs=[FileOutput(path), NullOutput(), FileOutput(memory)])
    function = warmed(bench, calls=4)
    assert written(function) == 3
    assert memory.getvalue() == path.read_text()
    assert memory.getvalue().count('\n') == 4


class Seen(FileOutput):
    """A sink of the user's own."""


class Counted(_core.Appender):
    """A file that counts how often the disk has been waited for, and may fail at that."""

    syncs, error = 0, None

    def sync(self):
        Counted.syncs += 1
        if Counted.error is not None:
            raise Counted.error
        super().sync()


@pytest.fixture
def counted(monkeypatch):
    """Have files count; return what counts."""
    monkeypatch.setattr(_core, 'Appender', Counted)
    monkeypatch.setattr(Counted, 'syncs', 0)
    monkeypatch.setattr(Counted, 'error', None)
    return Counted


def test_the_disk_has_each_record(tmp_path, counted):
    """With durability='fsync', which can be changed at any time."""
    sink = FileOutput(tmp_path / 'out.jsonl', durability='fsync')
    bench = MicroBench(outputs=[sink])
    function = warmed(bench, calls=4)
    assert (written(function), counted.syncs) == (3, 4)
    sink.durability = 'write'
    function(), function()
    assert counted.syncs == 4
    sink.durability = 'fsync'
    function()
    assert (written(function), counted.syncs) == (1, 5)
    assert len(bench.get_results()) == 7


@pytest.mark.parametrize('reaction', ['warn', 'raise'])
def test_a_disk_that_fails(tmp_path, counted, reaction, capsys):
    """As in Python: one warning, or the error; the record is in the file, once."""
    found = []
    for by in ('C', 'dict'):
        path, memory = tmp_path / f'{by}.jsonl', io.StringIO()
        outputs = [FileOutput(path, durability='fsync'), FileOutput(memory)]
        bench = MicroBench(outputs=outputs, on_output_error=reaction)
        if by == 'dict':
            bench.capture_zz = lambda bm_data: None
        function = warmed(bench)
        counted.error = OSError(errno.EIO, os.strerror(errno.EIO), path.name)
        with (
            pytest.warns(RuntimeWarning, match='did not take a record')
            if reaction == 'warn'
            else pytest.raises(OSError, match='Input/output error')
        ) as caught:
            function()
        counted.error = None
        function(), function()
        messages = [str(one.message) for one in caught] if reaction == 'warn' else []
        found.append([message.replace(by, '') for message in messages])
        assert path.read_text() == memory.getvalue()
        assert len(path.read_text().splitlines()) == 5
        assert (recorder(function) is None) == (by == 'dict')
    assert found[0] == found[1]
    assert capsys.readouterr().err == ''


class Loaded(MicroBench, MBLoadedModules):
    """Looks at the environment in Python for each record."""


SLOW = {
    'a field that is a list': lambda: MicroBench(field=[1]),
    'a mixin that runs for each record': Loaded,
    'warm-up': lambda: MicroBench(warmup=1),
    'a counter of the user': lambda: MicroBench(duration_counter=lambda: 1.5),
    'a sink of the user': lambda: MicroBench(outputs=[Seen()]),
    'one sink of the user': lambda: MicroBench(outputs=[FileOutput(), Seen()]),
    'a binary file': lambda: MicroBench(io.BytesIO()),
}


@pytest.mark.parametrize('make', SLOW.values(), ids=SLOW)
def test_otherwise_python_writes_the_record(make):
    """The second call asks once whether there can be a recorder."""
    assert recorder(warmed(make(), calls=3)) is None


class Callable:
    """An object that can be called; its name can change at any time."""

    def __call__(self):
        """Do nothing."""


def test_only_functions(monkeypatch):
    """The name of anything else is looked up for each record."""
    assert recorder(warmed(MicroBench(), Callable())) is None


# --- the same record ------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=()), min_size=1, max_size=8)
OFFSETS = st.integers(-86399, 86399)


class Odd(Exception):
    """An error of the function."""


@given(
    name=NAMES,
    fields=st.dictionaries(
        st.sampled_from(['a', 'b', 'host']),
        st.none() | st.booleans() | st.integers() | NAMES | st.floats(allow_nan=False),
    ),
    offset=OFFSETS,
    iterations=st.integers(0, 4),
    phases=st.lists(NAMES, max_size=4),
    left_open=st.booleans(),
    error=NAMES | st.none(),
    durations=st.sampled_from(['list', 'histogram']),
    integers=st.booleans(),
)
def test_it_equals_the_record_of_python(
    name, fields, offset, iterations, phases, left_open, error, durations, integers
):
    """Keys, their order, values and types; only times differ."""

    def function():
        for phase in phases:
            with bench.time(phase):
                pass
        if left_open:
            phase = bench.time('open')
            phase.__enter__()
            kept.append(phase)
        if error is not None:
            raise Odd(error)

    function.__name__ = name
    tz, kept, found = timezone(timedelta(seconds=offset)), [], []
    counter = time.perf_counter_ns if integers else time.perf_counter
    settings = {'tz': tz, 'iterations': iterations, 'durations': durations}
    for by in ('C', 'Python', 'dict'):
        outputs = [Seen() if by == 'Python' else FileOutput()]
        bench = MicroBench(outputs=outputs, duration_counter=counter, **settings, **fields)
        if by == 'dict':
            bench.capture_zz = lambda bm_data: None
        decorated = bench(function)
        for _ in range(3):
            try:
                decorated()
            except Odd as raised:
                assert str(raised) == error
        found.append([comparable(record) for record in bench.get_results()])
        assert (recorder(decorated) is None) == (by != 'C')
    for other in found[1:]:
        assert found[0] == other
        assert list(map(list, found[0])) == list(map(list, other))
    calls = [[list(record['call']) for record in records] for records in found[:2]]
    assert calls[0] == calls[1]


def test_a_call_has_only_its_own_histogram():
    """Each record counts its own iterations and phases."""
    bench = MicroBench(iterations=3, durations='histogram')

    @bench
    def function(name):
        with bench.time(name), bench.time('each'):
            pass

    for name in 'abc':
        function(name)
    with bench.record('block'):
        pass
    assert written(function) == 2
    calls = [record['call'] for record in bench.get_results()]
    assert [call['histogram']['count'] for call in calls] == [3, 3, 3, 1]
    assert not any(call['durations'] for call in calls)
    for name, call in zip('abc', calls, strict=False):
        counts = {entry['name']: entry['count'] for entry in call['timings_summary']}
        assert counts == {name: 3, 'each': 3}


def test_a_call_has_only_its_own_measurements():
    """The run of a call is used again for the next one."""
    bench = MicroBench(iterations=3)
    names = iter(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'])

    @bench
    def function():
        with bench.time(next(names)):
            pass

    for _ in range(3):
        function()
    assert written(function) == 2
    records = bench.get_results()
    found = [[t['name'] for t in record['call']['timings']] for record in records]
    assert found == [['a', 'b', 'c'], ['d', 'e', 'f'], ['g', 'h', 'i']]
    assert [len(record['call']['durations']) for record in records] == [3, 3, 3]


def test_a_phase_that_outlives_its_call():
    """It is open in the record of that call, and in no other."""
    bench, phases = MicroBench(), []

    @bench
    def function():
        phases.append(bench.time(f'phase {len(phases)}'))
        phases[-1].__enter__()

    for _ in range(4):
        function()
    for phase in phases:
        phase.__exit__(None, None, None)
    found = [record['call']['open_timings'] for record in bench.get_results()]
    assert [[t['name'] for t in open_] for open_ in found] == [
        [f'phase {number}'] for number in range(4)
    ]


def test_a_context_that_was_copied_in_a_call():
    """Phases there belong to no record once the call is over."""
    bench, contexts = MicroBench(), []
    function = bench(lambda: contexts.append(contextvars.copy_context()))
    for _ in range(3):
        function()
        contexts[-1].run(_phase, bench)
    assert written(function) == 2
    assert not any('timings' in record['call'] for record in bench.get_results())


def _phase(bench):
    with bench.time('late'):
        pass


def test_recursion():
    """Each level has a record; the innermost is written first."""
    bench = MicroBench()

    @bench
    def function(depth):
        with bench.time(str(depth)):
            pass
        if depth:
            function(depth - 1)

    for _ in range(3):
        function(9)
    names = [only(record['call']['timings'])['name'] for record in bench.get_results()]
    assert names == [str(depth) for depth in range(10)] * 3
    assert written(function) > 20


def test_threads(tmp_path):
    """Threads share a recorder, but no run."""
    bench = MicroBench(tmp_path / 'out.jsonl')

    @bench
    def function(name):
        with bench.time(name):
            return name

    def work(name):
        for _ in range(300):
            assert function(name) == name

    threads = [threading.Thread(target=work, args=(f'thread {n}',)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [only(r['call']['timings'])['name'] for r in bench.get_results()]
    assert sorted(found) == sorted(f'thread {n}' for n in range(6) for _ in range(300))


def test_keyword_arguments():
    """They reach the function, however it is called."""
    bench = MicroBench()
    function = bench(lambda a, b=2, *more, c, **rest: (a, b, more, c, rest))
    for _ in range(3):
        assert function(1, 3, 4, c=5, d=6) == (1, 3, (4,), 5, {'d': 6})
        assert function(*[1], c=7) == (1, 2, (), 7, {})
    assert written(function) == 5


# --- changes --------------------------------------------------------------------------


def _hook(self, bm_data):
    bm_data['hooked'] = True


def _refuse(self, record, timeout=None):
    raise OSError(5, 'refused')


class Bench(MicroBench):
    """Changed by the tests below: each makes one of its own."""


CHANGES = {
    'a field': (
        lambda bench, sink, patch: bench.add_fields(new=1),
        lambda record: record['new'] == 1,
    ),
    'a time zone': (
        lambda bench, sink, patch: setattr(bench, 'tz', timezone(timedelta(hours=3))),
        lambda record: record['call']['start_time'].endswith('+03:00'),
    ),
    'iterations': (
        lambda bench, sink, patch: setattr(bench, 'iterations', 4),
        lambda record: len(record['call']['durations']) == 4,
    ),
    'a hook of the class': (
        lambda bench, sink, patch: setattr(type(bench), 'capture_new', _hook),
        lambda record: record['hooked'],
    ),
    'a hook of a base class': (
        lambda bench, sink, patch: patch.setattr(
            MicroBenchBase, 'capture_new', _hook, raising=False
        ),
        lambda record: record['hooked'],
    ),
    'a hook of the bench': (
        lambda bench, sink, patch: setattr(bench, 'capture_new', _hook.__get__(bench)),
        lambda record: record['hooked'],
    ),
    'redact': (
        lambda bench, sink, patch: setattr(bench, 'redact', ['known']),
        lambda record: record['known'] == '***',
    ),
}


@pytest.mark.parametrize(('change', 'shows'), CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_bench_holds_from_the_next_call_on(change, shows, monkeypatch):
    """Also if it comes while the function runs: that call keeps what it began with."""
    sink = FileOutput()
    bench = type('Bench', (MicroBench,), {})(outputs=[sink], known='here')
    function = warmed(bench, calls=4)
    assert written(function) == 3
    change(bench, sink, monkeypatch)
    function()
    function()
    *before, fifth, sixth = bench.get_results()
    assert len(before) == 4
    assert shows(fifth)
    assert shows(sixth)


def test_another_file(tmp_path):
    """The next record goes there."""
    sink = FileOutput(tmp_path / 'a.jsonl')
    function = warmed(MicroBench(outputs=[sink]), calls=3)
    sink.outfile = tmp_path / 'b.jsonl'
    function()
    function()
    counts = [len((tmp_path / n).read_text().splitlines()) for n in ('a.jsonl', 'b.jsonl')]
    assert counts == [3, 2]


def test_another_file_while_a_call_runs(tmp_path):
    """The record of that call goes there too, as it does if Python writes it."""
    sink = FileOutput(tmp_path / 'a.jsonl')
    names = iter(['a.jsonl'] * 3 + ['b.jsonl'] * 2)

    def function():
        sink.outfile = tmp_path / next(names)

    function = warmed(MicroBench(outputs=[sink]), function, calls=5)
    counts = [len((tmp_path / n).read_text().splitlines()) for n in ('a.jsonl', 'b.jsonl')]
    assert counts == [3, 2]


def test_a_sink_of_another_class():
    """Its write_record() gets the next record."""
    taken = []

    class Other(FileOutput):
        def write_record(self, record, timeout=None):
            taken.append(record)

    sink = FileOutput()
    function = warmed(MicroBench(outputs=[sink]), calls=3)
    sink.__class__ = Other
    function()
    assert len(taken) == 1
    assert len(sink.get_results()) == 3


class Ordered(type):
    """CPython gives its classes no version tag, since it has an mro() of its own."""

    def mro(cls):
        """Return the usual order."""
        return super().mro()


@pytest.mark.parametrize('times', [0, 1100])
def test_a_class_without_a_version_tag(times):
    """A change of it cannot be seen: Python works out each plan anew.

    From CPython 3.13 on, a class that was changed a thousand times has none either.
    """
    metaclass = type if times else Ordered
    bench = metaclass('Bench', (MicroBench,), {})()
    for number in range(times):
        type(bench).number = number
        assert bench.number == number
    function = warmed(bench, calls=3)
    type(bench).capture_new = _hook
    function()
    assert ['hooked' in record for record in bench.get_results()] == [False] * 3 + [True]


def test_a_class_that_changes_while_the_recorder_is_made(monkeypatch):
    """The recorder is for the class that the plan has seen."""
    bench = type('Bench', (MicroBench,), {})()
    function = warmed(bench, calls=1)
    call_text = _core.call_text

    def change(name):
        type(bench).capture_new = _hook
        assert bench.capture_new
        return call_text(name)

    with monkeypatch.context() as patch:
        patch.setattr(_core, 'call_text', change)
        function()
        function()
    assert [record.get('hooked') for record in bench.get_results()] == [None, True, True]


def test_garbage_that_calls_the_function():
    """A collection may come at each allocation of a call, and replace the recorder."""
    bench = MicroBench(outputs=[NullOutput()])
    kept, running, calls = [], [], []
    function = warmed(bench, lambda **_: kept.append([Callable()]))

    def collected(phase, info):
        if phase == 'stop' and not running:
            running.append(phase)
            bench.add_fields(calls=len(calls))
            calls.append(function(a=1))
            calls.append(function(a=1))
            running.clear()

    before = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(500):
            function(a=1, b=2)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)
    assert len(calls) > 100
    assert set(calls) == {None}


def test_a_write_that_a_test_has_patched(monkeypatch):
    """In the class or in the object: it is called, and no longer once it is undone."""
    taken = []
    sink = FileOutput()
    bench = MicroBench(outputs=[sink])
    function = warmed(bench, calls=3)
    for place in (FileOutput, sink):
        with monkeypatch.context() as patch:
            patch.setattr(place, 'write', lambda *args: taken.append(args[-1]))
            function()
        function()
    assert len(taken) == 2
    assert len(bench.get_results()) == 5


def test_a_function_that_is_renamed():
    """Its next record has the new name."""
    bench = MicroBench()

    def function():
        """Do nothing."""

    decorated = warmed(bench, function, calls=3)
    function.__name__ = 'renamed'
    decorated()
    decorated()
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == ['function'] * 3 + ['renamed'] * 2
    assert written(decorated) == 2


# --- what goes wrong ------------------------------------------------------------------


def test_a_sink_that_fails(tmp_path):
    """The sinks before it have the record once, those after it get it from Python."""
    path, closed, last = tmp_path / 'out.jsonl', io.StringIO(), io.StringIO()
    bench = MicroBench(outputs=[FileOutput(path), FileOutput(closed), FileOutput(last)])
    function = warmed(bench, calls=3)
    closed.close()
    with pytest.warns(RuntimeWarning, match='did not take a record'):
        function()
    assert recorder(function).records == 2
    function()  # warned once
    assert len(path.read_text().splitlines()) == 5
    assert last.getvalue() == path.read_text()
    assert recorder(function) is None


def test_a_full_disk():
    """The record goes to standard error, as for any sink."""
    bench = MicroBench('/dev/full', on_output_error='raise')
    function = bench(lambda: 7)
    for _ in range(3):
        with pytest.raises(OSError, match='No space left'):
            function()


def test_a_sink_that_recovers(tmp_path):
    """Then C writes again."""
    sink = FileOutput()
    function = warmed(MicroBench(outputs=[sink]), calls=3)
    before, sink.outfile = sink.outfile, io.StringIO()
    sink.outfile.close()
    with pytest.warns(RuntimeWarning, match='did not take a record'):
        function()
    sink.outfile = before
    function()
    function()
    assert written(function) == 1
    assert len(sink.get_results()) == 5


class Interrupted(BaseException):
    """What a handler of a signal raises."""


class Said(Exception):
    """Its text runs Python, so that Python writes the record."""

    def __str__(self):
        return 'said'


def test_a_signal_while_a_stream_takes_nothing(tmp_path):
    """The handler runs; its exception reaches the caller after the record is dealt with."""
    reader, writer = os.pipe()
    os.set_blocking(writer, True)

    def handle(number, frame):
        raise Interrupted

    with os.fdopen(reader, 'rb') as there, os.fdopen(writer, 'wb'):
        path = f'/proc/self/fd/{writer}'
        bench = MicroBench(path, padding='x' * 3000)
        function = warmed(bench, calls=2)
        assert written(function) == 1
        before = signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
        try:
            with pytest.raises(Interrupted), warnings.catch_warnings():
                warnings.simplefilter('ignore')
                while True:
                    function()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        os.set_blocking(reader, False)
        lines = there.read().splitlines()
    assert len(lines) > 2
    assert all(json.loads(line)['padding'] for line in lines[:-1])


def test_ctrl_c_while_python_takes_a_run_over(monkeypatch):
    """It begins again, with all that was measured."""
    bench, begin, interruptions = (
        MicroBench(iterations=2),
        HookedRun.__init__,
        [Interrupted],
    )

    @bench
    def function(numbers):
        with bench.time('phase'):
            if not next(numbers):
                raise Said

    def begin_once(self, *args):
        begin(self, *args)
        if interruptions:
            raise interruptions.pop()

    for _ in range(3):
        function(iter([1, 1]))
    assert written(function) == 2
    monkeypatch.setattr(HookedRun, '__init__', begin_once)
    with pytest.raises(Interrupted) as raised:
        function(iter([1, 0]))
    assert isinstance(raised.value.__context__, Said)
    call = bench.get_results()[3]['call']
    assert len(bench.get_results()) == 4
    assert [len(call[name]) for name in ('durations', 'timings')] == [2, 2]
    assert call['timings_iteration'] == [0, 1]


def test_a_fork_in_a_call(tmp_path):
    """Parent and child have a record each, with ids of their own."""
    bench = MicroBench(tmp_path / 'out.jsonl')
    children = []

    def function():
        if len(children) == 0 and calls == 3:
            children.append(os.fork())

    decorated = bench(function)
    calls = 0
    for calls in range(1, 4):  # noqa: B007 - read by the function
        decorated()
    if children == [0]:
        os._exit(0)
    os.waitpid(children[0], 0)
    records = bench.get_results()
    assert len(records) == 4
    assert len({record['mb']['record_id'] for record in records}) == 4


def test_nothing_is_kept():
    """Bench, function and results can be freed."""

    def function():
        return Callable()

    bench = MicroBench()
    decorated = warmed(bench, function)
    result = weakref.ref(decorated())
    assert result() is None
    kept = weakref.ref(bench), weakref.ref(function)
    del bench, decorated, function
    gc.collect()
    assert [reference() for reference in kept] == [None, None]
