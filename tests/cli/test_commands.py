"""Commands that are compared with each other: the command line, the order, the answer."""

import io
import json
import os
import signal
import sys
from random import Random
from types import SimpleNamespace

import pytest

from microbench.cli.commands import main as compare
from microbench.cli.commands.options import Asked
from microbench.cli.commands.scan import of_range
from microbench.cli.commands.shown import Answer, forms
from microbench.cli.commands.surrounded import Examined
from microbench.cli.commands.turns import FEWEST, Turns
from microbench.cli.commands.words import divided, names_commands
from microbench.cli.main import main_of
from microbench.cli.terminal import Terminal
from microbench.cli.words import UsageError
from tests.cli.terminals import FakeTerminal


def asked(*words):
    """Return what the words after `compare` ask for."""
    return Asked(*divided(words))


WRONG = {
    'no command after ---: it stands between two': ('--', 'a', '---'),
    'no command before ---: it stands between two': ('--', '---', 'b'),
    '--- stands between two commands, after --': ('a', '---', '--', 'b'),
    'no commands: type them after --, with --- between them': ('a', '---', 'b'),
    'one command has nothing to compare with: add --- and another': ('-w', '1', '--', 'a'),
    'no command has {n}, so its scan changes nothing': ('-L', 'n', '1,2', '--', 'a'),
    '{m} has no scan: there is n': ('-L', 'n', '1,2', '--', 'a', '{n}', '{m}'),
    "the scan of 'n' has an empty value": ('-L', 'n', '', '--', 'a', '{n}'),
    "the scan of 'n' has a value twice": ('-L', 'n', '1,1', '--', 'a', '{n}'),
    "there are two scans of 'n'": ('-L', 'n', '1,2', '-L', 'n', '3', '--', 'a', '{n}'),
    "the scan of 'n' is empty: 1 is below 2": ('-P', 'n', '2', '1', '--', 'a', '{n}'),
    "the scan of 'n': 'x' is no number": ('-P', 'n', 'x', '1', '--', 'a', '{n}'),
    "the step of 'n' has to be above 0, not 0": (
        *('-P', 'n', '1', '2', '--step', '0', '--', 'a', '{n}'),
    ),
    "'a-b' is no name of letters, digits and _": ('-L', 'a-b', '1,2', '--', 'a'),
    '--step requires a scan of numbers: add -P NAME FROM TO': (
        *('--step', '2', '--', 'a', '---', 'b'),
    ),
    '--name is given 1 times for 2 commands': ('--name', 'x', '--', 'a', '---', 'b'),
    'two commands have the same --name': (
        *('--name', 'x', '--name', 'x', '--', 'a', '---', 'b'),
    ),
    '--prepare is given 2 times for 3 commands': (
        *('--prepare', 'x', '--prepare', 'y', '--', 'a', '---', 'b', '---', 'c'),
    ),
    '-o - would mix records with the answer: name a file, or use --json': (
        *('-o', '-', '--', 'a', '---', 'b'),
    ),
    '--precision is for one command, not several': (
        *('--precision', '1%', '--', 'a', '---', 'b'),
    ),
}


@pytest.mark.parametrize(('why', 'words'), WRONG.items(), ids=range(len(WRONG)))
def test_wrong_words(why, words):
    """Each mistake has one sentence, before any command runs."""
    with pytest.raises(UsageError) as caught:
        asked(*words)
    assert str(caught.value) == why


def test_files_are_still_compared():
    """Words without a `---` and without a scan are files."""
    assert not names_commands(['--fail-over', '10%', 'a.jsonl', 'b.jsonl'])
    assert not names_commands(['--', 'a.jsonl', 'b.jsonl'])
    assert names_commands(['--name=a', '--', 'x'])


def test_scans_and_names():
    """Each combination of values is a command of its own."""
    found = asked('-L', 'c', 'x,y', '-P', 'n', '1', '2', '--', '{c}', '-j{n}', '---', 'z')
    words = [command for _, command, _ in found.variants]
    assert words[:2] == [['x', '-j1'], ['z']]
    assert words[-2:] == [['y', '-j2'], ['z']]
    assert found.scan is None
    assert asked('-P', 'n', '1', '3', '--', 'a', '{n}').scan.values == ['1', '2', '3']


def test_steps_are_exact():
    """Decimal steps have no rounding errors."""
    assert of_range('n', '0', '0.3', '0.1').values == ['0', '0.1', '0.2', '0.3']
    assert of_range('n', '10', '30', '10').values == ['10', '20', '30']


# --- turns -------------------------------------------------------------------------------


class Fake:
    """A command without runs."""

    def __init__(self):
        self.rounds = {}


def played(seconds, max_time=300.0, seed=1, **options):
    """Let commands take turns that take so long; return the turns and the commands."""
    random, now = Random(seed), [0.0]
    fakes = [Fake() for _ in seconds]
    clock = lambda: now[0]  # noqa: E731
    turns = Turns(fakes, max_time, margin=0.01, clock=clock, random=random, **options)
    for number, fake in turns:
        taken = seconds[fakes.index(fake)] * random.lognormvariate(0, 0.03)
        now[0] += taken
        fake.rounds[number] = taken
    turns.finish()
    return turns, fakes


