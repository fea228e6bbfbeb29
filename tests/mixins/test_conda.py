"""MBCondaPackages. Its program is a stand-in, tests/standins/conda."""

import json
import os
import subprocess
import sys

import pytest

from microbench import MBCondaPackages, MicroBenchBase
from microbench.mixins.conda import channel_of
from tests.fakes import ROOT, only

STANDIN = ROOT / 'tests' / 'standins' / 'conda'


def record_of(**attributes):
    """Return the record of one call of a bench with these attributes."""
    bench = type('Bench', (MicroBenchBase, MBCondaPackages), attributes)()
    bench(lambda: None)()
    return only(bench.get_results())


@pytest.fixture
def conda(monkeypatch, tmp_path):
    """Put a stand-in for conda on PATH; return the file that logs its calls."""
    log = tmp_path / 'log'
    log.touch()
    monkeypatch.setenv('PATH', str(STANDIN), prepend=os.pathsep)
    monkeypatch.setenv('CONDA_STANDIN_LOG', str(log))
    monkeypatch.setenv('CONDA_PREFIX', '/opt/env')
    monkeypatch.setenv('CONDA_DEFAULT_ENV', 'sim')
    return log


@pytest.mark.parametrize(
    ('attributes', 'versions'),
    [
        ({}, ['2.1.0 py312h0abc123_4', '1.19 h50ea8bc_0', '1.16.0 pyhd3eb1b0_1', '0.1']),
        ({'include_builds': False}, ['2.1.0', '1.19', '1.16.0', '0.1']),
        (
            {'include_channels': True},
            [
                '2.1.0 py312h0abc123_4(conda-forge)',
                '1.19 h50ea8bc_0(bioconda)',
                '1.16.0 pyhd3eb1b0_1',
                '0.1',
            ],
        ),
        (
            {'include_builds': False, 'include_channels': True},
            ['2.1.0(conda-forge)', '1.19(bioconda)', '1.16.0', '0.1'],
        ),
    ],
)
def test_packages_of_conda(conda, attributes, versions):
    """Versions with builds and channels as wanted; lines may have fewer columns."""
    assert record_of(**attributes)['conda'] == {
        'name': 'sim',
        'path': '/opt/env',
        'packages': dict(zip(['numpy', 'samtools', 'six', 'bare'], versions, strict=True)),
    }
    assert conda.read_text() == 'list --prefix /opt/env\n'


def test_outside_an_environment(conda, monkeypatch):
    """Name and path are null, and the prefix of this Python is asked for."""
    monkeypatch.delenv('CONDA_PREFIX')
    monkeypatch.delenv('CONDA_DEFAULT_ENV')
    found = record_of()['conda']
    assert (found['name'], found['path']) == (None, None)
    assert conda.read_text() == f'list --prefix {sys.prefix}\n'


def test_conda_is_asked_once_for_a_bench_and_environment(conda, monkeypatch):
    """Conda takes seconds: only another bench or environment asks again."""
    cls = type('Bench', (MicroBenchBase, MBCondaPackages), {})
    bench = cls()
    for _ in range(2):
        bench(lambda: None)()
    monkeypatch.setenv('CONDA_PREFIX', '/opt/other')
    bench(lambda: None)()
    cls()(lambda: None)()
    prefixes = [line.split()[-1] for line in conda.read_text().splitlines()]
    assert prefixes == ['/opt/env', '/opt/other', '/opt/other']


def test_conda_that_fails(conda, monkeypatch):
    """The error contains conda's own words, and the record has no packages."""
    monkeypatch.setenv('CONDA_STANDIN', 'fail')
    with pytest.raises(subprocess.CalledProcessError, match='Not a conda environment'):
        record_of()
    record = record_of(capture_optional=True)
    assert record['conda'] == {'name': 'sim', 'path': '/opt/env'}
    [error] = record['call']['capture_errors']
    assert error['method'] == 'capture_conda_packages'
    assert error['error'].endswith('Not a conda environment: /opt/env')


# --- without conda -------------------------------------------------------------------

