"""Signals during a write to a sink: handlers run, and may record."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench
from tests.fakes import ROOT, python

BEGIN = """
import os, signal, sys, time
from microbench import FileOutput, MicroBench
path = sys.argv[1]
"""
# A handler runs between any two steps: here, as the n-th function of microbench begins.
AT_EACH_MOMENT = """
import microbench
bench = MicroBench({outfile}, field=[1])  # Python writes the records
handled = []
def handler(number, frame):
    with bench.record('by the handler'):
        handled.append(number)
signal.signal(signal.SIGALRM, handler)
def at(number):
    def strike(frame, event, argument):
        nonlocal number
        if event == 'call' and frame.f_code.co_filename.startswith(microbench.__path__[0]):
            number -= 1
            if number == 0:
                signal.raise_signal(signal.SIGALRM)
        return None
    return strike
bench(len)('')
for number in range(1, 60):
    sys.settrace(at(number))
    with bench.record('by the program'):
        pass
    sys.settrace(None)
print(len(handled))
"""


@pytest.mark.parametrize('outfile', ['path', "open(path, 'ab', 0)"])
def test_a_handler_that_records(tmp_path, outfile):
    """A handler waits for no lock of the interrupted write; both records are stored."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + AT_EACH_MOMENT.format(outfile=outfile), path, timeout=300)
    assert done.returncode == 0, done.stderr
    names = [record['call']['name'] for record in FileOutput(path).get_results()]
    assert names.count('by the program') == 59
    assert names.count('by the handler') == int(done.stdout) > 20


# Where C writes the records, a handler runs between two instructions of the program.
BETWEEN_INSTRUCTIONS = """
bench = MicroBench(path)
handled = []
def handler(number, frame):
    with bench.record('by the handler'):
        handled.append(number)
signal.signal(signal.SIGALRM, handler)
def program():
    for _ in range(2):
        with bench.record('by the program'):
            pass
def at(number):
    def strike(frame, event, argument):
        nonlocal number
        frame.f_trace_opcodes = True
        if event == 'opcode':
            number -= 1
            if number == 0:
                signal.raise_signal(signal.SIGALRM)
        return strike
    return strike
for number in range(-1, 60):
    sys.settrace(at(number))
    program()
    sys.settrace(None)
print(len(handled), bench._bench_config.blocks.recorder.records)
"""


def test_a_handler_that_records_while_c_does(tmp_path):
    """Each record is stored once, in the order in which the blocks end."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + BETWEEN_INSTRUCTIONS, path, timeout=300)
    assert done.returncode == 0, done.stderr
    handled, written = map(int, done.stdout.split())
    names = [record['call']['name'] for record in FileOutput(path).get_results()]
    assert names.count('by the program') == 122
    # as many as the blocks have instructions: more where Python begins one of them
    assert names.count('by the handler') == handled > 10
    assert written > 70


# C writes the records of the function from the second one on, Python those of the block.
FULL = """
if len(sys.argv) > 2:
    signal.signal(signal.SIGTERM, lambda *args: sys.exit(3))
bench = MicroBench(path, more='x' * int(os.environ.get('MORE', '0')))
if len(sys.argv) > 3:
    bench.record_on_exit()
print('up', flush=True)
function = bench(len)
while True:
    {}
"""
BLOCK = FULL.replace('{}', "\n    with bench.record('block'):\n        pass")
CALL = FULL.replace('{}', "function('')")


@pytest.mark.parametrize(
    ('number', 'own', 'status'),
    [
        (signal.SIGINT, [], -signal.SIGINT),
        (signal.SIGTERM, ['own'], 3),
        (signal.SIGTERM, ['own', 'record_on_exit'], 3),
    ],
    ids=['Ctrl-C', 'a handler of its own', 'and a record of the process'],
)
@pytest.mark.parametrize('more', ['0', '200000'], ids=['small', 'large'])
@pytest.mark.parametrize('program', [BLOCK, CALL], ids=['blocks', 'calls'])
def test_a_pipe_without_a_reader(tmp_path, program, number, own, status, more):
    """One signal is enough, though the write, or the rest of it, waits for a reader."""
    path = tmp_path / 'fifo'
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    first = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n'
    words = [sys.executable, '-c', first + BEGIN + program, str(path), *own]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
    with subprocess.Popen(words, env={**os.environ, 'MORE': more}, **pipes) as process:
        assert process.stdout.readline() == b'up\n'
        while not is_writing(process.pid):
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=300)
        assert process.returncode == status
    os.close(reader)


def is_writing(pid):
    """Return whether a process waits in writev(2), number 20 on x86-64 (proc(5))."""
    return Path(f'/proc/{pid}/syscall').read_text().startswith('20 ')


def test_a_relative_path_means_one_place(tmp_path):
    """Whatever chdir() does, all files stay where the first record began."""
    code = """
bench = MicroBench('records.jsonl')
bench.record_on_exit('process')
os.mkdir('below')
os.chdir('below')
with bench.record('block'):
    pass
with bench.record('open'):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = python(BEGIN + code, 'unused', cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert list((tmp_path / 'below').iterdir()) == []
    records = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert sorted(r['call']['name'] for r in records) == ['block', 'open', 'process']


@pytest.mark.parametrize('journal', ['auto', 'off'])
def test_a_relative_path_and_code_that_changes_the_directory(tmp_path, journal):
    """A decorated call, a block without a journal: the place is that of the beginning."""
    code = """
bench = MicroBench('records.jsonl', journal={0!r})
os.mkdir('below')
bench(os.chdir)('below')
with bench.record('block'):
    pass
"""
    done = python(BEGIN + code.format(journal), 'unused', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(FileOutput(tmp_path / 'records.jsonl').get_results()) == 2


KILLED = """
with MicroBench({arguments}).record('block'):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_link_to_the_file(tmp_path):
    """Records come back by either name."""
    link, path = tmp_path / 'latest.jsonl', tmp_path / 'run42.jsonl'
    link.symlink_to(path.name)
    done = python(BEGIN + KILLED.format(arguments='path'), link)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for name in (link, path):
        assert len(FileOutput(name).get_results()) == 1
    MicroBench(path)(len)('')
    assert len(path.read_bytes().splitlines()) == 2


def test_a_directory_for_journals(tmp_path):
    """The next writer finds a journal there, and stores its record in the file."""
    path, place = tmp_path / 'records.jsonl', tmp_path / 'journals'
    place.mkdir()
    code = KILLED.format(arguments=f'path, journal={str(place)!r}')
    assert python(BEGIN + code, path).returncode == -signal.SIGKILL
    bench = MicroBench(path, journal=place)
    assert len(bench.get_results()) == 1
    bench(len)('')
    assert list(place.iterdir()) == []
    assert len(path.read_bytes().splitlines()) == 2
