"""A process is killed around its write, and then the file is rotated."""

import errno
import importlib
import json
import os
import shutil
import signal
import tracemalloc
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench, _core
from microbench.cli.view import recover
from microbench.journal import lost, reader, recovery, torn_lines, written
from microbench.journal.lost import blocks_of
from tests.fakes import only, python

EARLIER = '{"mb":{"run_id":"r","record_id":"%d"},"n":1}\n'
KILLED = """
import os, signal, sys
import microbench._core
from microbench import MicroBench

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Cut(microbench._core.Appender):
    def append(self, record):
        if sys.argv[2] == 'open':
            kill()
        size = int(sys.argv[2]) if sys.argv[2].isdecimal() else len(record) + 1
        with open(sys.argv[1], 'ab') as file:
            file.write((record + b'\\n')[:size])
        kill()

microbench._core.Appender = Cut
with MicroBench(sys.argv[1]).record('lost'):
    pass
"""

OPEN = """
import os, signal, sys
from microbench import MicroBench

with MicroBench(sys.argv[1]).record('lost'):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path):
    """Return a file with two records."""
    path = tmp_path / 'records.jsonl'
    path.write_text(EARLIER % 1 + EARLIER % 2)
    return path


def killed(path, how='written'):
    """Kill a program after its write, or after so many bytes of it."""
    done = python(KILLED, path, how)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, '')


def renamed(path):
    """Rotate the file as logrotate does without `copytruncate`."""
    path.rename(f'{path}.1')


def renamed_and_made_anew(path):
    """Rotate the file and let the next writer create a new one."""
    renamed(path)
    path.write_text(EARLIER % 3)


def renamed_and_made_anew_alike(path):
    """Rotate the file and make the new one as long, and longer."""
    renamed(path)
    path.write_text(EARLIER % 3 + EARLIER % 4 + EARLIER % 5 * 100)


def copied_and_cut_off(path):
    """Rotate the file as logrotate does with `copytruncate`: it is empty."""
    shutil.copyfile(path, f'{path}.1')
    os.truncate(path, 0)


def copied_cut_off_and_grown(path):
    """Rotate by `copytruncate`, and let it grow beyond its old size."""
    copied_and_cut_off(path)
    with path.open('a') as file:
        file.write(EARLIER % 3 + EARLIER % 4 + EARLIER % 5 * 100)


def copied_and_replaced(path):
    """Replace the file by another one with the same beginning."""
    lines = path.read_bytes().splitlines(keepends=True)
    renamed(path)
    path.write_bytes(b''.join(line for line in lines if b'"run_id":"r"' in line))


WAYS = [
    renamed,
    renamed_and_made_anew,
    renamed_and_made_anew_alike,
    copied_and_cut_off,
    copied_cut_off_and_grown,
    copied_and_replaced,
]


def all_names(path):
    """Return names of records in the file and beside it; each line is one."""
    files = sorted(path.parent.glob('records.jsonl*'))
    lines = [line for file in files for line in file.read_bytes().split(b'\n')]
    records = [json.loads(line) for line in lines if line.strip()]
    return [record['call']['name'] for record in records if 'call' in record]


def names_read(path):
    """Return names of the records that a reader of the path sees."""
    records = FileOutput(path).get_results()
    return [record['call']['name'] for record in records if 'call' in record]


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('empty', [False, True], ids=['grown', 'new'])
def test_a_record_that_was_written_is_not_recovered(path, way, empty):
    """The record is in the rotated file, and is never added again."""
    if empty:
        path.unlink()
    killed(path)
    way(path)
    was_there = names_read(path)
    assert was_there in ([], ['lost'])
    MicroBench(path)(len)('')
    assert sorted(all_names(path)) == ['len', 'lost']
    assert recover.main([str(path)]) == 0
    assert sorted(all_names(path)) == ['len', 'lost']
    assert reader.paths_for(str(path)) == []


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('size', [1, 100, 400])
def test_a_record_that_was_cut_off_is_recovered(path, way, size):
    """The record's beginning is blanked in the file where it is now."""
    killed(path, size)
    way(path)
    assert names_read(path) == ['lost']
    assert recover.main([str(path)]) == 0
    assert names_read(path) == ['lost']
    with Path(f'{path}.1').open('ab') as file:
        file.write(b'\n')  # what is at the end may be a write that goes on: it stays
    again = torn_lines.blank(f'{path}.1', lambda text: True)
    assert again <= 1
    assert all_names(path) == ['lost']


