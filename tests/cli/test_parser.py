"""Words to settings, and what is said about wrong ones."""

import json
import shlex

import pytest

from microbench.__main__ import main
from microbench.cli.parser import Parser, Settings


@pytest.mark.parametrize(
    ('words', 'command', 'given'),
    [
        ('ls', 'ls', {}),
        ('ls -l --iterations 3', 'ls -l --iterations 3', {}),
        ('-- ls', 'ls', {}),
        ('-- ls -- x', 'ls -- x', {}),
        ('ls -- x', 'ls -- x', {}),
        ('-- -- ls', '-- ls', {}),
        ('-- --help', '--help', {}),
        ('-- show', 'show', {}),
        ('-', '-', {}),
        ('-n 3 ls', 'ls', {'iterations': 3}),
        ('-n3 ls', 'ls', {'iterations': 3}),
        ('-n 3 -- ls', 'ls', {'iterations': 3}),
        ('--iterations=3 -- --iterations=4', '--iterations=4', {'iterations': 3}),
        ('--iter 3 ls --iter 4', 'ls --iter 4', {'iterations': 3}),
        ('--i=3 ls --he --v --x', 'ls --he --v --x', {'iterations': 3}),
        ('-w 2 -n 3 -w 4 ls', 'ls', {'iterations': 3, 'warmup': 4}),
        ('-o - ls -o x', 'ls -o x', {'outfile': '-'}),
        ('-oout ls', 'ls', {'outfile': 'out'}),
        ('--outfile=a=b ls', 'ls', {'outfile': 'a=b'}),
        ('-f a=b -f c=d=e ls', 'ls', {'field': [('a', 'b'), ('c', 'd=e')]}),
        ('-fa= --field=b=-x ls', 'ls', {'field': [('a', ''), ('b', '-x')]}),
    ],
)
def test_where_the_command_begins(words, command, given):
    """At the first word that is no option; from there on nothing is looked at."""
    settings = vars(Parser().settings(words.split()))
    assert settings.pop('command') == command.split()
    assert settings == given


def test_what_holds_without_being_asked_for():
    """The runner finds every setting, whatever the words."""
    names = set(Settings.__annotations__) - {'command'}
    settings = Parser().settings(['ls'])
    assert {name: getattr(settings, name) for name in names} == {
        'outfile': None,
        'field': None,
        'iterations': 1,
        'warmup': 0,
        'stdout': None,
        'stderr': None,
        'capture_limit': None,
        'timeout': None,
        'timeout_grace_period': 5.0,
        'monitor_interval': None,
        'monitor_scope': 'process',
        'quiet': False,
    }


def test_fields_of_one_call_are_not_those_of_the_next():
    """Defaults are not shared between two parsings."""
    parser = Parser()
    assert parser.settings(['-f', 'a=b', 'ls']).field == [('a', 'b')]
    assert parser.settings(['ls']).field is None


RESERVED = "choose one without leading '_' that is neither 'mb' nor 'call'"
NUMBER = 'is no whole number: type for instance'