def test_a_clear_difference_ends_it():
    """A large difference is clear at the first look, after ten rounds and three seconds."""
    turns, fakes = played([1.0, 2.0])
    assert [len(fake.rounds) for fake in fakes] == [FEWEST] * 2
    assert turns.looks[1].verdict == 'slower'
    assert turns.is_slower_by(0.5)
    assert not turns.is_slower_by(1.2)


def test_short_commands_run_for_three_seconds():
    """Ten runs of a millisecond are no answer."""
    _, fakes = played([0.001, 0.002])
    assert sum(sum(fake.rounds.values()) for fake in fakes) >= 3.0


def test_a_clear_command_runs_no_more():
    """The others go on; each is compared in the rounds that it was in."""
    turns, fakes = played([1.0, 2.0, 1.012], max_time=500.0)
    assert len(fakes[1].rounds) == FEWEST < len(fakes[2].rounds)
    assert turns.looks[1].is_clear


def test_the_time_is_over():
    """No round begins that would end after the time."""
    turns, fakes = played([1.0, 1.012], max_time=25.0)
    assert turns.is_over_time
    assert sum(sum(fake.rounds.values()) for fake in fakes) < 26
    assert turns.looks[1].verdict == 'inconclusive'


def test_fewer_than_three_runs_have_no_verdict():
    """Two runs of each have medians and no verdict."""
    turns, _ = played([1.0, 2.0], rounds=2)
    assert turns.looks[1].verdict is None
    assert turns.looks[1].why == 'fewer than three runs of the base'


def test_the_order_is_random():
    """Each command comes first in some rounds."""
    fakes = [Fake(), Fake()]
    turns = Turns(fakes, 9.0, rounds=40, margin=0.01, random=Random(3))
    order = [fake for _, fake in turns]
    assert {order[place] for place in range(0, 80, 2)} == set(fakes)
    assert all(set(order[place : place + 2]) == set(fakes) for place in range(0, 80, 2))


def test_equal_commands_are_seldom_different():
    """All looks together have five per cent of false alarms at most."""
    found = [played([0.5, 0.5], 60.0, seed)[0].looks[1].verdict for seed in range(20)]
    assert sum(word in ('slower', 'faster') for word in found) <= 3


# --- real programs -----------------------------------------------------------------------


def _lines(folder):
    return (folder / 'out.jsonl').read_text().splitlines()


def test_real_commands(command, tmp_path):
    """Each run is a record; what fails is counted and left out; hooks run around."""
    flaky = 'echo x >>b; [ $(wc -l <b) != 2 ]'
    done = command(
        *('compare', '-n', '4', '-w', '0', '-o', 'out.jsonl', '--json', '--no-mixin'),
        *('--name', 'a', '--name', 'b', '--setup', 'echo setup >>log'),
        *('--prepare', 'echo prepare >>log', '--cleanup', 'echo cleanup >>log'),
        *('--', 'sh', '-c', 'echo $0', 'out', '---', 'sh', '-c', flaky),
    )
    assert (done.status, done.stderr) == (0, '')
    base, new, note = map(json.loads, done.stdout.splitlines())
    assert (base['name'], base['runs'], base['failed']) == ('a', 4, 0)
    assert (new['name'], new['runs'], new['failed']) == ('b', 3, 1)
    assert note['text'] == 'b: 1 run ended with status 1, left out of the times'
    log = (tmp_path / 'log').read_text().split()
    assert log == ['setup'] * 2 + ['prepare'] * 8 + ['cleanup'] * 2
    records = [json.loads(line) for line in _lines(tmp_path)]
    assert len(records) == 8
    assert sorted(record['call']['returncode'][0] for record in records) == [0] * 7 + [1]


def test_a_command_that_fails_at_once(command):
    """Its first failure is one sentence, unless the status does not matter."""
    words = ('--', 'false', '---', 'true')
    done = command('compare', '-n', '1', *words)
    assert (done.status, done.stdout) == (1, '')
    assert "'false' ended with status 1 in its first run" in done.stderr
    done = command('compare', '-n', '3', '-i', '--csv', *words)
    assert done.status == 0
    assert done.stdout.count('\n') == 3


