"""Batches: many records with one write, and none lost or written twice."""

import gc
import io
import json
import math
import os
import pickle
import signal
import threading

import pytest

import microbench.outputs.http
from microbench import FileOutput, MicroBench, Output, _core, read
from microbench.outputs import batching
from tests.fakes import python

pytestmark = pytest.mark.usefixtures('fresh_count')
HOUR = 3_600_000_000_000


@pytest.fixture
def path(tmp_path):
    """Return a path where nothing is yet."""
    return tmp_path / 'records.jsonl'


@pytest.fixture
def fresh_count(monkeypatch):
    """No record of this process has been lost so far."""
    monkeypatch.setattr(batching.Report, 'lost', 0)


def written(path):
    """Return the numbers of the records that are in the file at this moment."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)['n'] for line in lines]


def write(out, *numbers):
    """Write records with these numbers."""
    for n in numbers:
        out.write(f'{{"n":{n}}}')


def journals(path):
    """Return the journals beside a file."""
    return list(path.parent.glob('.*.journal'))


# --- the option -----------------------------------------------------------------------


@pytest.mark.parametrize('batch', [0, -1, 0.0, -0.5, math.nan, math.inf])
def test_a_batch_is_positive(path, batch):
    """Zero records, or no time, would mean that nothing is ever written."""
    with pytest.raises(ValueError, match='batch has to be a number of records'):
        FileOutput(path, batch=batch)


@pytest.mark.parametrize('batch', [True, '64', b'64', [64], 1j])
def test_a_batch_is_a_number(path, batch):
    """Anything else is rejected where it is given."""
    with pytest.raises(TypeError, match='batch has to be a number of records'):
        FileOutput(path, batch=batch)


@pytest.mark.parametrize('outfile', [None, io.BytesIO()])
def test_a_batch_needs_a_path(outfile):
    """Memory and file objects have no batches."""
    with pytest.raises(ValueError, match='batch needs the path of a file'):
        FileOutput(outfile, batch=64)


def test_other_sinks_have_no_batch():
    """They have a thread that collects, or none."""
    with pytest.raises(ValueError, match='batch needs background=True'):
        microbench.outputs.http.HttpOutput('http://localhost:1', batch=64)


def test_a_field_can_be_called_batch(path):
    """It is an option of the file, and a field of the bench."""
    bench = MicroBench(path, batch=32)
    with bench.record():
        pass
    assert bench.get_results()[0]['batch'] == 32


# --- when it is written ---------------------------------------------------------------


def test_a_number_of_records(path):
    """They come into the file together, with the last of them."""
    out = FileOutput(path, batch=3)
    write(out, 1, 2)
    assert not path.exists()
    write(out, 3)
    assert written(path) == [1, 2, 3]
    write(out, 4)
    assert written(path) == [1, 2, 3]


def test_the_thread_writes_in_time(path):
    """No further record is needed: the file gets what waits."""
    out = FileOutput(path, batch=0.01)
    write(out, 1)
    while written(path) != [1]:
        threading.Event().wait(0.001)
    assert not out._batch.lines()


def test_by_the_clock(path):
    """A record waits until half of the time is over, and the clock is looked at."""
    out = FileOutput(path, batch=3600.0)
    write(out, 1, 2)
    now = _core.clock_ns()
    _core.flush_batches(now + HOUR // 2 - 60_000_000_000)
    assert not path.exists()
    _core.flush_batches(now + HOUR // 2)
    assert written(path) == [1, 2]


def test_a_number_of_records_has_a_time_too(path):
    """A program that stops recording leaves no record waiting for more than a second."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    _core.flush_batches(_core.clock_ns() + 500_000_000)
    assert written(path) == [1]


def test_flush(path, tmp_path):
    """Of the output or of the bench: it writes what waits."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    out.flush()
    assert written(path) == [1]
    bench = MicroBench(outputs=[FileOutput(tmp_path / 'other', batch=64)])
    with bench.record():
        pass
    assert not (tmp_path / 'other').exists()
    bench.flush()
    assert (tmp_path / 'other').read_text().count('\n') == 1


def test_flush_of_a_bench_reaches_all_sinks(path):
    """One that fails stops no other, and its error is raised; not all need a flush."""

    class Broken(Output):
        def write_record(self, record, timeout=None):
            pass

        def flush(self, timeout=None):
            raise OSError(f'no flush in {timeout}')

    class Plain:
        def write(self, text):
            pass

    bench = MicroBench(outputs=[Broken(), Plain(), FileOutput(path, batch=64)])
    with bench.record():
        pass
    with pytest.raises(OSError, match='no flush in None'):
        bench.flush()
    assert path.read_text().count('\n') == 1
    with pytest.raises(OSError, match='no flush in 0.0'):
        bench.flush(0)


def test_close_and_the_end_of_the_object(path):
    """Both write what waits; the next record opens the file again."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    out.close()
    assert written(path) == [1]
    write(out, 2)
    del out
    gc.collect()
    assert written(path) == [1, 2]
    assert not journals(path)


