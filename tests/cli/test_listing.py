"""`--dry-run` and `--show-mixins`."""

import io
import re
import sys

import pytest

from microbench.__main__ import main
from microbench.cli.args import selected_mixins
from microbench.cli.args.listing import text_of_mixins
from microbench.cli.main import SUBCOMMANDS
from tests.cli.conftest import status_of
from tests.cli.terminals import FakeTerminal

HEAD = 'Dry run: the command will not be executed.\n\n'
DEFAULT = """\
python-info, host-info, slurm-info, loaded-modules, working-dir,
              resource-usage"""
REQUEST = """\
  Command:    ./run.sh --steps 100
  Output:     out.jsonl, http://host/x, redis:key
  Mixins:     file-hash, nvidia-smi
    --hash-file data.csv
    --nvidia-gpus 0 1
  Iterations: 3 (+2 warmup)
  Capture:    --stdout --stderr
  Timeout:    60.0s (grace period: 5s)
  Monitor:    every 5s
  Fields:     a=b, c=d
"""
WORDS = [
    *('-o', 'out.jsonl', '--http-output', 'http://host/x', '--redis-output', 'key'),
    *('-m', 'file-hash', 'nvidia-smi', '--hash-file', 'data.csv'),
    *('--nvidia-gpus', '0', '1', '-n', '3', '-w', '2', '--stdout', '--stderr'),
    *('--timeout', '60', '--monitor-interval', '5', '-f', 'a=b', '--field', 'c=d'),
    *('--', './run.sh', '--steps', '100'),
]


def shown(words, capsys):
    """Return what is printed, after which nothing may have been run or written."""
    assert status_of(main, words) == 0
    out, err = capsys.readouterr()
    assert err == ''
    return out


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a directory with one file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data.csv').write_text('')
    (tmp_path / 'two words').write_text('')
    return tmp_path


def test_a_dry_run_shows_all_settings(here, capsys):
    """A dry run lists aligned settings in their order, and does nothing else."""
    assert shown(['--dry-run', *WORDS], capsys) == HEAD + REQUEST
    assert {path.name for path in here.iterdir()} == {'data.csv', 'two words'}


def test_a_dry_run_of_a_plain_command(capsys):
    """A dry run of a plain command has only the lines of every run."""
    assert shown(['--dry-run', 'touch', 'ran'], capsys) == HEAD + (
        '  Command:    touch ran\n'
        '  Output:     stdout\n'
        f'  Mixins:     {DEFAULT}\n'
        '  Iterations: 1\n'
    )


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['--', './a b', '', "it's"], "  Command:    './a b' '' 'it'\"'\"'s'"),
        (['ls', '\udcff'], "  Command:    ls '\\udcff'"),
        (['-o', '-', 'ls'], '  Output:     stdout'),
        (['-o', '/dev/stderr', 'ls'], '  Output:     /dev/stderr'),
        (['--http-output', 'http://h', 'ls'], '  Output:     http://h'),
        (['--no-mixin', 'ls'], '  Mixins:     none'),
        (['-m', 'file-hash', '--hash-file=two words', 'ls'], "    --hash-file 'two words'"),
        (['--stderr=suppress', 'ls'], '  Capture:    --stderr=suppress'),
        (
            ['--stdout', '--capture-limit', '9', 'ls'],
            '  Capture:    --stdout (limit: 9 bytes)',
        ),
        (
            ['--timeout', '0.5', '--timeout-grace-period', '10', 'ls'],
            '  Timeout:    0.5s (grace period: 10.0s)',
        ),
        (
            ['--monitor-interval', '.25', '--monitor-scope', 'tree', 'ls'],
            '  Monitor:    every 0.25s (tree)',
        ),
        (['--redact', '*key*', '--redact', 'a.b', 'ls'], '  Redact:     *key*, a.b'),
        (['--no-redact', 'ls'], '  Redact:     nothing'),
    ],
)
def test_lines_of_a_dry_run(words, line, here, capsys):
    """Words are quoted where a shell needs it; unused settings have no line."""
    assert line in shown(['--dry-run', *words], capsys).splitlines()


@pytest.mark.parametrize(
    'words',
    [
        ['--http-output', 'http://h', '--http-output-header', 'ab', 'ls'],
        ['-o', '/etc/passwd/', 'ls'],
        ['--http-output', 'host', 'ls'],
        ['-m', 'x', '--', 'ls'],
    ],
)
def test_a_dry_run_checks_everything(words, capsys):
    """Options that a run would reject are rejected here as well."""
    assert status_of(main, ['--dry-run', *words]) == 2
    assert capsys.readouterr().out == ''


