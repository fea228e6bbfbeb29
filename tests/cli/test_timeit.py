"""`microbench timeit`: a statement in processes of its own."""

import json
import math
import sys

import pytest

from microbench.cli.timeit import processes, worker
from microbench.cli.timeit.statement import compiled
from microbench.cli.timeit.timed import Timed
from microbench.cli.view.timeit import main

QUICK = ['--min-time', '0.001', '--max-time', '0.005']


@pytest.fixture
def in_process(monkeypatch):
    """Have no processes started; the requests are what the fixture returns."""
    requests = []

    def answers(request, count):
        requests.append(request)
        return [worker.found({**request, 'empty': True})] * count

    monkeypatch.setattr('microbench.cli.view.timeit.answers', answers)
    return requests


# --- the statement ----------------------------------------------------------------------


def test_setup_and_statement_share_their_names():
    """A statement may change what the setup has made, as in timeit."""
    seen = []
    sys.modules[__name__].seen = seen
    run = compiled('x += 1\nseen.append(x)', f'x = 40\nfrom {__name__} import seen')
    run(2)
    run(1)
    assert seen == [41, 42, 43]


def test_texts_keep_their_lines():
    """Nothing is indented: a text of several lines stays what it is."""
    run = compiled('assert text == "a\\n  b"', 'text = """a\n  b"""')
    run(1)


def test_a_statement_of_comments():
    """Code without any statement does nothing."""
    compiled('# nothing', '')(3)


@pytest.mark.parametrize('text', ['return', 'yield 1', 'await x', 'break', '1 +'])
def test_what_is_no_statement(text):
    """What may not stand outside of a function or a loop is rejected."""
    with pytest.raises(SyntaxError):
        compiled(text)


def test_an_error_has_the_line():
    """The traceback shows the statement, and nothing of microbench."""
    run = compiled('1 / 0', 'x = 1')
    with pytest.raises(ZeroDivisionError) as caught:
        run(1)
    assert caught.traceback[-1].lineno + 1 == 2


# --- answers ----------------------------------------------------------------------------


def timed(*medians, empty=0.0, loops=100, cost=0.0):
    """Return what processes with these medians have found."""
    answers = [
        {'durations': [m] * 6, 'loops': loops, 'clock_cost': cost, 'empty': empty}
        for m in medians
    ]
    return Timed('f()', answers, 0.01)


def test_of_one_process():
    """Its samples have the interval."""
    one = timed(5e-8)
    assert (one.median, one.interval) == (5e-8, (5e-8, 5e-8))
    assert list(one.rows()) == [
        ('median', ['50.0\xa0ns', 'between 50.0\xa0and\xa050.0\xa0ns (95\xa0%)']),
        ('mean\xa0±\xa0σ', ['50.0\xa0±\xa00.0\xa0ns']),
        ('range', ['50.0\xa0…\xa050.0\xa0ns', '6\xa0samples of 100\xa0loops']),
    ]


def test_of_several_processes():
    """The median and the interval are those of their medians."""
    several = timed(5e-8, 4e-8, 6e-8, 5e-8, 5e-8, 7e-8)
    assert (several.median, several.interval) == (5e-8, (4e-8, 7e-8))
    assert list(several.remarks()) == ['the processes differ by 60 %']
    few = timed(5e-8, 5e-8)
    assert few.interval is None
    assert list(few.remarks()) == ['fewer than 6 processes have no interval']


def test_an_empty_loop():
    """What the loop costs is said where it is a large part, and not subtracted."""
    doubtful = timed(5e-8, empty=1e-8)
    assert doubtful.median == 5e-8
    assert list(doubtful.remarks()) == ['an empty loop takes 10.0\xa0ns of it']
    assert doubtful.as_dict()['empty_loop'] == 1e-8


def test_the_cost_of_the_clock():
    """A number within it says nothing."""
    [remark] = timed(5e-8, loops=1, cost=5e-8).remarks()
    assert remark.startswith('this is within the cost of reading the clock')


# --- the command ------------------------------------------------------------------------


