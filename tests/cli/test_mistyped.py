"""Mistyped subcommands and options: what was meant is named, and nothing runs."""

import pytest

from microbench.__main__ import main
from microbench.cli.args.parser import Parser
from microbench.cli.main import SUBCOMMANDS as KNOWN
from microbench.cli.main import subcommand
from microbench.cli.mistyped import OPTIONS, SUBCOMMANDS
from tests.cli.conftest import status_of

HELLO = '#!/bin/sh\necho from the program\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return an empty directory, with a directory `bin` of it as the PATH."""
    (tmp_path / 'bin').mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    return tmp_path


def install(here, name):
    """Make a program."""
    program = here / 'bin' / name
    program.write_text(HELLO)
    program.chmod(0o755)


def error_of(words, capsys):
    """Return the sentence with which the command rejects words."""
    assert status_of(main, words) == 2
    out, err = capsys.readouterr()
    assert out == ''
    usage, error = err.splitlines()
    assert usage.startswith('usage: ')
    return error.partition('error: ')[2]


@pytest.mark.parametrize(
    ('word', 'meant'),
    [
        ('shwo', 'show'),
        ('Show', 'show'),
        ('dif', 'diff'),
        ('tial', 'tail'),
        ('recovr', 'recover'),
        ('conver', 'convert'),
        *SUBCOMMANDS.items(),
    ],
)
def test_a_mistyped_subcommand_is_not_run(word, meant, capsys, here):
    """The subcommand meant is named; nothing is run or written."""
    sentence = error_of([word, 'a.jsonl'], capsys)
    neither = f'{word!r} is neither a subcommand nor a program'
    assert sentence == f'{neither}: did you mean {meant}?'
    assert [path.name for path in here.iterdir()] == ['bin']


def test_a_program_of_that_name_is_run(here, command):
    """A program on the PATH goes before a subcommand with a similar name."""
    install(here, 'shwo')
    done = command('shwo', env={'PATH': str(here / 'bin')}.items())
    assert done.status == 0
    assert done.stdout.startswith('from the program\n')


@pytest.mark.parametrize('words', [['sleeep', '1'], ['./shwo'], ['--', 'shwo']])
def test_other_words_are_programs(words, command):
    """What is far from every subcommand, a path, or after `--` is a program."""
    done = command('-o', 'out.jsonl', *words) if words[0] == '--' else command(*words)
    assert done.status == 127
    assert 'cannot start' in done.stderr


@pytest.mark.parametrize('meant', SUBCOMMANDS.values())
def test_names_of_other_tools_lead_to_what_exists(meant):
    """Each subcommand or option that such a name stands for exists."""
    assert meant in KNOWN or meant in Parser().flags


@pytest.mark.parametrize(
    ('words', 'meant'),
    [
        ('--itertons 3 touch ran', '--iterations'),
        ('--iteration-s=3 touch ran', '--iterations'),
        ('--capture_limit 3 touch ran', '--capture-limit'),
        ('--no-mixins touch ran', '--no-mixin'),
        ('--git-rep0 . touch ran', '--git-repo'),
        ('--redis-prot 3 touch ran', '--redis-port'),
        *((f'{flag} 3 touch ran', meant) for flag, meant in OPTIONS.items()),
    ],
)
def test_an_unknown_option_names_the_near_one(words, meant, capsys, here):
    """The option meant is named, and nothing runs."""
    flag = words.split()[0].split('=')[0]
    sentence = error_of(words.split(), capsys)
    assert sentence == f'unrecognized option {flag}: did you mean {meant}?'
    assert [path.name for path in here.iterdir()] == ['bin']


def test_an_option_that_is_near_to_none(capsys, here):
    """Without a near one, the message says where options of the command go."""
    assert 'see --help; options of COMMAND go after it' in error_of(['--nothing'], capsys)


@pytest.mark.parametrize(
    ('words', 'hint'),
    [
        ('show a --srot', '; did you mean --sort?'),
        ('show a --srot=n --revers3', '; did you mean --sort and --reverse?'),
        ('diff a --exitcode', '; did you mean --exit-code?'),
        ('tail a --no_follow', '; did you mean --no-follow?'),
        ('show a --nothing-near', ''),
    ],
)
def test_an_unknown_option_of_a_subcommand(words, hint, capsys, here):
    """Subcommands name the option meant as well."""
    name, *rest = words.split()
    assert status_of(subcommand(name), rest) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.partition('unrecognized arguments: ')[2] == ' '.join(rest[1:]) + hint
