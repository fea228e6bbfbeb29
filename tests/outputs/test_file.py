"""`FileOutput`: its file, the contents, and files that are missing."""

import codecs
import contextlib
import errno
import io
import os
import pickle
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from microbench import FileOutput, MicroBenchBase, _core
from tests.fakes import Failing, Kept, printed

ONE, TWO = '{"n":1}', '{"n":2}'


@pytest.fixture
def path(tmp_path):
    """Return a path where nothing is yet."""
    return tmp_path / 'records.jsonl'


class PathLike:
    """A path that is neither str nor pathlib.Path."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


# --- paths ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    'kind',
    [str, Path, os.fsencode, lambda p: PathLike(str(p)), lambda p: PathLike(bytes(p))],
)
def test_any_kind_of_path(kind, path):
    """A str, bytes and anything with __fspath__ name the same file."""
    out = FileOutput(kind(path))
    out.write(ONE)
    out.write_record(TWO.encode())
    assert path.read_text() == f'{ONE}\n{TWO}\n'
    assert out.get_results() == [{'n': 1}, {'n': 2}]


def test_no_file_before_the_first_record(path):
    """Naming a file neither creates nor opens it."""
    FileOutput(path).close()
    assert not path.exists()


def test_what_is_there_stays(path):
    """Records are appended to a file that exists."""
    path.write_text(f'{ONE}\n')
    FileOutput(path).write(TWO)
    assert path.read_text() == f'{ONE}\n{TWO}\n'


def test_the_outfile_attribute_is_the_path_as_a_str(path):
    """`outfile` is public; a path object is kept as its text."""
    assert FileOutput(path).outfile == str(path)
    assert repr(FileOutput(path)) == f'FileOutput({str(path)!r})'


def test_another_outfile_from_now_on(path, tmp_path):
    """Assigning `outfile` redirects the records that follow."""
    out = FileOutput(path)
    out.write(ONE)
    out.outfile = str(tmp_path / 'other.jsonl')
    out.write(TWO)
    assert path.read_text() == f'{ONE}\n'
    assert out.get_results() == [{'n': 2}]


@pytest.mark.parametrize('wrong', ['', b'', 'a\0b', b'a\0b', PathLike('')])
def test_a_path_that_can_be_none_is_refused(wrong):
    """An empty path and one with a NUL are a ValueError that names the parameter."""
    with pytest.raises(ValueError, match='outfile'):
        FileOutput(wrong)


def test_a_file_with_a_slash_is_refused(path):
    """A slash behind a file is a ValueError at once, not a failure in the running job."""
    path.touch()
    with pytest.raises(ValueError, match='is a file, not a directory: omit the slash'):
        FileOutput(f'{path}/')


@pytest.mark.parametrize('wrong', [3, 3.5, object(), ['a'], {}])
def test_what_is_no_file_is_refused(wrong):
    """Anything but a path or a file object raises a TypeError that names its type."""
    with pytest.raises(TypeError, match=f'outfile .* not {type(wrong).__name__}'):
        FileOutput(wrong)


@pytest.mark.parametrize('name', ['records.jsonl', b'records.jsonl', 'a.d/'])
def test_a_relative_path_after_chdir(name, tmp_path, monkeypatch):
    """A relative path means the directory of the constructor, in a copy as well."""
    (tmp_path / 'below').mkdir()
    monkeypatch.chdir(tmp_path)
    out = FileOutput(name)
    monkeypatch.chdir('below')
    assert out.get_results() == []
    out.write(ONE)
    out.close()
    pickle.loads(pickle.dumps(out)).write(TWO)
    assert out.get_results() == [{'n': 1}, {'n': 2}]
    assert list((tmp_path / 'below').iterdir()) == []
    assert (tmp_path / os.fsdecode(name)).exists()


def test_the_outfile_of_a_class_after_chdir(tmp_path, monkeypatch):
    """So does a class attribute, when the bench is made; its journal lies beside it."""
    (tmp_path / 'below').mkdir()
    monkeypatch.chdir(tmp_path)
    bench = type('Bench', (MicroBenchBase,), {'outfile': 'records.jsonl'})()
    monkeypatch.chdir('below')
    with bench.record():
        assert len(list(tmp_path.glob('.records.jsonl.*.journal'))) == 1
    assert len(bench.get_results()) == 1
    assert list((tmp_path / 'below').iterdir()) == []


def test_a_star_in_the_working_directory(tmp_path, monkeypatch):
    """Only the name is a pattern, not the directory that it was given in."""
    folder = tmp_path / 'a*b'
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert FileOutput('records.jsonl').get_results() == []


# --- other writers --------------------------------------------------------------------


@pytest.mark.parametrize('torn', ['{"mb":{"run', '\N{EURO SIGN}', '{"n":0}'])
def test_an_unfinished_line_of_another_writer(torn, path):
    """A record after a torn one begins a line of its own, and so reads back."""
    path.write_text(torn, encoding='utf-8')
    FileOutput(path).write(ONE)
    assert path.read_text(encoding='utf-8') == f'{torn}\n{ONE}\n'


def test_a_line_torn_between_two_records(path):
    """A line that another writer leaves unfinished later is kept apart as well."""
    out = FileOutput(path)
    out.write(ONE)
    with path.open('a') as other:
        other.write('{"torn')
    out.write(TWO)
    assert path.read_text() == f'{ONE}\n{{"torn\n{TWO}\n'


def test_whole_lines_of_another_writer(path):
    """No empty line comes between records where the other writer finished its own."""
    out = FileOutput(path)
    for _ in range(2):
        out.write(ONE)
        with path.open('a') as other:
            other.write(f'{TWO}\n')
    assert path.read_text() == f'{ONE}\n{TWO}\n' * 2


def test_two_sinks_on_one_file(path):
    """Two sinks that name one file append in turn."""
    outs = [FileOutput(path), FileOutput(path)]
    for n in range(6):
        outs[n % 2].write(f'{{"n":{n}}}')
    assert outs[0].get_results() == [{'n': n} for n in range(6)]


def test_a_truncated_file(path):
    """Records are appended at the new end of a file that another program has emptied."""
    out = FileOutput(path)
    out.write(ONE)
    path.write_text('')
    out.write(TWO)
    assert path.read_text() == f'{TWO}\n'


def test_a_deleted_file(path):
    """A file that was deleted is made anew by the next record."""
    out = FileOutput(path)
    out.write(ONE)
    path.unlink()
    out.write(TWO)
    assert path.read_text() == f'{TWO}\n'


def test_a_deleted_directory(tmp_path):
    """Without its directory a record fails; made again, it takes records again."""
    place = tmp_path / 'place'
    place.mkdir()
    out = FileOutput(place / 'records.jsonl')
    out.write(ONE)
    (place / 'records.jsonl').unlink()
    place.rmdir()
    with pytest.raises(FileNotFoundError):
        out.write(ONE)
    place.mkdir()
    out.write(TWO)
    assert out.get_results() == [{'n': 2}]


def test_a_rotated_file(path, tmp_path):
    """After a rotation records reach the new file before long, and none is lost."""
    old = tmp_path / 'records.jsonl.1'
    out = FileOutput(path)
    out.write('{"n":0}')
    path.rename(old)
    written = 1
    while not path.exists():  # the path is looked at now and then: see mb_append.h
        out.write(f'{{"n":{written}}}')
        written += 1
    found = FileOutput(old).get_results() + out.get_results()
    assert found == [{'n': n} for n in range(written)]


def test_rotation_and_close(path, tmp_path):
    """After a rotation the program closes the sink: the next record is in the new file."""
    old = tmp_path / 'records.jsonl.1'
    out = FileOutput(path)
    out.write(ONE)
    path.rename(old)
    out.close()
    out.write(TWO)
    assert (old.read_text(), path.read_text()) == (f'{ONE}\n', f'{TWO}\n')


# --- what cannot be written -----------------------------------------------------------


def test_a_full_disk():
    """A disk without room is an OSError with its errno and the name of the file."""
    with pytest.raises(OSError, match='/dev/full') as caught:
        FileOutput('/dev/full').write(ONE)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == '/dev/full'


def test_a_full_disk_costs_no_result(capsys):
    """The function returns its value; the record is on standard error."""
    bench = MicroBenchBase('/dev/full')
    with pytest.warns(RuntimeWarning, match=r"FileOutput\('/dev/full'\).*No space left"):
        assert bench(len)('abc') == 3
    assert capsys.readouterr().err.startswith('{"mb":{"run_id":"')


def test_a_missing_directory(tmp_path):
    """It is made at the first record, but not with those above it: that is a warning."""
    made = FileOutput(tmp_path / 'new' / 'records.jsonl')
    assert not (tmp_path / 'new').exists()
    made.look_ahead()
    made.write(ONE)
    assert made.get_results() == [{'n': 1}]
    place = tmp_path / 'missing' / 'below'
    out = FileOutput(place / 'records.jsonl')
    with pytest.warns(RuntimeWarning, match='cannot take records.*missing/below'):
        MicroBenchBase(outputs=[out])
    with pytest.raises(FileNotFoundError) as caught:
        out.write(ONE)
    assert caught.value.filename == str(place / 'records.jsonl')
    place.parent.mkdir()
    out.write(ONE)
    assert out.get_results() == [{'n': 1}]


def in_a_locked_directory(folder):
    folder.chmod(0o555)
    return folder / 'records.jsonl'


def on_a_locked_file(folder):
    (folder / 'records.jsonl').touch()
    (folder / 'records.jsonl').chmod(0o444)
    return folder / 'records.jsonl'


def below_a_file(folder):
    (folder / 'file').touch()
    return folder / 'file' / 'records.jsonl'


@contextlib.contextmanager
def not_as_root():
    """Skip as root, for whom no permission counts."""
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize(
    ('place', 'code'),
    [
        (lambda folder: folder / 'missing' / 'below' / 'records.jsonl', errno.ENOENT),
        (below_a_file, errno.ENOTDIR),
        (lambda folder: below_a_file(folder) / 'deeper' / 'records.jsonl', errno.ENOTDIR),
        (in_a_locked_directory, errno.EACCES),
        (on_a_locked_file, errno.EACCES),
    ],
)
def test_looking_ahead(place, code):
    """The check raises the error of a later record, and creates nothing."""
    with tempfile.TemporaryDirectory() as name:  # one that anybody gets into
        Path(name).chmod(0o777)
        out = FileOutput(place(Path(name)))
        for store in (out.look_ahead, lambda: out.write(ONE)):
            with not_as_root(), pytest.raises(OSError, match='records') as caught:
                store()
            assert (caught.value.errno, caught.value.filename) == (code, out.outfile)
        Path(name).chmod(0o777)


@pytest.mark.parametrize(
    'make', [str, str.encode, lambda _: '/dev/null', lambda _: None, lambda _: io.BytesIO()]
)
def test_looking_ahead_at_what_can_be_written(make, path):
    """A new file, one that is there, a device and a file object give no error."""
    out = FileOutput(make(str(path)))
    out.look_ahead()
    assert not path.exists()
    out.write(ONE)
    out.look_ahead()


def test_looking_ahead_at_an_open_file(path):
    """A file that is closed, or open for reading alone, takes no record."""
    path.touch()
    with path.open() as file:
        with pytest.raises(io.UnsupportedOperation, match='not writable'):
            FileOutput(file).look_ahead()
    memory = io.StringIO()
    memory.close()
    with pytest.raises(ValueError, match='closed'):
        FileOutput(memory).look_ahead()


def test_looking_ahead_on_a_read_only_file_system(path, monkeypatch):
    """The OSError names the path and the reason."""
    path.touch()
    monkeypatch.setattr(os, 'access', lambda *_, **__: False)
    found = os.statvfs(path)
    read_only = SimpleNamespace(f_flag=found.f_flag | os.ST_RDONLY)
    monkeypatch.setattr(os, 'statvfs', lambda _: read_only)
    with pytest.raises(OSError, match=str(path)) as caught:
        FileOutput(path).look_ahead()
    assert caught.value.errno == errno.EROFS


def test_looking_ahead_with_a_write_of_ones_own(tmp_path):
    """A class with its own write() may use the name as it likes."""

    class Bucket(FileOutput):
        def write(self, bm_json_str):
            pass

    Bucket('bucket://somewhere/records.jsonl').look_ahead()


def test_a_file_as_a_directory(path):
    """A path below a file is an OSError."""
    path.touch()
    with pytest.raises(NotADirectoryError):
        FileOutput(path / 'records.jsonl').write(ONE)


# --- streams and devices --------------------------------------------------------------


def test_a_fifo(tmp_path):
    """A FIFO gets one line a record; what went through it cannot be read back."""
    fifo = tmp_path / 'fifo'
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    out = FileOutput(fifo)
    out.write(ONE)
    out.write(TWO)
    out.flush()
    out.close()
    assert os.read(reader, 100) == f'{ONE}\n{TWO}\n'.encode()
    os.close(reader)
    with pytest.raises(NotImplementedError, match='cannot be read back'):
        out.get_results()


def test_a_fifo_without_a_reader(tmp_path):
    """Without a reader a FIFO is an error, not a program that hangs."""
    os.mkfifo(tmp_path / 'fifo')
    with pytest.raises(OSError, match='fifo') as caught:
        FileOutput(tmp_path / 'fifo').write(ONE)
    assert caught.value.errno == errno.ENXIO


@pytest.mark.parametrize('device', ['/dev/stdout', '/dev/fd/1'])
def test_standard_output_by_name(device):
    """/dev/stdout takes records between what the program prints."""
    code = f"""