def test_the_answer(in_process, capsys):
    """A title and rows; limits are shared by the processes."""
    assert main(['-s', 'x = 1', '-s', 'y = 2', 'x + y', 'x', '--processes', '2']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ['x + y', 'x']
    assert [line.split()[0] for line in lines[2:5]] == ['median', 'mean', 'range']
    assert '2 processes, ' in lines[4]
    [request] = in_process
    assert (request['statement'], request['setup']) == ('x + y\nx', 'x = 1\ny = 2')
    assert request['options'] == {
        'min_time': 0.05,
        'max_time': 1.5,
        'precision': 0.01 * math.sqrt(2),
    }


def test_as_json(in_process, capsys):
    """--json prints the statistics, of all processes and of each."""
    assert main([*QUICK, '--json', 'pass']) == 0
    found = json.loads(capsys.readouterr().out)
    [process] = found.pop('processes')
    assert found['statement'] == 'pass'
    assert found['median'] == process['median'] > 0
    assert process['count'] > 0


def test_a_process_of_its_own(capfd):
    """Standard output stays that of the command: what the statement prints is an error."""
    assert main([*QUICK, '--json', '-s', 'print("from the setup")', 'pass']) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)['median'] > 0
    assert err == 'from the setup\n'


def test_records(tmp_path, capfd, monkeypatch):
    """`-o` appends a record for each process, and looks at the file before."""
    path = tmp_path / 'found.jsonl'
    words = [*QUICK, '--processes', '2', '-o', str(path), 'sum(range(9))']
    assert main(words) == 0
    capfd.readouterr()
    calls = [json.loads(line)['call'] for line in path.read_text().splitlines()]
    assert [call['name'] for call in calls] == ['sum(range(9))'] * 2
    assert all(call['loops'] >= 1 and min(call['durations']) > 0 for call in calls)
    assert main(['-o', f'{path}/', 'pass']) == 2
    assert 'is a file, not a directory' in capfd.readouterr().err
    assert main(['-o', '/nowhere/below/x', 'pass']) == 2
    assert 'cannot write /nowhere/below/x: No such file' in capfd.readouterr().err
    monkeypatch.setenv('MICROBENCH', 'off')
    assert main(words) == 2
    assert 'MICROBENCH=off is set' in capfd.readouterr().err


def test_a_statement_that_raises(capfd):
    """Its traceback and one sentence are printed, and the status is 1."""
    assert main([*QUICK, '1 / 0']) == 1
    out, err = capfd.readouterr()
    assert out == ''
    assert err.startswith(
        'Traceback (most recent call last):\n  File "<statement>", line 2'
    )
    assert err.endswith(
        'microbench timeit: the statement failed: ZeroDivisionError: division by zero\n'
    )


def test_a_statement_that_kills_its_process(capfd):
    """The signal is named."""
    assert main([*QUICK, 'import os; os.kill(os.getpid(), 9)']) == 1
    assert 'its process was ended by SIGKILL' in capfd.readouterr().err


def test_a_python_that_cannot_be_started(monkeypatch, capsys):
    """That is one sentence as well."""
    monkeypatch.setattr(processes.sys, 'executable', '/nowhere/python')
    assert main(['pass']) == 2
    assert 'cannot start /nowhere/python: No such file' in capsys.readouterr().err


def test_a_frozen_command(monkeypatch, capsys):
    """It has no Python to start: one sentence says so."""
    monkeypatch.setattr(processes.sys, 'frozen', True, raising=False)
    assert main(['pass']) == 2
    assert (
        'it starts Python, which a frozen program does not have' in capsys.readouterr().err
    )


def test_a_packed_command(capfd, monkeypatch):
    """Its process finds microbench where no other Python looks."""
    monkeypatch.setattr(processes.sys, 'executable', sys._base_executable)
    monkeypatch.delenv('PYTHONPATH', raising=False)
    monkeypatch.chdir('/')
    assert main([*QUICK, '--json', 'pass']) == 0
    assert json.loads(capfd.readouterr().out)['median'] > 0


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['return 5'], "'return 5' is not a statement: 'return' outside function"),
        (['-s', 'x =', 'x'], "'x =' is not a statement"),
        (['pass', '--min-time', '0'], '--min-time has to be above 0 and finite'),
        (['pass', '--min-time', '2', '--max-time', '1'], '--min-time=2'),
        (['pass', '--precision', 'nan'], '--precision has to be between 0 and 1'),
    ],
)
def test_mistakes(words, message, capsys):
    """Each is one sentence, before a process starts."""
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('words', [[], ['pass', '--processes', '0'], ['--max-time', 'x']])
def test_wrong_words(words, capsys):
    """Argparse rejects words that are missing or no numbers."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    capsys.readouterr()
