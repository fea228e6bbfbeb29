"""`_core.Appender`: one file, many writers, and errors with their errno."""

import errno
import os
import pickle
import subprocess
import sys
import threading

import pytest

from microbench import _core
from tests.fakes import ROOT, printed

FORKS = ('-W', 'ignore::DeprecationWarning')  # 3.12: about fork with threads


@pytest.fixture
def path(tmp_path):
    """Return a path where nothing is yet."""
    return tmp_path / 'records.jsonl'


@pytest.mark.parametrize('kind', [str, os.fsencode, lambda path: path])
def test_paths(kind, path):
    """A path may be a str, bytes or path object; each call adds one line as given."""
    appender = _core.Appender(kind(path))
    for line in (b'one', b'', b'\0\xff', b'x' * 100_000):
        appender.append(line)
    assert path.read_bytes() == b'one\n\n\0\xff\n' + b'x' * 100_000 + b'\n'


def test_a_descriptor(path):
    """A descriptor of the caller is written to and never closed."""
    with path.open('ab', buffering=0) as file:
        appender = _core.Appender(file.fileno())
        appender.append(b'one')
        appender.close()
        appender.append(b'two')
        del appender
        file.write(b'mine\n')
    assert path.read_bytes() == b'one\ntwo\nmine\n'


def test_a_descriptor_in_the_middle_of_a_file(path):
    """Without O_APPEND a descriptor is written to where it stands."""
    path.write_bytes(b'0123456789')
    with path.open('r+b', buffering=0) as file:
        file.seek(2)
        _core.Appender(file.fileno()).append(b'ab')
    assert path.read_bytes() == b'01ab\n56789'


def test_the_file_is_made_with_the_usual_mode(path):
    """A new file has 0666 less the umask, as open() makes it."""
    other = path.with_name('other')
    other.touch()
    _core.Appender(path).append(b'')
    assert path.stat().st_mode == other.stat().st_mode


def test_no_child_inherits_the_descriptor(path):
    """The file is closed in a program that is executed."""
    appender = _core.Appender(path)
    appender.append(b'')
    code = f"""
import os
found = [os.path.realpath(f'/proc/self/fd/{{n}}') for n in os.listdir('/proc/self/fd')]
print({str(path)!r} in found)
"""
    child = [sys.executable, '-c', code]
    done = subprocess.run(
        child, close_fds=False, check=True, capture_output=True, text=True
    )
    assert done.stdout == 'False\n'


# --- errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('target', 'number', 'kind'),
    [
        ('missing/records', errno.ENOENT, FileNotFoundError),
        ('file/records', errno.ENOTDIR, NotADirectoryError),
        ('place', errno.EISDIR, IsADirectoryError),
        ('loop', errno.ELOOP, OSError),
        ('n' * 300, errno.ENAMETOOLONG, OSError),
        ('/dev/full', errno.ENOSPC, OSError),
    ],
)
def test_errors_of_a_path(target, number, kind, tmp_path):
    """A refusal of the system is the OSError of that errno, with the name of the file."""
    (tmp_path / 'file').touch()
    (tmp_path / 'place').mkdir()
    (tmp_path / 'loop').symlink_to('loop')
    appender = _core.Appender(tmp_path / target)
    for _ in range(2):
        with pytest.raises(kind) as caught:
            appender.append(b'line')
        assert caught.value.errno == number
        assert caught.value.strerror == os.strerror(number)
        assert os.fspath(caught.value.filename) == os.fspath(tmp_path / target)


def test_errors_of_a_descriptor(path):
    """A descriptor that is closed, or open for reading alone, is EBADF."""
    path.touch()
    with path.open('rb') as file:
        appender = _core.Appender(file.fileno())
        with pytest.raises(OSError, match='Bad file descriptor') as caught:
            appender.append(b'line')
    assert caught.value.errno == errno.EBADF
    with pytest.raises(OSError, match='Bad file descriptor'):
        _core.Appender(-1).append(b'line')


def test_a_reader_that_went_away():
    """A closed pipe is a BrokenPipeError, and the program goes on."""
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        _core.Appender(writer).append(b'line')
    os.close(writer)


@pytest.mark.parametrize('wrong', [None, 3.5, object(), ['path']])
def test_what_is_no_target(wrong):
    """A target that is neither path nor descriptor is a TypeError."""
    with pytest.raises(TypeError):
        _core.Appender(wrong)


@pytest.mark.parametrize('wrong', ['str', None, 3, bytearray(b'line')])
def test_what_is_no_line(wrong, path):
    """A line has to be bytes; nothing is written otherwise."""
    appender = _core.Appender(path)
    with pytest.raises(TypeError):
        appender.append(wrong)
    assert not path.exists()


def test_an_appender_is_not_pickled(path):
    """A descriptor belongs to one process: FileOutput makes a new one in its copies."""
    with pytest.raises(TypeError):
        pickle.dumps(_core.Appender(path))


def test_after_an_error_the_next_record_is_whole(path, tmp_path):
    """The cause of a failed append can go away; records come from then on."""
    appender = _core.Appender(tmp_path / 'late' / 'records')
    with pytest.raises(FileNotFoundError):
        appender.append(b'lost')
    (tmp_path / 'late').mkdir()
    appender.append(b'kept')
    assert (tmp_path / 'late' / 'records').read_bytes() == b'kept\n'