def test_reading_back(path):
    """get_results() has what waits; so have all readers in the process."""
    bench = MicroBench(outputs=[FileOutput(path, batch=64)])
    with bench.record('one'):
        pass
    assert [r['call']['name'] for r in bench.get_results()] == ['one']
    with bench.record('two'):
        pass
    assert [r['call']['name'] for r in FileOutput(path).get_results()] == ['one', 'two']


@pytest.mark.parametrize('name', ['records.jsonl', '*.jsonl', ''])
def test_a_file_that_does_not_exist_yet(path, name):
    """Reading it, a pattern or the directory, writes the batch first."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    assert list(read(path.parent / name)) == [{'n': 1}]
    path.unlink()
    write(out, 2)
    assert FileOutput(path.parent / (name or path.name)).get_results() == [{'n': 2}]


def test_a_record_with_an_exception(path):
    """It is in the file before the exception is handled, with those before it."""
    bench = MicroBench(outputs=[FileOutput(path, batch=64)])

    @bench
    def work(number):
        return 1 / number

    work(1)
    with pytest.raises(ZeroDivisionError):
        work(0)
    assert path.read_text().count('\n') == 2


def test_the_path_may_change(path, tmp_path):
    """What waits for the earlier file is written to it."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    out.outfile = tmp_path / 'other'
    write(out, 2)
    out.flush()
    assert (written(path), written(tmp_path / 'other')) == ([1], [2])


def test_a_copy_has_a_batch_of_its_own(path):
    """Pickling takes no records along."""
    out = FileOutput(path, batch=64)
    write(out, 1)
    copy = pickle.loads(pickle.dumps(out))
    write(copy, 2)
    copy.flush()
    out.flush()
    assert written(path) == [2, 1]


def test_something_else_than_a_file_gets_each_record_at_once(tmp_path):
    """A FIFO has a reader that waits for records."""
    fifo = tmp_path / 'fifo'
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    out = FileOutput(fifo, batch=64)
    write(out, 1)
    assert os.read(reader, 100) == b'{"n":1}\n'
    os.close(reader)


def test_fsync_once_a_batch(path, monkeypatch):
    """With `durability='fsync'`, what is in the file is on the disk."""
    out = FileOutput(path, batch=2, durability='fsync')
    write(out, 1, 2, 3)
    assert written(path) == [1, 2]
    bench = MicroBench(outputs=[out])

    @bench
    def work():
        pass

    work()
    work()
    out.durability = 'write'
    work()
    out.flush()
    assert path.read_text().count('\n') == 6


def test_recorders_use_the_batch(path):
    """Calls that run no Python fill it as well, and one write is enough for them."""
    bench = MicroBench(outputs=[FileOutput(path, batch=50)])

    @bench
    def work():
        pass

    work()
    work()
    size = path.exists()
    for _ in range(47):
        work()
    assert (size, path.exists()) == (False, False)
    work()
    assert path.read_text().count('\n') == 50


def test_threads(path):
    """Eight threads: each record is there once, and whole."""
    bench = MicroBench(outputs=[FileOutput(path, batch=64)])

    @bench
    def work():
        pass

    def many():
        for _ in range(20_000):
            work()

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.flush()
    ids = [json.loads(line)['mb']['record_id'] for line in path.read_text().splitlines()]
    assert len(ids) == len(set(ids)) == 8 * 20_000


def test_a_thread_that_ends_leaves_its_records(path):
    """They belong to the batch, not to the thread."""
    out = FileOutput(path, batch=64)
    thread = threading.Thread(target=write, args=(out, 1, 2))
    thread.start()
    thread.join()
    write(out, 3)
    out.flush()
    assert written(path) == [1, 2, 3]


# --- files that change ----------------------------------------------------------------


