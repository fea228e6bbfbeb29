"""LiveStream: hooks for each record of a file while it is written."""

import abc
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench
from microbench.follow import inotify
from microbench.livestream import LiveStream
from tests.fakes import ROOT, printed, python

DEADLINE = 60  # seconds: nothing here takes so long unless it hangs
FOREVER = 3600  # a sleeptime that ends no test: only the kernel's notice can


class Collecting(LiveStream):
    """Keeps the records; `wait(n)` returns when there are n."""

    def __init__(self, filename, sleeptime=FOREVER):
        super().__init__(filename, sleeptime)
        self.records = []
        self.more = threading.Condition()

    def display(self, data):
        with self.more:
            self.records.append(data)
            self.more.notify_all()

    def wait(self, count):
        with self.more:
            assert self.more.wait_for(lambda: len(self.records) >= count, DEADLINE)
        return self.names

    @property
    def names(self):
        return [data['call']['name'] for data in self.records]

    def end(self):
        """Stop, wait, and return the names of all records."""
        self.stop()
        self.join(DEADLINE)
        assert not self._thread.is_alive()
        return self.names


@pytest.fixture
def path(tmp_path):
    """Return the path of the records."""
    return tmp_path / 'results.jsonl'


def open_descriptors():
    """Return the numbers of this process's descriptors."""
    return sorted(Path('/dev/fd').iterdir())


@pytest.fixture(autouse=True)
def nothing_stays():
    """Assert that no thread and no descriptor stays after a test."""
    threads, descriptors = threading.enumerate(), open_descriptors()
    yield
    assert threading.enumerate() == threads
    assert open_descriptors() == descriptors


def record(path, *names):
    """Let a bench write a record for each name."""
    output = FileOutput(path)
    bench = MicroBench(outputs=[output])
    for name in names:
        with bench.record(name):
            pass
    output.close()


# --- hooks ------------------------------------------------------------------------------


def test_hooks_in_their_order(path):
    """Each record meets the filter, process hooks by name, and the display."""
    called = []

    class Stream(LiveStream):
        def filter(self, data):
            called.append(('filter', data['call']['name']))
            return data['call']['name'] != 'unwanted'

        def process_z(self, data):
            called.append(('z', data['runtime']))

        def process_a(self, data):
            called.append(('a', 'runtime' in data))

        def display(self, data):
            called.append(('display', data['call']['name']))

    record(path, 'unwanted', 'wanted')
    stream = Stream(path)
    stream.stop()
    stream.join()
    runtime = called[3][1]
    assert isinstance(runtime, timedelta)
    assert called == [
        ('filter', 'unwanted'),
        ('filter', 'wanted'),
        ('a', False),
        ('z', runtime),
        ('display', 'wanted'),
    ]


@pytest.mark.parametrize(
    ('call', 'runtime'),
    [
        (('2026-03-01T09:30:00+00:00', '2026-03-01T10:30:01.500000+01:00'), 1.5),
        (('2026-03-01T09:30:00Z', '2026-03-01T09:30:00.250000z'), 0.25),
        (('2026-03-01T09:30:00', '2026-03-01T09:30:02'), 2),
        (('2026-03-01T09:30:00', '2026-03-01T09:30:02Z'), None),
        ((None, '2026-03-01T09:30:02'), None),
        ((7, []), None),
        (('', 'yesterday'), None),
    ],
)
def test_runtime(path, call, runtime):
    """The runtime is finish minus start; None if one is missing or malformed."""
    times = dict(zip(('start_time', 'finish_time'), call, strict=True))
    path.write_text(json.dumps({'call': {'name': 'f', **times}}) + '\n')
    stream = Collecting(path)
    assert stream.end() == ['f']
    expected = None if runtime is None else timedelta(seconds=runtime)
    assert stream.records[0]['runtime'] == expected


def test_runtime_of_odd_records(path):
    """A record without a call, or with one of another kind, has none."""
    path.write_text('{}\n{"call": 7}\n')
    found = []

    class Stream(LiveStream):
        def display(self, data):
            found.append(data['runtime'])

    stream = Stream(path)
    stream.stop()
    stream.join()
    assert found == [None, None]


