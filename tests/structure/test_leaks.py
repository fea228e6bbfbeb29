"""No native name keeps memory or references, however often it is used.

CASES has, for each name that _core.pyi lists, what a process prepares and what it then
does again and again: also what fails. A name without a case fails, and the failure
prints the line to add.
"""

import ast
import ctypes
import json
import os
import tempfile
from pathlib import Path

import pytest

import microbench
from tests.conftest import SANITIZED
from tests.fakes import printed

STUB = Path(microbench.__file__).with_name('_core.pyi')

PRELUDE = """
import gc, io, json, os, resource, sys
from datetime import datetime, timezone
from microbench import MicroBenchBase, Output, _core

def refused(kind, function, *args):
    try:
        function(*args)
    except kind:
        return
    raise AssertionError('not refused')

class Null(Output):
    def write_record(self, record, timeout=None):
        pass

bench = MicroBenchBase(outputs=[Null()])
seen = MicroBenchBase(outputs=[Null()], field=[1])  # its records are built as dicts
class Marker: pass
marker, words, number = Marker(), 'w\\xf6rter ' * 9, 2**60
"""

# glibc counts the bytes in use (mallinfo2(3)), and so finds an allocation in a few rounds.
# Elsewhere the memory of the process counts, which grows by pages.
COUNTED = hasattr(ctypes.CDLL(None), 'mallinfo2')
ROUNDS = 1_000 if COUNTED else 10_000
MOST_BYTES = 8 * 1024 if COUNTED else 256 * 1024

MEASURE = """
import ctypes

class Mallinfo(ctypes.Structure):
    NAMES = 'arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost'
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]

def mallinfo():
    ask = ctypes.CDLL(None).mallinfo2
    ask.restype = Mallinfo
    return ask

ask = mallinfo() if {counted} else None

def rounds():
    for _ in range({rounds}):
        step()

def bytes_in_use():
    if ask:
        info = ask()
        return info.uordblks + info.hblkhd
    try:
        with open('/proc/self/statm') as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def state():
    gc.collect()
    counted = {{n: sys.getrefcount(v) for n, v in watched.items()}}
    return sys.getallocatedblocks(), bytes_in_use(), counted

watched = dict(globals())
for _ in range(2):
    rounds()  # warm-up: caches and free lists fill, and the allocator takes its arenas
for _ in range(3):  # a leak shows each time; a cache or page that fills late, once
    before = state()
    rounds()
    rounds()
    after = state()
    if after[1] - before[1] < {most} and after[0] - before[0] < {rounds} // 2:
        break
grown = {{n: count - before[2][n] for n, count in after[2].items()}}
print(json.dumps({{
    'blocks': after[0] - before[0],
    'bytes': after[1] - before[1],
    'references': {{name: more for name, more in grown.items() if more > 99}},
    'runs': _core.runs_open(),
}}))
"""

