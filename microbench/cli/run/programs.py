"""Handle programs that the kernel rejects: run scripts with a shell, or explain the error.

execvp(3), and so shells, env(1) and time(1), run a file without `#!` with `/bin/sh`.
posix_spawn(3) and subprocess report ENOEXEC.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHELL = '/bin/sh'
LOOKED_AT = 256  # bytes of a file that the kernel reads: BINPRM_BUF_SIZE


def as_script(command: list[str], error: OSError) -> list[str]:
    """Return the command with the shell in front of it.

    Args:
        command: program and arguments.
        error: the error of the start.

    Raises:
        OSError: `error`, if a shell cannot run the file either.
    """
    path = found(command[0])
    if error.errno != errno.ENOEXEC or path is None or b'\0' in _beginning(path, b'\0'):
        raise error
    # A name that begins with a minus would be an option of the shell.
    return [SHELL, f'./{path}' if path.startswith('-') else path, *command[1:]]


def found(program: str) -> str | None:
    """Return the file that a name stands for, executable or not; None if there is none."""
    paths = [path for path in _candidates(program) if os.path.exists(path)]
    fitting = [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]
    return [*fitting, *paths, None][0]


def _candidates(program: str) -> Iterator[str]:
    if '/' in program:
        yield program
    else:
        yield from (os.path.join(folder, program) for folder in os.get_exec_path())


def reason(program: str, error: OSError) -> str:
    """Return why a program could not be started, as the end of a message."""
    path = found(program)
    if path is None:
        return error.strerror or str(error)
    if error.errno == errno.ENOENT:
        return _missing_interpreter(path)
    if error.errno == errno.EACCES and stat.S_ISDIR(os.stat(path).st_mode):
        return os.strerror(errno.EISDIR)
    return error.strerror or str(error)


def _missing_interpreter(path: str) -> str:
    first = _beginning(path).split(b'\n')[0]
    if not first.startswith(b'#!'):
        return 'the loader that it names is missing'  # see PT_INTERP in elf(5)
    words = first[2:].strip(b' \t').split(maxsplit=1) or [b'']
    name = first[2:].strip(b' \t') if b'\r' in first else words[0]
    return f'its first line names an interpreter that is missing: {os.fsdecode(name)!r}'


def _beginning(path: str, otherwise: bytes = b'') -> bytes:
    try:
        with open(path, 'rb') as file:
            return file.read(LOOKED_AT)
    except OSError:
        return otherwise
