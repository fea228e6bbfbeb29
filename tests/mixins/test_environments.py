"""Environments are recognised by the marks of what has made them."""

import subprocess
import sys

import pytest

from microbench.mixins.environments import environment_of, settings_of

VENV = 'home = /usr/bin\nimplementation = CPython\nversion = 3.11.2\n'
MARKS = {
    'venv': {'pyvenv.cfg': VENV},
    'virtualenv 20.1': {'pyvenv.cfg': VENV + 'virtualenv = 20.1\n'},
    'uv 0.13.9': {'pyvenv.cfg': VENV + 'uv = 0.13.9\n'},
    # pipx 1.8 makes them with uv where it can
    'pipx': {'pyvenv.cfg': VENV + 'uv = 0.13.9\n', 'pipx_metadata.json': '{}'},
    'poetry': {'pyvenv.cfg': VENV + 'virtualenv = 21.15\n', '../poetry.lock': ''},
    'conda': {'conda-meta/history': '# cmd: /opt/conda/bin/conda create -n x python\n'},
    'mamba': {'conda-meta/history': '# cmd: /opt/conda/bin/mamba install numpy\n'},
    'micromamba': {'conda-meta/history': '# cmd: micromamba create -n x\n'},
    'pixi': {'conda-meta/pixi': '{}', 'conda-meta/history': ''},
}
BARE_CONDA = {'conda-meta/python-3.12.json': '{}'}


def environment(tmp_path, marks):
    """Return the environment that is found in a folder with these files."""
    prefix = tmp_path / 'project' / '.venv'
    prefix.mkdir(parents=True)
    for name, text in marks.items():
        path = prefix / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return environment_of(str(prefix))


@pytest.mark.parametrize('made_by', MARKS)
def test_marks(tmp_path, made_by):
    """The marks give the kind, and the version where they have one."""
    found = environment(tmp_path, MARKS[made_by])
    kind, _, version = made_by.partition(' ')
    assert (found['kind'], found.get('version', '')) == (kind, version)
    assert found['prefix'] == str(tmp_path / 'project' / '.venv')
    assert found.get('base') == ('/usr/bin' if 'pyvenv.cfg' in MARKS[made_by] else None)


def test_a_conda_environment_without_history(tmp_path):
    """A packed and moved environment has no history."""
    assert environment(tmp_path, BARE_CONDA)['kind'] == 'conda'


def test_a_folder_that_poetry_names(tmp_path):
    """Poetry's environments for projects lie together, one for each Python."""
    prefix = tmp_path / 'demo-pk-QBVa2oZ8-py3.11'
    prefix.mkdir()
    prefix.joinpath('pyvenv.cfg').write_text(VENV + 'virtualenv = 21.15\n')
    assert environment_of(str(prefix))['kind'] == 'poetry'


def test_no_environment(tmp_path):
    """A system's Python, or one built from source, is in no environment."""
    assert environment_of(str(tmp_path)) is None
    tmp_path.joinpath('pyvenv.cfg').mkdir()
    assert environment_of(str(tmp_path)) is None


def test_malformed_settings(tmp_path):
    """Malformed lines are skipped, and other encodings do no harm."""
    tmp_path.joinpath('pyvenv.cfg').write_bytes(b'\xff\xfe\nHOME=/x = y\n\n# uv\n')
    assert settings_of(str(tmp_path)) == {'home': '/x = y'}
    assert environment_of(str(tmp_path))['kind'] == 'venv'


def test_a_real_venv(tmp_path):
    """An environment made by this Python's venv is recognized."""
    command = [sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'env']
    subprocess.run(command, check=True, capture_output=True)
    found = environment_of(str(tmp_path / 'env'))
    assert found['kind'] == 'venv'
    assert found['base']


def test_a_real_virtualenv(tmp_path):
    """The marks of a real virtualenv include its version."""
    virtualenv = pytest.importorskip('virtualenv')
    command = [sys.executable, '-m', 'virtualenv', '--no-seed', '--quiet', tmp_path / 'env']
    subprocess.run(command, check=True, capture_output=True)
    found = environment_of(str(tmp_path / 'env'))
    assert (found['kind'], found['version']) == ('virtualenv', virtualenv.__version__)