from microbench import FileOutput
out = FileOutput({device!r})
print('before', flush=True)
out.write('{ONE}')
print('after')
"""
    assert printed(code) == f'before\n{ONE}\nafter\n'


# --- file objects ---------------------------------------------------------------------


def test_memory_by_default():
    """Without a file, records are in a fresh StringIO."""
    out, other = FileOutput(), FileOutput()
    out.write(ONE)
    assert out.outfile.getvalue() == f'{ONE}\n'
    assert out.get_results() == [{'n': 1}]
    assert other.get_results() == []


@pytest.mark.parametrize('file', [io.StringIO, io.BytesIO])
def test_file_objects_in_memory(file):
    """Text and bytes alike can be written to, read back and written to again."""
    out = FileOutput(file())
    for n in range(3):
        out.write(f'{{"n":{n}}}')
        assert out.get_results() == [{'n': i} for i in range(n + 1)]


@pytest.mark.parametrize('mode', ['w', 'wb', 'a', 'ab', 'w+', 'w+b', 'x'])
def test_open_files(mode, path):
    """An open file gets each record at once, although it has a buffer; it stays open."""
    with path.open(mode) as file:
        out = FileOutput(file)
        out.write(ONE)
        assert path.read_text() == f'{ONE}\n'
        out.close()
        out.write(TWO)
    assert path.read_text() == f'{ONE}\n{TWO}\n'


def test_an_unbuffered_file(path):
    """A raw file gets bytes."""
    with path.open('wb', buffering=0) as file:
        FileOutput(file).write(ONE)
    assert path.read_text() == f'{ONE}\n'


class Narrow(io.RawIOBase):
    """A raw file that takes some bytes at a time, as a pipe does; then none."""

    def __init__(self, room):
        super().__init__()
        self.taken, self.room = b'', room

    def writable(self):
        return True

    def write(self, data):
        part = bytes(data[: min(5, self.room)])
        self.taken, self.room = self.taken + part, self.room - len(part)
        return len(part) if part else None


def test_a_raw_file_that_takes_a_part():
    """After a partial write the rest of the line follows."""
    file = Narrow(100)
    FileOutput(file).write('{"text": "longer than a part"}')
    assert file.taken == b'{"text": "longer than a part"}\n'


@pytest.mark.parametrize(('room', 'rest'), [(10, '21 bytes'), (30, '1 byte')])
def test_a_raw_file_that_takes_no_more(room, rest):
    """A raw file that takes no more is an error: no record is silently cut off."""
    with pytest.raises(BlockingIOError, match=f'{rest} could not be written'):
        FileOutput(Narrow(room)).write('{"text": "longer than a part"}')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
def test_a_file_of_the_codecs_module(path, encoding):
    """A codecs file takes text, although the file below it is binary."""
    reader, writer = codecs.getreader(encoding), codecs.getwriter(encoding)
    with codecs.StreamReaderWriter(path.open('wb'), reader, writer) as file:
        out = FileOutput(file)
        out.look_ahead()
        out.write('{"n": "\N{EURO SIGN}"}')
        out.write('{}')
    assert path.read_text(encoding) == '{"n": "\N{EURO SIGN}"}\n{}\n'


@pytest.mark.parametrize('mode', ['w+b', 'w+'])
def test_temporary_files(mode):
    """The wrapper that tempfile gives is written to and read back like what it wraps."""
    with tempfile.NamedTemporaryFile(mode) as file:
        out = FileOutput(file)
        out.write(ONE)
        out.write(TWO)
        assert out.get_results() == [{'n': 1}, {'n': 2}]
        assert Path(file.name).read_text() == f'{ONE}\n{TWO}\n'


def test_reading_keeps_the_position(path):
    """Reading a file object back leaves it where its owner had it."""
    with path.open('w+') as file:
        file.write('{"n":0}\n')
        out = FileOutput(file)
        position = file.tell()
        assert out.get_results() == [{'n': 0}]
        assert file.tell() == position


def test_least_of_a_file_object():
    """An object with nothing but write() can take records."""

    class Writes:
        lines = ()

        def write(self, text):
            self.lines += (text,)

    file = Writes()
    out = FileOutput(file)
    out.write(ONE)
    out.flush()
    out.close()
    assert file.lines == (f'{ONE}\n',)
    with pytest.raises(NotImplementedError, match='cannot be read back'):
        out.get_results()


def test_a_write_only_file(path):
    """A file open for writing alone cannot answer, and is left as it was."""
    with path.open('w') as file:
        out = FileOutput(file)
        out.write(ONE)
        with pytest.raises(NotImplementedError, match='cannot be read back'):
            out.get_results()
        out.write(TWO)
    assert path.read_text() == f'{ONE}\n{TWO}\n'


def test_a_closed_file(path):
    """A file object that its owner closed raises, and cannot be read."""
    with path.open('w+') as file:
        out = FileOutput(file)
    with pytest.raises(ValueError, match='closed'):
        out.write(ONE)
    with pytest.raises(NotImplementedError, match='cannot be read back'):
        out.get_results()


# --- reading back ---------------------------------------------------------------------


def test_a_missing_file_has_no_records(path):
    """Before the first record there are no results, without an error."""
    assert FileOutput(path).get_results() == []
    assert not path.exists()


def test_a_path_below_a_file_cannot_be_read(path):
    """Any other error of the system is raised unchanged."""
    path.touch()
    with pytest.raises(NotADirectoryError):
        FileOutput(path / 'below').get_results()


# --- flush, close, copies -------------------------------------------------------------


def test_flush_and_close_before_the_first_record(path):
    """There is nothing to flush or close yet; both may come twice."""
    out = FileOutput(path)
    for _ in range(2):
        out.flush()
        out.close()
    out.write(ONE)
    for _ in range(2):
        out.flush()
        out.close()
    out.write(TWO)
    assert path.read_text() == f'{ONE}\n{TWO}\n'


@pytest.mark.parametrize(
    ('durability', 'calls'), [('write', ['append']), ('fsync', ['append', 'sync'])]
)
def test_durability(path, monkeypatch, durability, calls):
    """With durability each record is on the disk before the program goes on."""
    made = []

    class Appender(_core.Appender):
        def append(self, line):
            made.append('append')
            super().append(line)

        def sync(self):
            made.append('sync')
            super().sync()

    monkeypatch.setattr(_core, 'Appender', Appender)
    FileOutput(path, durability=durability).write('{}')
    assert made == calls
    assert path.read_text() == '{}\n'


def test_an_unknown_durability(path):
    """An unknown durability is a ValueError with the accepted values."""
    with pytest.raises(ValueError, match="durability has to be 'write' or 'fsync'"):
        FileOutput(path, durability='always')


def test_close_lets_go_of_the_descriptor(path):
    """After close() no descriptor of the process is on the file."""

    def is_open():
        links = Path('/proc/self/fd')
        return str(path) in {os.path.realpath(link) for link in links.iterdir()}

    out = FileOutput(path)
    out.write(ONE)
    assert is_open()
    out.close()
    assert not is_open()


def test_a_pickled_copy(path):
    """A copy from a pickle, made before or after records, appends to the same file."""
    out = FileOutput(path)
    early = pickle.loads(pickle.dumps(out))
    out.write(ONE)
    late = pickle.loads(pickle.dumps(out))
    early.write(TWO)
    late.write(ONE)
    assert path.read_text() == f'{ONE}\n{TWO}\n{ONE}\n'


def test_a_pickled_sink_in_memory():
    """Memory is copied: what is written afterwards is in the copy alone."""
    out = FileOutput()
    out.write(ONE)
    copy = pickle.loads(pickle.dumps(out))
    copy.write(TWO)
    assert copy.get_results() == [{'n': 1}, {'n': 2}]
    assert out.get_results() == [{'n': 1}]


FORK = """
import os, signal, sys, threading
from microbench import FileOutput

