"""From words to settings: start of the command, values, option names."""

import json

import pytest

from microbench.__main__ import main
from microbench.cli.args import options
from microbench.cli.args.parser import Parser, Settings
from microbench.cli.words import UsageError, typed
from tests.cli.conftest import status_of


def parsed(words):
    """Return the settings that words give, without defaults."""
    settings = vars(Parser().settings(words.split()))
    for name in ('words', 'options'):
        del settings[name]
    mixin_options = settings.pop('mixin_options')
    return {**settings, **{o.flags[0]: value for o, value in mixin_options.items()}}


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
        ('-n=3 ls', 'ls', {'iterations': 3}),
        ('-n 3 -- ls', 'ls', {'iterations': 3}),
        ('--iterations=3 -- --iterations=4', '--iterations=4', {'iterations': 3}),
        ('--iter 3 ls --iter 4', 'ls --iter 4', {'iterations': 3}),
        ('--i=3 ls --he --v --x', 'ls --he --v --x', {'iterations': 3}),
        ('-w 2 -n 3 -w 4 ls', 'ls', {'iterations': 3, 'warmup': 4}),
        ('-o - ls -o x', 'ls -o x', {'outfile': '-'}),
        ('-oout ls', 'ls', {'outfile': 'out'}),
        ('--outfile=a=b ls', 'ls', {'outfile': 'a=b'}),
        ('--outfile= ls', 'ls', {'outfile': ''}),
        ('-f a=b -f c=d=e ls', 'ls', {'field': ['a=b', 'c=d=e']}),
        ('-fa= --field=b=-x ls', 'ls', {'field': ['a=', 'b=-x']}),
        ('-an 3 ls', 'ls', {'all': True, 'iterations': 3}),
        ('-aqn3 ls', 'ls', {'all': True, 'quiet': True, 'iterations': 3}),
        ('-m a b -n 3 ls', 'ls', {'mixin': ['a', 'b'], 'iterations': 3}),
        ('-m a b -- ls', 'ls', {'mixin': ['a', 'b']}),
        ('-ma ls', 'ls', {'mixin': ['a']}),
        ('--mixin=a ls', 'ls', {'mixin': ['a']}),
        ('--mixin a --mixin b c -- ls', 'ls', {'mixin': ['b', 'c']}),
        ('--stdout -- ls', 'ls', {'stdout': 'capture'}),
        ('--stdout --stderr -- ls', 'ls', {'stdout': 'capture', 'stderr': 'capture'}),
        ('--stdout=suppress ls', 'ls', {'stdout': 'suppress'}),
        ('--stdout suppress ls', 'ls', {'stdout': 'suppress'}),
        ('--git-repo . ls', 'ls', {'--git-repo': '.'}),
        ('--git . ls', 'ls', {'--git-repo': '.'}),
        ('--nvidia-gpus 0 1 -- ls', 'ls', {'--nvidia-gpus': ['0', '1']}),
        ('--nvidia-gpus=0 ls', 'ls', {'--nvidia-gpus': ['0']}),
    ],
)
def test_where_the_command_begins(words, command, given):
    """The command begins at the first word that is no option."""
    settings = parsed(words)
    assert settings.pop('command') == command.split()
    assert settings == given


def test_what_holds_without_being_asked_for():
    """The runner finds every setting, whatever the words."""
    settings = Settings([])
    held = {name: getattr(settings, name) for name in Settings.__annotations__}
    assert held == {
        'outfile': None,
        'http_output': None,
        'http_output_header': None,
        'http_output_method': 'POST',
        'redis_output': None,
        'redis_host': 'localhost',
        'redis_port': 6379,
        'redis_db': 0,
        'redis_password': None,
        'spool': None,
        'mixin': None,
        'all': False,
        'no_mixin': False,
        'show_mixins': False,
        'field': None,
        'redact': None,
        'no_redact': False,
        'iterations': 1,
        'precision': None,
        'max_time': None,
        'warmup': 0,
        'input': None,
        'standard_input': None,
        'stdout': None,
        'stderr': None,
        'capture_limit': None,
        'timeout': None,
        'timeout_grace_period': 5.0,
        'monitor_interval': None,
        'monitor_scope': 'process',
        'dry_run': False,
        'quiet': False,
        'is_compared': False,
    }