CASES = {
    'Appender': """
path = os.path.join(sys.argv[1], 'records')
line = b'x' * 100
kept = _core.Appender(path)
def step():
    kept.append(line)
    refused(TypeError, kept.append, words)
    refused(TypeError, _core.Appender, marker)
    new = _core.Appender('/dev/full')
    refused(OSError, new.append, line)
    new.sync()
    new.close()
""",
    'Batch': """
path = os.path.join(sys.argv[1], 'records')
line = b'x' * 100
file = _core.Appender(path)
journal = _core.Journal(path.encode())
kept = _core.Batch(file, 8, 3600.0, journal)
def step():
    kept.append(line)
    kept.flush()
    kept.append(line)
    assert kept.lines() == [line] and kept.is_journaled and not kept.is_stale
    kept.discard()
    kept.set_sync(False)
    kept.renew(journal)
    assert kept.file is file
    refused(TypeError, kept.append, words)
    refused(TypeError, _core.Batch, marker, 8, 1.0)
    refused(ValueError, _core.Batch, _core.Appender(1), 8, 1.0)
    new = _core.Batch(_core.Appender('/dev/full'), 8, 3600.0)
    new.append(line)
    refused(OSError, new.flush)
    new.discard()
    _core.Batch(file, 8, 3600.0, journal).append(line)
""",
    'flush_batches': """
kept = _core.Batch(_core.Appender(os.path.join(sys.argv[1], 'records')), 8, 3600.0)
def step():
    kept.append(b'x')
    _core.flush_batches()
    kept.append(b'x')
    _core.flush_batches(_core.clock_ns() + 3600 * 10**9)
    assert not kept.lines()
""",
    'end_batches': """
kept = _core.Batch(_core.Appender(os.path.join(sys.argv[1], 'records')), 8, 3600.0)
def step():
    kept.append(b'x')
    _core.end_batches()
    kept.append(b'x')
    assert not kept.lines()
""",
    'journal_batches': """
path = os.path.join(sys.argv[1], 'records')
journal = _core.Journal(path.encode())
kept = _core.Batch(_core.Appender(path), 8, 3600.0, journal)
kept.append(b'x')
kept.append(b'y')
with open(_core.own_journals()[0], 'rb') as file:
    data = file.read()
def step():
    assert _core.journal_batches(data) == [([b'x', b'y'], False)]
    refused(ValueError, _core.journal_batches, b'x' * 4096)
""",
    'BATCH_SIZE': 'def step():\n    _core.BATCH_SIZE + 1\n',
    'Journal': """
path = os.path.join(sys.argv[1], 'records').encode()
kept = _core.Journal(path)
def step():
    run = _core.OpenRun()
    run.open(bench, number, False, False)
    assert kept.mirror(run, b'{"mb":{"record_id":"', b'"a":1', b',"b":2', 0)
    run.start()
    with bench.time('phase'):
        kept.path
    run.stop()
    run.claim()
    run.seal()
    run.close()
    refused(TypeError, kept.mirror, marker, b'', b'', b'', 0)
    refused(TypeError, _core.Journal, marker)
    refused(OSError, _core.Journal, b'/dev/null')
    _core.Journal(path)
    new = _core.Journal(path + b'2')
    assert not kept.mirror(run, b'', b'', b'', 0)
""",
    'journal_header': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
with open(kept.path, 'rb') as file:
    data = file.read()
def step():
    _core.journal_header(data)
    refused(ValueError, _core.journal_header, data[:99])
""",
    'journal_records': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
run = _core.OpenRun()
run.open(bench, number, False, False)
kept.mirror(run, b'{"mb":{"record_id":"', b'"a":1', b',"b":2', 0)
with open(kept.path, 'rb') as file:
    data = file.read()
run.close()
def step():
    assert _core.journal_records(data, b',"more":1')[0][1]
    _core.journal_records(data, now_ns=number)
    refused(ValueError, _core.journal_records, data[:99])
""",
    'journal_claims': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
with open(kept.path, 'rb') as file:
    data = file.read()
def step():
    assert _core.journal_claims(data) == []
    refused(ValueError, _core.journal_claims, data[:99])
""",
    'mark_of': """
file = open(os.path.join(sys.argv[1], 'file'), 'wb+')
def step():
    assert _core.mark_of(file.fileno())[2:] == (0, 0xcbf29ce484222325)
    assert _core.mark_of(file.fileno(), number) is None
""",
    'note_recovery': """
file = open(os.path.join(sys.argv[1], 'file'), 'wb+')
def step():
    _core.note_recovery(file.fileno(), (1, 2, 3, number))
    refused(ValueError, _core.note_recovery, file.fileno(), (1,))
    refused(OSError, _core.note_recovery, -1, (1, 2, 3, 4))
""",
    'JournalTemplate': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
class Sink: outfile = 'a'
template = _core.JournalTemplate(kept, Sink(), b'{"mb":{"record_id":"', b'', 0)
def step():
    run = _core.OpenRun()
    run.open(bench, number, False, False)
    assert template.mirror(run, words)
    run.close()
    refused(TypeError, template.mirror, marker, words)
    refused(TypeError, template.mirror, run, marker)
    refused(AttributeError, _core.JournalTemplate, kept, marker, b'', b'', 0)
    _core.JournalTemplate(None, Sink(), b'', b'', 0).mirror(run, words)
""",
    'own_journals': """
def step():
    _core.own_journals()
""",
    'refresh': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
def step():
    run = _core.OpenRun()
    run.open(bench, number, False, False)
    assert kept.mirror(run, b'{"mb":{"record_id":"', b'"name":"x"', b'', 0)
    assert _core.refresh(run, b'{"mb":{"record_id":"', b'"name":"y"', b',"z":1')
    run.close()
    assert not _core.refresh(run, b'', b'', b'')
    refused(TypeError, _core.refresh, marker, b'', b'', b'')
""",
    'remove_journals': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
def step():
    _core.remove_journals()
""",
    'beat': """
kept = _core.Journal(os.path.join(sys.argv[1], 'records').encode())
def step():
    _core.beat()
""",
    'leave_parent': 'def step():\n    _core.leave_parent()\n',
    'watch_parent': """
def step():
    assert _core.watch_parent(os.getppid(), False)
    _core.leave_parent()
    assert not _core.watch_parent(os.getpid(), True)
    refused(TypeError, _core.watch_parent, marker, False)
""",
    'OpenRun': """
class Holding(_core.OpenRun):
    def complete(self, exception, value):
        self.completed = exception, value
    def abandon(self):
        self.close()
def step():
    run = Holding()
    run.itself = run
    refused(TypeError, run.open, marker)
    run.open(bench, number, False, False)
    run.start()
    phase = bench.time(words)
    with phase:
        refused(RuntimeError, phase.__enter__)
    left_open = bench.time('open')
    left_open.__enter__()
    run.suspend()
    run.inside(words.upper)
    refused(TypeError, run.inside)
    refused(ZeroDivisionError, run.inside, divmod, 1, 0)
    run.resume()
    run.stop()
    run.add_duration(5)
    refused(TypeError, run.add_duration, marker)
    run.durations, run.timings, run.timings_iteration, run.open_timings, run.is_open
    counted = Holding()
    counted.open(bench, number, False, False, True)
    counted.add_duration(5_000_000)
    with bench.time(words):
        pass
    counted.histogram, counted.timings_summary, counted.phases_listed
    counted.close()
    run.record_id, run.is_forked, run.is_journaled, run.has_claimed, run.in_first_iteration
    observed = Holding()
    observed.observe(True)
    observed.place = b',"line":1'
    observed.open(bench, number, False, False)
    observed.start()
    observed.stop()
    observed.load_average, observed.run_delay, observed.resource_usage
    _core.pieces(observed, words), observed.note_thread(), observed.thread, observed.place
    observed.observe_phases(lambda phase: [phase])
    observed.close()
    run.keep_numbers([])
    refused(TypeError, run.finish, 1, 2, 3)
    run.finish(None, marker)
    run.close()
""",
    'Phase': """
raising = ValueError()
@bench
def timed():
    with bench.time('first'), bench.time(words):
        pass
    try:
        with bench.time('raising'):
            raise raising.with_traceback(None)
    except ValueError:
        pass
    refused(TypeError, bench.time('x').__exit__, 1)
    bench.time('never entered').name
    bench.time('part')(len)(words)
    refused(TypeError, bench.time('x'), marker)
    with other.time('first'):
        other.time('first')(len)
other = MicroBenchBase(outputs=[Null()])
part = bench.time('part')(len)
def step():
    timed()
    part(words)
    with bench.time('outside'), other.time(words), bench.time('within'):
        pass
    refused(TypeError, bench.time('x'), marker)
    refused(RuntimeError, MicroBenchBase(outputs=[]).time('x'), len)
    bench.time(words)(len)
    raising.__traceback__ = None
""",
    'JOURNAL_NAME': 'def step():\n    _core.JOURNAL_NAME + 1\n',
    'JOURNAL_MOST': 'def step():\n    _core.JOURNAL_MOST + 1\n',
    'ROW_SHAPES': 'def step():\n    dict(_core.ROW_SHAPES)\n',
    'ROW_COLUMNS': 'def step():\n    dict(_core.ROW_COLUMNS)\n',
    'ROW_LEAVES': 'def step():\n    dict(_core.ROW_LEAVES)\n',
    'ROW_KINDS': 'def step():\n    dict(_core.ROW_KINDS)\n',
    'MASK': 'def step():\n    _core.MASK.encode()\n',
    'Block': """
class Block(_core.Block):
    def begin(self):
        if self.failing:
            raise ValueError
        run = _core.OpenRun()
        run.open(self.owner, number, False, False)
        return run
class Owner:
    class _bench_config:
        blocks = None
def step():
    with fast.record(words):
        pass
    refused(RuntimeError, failing_block)
    block = Block(Owner, marker)
    block.failing = True
    refused(ValueError, block.__enter__)
    block.__exit__(None, None, None)
    refused(TypeError, block.__exit__, 1)
    refused(TypeError, _core.Block, marker)
    block.owner, block.name, block.run
    entering = fast.record(words).__aenter__()
    refused(ValueError, entering.throw, ValueError())
    refused(RuntimeError, entering.send, None)
    refused(TypeError, entering.throw, words)
    fast.record(words).__aenter__().close()
    fast.held = fast.record(words).__aenter__()
    awaited = fast.record(words)
    refused(StopIteration, awaited.__aenter__().send, None)
    refused(RuntimeError, awaited.__aenter__().send, None)
    refused(StopIteration, awaited.__aexit__(None, None, None).__next__)
from microbench import NullOutput
fast = MicroBenchBase(outputs=[NullOutput()])
def failing_block():
    with fast.record(words) as block:
        block.__enter__()
for _ in range(2):
    step()
""",
    'Awaits': """
from microbench import MBFunctionCall, MBReturnValue, MBWorkingDir, NullOutput
class Bench(MicroBenchBase, MBFunctionCall, MBReturnValue, MBWorkingDir): pass
fast = Bench(outputs=[NullOutput()], iterations=2)
@fast
async def function(*args, **kwargs):
    if len(args) > 2:
        raise ValueError
    return args
timed = function.__timed__
def step():
    refused(StopIteration, function([words], key=words).send, None)
    refused(ValueError, function(1, 2, 3).send, None)
    awaits = timed.awaits(([words], {1: words}), {'key': words})
    with awaits as func:
        refused(RuntimeError, awaits.__enter__)
        assert func is timed.func
        for awaitable in awaits:
            awaitable.close()
            assert awaits.stop(words) is words
    refused(TypeError, timed.block, words, {})
    awaits.__exit__(None, None, None)
    refused(TypeError, awaits.__exit__)
    awaits.stop(words)
    assert list(awaits) == []
    refused(TypeError, timed.awaits, words, {})
    left = timed.awaits((), {})
    left.__enter__()
    next(left).close()
    del left
    closing = function(words)
    closing.close()
for _ in range(2):
    try:
        function().send(None)
    except StopIteration:
        pass
""",
    'Finder': """
def step():
    finder = _core.Finder(lambda *args: None)
    assert finder.recorder is None
    refused(TypeError, _core.Finder)
""",
    'call_until_done': """
class Work:
    def go_on(self, argument):
        self.calls += 1
        if self.calls < 3:
            raise KeyboardInterrupt

def step():
    work = Work()
    work.calls = 0
    try:
        _core.call_until_done(work, 'go_on', marker)
    except KeyboardInterrupt as error:
        error.__traceback__ = None
    assert work.calls == 3
    refused(AttributeError, _core.call_until_done, work, 'no_method', marker)
""",
    'owner_lives': """
import tempfile
file = tempfile.TemporaryFile()
def step():
    _core.owner_lives(file.fileno())
    _core.owner_lives(-1)
""",
    'RUN_ID': 'def step():\n    _core.RUN_ID.encode()\n',
    'time_method': """
def step():
    method = bench.time
    method(words)
    bench.time('name')
    bench.time(name=words)
    type(bench).time
    refused(TypeError, bench.time)
    refused(TypeError, method, 1, 2)
    refused(AttributeError, _core.time_method, marker)
    class Other:
        def time(self, name): ''
    Other.time = _core.time_method(Other)
""",
    'record_method': """
def step():
    method = bench.record
    with method(words), bench.record(name=words), bench.record():
        pass
    type(bench).record
    refused(TypeError, method, 1, 2)
    refused(TypeError, type(bench).record)
    refused(AttributeError, _core.record_method, marker)
""",
    'samples': """
def raising():
    raise ValueError
def step():
    assert len(_core.samples(int, ('12',), {}, 3, 4)) == 4
    assert len(_core.samples(int, ('12',), {'base': 16}, 1, 2, lambda: 7.5)) == 2
    refused(ValueError, _core.samples, raising, (), {}, 1, 1)
    refused(ValueError, _core.samples, int, (), {}, 0, 1)
    refused(ValueError, _core.samples, int, (), {}, 1, 1, raising)
    refused(TypeError, _core.samples, int, words, {}, 1, 1)
""",
    'Sampler': """
from microbench.core.sampled import write_pending
sampling = MicroBenchBase(outputs=[Null()], every=3, durations='histogram')
def called(value):
    with sampling.time(words):
        return int(value)
sampled = sampling(called)
def step():
    sampled(1)
    sampled(value=1)
    refused(ValueError, sampled, words)
    new = sampling(lambda value: value)
    new(marker), new(marker)
    write_pending()
    sampler = _core.Sampler(0, 0.0, True, False, None)
    refused(TypeError, sampler.put_back, marker)
    sampler.take(), sampler.fields()
""",
    'Recorder': """
from microbench import FileOutput, NullOutput
outputs = [NullOutput(), FileOutput(os.devnull)]
fast = MicroBenchBase(outputs=outputs, iterations=2)
plain = fast(lambda value: value)
failing = fast(int)
def phased(name):
    with fast.time(name): pass
phases = fast(phased)
@fast
def lookup(name):
    return {}[name]
@fast
def long(value):
    raise ValueError(value * 100)
async def nothing(): pass
awaited = fast(nothing)
once = MicroBenchBase(outputs=outputs)(nothing)
def run(coroutine):
    try: coroutine.send(None)
    except StopIteration: pass
import threading
from microbench import MicroBench
_core.observe_from(0)
around = MicroBench(outputs=outputs)
plain_around, phases_around = around(lambda value: value), around(phased)
for _ in range(2):
    plain(marker), phases(words), run(once())
    plain_around(1), phases_around(words)
    with around.record(words): pass
def step():
    plain(marker), phases(words)
    refused(ValueError, failing, words)
    run(once()), run(awaited()), once().close()
    new = fast(lambda value: value)
    new(marker), new(marker)
    new.__timed__.recorder.records
    refused(TypeError, _core.Recorder, marker)
    numbers = None, 0, False, 1, 1, True
    refused(TypeError, _core.Recorder, int, None, words, *[b''] * 3, *numbers)
    refused(KeyError, lookup, words)
    refused(ValueError, long, words)
    for surrounded in (plain_around, phases_around):
        surrounded(words)
    with around.record(words): pass
    thread = threading.Thread(target=plain_around, args=(1,), name=words)
    thread.start()
    thread.join()
""",
    'Captures': """
from microbench import MBFunctionCall, MBResourceUsage, MBReturnValue, MBWorkingDir
from microbench import NullOutput
mixins = MBFunctionCall, MBResourceUsage, MBReturnValue, MBWorkingDir
fast = type('Fast', (MicroBenchBase, *mixins), {})(outputs=[NullOutput()])
plain = fast(lambda value, key=None: value)
failing = fast(int)
def failed(value, bench): raise KeyError(value)
for _ in range(2):
    plain(marker.__class__.__name__)
def step():
    plain(words, key={'a': [1.5, words]})
    plain({1, 2}, key=1j)
    refused(ValueError, failing, words)
    fast.changed = words
    for _ in range(2):
        plain(words)
    for _ in range(2):
        with fast.record(words): pass
    made = _core.Captures(failed, os.getcwd, True, True, True, True, True, 0)
    short = _core.Captures(failed, None, True, True, True, True, True, 0, 9, 9)
    refused(TypeError, _core.Captures, marker)
    refused(TypeError, made.begin, marker, words, (), {})
    refused(TypeError, made.start, marker)
    run = _core.OpenRun()
    refused(RuntimeError, made.stop, run)
    run.open(marker, len, False, False)
    assert not made.begin(run, words, (marker,), {})
    assert not short.begin(run, words, ('a long text',), {})
    assert not short.begin(run, words, ([1000, 1000],), {})
    made.begin(run, words, (1,), {'key': words})
    refused(KeyError, made.finish, run, marker)
    made.start(run), made.stop(run), made.finish(run, words), _core.pieces(run, words)
    made.begin_block(run), _core.pieces(run, words)
    refused(TypeError, _core.pieces, run, marker)
    run.close()
""",
    'Sources': """
place, whole = {'name': marker}, {'a': 1}
def step():
    sources = _core.Sources(((place, 'name', marker), (place, 'none', None)), whole)
    assert sources.hold() and sources.watches
    whole['a'] = object()
    assert not sources.hold()
    assert not _core.Sources(((place, 'name', words),), None).hold()
    refused(TypeError, _core.Sources, ((place, 1, marker),), None)
    refused(TypeError, _core.Sources, (), marker)
""",
    'add_sink': """
memory = io.StringIO()
slow = MicroBenchBase(memory)
def step():
    slow.tz = timezone.utc
    new = slow(lambda: None)
    new(), new()
    memory.seek(0), memory.truncate()
    refused(TypeError, _core.add_sink, marker, memory, memory)
""",
    'note_change': """
from microbench import NullOutput
fast = MicroBenchBase(outputs=[NullOutput()])
plain = fast(lambda value: value)
def step():
    plain(marker)
    _core.note_change()
""",
    'Timed': """
class Thing:
    @bench
    def method(self, value): return value
thing = Thing()
plain = bench(lambda *args, **kwargs: args)
built = seen(lambda *args, **kwargs: args)
failing = bench(int)
def step():
    plain(marker, words, key=number)
    built(marker, words, key=number)
    thing.method(marker)
    refused(ValueError, failing, words)
    refused(TypeError, _core.Timed, marker)
    new = bench(lambda value: value)
    new.itself = new
    timed = new.__timed__
    timed((words,), {})
    timed((), {'value': words})
    refused(TypeError, timed, words)
    refused(TypeError, timed.lead, len, True)
    timed.bench, timed.func, timed.current()
    function, *args = timed.__reduce__()
    function(*args[0])
    again = bench(lambda value: 2)
    new.__code__, new.__dict__ = again.__code__, again.__dict__
    del again
    assert new(marker) == new(value=marker) == 2
""",
    'ascii_text': """
text = words.encode()
def step():
    _core.ascii_text(text)
    _core.ascii_text(b'ascii')
    refused(TypeError, _core.ascii_text, words)
""",
    'is_suspicious': """
def step():
    _core.is_suspicious(b'{"a":"http://u:p@h"}')
    _core.is_suspicious(b'{}')
    refused(TypeError, _core.is_suspicious, words)
""",
    'closed_text': """
record = b'{"mb":{"run_id":"r"},"call":{"name":"f","args":[1]},"host":{}}'
def step():
    _core.closed_text(record, True)
    _core.closed_text(record[1:], False)
    refused(TypeError, _core.closed_text, words, True)
""",
    'child_end_ns': """
pid = os.fork() or os._exit(0)
while not _core.child_end_ns(pid, True):
    pass

def step():
    _core.child_end_ns(pid, True)
    refused(ChildProcessError, _core.child_end_ns, 2**31 - 1, False)
""",
    'adopts_orphans': 'def step():\n    _core.adopts_orphans()\n',
    'clock_info': 'def step():\n    _core.clock_info()\n',
    'clock_ns': 'def step():\n    _core.clock_ns()\n',
    'FlatNames': """
kept = _core.FlatNames()
clash = {'a': {'b': words}, 'a.b': marker}
deep = {}
for _ in range(200):
    deep = {'a': deep, 'b': words}
def step():
    assert len(kept.flattened({'a': {words: number, 'c': {'d': marker}}, 'b': {}})) == 3
    assert kept.flattened(clash) is None is kept.flattened(deep)
    refused(TypeError, kept.flattened, {words: 1, 7: marker})
    refused(TypeError, kept.flattened, number)
    refused(TypeError, _core.FlatNames, None)
    _core.FlatNames('a.').flattened(clash)
""",
    'Decoder': """
kept, flat = _core.Decoder(), _core.Decoder(True, words)
lines = json.dumps({'a': {'b': [1.5, {words: {}}], 'c': number}, 'd': words}).encode()
lines = (lines + b'\\n') * 3
odd = b'{"a":{"b":[1,{"c":2}],"e":"\\\\u00e9 x"},"f":{"a":1,"a":2}}'
def step():
    assert len(kept.decode(lines)) == len(flat.decode(lines)) == 3
    assert kept.decode(odd) is flat.decode(odd) is kept.decode(lines[:-9]) is None
    assert flat.decode(lines[9:]) is kept.decode(b'[' * 200) is None
    refused(TypeError, kept.decode, words)
    refused(TypeError, _core.Decoder, 1, 2, 3)
    _core.Decoder(True, marker).decode(lines)
    _core.Decoder().decode(lines)
""",
    'RowReader': """
line = b'{"call":{"name":"f","durations":[1.5]},"x":{"y":1}}\\n'
def step():
    reader = _core.RowReader(_core.ROW_SHAPES['iterations'])
    number = reader.add_column(_core.ROW_COLUMNS['field'], b'c1')
    reader.learn((b'call', b'name'), reader.leaf(number), None)
    reader.learn((b'call', b'durations'), _core.ROW_LEAVES['durations'], None)
    reader.learn((b'x',), None, _core.ROW_LEAVES['left out'])
    reader.number += 7
    assert reader.read(line * 3 + b'x', 0) == (3 * len(line), b'{"c1":"f"}\\n' * 3)
    assert reader.has_durations and reader.kinds(number)
    values = []
    lists = _core.RowReader(_core.ROW_SHAPES['runs'], True)
    text = lists.add_column(_core.ROW_COLUMNS['field'], b'c1', -1, values)
    lists.learn((b'call', b'name'), lists.leaf(text), None)
    lists.learn((b'call', b'durations'), _core.ROW_LEAVES['durations'], None)
    lists.learn((b'x',), None, _core.ROW_LEAVES['left out'])
    assert lists.read(line * 3 + b'x', 0) == (3 * len(line), b'')
    assert values == ['f'] * 3
    refused(ValueError, lists.add_column, 0, b'c')
    refused(IndexError, reader.read, line, -1)
    refused(TypeError, reader.learn, words, 1, 1)
    refused(ValueError, reader.add_column, 0, b'')
""",
    'EmergencyWriter': """
journal = _core.Journal(None)
def step():
    run = _core.OpenRun()
    run.open(bench, number, False, False)
    run.start()
    refused(ValueError, _core.EmergencyWriter, run, [])
    journal.mirror(run, b'{"mb":{"record_id":"', b'"name":"x"', b'', 0)
    _core.EmergencyWriter(run, ['/a', 1]).remove()
    _core.EmergencyWriter(run, [])
    refused(TypeError, _core.EmergencyWriter, marker, [])
    refused(TypeError, _core.EmergencyWriter, run, [words, marker])
    run.close()
""",
    'exit_begin': 'def step():\n    _core.exit_begin()\n    _core.exit_end()\n',
    'exit_end': 'def step():\n    _core.exit_end()\n',
    'exit_prepare': """
def step():
    _core.exit_prepare(1, number)
    _core.exit_release()
    refused(OverflowError, _core.exit_prepare, 0, number**2)
""",
    'exit_release': 'def step():\n    _core.exit_release()\n',
    'exit_signal': 'def step():\n    _core.exit_signal()\n',
    'note_signal': 'def step():\n    _core.note_signal(15)\n    _core.exit_release()\n',
    'first_signal': 'def step():\n    assert not _core.first_signal()\n',
    **dict.fromkeys(
        ('undo_in_child', 'before_fork', 'after_fork', 'in_child'),
        """
def step():
    _core.before_fork()
    _core.after_fork()
    _core.undo_in_child([(bool, int, False, number), (abs, int, 0, 0)])
    _core.before_fork()
    _core.in_child()
    refused(TypeError, _core.undo_in_child, number)
""",
    ),
    'emergency_write': 'def step():\n    _core.emergency_write(15)\n',
    **dict.fromkeys(
        ('signal_take', 'signal_give_back', 'signal_in_force', 'signal_is_default'),
        """
def step():
    _core.signal_take(10, 0, False, False, 0, False)
    assert _core.signal_in_force(10)
    assert _core.signal_give_back(10)
    assert _core.signal_is_default(10)
    refused(OSError, _core.signal_take, 9, 0, False, False, 0, False)
""",
    ),
    'signal_came_directly': 'def step():\n    _core.signal_came_directly(10)\n',
    'signal_is_before': 'def step():\n    _core.signal_is_before(10)\n',
    'signal_default': 'def step():\n    _core.signal_default(10)\n',
    'signal_is_pythons': 'def step():\n    _core.signal_is_pythons(2)\n',
    'signal_stack': """
def step():
    _core.signal_stack(True)
    _core.signal_stack(False)
""",
    'run_is_claimed': """
run = _core.OpenRun()
def step():
    assert not _core.run_is_claimed(run)
    refused(TypeError, _core.run_is_claimed, marker)
""",
    'fork_generation': 'def step():\n    _core.fork_generation()\n',
    'has_digits': """
text = words.encode()
def step():
    _core.has_digits(text, 1)
    _core.has_digits(text, number)
    refused(TypeError, _core.has_digits, words, 1)
    refused(OverflowError, _core.has_digits, text, -1)
""",
    'iso8601_text': """
def step():
    _core.iso8601_text(number, 3600)
    refused(ValueError, _core.iso8601_text, number, 86400)
""",
    'mute': """
def step():
    token = _core.mute()
    with bench.time(words):
        pass
    _core.unmute(token)
""",
    'phases_lost': 'def step():\n    _core.phases_lost()\n',
    'is_deep': """
shallow = {'a': [(1, {}), words]}
deep = ()
for _ in range(300):
    deep = (deep,)
def step():
    assert not _core.is_deep(shallow)
    assert _core.is_deep(deep)
""",
    'is_shallow': """
value = {'a': [(1, {}), words]}
def step():
    assert _core.is_shallow(value, 4)
    assert not _core.is_shallow(value, 3)
    assert not _core.is_shallow([marker], 2)
    refused(TypeError, _core.is_shallow, value, words)
""",
    'within_stack': """
def step():
    _core.within_stack(str, words)
    _core.within_stack(dict, a=words)
    refused(ValueError, _core.within_stack, int, words)
    refused(TypeError, _core.within_stack, marker)
""",
    'plain_text': """
value = {'a': [1, 2.5, None, True, words], 'b': datetime.now(timezone.utc), 'c': {}}
deep = []
deep.append(deep)
def step():
    _core.plain_text(value)
    _core.plain_text([value, marker])
    _core.plain_text({1: value})
    _core.plain_text({words: number**9})
    _core.plain_text(deep)
""",
    'pieces': """
def step():
    run = _core.OpenRun()
    _core.pieces(run, words)
    refused(TypeError, _core.pieces, marker, words)
""",
    'plain_text_within': """
value = {'a': [1, 2.5, None, True, words], 'b': datetime.now(timezone.utc), 'c': {}}
def step():
    _core.plain_text_within(value, 900, 900)
    _core.plain_text_within(value, 900, 50)
    _core.plain_text_within([value, 'a long text'], 9, 900)
    _core.plain_text_within([1, [2, {3: marker}]], 9, 900)
    refused(TypeError, _core.plain_text_within, value, marker, 1)
""",
    'call_text': """
def step():
    _core.call_text(words)
    _core.call_text('\\ud800')
    refused(TypeError, _core.call_text, b'')
    refused(TypeError, _core.call_text, None)
""",
    'record_text': """
run = _core.OpenRun()
run.open(bench, number, False, False)
run.start()
with bench.time(words):
    pass
bench.time('open').__enter__()
run.stop()
run.close()
def step():
    _core.record_text(run, b'{', b'"name":"x"', b',"a":1', 0)
    _core.record_text(run, b'{', b'"name":"x"', b',"a":1', 0, True)
    refused(TypeError, _core.record_text, marker, b'', b'', b'', 0)
    refused(TypeError, _core.record_text, run, words, b'', b'', 0)
""",
    'active_run': """
work = bench(name='fit', colour='red')(lambda: bench.annotate(number=number))
named = bench(name='other')(len)
def step():
    assert _core.active_run(bench) is None
    with bench.record('block', words=words) as record:
        assert _core.active_run(bench) is not None
        record.annotate(number=number)
    with seen.record('block', words=words) as record:
        record.annotate(number=number)
    work()
    named(words)
""",
    'runs_open': 'def step():\n    _core.runs_open()\n',
    'string_text': """
def step():
    _core.string_text(words)
    _core.string_text('\\ud800')
    refused(TypeError, _core.string_text, b'')
""",
    'copied': """
from collections import OrderedDict, namedtuple
class Refuses(dict):
    __copy__ = None
class Struck(dict):
    def __copy__(self):
        raise KeyboardInterrupt
Point = namedtuple('Point', 'x y')
inner = [1, (words, {marker}), Point([2], {}), OrderedDict(a=[marker])]
value = {'a': inner, words: inner}
loop = [value]
loop.append(loop)
deep = []
for _ in range(2000):
    deep = [deep]
def step():
    _core.copied(value)
    _core.copied(marker)
    _core.copied([value, loop])
    _core.copied([value, Refuses(a=inner)])
    _core.copied([value, deep])
    refused(KeyboardInterrupt, _core.copied, [value, Struck()])
""",
    'merge': """
from types import MappingProxyType
class Fixed(dict):
    def __setitem__(self, name, value):
        raise OSError
class Struck(dict):
    def get(self, name):
        raise KeyboardInterrupt
fields = {'a': {'b': [marker], 'c': {words: 1}}, 'd': number}
def step():
    record = {'a': MappingProxyType({'c': {words: 2, 'own': marker}})}
    _core.merge(record, fields)
    _core.merge(record, Fixed(fields))
    refused(OSError, _core.merge, {'a': Fixed()}, fields)
    refused(KeyboardInterrupt, _core.merge, {'a': Struck()}, fields)
    refused(TypeError, _core.merge, None, fields)
""",
    'moment': """
from datetime import timedelta
zone = timezone(timedelta(hours=1))
def step():
    for tz in timezone.utc, zone, None:
        _core.moment(number, tz)
    refused(TypeError, _core.moment, number, marker)
    refused(OverflowError, _core.moment, 2**62 * 4, zone)
""",
    'set_in_type': """
def step():
    _core.set_in_type(Marker, 'word', words)
    refused(TypeError, _core.set_in_type, Marker, None, words)
    refused(TypeError, _core.set_in_type, marker, 'word', words)
""",
    'make_exits': """
def step():
    for whole in (True, True, False):
        _core.make_exits(whole)
        try:
            sys.exit(words)
        except SystemExit as ended:
            assert ended.code == words
""",
    'type_version': """
def step():
    _core.type_version(Marker)
    refused(TypeError, _core.type_version, marker)
""",
    'unmute': """
import contextvars
def step():
    token = _core.mute()
    contextvars.copy_context().run(_core.unmute, token)  # not where it was made
    _core.unmute(token)
    refused(TypeError, _core.unmute, marker)
""",
    'wall_ns': 'def step():\n    _core.wall_ns()\n',
    'start_thread': """
def step():
    gate = _core.Gate()
    _core.start_thread(gate.set)
    gate.wait(60)
""",
    'Gate': 'def step():\n    gate = _core.Gate()\n    gate.set()\n    gate.wait(0)\n',
    'CountersReading': 'def step():\n    _core.CountersReading\n',
    'Counters': """
def step():
    for of_children in (False, True):
        counters = _core.Counters(((1, 1), (1, 2), (99, 0)), of_children)
        before, after = counters.read(), counters.read()
        counters.errors, after.since(before), after.times_ns(before, 0)
    refused(IndexError, after.times_ns, before, 3)
    refused(ValueError, _core.Counters, ((1, 1),) * 17, False)
    counters.close()
""",
    'look_for_greenlets': 'def step():\n    _core.look_for_greenlets()\n',
    'observe_from': 'def step():\n    _core.observe_from(_core.observe_from(0))\n',
    'keep_phases': 'def step():\n    _core.keep_phases(*_core.keep_phases(8, 4))\n',
    'keep': 'run = _core.OpenRun()\ndef step():\n    _core.keep(run, b"{}")\n',
    'close_files': 'def step():\n    _core.close_files()\n',
    'PROGRAM_PRINTED': 'def step():\n    _core.PROGRAM_PRINTED\n',
    'PROGRAM_ENDED': 'def step():\n    _core.PROGRAM_ENDED\n',
    'Program': """
def step():
    try:
        program = _core.Program([b'/bin/sh'], [b'sh', b'-c', b'echo a'], [], None, 10**12)
    except OSError:  # sanitizers: there is no native way
        return
    while not program.wait() & _core.PROGRAM_ENDED:
        pass
    assert program.read(1) == b'a\\n'
    program.end()
    refused(ValueError, program.wait)
    refused(TypeError, _core.Program, ['/bin/sh'], [], [], None, 1)
    # Once it has printed it has memory of its own, and is left no block of this process.
    words = [b'sh', b'-c', b'echo a; exec sleep 600']
    program = _core.Program([b'/bin/sh'], words, [], None, 10**12)
    while not program.wait() & _core.PROGRAM_PRINTED:
        pass
""",
    'in_main_thread': 'def step():\n    _core.in_main_thread()\n',
}

