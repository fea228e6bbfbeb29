"""`microbench tail`: the last records, then each new one, a line each."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from microbench.cli.view import tail as view
from microbench.cli.view.asked_fields import WatchedFilter
from microbench.cli.view.tail import main
from tests.cli.conftest import status_of
from tests.cli.samples import MODEL, PIPELINE, SEVERAL, SIMULATION, SOLVE, write
from tests.cli.terminals import FakeTerminal, on_terminal
from tests.fakes import python

pytestmark = pytest.mark.usefixtures('in_utc')

DEADLINE = 60
LINES = """\
2026-03-01 09:30:00  solve       node07  2 × 40.5 ms  ok
2026-03-01 09:31:10  pipeline                 1.73 s  ValueError: matrix is singular
2026-03-01 10:00:00  simulation             1.59 min  SIGTERM
2026-03-01 11:00:00  model.sh    node08       1.20 s  timed out (1 of 2)
"""


@pytest.fixture
def path(tmp_path):
    """Return a file with four records."""
    return Path(write(tmp_path / 'several.jsonl', SEVERAL))


@pytest.fixture
def shown(capsys):
    """Return what is printed, which has to be without an error."""

    def run(*words):
        assert main([*map(str, words), '--no-follow']) == 0
        out, err = capsys.readouterr()
        assert err == ''
        return out if '--json' in words or not out else without_titles(out)

    return run


def without_titles(out):
    """Return lines without the titles, which come first."""
    titles, _, lines = out.partition('\n')
    assert titles.split()[-4:] == ['name', 'host', 'duration', 'outcome']
    assert titles.startswith('start')
    return lines


def as_line(record):
    """Return a record as its line in a file."""
    return json.dumps(record).encode() + b'\n'


# --- what is there ----------------------------------------------------------------------


def test_a_line_each(shown, path):
    """Each line has aligned time, name, place, duration and outcome."""
    assert shown(path) == LINES


LOST = """
import os, signal, sys
from microbench import MicroBench
with MicroBench(sys.argv[1]).record('lost'):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_killed_processes_have_left(shown, path):
    """Recovered records come last without --follow; the file need not exist."""
    python(LOST, path)
    assert 'lost ' in shown(path, '-n', '1')
    assert [line[21:25] for line in shown(path).splitlines()[-2:]] == ['mode', 'lost']
    assert 'lost' not in shown(path, '--filter', 'call.name == "solve"')
    path.unlink()
    assert 'lost ' in shown(path)


@pytest.mark.parametrize('count', [0, 1, 3, 4, 100])
def test_the_last_ones(shown, path, count):
    """As many records as asked for are printed, in the order of the file."""
    lines = shown(path, '-n', count).splitlines()
    names = [line.split()[2] for line in lines]
    assert names == ['solve', 'pipeline', 'simulation', 'model.sh'][4 - min(count, 4) :]


def test_as_json(shown, path):
    """With --json records are printed unchanged."""
    found = [json.loads(line) for line in shown(path, '--json').splitlines()]
    assert found == [SOLVE, PIPELINE, SIMULATION, MODEL]


@pytest.mark.parametrize(
    ('expression', 'names'),
    [
        ('exception', ['pipeline']),
        ('not exception and host.hostname', ['solve', 'model.sh']),
        ('call.name in ["solve", "simulation"]', ['solve', 'simulation']),
        ('max(call.durations) > 2', ['simulation', 'model.sh']),
        ('exit_status', []),
    ],
)
def test_a_filter(shown, path, expression, names):
    """With a filter, the last records are the last that match it."""
    lines = shown(path, '--filter', expression, '-n', 2).splitlines()
    assert [line.split()[2] for line in lines] == names


def test_a_field_that_no_record_has(path, capsys):
    """Without --follow, it is the same error as in `show`."""
    words = [str(path), '--no-follow', '--filter', 'call.namx == "solve"']
    assert main(words) == 2
    _, err = capsys.readouterr()
    expected = 'no record has the field call.namx: did you mean call.name?'
    assert err == f'microbench tail: {expected}\n'


def test_records_of_before_are_filtered_as_they_are_shown(shown, tmp_path):
    """A condition has the fields of today for a record of before 2.0, too."""
    old = {'function_name': 'old', 'run_durations': [3.0], 'start_time': '2020-01-01'}
    path = write(tmp_path / 'x', [old])
    assert shown(path, '--filter', 'call.name == "old" and median > 2').split()[2] == 'old'


def test_a_record_without_its_newline(shown, path):
    """A record without its newline counts, as for other readers."""
    with path.open('ab') as file:
        file.write(as_line(SOLVE)[:-1])
    assert [line.split()[2] for line in shown(path, '-n', 2).splitlines()] == [
        *('model.sh', 'solve'),
    ]
    assert shown(path, '-n', 0) == ''


