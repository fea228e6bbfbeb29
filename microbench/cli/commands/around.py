"""Run the programs around a command: --setup, --prepare, --cleanup."""

from __future__ import annotations

import os

from ..run.spawn import environment, start
from ..words import quote

SHELL = ('sh', '-c')


class StoppedError(Exception):
    """The comparison cannot go on. The message is one sentence.

    Args:
        message: the sentence.
        status: exit status of the command.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class Around:
    """Runs command lines with the shell.

    Args:
        stdout: descriptor for what they print.
    """

    def __init__(self, stdout: int) -> None:
        self.stdout = stdout

    def run(self, option: str, line: str | None) -> None:
        """Run one, if there is one.

        Raises:
            StoppedError: it failed.
        """
        if line is None:
            return
        process = start([*SHELL, line], environment(), stdout=self.stdout)
        try:
            status = process.wait()
        except BaseException:  # Ctrl-C, which the program got as well
            _reap(process.pid)
            raise
        if status:
            raise StoppedError(f'--{option} {quote(line)} {ending(status)}')


def _reap(number: int) -> None:
    try:
        os.waitpid(number, 0)
    except ChildProcessError:
        pass


def ending(status: int) -> str:
    """Return how a program ended.

    >>> ending(3), ending(-9)
    ('ended with status 3', 'was ended by signal 9')
    """
    return f'was ended by signal {-status}' if status < 0 else f'ended with status {status}'
