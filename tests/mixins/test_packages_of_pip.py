"""Packages as a real pip leaves them: interrupted, editable, from a repository."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pip
import pytest

from microbench import MBInstalledPackages, MicroBenchBase
from tests.fakes import only

SITE = str(Path(pip.__file__).parents[1])
# pip is killed when it has put the new version in place and would remove the old one.
KILLED = """\
import os, sys
sys.path.insert(0, {site!r})
from pip._internal.req.req_uninstall import UninstallPathSet
UninstallPathSet.commit = lambda self: os._exit(9)
from pip._internal.cli.main import main
main({words!r})
"""
PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.5"
"""


def killed(env, *words):
    """Run pip and kill it before it removes what it has renamed."""
    code = KILLED.format(site=SITE, words=list(map(str, words)))
    environment = {**os.environ, 'PYTHONPATH': SITE}
    command = [env / 'bin/python', '-c', code]
    done = subprocess.run(command, env=environment, check=False, capture_output=True)
    assert done.returncode == 9
    [site] = env.glob('lib/python*/site-packages')
    left = {path.name for path in site.iterdir() if path.name.startswith('~')}
    assert left == {'~t', '~t-1.0.dist-info'}
    return site.resolve()


@pytest.fixture
def env(tmp_path, monkeypatch):
    """Return an empty environment, in which Python finds nothing else."""
    monkeypatch.delenv('PYTHONPATH', raising=False)
    command = [sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'env']
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path / 'env'


@pytest.fixture
def install(env):
    """Install something into an environment by pip, without a network."""

    def run(*words):
        options = ('--no-index', '--no-deps', '--no-build-isolation', '--no-compile')
        command = [env / 'bin/python', f'{SITE}/pip', 'install', '--quiet', *options]
        environment = {**os.environ, 'PYTHONPATH': SITE, 'PIP_NO_INPUT': '1'}
        command += words
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    return run


def packages(env, **attributes):
    """Return a record's packages of that environment."""
    attributes['packages_of'] = env / 'bin' / 'python'
    bench = type('Bench', (MBInstalledPackages, MicroBenchBase), attributes)()
    with bench.record('any'):
        pass
    return only(bench.get_results())['python']


def wheel(folder, name, version):
    """Make a wheel with one package; return its path."""
    files = {
        f'{name}/__init__.py': f'x = {version!r}\n',
        f'{name}-{version}.dist-info/METADATA': (
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
        ),
        f'{name}-{version}.dist-info/WHEEL': (
            'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
        ),
    }
    rows = [f'{n},sha256={_digest(t)},{len(t)}' for n, t in files.items()]
    record = f'{name}-{version}.dist-info/RECORD'
    path = folder / f'{name}-{version}-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as file:
        for inner, text in files.items():
            file.writestr(inner, text)
        file.writestr(record, '\n'.join([*rows, f'{record},,\n']))
    return path


def _digest(text):
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip('=')


def project(folder, name, layout=''):
    """Make a project of setuptools; return its folder."""
    package = folder / layout / name.replace('-', '_')
    package.mkdir(parents=True)
    package.joinpath('__init__.py').write_text('')
    folder.joinpath('pyproject.toml').write_text(PROJECT.format(name=name))
    return folder


def test_a_pip_that_was_killed(env, install, tmp_path):
    """A killed pip leaves the old version under another name, beside the new one."""
    install(wheel(tmp_path, 'it', '1.0'))
    new = wheel(tmp_path, 'it', '2.0')
    site = killed(env, 'install', '--no-index', '--no-compile', new)
    found = packages(env, capture_paths=True)
    assert found['installed_packages'] == {'it': '2.0'}
    assert found['installed_package_paths'] == {'it': str(site / 'it')}
    assert 'unavailable' not in found