def test_the_file_may_be_deleted_or_rotated_between_batches(path):
    """The next batch creates it again."""
    out = FileOutput(path, batch=2)
    write(out, 1, 2, 3)
    path.unlink()
    write(out, 4)
    assert written(path) == [3, 4]
    path.rename(path.with_suffix('.1'))
    out.close()
    write(out, 5, 6)
    assert written(path) == [5, 6]
    assert written(path.with_suffix('.1')) == [3, 4]


def test_another_writer(path):
    """A line that another process left unfinished stays apart from the batch."""
    out = FileOutput(path, batch=2)
    path.write_text('{"n":0}\n{"torn')
    write(out, 1, 2)
    assert path.read_text() == '{"n":0}\n{"torn\n{"n":1}\n{"n":2}\n'


# --- the end of the process -----------------------------------------------------------

PROGRAM = """
import atexit, ctypes, os, signal, sys, threading
from microbench import FileOutput, MicroBench
path, journal = sys.argv[1], sys.argv[2]
bench = MicroBench(journal=journal, outputs=[FileOutput(path, batch=64)])

@bench
def work():
    pass

for _ in range(10):
    work()
assert not os.path.exists(path)
"""


def records_of(path):
    """Return how many different records the file has; each is there once."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    ids = [json.loads(line)['mb']['record_id'] for line in lines]
    assert len(ids) == len(set(ids))
    return len(ids)


def recovered(path):
    """Return how many records a reader finds, in file and journals."""
    ids = [record['mb']['record_id'] for record in FileOutput(path).get_results()]
    assert len(ids) == len(set(ids))
    return len(ids)


@pytest.mark.parametrize('journal', ['auto', 'on', 'off'])
@pytest.mark.parametrize(
    'end',
    [
        '',
        'sys.exit(3)',
        '1 / 0',
        'atexit.register(work)',
        'threading.Thread(target=lambda: [work() for _ in range(5)]).start()',
        'bench.record_on_exit(); os.kill(os.getpid(), signal.SIGTERM)',
        'bench.record_on_exit(); ctypes.string_at(0)',
        'bench.record_on_exit(); os.abort()',
    ],
)
def test_the_end_of_the_process_writes_what_waits(path, journal, end):
    """However it comes, as long as code can run; after a crash, an empty journal stays."""
    more = 5 * ('Thread' in end) + ('atexit' in end) + ('record_on_exit' in end)
    python(PROGRAM + end, path, journal)
    assert records_of(path) == 10 + more
    assert recovered(path) == 10 + more
    assert 'string_at' in end or 'abort' in end or not journals(path)


@pytest.mark.parametrize('end', ['KILL', 'TERM', 'SEGV'])
def test_a_killed_process_leaves_its_records_in_the_journal(path, end):
    """No code runs: a reader finds them, and the next writer puts them into the file."""
    code = PROGRAM + f'os.kill(os.getpid(), signal.SIG{end})'
    done = python(code, path, 'auto')
    assert done.returncode == -getattr(signal, f'SIG{end}')
    assert not path.exists()
    assert len(journals(path)) == 1
    assert recovered(path) == 10
    assert not path.exists()
    write(FileOutput(path), 11)
    assert path.read_text().count('\n') == 11
    assert not journals(path)


def test_without_a_journal_a_killed_process_loses_what_waits(path):
    """Those that are in the file stay: at most one batch is lost."""
    code = PROGRAM + 'for _ in range(60): work()\nos.kill(os.getpid(), signal.SIGKILL)'
    python(code, path, 'off')
    assert recovered(path) == 64


def test_records_without_an_id_are_recovered(path):
    """FileOutput.write() takes any line, also the same one again."""
    code = """
import os, signal, sys
from microbench import FileOutput
out = FileOutput(sys.argv[1], batch=64)
for _ in range(3):
    out.write('{"n":1}')
os.kill(os.getpid(), signal.SIGKILL)
"""
    python(code, path)
    assert FileOutput(path).get_results() == [{'n': 1}] * 3


def test_os_exit_leaves_the_records_in_the_journal(path):
    """os._exit() runs no code at all."""
    python(PROGRAM + 'os._exit(0)', path, 'auto')
    assert not path.exists()
    assert recovered(path) == 10


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_workers_write_what_waits(tmp_path, method, journal):
    """Workers of multiprocessing end by os._exit(), and write their batch first."""
    script = tmp_path / 'script.py'
    path = tmp_path / 'records.jsonl'
    script.write_text(f"""
import multiprocessing
from microbench import FileOutput, MicroBench
bench = MicroBench(journal={journal!r}, outputs=[FileOutput({str(path)!r}, batch=64)])
@bench
def work(n):
    pass
