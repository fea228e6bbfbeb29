"""Type checkers see in user code what users meant, and their mistakes."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USER_CODE = Path(__file__).with_name('user_code.py')
MYPY = ('--strict', '--no-error-summary', '--no-incremental', '--config-file=')


def output_of(*command, cwd=ROOT):
    """Return what a checker prints; its status says whether it found mistakes."""
    command = [sys.executable, '-m', *map(str, command)]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def complaints_of_mypy():
    """Return the message of each line that mypy complains about."""
    output = output_of('mypy', *MYPY, USER_CODE)
    found = re.findall(r'user_code\.py:(\d+): error: (.*)', output)
    return {int(line): message for line, message in found}


def complaints_of_pyright(tmp_path):
    """Return the message of each line that pyright complains about.

    In a folder of its own: pyright searches the whole folder of its settings for sources.
    """
    shutil.copy(USER_CODE, tmp_path)
    settings = {'include': ['user_code.py'], 'extraPaths': [str(ROOT)]}
    (tmp_path / 'pyrightconfig.json').write_text(json.dumps(settings))
    options = ('--outputjson', '--pythonpath', sys.executable)
    output = json.loads(output_of('pyright', *options, cwd=tmp_path))
    assert output['summary']['filesAnalyzed'] == 1
    return {
        each['range']['start']['line'] + 1: each['message']
        for each in output['generalDiagnostics']
        if each['severity'] == 'error'
    }


def mistakes():
    """Return the numbers of the lines that have to be rejected."""
    lines = USER_CODE.read_text('utf-8').splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith('# rejected')}


def check(complaints):
    """Compare complaints with mistakes; print what is wrong with which line."""
    missed = [f'{number}: not rejected' for number in sorted(mistakes() - set(complaints))]
    wrong = [f'{n}: {text}' for n, text in complaints.items() if n not in mistakes()]
    assert not missed + wrong, '\n'.join([str(USER_CODE), *missed, *wrong])


def test_mypy_accepts_user_code_and_rejects_mistakes():
    """Decorated functions keep their types, and each mistake is an error."""
    pytest.importorskip('mypy')
    check(complaints_of_mypy())


def test_pyright_accepts_user_code_and_rejects_mistakes(tmp_path):
    """Pyright agrees with mypy."""
    pytest.importorskip('pyright')
    if shutil.which('node') is None:
        pytest.skip('needs node (Debian: apt install nodejs)')
    check(complaints_of_pyright(tmp_path))
