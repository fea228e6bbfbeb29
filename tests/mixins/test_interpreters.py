"""The Python that a command runs."""

import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from microbench.mixins.interpreters import program_of

PIP_LONG = "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\nimport sys\n"
UV_SPACE = "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n# -*- coding\n"
UV_RELATIVE = (
    '#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/\'python3\' "$0" "$@"\n'
    "' '''\n"
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return an empty directory whose Python in `env/bin` is not run."""
    monkeypatch.chdir(tmp_path)
    program(tmp_path, 'env/bin/python3', '')
    return tmp_path


def program(folder, name, text):
    """Write an executable file; return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def found(*words, environ=None):
    """Return what is found of a command."""
    return program_of(list(words), {'PATH': os.environ['PATH'], **(environ or {})})


@pytest.mark.parametrize(
    ('words', 'options', 'first'),
    [
        (['x.py'], [], ''),
        (['sub/x.py', '-I'], [], 'sub'),
        (['-m', 'x', '-I'], [], ''),
        (['-mx'], [], ''),
        (['-c', 'pass', '-E'], [], ''),
        (['-u', '-W', 'error', '-Xdev', '-X', 'utf8', 'sub/x.py'], [], 'sub'),
        (['-Es', 'sub/x.py'], ['-E', '-s'], 'sub'),
        (['-BEm', 'x'], ['-E'], ''),
        (['-I', 'sub/x.py'], ['-I'], None),
        (['-P', 'sub/x.py'], ['-P'], None),
        (['--check-hash-based-pycs', 'never'], [], ''),
        ([], [], ''),
        (['-'], [], ''),
        (['folder'], [], 'folder'),
        (['app.pyz'], [], 'app.pyz'),
    ],
)
def test_a_python(here, words, options, first):
    """A Python has its options, and the first folder of its search path."""
    (here / 'folder').mkdir()
    (here / 'sub').mkdir()
    with zipfile.ZipFile(here / 'app.pyz', 'w') as file:
        file.writestr('__main__.py', '')
    seen = found('env/bin/python3', *words)
    assert (seen.python, seen.options) == (str(here / 'env/bin/python3'), options)
    assert seen.first == (None if first is None else os.path.normpath(here / first))


@pytest.mark.parametrize(
    ('words', 'environ', 'first'),
    [
        ([], {'PYTHONSAFEPATH': '1'}, False),
        (['-E'], {'PYTHONSAFEPATH': '1'}, True),
        ([], {'PYTHONSAFEPATH': ''}, True),
    ],
)
def test_a_safe_path(here, words, environ, first):
    """The variable acts as -P, unless variables are ignored."""
    seen = found('env/bin/python3', *words, 'x.py', environ=environ)
    assert seen.first == (str(here) if first else None)


def test_a_script_by_a_link(here):
    """A linked script's folder is that of the file, as Python sees it."""
    program(here, 'sub/x.py', '')
    here.joinpath('link.py').symlink_to('sub/x.py')
    assert found('env/bin/python3', 'link.py').first == str(here / 'sub')


@pytest.mark.parametrize(
    'name', ['python', 'python3', 'python3.13t', 'pypy3', 'python3.12', 'pypy3.10']
)
def test_names_of_pythons(here, name):
    """A bare name is looked up on PATH."""
    path = program(here, f'bin/{name}', '')
    assert found(name, environ={'PATH': str(here / 'bin')}).python == path


@pytest.mark.parametrize(
    'first_lines',
    [
        '#!{python}\n',
        '#! {python} -u\n',
        '#!{python}\r\n',
        '#!/usr/bin/env -S {python} -u\n',
        '#!/usr/bin/env -S A=1 {python}\n',
        PIP_LONG,
        UV_SPACE,
        UV_RELATIVE,
    ],
)
def test_scripts(here, first_lines):
    """First lines as people, pip and uv write them are parsed."""
    python = str(here / 'env/bin/python3')
    script = program(here, 'env/bin/tool', first_lines.format(python=python))
    seen = found('env/bin/tool', '-I')
    assert (seen.python, seen.options, seen.first) == (python, [], str(Path(script).parent))


def test_a_script_of_pipx(here):
    """A link to it lies on PATH, and its Python ignores variables."""
    python = str(here / 'env/bin/python3')
    program(here, 'env/bin/tool', f'#!{python} -E\n')
    (here / 'bin').mkdir()
    (here / 'bin/tool').symlink_to(here / 'env/bin/tool')
    seen = found('tool', environ={'PATH': str(here / 'bin')})
    assert (seen.python, seen.options, seen.first) == (
        python,
        ['-E'],
        str(here / 'env/bin'),
    )


@pytest.mark.parametrize(
    ('words', 'environ'),
    [
        ('env', {}),
        ('env A=1 B=2', {'A': '1', 'B': '2'}),
        ('env -u HOME A=1', {'A': '1'}),
        ('env -i A=1', {'A': '1'}),
        ('env - A=1', {'A': '1'}),
        ('env -v', {}),
        ('nice -n 5', {}),
        ('nice -5', {}),
        ('nohup nice', {}),
        ('timeout -k 5 10', {}),
        ('timeout --signal=INT 10', {}),
        ('timeout --signal INT --kill-after 5 10', {}),
        ('nice --adjustment 5', {}),
        ('stdbuf --output L', {}),
        ('stdbuf -oL', {}),
        ('stdbuf -o L', {}),
        ('time -p', {}),
        ('taskset -c 0-3', {}),
        ('setsid env A=1 nice', {'A': '1'}),
    ],
)
def test_programs_that_run_another(here, words, environ):
    """Wrapper programs are followed, with env's changes to the environment."""
    here.joinpath('bin').mkdir()
    for word in ('env', 'nice', 'nohup', 'timeout', 'stdbuf', 'time', 'taskset', 'setsid'):
        program(here, f'bin/{word}', '')
    path = {'PATH': str(here / 'bin')}
    seen = found(*words.split(), str(here / 'env/bin/python3'), 'x.py', environ=path)
    assert seen.python == str(here / 'env/bin/python3')
    assert {n: v for n, v in seen.environ.items() if n != 'PATH'} == environ


@pytest.mark.parametrize(
    ('words', 'why'),
    [
        ('uv run x.py', 'uv chooses the environment itself'),
        ('uv --quiet run x.py', 'uv chooses the environment itself'),
        ('poetry run python x.py', 'poetry chooses the environment itself'),
        ('conda run -n x python', 'conda chooses the environment itself'),
        ('uvx ruff', 'uvx chooses the environment itself'),
        ('tox -e py', 'tox chooses the environment itself'),
        ('docker run python', 'docker runs it elsewhere'),
        ('ssh host python', 'ssh runs it elsewhere'),
        ('/no/such/python3', '/no/such/python3 is not there'),
    ],
)
def test_a_python_that_is_not_known(here, words, why):
    """If something else selects the Python, there is a reason instead of a guess."""
    seen = found(*words.split())
    assert (seen.python, seen.is_python, seen.why) == (None, True, why)


def test_a_program_that_pyenv_chooses(here):
    """Pyenv's shims are scripts that look for the Python when they run."""
    path = program(here, 'shims/tool', '#!/bin/sh\nexec pyenv exec tool "$@"\n')
    seen = found(path)
    assert (seen.is_python, seen.why) == (True, f'{path} chooses the Python itself')


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'tool'),
        ('\x7fELF', 'tool'),
        ('#!/bin/sh\npython x.py\n', 'tool'),
        ('#!\n', 'tool'),
        ('#!/bin/sh\n\'\'\'exec\' "$HOME/python" "$0" "$@"\n', 'tool'),
        ('', 'no-such-program'),
        ('', 'env -C / tool'),
        ('', 'env'),
        ('', ''),
    ],
)
def test_a_program_that_is_no_python(here, text, words):
    """Another program may run Python, but does not say so."""
    program(here, 'tool', text)
    environ = {'PATH': f'{here}{os.pathsep}/usr/bin{os.pathsep}/bin'}
    seen = found(*words.split(), environ=environ)
    assert (seen.python, seen.is_python) == (None, False)
    assert seen.why


def test_a_script_that_may_not_be_read(here):
    """The interpreter of an unreadable script is unknown."""
    path = program(here, 'tool', f'#!{sys.executable}\n')
    Path(path).chmod(stat.S_IXUSR)
    if os.access(path, os.R_OK):
        return  # as root
    assert found(path).is_python is False


def test_scripts_that_run_each_other(here):
    """The search through scripts that run each other ends."""
    for name, other in (('a', 'b'), ('b', 'a')):
        program(here, name, f'#!{here}/{other}\n')
    assert found('./a').why == 'a is not known to be a program in Python'
