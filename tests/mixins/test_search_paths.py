"""The folders in which another Python looks for packages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from microbench.mixins import search_paths
from microbench.mixins.interpreters import program_of
from microbench.mixins.search_paths import is_this_python, search_path


@pytest.fixture
def env(tmp_path, monkeypatch):
    """Return a virtual environment with a folder from a `.pth` file."""
    folder = tmp_path / 'env'
    command = [sys.executable, '-m', 'venv', '--without-pip', folder]
    subprocess.run(command, check=True, capture_output=True)
    [site] = folder.glob('lib/python*/site-packages')
    (tmp_path / 'added').mkdir()
    site.joinpath('a.pth').write_text(
        f'# no\n{tmp_path / "added"}\n\n/no/such\nimport os\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', f'{tmp_path / "first"}{os.pathsep}relative')
    return folder


def paths_of(*words):
    """Return prefix and folders that are found for a command."""
    program = program_of(list(words), os.environ)
    prefix, paths = search_path(program)
    return prefix, [os.path.realpath(path) for path in paths]


def said_by(env, *options):
    """Return the folders in which that Python really looks, without its library."""
    code = 'import json, sys; print(json.dumps([sys.base_prefix, sys.path]))'
    command = [str(env / 'bin/python'), *options, '-c', code]
    done = subprocess.run(command, check=True, capture_output=True)
    base, paths = json.loads(done.stdout)
    library = f'{Path(base).resolve()}{os.sep}'
    real = [os.path.realpath(path or '.') for path in paths]
    return [path for path in real if not path.startswith(library)]


@pytest.fixture
def _nothing_is_started(monkeypatch):
    monkeypatch.setattr(search_paths, 'output_of', None)


@pytest.mark.usefixtures('_nothing_is_started')
@pytest.mark.parametrize('options', [[], ['-E'], ['-I'], ['-s'], ['-E', '-s']])
def test_an_environment_is_read(env, options):
    """An environment is read without starting its Python, with the same result."""
    prefix, paths = paths_of(str(env / 'bin/python'), *options, '-c', 'pass')
    assert prefix == str(env)
    assert paths == said_by(env, *options)


@pytest.mark.parametrize('options', [[], ['-S'], ['-I']])
def test_a_python_that_is_no_environment_is_asked(options):
    """A Python outside an environment is asked: it may be patched."""
    base = os.path.realpath(sys.executable)
    program = program_of([base, *options, '-c', 'pass'], os.environ)
    prefix, paths = search_path(program)
    assert prefix == sys.base_prefix
    assert str(Path(os.__file__).parent) in paths
    assert program.python == base


def test_an_environment_that_sees_the_system_is_asked(env):
    """The interpreter answers with the packages of the system too."""
    settings = env / 'pyvenv.cfg'
    settings.write_text(settings.read_text().replace('false', 'true'))
    prefix, paths = paths_of(str(env / 'bin/python'), '-c', 'pass')
    assert prefix == str(env)
    assert len(paths) > len(said_by(env))


def test_an_environment_whose_code_adds_folders_is_asked(env, tmp_path):
    """`uv run --with` makes such environments."""
    [site] = env.glob('lib/python*/site-packages')
    overlay = tmp_path / 'overlay'
    overlay.mkdir()
    line = f'import site; site.addsitedir({str(overlay)!r})\n'
    site.joinpath('_uv_ephemeral_overlay.pth').write_text(line)
    assert str(overlay) in paths_of(str(env / 'bin/python'), '-c', 'pass')[1]


@pytest.mark.parametrize(
    'said', ['', 'print("hello")', 'print("[1]")', 'print("[1, 2, 3]")']
)
def test_a_python_that_does_not_answer(tmp_path, said):
    """Output other than the expected answer is rejected."""
    python = tmp_path / 'python3'
    python.write_text(f'#!{sys.executable}\n{said}\n')
    python.chmod(0o755)
    with pytest.raises(ValueError, match='does not say where it looks'):
        search_path(program_of([str(python), 'x.py'], os.environ))


def test_what_it_prints_before_does_no_harm(tmp_path):
    """A sitecustomize may greet; only the last line is read."""
    python = tmp_path / 'python3'
    python.write_text(
        f'#!{sys.executable}\nprint("hello")\nprint(\'["/p", "/x", ["/y"]]\')\n'
    )
    python.chmod(0o755)
    program = program_of([str(python), '-I'], os.environ)
    assert search_path(program) == ('/x', ['/y'])
    assert program.python == '/p'


def test_coverage_is_not_started_in_it(env, monkeypatch, tmp_path):
    """Variables that make a Python do more at its start are not passed on."""
    seen = []

    def output_of(command, env, **options):
        seen.append(env)
        return '["/p", "/x", []]'

    monkeypatch.setattr(search_paths, 'output_of', output_of)
    monkeypatch.setenv('COVERAGE_PROCESS_START', 'x')
    search_path(program_of([str(env / 'bin/python'), '-S', 'x.py'], os.environ))
    assert 'COVERAGE_PROCESS_START' not in seen[0]
    assert seen[0]['PYTHONPATH'] == os.environ['PYTHONPATH']


@pytest.mark.parametrize(
    ('words', 'is_this'),
    [
        ([sys.executable, 'x.py'], True),
        ([sys.executable, '-P', 'x.py'], True),
        ([sys.executable, '-I', 'x.py'], False),
        ([sys.executable, '-S', 'x.py'], False),
        (['env', 'PYTHONPATH=/x', sys.executable], False),
        (['env', 'PYTHONPATHS=/x', sys.executable], True),
    ],
)
def test_the_python_of_this_process(words, is_this):
    """The Python of this process is not asked."""
    assert is_this_python(program_of(words, os.environ)) is is_this


def test_another_environment_of_the_same_python(env, monkeypatch):
    """Two environments share the program, not the packages."""
    monkeypatch.delenv('PYTHONPATH')
    program = program_of([str(env / 'bin/python')], os.environ)
    assert not is_this_python(program)
    monkeypatch.setattr(sys, 'prefix', str(env))
    assert is_this_python(program)
