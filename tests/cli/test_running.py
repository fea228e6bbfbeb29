"""`show` and `tail` list what is running, out of the journals of living processes."""

import json
import os
import signal
import subprocess
import sys

import pytest

from microbench.cli.view.show import main as show
from microbench.cli.view.tail import main as tail
from microbench.journal.running import running_records
from tests.cli.samples import SOLVE, write

pytestmark = pytest.mark.usefixtures('in_utc')

PROGRAM = """
import sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1], dataset='grid', size=7, host={'hostname': 'node07'})
with bench.record(sys.argv[2]):
    with bench.time('load'):
        pass
    with bench.time('solve'), bench.time('inner \\033'):
        print('up', flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def started(environment):
    """Start programs that have a record open; end them with the test."""
    processes = []

    def start(path, name='fit'):
        process = subprocess.Popen(
            [sys.executable, '-c', PROGRAM, str(path), name],
            env={**environment, 'MICROBENCH_JOURNAL': 'on'},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout.readline() == b'up\n'
        return process

    yield start
    for process in processes:
        process.communicate()


def printed(capsys, main, *words):
    """Return what a subcommand prints to standard output."""
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def test_records_that_are_open(started, tmp_path):
    """Name, phases and fields are there; times last until now."""
    path = tmp_path / 'out.jsonl'
    process = started(path)
    [record] = running_records(str(path))
    call = record['call']
    assert (call['name'], record['dataset'], record['size']) == ('fit', 'grid', 7)
    assert record['process']['pid'] == process.pid
    assert [phase['name'] for phase in call['timings']] == ['load']
    assert [phase['name'] for phase in call['open_timings']] == ['solve', 'inner \033']
    [again] = running_records(str(path))
    assert again['call']['durations'] > call['durations'] > [0]


def test_a_first_record_that_runs_is_not_missing(started, tmp_path, capsys):
    """There is no message that the file holds no records, unless none is shown."""
    path = tmp_path / 'out.jsonl'
    started(path)
    for words in ([], ['--by', 'name']):
        assert show([str(path), *words]) == 0
        out, err = capsys.readouterr()
        assert (out.startswith('running\n'), err) == (True, '')
    for words in (['--json'], ['--filter', 'size == 8']):
        assert show([str(path), *words]) == 0
        assert capsys.readouterr() == ('', f'{path} holds no records\n')
    assert show([str(path), '--filter', 'sizes == 8']) == 2
    problem = 'no record has the field sizes: did you mean size?'
    assert capsys.readouterr() == ('', f'microbench show: {problem}\n')
    assert show([str(path), '--filter', 'size == "8"']) == 0
    hint = 'size is a number: compare it with 8'
    assert capsys.readouterr() == ('', f'{path} holds no records: {hint}\n')


def test_show(started, capsys, tmp_path):
    """They are listed below the records, or alone, and never in forms for programs."""
    path = tmp_path / 'out.jsonl'
    process = started(path)
    begin = 'running\nname  since (UTC) '
    assert printed(capsys, show, path).startswith(begin)
    write(path, [SOLVE, SOLVE])
    output = printed(capsys, show, path)
    assert output.startswith('2 records, ')
    _, _, line = output.partition(begin)[2].partition('\n')
    assert line.startswith('fit   ')
    assert 'solve > inner \\x1b  dataset=grid, size=7' in line
    assert line.endswith(f'{process.pid}  node07\n')
    for words in (['--json'], ['--csv'], ['--markdown'], ['0']):
        assert 'running' not in printed(capsys, show, path, *words)
    assert begin not in printed(capsys, show, path, '--filter', 'name == "solve"')
    assert begin in printed(capsys, show, path, '--filter', 'name in ["solve", "fit"]')


def test_tail(started, capsys, tmp_path):
    """A running record is a line behind the last ones; of JSON it is none."""
    path = tmp_path / 'out.jsonl'
    process = started(path)
    write(path, [SOLVE, SOLVE])
    titles, *lines = printed(capsys, tail, path, '--no-follow', '-n', 1).splitlines()
    assert titles.split() == ['start', '(UTC)', 'name', 'host', 'duration', 'outcome']
    assert [line.split()[2] for line in lines] == ['solve', 'fit']
    state = f'(dataset=grid, size=7, pid {process.pid})'
    assert lines[1].endswith(f'running in solve > inner \\x1b {state}')
    [line] = printed(capsys, tail, path, '--no-follow', '-n', 1, '--json').splitlines()
    assert json.loads(line) == SOLVE


def test_the_first_that_began_is_first(started, capsys, tmp_path):
    """Several processes, and files, are in one list."""
    paths = [tmp_path / 'a.jsonl', tmp_path / 'b.jsonl']
    for path, name in zip([*paths, *paths], 'zyxw', strict=True):
        started(path, name)
    _, _, *lines = printed(capsys, show, *paths).splitlines()
    assert [line.split()[0] for line in lines] == ['z', 'y', 'x', 'w']


def test_a_command_that_is_running(start, capsys, tmp_path):
    """Another terminal says how long a command has run, whatever this one shows."""
    path = tmp_path / 'out.jsonl'
    words = ('-n', '2', '-o', str(path), '--', 'sh', '-c', 'test -e ran && cat; >ran; echo')
    command = start(*words, more_env={'MICROBENCH_JOURNAL': 'on'})
    command.line()
    _, line = printed(capsys, tail, path, '--no-follow', '-n', 0).splitlines()
    assert line.split()[2] == 'sh'
    assert line.endswith(f'running (pid {command.process.pid})')
    assert '×' not in line
    command.ended()


@pytest.mark.parametrize('number', [signal.SIGKILL, None])
def test_what_has_ended_is_not_running(number, started, tmp_path):
    """A process that was killed, or that has written its record, runs no more."""
    path = tmp_path / 'out.jsonl'
    process = started(path)
    if number is not None:
        process.send_signal(number)
    process.communicate()
    assert running_records(str(path)) == []


def test_a_journal_that_is_none(started, tmp_path):
    """Other files of such a name, and damaged ones, hold nothing that runs."""
    path = tmp_path / 'out.jsonl'
    for number, content in enumerate((b'', b'x' * 5000)):
        (tmp_path / f'.out.jsonl.{os.getpid()}-{number}a.journal').write_bytes(content)
    os.mkfifo(tmp_path / '.out.jsonl.7-b.journal')
    assert running_records(str(path)) == []
    started(path)
    assert len(running_records(str(path))) == 1