@pytest.mark.parametrize('way', WAYS)
def test_a_record_that_was_not_begun_is_recovered(path, way):
    """The record is stored once, in the file that is there now."""
    killed(path, 'open')
    way(path)
    for _ in range(2):
        assert names_read(path) == ['lost']
    MicroBench(path)(len)('')
    assert sorted(all_names(path)) == ['len', 'lost']


@pytest.fixture
def meanwhile(monkeypatch):
    """Run something right before files are searched or blanked."""

    def before(name, do):
        method, left = getattr(written.Written, name), [do]

        def changed(self, *args):
            while left:
                left.pop()()
            return method(self, *args)

        monkeypatch.setattr(written.Written, name, changed)

    return before


@pytest.mark.parametrize('way', WAYS)
def test_a_rotation_during_the_search(path, way, meanwhile):
    """A file renamed during the search is found under its new name."""
    killed(path)
    meanwhile('found', lambda: way(path))
    assert recover.main([str(path)]) == 0
    assert all_names(path) == ['lost']


@pytest.mark.parametrize('way', WAYS)
def test_a_rotation_before_fragments_are_blanked(path, way, meanwhile):
    """Fragments are blanked in the file that they are in now."""
    killed(path, 400)
    with path.open('a') as file:
        file.write('\n' + EARLIER % 6)
    meanwhile('blank', lambda: way(path))
    assert recover.main([str(path)]) == 0
    assert all_names(path) == ['lost']