WRONG = [
    # no command, or one that was taken for something else
    ('', 'no command: type python -m microbench -- COMMAND [ARG ...]'),
    ('--', 'no command: type python -m microbench -- COMMAND [ARG ...]'),
    ("-n 3 -- ''", 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-n 3', 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-n 3 --', 'no command: type python -m microbench -n 3 -- COMMAND [ARG ...]'),
    ('-o ls', 'no command: type python -m microbench -o ls -- COMMAND [ARG ...]'),
    ('--iterations touch ran', f"'touch' {NUMBER} 3 here, then -- and the command"),
    ('--warmup touch ran', f"'touch' {NUMBER} 2 here, then -- and the command"),
    # numbers
    ('--iterations 0 touch ran', '0 is too few: type 1 or more'),
    ('-n -1 touch ran', '-1 is too few: type 1 or more'),
    ('-w -1 touch ran', '-1 is too few: type 0 or more'),
    ('-n 1.5 touch ran', f"'1.5' {NUMBER} 3"),
    ('-n nan touch ran', f"'nan' {NUMBER} 3"),
    ('--iterations= touch ran', f"'' {NUMBER} 3"),
    ('-n -- touch ran', 'expected one argument'),
    # fields
    ('-f a touch ran', "'a' has no '=': type KEY=VALUE"),
    ('-f =a touch ran', "'=a' has no key: type KEY=VALUE"),
    ('-f mb=a touch ran', f"the name 'mb' is reserved: {RESERVED}"),
    ('-f call=a touch ran', f"the name 'call' is reserved: {RESERVED}"),
    ('-f _a=a touch ran', f"the name '_a' is reserved: {RESERVED}"),
    # options
    (
        '--iteration-count 3 touch ran',
        'there is no option --iteration-count: see --help',
    ),
    ('-x touch ran', 'there is no option -x: see --help'),
    ('-1 touch ran', 'there is no option -1: see --help'),
    ('-n', 'expected one argument'),
    ('-o -n 3 touch ran', 'expected one argument'),
    # destinations
    ('--outfile= touch ran', 'outfile is empty: give a path'),
    ('-o . touch ran', "outfile '.' is a directory: give a file"),
]


@pytest.mark.parametrize(('words', 'sentence'), WRONG)
def test_wrong_use_is_told_before_anything_runs(
    words, sentence, capsys, tmp_path, monkeypatch
):
    """Status 2 and a sentence that says what to type; the command is not run."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(words))
    out, err = capsys.readouterr()
    usage, error = err.splitlines()
    assert (ended.value.code, out) == (2, '')
    assert usage.startswith('usage: python -m microbench [options] [--] COMMAND')
    assert error.startswith('python -m microbench: error: ')
    assert sentence in error
    assert list(tmp_path.iterdir()) == []


def test_an_ambiguous_option_is_told_with_its_candidates(capsys):
    """Options that are added later may begin alike."""
    parser = Parser()
    parser.option('--warnings', action='store_true')
    with pytest.raises(SystemExit) as ended:
        parser.settings(['--wa', 'ls'])
    assert ended.value.code == 2
    assert '--wa can be --warmup or --warnings' in capsys.readouterr().err


def test_flags_can_be_joined():
    """A flag without value, then an option whose value is the next word."""
    parser = Parser()
    parser.option('-a', '--all', action='store_true')
    settings = parser.settings(['-an', '3', 'ls'])
    assert (settings.all, settings.iterations) == (True, 3)
    assert settings.command == ['ls']


@pytest.mark.parametrize(
    ('started_as', 'name'),
    [
        ('/usr/bin/microbench', 'microbench'),
        ('/lib/microbench/__main__.py', 'python -m microbench'),
        ('pytest', 'python -m microbench'),
    ],
)
def test_messages_name_the_command_as_it_was_started(started_as, name, monkeypatch):
    """So that what they say can be typed."""
    monkeypatch.setattr('sys.argv', [started_as])
    assert Parser().prog == name


def test_wrong_use_of_the_real_process(command):
    """Status 2, two lines, no record, nothing run."""
    outcome = command('-o', 'out.jsonl', '-n', '0', '--', 'touch', 'ran')
    assert (outcome.status, outcome.stdout, outcome.records) == (2, '', [])
    usage, error = outcome.stderr.splitlines()
    assert usage == 'usage: python -m microbench [options] [--] COMMAND [ARG ...]'
    assert error == (
        'python -m microbench: error: argument -n/--iterations: '
        '0 is too few: type 1 or more'
    )


@pytest.mark.parametrize('word', ['--help', '--version', 'show', '-n'])
def test_after_the_dashes_any_word_is_a_program(command, word):
    """It is looked for, not interpreted."""
    outcome = command('--', word)
    assert outcome.status == 127
    assert outcome.stderr == (
        f'microbench: cannot start {word!r}: No such file or directory\n'
    )
    assert json.loads(outcome.stdout)['call']['command'] == [word]