def test_the_list_of_mixins(capsys):
    """The list is alphabetical, with `*` for defaults and options below their mixin."""
    heading, empty, *lines = shown(['--show-mixins'], capsys).splitlines()
    assert (heading, empty) == ('Available mixins (* = included by default):', '')
    rows = [re.fullmatch(r'  ([* ]) (\S+) +(\S.*)', line) for line in lines]
    names = [row[2] for row in rows if row and not row[2].startswith('--')]
    assert names == list(selected_mixins.own())
    width = max(map(len, names))
    first = f'  * {"host-info":{width}}  Host name, operating system, processor'
    assert first in '\n'.join(lines)
    marked = {line.split()[1] for line in lines if line.startswith('  * ')}
    assert marked == set(selected_mixins.default())
    place = lines.index(f'{"":{width + 6}}--hash-file FILE [FILE ...]')
    assert lines[place - 2].startswith(f'    {"file-hash":{width}}  Digests of files')
    assert lines[place - 1].startswith(f'{"":{width + 6}}')
    assert lines[place + 1] == f'{"":{width + 6}}--hash-algorithm ALGORITHM'


@pytest.mark.parametrize('more', [[], ['-m', 'x'], ['--stdout=x'], ['-f', 'x', 'ls']])
def test_the_list_comes_before_any_other_check(more, capsys):
    """The list needs no command, and no other mistake matters."""
    assert shown(['--show-mixins', *more], capsys).startswith('Available mixins')


def test_what_standard_output_cannot_encode_is_escaped(monkeypatch, here):
    """Characters that the C locale lacks are escaped."""
    text = io.TextIOWrapper(io.BytesIO(), 'ascii')
    monkeypatch.setattr('sys.stdout', text)
    with pytest.raises(SystemExit):
        main(['--dry-run', 'ls', 'ä'])
    text.seek(0)
    assert "ls '\\xe4'" in text.read()


@pytest.mark.parametrize(
    ('stdout', 'status', 'printed'),
    [
        ('>/dev/full', 1, 'python -m microbench: cannot write: No space left on device\n'),
        ('>&-', 0, ''),
        ('| head -0', 0, ''),
    ],
)
@pytest.mark.parametrize('option', ['--help', '--version', '--show-mixins'])
def test_what_cannot_be_shown(option, stdout, status, printed, ended, tmp_path):
    """A failed write is one line and status 1; a closed pipe is no error."""
    script = f'{{ "$0" -m microbench {option}; echo $? >status; }} {stdout}'
    done = ended('sh', '-c', script, sys.executable, stdout=None)
    assert (int((tmp_path / 'status').read_text()), done.stderr) == (status, printed)


def test_a_closed_standard_output_is_no_crash(monkeypatch):
    """`microbench --show-mixins >&-` does not crash."""
    monkeypatch.setattr('sys.stdout', None)
    assert status_of(main, ['--show-mixins']) == 0


HELP = [[name, '--help'] for name in SUBCOMMANDS] + [['--help'], ['--show-mixins']]


@pytest.mark.parametrize('words', HELP)
@pytest.mark.parametrize(('terminal', 'width'), [(0, 80), (80, 80), (300, 80), (60, 72)])
def test_help_has_80_columns(words, terminal, width, monkeypatch):
    """The help has at most 80 columns, on any terminal and in a pipe, with colours."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal() if terminal else io.StringIO())
    monkeypatch.setenv('COLUMNS', str(terminal or 300))
    with pytest.raises(SystemExit):
        main(words)
    lines = re.sub('\033\\[[0-9;]*m', '', sys.stdout.getvalue()).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) > 5


def test_mixins_with_long_names(monkeypatch):
    """The description of a mixin with a long name stands below the name."""
    mixin = type('Long', (), {'__doc__': 'Measure ' + 'all of it ' * 12})
    monkeypatch.setattr(
        selected_mixins, 'all_known', lambda: {'n' * 40: mixin, 'short': mixin}
    )
    lines = text_of_mixins().splitlines()
    assert lines[2] == '    ' + 'n' * 40
    assert lines[3].startswith(f'{"":30}Measure all')
    assert max(map(len, lines)) <= 80


def test_a_dry_run_with_many_mixins(capsys):
    """Names of mixins are on several aligned lines; the command stays on one."""
    command = ['ls', *map(str, range(100))]
    lines = shown(['--dry-run', '-a', '--', *command], capsys).splitlines()
    assert f'  Command:    {" ".join(command)}' in lines
    place = next(n for n, line in enumerate(lines) if line.startswith('  Mixins:'))
    assert lines[place + 1].startswith(' ' * 14 + 'git-info, gpu, host-info, ')
    assert max(map(len, lines[place:])) <= 80
