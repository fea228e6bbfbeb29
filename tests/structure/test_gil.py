"""What the GIL protects stays so: no code runs without it, in free-threaded builds neither.

There, CPython turns it on to import the native part, and warns. Where a user has forbidden
that, the import is refused: threads would crash in the native part, and lose records.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from microbench import gil
from tests.fakes import FREE_THREADED, printed, python

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob('csrc/*/*.[ch]'), *ROOT.glob('microbench/*.p[yx]*')]


# --- the sources ----------------------------------------------------------------------


def test_free_threaded_builds_turn_the_gil_on():
    """Only a module that asks for it is imported without the GIL (PEP 703)."""
    for source in SOURCES:
        text = source.read_text(encoding='utf-8')
        for claim in ('freethreading_compatible', 'Py_MOD_GIL_NOT_USED', 'SetGIL'):
            assert claim not in text, f'{source.name} claims to run without the GIL'


def test_c_code_without_python_knows_no_gil():
    """No mb_*.c includes Python.h, so none depends on the GIL."""
    for source in ROOT.glob('csrc/**/*mb_*.[ch]'):
        assert 'Py_GIL_DISABLED' not in source.read_text(encoding='utf-8'), source.name


@pytest.mark.parametrize('source', sorted(ROOT.glob('csrc/py/*.c')), ids=lambda p: p.name)
def test_it_compiles_for_free_threaded_builds(source):
    """C compiles without a warning, also against an ordinary build's headers."""
    flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', f'-I{ROOT}/csrc']
    flags += [] if FREE_THREADED else ['-DPy_GIL_DISABLED=1']
    include = f'-I{sysconfig.get_path("include")}'
    done = subprocess.run(
        ['gcc', '-fsyntax-only', *flags, include, source],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')


# --- the import -----------------------------------------------------------------------

PROGRAM = """
import sys, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    from microbench import MicroBench
    bench = MicroBench()
    bench(len)('')
    import microbench.bench
print(*[warning.category.__name__ for warning in caught])
print(getattr(sys, '_is_gil_enabled', lambda: True)(), len(bench.get_results()))
"""
WITHOUT_GIL = 'import sys; sys._is_gil_enabled = lambda: False\n'
REFUSED = """
try:
    from microbench import MicroBench
except ImportError as error:
    print(error)
"""
SENTENCE = 'microbench needs the GIL: run Python without PYTHON_GIL=0 or -X gil=0\n'


@pytest.fixture(autouse=True)
def _default_gil(monkeypatch):
    """Unset PYTHON_GIL, as for a user who has set nothing about the GIL."""
    monkeypatch.delenv('PYTHON_GIL', raising=False)


def test_the_import_turns_the_gil_on():
    """A free-threaded build warns once, as CPython does; other builds do not."""
    warning = 'RuntimeWarning' if FREE_THREADED else ''
    done = python(PROGRAM)
    assert (done.stdout, done.stderr) == (f'{warning}\nTrue 1\n', '')


def test_it_is_quiet_where_the_gil_is_on():
    """PYTHON_GIL=1 spares the warning, also where warnings are errors."""
    flags = ['-W', 'error', *(['-X', 'gil=1'] if FREE_THREADED else [])]
    done = python(PROGRAM, flags=flags)
    assert (done.stdout, done.stderr) == ('\nTrue 1\n', '')


@pytest.mark.parametrize('simulated', [True, False] if FREE_THREADED else [True])
def test_the_import_is_refused_without_the_gil(simulated):
    """One sentence says what to change; the program goes on without microbench."""
    code, flags = (WITHOUT_GIL, []) if simulated else ('', ['-X', 'gil=0'])
    done = python(code + REFUSED + 'print("goes on")', flags=['-W', 'ignore', *flags])
    assert (done.stdout, done.stderr) == (SENTENCE + 'goes on\n', '')


# --- the command ----------------------------------------------------------------------

SHOW_GIL = 'import sys; print(getattr(sys, "_is_gil_enabled", lambda: True)())'
GIL_SETTINGS = [None, '0', '1'] if FREE_THREADED else [None]


@pytest.mark.parametrize('setting', GIL_SETTINGS)
@pytest.mark.parametrize('entry', ['module', 'script'])
def test_the_command_keeps_its_gil_to_itself(monkeypatch, tmp_path, setting, entry):
    """The command prints no warning; its program is free-threaded if it can be."""
    if setting:
        monkeypatch.setenv('PYTHON_GIL', setting)
    script = ['-c', 'from microbench.start import console; console()']
    command = [sys.executable, *(['-m', 'microbench'] if entry == 'module' else script)]
    words = ['-o', tmp_path / 'records.jsonl', '--', sys.executable, '-c', SHOW_GIL]
    done = subprocess.run(
        [*command, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expected = not FREE_THREADED or setting == '1'
    assert (done.returncode, done.stdout, done.stderr) == (0, f'{expected}\n', '')
    assert tmp_path.joinpath('records.jsonl').read_text().count('\n') == 1


@pytest.fixture
def executed(monkeypatch):
    """Return the programs that this process would have become."""
    found = []
    monkeypatch.setattr(os, 'execv', lambda *call: found.append(call))
    monkeypatch.setattr(sys, 'executable', '/bin/python')
    monkeypatch.setattr(sys, 'orig_argv', ['python', '-I', '-m', 'microbench', 'show'])
    return found


@pytest.mark.parametrize('is_enabled', [True, None])
def test_it_starts_once_with_the_gil(monkeypatch, executed, is_enabled):
    """Builds that always have the GIL start once."""
    if is_enabled:
        monkeypatch.setattr(sys, '_is_gil_enabled', lambda: True, raising=False)
    else:
        monkeypatch.delattr(sys, '_is_gil_enabled', raising=False)
    gil.ensure()
    assert executed == []


def test_it_starts_again_without_the_gil(monkeypatch, executed):
    """The second start has all options of Python, and is the last."""
    monkeypatch.setattr(sys, '_is_gil_enabled', lambda: False, raising=False)
    gil.ensure()
    again = ['/bin/python', '-X', 'gil=1', '-I', '-m', 'microbench', 'show']
    assert executed == [('/bin/python', again)]
    monkeypatch.setattr(sys, 'orig_argv', again)
    gil.ensure()
    assert len(executed) == 1


# --- the dependencies -----------------------------------------------------------------


# In a process of its own: setuptools replaces distutils, which others may have imported.
SETTINGS = """
import runpy, sysconfig, sys
import Cython.Build, setuptools
given = {}
setuptools.setup = lambda **settings: given.update(settings)
Cython.Build.cythonize = lambda *_, **__: []
sysconfig.get_config_var = {'Py_GIL_DISABLED': eval(sys.argv[1])}.get
runpy.run_path('setup.py')
print(*(requirement.partition('>=')[0] for requirement in given['install_requires']))
"""


@pytest.mark.parametrize('free_threaded', [None, 0, 1])
def test_dependencies_of_a_build(free_threaded):
    """Orjson has no wheel for free-threaded builds, where pip would need Rust."""
    names = set(printed(SETTINGS, str(free_threaded), cwd=ROOT).split())
    assert names == ({'psutil'} if free_threaded else {'orjson', 'psutil'})
