"""Digests of files in a record."""

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import time
import zipapp
from pathlib import Path
from unittest.mock import patch

import pytest

from microbench import MBFileHash, MicroBench, MicroBenchBase
from microbench.mixins import digest
from microbench.mixins.files import files_of
from tests.fakes import ROOT, Ticking, only


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Change to a directory with two files."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath('a.txt').write_bytes(b'a')
    tmp_path.joinpath('b.txt').write_bytes(b'b')
    return tmp_path


def bench_of(**attributes):
    """Return a bench with the mixin and these attributes."""
    return type('Bench', (MicroBenchBase, MBFileHash), attributes)()


def record_of(**attributes):
    """Return the record of one call."""
    bench = bench_of(**attributes)
    bench(lambda: None)()
    return only(bench.get_results())


def sha256(data):
    """Return the digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def test_digests_by_the_path_as_given(folder):
    """Relative paths start at the current directory and are stored as given."""
    absolute = str(folder / 'b.txt')
    record = record_of(hash_files=['a.txt', absolute])
    assert record['file_hashes'] == {'a.txt': sha256(b'a'), absolute: sha256(b'b')}
    assert record['mb']['file_hash_algorithm'] == 'sha256'


def test_no_files(folder):
    """An empty list, or an exhausted iterator, is no reason to fail."""
    for none in ([], (), iter([])):
        record = record_of(hash_files=none)
        assert record['file_hashes'] == {}
        assert 'file_hash_algorithm' not in record['mb']


def test_relative_paths_count_from_the_present_directory(folder, monkeypatch):
    """Each record uses the directory of that moment."""
    bench = bench_of(hash_files=['a.txt'])
    bench(lambda: None)()
    folder.joinpath('sub').mkdir()
    folder.joinpath('sub', 'a.txt').write_bytes(b'other')
    monkeypatch.chdir(folder / 'sub')
    bench(lambda: None)()
    found = [record['file_hashes']['a.txt'] for record in bench.get_results()]
    assert found == [sha256(b'a'), sha256(b'other')]


def test_before_the_code_runs(folder):
    """The digest is that of the file before the code runs."""
    bench = bench_of(hash_files=['a.txt'])
    bench(Path.write_bytes)(Path('a.txt'), b'changed')
    assert only(bench.get_results())['file_hashes'] == {'a.txt': sha256(b'a')}


@pytest.mark.parametrize('path', ['a.txt', b'a.txt', Path('a.txt')])
def test_one_path_is_one_file(folder, path):
    """A string, bytes or Path is taken as a whole, and as a member too."""
    assert record_of(hash_files=path)['file_hashes'] == {'a.txt': sha256(b'a')}
    assert record_of(hash_files=[path])['file_hashes'] == {'a.txt': sha256(b'a')}


def test_the_default_is_the_script(folder, monkeypatch):
    """The default is `sys.argv[0]` at the call."""
    monkeypatch.setattr(sys, 'argv', ['a.txt', 'b.txt'])
    assert record_of()['file_hashes'] == {'a.txt': sha256(b'a')}


@pytest.mark.parametrize('words', [[], [''], ['-c'], ['-']])
def test_without_a_script(monkeypatch, words):
    """Nothing is hashed, and no algorithm named; the record says why."""
    monkeypatch.setattr(sys, 'argv', words)
    monkeypatch.setattr(sys.modules['__main__'], '__file__', None, raising=False)
    record = record_of()
    assert record['file_hashes'] == {}
    assert 'file_hash_algorithm' not in record['mb']
    why = 'no script: the code was typed, or given to Python as text'
    assert record['mb']['unavailable'] == {'file_hashes': why}


def test_a_launcher_is_not_the_script(monkeypatch):
    """Under pytest, in IPython or from an entry point, no file is the program."""
    launcher = str(Path(sys.executable).with_name('pytest'))
    monkeypatch.setattr(sys, 'argv', [launcher])
    record = record_of()
    assert record['file_hashes'] == {}
    why = f'an installed program runs the code: {launcher}'
    assert record['mb']['unavailable'] == {'file_hashes': why}


JOB = """\
import json, os, sys
from microbench import MBFileHash, MicroBench
class Bench(MicroBench, MBFileHash):
    pass
