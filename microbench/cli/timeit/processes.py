"""Start the workers, one after another, and read what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ..words import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WORKER = f'{__package__}.worker'
# The worker imports what this process did, even if that is where no other Python looks: in
# what shiv or pex has unpacked.
FOLDER = __file__[: -len(__name__) - len('/.py')]
START = f"""\
import sys
folder = sys.argv.pop(1)
if folder not in sys.path:
    sys.path.append(folder)
import runpy
runpy.run_module({WORKER!r}, run_name='__main__', alter_sys=True)
"""
FROZEN = (
    'it starts Python, which a frozen program does not have: install microbench, or pack '
    'it with shiv or pex'
)


class StatementError(Exception):
    """A worker has ended without an answer; the message says how."""


def answers(request: dict[str, Any], processes: int) -> list[dict[str, Any]]:
    """Return what so many processes find; the worker describes it.

    Standard output of the workers is the standard error of this process.

    Raises:
        StatementError: the statement raised, or its process was killed.
    """
    first = [True, *[False] * (processes - 1)]
    return [_answer(json.dumps({**request, 'empty': empty})) for empty in first]


def _answer(request: str) -> dict[str, Any]:
    if getattr(sys, 'frozen', False):
        raise UsageError(FROZEN)
    reading, writing = os.pipe()
    command = [sys.executable, '-c', START, FOLDER, str(writing), request]
    try:
        process = subprocess.Popen(command, pass_fds=[writing], stdout=2)
    except OSError as error:
        os.close(reading)
        raise UsageError(f'cannot start {sys.executable}: {error.strerror}') from None
    finally:
        os.close(writing)
    with process, os.fdopen(reading) as stream:
        text = stream.read()
    answer: dict[str, Any] = json.loads(text) if text else {'error': _end(process)}
    if 'error' in answer:
        raise StatementError(answer['error'])
    return answer


def _end(process: subprocess.Popen[bytes]) -> str:
    """Return how a process ended that has not answered."""
    status = process.returncode
    if status >= 0:
        return f'its process ended with status {status}'
    import signal

    return f'its process was ended by {signal.Signals(-status).name}'
