"""PYTHON_GIL=0, with which an ordinary build of CPython does not start."""

import os
import subprocess
import sys
import sysconfig

import pytest

from microbench.cli.run import gil
from tests.cli.conftest import ROOT

# Free-threaded builds start with it, and so do those that do not know the variable.
NEEDS_THE_GIL = not sysconfig.get_config_var('Py_GIL_DISABLED')
DIES = NEEDS_THE_GIL and sys.version_info >= (3, 13)
SENTENCE = (
    f'microbench: {sys.executable!r} cannot start: PYTHON_GIL=0 is set, '
    'and this build of Python needs the GIL\n'
)
# -E: this Python ignores the variable that the one it starts gets.
CONSOLE = 'import sys; sys.path.insert(0, sys.argv.pop(1)); '
CONSOLE += 'from microbench.start import console; console()'
START = (sys.executable, '-E', '-c', CONSOLE, str(ROOT))
FAILS = (sys.executable, '-c', 'import sys; sys.exit(1)')


def run(tmp_path, *command, value='0', options=()):
    """Start the command under PYTHON_GIL; return its status and what it has printed."""
    out = str(tmp_path / 'out.jsonl')
    done = subprocess.run(
        [*START, *options, '-o', out, '--', *command],
        env={**os.environ, 'PYTHON_GIL': value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize('options', [(), ('-n', '3'), ('--stderr',)])
def test_one_sentence_says_why(tmp_path, options):
    """One sentence gives the reason, after what Python itself prints."""
    status, out, err = run(tmp_path, sys.executable, '-c', '1', options=options)
    assert (status, out) == (int(DIES), '')
    if not DIES:
        assert err == ''
        return
    assert 'Disabling the GIL is not supported' in err
    assert err.endswith(SENTENCE)
    assert err.count('microbench:') == 1


@pytest.mark.parametrize(
    'words',
    [
        (FAILS[0], '-E', *FAILS[1:]),
        (FAILS[0], '-W', 'error', '-SI', *FAILS[1:]),
        ('sh', '-c', 'exit 1'),
        ('env', 'PYTHON_GIL=1', *FAILS),
    ],
    ids=['-E', '-I', 'another program', 'env'],
)
def test_a_program_that_fails_by_itself(tmp_path, words):
    """The status of a failing program says nothing about the GIL."""
    assert run(tmp_path, *words) == (1, '', '')


def test_the_gil_may_be_asked_for(tmp_path):
    """PYTHON_GIL=1 changes nothing for ordinary builds."""
    assert run(tmp_path, *FAILS, value='1') == (1, '', '')


@pytest.mark.parametrize(
    ('words', 'ignores'),
    [
        (['script.py', '-E'], False),
        (['-', '-E'], False),
        (['-c', '-E'], False),
        (['-OOcE', '-I'], False),
        (['-m', 'pytest', '-I'], False),
        (['-X', 'dev', 'script.py', '-I'], False),
        (['-XE', '-WI', '--check-hash-based-pycs', 'always'], False),
        (['-X', 'dev', '-I', 'script.py'], True),
        (['-Werror', '-OOE', '-c', ''], True),
        (['-Ic', ''], True),
        ([], False),
    ],
)
def test_options_that_ignore_the_environment(words, ignores):
    """Options before the script are parsed as Python does, like getopt(3)."""
    assert gil._ignores_environment(words) is ignores


@pytest.mark.parametrize('name', ['', 'pythonic', 'ipython', 'python3-config', 'pypy3'])
def test_other_programs(name, monkeypatch):
    """Programs other than Python are not started a second time."""
    monkeypatch.setenv('PYTHON_GIL', '0')
    monkeypatch.setattr(gil, '_needs_the_gil', pytest.fail)
    assert not gil.refuses_to_start([f'/usr/bin/{name}'])


def test_a_program_that_is_gone_meanwhile(tmp_path):
    """Without the program's file, no reason is given."""
    assert not gil._needs_the_gil(str(tmp_path / 'python3'))