CHANNEL = 'https://conda.anaconda.org/conda-forge'
# As conda and mamba write them, with the platform; as pixi does, with a slash; broken ones.
SIX = {'name': 'six', 'version': '1.16.0', 'build': 'py_1', 'depends': ['python']}
XZ = {'name': 'xz', 'version': '5.4', 'build': 'h1_0', 'build_number': 0}
NOTED = {
    'six-1.16.0-py_1.json': {**SIX, 'channel': f'{CHANNEL}/noarch', 'subdir': 'noarch'},
    'xz-5.4-h1_0.json': {**XZ, 'channel': f'{CHANNEL}/', 'subdir': 'linux-64'},
    'old.json': {'name': 'old', 'version': '1'},
    'nameless.json': {'version': '1'},
    'odd.json': ['list'],
    'torn.json': None,
    'history': None,
}


@pytest.fixture
def no_conda(monkeypatch, tmp_path):
    """Remove conda; return the empty prefix of the active environment."""
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.delenv('CONDA_EXE', raising=False)
    monkeypatch.setenv('CONDA_PREFIX', str(tmp_path / 'env'))
    return tmp_path / 'env'


@pytest.fixture
def installed(no_conda):
    """Write files of an installer's notes; return their folder."""
    folder = no_conda / 'conda-meta'
    folder.mkdir(parents=True)
    for name, noted in NOTED.items():
        folder.joinpath(name).write_text(json.dumps(noted) if noted else '{"name": "x')
    return folder


@pytest.mark.parametrize('exe', [None, '/no/such/conda'])
def test_no_conda(no_conda, monkeypatch, exe):
    """Without program and environment, FileNotFoundError is raised."""
    if exe:
        monkeypatch.setenv('CONDA_EXE', exe)
    with pytest.raises(FileNotFoundError, match='conda'):
        record_of()


@pytest.mark.parametrize(
    ('attributes', 'six', 'old'),
    [
        ({}, '1.16.0 py_1', '1'),
        ({'include_builds': False}, '1.16.0', '1'),
        ({'include_channels': True}, '1.16.0 py_1(conda-forge)', '1'),
    ],
)
def test_without_conda_the_environment_itself_is_read(installed, attributes, six, old):
    """Environments of mamba and pixi are read; broken notes cost only themselves."""
    packages = record_of(**attributes)['conda']['packages']
    assert (packages['six'], packages['old']) == (six, old)
    assert list(packages) == ['old', 'six', 'xz']


def test_the_environment_is_read_once(installed):
    """An environment is read once, as conda is asked once."""
    bench = type('Bench', (MicroBenchBase, MBCondaPackages), {})()
    bench(lambda: None)()
    for file in installed.iterdir():
        file.unlink()
    bench(lambda: None)()
    first, second = (record['conda'] for record in bench.get_results())
    assert first == second


def test_a_conda_that_fails_is_believed(conda, monkeypatch, tmp_path):
    """The error of conda counts, whatever is in the environment."""
    folder = tmp_path / 'env' / 'conda-meta'
    folder.mkdir(parents=True)
    folder.joinpath('old.json').write_text(json.dumps(NOTED['old.json']))
    monkeypatch.setenv('CONDA_PREFIX', str(folder.parent))
    monkeypatch.setenv('CONDA_STANDIN', 'fail')
    with pytest.raises(subprocess.CalledProcessError):
        record_of()


@pytest.mark.parametrize(
    ('address', 'channel'),
    [
        (f'{CHANNEL}/linux-64', 'conda-forge'),
        (f'{CHANNEL}/', 'conda-forge'),
        (f'{CHANNEL}/label/dev/linux-64', 'conda-forge/label/dev'),
        ('https://conda.anaconda.org/t/aa-0123/lab/linux-64', 'lab'),
        ('https://repo.anaconda.com/pkgs/main/linux-64', ''),
        ('conda-forge', 'conda-forge'),
        ('https://host', ''),
        ('file:///opt/lab/linux-64', 'file:///opt/lab'),
        (None, ''),
        ('', ''),
    ],
)
def test_names_of_channels(address, channel):
    """Channels are named as in `conda list`, without host, platform and token."""
    assert channel_of({'channel': address, 'subdir': 'linux-64'}) == channel