def test_hooks_of_the_object(path):
    """A hook may be set on the stream, also while it runs."""
    stream = Collecting(path)
    record(path, 'first')
    stream.wait(1)
    stream.process_mark = lambda data: data.update(mark=True)
    record(path, 'second')
    stream.end()
    assert [data.get('mark') for data in stream.records] == [None, True]


@pytest.mark.parametrize('error', [ValueError, SystemExit, KeyboardInterrupt, OSError])
@pytest.mark.parametrize('hook', ['filter', 'process_a', 'display'])
def test_a_failing_hook(path, hook, error, caplog):
    """An error is logged, at length the first time; later hooks and records follow."""

    class Stream(Collecting):
        def process_b(self, data):
            data['b'] = True

    def failing(self, data):
        if hook == 'display':
            super(Stream, self).display(data)
        raise error('out of order')

    setattr(Stream, hook, failing)
    record(path, 'one', 'two')
    stream = Stream(path)
    names = stream.end()
    assert names == ([] if hook == 'filter' else ['one', 'two'])
    assert all(data['b'] for data in stream.records)
    one_line = f'{hook}() failed: {error.__name__}: out of order'
    assert [log.getMessage() for log in caplog.records] == [one_line] * 2
    assert [log.exc_info is not None for log in caplog.records] == [True, False]


def test_a_hook_that_stops_the_stream(path):
    """Records that were there at the call are still delivered."""

    class Stream(Collecting):
        def process_stop(self, data):
            self.stop()

    record(path, 'one', 'two', 'three')
    stream = Stream(path)
    stream.join(DEADLINE)
    assert stream.names == ['one', 'two', 'three']


# --- constructors -----------------------------------------------------------------------


class Outermost(Collecting):
    """A stream that sets attributes of its hooks before and after the base."""

    def __init__(self, path):
        self.before = 1
        super().__init__(path)
        self.after = 2

    def process_attributes(self, data):
        data['sum'] = self.before + self.after


class Beside:
    """A mixin with a constructor of its own, not made for streams."""

    def __init__(self, *args):
        super().__init__(*args)
        self.after = 2


class Mixed(Beside, Outermost):
    """Two constructors that set attributes late."""


class Abstract(Outermost, abc.ABC):
    """A stream that is an abstract class as well."""

    @abc.abstractmethod
    def nothing(self):
        """Has to be there."""


class Concrete(Abstract):
    """A stream that can be made."""

    def nothing(self):
        """It is there."""


@pytest.mark.parametrize('kind', [Outermost, Mixed, Concrete])
def test_attributes_of_a_subclass(path, kind, caplog):
    """Hooks find attributes, wherever in its constructor a subclass sets them."""
    record(path, 'there already')
    stream = kind(path)
    stream.end()
    assert stream.records[0]['sum'] == 3
    assert caplog.records == []


def test_a_constructor_that_joins(path):
    """A watcher may stay in its own constructor until it is stopped."""

    class Stream(LiveStream):
        def __init__(self, filename):
            super().__init__(filename)
            self.join()

        def process_stop(self, data):
            self.stop()

    record(path, 'one')
    Stream(path)


def test_a_constructor_that_fails(path):
    """After a failed constructor nothing runs."""

    class Stream(LiveStream):
        def __init__(self, filename):
            super().__init__(filename)
            raise ValueError('not today')

    with pytest.raises(ValueError, match='not today'):
        Stream(path)


def test_a_constructor_without_the_base(path):
    """Without the base there is no thread, and nothing to stop."""

    class Stream(LiveStream):
        def __init__(self):
            pass

    stream = Stream()
    assert stream.stop() is None
    assert stream.join() is None


@pytest.mark.parametrize(
    ('arguments', 'error', 'message'),
    [
        ((7,), TypeError, 'filename has to be a path, not int'),
        ((None,), TypeError, 'filename has to be a path, not NoneType'),
        (('',), ValueError, "filename '' is not a path"),
        (('a\0b',), ValueError, 'is not a path'),
        (('f', -1), ValueError, 'from 0 on, not -1'),
        (('f', float('nan')), ValueError, 'from 0 on, not nan'),
        (('f', '1'), TypeError, 'sleeptime has to be a number of seconds, not str'),
        (('f', True), TypeError, 'not bool'),
        (('f', None), TypeError, 'not NoneType'),
    ],
)
def test_wrong_arguments(arguments, error, message):
    """The constructor raises at once, with a sentence."""
    with pytest.raises(error, match=message):
        LiveStream(*arguments)