def test_a_pip_that_was_killed_while_it_removed(env, install, tmp_path):
    """Files that are left behind cannot be imported: the package is not installed."""
    install(wheel(tmp_path, 'it', '1.0'))
    killed(env, 'uninstall', '--yes', 'it')
    found = packages(env)
    assert found['installed_packages'] == {}
    assert 'unavailable' not in found


def test_pip_target_used_twice(env, tmp_path):
    """The metadata of both versions is there, the code of the first."""
    target = tmp_path / 'target'
    for version in ('1.0', '2.0'):
        command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index']
        file = wheel(tmp_path, 'it', version)
        options = ['--no-compile', '--target', target, file]
        subprocess.run([*command, *options], check=True, capture_output=True)
    assert {path.name for path in target.glob('*.dist-info')} == {
        'it-1.0.dist-info',
        'it-2.0.dist-info',
    }
    code = "import it; print(it.x, __import__('importlib.metadata').metadata.version('it'))"
    environment = {**os.environ, 'PYTHONPATH': str(target)}
    command = [env / 'bin/python', '-c', code]
    done = subprocess.run(command, env=environment, check=True, capture_output=True)
    code_version, _said = done.stdout.decode().split()
    bench = type('Bench', (MBInstalledPackages, MicroBenchBase), {})()
    bench.packages_of = ['env', f'PYTHONPATH={target}', env / 'bin' / 'python', '/x.py']
    with bench.record('any'):
        pass
    found = only(bench.get_results())['python']
    assert found['installed_packages'] == {'it': code_version}


def test_where_packages_come_from(env, install, tmp_path):
    """Editable folders, commits and archives have different sources."""
    src = project(tmp_path / 'src', 'in-src', 'src')
    flat = project(tmp_path / 'flat', 'is-flat')
    repository = project(tmp_path / 'repository', 'of-git')
    git = ['git', '-C', repository, '-c', 'user.name=x', '-c', 'user.email=x@example.org']
    for words in (['init', '-q'], ['add', '.'], ['commit', '-qm', 'x']):
        subprocess.run([*git, *words], check=True, capture_output=True)
    asked = subprocess.run([*git, 'rev-parse', 'HEAD'], check=True, capture_output=True)
    commit = asked.stdout.decode().strip()
    archive = wheel(tmp_path, 'packed', '3.0')
    install('-e', src, '-e', flat, f'git+file://{repository}', archive.as_uri())
    found = packages(env, capture_paths=True)
    assert found['installed_packages'] == {
        'in-src': '1.5',
        'is-flat': '1.5',
        'of-git': '1.5',
        'packed': '3.0',
    }
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    sources = found['installed_package_sources']
    sources['packed'].setdefault('hash', f'sha256={digest}')  # not by pip before 23.1
    assert sources == {
        'in-src': {'url': src.as_uri(), 'editable': True},
        'is-flat': {'url': flat.as_uri(), 'editable': True},
        'of-git': {'url': f'file://{repository}', 'vcs': 'git', 'commit': commit},
        'packed': {'url': archive.as_uri(), 'hash': f'sha256={digest}'},
    }
    [site] = env.glob('lib/python*/site-packages')
    assert found['installed_package_paths'] == {
        'in-src': str(src / 'src' / 'in_src'),
        'is-flat': str(flat / 'is_flat'),
        'of-git': str(site.resolve() / 'of_git'),
        'packed': str(site.resolve() / 'packed'),
    }
    assert _loaded(env) == [['in_src', '1.5'], ['is_flat', '1.5'], ['of_git', '1.5']]


def _loaded(env):
    """Return the versions of these modules, imported there."""
    code = (
        'import in_src, is_flat, of_git, json\n'
        'from microbench.distributions.versions import of_module\n'
        'print(json.dumps([of_module(m) for m in (in_src, is_flat, of_git)]))\n'
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, 'PYTHONPATH': root}
    command = [env / 'bin/python', '-c', code]
    done = subprocess.run(command, env=environment, check=True, capture_output=True)
    return json.loads(done.stdout)
