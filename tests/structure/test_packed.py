"""Programs that are packed, and installations that are odd: what needs no packer.

`make test-packed` runs the rest, with PyInstaller, Nuitka, shiv, pex and zipapp.
"""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import microbench
from microbench import _pyinstaller
from tests.fakes import ROOT, environment
from tests.structure.test_freezers import modules

PACKAGE = Path(microbench.__file__).parent

PROGRAM = """
import sys
from microbench import MBHostInfo, MBInstalledPackages, MicroBench

class Bench(MicroBench, MBHostInfo, MBInstalledPackages):
    pass

bench = Bench('records.jsonl')

@bench
def work(x):
    with bench.time('step'):
        return x

bench.record_on_exit('app')
with bench.record('block'):
    work(1)
"""


def ran(*command, cwd, env=None):
    """Return status, output and errors of a program."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment() if env is None else env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def names_in(folder):
    """Return the names of the records that a program has left."""
    lines = folder.joinpath('records.jsonl').read_text().splitlines()
    return [json.loads(line)['call']['name'] for line in lines]


def test_without_docstrings_and_asserts(tmp_path):
    """With -OO the library and the command work as ever."""
    path = {**environment(), 'PYTHONPATH': str(ROOT)}
    assert ran(sys.executable, '-OO', '-c', PROGRAM, cwd=tmp_path, env=path) == (0, '', '')
    assert names_in(tmp_path) == ['work', 'block', 'app']
    command = [sys.executable, '-OO', '-m', 'microbench']
    status, out, errors = ran(*command, '--show-mixins', cwd=tmp_path, env=path)
    assert (status, errors) == (0, '')
    assert 'git-info' in out


# A user id that has no name, no home directory, and a package that cannot be written.
NAMELESS = """\
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 77
! touch "$1/microbench/written" 2>/dev/null || exit 78
shift
exec unshare --map-user=54321 "$@"
"""


def test_where_nothing_can_be_written_and_no_one_has_a_name(tmp_path):
    """A read-only installation, no HOME, no name: three records, and no message."""
    inside = ['unshare', '-m', 'sh', '-c', NAMELESS, 'sh', ROOT]
    check = [sys.executable, '-c', 'import os, pwd\nos.getuid() == 54321 or exit(79)']
    status, _, why = ran(*inside, *check, cwd=tmp_path, env={})
    if status:
        pytest.skip(f'no such user and mount can be made here: {why or status}')
    env = {'PYTHONPATH': str(ROOT)}
    assert ran(*inside, sys.executable, '-c', PROGRAM, cwd=tmp_path, env=env) == (0, '', '')
    assert names_in(tmp_path) == ['work', 'block', 'app']


@pytest.fixture
def copy(tmp_path):
    """Return a folder with the Python files of microbench, without the compiled module."""
    ignored = shutil.ignore_patterns('*.so', '__pycache__', '*.pyx', '*.px[di]')
    shutil.copytree(PACKAGE, tmp_path / 'copy' / 'microbench', ignore=ignored)
    return tmp_path / 'copy'


def test_a_zip_archive_is_refused_in_one_sentence(copy, tmp_path):
    """No compiled module is loaded from one: the sentence says what to do instead."""
    archive = tmp_path / 'app.pyz'
    with zipfile.ZipFile(archive, 'w') as file:
        for path in sorted(copy.rglob('*.py')):
            file.write(path, path.relative_to(copy))
        file.writestr('__main__.py', 'from microbench.start import console; console()')
    sentence = (
        f'microbench cannot be imported from {archive}: Python loads no compiled module '
        'from a zip archive; unpack it, or pack the program with shiv or pex'
    )
    status, out, errors = ran(sys.executable, archive, '--', 'true', cwd=tmp_path)
    assert (status, out, errors) == (1, '', f'microbench: {sentence}\n')
    code = f'import sys; sys.path.insert(0, {str(archive)!r}); import microbench.bench'
    status, _, errors = ran(sys.executable, '-c', code, cwd=tmp_path)
    assert (status, errors.splitlines()[-1]) == (1, f'ImportError: {sentence}')


def test_a_compiled_module_of_another_interpreter(copy, tmp_path):
    """A wheel for another Python, or no build: what is there, and what to do."""
    other = copy / 'microbench' / '_core.cpython-27-x86_64-linux-gnu.so'
    other.touch()
    env = {**environment(), 'PYTHONPATH': str(copy)}
    status, _, errors = ran(
        sys.executable, '-c', 'import microbench.bench', cwd=tmp_path, env=env
    )
    major, minor = sys.version_info[:2]
    sentence = (
        f'{other.parent} has no compiled module for cpython {major}.{minor}{sys.abiflags} '
        f'(it has {other.name}): run {sys.executable} -m pip install microbench, or make '
        'build in a checkout'
    )
    assert (status, errors.splitlines()[-1]) == (1, f'ImportError: {sentence}')


def test_pyinstaller_is_shown_the_hook():
    """The entry point leads to the hook, which leaves out what is for other programs."""
    text = (ROOT / 'pyproject.toml').read_text('utf-8')
    assert (
        '[project.entry-points.pyinstaller40]\n'
        'hook-dirs = "microbench._pyinstaller:hook_dirs"\n'
    ) in text
    [folder] = _pyinstaller.hook_dirs()
    pytest.importorskip('PyInstaller')
    hook = {}
    source = Path(folder, 'hook-microbench.py')
    exec(compile(source.read_text('utf-8'), source, 'exec'), hook)
    left_out = set(modules()) - set(hook['hiddenimports']) - {'microbench.__main__'}
    assert {name for name in left_out if not name.startswith(hook['FOR_OTHERS'])} == set()
    assert {
        name for name in hook['hiddenimports'] if name.startswith(hook['FOR_OTHERS'])
    } == set()
    assert any(name.endswith('record.schema.json') for name, _ in hook['datas'])
