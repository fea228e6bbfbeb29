"""Run a program for a mixin, with a time limit and its own message if it fails."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LIMIT = 30.0  # seconds; a program that hangs must not hang the job
MOST = 64 * 2**20  # bytes of output
MOST_ERRORS = 2000  # characters of what it printed on standard error
# With which nothing was started: the system has no such way, no second process to give, or
# a filter of system calls that forbids it (seccomp).
NOT_NATIVE = (errno.ENOSYS, errno.EAGAIN, errno.EPERM)
READS = 8  # of 16 KiB: twice what a pipe holds


class CalledProcessError(subprocess.CalledProcessError):
    """A program ended with a status other than 0; the message contains its output."""

    def __str__(self) -> str:
        """Return the status and the program's standard error or, if empty, output."""
        said = _shortened(os.fsdecode(bytes(self.stderr or self.output or b'')).strip())
        plain = super().__str__()
        return f'{plain.rstrip(".")}: {said}' if said else plain


def _shortened(text: str) -> str:
    half = MOST_ERRORS // 2
    return text if len(text) <= MOST_ERRORS else f'{text[:half]} [...] {text[-half:]}'


def output_of(command: Sequence[str], *, limit: float = LIMIT, **options: Any) -> str:
    """Return the text that `command` writes on standard output.

    The program gets no input and no terminal, and nothing that it prints reaches one.
    Bytes that are not UTF-8 become lone surrogates, as in names of files. At the limit the
    program is killed; the call does not wait if SIGKILL has no effect. When the program
    ends, the rest of its process group is killed, too.

    Args:
        command: program and arguments.
        limit: seconds after which the program is ended.
        **options: `cwd` and `env`, as for `subprocess.check_output`.

    Raises:
        FileNotFoundError: there is no such program (or no directory `cwd`).
        subprocess.CalledProcessError: it failed; the message contains its error text.
        subprocess.TimeoutExpired: it took longer than `limit`.
        ValueError: it printed more than 64 MiB.
    """
    if not _is_replaced():
        try:
            return os.fsdecode(_output(command, limit, **options))
        except OSError as error:
            if error.errno not in NOT_NATIVE:
                raise
    return os.fsdecode(_output_of_subprocess(command, limit, options))


def _is_replaced() -> bool:
    """Return True if someone stands in for subprocess: a test, gevent."""
    functions = (subprocess.check_output, subprocess.run, subprocess.Popen.__init__)
    own = vars(subprocess)
    return any(getattr(f, '__globals__', None) is not own for f in functions)


def _output_of_subprocess(
    command: Sequence[str], limit: float, options: dict[str, Any]
) -> bytes:
    """Do the same with subprocess, which may exceed the limit."""
    options = {'stdin': subprocess.DEVNULL, 'stderr': subprocess.PIPE, **options}
    try:
        output: bytes = subprocess.check_output(command, timeout=limit, **options)
    except subprocess.CalledProcessError as error:
        status = error.returncode
        raise CalledProcessError(status, error.cmd, error.output, error.stderr) from None
    return output


def _started(command: Sequence[str], limit: float, cwd: Any, env: Any) -> _core.Program:
    sys.audit('subprocess.Popen', command[0], command, cwd, env)
    return _core.Program(
        _paths(command[0], env),
        [os.fsencode(word) for word in command],
        [os.fsencode(f'{name}={value}') for name, value in (env or os.environ).items()],
        None if cwd is None else os.fsencode(cwd),
        round(limit * 1e9),
    )


def _output(
    command: Sequence[str], limit: float, *, cwd: Any = None, env: Any = None
) -> bytes:
    program = _started(command, limit, cwd, env)
    printed = (bytearray(), bytearray())
    try:
        while len(printed[0]) <= MOST and not _is_read(program, *printed):
            pass
    finally:
        error, in_directory, overdue, status = program.end()
    if len(printed[0]) > MOST:
        raise ValueError(f'{command[0]} printed more than {MOST >> 20} MiB')
    if error:
        raise OSError(error, os.strerror(error), cwd if in_directory else command[0])
    output, errors = map(bytes, printed)
    if overdue:
        raise subprocess.TimeoutExpired(command, limit, output, errors)
    if status:
        raise CalledProcessError(os.waitstatus_to_exitcode(status), command, output, errors)
    return output


def _paths(name: str, env: Any) -> list[bytes]:
    """Return where a program may be."""
    if os.path.dirname(name):
        return [os.fsencode(name)]
    return [os.fsencode(os.path.join(path, name)) for path in os.get_exec_path(env)]


def _is_read(program: _core.Program, output: bytearray, errors: bytearray) -> bool:
    """Add the output of a program so far; return True at its end."""
    ended = bool(program.wait() & _core.PROGRAM_ENDED)
    for stream, text, most in ((1, output, MOST), (2, errors, MOST_ERRORS * 4)):
        for _ in range(READS if ended else 1):  # what has left its group may go on
            more = program.read(stream)
            if len(text) <= most:
                text.extend(more)
    return ended