@pytest.mark.parametrize('kind', [str, os.fsencode, lambda path: path])
@pytest.mark.parametrize('sleeptime', [0, 0.5, float('inf')])
def test_kinds_of_paths_and_times(path, kind, sleeptime):
    """A path may be text, bytes or an object; a time is any from 0 on."""
    stream = Collecting(kind(path), sleeptime)
    record(path, 'one')
    assert stream.wait(1) == ['one']
    stream.end()


def test_a_relative_path(path, monkeypatch):
    """A relative path starts at the directory in which the stream was made."""
    monkeypatch.chdir(path.parent)
    stream = Collecting(path.name)
    monkeypatch.chdir('/')
    record(path, 'one')
    stream.wait(1)
    stream.end()


# --- the file ---------------------------------------------------------------------------


@pytest.mark.skipif(inotify.LIBRARY is None, reason='needs inotify')
def test_the_kernel_tells(path):
    """Creation, growth, rotation and truncation are noticed without polling."""
    stream = Collecting(path)
    record(path, 'one')
    stream.wait(1)
    record(path, 'two')
    stream.wait(2)
    path.rename(f'{path}.1')
    record(path, 'three')
    stream.wait(3)
    os.truncate(path, 0)
    record(path, 'four')
    stream.wait(4)
    assert stream.end() == ['one', 'two', 'three', 'four']


def test_without_the_kernel(path, monkeypatch):
    """Where the kernel reports nothing, the stream polls."""
    monkeypatch.setattr(inotify, 'LIBRARY', None)
    stream = Collecting(path, 0.001)
    record(path, 'one')
    stream.wait(1)
    path.rename(f'{path}.1')
    record(path, 'two')
    stream.wait(2)
    assert stream.end() == ['one', 'two']


def test_damaged_lines_are_logged(path, caplog):
    """Each damaged line is skipped; only its beginning is in the log."""
    path.write_bytes(b'\n{"call": {"name": "on\n' + b'x' * 1000 + b'\n[]\n')
    record(path, 'whole')
    stream = Collecting(path)
    assert stream.end() == ['whole']
    messages = [log.getMessage() for log in caplog.records]
    assert messages == [
        'a line was skipped, it is not a record: \'{"call": {"name": "on\'',
        f"a line was skipped, it is not a record: '{'x' * 80}'",
        "a line was skipped, it is not a record: '[]'",
    ]


def test_what_cannot_be_read_is_logged_once(path, caplog):
    """A directory that takes the place of the file is awaited to go."""
    stream = Collecting(path, 0)
    record(path, 'one')
    stream.wait(1)
    path.rename(f'{path}.1')
    path.mkdir()
    while not caplog.records:
        time.sleep(0.001)
    path.rmdir()
    record(path, 'two')
    stream.wait(2)
    assert stream.end() == ['one', 'two']
    [log] = caplog.records
    assert log.getMessage().startswith('cannot be read, waiting: IsADirectoryError')


def test_a_logger_that_fails(path, capsys):
    """A failing logger costs the message only, which goes to standard error."""

    class Broken:
        def error(self, *args, **options):
            raise RuntimeError('disk full')

    class Stream(Collecting):
        def __init__(self, path):
            super().__init__(path)
            self._log = Broken()

    path.write_text('no record\n')
    record(path, 'one')
    assert Stream(path).end() == ['one']
    assert 'logging failed: RuntimeError: disk full\n' in capsys.readouterr().err


WRITER = """
from microbench import MicroBench
bench = MicroBench(outfile=sys.argv[1])
for number in range(int(sys.argv[3])):
    with bench.record(f'{sys.argv[2]} {number}'):
        pass
"""


def writer(path, name, count):
    """Start a process that writes records."""
    code = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n{WRITER}'
    return subprocess.Popen([sys.executable, '-c', code, str(path), name, str(count)])


def test_writers_and_rotations(path):
    """Three processes write while the file is rotated: each record comes once."""
    stream = Collecting(path)
    writers = [writer(path, name, 500) for name in 'abc']
    for number in range(1, 5):
        stream.wait(100 * number)
        path.rename(f'{path}.{number}')
        path.touch()
    assert [process.wait() for process in writers] == [0, 0, 0]
    names = stream.end()
    assert sorted(names) == sorted(f'{name} {n}' for name in 'abc' for n in range(500))


