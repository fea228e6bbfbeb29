"""What shells know of the command: completions and the manual page."""

import argparse
import shutil
import subprocess
import sys

import pytest

from microbench.cli.args import selected_mixins
from microbench.cli.args.options import MANY
from microbench.cli.completion.main import SCRIPTS
from microbench.cli.completion.surface import _of_parser, surfaces
from microbench.cli.main import SUBCOMMANDS, main
from tools import shell_files

# Words behind `microbench`, the last one half typed, and what completes it.
TYPED = {
    'recov': ['recover'],
    'baseli': ['baseline'],
    '--it': ['--iterations'],
    '--outfile = x --no-m': ['--no-mixin'],
    '-m gi': ['git-info'],
    '-m git-info host': ['host-info'],
    '-m git-info --mon': ['--monitor-interval', '--monitor-scope'],
    '--monitor-scope ""': ['process', 'tree'],
    '--monitor-scope = tr': ['tree'],
    '--stdout =': ['suppress'],
    '--stdout show': ['show'],
    '-n ""': ['auto'],
    '-o ""': [],  # files, which readline completes
    '--git-repo fol': ['folder'],
    'show --mark': ['--markdown'],
    'show ""': [],
    'baseline s': ['save', 'show'],
    'query --to ""': ['parquet'],
    'completion ""': ['bash', 'zsh', 'fish'],
    'compare --prep': ['--prepare'],
    'compare -L n 1,2 --fail-o': ['--fail-over'],
    'compare -- a --- mb-pro': ['mb-program'],
    '-o x mb-pro': ['mb-program'],
    '-o x -- mb-program ""': ['words', 'of', '4'],  # completed from the fourth word on
    '-o x show s': ['words', 'of', '3'],  # of a program with that name
}
ASK = """\
source "$1"
_command_offset() { COMPREPLY=(words of "$1"); }
unset -f _comp_command_offset
while IFS= read -r line; do
    eval "COMP_WORDS=(microbench $line)"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _microbench
    echo "${COMPREPLY[@]}"
done
complete -p microbench
"""


def test_bash_completes_what_is_typed(tmp_path):
    """Options, their values, subcommands and other programs, in a real bash."""
    program = tmp_path / 'mb-program'
    program.touch(0o755)
    tmp_path.joinpath('folder').mkdir()
    done = subprocess.run(
        [
            shutil.which('bash'),
            '--norc',
            '-c',
            ASK,
            'bash',
            shell_files.FOLDER / 'microbench.bash',
        ],
        input='\n'.join([*TYPED, '']),
        env={'PATH': str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ''
    *lines, registered = done.stdout.splitlines()
    assert dict(zip(TYPED, map(str.split, lines), strict=True)) == TYPED
    assert registered.endswith('-F _microbench microbench')


def test_the_files_are_those_of_the_options(monkeypatch):
    """They are up to date; otherwise run `python -m tools.shell_files`."""
    monkeypatch.setattr(sys, 'argv', ['microbench'])
    made = shell_files.files()
    assert sorted(made) == sorted(path.name for path in shell_files.FOLDER.iterdir())
    for name, text in made.items():
        assert shell_files.FOLDER.joinpath(name).read_text('utf-8') == text, name


@pytest.mark.parametrize('shell', SCRIPTS)
def test_the_command_prints_a_script(shell, capsys):
    """It is that of the wheel, and knows installed mixins beside."""
    with pytest.raises(SystemExit) as ended:
        main(['completion', shell])
    assert ended.value.code == 0
    known = surfaces(SUBCOMMANDS, selected_mixins.all_known())
    assert capsys.readouterr().out == SCRIPTS[shell](known)


def test_every_option_is_in_every_script_and_on_the_page():
    """No option of a subcommand is left out, nor one of a mixin."""
    texts = [path.read_text('utf-8') for path in shell_files.FOLDER.iterdir()]
    known = surfaces(SUBCOMMANDS, selected_mixins.own())
    assert [surface.name for surface in known] == ['', *SUBCOMMANDS]
    for form in {form for one in known for flag in one.flags for form in flag.forms}:
        name = form.lstrip('-')
        plain = [text.replace('\\-', '-') for text in texts]
        assert all(
            form in text or f'-l {name} ' in text or f'-s {name} ' in text for text in plain
        ), form


def test_a_parser_becomes_data():
    """Values, their number, choices, repetition and the `%` of argparse."""
    parser = argparse.ArgumentParser(description='About %(prog)s.')
    option = parser.add_argument
    option('--share', metavar='PERCENT', help='by default 1%%')
    option('-L', nargs=2, metavar=('NAME', 'A,B'), action='append', help='of %(prog)s')
    option('--to', choices=('parquet', 'csv'), required=True)
    option('path', nargs='+', metavar='PATH', help='files')
    surface = _of_parser('show', parser)
    _, share, pair, chosen = surface.flags
    assert (share.text, share.value.names, share.repeats) == (
        'by default 1%',
        ('PERCENT',),
        False,
    )
    assert (pair.text, pair.value.most, pair.repeats) == ('of microbench show', 2, True)
    assert (chosen.value.kind, chosen.value.words) == ('words', ('parquet', 'csv'))
    [(path, _)] = surface.values
    assert (path.kind, path.least, path.most) == ('files', 1, MANY)
    assert surface.usage == 'microbench show [options] --to parquet|csv PATH [PATH ...]'
    assert surface.about == 'About microbench show.'


@pytest.mark.parametrize(
    ('text', 'lines'),
    [
        ('One. Two', ['One.', 'Two']),
        ('.TH is no request', ['\\&.TH is no request']),
        ("'quoted' -x", ["\\&'quoted' \\-x"]),
        ('a\\b ~ ^', ['a\\eb \\(ti \\(ha']),
        ('word ' * 20, ['word ' * 15 + 'word', 'word word word word']),
    ],
)
def test_text_of_a_manual_page(text, lines):
    """A sentence begins a line, and nothing in it is a request of roff."""
    assert shell_files._sentences(text) == lines