LIMITED = """
import errno, resource, signal, sys
from microbench import _core
path = sys.argv[1]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
appender = _core.Appender(path)
appender.append(b'a' * 99)
resource.setrlimit(resource.RLIMIT_FSIZE, (150, resource.RLIM_INFINITY))
try:
    appender.append(b'b' * 99)  # 50 bytes of it would fit
except OSError as error:
    print(errno.errorcode[error.errno])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
appender.append(b'd')
"""


def test_a_record_that_fits_in_part_is_taken_back(path):
    """A file at its limit keeps no piece of a record, only white space."""
    assert printed(LIMITED, path) == 'EFBIG\n'
    assert path.read_bytes() == b'a' * 99 + b'\n' + b'\t' * 50 + b'd\n'


def test_a_rotated_file_is_noticed(path, printed_ticking):
    """With a clock that ticks a second at each look, the next record is in the new file."""
    code = """
import os
from microbench import _core
path = sys.argv[1]
appender = _core.Appender(path)
for n in range(4):
    appender.append(b'%d' % n)
    if n % 2:
        os.rename(path, f'{path}.{n}')
"""
    assert printed_ticking(code, path) == ''
    assert not path.exists()
    parts = [path.with_name(f'{path.name}.{n}').read_bytes() for n in (1, 3)]
    assert parts == [b'0\n1\n', b'2\n3\n']


# --- many writers ---------------------------------------------------------------------


def lines_of(writer, count, size):
    """Return what one writer appends: its name, a number, and filling."""
    return [b'%d:%d:' % (writer, n) + b'%d' % writer * size for n in range(count)]


def whole_lines(path):
    """Return the lines of a file, without empty ones and the blank of a race.

    A writer that sees half a line begins a new one. If another writer has begun it in
    between, a tab takes the place of the newline; a record may begin with it.
    """
    lines = (line.removeprefix(b'\t') for line in path.read_bytes().split(b'\n'))
    return [line for line in lines if line]


@pytest.mark.parametrize('shared', [True, False])
def test_many_threads(shared, path):
    """Eight threads, on one appender or on one each: no line is torn, lost or doubled."""
    together = threading.Barrier(8)
    appenders = [_core.Appender(path) for _ in range(8)]

    def write(number):
        appender = appenders[0 if shared else number]
        together.wait(timeout=60)
        for line in lines_of(number, 100, 500):
            appender.append(line)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [line for number in range(8) for line in lines_of(number, 100, 500)]
    assert sorted(whole_lines(path)) == sorted(expected)


PROCESS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from microbench import _core
path, number = sys.argv[2], int(sys.argv[3])
appender = _core.Appender(path)
print('ready', flush=True)
sys.stdin.readline()
for n in range(100):
    appender.append(b'%d:%d:' % (number, n) + b'%d' % number * 5000)
"""


def test_many_processes(path):
    """Six processes that begin together: each line is whole, and each writer in order."""
    with path.open('wb') as file:
        file.write(b'torn')
    processes = [
        subprocess.Popen(
            [sys.executable, '-c', PROCESS, str(ROOT), str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(6)
    ]
    for process in processes:
        assert process.stdout.readline() == b'ready\n'
    for process in processes:
        process.stdin.write(b'go\n')
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    first, *rest = whole_lines(path)
    assert first == b'torn'
    for number in range(6):
        mine = [line for line in rest if line.startswith(b'%d:' % number)]
        assert mine == lines_of(number, 100, 5000)
    assert len(rest) == 600


FORK = """
import os, select, signal, sys, threading
from microbench import _core
reader, writer = os.pipe()
appender = _core.Appender(writer)
large = b'x' * 1_000_000  # more than a pipe holds
thread = threading.Thread(target=appender.append, args=(large,))
thread.start()
select.select([reader], [], [])  # the thread is in append(), and holds its lock
child = os.fork()
if child == 0:
    signal.alarm(30)
    os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), writer)
    appender.append(b'child')
    os._exit(0)
status = os.waitpid(child, 0)[1]
got = b''
while len(got) < len(large) + 1:
    got += os.read(reader, 65536)
thread.join()
print(status, got == large + b'\\n')
"""


def test_fork_while_a_thread_appends(path):
    """The child has a lock of its own, and the parent's record is not disturbed."""
    assert printed(FORK, path, flags=FORKS) == '0 True\n'
    assert path.read_bytes() == b'child\n'


FORKS_ON_ONE_FILE = """
import os, sys
from microbench import _core
appender = _core.Appender(sys.argv[1])
appender.append(b'parent')
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        for n in range(50):
            appender.append(b'%d:%d' % (number, n))
        os._exit(0)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""


def test_children_go_on_in_the_same_file(path):
    """Forked children append through the descriptor they inherited, lines whole."""
    assert printed(FORKS_ON_ONE_FILE, path) == '[0, 0, 0, 0]\n'
    first, *rest = whole_lines(path)
    assert first == b'parent'
    expected = [b'%d:%d' % (number, n) for number in range(4) for n in range(50)]
    assert sorted(rest) == sorted(expected)


@pytest.mark.parametrize('target', ['path', '/dev/null'])
def test_sync(target, path):
    """sync() does nothing before the first record, nor where nothing can be synced."""
    appender = _core.Appender(path if target == 'path' else target)
    appender.sync()
    appender.append(b'line')
    appender.sync()
    appender.close()
    appender.sync()
    assert path.exists() == (target == 'path')