OF_STATE = 20  # blocks, at most, that measuring takes by itself: half as many so far

# Rounds of what takes long, and the bytes that its threads free a little later.
SLOW = ('copied', 'Recorder', 'Captures', 'Sampler', 'Journal', 'Awaits')
FEWER = {'Program': 100, **dict.fromkeys(SLOW, 300)}
LATER = {'Program': 4 * 1024 * 1024}


def public_names():
    """Return the names that the stub of the native border defines."""
    names = set()
    for node in ast.parse(STUB.read_text(encoding='utf-8')).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return sorted(name for name in names if not name.startswith('_'))


@pytest.fixture
def folder(tmp_path):
    """Return a folder in memory where there is one: thousands of journals are made."""
    if not os.access('/dev/shm', os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir='/dev/shm') as name:
        yield name


def measured(case, *args, rounds=ROUNDS):
    """Return what the steps of a case left behind, in a process of its own.

    Its threads share one arena of memory, the one that mallinfo2(3) is about.
    """
    measure = MEASURE.format(rounds=rounds, most=MOST_BYTES, counted=COUNTED)
    env = {'MALLOC_ARENA_MAX': '1'}
    return json.loads(printed(PRELUDE + case + measure, *args, env=env))


@pytest.mark.parametrize('name', public_names())
def test_a_native_name_keeps_nothing(name, folder):
    """Many rounds after a warm-up leave no block, memory, reference or open run."""
    line = f"{name!r}: 'def step():\\n    _core.{name}(...)\\n',"
    assert name in CASES, f'add to CASES: {line}'
    rounds = FEWER.get(name, ROUNDS)
    found = measured(CASES[name], folder, rounds=rounds)
    assert found['blocks'] < OF_STATE + rounds // 2
    assert found['references'] == {}
    assert found['runs'] == 0
    most = LATER.get(name, MOST_BYTES)
    assert SANITIZED or found['bytes'] < most  # sanitizers keep what was freed