def test_stop_delivers_what_was_there(path):
    """Under a writer that never pauses, stop and join return, and nothing is missing."""
    stream = Collecting(path)
    written, stopping = [], threading.Event()

    def write():
        bench = MicroBench(outputs=[FileOutput(path)])
        while not stopping.is_set():
            with bench.record(str(len(written))):
                pass
            written.append(str(len(written)))

    thread = threading.Thread(target=write)
    thread.start()
    stream.wait(50)
    there = list(written)
    names = stream.end()
    stopping.set()
    thread.join()
    assert names[: len(there)] == there
    assert names == [str(number) for number in range(len(names))]


def test_a_record_that_only_lacks_its_newline(path):
    """At the end such a record counts, as for other readers."""
    path.write_text('{"call": {"name": "one"}}\n{"call": {"name": "two"}}')
    assert Collecting(path).end() == ['one', 'two']


def test_many_streams(path):
    """Each stream has all records, and releases everything."""
    streams = [Collecting(path) for _ in range(10)]
    record(path, 'one')
    assert [stream.wait(1) for stream in streams] == [['one']] * 10
    assert [stream.end() for stream in streams] == [['one']] * 10


def test_stop_and_join_again(path):
    """Both stop() and join() can be repeated; join() may have a time limit."""
    stream = Collecting(path)
    stream.join(0)
    assert stream._thread.is_alive()
    for _ in range(2):
        stream.stop()
        stream.join()
    assert not stream._thread.is_alive()


# --- the log ----------------------------------------------------------------------------

LOGGED = """
import json, logging, sys
from microbench.livestream import LiveStream
path = sys.argv[1]
with open(path, 'w') as file:
    file.write('{"call": {"name": "fit"}, "host": {"hostname": "node07"}}\\n{}\\n')
"""
RUN = """
streams = [LiveStream(path)]
streams[0].stop(); streams[0].join()
streams.append(LiveStream(path))
streams[1].stop(); streams[1].join()
"""


@pytest.mark.parametrize('root', ['', 'logging.basicConfig(level=0)\n'])
def test_each_line_is_printed_once(path, root):
    """A second stream, or a printing root logger, repeats no line."""
    done = python(LOGGED + root + RUN, path)
    lines = done.stderr.splitlines()
    assert done.returncode == 0
    assert len(lines) == 4
    assert all('fit() on node07 took None' in line for line in lines[::2])
    assert all('<unknown>() on <unknown> took None' in line for line in lines[1::2])


def test_the_form_of_a_line(path, capsys):
    """A line has time, logger, level and message, on the current standard error."""
    path.write_text('{"call": {"name": "fit"}}\n')
    stream = LiveStream(path)
    stream.stop()
    stream.join()
    when, name, level, message = capsys.readouterr().err.rstrip('\n').split(' - ')
    assert time.strptime(when.partition(',')[0], '%Y-%m-%d %H:%M:%S')
    assert (name, level) == (f"LiveStream('{path}')", 'INFO')
    assert message == 'fit() on <unknown> took None'


def test_loggers_above_get_it_too(path, caplog):
    """A root logger with a file, or a test's handler, gets the message."""
    path.write_text('{"call": {"name": "fit"}}\n')
    stream = LiveStream(path)
    stream.stop()
    stream.join()
    [log] = caplog.records
    assert (log.name, log.levelno) == (f"LiveStream('{path}')", logging.INFO)


def test_the_level_of_a_user_stays(path, caplog):
    """A logger that was set up before is left as it is."""
    logging.getLogger(f"LiveStream('{path}')").setLevel(logging.ERROR)
    path.write_text('{"call": {"name": "fit"}}\n')
    stream = LiveStream(path)
    stream.stop()
    stream.join()
    assert caplog.records == []


# --- processes --------------------------------------------------------------------------

STREAMING = """
import os, signal, sys, threading, time
from microbench import MicroBench
from microbench.livestream import LiveStream
path = sys.argv[1]
class Stream(LiveStream):
    def display(self, data):
        os.write(1, f"{data['call']['name']}\\n".encode())
stream = Stream(path, 3600)
bench = MicroBench(outfile=path)
"""