def test_hardly_a_record(shown, tmp_path):
    """A missing value leaves its place empty; no value can steer a terminal."""
    odd = tmp_path / 'odd.jsonl'
    odd.write_bytes(as_line({}) + as_line({'call': {'name': '\x1b[2J', 'durations': [1]}}))
    assert shown(odd) == (
        '                             –  ok\n'  # start, name and host are missing
        '       \\x1b[2J          1.00 s  ok\n'
    )


def test_many_lines(shown, tmp_path):
    """Of a large file only the end is read."""
    many = tmp_path / 'many.jsonl'
    long = {'call': {'name': 'x' * 500_000}}
    many.write_bytes(as_line({'n': 0}) * 5 + as_line(long) * 3 + as_line({'n': 1}) * 9)
    assert shown(many, '--json', '-n', 9) == '{"n":1}\n' * 9
    found = shown(many, '--json', '-n', 13).splitlines()
    assert [len(line) > 9 for line in found] == [False] + [True] * 3 + [False] * 9


def test_damaged_lines(path, capsys):
    """Damaged lines are reported when they are read, and cost nothing else."""
    with path.open('ab') as file:
        file.write(b'\n\x1bno record\n' + as_line(SOLVE))
    assert main([str(path), '--no-follow', '-n', '2']) == 0
    out, err = capsys.readouterr()
    lines = without_titles(out).splitlines()
    assert [line.split()[2] for line in lines] == ['model.sh', 'solve']
    assert (
        err == 'microbench tail: a line was skipped, it is not a record: \\x1bno record\n'
    )


def test_records_before_2_0(shown, tmp_path):
    """Records of the flat schema are shown as well."""
    old = tmp_path / 'old.jsonl'
    old.write_bytes(
        as_line({
            'function_name': 'fit', 'hostname': 'node07', 'run_durations': [0.5],
            'start_time': '2020-03-01T09:30:00+00:00',
            'finish_time': '2020-03-01T09:30:01+00:00',
        })
    )  # fmt: skip
    assert shown(old) == '2020-03-01 09:30:00  fit   node07    500 ms  ok\n'


# --- wrong use --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ((), 'the following arguments are required: PATH'),
        (('x', '-n', 'many'), "it has to be a whole number, not 'many'"),
        (('x', '-n', '-1'), "it has to be a whole number, not '-1'"),
        (('x', '--filter', 'a = 1'), "'a = 1' is not a condition"),
        (('x', '--filter', 'open("x")'), 'is not known here'),
    ],
)
def test_wrong_words(words, message, capsys):
    """Wrong words give one sentence and status 2."""
    assert status_of(main, list(words)) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('missing', '--no-follow'), 'cannot read missing: there is no such file'),
        (('several.jsonl/x',), 'cannot read several.jsonl/x: Not a directory'),
        (('a\0b',), 'it is not a path'),
    ],
)
def test_wrong_files(words, message, path, tmp_path, monkeypatch, capsys):
    """Wrong files are reported before anything is printed."""
    monkeypatch.chdir(tmp_path)
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count('\n')) == ('', 1)
    assert message in err


# --- what comes -------------------------------------------------------------------------