def test_every_case_is_a_name():
    """A name that is gone takes its case with it."""
    assert set(CASES) == set(public_names())


PLANTED = {
    'blocks': 'hoard = []\ndef step():\n    hoard.append(object())\n',
    'bytes': """
import ctypes
malloc = ctypes.CDLL(None).malloc
def step():
    malloc(16)
""",
    'references': """
import ctypes
keep = ctypes.pythonapi.Py_IncRef
keep.argtypes = [ctypes.py_object]
def step():
    keep(marker)
""",
    'runs': """
def step():
    pass
hoard = _core.OpenRun()
hoard.open(bench, number, False, False)
""",
}
# Under a sanitizer Python's own allocator counts nothing, and freed memory is kept.
BLIND = ('blocks', 'bytes') if SANITIZED else ()


@pytest.mark.parametrize('kind', [kind for kind in PLANTED if kind not in BLIND])
def test_a_planted_leak_is_found(kind):
    """Each of the four measures sees a leak of the smallest kind."""
    found = measured(PLANTED[kind])
    least = {'blocks': 2 * ROUNDS, 'bytes': MOST_BYTES, 'runs': 1}
    if kind == 'references':
        assert found[kind] == {'marker': 2 * ROUNDS}
    else:
        assert found[kind] >= least[kind]