bench = Bench()
def record():
    with bench.record('x'):
        pass
    record = bench.get_results()[-1]
    print(json.dumps([record['file_hashes'], record['mb'].get('unavailable')]))
"""


def hashes(folder, *words, code='record()\n', name='job.py', **options):
    """Return hashes and missing files in each record of a program."""
    folder.joinpath(name).parent.mkdir(exist_ok=True)
    folder.joinpath(name).write_text(JOB + code)
    paths = [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(paths)}
    command = [sys.executable, *(words or (name,))]
    done = subprocess.check_output(command, cwd=folder, env=environment, **options)
    return [json.loads(line) for line in done.splitlines()]


def test_the_word_as_given_while_it_leads_to_the_script(folder):
    """After a change of directory the absolute path is stored instead."""
    found = hashes(folder, code='record()\nos.chdir("/")\nrecord()\n')
    digest = sha256(folder.joinpath('job.py').read_bytes())
    assert found == [[{'job.py': digest}, None], [{f'{folder}/job.py': digest}, None]]


def test_a_directory_that_is_a_program(folder):
    """The `__main__.py` of a directory is hashed."""
    found = hashes(folder, 'program', name='program/__main__.py')
    digest = sha256(folder.joinpath('program/__main__.py').read_bytes())
    assert found == [[{'program/__main__.py': digest}, None]]


def test_an_archive_that_is_a_program(folder):
    """An archive is hashed, shebang line included."""
    folder.joinpath('sources').mkdir()
    folder.joinpath('sources/__main__.py').write_text(JOB + 'record()\n')
    zipapp.create_archive(folder / 'sources', folder / 'app.pyz', '/usr/bin/env python3')
    found = hashes(folder, 'app.pyz')
    assert found == [[{'app.pyz': sha256(folder.joinpath('app.pyz').read_bytes())}, None]]


def test_a_linked_script(folder):
    """The path is that of the link, the digest that of the file."""
    folder.joinpath('link.py').symlink_to('job.py')
    found = hashes(folder, 'link.py')
    assert found == [[{'link.py': sha256(folder.joinpath('job.py').read_bytes())}, None]]


EDIT = 'open("job.py", "a").write("# for the next job")\n'
REPLACE = 'os.rename("new", "job.py")\n'
DELETE = 'os.unlink("job.py")\n'


@pytest.mark.parametrize('change', [EDIT, REPLACE, DELETE])
def test_the_digest_is_that_of_the_code_that_runs(folder, change):
    """A known digest is kept even if the file changes; other algorithms have none."""
    folder.joinpath('new').write_text('new')
    code = 'record()\n' + change + 'record()\nbench.hash_algorithm = "md5"\nrecord()\n'
    first, second, [other, why] = hashes(folder, code=code)
    digest = sha256((JOB + code).encode())
    assert first == second == [{'job.py': digest}, None]
    assert other == {}
    reason = (
        'No such file or directory' if change == DELETE else 'changed while the program ran'
    )
    assert why == {'file_hashes': f'{reason}: {folder}/job.py'}


def test_a_script_whose_mode_changes_is_the_same(folder):
    """`chmod` and another link leave the code as it is."""
    code = 'os.chmod("job.py", 0o755)\nos.link("job.py", "other")\nrecord()\n'
    assert hashes(folder, code=code) == [[{'job.py': sha256((JOB + code).encode())}, None]]


def test_a_script_that_is_read_again_is_hashed_again(folder):
    """A script that `%run` in IPython reads again is hashed each time."""
    code = 'import runpy\nfor text in ("1", "2"):\n'
    code += '    open("inner.py", "w").write("bench = __import__(\'builtins\').bench; "\n'
    code += '        "import builtins; builtins.record() #" + text)\n'
    code += '    import builtins; builtins.bench, builtins.record = bench, record\n'
    code += '    runpy.run_path("inner.py", run_name="__main__")\n'
    [first, second] = hashes(folder, code=code)
    assert first[0].keys() == second[0].keys() == {'inner.py'}
    assert first != second


def test_a_frozen_program_is_its_executable(folder, monkeypatch):
    """PyInstaller and the like set `sys.frozen`; `sys.executable` is the program."""
    monkeypatch.setattr(sys, 'frozen', True, raising=False)
    monkeypatch.setattr(sys, 'executable', str(folder / 'a.txt'))
    assert record_of()['file_hashes'] == {str(folder / 'a.txt'): sha256(b'a')}


@pytest.mark.parametrize(('size', 'left_out'), [(0, True), ('1G', False)])
def test_the_limit_is_for_the_script_too(folder, monkeypatch, size, left_out):
    """A large archive is left out as any other file is."""
    monkeypatch.setattr(sys, 'argv', ['a.txt'])
    record = record_of(hash_size_limit=size)
    assert record.get('file_hashes_left_out') == ({'a.txt': 1} if left_out else None)
    assert record['file_hashes'] == ({} if left_out else {'a.txt': sha256(b'a')})


@pytest.mark.parametrize(
    ('algorithm', 'digest'),
    [
        ('md5', hashlib.md5(b'a').hexdigest()),
        ('blake2b', hashlib.blake2b(b'a').hexdigest()),
        ('sha3_256', hashlib.sha3_256(b'a').hexdigest()),
        ('shake_128', hashlib.shake_128(b'a').hexdigest(32)),
        ('shake_256', hashlib.shake_256(b'a').hexdigest(64)),
    ],
)
def test_algorithms(folder, algorithm, digest):
    """Any algorithm of hashlib works, also those with digests of any length."""
    record = record_of(hash_files=['a.txt'], hash_algorithm=algorithm)
    assert record['file_hashes'] == {'a.txt': digest}
    assert record['mb']['file_hash_algorithm'] == algorithm


def test_every_guaranteed_algorithm(folder):
    """No guaranteed algorithm fails."""
    for algorithm in hashlib.algorithms_guaranteed:
        record = record_of(hash_files=['a.txt'], hash_algorithm=algorithm)
        assert int(record['file_hashes']['a.txt'], 16)


def test_an_unknown_algorithm(folder):
    """An unknown algorithm is a ValueError at the call."""
    with pytest.raises(ValueError, match='nope'):
        record_of(hash_files=['a.txt'], hash_algorithm='nope')


def test_large_files(folder, monkeypatch):
    """A file is read in blocks."""
    monkeypatch.setattr(digest, 'BLOCK', 3)
    folder.joinpath('a.txt').write_bytes(b'0123456789')
    assert record_of(hash_files='a.txt')['file_hashes'] == {'a.txt': sha256(b'0123456789')}


# --- what cannot be read -----------------------------------------------------------


@pytest.mark.parametrize(
    ('path', 'error'),
    [('none.txt', FileNotFoundError), ('.', IsADirectoryError)],
)
def test_a_missing_file_raises(folder, path, error):
    """Missing files and directories raise without capture_optional."""
    with pytest.raises(error):
        record_of(hash_files=['a.txt', path])


def test_one_bad_file_loses_no_other(folder):
    """With capture_optional the digests of all others are in the record."""
    wanted = ['none.txt', 'a.txt', '.', 'b.txt']
    record = record_of(hash_files=wanted, capture_optional=True)
    assert record['file_hashes'] == {'a.txt': sha256(b'a'), 'b.txt': sha256(b'b')}
    assert record['mb']['file_hash_algorithm'] == 'sha256'
    error = "FileNotFoundError: [Errno 2] No such file or directory: 'none.txt'"
    assert record['call']['capture_errors'] == [
        {'method': 'capture_file_hashes', 'error': error}
    ]


def test_pipes_are_not_read(folder):
    """Reading a pipe would take what another program waits for."""
    os.mkfifo('pipe')
    with pytest.raises(OSError, match='not a regular file') as caught:
        record_of(hash_files=['pipe'])
    assert caught.value.errno == errno.EINVAL


def test_a_pipe_in_the_place_of_a_file_is_not_read(folder, monkeypatch):
    """A pipe may replace the file after the check: the opened one counts."""
    state_of = digest.state_of

    def replacing(path):
        found = state_of(path)
        os.mkfifo('pipe')
        Path('pipe').replace(path)
        return found

    monkeypatch.setattr(digest, 'state_of', replacing)
    with pytest.raises(OSError, match='not a regular file'):
        record_of(hash_files=['a.txt'])


def test_opening_a_pipe_waits_for_no_writer(folder):
    """Nothing stays open, and what others have written stays in it."""
    os.mkfifo('pipe')
    held = os.open('pipe', os.O_RDWR)
    os.write(held, b'x')
    with pytest.raises(OSError, match='not a regular file'):
        digest.open_file('pipe')
    assert os.read(held, 9) == b'x'
    os.close(held)


HOLDER = """
import fcntl, os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
held = os.open('a.txt', os.O_RDWR)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print(flush=True)
signal.sigwait({signal.SIGIO})
"""


def test_a_file_with_a_lease_is_waited_for(folder):
    """A lease, such as Samba's, is waited for: the kernel asks its holder to end it."""
    command = [sys.executable, '-c', HOLDER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        record = record_of(hash_files=['a.txt'])
    assert holder.returncode == 0
    assert record['file_hashes'] == {'a.txt': sha256(b'a')}


@pytest.mark.parametrize('path', ['a\0b', 7, None, 'x' * 5000, 'loop'])
def test_what_is_no_path_raises_when_the_others_are_hashed(folder, path):
    """The record has the other digests, and the reason for this path."""
    folder.joinpath('loop').symlink_to('loop')
    record = record_of(hash_files=[path, 'a.txt'], capture_optional=True)
    assert record['file_hashes'] == {'a.txt': sha256(b'a')}
    [noted] = record['call']['capture_errors']
    assert noted['method'] == 'capture_file_hashes'


def test_a_device_is_not_read(folder):
    """Reading `/dev/zero` would never end."""
    for device in ('/dev/zero', '/dev/null', '/dev/tty'):
        with pytest.raises(OSError, match='not a regular file|No such'):
            record_of(hash_files=[device])


def test_files_of_the_kernel(folder):
    """Files of size 0, or of a page, are read to their end."""
    for path in ('/proc/version', '/sys/kernel/mm/transparent_hugepage/enabled'):
        if os.path.exists(path):  # noqa: PTH110 - sandboxes have no /sys
            expected = sha256(Path(path).read_bytes())
            assert record_of(hash_files=[path])['file_hashes'] == {path: expected}


class Writing:
    """A file that changes each time it is read."""

    def __init__(self, monkeypatch, times):
        self.times = times
        self.hex_digest = digest.hex_digest
        monkeypatch.setattr(digest, 'hex_digest', self)

    def __call__(self, path, *options):
        found = self.hex_digest(path, *options)
        if self.times > 0:
            self.times -= 1
            with open(path, 'ab') as file:  # noqa: PTH123 - the path is bytes, too
                file.write(b'+')
        return found


@pytest.mark.parametrize('times', [1, 2])
def test_a_file_that_changes_meanwhile_is_read_again(folder, monkeypatch, times):
    """The digest is that of one moment."""
    Writing(monkeypatch, times)
    record = record_of(hash_files=['a.txt'])
    assert record['file_hashes'] == {'a.txt': sha256(b'a' + b'+' * times)}
    assert 'unavailable' not in record['mb']


def test_a_file_that_keeps_changing_has_no_digest(folder, monkeypatch):
    """The record says why; the code runs, and the others are hashed."""
    Writing(monkeypatch, 3)
    record = record_of(hash_files=['a.txt', 'b.txt'])
    assert record['file_hashes'] == {'b.txt': sha256(b'b')}
    why = {'file_hashes.a.txt': 'changed while it was read: a.txt'}
    assert record['mb']['unavailable'] == why


def test_a_large_file_that_changes_is_read_once(folder, monkeypatch):
    """Reading it again could take as long as the code."""
    monkeypatch.setattr(digest, 'LARGE', 0)
    writing = Writing(monkeypatch, 3)
    assert record_of(hash_files=['a.txt'])['file_hashes'] == {}
    assert writing.times == 2


def test_a_file_that_grows_as_fast_as_it_is_read(folder, monkeypatch):
    """Reading ends a block beyond the size that it had."""
    monkeypatch.setattr(digest, 'BLOCK', 1)
    read = []

    class Endless(io.BytesIO):
        def read(self, size):
            read.append(size)
            return b'x'

    with patch('builtins.open', side_effect=lambda *_: Endless()):
        digest.hex_digest('a.txt', 'sha256', 5)
    assert len(read) == 6


# --- read again --------------------------------------------------------------------


@pytest.fixture
def reads(folder, monkeypatch):
    """The paths that were read, once a file is known to be older than a moment."""
    read = []
    hex_digest = digest.hex_digest

    def reading(path, *options):
        read.append(path)
        return hex_digest(path, *options)

    monkeypatch.setattr(digest, 'hex_digest', reading)
    return read


def digests(bench, *contents):
    """The digest of `a.txt` in one record after another, each with a new content."""
    for content in contents:
        if content is not None:
            Path('a.txt').write_bytes(content)
        bench(lambda: None)()
    return [r['file_hashes']['a.txt'] for r in bench.get_results()]


def test_a_settled_file_is_read_once(reads, monkeypatch):
    """Another record has the digest of before; another algorithm is another digest."""
    later = time.time_ns() + 10**10
    monkeypatch.setattr(time, 'time_ns', lambda: later)
    bench = bench_of(hash_files=['a.txt'])
    assert digests(bench, None, None) == [sha256(b'a')] * 2
    assert reads == ['a.txt']
    bench.hash_algorithm = 'md5'
    assert digests(bench, None)[-1] == hashlib.md5(b'a').hexdigest()
    assert reads == ['a.txt'] * 2


def test_a_changed_file_is_read_again(reads, monkeypatch):
    """Size or times tell that it has changed."""
    later = time.time_ns() + 10**10
    monkeypatch.setattr(time, 'time_ns', lambda: later)
    bench = bench_of(hash_files=['a.txt'])
    assert digests(bench, None, b'bb') == [sha256(b'a'), sha256(b'bb')]


def test_a_file_that_has_just_changed_is_always_read(reads):
    """Two changes in one tick of the file system show the same time."""
    bench = bench_of(hash_files=['a.txt'])
    now = time.time_ns()
    contents = [b'b', b'c', b'd']
    for content in contents:
        Path('a.txt').write_bytes(content)
        os.utime('a.txt', ns=(now, now))
        bench(lambda: None)()
    found = [r['file_hashes']['a.txt'] for r in bench.get_results()]
    assert found == [sha256(content) for content in contents]
    assert reads == ['a.txt'] * 3


# --- large files ---------------------------------------------------------------------


@pytest.mark.parametrize('limit', [1023, '1023', '1022'])
def test_files_above_the_limit_are_left_out(folder, limit):
    """The record has their size in bytes instead; the others are hashed."""
    folder.joinpath('large.txt').write_bytes(bytes(1024))
    record = record_of(hash_files=['large.txt', 'a.txt'], hash_size_limit=limit)
    assert record['file_hashes'] == {'a.txt': sha256(b'a')}
    assert record['file_hashes_left_out'] == {'large.txt': 1024}


@pytest.mark.parametrize('limit', [None, 1024, '1k', ' 1K ', '1m', '1M', '1G', '1t'])
def test_files_within_the_limit_are_hashed(folder, limit):
    """Files within the limit are hashed, and none is listed as left out."""
    folder.joinpath('large.txt').write_bytes(bytes(1024))
    record = record_of(hash_files=['large.txt'], hash_size_limit=limit)
    assert record['file_hashes'] == {'large.txt': sha256(bytes(1024))}
    assert 'file_hashes_left_out' not in record


@pytest.mark.parametrize('limit', ['', 'much', '10GB', '10mg', '-1', '1.5', 1e9, b'1'])
def test_a_limit_that_is_none(folder, limit):
    """A wrong limit is a ValueError that says what to write, before the code runs."""
    with pytest.raises(ValueError, match='not a number of bytes: type'):
        record_of(hash_files=['a.txt'], hash_size_limit=limit)


@pytest.mark.parametrize(('step', 'seconds'), [(0.9, None), (1.0, 1.0), (12.3456, 12.346)])
def test_a_delay_is_recorded(folder, monkeypatch, step, seconds):
    """From a second on the record says how long hashing took."""
    monkeypatch.setattr(time, 'perf_counter', Ticking(step))
    assert record_of(hash_files=['a.txt'])['mb'].get('file_hash_seconds') == seconds


# --- the command -------------------------------------------------------------------


def test_files_of_a_command(folder):
    """Hashed are the program from PATH, words that are files, and option values."""
    words = ['a.txt', '--input=b.txt', '--flag', '.', 'none.txt', 'a.txt', '--out=none']
    program = os.path.realpath(sys.executable)
    assert files_of([program, *words]) == [program, 'a.txt', 'b.txt']


def test_a_directory_in_a_command(folder):
    """`python directory` runs its `__main__.py`; other directories are left out."""
    folder.joinpath('program').mkdir()
    assert files_of(['none', 'program']) == []
    folder.joinpath('program', '__main__.py').touch()
    expected = ['program/__main__.py']
    assert files_of(['none', 'program', 'program/', '--x=program']) == expected


def test_pipes_in_a_command(folder):
    """Pipes are left out: reading them would take the command's input."""
    os.mkfifo('pipe')
    assert files_of(['none', 'pipe', '--in=pipe', '/dev/zero', 'a' * 5000]) == []


def test_the_program_of_a_command(folder, monkeypatch):
    """A name that is not on PATH is taken as a file, or left out."""
    monkeypatch.setattr('shutil.which', {'tool': '/bin/sh'}.get)
    assert files_of(['tool']) == ['/bin/sh']
    assert files_of(['a.txt']) == ['a.txt']
    assert files_of(['none']) == []
    assert files_of([]) == []


def test_options_of_the_command(folder):
    """Each option says what it needs; wrong words are rejected before the run."""
    hash_file, hash_algorithm, size_limit = MBFileHash.cli_args
    assert (hash_file.flags, hash_file.dest) == (['--hash-file'], 'hash_files')
    assert hash_file.nargs == '+'
    assert hash_file.cli_default is files_of
    assert hash_file.type('a.txt') == 'a.txt'
    for wrong in ('none.txt', '.'):
        with pytest.raises(ValueError, match='not found|is a directory'):
            hash_file.type(wrong)
    assert (hash_algorithm.flags, hash_algorithm.dest) == (
        ['--hash-algorithm'],
        'hash_algorithm',
    )
    assert hash_algorithm.type('shake_128') == 'shake_128'
    with pytest.raises(ValueError, match='nope'):
        hash_algorithm.type('nope')
    assert (size_limit.flags, size_limit.dest) == (
        ['--hash-size-limit'],
        'hash_size_limit',
    )
    assert size_limit.type('500M') == 500 << 20
    with pytest.raises(ValueError, match='not a number of bytes'):
        size_limit.type('much')


def test_a_stubbed_open_has_the_last_word():
    """Tests of users stub `open`; the file need not be there."""
    bench = type('Bench', (MicroBench, MBFileHash), {'hash_files': ['/fake/in']})()
    bm_data = {'mb': {}}
    with patch('builtins.open', side_effect=lambda *_: io.BytesIO(b'abc')):
        bench.capture_file_hashes(bm_data)
    digest = hashlib.sha256(b'abc').hexdigest()
    assert bm_data['file_hashes'] == {'/fake/in': digest}