class Tail:
    """The command as a process whose lines are read as they come."""

    def __init__(self, environment, *words, **options):
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'microbench', 'tail', *map(str, words)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **options,
        )  # fmt: skip
        self.limit = threading.Timer(DEADLINE, self.process.kill)  # no read lasts longer
        self.limit.start()

    def names(self, count):
        """Return the names on the next lines."""
        return [self._line().split()[2] for _ in range(count)]

    def _line(self):
        """Return the next line that is no title."""
        line = self.process.stdout.readline()
        return self._line() if line.startswith('start ') else line

    def end(self, number=signal.SIGINT):
        """Send a signal; return status and remaining output."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err


@pytest.fixture
def tailing(environment):
    """Start the command, which ends with the test, whatever happens."""
    started = []

    def start(*words, **options):
        started.append(Tail(environment, *words, **options))
        return started[-1]

    yield start
    for tail in started:
        tail.limit.cancel()
        tail.process.kill()
        tail.process.communicate()


def append(path, *records):
    """Write records as another process would, each with an id of its own."""
    with path.open('ab') as file:
        file.write(b''.join(as_line({**record, 'mb': {}}) for record in records))


def test_following(tailing, path):
    """New records come as they are written, through rotations; Ctrl-C ends it quietly."""
    tail = tailing(path, '-n', 1)
    assert tail.names(1) == ['model.sh']
    append(path, SOLVE, PIPELINE)
    assert tail.names(2) == ['solve', 'pipeline']
    path.rename(f'{path}.1')
    append(path, SIMULATION)
    assert tail.names(1) == ['simulation']
    os.truncate(path, 0)
    append(path, MODEL)
    assert tail.names(1) == ['model.sh']
    assert tail.end() == (130, '', '')


def test_following_with_a_filter(tailing, path):
    """The filter applies to old and new records alike."""
    tail = tailing(path, '--filter', 'exception')
    assert tail.names(1) == ['pipeline']
    append(path, SOLVE, MODEL, PIPELINE)
    assert tail.names(1) == ['pipeline']
    assert tail.end() == (130, '', '')


def test_following_with_a_field_that_no_record_has(tailing, path):
    """That is said once, when there is a record; the next one may have the field."""
    for file in (path, path.with_name('later.jsonl')):
        tail = tailing(file, '--filter', 'iteraton == 3')
        if file != path:
            assert 'does not exist yet' in tail.process.stderr.readline()
            append(file, {**SOLVE, 'iteration': 2})
        expected = 'microbench tail: no record so far has the field iteraton'
        assert tail.process.stderr.readline().startswith(expected)
        append(file, {**SOLVE, 'iteration': 3}, {**PIPELINE, 'iteraton': 3}, MODEL)
        assert tail.names(1) == ['pipeline']
        assert tail.end() == (130, '', '')


def test_a_pipe_with_a_field_that_no_record_has(tailing):
    """The sentence comes with the first record, for a pipe may never end."""
    tail = tailing('-', '--filter', 'call.namx == "solve"', stdin=subprocess.PIPE)
    tail.process.stdin.write(as_line(SOLVE).decode())
    tail.process.stdin.flush()
    said = tail.process.stderr.readline()
    assert said.endswith('call.namx: did you mean call.name?\n')
    assert tail.process.communicate(as_line(MODEL).decode(), DEADLINE) == ('', '')


def test_waiting_for_a_file(tailing, tmp_path):
    """A missing file is named once, for it may be a mistake."""
    path = tmp_path / 'later.jsonl'
    tail = tailing(path)
    what = f'{path} does not exist yet: waiting for a record'
    assert tail.process.stderr.readline() == f'microbench tail: {what}\n'
    append(path, SOLVE)
    assert tail.names(1) == ['solve']
    assert tail.end() == (130, '', '')


def test_a_reader_that_goes_away(tailing, path):
    """The command ends when its reader does, even if nothing is written any more."""
    tail = tailing(path, '-n', 1)
    tail.names(1)
    tail.process.stdout.close()
    assert tail.process.wait(DEADLINE) == 0
    assert tail.process.stderr.read() == ''


def test_standard_input(tailing):
    """Each record on standard input is shown as it comes, until the end."""
    tail = tailing('-', '--json', stdin=subprocess.PIPE)
    for record in (SOLVE, MODEL):
        tail.process.stdin.write(as_line(record).decode())
        tail.process.stdin.flush()
        assert json.loads(tail.process.stdout.readline()) == record
    tail.process.stdin.write('no record\n')
    _, err = tail.process.communicate(timeout=DEADLINE)
    assert tail.process.returncode == 0
    message = 'standard input: 1 damaged line was skipped or salvaged'
    assert err == f'microbench tail: {message}\n'


def test_the_last_of_standard_input(command):
    """With --no-follow standard input is read to its end first."""
    lines = b''.join(map(as_line, SEVERAL)).decode()
    done = command('tail', '-', '--no-follow', '-n1', '--json', input=lines)
    assert (done.status, done.stderr) == (0, '')
    assert json.loads(done.stdout) == MODEL


@pytest.mark.parametrize('terminal', [True, False])
def test_what_is_awaited(terminal, path, monkeypatch):
    """On a terminal a line on standard error says so, once, after the last records."""
    stderr = FakeTerminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, 'stderr', stderr)
    asked = view._parser().parse_args([str(path)])
    asked.filter = WatchedFilter(asked)
    batches = view._batches(asked)
    assert len(list(next(batches))) == 4
    assert stderr.getvalue() == ''
    assert list(next(batches)) == []
    said = f'microbench tail: waiting for more in {path}; Ctrl-C ends it\n'
    assert stderr.getvalue() == said * terminal


@pytest.mark.parametrize(
    ('more', 'colours'), [({}, True), ({'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False)]
)
def test_on_a_terminal(path, tmp_path, environment, more, colours):
    """Failed records are red on a terminal, unless colours are off."""
    status, screen = on_terminal(
        ['tail', '--no-follow', str(path)],
        environment={**environment, **more},
        cwd=tmp_path,
        columns=60,
        streams=('stdout',),
    )
    assert status == 0
    assert ('\033[31mSIGTERM\033[0m' in screen) is colours
    assert ('\033' in screen) is colours