class Slow:
    lines = []
    def __init__(self):
        self.inside, self.go = threading.Event(), threading.Event()
    def write(self, text):
        if threading.current_thread() is not threading.main_thread():
            self.inside.set()
            self.go.wait()
        self.lines.append(text)

file = Slow()
out = FileOutput(file)
thread = threading.Thread(target=out.write, args=('parent',))
thread.start()
file.inside.wait()  # the thread is in write(), and holds the lock of the sink
child = os.fork()
if child == 0:
    signal.alarm(300)
    out.write('child')
    os._exit(file.lines != ['child\\n'])
_, status = os.waitpid(child, 0)
file.go.set()
thread.join()
print(status, file.lines)
"""


def test_fork_while_a_thread_holds_the_lock():
    """The child of a fork writes, although no thread there gives the lock back."""
    silent = ('-W', 'ignore::DeprecationWarning')  # 3.12: about fork with threads
    assert printed(FORK, flags=silent) == "0 ['parent\\n']\n"


# --- several sinks --------------------------------------------------------------------


def test_several_files_get_the_same_line(path, tmp_path):
    """Each sink gets each record, byte for byte the same."""
    other = tmp_path / 'other.jsonl'
    kept = Kept()
    bench = MicroBenchBase(outputs=[FileOutput(path), kept, FileOutput(other)])
    work = bench(len)
    work('')
    work('')
    lines = b''.join(line + b'\n' for line in kept.lines)
    assert len(kept.lines) == 2
    assert path.read_bytes() == other.read_bytes() == lines


def test_a_sink_after_a_failing_one(path):
    """A failing sink does not stop the others, and is tried again at each record."""
    failing = Failing()
    bench = MicroBenchBase(outputs=[failing, FileOutput(path), failing])
    work = bench(len)
    with pytest.warns(RuntimeWarning, match=r'Failing\(\) did not take a record') as caught:
        work('')
        work('')
    assert len(caught) == 1
    assert failing.tried == 4
    assert len(path.read_text().splitlines()) == 2


def test_the_next_sink_answers(tmp_path):
    """A sink that cannot be read back leaves get_results to the next one."""
    fifo = tmp_path / 'fifo'
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    bench = MicroBenchBase(outputs=[FileOutput(fifo), Kept(), FileOutput()], n=1)
    bench(len)('')
    os.close(reader)
    assert [record['n'] for record in bench.get_results()] == [1]
