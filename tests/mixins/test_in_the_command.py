"""Fields of mixins about a program that the command runs."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import ROOT
from tests.installing import install


@pytest.fixture
def record_of(tmp_path, monkeypatch):
    """Return a function that runs the command and returns its record."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        asked = [sys.executable, '-m', 'microbench', '--outfile', 'record', *words]
        environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
        subprocess.run(asked, env=environment, check=True, capture_output=True)
        return json.loads(tmp_path.joinpath('record').read_text())

    return run


def sha256(path):
    """Return the digest of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_hashes_of_the_command_and_its_files(record_of, tmp_path):
    """The program from PATH and words that are files are hashed."""
    tmp_path.joinpath('data').write_text('1\n')
    record = record_of('--mixin', 'file-hash', '--', 'cat', 'data', '-')
    program = shutil.which('cat')
    expected = {program: sha256(program), 'data': sha256('data')}
    assert record['file_hashes'] == expected
    assert record['mb']['file_hash_algorithm'] == 'sha256'


def test_hashes_of_other_files(record_of, tmp_path):
    """`--hash-file` replaces the files; the algorithm can be selected."""
    tmp_path.joinpath('data').write_text('1\n')
    options = ('--hash-file', 'data', '--hash-algorithm', 'md5')
    record = record_of('-m', 'MBFileHash', *options, '--', 'true')
    assert record['file_hashes'] == {'data': hashlib.md5(b'1\n').hexdigest()}
    assert record['mb']['file_hash_algorithm'] == 'md5'


def test_large_files_are_left_out(record_of, tmp_path):
    """`--hash-size-limit` takes numbers with a unit."""
    tmp_path.joinpath('data').write_bytes(bytes(2048))
    options = ('--hash-file', 'data', '--hash-size-limit', '1k')
    record = record_of('-m', 'file-hash', *options, '--', 'true')
    assert (record['file_hashes'], record['file_hashes_left_out']) == ({}, {'data': 2048})


@pytest.mark.parametrize('options', [[], ['--git-repo', 'sub']])
def test_the_repository(record_of, tmp_path, options):
    """The repository is that of the current or of the given directory."""
    folder = tmp_path / options[1] if options else tmp_path
    subprocess.run(['git', 'init', '--quiet', folder], check=True, capture_output=True)
    record = record_of('-m', 'git-info', *options, '--', 'true')
    assert record['git']['repo'] == str(folder)


def test_the_memory_of_the_program(record_of):
    """The program's peak resident size is stored; nothing slowed it."""
    code = 'bytearray(64 << 20)'
    record = record_of('-m', 'peak-memory', '--', sys.executable, '-c', code)
    assert record['call']['peak_memory_bytes'] > 64 << 20
    assert 'slowed_by' not in record['call']


def test_all_mixins_at_once(record_of):
    """A value that cannot be captured here is noted, and costs nothing else."""
    record = record_of('--all', '--', 'true')
    errors = record['call'].get('capture_errors', [])
    failed = {error['method'] for error in errors}
    programs = {'capture_git_info', 'capture_conda_packages', 'capture_nvidia'}
    assert failed <= {*programs, 'capture_gpu'}
    captured = {'python', 'host', 'slurm', 'loaded_modules', 'cgroups', 'file_hashes'}
    assert captured | {'resource_usage', 'stability'} <= set(record)
    assert record['call']['returncode'] == [0]


# --- packages of the program ---------------------------------------------------------


@pytest.fixture
def other(tmp_path):
    """Return the Python of another environment with its own distribution."""
    folder = tmp_path / 'other'
    command = [sys.executable, '-m', 'venv', '--without-pip', folder]
    subprocess.run(command, check=True, capture_output=True)
    [site] = folder.glob('lib/python*/site-packages')
    install(site, 'only-there', '1.2', 'only_there/__init__.py')
    return str(folder / 'bin' / 'python')


