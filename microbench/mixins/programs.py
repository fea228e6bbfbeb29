"""Programs that a mixin asks: with a time limit, and with their own words if they fail."""

from __future__ import annotations

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LIMIT = 30.0  # seconds; a program that hangs must not hang the job


class CalledProcessError(subprocess.CalledProcessError):
    """A program ended with a status other than 0; the message says what it printed."""

    def __str__(self) -> str:
        """Return the status and what the program wrote: on standard error, if there."""
        said = os.fsdecode(self.stderr or self.output or b'').strip()
        plain = super().__str__()
        return f'{plain.rstrip(".")}: {said}' if said else plain


def output_of(command: Sequence[str], *, limit: float = LIMIT, **options: Any) -> str:
    """Return what `command` writes on standard output, as text.

    The program gets no input, and nothing that it prints reaches the terminal. Bytes
    that are no UTF-8 become lone surrogates, as in names of files.

    Args:
        command: program and arguments.
        limit: seconds after which the program is ended.
        **options: more for `subprocess.check_output`, such as `cwd` and `env`.

    Raises:
        FileNotFoundError: there is no such program (or no directory `cwd`).
        subprocess.CalledProcessError: it failed; the message holds its error text.
        subprocess.TimeoutExpired: it took longer than `limit`.
    """
    options.setdefault('stdin', subprocess.DEVNULL)
    options.setdefault('stderr', subprocess.PIPE)
    try:
        return os.fsdecode(subprocess.check_output(command, timeout=limit, **options))
    except subprocess.CalledProcessError as error:
        status = error.returncode
        raise CalledProcessError(status, error.cmd, error.output, error.stderr) from None