def test_what_differs_around_commands():
    """Below the table; the commands themselves are no difference."""
    variants = []
    for name, version, load in (
        ('a', '3.14.0', 0.1),
        ('b', '3.15.0', 0.1),
        ('c', '3.14.0', 9.0),
    ):
        examined = Examined()
        call = {'command': [name], 'durations': [1.0], 'load_average': load}
        host = {'cpu_cores_logical': 2}
        record = {'call': call, 'python': {'version': version}, 'host': host, 'x': version}
        examined.write_record(json.dumps(record).encode())
        variants.append(
            SimpleNamespace(
                name=name,
                seconds=[1.0],
                failures=0,
                failed={},
                command=[name],
                values={},
                examined=examined,
            )
        )
    turns = SimpleNamespace(variants=variants, looks={}, is_over_time=False)
    answer = Answer(turns, None)
    form = SimpleNamespace(json=False, csv=False, markdown=False)
    text = '\n'.join(forms(answer, Terminal(io.StringIO()), form))
    around_b, around_c = text.partition('around b')[2].split('around c')
    assert 'unfair: the versions of Python differ: 3.14.0 and 3.15.0' in around_b
    assert '~  x  "3.14.0"  ->  "3.15.0"' in around_b
    assert 'one side ran on a busier machine: 0.1 and 9.0' in around_c
    assert '~' not in around_c
    form.markdown = True
    assert '- `x: "3.14.0" -> "3.15.0"`' in [*forms(answer, Terminal(io.StringIO()), form)]
    form.markdown, form.json = False, True
    found = map(json.loads, forms(answer, Terminal(io.StringIO()), form))
    paths = [(one['name'], one['path']) for one in found if one['kind'] == 'field']
    assert paths == [('b', 'python.version'), ('b', 'x'), ('c', 'call.load_average')]


def test_what_cannot_run(command):
    """A program that is missing, and a preparation that fails, are one sentence each."""
    done = command('compare', '--', 'no-such-program', '---', 'no-such-program', '-x')
    assert done.status == 127
    assert done.stderr == (
        "microbench compare: cannot start 'no-such-program': No such file or directory\n"
    )
    done = command('compare', '--prepare', 'exit 3', '--', 'true', '---', 'true', 'x')
    assert done.status == 1
    assert done.stderr == "microbench compare: --prepare 'exit 3' ended with status 3\n"


def test_each_command_is_cleaned_up(command, tmp_path):
    """Also after a clean-up that fails, which the status tells."""
    line = 'echo cleanup >>log; exit 3'
    done = command(
        'compare', '-n', '1', '--cleanup', line, '--', 'true', '---', 'true', 'x'
    )
    assert done.status == 1
    assert done.stderr.endswith(f"--cleanup '{line}' ended with status 3\n")
    assert (tmp_path / 'log').read_text() == 'cleanup\n' * 2


def test_ctrl_c_answers(start, tmp_path):
    """What was measured is answered, and the records are there."""
    script = 'echo x >>runs; [ $(wc -l <runs) -lt 9 ] || { echo up; exec sleep 60; }'
    words = ('compare', '-o', 'out.jsonl', '--no-mixin', '--show-output', '--name', 'a')
    running = start(*words, '--name', 'b', '--', 'true', '---', 'sh', '-c', script)
    assert running.line() == 'up'
    os.kill(running.process.pid, signal.SIGINT)
    outcome = running.ended()
    assert 'command' in outcome.stdout
    assert ' 8' in outcome.stdout
    assert len(_lines(tmp_path)) >= 16


MISPLACED = [
    ([['a'], ['b', '--json']], ['--json']),
    ([['a'], ['b', '-n', '5', '--fail-over=3%']], ['-n', '--fail-over']),
    ([['a', '--json'], ['b', '--json']], []),
    ([['a'], ['b', '--jsonx', 'x', '-']], []),
    ([['a'], ['--json']], []),
]


@pytest.mark.parametrize(('commands', 'found'), MISPLACED)
def test_options_behind_the_commands(commands, found):
    """Those of `compare` that only the last command has are named."""
    words = ['--', *commands[0], '---', *commands[1]]
    assert asked(*words).misplaced == found


HINT = 'to the last command: an option of compare stands before --'


@pytest.mark.parametrize(
    ('words', 'hinted'),
    [
        (('true', '---', 'true', '--json'), True),
        (('true', '---', 'true', '-n'), False),
        (('true', '---', 'false', '-n'), True),
        (('true', '---', 'false', 'x'), False),
    ],
)
@pytest.mark.parametrize('terminal', [True, False])
def test_a_hint_on_misplaced_options(words, hinted, terminal, monkeypatch):
    """On a terminal: at once for long ones, and for short ones if the command fails."""
    stderr = FakeTerminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, 'stderr', stderr)
    compare.main(['-q', '-n', '1', '--', *words])
    assert stderr.getvalue().count(HINT) == (hinted and terminal)


@pytest.mark.parametrize(
    'words', [['--', '--help'], ['--', '-h'], ['--help', '--', 'a', '---', 'b']]
)
def test_help_for_commands(words, capsys):
    """It is that of the options of commands; help for files points to it."""
    for asks, usage in (
        (words, '-- COMMAND [ARG ...] ---'),
        (['--help'], 'microbench compare -- --help"'),
    ):
        with pytest.raises(SystemExit) as ended:
            main_of(['compare', *asks])(asks)
        assert ended.value.code == 0
        assert usage in ' '.join(capsys.readouterr().out.split())