@pytest.mark.parametrize('kind', ['gzip', 'bz2', 'lzma'])
@pytest.mark.parametrize('whole', [True, False], ids=['whole', 'not complete yet'])
def test_a_rotated_file_that_was_compressed(path, kind, whole):
    """A record in it is not added again; a first record does not unpack it."""
    killed(path)
    data = importlib.import_module(kind).compress(path.read_bytes())
    suffix = {'gzip': 'gz', 'bz2': 'bz2', 'lzma': 'xz'}[kind]
    packed = path.with_name(f'{path.name}.1.{suffix}')
    packed.write_bytes(data if whole else data[: len(data) // 2])
    path.unlink()
    assert names_read(path) == ([] if whole else ['lost'])
    MicroBench(path)(len)('')
    assert len(reader.paths_for(str(path))) == 1
    assert recover.main([str(path)]) == 0
    assert names_read(path) == (['len'] if whole else ['len', 'lost'])
    assert reader.paths_for(str(path)) == []
    assert packed.read_bytes() == (data if whole else data[: len(data) // 2])


def refused(monkeypatch, path, flags):
    """Make the system refuse to open a file, as for another user's."""
    real_open = os.open

    def opened(name, mode, *args, **options):
        if os.fsdecode(name) == path and mode & flags == flags:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
        return real_open(name, mode, *args, **options)

    monkeypatch.setattr(os, 'open', opened)


def test_a_rotated_file_that_cannot_be_read(path, monkeypatch, capsys):
    """Readers show the record; it is not stored, as it may be there."""
    killed(path)
    renamed_and_made_anew(path)
    refused(monkeypatch, f'{path}.1', os.O_RDONLY)
    assert names_read(path) == ['lost']
    for options in ([], ['--dry-run']):
        assert recover.main([*options, str(path)]) == 0
        said = capsys.readouterr().out
        assert 'left alone' in said
        assert 'which cannot be read' in said
    MicroBench(path)(len)('')
    assert sorted(names_read(path)) == ['len', 'lost']
    assert len(reader.paths_for(str(path))) == 1


def test_a_rotated_file_that_cannot_be_written(path, monkeypatch):
    """The piece of a record stays there; the record is recovered, once."""
    killed(path, 400)
    with path.open('a') as file:
        file.write('\n')
    renamed_and_made_anew(path)
    before = Path(f'{path}.1').read_bytes()
    refused(monkeypatch, f'{path}.1', os.O_RDWR)
    assert recover.main([str(path)]) == 0
    assert names_read(path) == ['lost']
    assert reader.paths_for(str(path)) == []
    assert Path(f'{path}.1').read_bytes() == before


def test_a_link_is_rotated_where_it_leads(path, tmp_path):
    """The files that rotation leaves behind lie beside the real one."""
    link = tmp_path / 'elsewhere' / 'link'
    link.parent.mkdir()
    link.symlink_to(path)
    killed(link)
    renamed_and_made_anew(path)
    assert names_read(link) == []
    MicroBench(link)(len)('')
    assert sorted(all_names(path)) == ['len', 'lost']


def test_files_that_were_there_before_are_not_searched(path):
    """Older files cannot hold what the process wrote."""
    killed(path)
    renamed_and_made_anew(path)
    old = Path(f'{path}.2')
    old.write_text(EARLIER % 0)
    os.utime(old, (0, 0))
    [name] = reader.paths_for(str(path))
    with reader.Journal(name, str(path)) as journal:
        search = written.Written(str(path))
        search.add(journal)
    assert sorted(search.starts) == [str(path), f'{path}.1']
    assert search.starts[f'{path}.1'] == len(EARLIER % 1 + EARLIER % 2)


def test_a_fresh_record_is_not_blanked(path, monkeypatch):
    """A file that is truncated and rewritten keeps its new record."""
    torn = b'{"mb":{"run_id":"torn'
    fresh = b'{"mb":{"run_id":"r","record_id":"fresh"}}\n'
    path.write_bytes(fresh + torn + b'\n')
    look = torn_lines._found_in

    def rotate_meanwhile(block):
        found = look(block)
        path.write_bytes(fresh + fresh)
        return found

    monkeypatch.setattr(torn_lines, '_found_in', rotate_meanwhile)
    assert torn_lines.blank(str(path), lambda text: True) == 0
    assert path.read_bytes() == fresh + fresh


def test_a_journal_is_removed_only_if_it_is_the_same_file(path):
    """Another file that has taken its name stays."""
    killed(path, 'open')
    [name] = reader.paths_for(str(path))

    def put_another_there():
        Path(name).unlink()
        Path(name).write_bytes(b'another')

    append = _core.Appender(str(path)).append
    [report] = recovery.recover(str(path), append, put_another_there)
    assert len(report.lines) == 1
    assert Path(name).read_bytes() == b'another'


def test_a_journal_of_another_version(path, capsys):
    """Such a journal is left alone, and the command says so."""
    killed(path, 'open')
    [name] = map(Path, reader.paths_for(str(path)))
    data = bytearray(name.read_bytes())
    data[8] -= 1
    name.write_bytes(data)
    assert names_read(path) == []
    MicroBench(path)(len)('')
    assert recover.main([str(path)]) == 0
    assert 'this is not a journal, or one of another version' in capsys.readouterr().out
    assert name.exists()
    assert all_names(path) == ['len']


def test_a_sparse_file_by_the_name_of_a_journal(path, capsys):
    """A terabyte of holes is not read."""
    name = path.with_name('.records.jsonl.1-00.journal')
    name.write_bytes(b'')
    os.truncate(name, 1 << 40)
    assert names_read(path) == []
    MicroBench(path)(len)('')
    assert recover.main([str(path)]) == 0
    assert 'was left alone: it is large' in capsys.readouterr().out


def test_readers_hold_no_more_than_a_part_of_the_file(path):
    """Memory is limited, also beside journals of living and dead processes."""
    killed(path)
    killed(path, 'open')
    with path.open('ab') as file:
        file.write((EARLIER % 3).encode() * 500_000)
    with MicroBench(path).record('open'):
        tracemalloc.start()
        try:
            in_file = path.stat().st_size
            size = sum(map(len, blocks_of(str(path))))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert size > in_file
    assert peak < 4 << 20


def test_a_reader_and_a_recoverer_at_once(path):
    """A record that is written while the file is read is there once."""
    killed(path, 'open')
    blocks = blocks_of(str(path))
    before = [next(blocks)]
    assert recover.main([str(path)]) == 0
    lines = b''.join([*before, *blocks]).splitlines()
    assert [json.loads(line).get('call', {}).get('name') for line in lines].count(
        'lost'
    ) == 1
    only(names_read(path))


def test_a_recovery_between_journal_and_file(path, monkeypatch):
    """A record that is put into the file once its journal was read is there once."""
    done = python(OPEN, path)
    assert done.returncode == -signal.SIGKILL
    read = lost._read

    def read_and_recover(*args):
        journal = read(*args)
        assert recover.main([str(path)]) == 0
        return journal

    monkeypatch.setattr(lost, '_read', read_and_recover)
    lines = b''.join(blocks_of(str(path))).splitlines()
    names = [json.loads(line).get('call', {}).get('name') for line in lines]
    assert names.count('lost') == 1