if __name__ == '__main__':
    work(0)
    multiprocessing.set_start_method({method!r})
    with multiprocessing.Pool(2) as pool:
        pool.map(work, range(20))
        pool.close()
        pool.join()
""")
    done = python('import runpy\nrunpy.run_path(sys.argv[1], run_name="__main__")', script)
    assert (done.returncode, done.stderr) == (0, '')
    assert records_of(path) == 21
    assert not journals(path)


def test_a_fork_in_the_middle_of_a_batch(path):
    """Parent and child write their own records, each once; no thread is left to warn of."""
    code = (
        PROGRAM.replace('path, journal = ', 'import warnings; path, journal = ')
        + """
warnings.simplefilter('error')
child = os.fork()
for _ in range(7):
    work()
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    )
    for journal in ('auto', 'off'):
        path.unlink(missing_ok=True)
        done = python(code, path, journal)
        assert (done.returncode, done.stderr) == (0, '')
        assert records_of(path) == 24
        assert not journals(path)


def test_a_fork_whose_child_is_killed(path):
    """The journal of the child has its records, and not those of the parent."""
    code = """
child = os.fork()
for _ in range(7):
    work()
if not child:
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
"""
    python(PROGRAM + code, path, 'auto')
    assert records_of(path) == 17
    assert recovered(path) == 24


# --- writes that fail -----------------------------------------------------------------

FULL = """
import json, os, resource, signal, sys
import warnings
from microbench import FileOutput, MicroBench
path, journal = sys.argv[1], sys.argv[2]
bench = MicroBench(journal=journal, outputs=[FileOutput(path, batch=4)])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def record(*names):
    for name in names:
        with bench.record(name):
            pass

def room(size):
    there = os.path.getsize(path) if os.path.exists(path) else 0
    soft = size if size < 0 else there + size
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, -1))
"""


def names(text):
    """Return the names of the records on lines."""
    lines = [line for line in text.splitlines() if line.startswith('{"mb"')]
    return [json.loads(line)['call']['name'] for line in lines]


def test_a_full_disk(path):
    """The record that finds no room is printed; those before it wait, and come later."""
    code = """
record('a', 'b')
room(0)
record('c', 'd', 'e')  # 'd' fills the batch
room(-1)
record('f')
bench.flush()
"""
    done = python(FULL + code, path, 'off')
    assert names(path.read_text()) == ['a', 'b', 'c', 'f']
    assert names(done.stderr) == ['d', 'e']
    message = 'did not take a record: OSError: [Errno 27] File too large'
    assert done.stderr.count(message) == 1


def test_a_disk_that_fills_up_in_the_middle_of_a_batch(path):
    """Complete lines stay, and no part of a line does."""
    code = """
record('a', 'b', 'c', 'd')
size = os.path.getsize(path) // 4
record('e', 'f', 'g')
room(size * 2 + 10)
record('h')
room(-1)
"""
    done = python(FULL + code, path, 'off')
    assert names(path.read_text().replace('\t', '')) == ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    assert names(done.stderr) == ['h']


@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_a_disk_that_is_full_at_the_end(path, journal):
    """What waits is printed; or it stays in the journal, and a line says so."""
    code = "room(0)\nrecord('a', 'b')\n"
    if journal == 'auto':  # made while there is room
        code = "record('a')\nroom(0)\nrecord('b')\n"
    done = python(FULL + code, path, journal)
    if journal == 'off':
        assert names(done.stderr) == ['a', 'b']
        assert recovered(path) == 0
    else:
        assert names(done.stderr) == []
        assert '2 records could not be written, and will be recovered' in done.stderr
        assert recovered(path) == 2


def test_a_disk_that_has_been_full_for_long_at_the_end(path):
    """All that waits is printed, also after ten records that found no room."""
    code = "record('a', 'b', 'c')\nroom(0)\nrecord(*'defghijklmno')\n"
    done = python(FULL + code, path, 'off')
    assert names(done.stderr) == list('defghijklm' + 'abc')


def test_on_output_error_raise(path):
    """The error of a batch reaches the program, as that of a record does."""
    code = (
        FULL.replace('journal=journal', 'journal=journal, on_output_error="raise"')
        + """
room(0)
record('a', 'b', 'c')
try:
    record('d')
except OSError as error:
    print(error.errno)
room(-1)
"""
    )
    done = python(code, path, 'off')
    assert done.stdout == '27\n'
    assert names(path.read_text()) == ['a', 'b', 'c']
