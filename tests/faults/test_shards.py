"""Directories as outputs, on a disk that is full and with calls that fail; and files that
change while they are read.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput, query, read
from microbench.cli.view import check, merge
from microbench.journal import lost
from microbench.results import reading
from tests.fakes import ROOT, only
from tests.faults.conftest import BEGIN, ended

LINE = (
    '{"mb":{"run_id":"r","record_id":"%016x"},"call":{"name":"f","durations":[1]},"n":%d}'
)


def test_a_disk_that_fills_up(disk):
    """What was not written was reported; the file has whole lines, and goes on."""
    sink = FileOutput(f'{disk}/many.d/')
    written, failed = [], []
    for number in range(200):
        try:
            sink.write_record((LINE % (number, number) + ' ' * 500).encode())
            written.append(number)
        except OSError as error:
            failed.append(error.errno)
    assert set(failed) == {28}  # ENOSPC
    assert [record['n'] for record in read(f'{disk}/many.d')] == written
    path = only(Path(disk, 'many.d').glob('*.jsonl'))
    lines = filter(str.strip, path.read_text().splitlines())
    assert [json.loads(line)['n'] for line in lines] == written


def test_a_disk_that_has_no_room_for_the_directory(disk):
    """The error names what is missing; with room, the next record finds its place."""
    ballast = disk / 'ballast'
    with pytest.raises(OSError, match='No space'):
        ballast.write_bytes(b'x' * (1 << 17))
    sink = FileOutput(f'{disk}/many.d/')
    with pytest.raises(OSError, match='No space'):
        sink.write_record((LINE % (0, 0)).encode())
    ballast.unlink()
    sink.write_record((LINE % (1, 1)).encode())
    assert [record['n'] for record in read(f'{disk}/many.d')] == [1]


RECORDS = """
bench = MicroBench(path + '/')
for name in 'abc':
    with bench.record(name):
        pass
"""


@pytest.mark.parametrize('error', ['EDQUOT', 'EIO', 'EINTR'])
@pytest.mark.parametrize('when', ['1', '2+'])
def test_calls_that_fail(error, when, tmp_path):
    """Each record is in the file of the process or on standard error, once."""
    if not shutil.which('strace'):
        pytest.skip('needs strace')
    place = tmp_path / 'many.d'
    place.mkdir()
    flags = [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        f'inject=writev:error={error}:when={when}',
    ]
    done = subprocess.run(
        ['strace', *flags, sys.executable, '-c', BEGIN + RECORDS, place],
        env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin'},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if 'ptrace' in done.stderr:
        pytest.skip('needs the right to trace (ptrace)')
    left = ended(done, only(place.glob('*.jsonl')))
    assert (left.status, left.damaged) == (0, 0), left.err
    assert sorted(left.stored + left.printed) == ['a', 'b', 'c']


# --- files that change while they are read ------------------------------------------------

MANY = 1500  # records: some blocks


def _cut(path, size):
    with path.open('r+b') as file:
        file.truncate(size)


def _replace(path):
    other = path.with_suffix('.other')
    other.write_text(LINE % (1 << 20, 1 << 20) + '\n')
    other.rename(path)


CHANGES = {
    'shrinks': lambda path: path.write_text(LINE % (0, 0) + '\n'),
    'is emptied': lambda path: path.write_text(''),
    'is cut in a line': lambda path: _cut(path, 90_001),
    'disappears': lambda path: path.unlink(),
    'is replaced': _replace,
    'becomes a directory': lambda path: (path.unlink(), path.mkdir()),
    'gets other bytes': lambda path: path.write_bytes(b'\0x' * 80_000),
}


@pytest.fixture(params=CHANGES)
def changing(request, tmp_path, monkeypatch):
    """Return a directory whose first file changes after its first block was read."""
    path = tmp_path / 'many.d' / 'a.jsonl'
    path.parent.mkdir()
    path.write_text(''.join(LINE % (n, n) + '\n' for n in range(MANY)))
    (path.parent / 'b.jsonl').write_text(LINE % (MANY, MANY) + '\n')
    changes = [CHANGES[request.param]]

    def blocks(file):
        for block in reading.blocks_without_holes(file):
            yield block
            if changes:
                changes.pop()(path)

    monkeypatch.setattr(lost, 'blocks_without_holes', blocks)
    return path.parent


def is_sound(numbers):
    """Return whether the first block and the second file are there, and nothing twice."""
    first = reading.BLOCK // len(LINE % (0, 0)) - 20
    return (
        len(set(numbers)) == len(numbers)
        and numbers[:first] == list(range(first))
        and numbers[-1] == MANY
    )


@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_read(changing):
    """No exception, and no record twice."""
    assert is_sound([record['n'] for record in read(changing)])


@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_query(changing):
    """The same."""
    pytest.importorskip('duckdb')
    assert is_sound([row['n'] for row in query('SELECT n FROM runs', changing)])


def test_merge(changing, tmp_path):
    """The new file is whole, and has what was read."""
    out = tmp_path / 'merged.jsonl'
    assert merge.main([str(changing), '-o', str(out)]) in (0, 1)
    found = read(out)
    assert is_sound([record['n'] for record in found])
    assert found.damaged == {}


def test_check(changing, capsys):
    """A result, whatever it is."""
    assert check.main([str(changing)]) in (0, 1)
    assert capsys.readouterr().out.count('record') >= 1