@pytest.mark.parametrize(
    ('which', 'exe', 'program'),
    [
        ('/a/conda', '/b/conda', '/a/conda'),
        (None, '/b/conda', '/b/conda'),
        (None, None, 'conda'),
    ],
)
def test_which_conda(monkeypatch, which, exe, program):
    """The program is from PATH, else CONDA_EXE, else the name; stubs work."""
    asked = []

    def check_output(command, **options):
        asked.append(command)
        return b'a 1 b\n'

    monkeypatch.setattr('shutil.which', lambda name: which)
    monkeypatch.setattr(subprocess, 'check_output', check_output)
    monkeypatch.setenv('CONDA_PREFIX', '/opt/env')
    monkeypatch.delenv('CONDA_EXE', raising=False)
    if exe:
        monkeypatch.setenv('CONDA_EXE', exe)
    assert record_of()['conda']['packages'] == {'a': '1 b'}
    assert asked == [[program, 'list', '--prefix', '/opt/env']]


# --- whose packages they are ---------------------------------------------------------


MAMBA = b"""\
List of packages in environment: "/opt/env"

  Name    Version  Build         Channel
\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80
  numpy   2.1.0    py312_0       conda-forge
  _x86_64-microarch-level  3  0_skylake  conda-forge
WARNING: a message
"""


def test_a_conda_that_is_mamba(monkeypatch):
    """Titles and messages of mamba are not taken for packages."""
    monkeypatch.setattr('shutil.which', lambda name: '/opt/bin/conda')
    monkeypatch.setattr(subprocess, 'check_output', lambda command, **options: MAMBA)
    assert record_of()['conda']['packages'] == {
        'numpy': '2.1.0 py312_0',
        '_x86_64-microarch-level': '3 0_skylake',
    }


def test_what_has_made_the_environment(installed):
    """The marks in an environment name its maker."""
    installed.joinpath('pixi').write_text('{}')
    conda = record_of()['conda']
    assert conda['kind'] == 'pixi'
    assert 'prefix' not in conda


def test_packages_outside_an_environment_say_where(installed, monkeypatch):
    """The prefix of this Python is read, though no environment is active."""
    prefix = str(installed.parent)
    monkeypatch.delenv('CONDA_PREFIX')
    monkeypatch.setattr(sys, 'prefix', prefix)
    conda = record_of()['conda']
    assert (conda['path'], conda['prefix']) == (None, prefix)
    assert 'unavailable' not in conda


def test_a_python_of_another_environment(conda, monkeypatch, tmp_path):
    """The record says so if Python is from another environment than the active one."""
    (tmp_path / 'other' / 'conda-meta').mkdir(parents=True)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'other'))
    found = record_of()['conda']
    assert (found['name'], 'numpy' in found['packages']) == ('sim', True)
    why = f'the Python that runs is in {tmp_path / "other"}'
    assert found['unavailable'] == {'packages_of_python': why}
    monkeypatch.setenv('CONDA_PREFIX', str(tmp_path / 'other'))
    assert 'unavailable' not in record_of()['conda']


def test_a_command_that_runs_in_another_environment(conda, tmp_path):
    """The Python of the command counts, not that of microbench."""
    (tmp_path / 'other' / 'conda-meta').mkdir(parents=True)
    (tmp_path / 'other' / 'bin').mkdir()
    python = tmp_path / 'other' / 'bin' / 'python'
    python.symlink_to(sys.executable)
    command = [sys.executable, '-m', 'microbench', '-m', 'conda-packages', '-o', 'out']
    subprocess.run([*command, '--', python, '-c', 'pass'], cwd=tmp_path, check=True)
    record = json.loads(tmp_path.joinpath('out').read_text())
    assert record['conda']['unavailable'] == {
        'packages_of_python': f'the Python that runs is in {tmp_path / "other"}'
    }
