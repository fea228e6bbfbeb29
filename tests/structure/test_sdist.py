"""The published sdist can be installed and works, far from this tree."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    *('microbench', 'csrc', 'tests', 'docs', 'examples', 'benchmarks', 'fuzz', 'tools'),
    'packaging',
)
SUFFIXES = {'.py', '.pyi', '.pyx', '.pxd', '.pxi', '.typed', '.c', '.h', '.md', '.1'}

RECORD_ONE_CALL = """
import microbench

bench = microbench.MicroBench()

@bench
def answer():
    return 42

assert answer() == 42
[record] = bench.get_results()
assert len(record['call']['durations']) == 1
print(microbench.__file__)
"""


def run(*command, cwd):
    """Run a program as a stranger would, without the switches of this test run.

    What C compiles to is not the subject here, so that it need not be optimised.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('MICROBENCH', 'PYTHON', 'COVERAGE', 'LD_'))
    }
    kept['CFLAGS'] = '-O0'
    return subprocess.run(
        command, cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )


def succeed(*command, cwd):
    """Run a program that has to succeed; return what it printed."""
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def sdist(tmp_path_factory):
    """Return the source distribution of this tree."""
    folder = tmp_path_factory.mktemp('sdist')
    build = ('-m', 'build', '--sdist', '--no-isolation', '--outdir', folder, ROOT)
    succeed(sys.executable, *build, cwd=folder)
    [archive] = folder.glob('*.tar.gz')
    return archive


def test_the_sdist_holds_every_source(sdist):
    """Headers, Cython files, stubs, tests, documents and examples are included."""
    with tarfile.open(sdist) as archive:
        held = {name.partition('/')[2] for name in archive.getnames()}
    sources = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in ROOT.joinpath(folder).rglob('*')
        if path.suffix in SUFFIXES
    } | {'Makefile', 'LICENSE', 'README.md', 'CHANGELOG.md', 'CITATION.cff', 'setup.py'}
    missing = [f'add to MANIFEST.in: include {name}' for name in sorted(sources - held)]
    assert not missing, '\n'.join(missing)


def test_the_sdist_holds_nothing_built(sdist):
    """No library, object or byte code of this machine is included."""
    with tarfile.open(sdist) as archive:
        built = [n for n in archive.getnames() if n.endswith(('.so', '.o', '.pyc'))]
    assert built == []


def test_the_sdist_installs_into_a_clean_environment(sdist, tmp_path):
    """With pip and the package index it installs, and records a call."""
    succeed(sys.executable, '-m', 'venv', 'clean', cwd=tmp_path)
    python = tmp_path / 'clean' / 'bin' / 'python'
    pip = (python, '-m', 'pip', '--disable-pip-version-check', '--quiet')
    fetched = run(*pip, 'download', '--no-deps', 'setuptools', cwd=tmp_path)
    if fetched.returncode:
        reason = (fetched.stderr.splitlines() or ['no reason given'])[-1]
        pytest.skip(f'the package index cannot be reached: {reason}')
    succeed(*pip, 'install', sdist, cwd=tmp_path)
    where = succeed(python, '-c', RECORD_ONE_CALL, cwd=tmp_path).strip()
    assert Path(where).is_relative_to(tmp_path / 'clean')
    assert Path(where).with_name('py.typed').exists()
    assert Path(where).with_name('__init__.pyi').exists()
    installed = {path.suffix for path in Path(where).parent.rglob('*.*')}
    assert installed.isdisjoint({'.c', '.h', '.pyx', '.pxd', '.pxi'})
    succeed(python.with_name('microbench'), '--help', cwd=tmp_path)
