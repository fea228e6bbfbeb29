"""Find out whether PYTHON_GIL=0 kept a Python from starting.

Only free-threaded builds accept it. Other builds from CPython 3.13 on exit with status 1
before they run anything. Their message passes through to the user's terminal, so a second
start has to show whether this was the reason.
"""

from __future__ import annotations

import os
import re
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = 'PYTHON_GIL'
STATUS = 1  # of a Python that cannot start
LIMIT = 10.0  # seconds
WITH_VALUE = ('-W', '-X', '--check-hash-based-pycs')


def refuses_to_start(command: Sequence[str]) -> bool:
    """Return whether a command that ended with 1 is a Python, ended by PYTHON_GIL=0."""
    if os.environ.get(VARIABLE) != '0' or not _is_python(command[0]):
        return False
    return not _ignores_environment(command[1:]) and _needs_the_gil(command[0])


def _is_python(program: str) -> bool:
    return re.fullmatch(r'python[0-9.]*', os.path.basename(program)) is not None


def _ignores_environment(words: Sequence[str]) -> bool:
    """Return whether the options of a Python include -E or -I."""
    left = iter(words)
    for word in left:
        if not word.startswith('-') or word == '-':
            break
        if word in WITH_VALUE:
            next(left, None)
        elif not word.startswith(('--', '-W', '-X')):
            flags, what_runs = re.match('-([^cmWX]*)([cm]?)', word).groups()  # type: ignore[union-attr]
            if {'E', 'I'} & set(flags):
                return True
            if what_runs:
                break
    return False


def _needs_the_gil(program: str) -> bool:
    try:
        done = subprocess.run(
            [program, '-S', '-c', ''],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == STATUS and b'GIL' in done.stderr