def test_the_end_of_the_interpreter(path):
    """Earlier records are delivered, record_on_exit included, in silence."""
    code = "bench.record_on_exit('whole')\nwith bench.record('part'): pass\n"
    assert printed(STREAMING + code, path).split() == ['part', 'whole']


def test_a_hook_that_never_ends(path):
    """An endless hook does not keep the interpreter from ending."""
    code = """
Stream.display = lambda self, data: [started.set(), threading.Event().wait()]
started = threading.Event()
with bench.record('one'): pass
started.wait()
"""
    assert printed(STREAMING + code, path) == ''


def test_a_busy_stream_at_the_end(path):
    """A thread that prints all the time neither crashes the end nor hangs it."""
    code = """
Stream.process_again = lambda self, data: [print(n) for n in range(100)]
for _ in range(2000):
    with bench.record('one'): pass
"""
    done = python(STREAMING + code, path)
    assert (done.returncode, done.stderr) == (0, '')


def test_fork(path):
    """The stream stays with the parent; a child that stops it stops nothing there."""
    code = """
child = os.fork()
if not child:
    stream.stop()
    stream.join()
    with bench.record('child'): pass
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
with bench.record('parent'): pass
stream.stop()
stream.join()
"""
    flags = ['-W', 'ignore::DeprecationWarning']  # of os.fork where there are threads
    assert printed(STREAMING + code, path, flags=flags).split() == ['child', 'parent']


def test_a_stream_of_a_child(path):
    """A forked child can have one of its own."""
    code = """
child = os.fork()
if not child:
    own = Stream(path)
    with bench.record('child'): pass
    own.stop(); own.join()
    os._exit(0)
os.waitpid(child, 0)
"""
    flags = ['-W', 'ignore::DeprecationWarning']
    assert printed(STREAMING + code, path, flags=flags).split() == ['child', 'child']


WATCH = """
from microbench.livestream import LiveStream
import sys, time

class Watcher(LiveStream):
    def filter(self, data):
        return 'gpu' in data.get('host', {}).get('hostname', '')

    def display(self, data):
        call = data.get('call', {})
        print(call.get('name', '?'), data['host']['hostname'], call.get('durations'))

stream = Watcher(sys.argv[1])
try:
    print('watching', flush=True)
    while True:
        time.sleep(1)
except KeyboardInterrupt:
    stream.stop()
    stream.join()
"""


def test_another_terminal(path):
    """A watcher in another process, ended by Ctrl-C, has shown all records."""
    code = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n{WATCH}'
    watcher = subprocess.Popen(
        [sys.executable, '-c', code, str(path)], stdout=subprocess.PIPE, text=True
    )
    limit = threading.Timer(DEADLINE, watcher.kill)
    limit.start()
    assert watcher.stdout.readline() == 'watching\n'
    for host in ('gpu01', 'login', 'gpu02'):
        bench = MicroBench(outputs=[FileOutput(path)], host={'hostname': host})
        with bench.record('fit'):
            pass
    durations = [r['call']['durations'] for r in bench.get_results()]
    watcher.send_signal(signal.SIGINT)
    out, _ = watcher.communicate(timeout=DEADLINE)
    limit.cancel()
    limit.join()
    assert watcher.returncode == 0
    assert out.splitlines() == [f'fit gpu01 {durations[0]}', f'fit gpu02 {durations[2]}']


def test_in_the_process_that_writes(path):
    """The alert of the documentation reports slow calls while the job runs."""
    messages = []

    class MyStream(LiveStream):
        def process_alert(self, data):
            if sum(data.get('call', {}).get('durations', [])) > 10.0:
                host = data.get('host', {}).get('hostname', 'unknown')
                messages.append(f'Slow call on {host}: {data["call"]["durations"]}')

    stream = MyStream(path)
    readings = iter([0.0, 1.0, 20.0, 40.0])
    output = FileOutput(path)
    bench = MicroBench(
        outputs=[output],
        duration_counter=lambda: next(readings),
        host={'hostname': 'node30'},
    )
    for _ in range(2):
        with bench.record('call'):
            pass
    stream.stop()
    stream.join()
    assert messages == ['Slow call on node30: [20.0]']
    output.close()