def test_every_option_is_a_setting():
    """Each option has its attribute, and the other way round."""
    typed_in = {o.dest for group in options.GROUPS.values() for o in group}
    made = {'standard_input', 'is_compared'}
    assert typed_in - {'help', 'version'} == set(Settings.__annotations__) - made


def test_fields_of_one_call_are_not_those_of_the_next():
    """A field that is given once does not appear in the next call."""
    parser = Parser()
    assert parser.settings(['-f', 'a=b', 'ls']).fields == {'a': 'b'}
    assert parser.settings(['ls']).fields == {}


def test_an_ambiguous_abbreviation_lists_its_candidates():
    """Candidates may be options of the command and of mixins."""
    with pytest.raises(
        UsageError, match='ambiguous option --redis-p: type --redis-port or'
    ):
        Parser().settings(['--redis-p', '1', 'ls'])
    assert Parser().settings(['--monitor', '2', 'ls']).monitor_interval == 2
    with pytest.raises(UsageError, match='option --h: type .*--help or --hash-file'):
        Parser().settings(['--h', 'ls'])


@pytest.mark.parametrize(
    ('nargs', 'words', 'value'),
    [
        (None, 'a', 'a'),
        (1, 'a', ['a']),
        (2, 'a b', ['a', 'b']),
        ('?', 'a', 'a'),
        ('?', '', None),
        ('*', '', []),
        ('*', 'a b', ['a', 'b']),
        ('+', 'a -1', ['a', '-1']),
    ],
)
def test_values_are_counted_as_by_argparse(nargs, words, value):
    """`nargs` of a mixin's option means what it means to argparse."""
    parser = Parser()
    parser.add([options.Option('--probe', metavar='X', nargs=nargs, help='')])
    settings = parser.settings(['--probe', *words.split(), '--', 'ls'])
    assert (settings.probe, settings.command) == (value, ['ls'])


@pytest.mark.parametrize(
    ('option', 'form'),
    [
        ({}, ''),
        ({'metavar': 'X'}, ' X'),
        ({'metavar': 'X', 'nargs': 2}, ' X X'),
        ({'metavar': 'X', 'nargs': '?'}, ' [X]'),
        ({'metavar': 'X', 'nargs': '?', 'const': 'y'}, '[=X]'),
        ({'metavar': 'X', 'nargs': '*'}, ' [X ...]'),
        ({'metavar': 'X', 'nargs': '+'}, ' X [X ...]'),
    ],
)
def test_forms_of_values(option, form):
    """Values have the form that the help and the list of mixins show."""
    assert options.Option('--probe', help='', **option).form == form


@pytest.mark.parametrize(
    ('started_as', 'name'),
    [
        ('/usr/bin/microbench', 'microbench'),
        ('/lib/microbench/__main__.py', 'python -m microbench'),
        ('pytest', 'python -m microbench'),
    ],
)
def test_messages_name_the_command_as_it_was_started(started_as, name, monkeypatch):
    """Messages name the command so that it can be typed."""
    monkeypatch.setattr('sys.argv', [started_as])
    assert Parser().prog == name
    assert typed(['-n', '3']) == f'{name} -n 3'


def test_what_is_too_long_to_read_is_not_repeated():
    """A message is one line, however long the command line was."""
    assert typed(['x' * 500]) == 'python -m microbench ...'
    assert typed(['x', '--'] * 500) == 'python -m microbench ... -- COMMAND [ARG ...]'


@pytest.mark.parametrize('word', ['--help', '--version', 'show', '-n'])
def test_after_the_dashes_any_word_is_a_program(command, word):
    """The word after `--` is a program, not an option."""
    outcome = command('--', word)
    assert outcome.status == 127
    assert outcome.stderr == (
        f'microbench: cannot start {word!r}: No such file or directory\n'
    )
    assert json.loads(outcome.stdout)['call']['command'] == [word]


@pytest.mark.parametrize('words', [['--version'], ['-n', '3', '--vers', '-x', 'ls']])
def test_the_version_is_shown_at_once(words, capsys):
    """`--version` is answered whatever comes after it."""
    assert status_of(main, words) == 0
    out, err = capsys.readouterr()
    assert (out.split()[0], err) == ('microbench', '')
