"""How the command is started, and what is printed if it cannot be."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import OUT, ROOT

NAMED = 'its first line names an interpreter that is missing: '


def executable(path, content):
    """Write an executable file."""
    path.write_bytes(content)
    path.chmod(stat.S_IRWXU)


def test_it_starts_without_enumerations():
    """`signal` is not imported: it makes enumerations, a tenth of the time of the start."""
    code = (
        f'import sys; sys.path.insert(0, {str(ROOT)!r}); import microbench.__main__; '
        "print({'enum', 'signal', 're', 'subprocess'} & {*sys.modules})"
    )
    words = [sys.executable, '-S', '-c', code]  # files of site-packages import more
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('set()\n', '')


# --- scripts without #! ---------------------------------------------------------------


@pytest.mark.parametrize('options', [(), ('--stdout',), ('--timeout=60',)])
@pytest.mark.parametrize('content', [b'echo "$0|$1"; exit 7\n', b'\n\necho "$0|$1";exit 7'])
def test_the_shell_runs_them(command, tmp_path, options, content):
    """Scripts without `#!` run as by execvp(3); the record has the words as typed."""
    executable(tmp_path / 'script', content)
    outcome = command(*OUT, '-n', '2', *options, '--', './script', 'a b')
    assert (outcome.status, outcome.stderr) == (7, '')
    assert outcome.stdout == './script|a b\n' * 2
    call = outcome.call
    assert call['command'] == ['./script', 'a b']
    assert call['returncode'] == [7, 7]
    assert 'exception' not in outcome.record


def test_one_that_is_found_in_path(command, tmp_path):
    """A script gets the path where it was found; directories do not count."""
    (tmp_path / 'first' / 'script').mkdir(parents=True)
    (tmp_path / 'second').mkdir()
    executable(tmp_path / 'second' / 'script', b'echo "$0"')
    path = f'{tmp_path}/first:{tmp_path}/second:{os.environ["PATH"]}'
    outcome = command(*OUT, '--', 'script', env={'PATH': path})
    assert (outcome.status, outcome.stdout) == (0, f'{tmp_path}/second/script\n')


def test_one_whose_name_looks_like_an_option(command, tmp_path):
    """The shell does not take a script's name for an option."""
    (tmp_path / '-x').mkdir()
    executable(tmp_path / '-x' / 'script', b'echo "$0"')
    outcome = command(*OUT, '--', '-x/script')
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, './-x/script\n', '')


def test_an_empty_one(command, tmp_path):
    """An empty script does nothing and succeeds."""
    executable(tmp_path / 'empty', b'')
    outcome = command(*OUT, '--', './empty')
    assert (outcome.status, outcome.stderr) == (0, '')


# --- what cannot be started -----------------------------------------------------------


WRONG = {
    '.': (126, 'Is a directory'),
    './busy': (126, 'Text file busy'),
    './binary': (126, 'Exec format error'),
    './no-interpreter': (127, f"{NAMED}'/no/such'"),
    './from-windows': (127, f"{NAMED}'/bin/sh\\r'"),
    './no-loader': (127, 'the loader that it names is missing'),
}


def without_loader():
    """Return a program whose dynamic loader does not exist."""
    content = Path(os.path.realpath(sys.executable)).read_bytes()
    begin = content.index(b'/lib', 0, 4096)
    end = content.index(b'\0', begin)
    return content[:begin] + b'/not'.ljust(end - begin, b'x') + content[end:]


@pytest.mark.skipif(sys.platform != 'linux', reason='other words on other systems')
@pytest.mark.parametrize('program', WRONG)
def test_the_reason(command, tmp_path, program):
    """One line names what is missing, and there is a record."""
    executable(tmp_path / 'busy', b'#!/bin/sh\n')
    executable(tmp_path / 'binary', b'\x7fELF\x02\x01\0')
    executable(tmp_path / 'no-interpreter', b'#! /no/such -x\n')
    executable(tmp_path / 'from-windows', b'#!/bin/sh\r\necho\r\n')
    executable(tmp_path / 'no-loader', without_loader())
    status, why = WRONG[program]
    with (tmp_path / 'busy').open('ab'):
        outcome = command(*OUT, '--', program)
    assert (outcome.status, outcome.stdout) == (status, '')
    assert outcome.stderr == f'microbench: cannot start {program!r}: {why}\n'
    assert outcome.call['returncode'] == []


# --- words ----------------------------------------------------------------------------


def test_a_very_long_command(command):
    """The record has as many words as execve(2) accepts."""
    words = ['x' * 100_000] * 15
    outcome = command(*OUT, '--', 'sh', '-c', 'echo $#', '', *words, '')
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '16\n', '')
    assert outcome.call['command'][4:] == [*words, '']


def test_microbench_of_microbench(command):
    """Each `--` ends the options of one command; both write their records."""
    inner_command = (sys.executable, '-m', 'microbench', *OUT, '--')
    outcome = command(
        *OUT, '--', *inner_command, 'sh', '-c', 'echo "$@"; exit 3', '', '--', 'a'
    )
    assert (outcome.status, outcome.stdout, outcome.stderr) == (3, '-- a\n', '')
    inner, outer = outcome.records
    assert outer['call']['command'] == [*inner_command, *inner['call']['command']]
    assert inner['call']['command'] == ['sh', '-c', 'echo "$@"; exit 3', '', '--', 'a']
