"""Warn at the line of the caller, and print lines on standard error."""

from __future__ import annotations

import _warnings
import sys
from os.path import dirname, join

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

PACKAGE = join(dirname(__file__), '')
CODE_PREFIX = 'microbench_'  # begins the code names of the functions that `@bench` returns


def is_own_code(code: CodeType) -> bool:
    """Return True if code belongs to this package.

    The functions that `@bench` returns belong to it, although their code names the user's
    file.
    """
    if code.co_filename.startswith(PACKAGE):
        return True
    return code.co_name.startswith(CODE_PREFIX) and 'timed' in code.co_freevars


def _own_frames() -> int:
    """Return how many frames above the caller's belong to this package."""
    count = 0
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and is_own_code(frame.f_code):
        count += 1
        frame = frame.f_back
    return count


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line that called into the package; never raise.

    If warnings are errors (`-W error`) or cannot be shown, print the text on standard error
    instead, because a problem with a record must not stop the program.
    """
    message = harmless(message)
    try:
        _warn()(message, category, stacklevel=_own_frames() + 2)
    except Exception:
        print_stderr(f'{category.__name__}: {message}')


def _warn() -> Callable[..., None]:
    """Return `warnings.warn` if that module is loaded, else the one in C.

    The function below it is built into the interpreter.
    """
    return getattr(sys.modules.get('warnings'), 'warn', _warnings.warn)


def print_stderr(line: str) -> None:
    """Print a line on standard error, if there is one, without secrets or escapes."""
    write_line(harmless(line))


def write_line(line: str) -> bool:
    """Print a line on standard error unchanged; return False if that is impossible."""
    try:
        sys.stderr.write(line + '\n')
        sys.stderr.flush()
    except Exception:
        return False  # closed, None, or replaced by the program
    return True


def harmless(text: str) -> str:
    """Return a message without credentials and terminal escapes.

    A message may quote a name from a file, or the error of a library with a URL in it.
    """
    try:
        if _core.is_suspicious(text.encode('utf-8', 'replace')):
            from .credentials import masked  # start-up time

            text = masked(text)
        return text if text.isprintable() else '\n'.join(map(safe, text.split('\n')))
    except Exception:  # RecursionError, MemoryError ...
        return 'a message that could not be searched for secrets is left out'


def safe(text: str) -> str:
    r"""Return a text on one line, with escapes in place of unprintable characters.

    >>> print(safe('two\nlines, \x1b[31mred\x1b[0m, \u202efdp.exe, grün'))
    two\nlines, \x1b[31mred\x1b[0m, \u202efdp.exe, grün
    """
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode('unicode_escape').decode('ascii')


def text_of(value: object, text: Callable[[object], str] = str) -> str:
    """Return `str(value)`, or `text(value)`; never raise."""
    try:
        found: str = _core.within_stack(text, value)
        return found
    except BaseException:  # no error of a user's __str__ may cost the record
        return f'<{type(value).__name__} without text>'


def one_line(error: BaseException) -> str:
    """Return type and message of an error, in the format of `call.capture_errors`."""
    return f'{type(error).__name__}: {text_of(error)}'