def packages_of(record_of, *words):
    """Return `python` of a command; microbench itself comes from PYTHONPATH."""
    python = record_of('-m', 'installed-packages', *words)['python']
    python.get('installed_packages', {}).pop('microbench', None)
    return python


def test_packages_of_another_python(record_of, other):
    """Packages are those of the command's Python, not of microbench's."""
    python = packages_of(record_of, '--', other, '-c', 'pass')
    assert python['installed_packages'] == {'only-there': '1.2'}
    assert python['installed_packages_of'] == other
    assert python['environment']['prefix'] == str(Path(other).parents[1])
    assert 'unavailable' not in python


def test_packages_of_a_script(record_of, other, tmp_path):
    """The first line of a script names its Python."""
    script = tmp_path / 'tool'
    script.write_text(f'#!{other}\n')
    script.chmod(0o755)
    python = packages_of(record_of, '--', './tool')
    assert python['installed_packages'] == {'only-there': '1.2'}


def test_packages_of_a_python_that_is_named(record_of, other):
    """--packages-of names the Python that a program hides."""
    python = packages_of(record_of, '--packages-of', other, '--', 'sh', '-c', 'true')
    assert python['installed_packages_of'] == other
    assert python['installed_packages'] == {'only-there': '1.2'}


def test_packages_of_this_python(record_of):
    """A program in the same environment has what microbench has."""
    python = packages_of(record_of, '--', sys.executable, '-c', 'pass')
    assert python['installed_packages']['pytest'] == pytest.__version__
    assert python['installed_packages_of'] == sys.executable
    assert 'installed_packages' not in python.get('unavailable', {})


def test_packages_of_a_program_that_is_not_known(record_of):
    """For an unknown program, microbench's own Python is listed, and named."""
    python = packages_of(record_of, '--', 'true')
    assert python['installed_packages']['pytest'] == pytest.__version__
    assert python['installed_packages_of'] == sys.executable
    why = 'true is not known to be a program in Python'
    assert python['unavailable']['packages_of_program'] == why


def test_packages_that_something_else_chooses(record_of, tmp_path, monkeypatch):
    """No packages are listed where they could be wrong."""
    tmp_path.joinpath('bin').mkdir()
    uv = tmp_path / 'bin' / 'uv'
    uv.write_text('#!/bin/sh\n')
    uv.chmod(0o755)
    monkeypatch.setenv('PATH', f'{uv.parent}:/usr/bin:/bin')
    python = packages_of(record_of, '--', 'uv', 'run', 'x.py')
    assert set(python) == {'unavailable'}
    why = 'uv chooses the environment itself'
    assert python['unavailable'] == {'installed_packages': why}


def test_packages_of_a_python_that_cannot_be_asked(record_of, tmp_path):
    """The record has the reason, and no packages."""
    broken = tmp_path / 'python3'
    broken.write_text('#!/bin/sh\necho wrong >&2\nexit 3\n')
    broken.chmod(0o755)
    asked = [sys.executable, '-m', 'microbench', '-o', 'record', '-m', 'installed-packages']
    subprocess.run([*asked, '--', './python3'], check=False, capture_output=True)
    python = json.loads(tmp_path.joinpath('record').read_text())['python']
    assert set(python) == {'installed_packages_of', 'unavailable'}
    assert python['installed_packages_of'] == str(broken)
    assert 'could not be asked' in python['unavailable']['installed_packages']
    assert 'wrong' in python['unavailable']['installed_packages']


def test_a_python_to_list_that_is_not_there(tmp_path):
    """A missing Python is a usage error."""
    asked = [sys.executable, '-m', 'microbench', '-m', 'installed-packages']
    words = ['--packages-of', '/no/python', '--', 'touch', str(tmp_path / 'ran')]
    done = subprocess.run([*asked, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the program '/no/python' cannot be found" in done.stderr
    assert not tmp_path.joinpath('ran').exists()
