"""The first record beside journals of dead processes: how much is read, and what is left.

How long it takes is what `make bench` tells; here it is bytes, files and records.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench
from microbench.cli.view import recover
from microbench.journal import reader as journals
from tests.fakes import ROOT, python

# Of a file of 300 MiB. A sanitizer keeps what is freed, and shadows it.
MOST_GROWN = (64 if os.environ.get('MICROBENCH_SANITIZE') else 8) << 20

KILL = 'os.kill(os.getpid(), signal.SIGKILL)'
OPEN = f"""
import contextlib, os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
with contextlib.ExitStack() as stack:
    for number in range(int(sys.argv[2])):
        stack.enter_context(bench.record(f'lost {{number}}'))
    {KILL}
"""
WRITTEN = f"""
import os, signal, sys
import microbench._core
from microbench import MicroBench

class Cut(microbench._core.Appender):
    def append(self, record):
        super().append(record)
        {KILL}

microbench._core.Appender = Cut
with MicroBench(sys.argv[1]).record('written'):
    pass
"""
FIRST = """
import sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])

@bench
def first():
    pass

def read():
    with open('/proc/self/io') as file:
        return int(file.readline().split()[1])

def peak():
    with open('/proc/self/status') as lines:
        return [int(line.split()[1]) * 1024 for line in lines if 'VmHWM' in line][0]

before = read(), peak()
first()
print(read() - before[0], peak() - before[1])
"""
MIB = 1 << 20
HOLE = 300 * MIB  # without blocks: quick to make, and as slow to read as any other


@pytest.fixture
def path(tmp_path):
    """Return a large file that ends with a record."""
    path = tmp_path / 'records.jsonl'
    path.write_bytes(b'\n')
    os.truncate(path, HOLE)
    with path.open('ab') as file:
        file.write(b'\n{"n":1}\n')
    return path


def killed(code, path, *args):
    """Run a program that kills itself."""
    done = python(code, path, *args)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, '')


def left(path):
    """Return how many journals are beside a file."""
    return len(journals.paths_for(str(path)))


def names_at_the_end(path):
    """Return names of the records after the hole."""
    with path.open('rb') as file:
        file.seek(HOLE)
        lines = [line for line in file if line.strip()]
    return [json.loads(line).get('call', {}).get('name') for line in lines]


def first_record(path):
    """Return how many bytes a program with one record reads, and its memory."""
    done = python(FIRST, path)
    assert done.stderr == ''
    return map(int, done.stdout.split())


@pytest.mark.parametrize('code', [OPEN, WRITTEN], ids=['open', 'written'])
def test_of_a_large_file_only_what_came_later_is_read(path, code):
    """The journal bounds where its records can be; open ones are in no file."""
    killed(code, path, 1)
    bytes_read, grown = first_record(path)
    assert bytes_read < 2 * MIB  # modules that are imported, above all
    assert grown < MOST_GROWN
    name = 'lost 0' if code == OPEN else 'written'
    assert names_at_the_end(path) == [None, name, 'first']
    assert left(path) == 0


def test_what_was_open_is_recovered_however_much_came_later(path):
    """A record that was open had not been written."""
    killed(OPEN, path, 1)
    os.truncate(path, 2 * HOLE)
    bytes_read, grown = first_record(path)
    assert bytes_read < 2 * MIB
    assert grown < MOST_GROWN
    assert left(path) == 0


def test_a_record_that_may_be_anywhere_is_left_to_the_command(path):
    """After much growth only readers and `microbench recover` search the file."""
    killed(WRITTEN, path)
    with path.open('ab') as file:
        file.write(b'{"n":2}\n' * (MIB // 8))
    bytes_read, _ = first_record(path)
    assert bytes_read < 2 * MIB
    assert left(path) == 1
    assert recover.main([str(path)]) == 0
    assert left(path) == 0
    assert names_at_the_end(path).count('written') == 1


def test_a_journal_that_is_large_is_left_to_the_command(tmp_path, capsys):
    """Each of two thousand open records comes back once."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 2000)
    bytes_read, _ = first_record(path)
    assert bytes_read < 2 * MIB
    assert path.read_bytes().count(b'\n') == 1
    assert left(path) == 1
    assert len(FileOutput(path).get_results()) == 2001
    assert recover.main([str(path)]) == 0
    assert ': 2000 records of process ' in capsys.readouterr().out
    names = [record['call']['name'] for record in FileOutput(path).get_results()]
    assert names == ['first', *(f'lost {number}' for number in range(2000))]
    assert left(path) == 0


def test_of_many_journals_some_are_left_to_the_next(tmp_path):
    """Each program does a part, and the records are there all along."""
    path = tmp_path / 'records.jsonl'
    for _ in range(10):
        killed(OPEN, path, 1)
    several = journals.FIRST_BYTES // (64 << 10)
    for done in (several, 10):
        MicroBench(path)(len)('')
        assert left(path) == 10 - done
        names = [record['call']['name'] for record in FileOutput(path).get_results()]
        assert names.count('lost 0') == 10


