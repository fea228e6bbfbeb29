"""Files that cannot be written any more, or not yet, and what that costs a record."""

import itertools
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.fakes import ROOT
from tests.faults.conftest import BEGIN, ended

LIMIT = """
import resource
kind = resource.RLIMIT_FSIZE
before = resource.getrlimit(kind)
record('a')
bench.add_fields(text='x' * 1000)
resource.setrlimit(kind, (os.path.getsize(path) + 500, before[1]))
record('b', 'c')
resource.setrlimit(kind, before)
record('d')
"""

DESCRIPTORS = """
import resource
before = resource.getrlimit(resource.RLIMIT_NOFILE)
def exhaust():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    taken = []
    while True:
        try:
            taken.append(os.open('/dev/null', os.O_RDONLY))
        except OSError:
            return taken
with MicroBench().record():  # what Python has to import, it has
    pass
taken = exhaust()
record('a')
os.close(taken.pop())
record('b')
taken += exhaust()
record('c')
"""

VANISHED = """
import shutil
folder = os.path.dirname(path) + '/folder'
os.mkdir(folder)
bench = MicroBench(folder + '/records.jsonl')
record('gone')
shutil.rmtree(folder)
record('a')
os.mkdir(folder)
record('b', 'c')
os.link(folder + '/records.jsonl', path)
"""

REPLACED = """
record('gone')
os.unlink(path)
os.mkdir(path)
record('a')
os.rmdir(path)
record('b')
"""

FIFO = """
os.mkfifo(path)
record('a')
os.unlink(path)
record('b')
"""

READER_WENT_AWAY = """
os.mkfifo(path)
reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
record('gone')
os.close(reader)
record('a')
os.unlink(path)
bench._bench_config.delivery.sinks[0].close()
record('b')
"""

NOWHERE = """
os.mkdir(path + '.d')
os.chdir(path + '.d')
os.rmdir(path + '.d')
bench = MicroBench(os.path.basename(path))
record('a')
bench.record_on_exit('b')
bench.cancel_record_on_exit()
os.chdir(os.path.dirname(path))
record('c', 'd')
"""

CHROOT = """
record('a')
os.mkdir(path + '.d')
os.chroot(path + '.d')
record('b', 'c')
"""


@pytest.mark.parametrize(
    ('code', 'stored', 'printed'),
    [
        (LIMIT, ['a', 'd'], ['b', 'c']),
        (DESCRIPTORS, ['b', 'c'], ['a']),
        (VANISHED, ['b', 'c'], ['a']),
        (REPLACED, ['b'], ['a']),
        (FIFO, ['b'], ['a']),
        (READER_WENT_AWAY, ['b'], ['a']),
        (NOWHERE, ['c', 'd'], ['a']),
        (CHROOT, ['a', 'b', 'c'], []),
    ],
    ids=[
        'limit',
        'descriptors',
        'vanished',
        'replaced',
        'fifo',
        'reader',
        'nowhere',
        'chroot',
    ],
)
def test_while_it_lasts(code, stored, printed, program):
    """Records are printed while the file cannot be written, and stored once it can."""
    if code is CHROOT and os.geteuid():
        pytest.skip('only root can change its root directory')
    left = program(code)
    assert (left.status, left.damaged) == (0, 0), left.err
    assert (left.stored, left.printed) == (stored, printed)


def test_rights_that_are_taken_away(program):
    """An open file takes records whatever its mode is; closed, it does not."""
    code = """
os.seteuid(os.geteuid() or 65534)
record('a')
os.chmod(path, 0)
os.chmod(os.path.dirname(path), 0o555)
record('b')
bench._bench_config.delivery.sinks[0].close()
record('c')
os.chmod(os.path.dirname(path), 0o777)
os.chmod(path, 0o200)  # written, and not read
record('d')
os.chmod(path, 0o600)
"""
    with tempfile.TemporaryDirectory() as place:  # one that anybody gets into
        if not os.geteuid():
            os.chown(place, 65534, 65534)
        left = program(code, Path(place) / 'records.jsonl')
    assert (left.status, left.stored, left.printed) == (0, ['a', 'b', 'd'], ['c']), left.err


def test_a_file_of_another_user_where_all_may_write(program):
    """In /tmp, O_CREAT is refused for such a file; records are not."""
    if os.geteuid():
        pytest.skip('only root can give files away')
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o1777)
        path = Path(place) / 'records.jsonl'
        path.touch()
        path.chmod(0o666)
        os.chown(path, 65534, 65534)
        left = program("record('a')", path)
    assert (left.status, left.stored, left.err) == (0, ['a'], '')


# --- standard streams -----------------------------------------------------------------

PRINTING = """
record('a')
for number in range(3):
    try:
        os.write(number, b'printed')
    except OSError:
        pass
os.system('echo printed; echo printed >&2')
record('b')
if {exits}:
    bench.record_on_exit('exit')
if {signal}:
    os.kill(os.getpid(), {signal})
"""
CLOSED = [
    ''.join(which)
    for count in (1, 2, 3)
    for which in itertools.combinations(['<&-', ' >&-', ' 2>&-'], count)
]


@pytest.mark.parametrize('number', [0, signal.SIGTERM])
@pytest.mark.parametrize('closed', CLOSED)
def test_without_standard_streams(closed, number, tmp_path):
    """Text printed to free numbers 1 and 2 gets into no file of microbench."""
    path = tmp_path / 'records.jsonl'
    code = BEGIN + PRINTING.format(exits=True, signal=int(number))
    words = [sys.executable, '-c', code, str(path)]
    line = f'exec {shlex.join(words)} {closed}'
    done = subprocess.run(
        ['/bin/sh', '-c', line],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    left = ended(done, path)
    assert (left.status, left.damaged) == (-number, 0), left.err
    assert left.stored == ['a', 'b', 'exit']
    assert b'printed' not in path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]  # and no journal


@pytest.mark.parametrize(
    'closing', ['sys.stderr.close()', 'os.close(2)', 'sys.stderr = None']
)
def test_nowhere_left_to_tell(closing, program, tmp_path):
    """With neither file nor standard error, the program ends as ever."""
    code = f'{closing}\nrecord("a")\nbench.record_on_exit()\nsys.exit(3)'
    left = program(code, tmp_path / 'missing' / 'below' / 'records.jsonl')
    assert (left.status, left.printed) == (3, [])


def test_a_limit_that_is_meant_to_kill(program, tmp_path):
    """SIGXFSZ kills as the program wishes; no record is glued to a torn one."""
    code = LIMIT.replace(
        'import resource', 'import resource; signal.signal(25, signal.SIG_DFL)'
    )
    left = program(code)
    assert (left.status, left.stored[0]) == (-signal.SIGXFSZ, 'a')
    left = program("record('next')")
    assert (left.status, left.stored[-1]) == (0, 'next')