def test_many_that_live_do_not_hide_those_that_are_dead(tmp_path, monkeypatch):
    """Only some journals are examined: first those whose process is gone."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 1)
    [dead] = journals.paths_for(str(path))
    seen = [tmp_path / f'.records.jsonl.{os.getpid()}-{n:016x}.journal' for n in range(9)]
    for name in seen:
        name.write_bytes(b'')
    monkeypatch.setattr(journals, 'FIRST_LOOKS', 3)
    found = journals.at_first_record(str(path))
    assert found[0] == dead
    assert len(found) == 3


def test_beside_journals_that_live_nothing_is_loaded(tmp_path):
    """A worker whose siblings record as well pays for a look at each."""
    path = tmp_path / 'records.jsonl'
    code = (
        'import sys\nfrom microbench import MicroBench\nMicroBench(sys.argv[1])(len)("")\n'
    )
    code += 'print([name for name in sys.modules if "recovery" in name or name == "json"])'
    with MicroBench(path).record('open'):
        assert python(code, path).stdout == '[]\n'
    killed(OPEN, path, 2000)  # and of one that is left to the command
    assert python(code, path).stdout == '[]\n'


def test_a_record_that_is_larger_than_all_that_is_read(tmp_path):
    """A huge record is left to readers and the command, complete."""
    path = tmp_path / 'records.jsonl'
    note = 'sys.argv[1], max_value=None, note="x" * 1_000_000)'
    large = OPEN.replace('sys.argv[1])', note)
    killed(large, path, 1)
    MicroBench(path)(len)('')
    assert left(path) == 1
    assert recover.main([str(path)]) == 0
    [_, record] = FileOutput(path).get_results()
    assert record['note'] == 'x' * 1_000_000


def test_more_records_than_a_journal_can_show(tmp_path):
    """The process goes on; what has found room comes back."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 20_000)
    [journal] = journals.paths_for(str(path))
    assert Path(journal).stat().st_size <= journals.MOST
    found = FileOutput(path).get_results()
    assert 5_000 < len(found) < 20_000
    assert [r['call']['name'] for r in found] == [f'lost {n}' for n in range(len(found))]


def test_a_pipe_in_the_place_of_the_file(tmp_path, capsys):
    """Neither the first record nor the command waits for a pipe."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 1)
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        MicroBench(path)(len)('')
        [line] = os.read(reader, 65536).splitlines()
    finally:
        os.close(reader)
    assert json.loads(line)['call']['name'] == 'len'
    assert left(path) == 1
    assert recover.main([str(path)]) == 2
    assert 'is not a regular file' in capsys.readouterr().err


def test_programs_that_begin_at_once(tmp_path):
    """Several first records at the same moment recover a lost record once."""
    path = tmp_path / 'records.jsonl'
    for _ in range(3):
        killed(OPEN, path, 2)
    first = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n'
    code = 'from microbench import MicroBench\nbench = MicroBench(sys.argv[1])\n'
    code += 'print("up", flush=True)\ninput()\nbench(len)("")'
    words = [sys.executable, '-c', first + code, str(path)]
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}
    programs = [subprocess.Popen(words, **pipes) for _ in range(6)]
    for program in programs:
        assert program.stdout.readline() == b'up\n'
    for program in programs:
        program.stdin.write(b'\n')
        program.stdin.flush()
    for program in programs:
        program.communicate()
        assert program.returncode == 0
    names = [json.loads(line)['call']['name'] for line in path.read_bytes().splitlines()]
    assert sorted(names) == sorted(['len'] * 6 + ['lost 0', 'lost 1'] * 3)
    assert left(path) == 0


@pytest.mark.parametrize('code', [OPEN, WRITTEN], ids=['open', 'written'])
def test_two_outputs(tmp_path, code):
    """A journal belongs to the first output: the record comes back only there."""
    path, other = tmp_path / 'records.jsonl', tmp_path / 'other.jsonl'
    outputs = (
        'outputs=[FileOutput(sys.argv[1]), FileOutput(sys.argv[1][:-13] + "other.jsonl")]'
    )
    code = code.replace('sys.argv[1])', f'{outputs})')
    killed(code.replace('import MicroBench', 'import FileOutput, MicroBench'), path, 1)
    assert len(FileOutput(path).get_results()) == 1
    assert FileOutput(other).get_results() == []
    MicroBench(other)(len)('')
    assert left(path) == 1
    MicroBench(path)(len)('')
    assert len(FileOutput(path).get_results()) == 2
    assert left(path) == 0


def test_a_copy_of_a_journal(tmp_path, capsys):
    """A directory was restored from a backup: the record is there once."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 1)
    [name] = map(Path, journals.paths_for(str(path)))
    name.with_name('.records.jsonl.1-0a.journal').write_bytes(name.read_bytes())
    assert len(FileOutput(path).get_results()) == 1
    assert recover.main([str(path)]) == 0
    assert len(FileOutput(path).get_results()) == 1
    assert left(path) == 0


def test_a_handler_that_records_during_a_recovery(tmp_path, monkeypatch):
    """The handler leaves journals to the recovery that it has interrupted."""
    path = tmp_path / 'records.jsonl'
    killed(OPEN, path, 1)
    note = journals.Journal.note_recovery

    def interrupted(journal, mark):
        note(journal, mark)
        MicroBench(path)(max)(1, 2)

    monkeypatch.setattr(journals.Journal, 'note_recovery', interrupted)
    MicroBench(path)(len)('')
    names = [json.loads(line)['call']['name'] for line in path.read_bytes().splitlines()]
    assert names == ['max', 'lost 0', 'len']
    assert left(path) == 0


def test_few_descriptors_are_used(tmp_path):
    """Of many journals only a few are open at once: other threads need descriptors."""
    path = tmp_path / 'records.jsonl'
    for _ in range(12):
        killed(OPEN, path, 1)
    code = 'import resource, sys\nfrom microbench import MicroBench\n'
    code += 'resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n'
    code += 'MicroBench(sys.argv[1])(len)("")\n'
    done = python(code, path)
    assert done.stderr == ''
    assert left(path) == 12 - journals.FIRST_BYTES // (64 << 10)
