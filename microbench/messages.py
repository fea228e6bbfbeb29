"""What microbench says to people: warnings at their line, lines on standard error."""

from __future__ import annotations

import sys
from os.path import dirname, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

PACKAGE = join(dirname(__file__), '')


def _frames_of_ours() -> int:
    """How many frames above the caller's belong to this package."""
    count = 0
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        count += 1
        frame = frame.f_back
    return count


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line that called into the package; never raise.

    Where warnings are errors (`-W error`), or showing them fails, a record's trouble must
    not become the program's: the text goes to standard error instead.
    """
    import warnings

    try:
        warnings.warn(message, category, stacklevel=_frames_of_ours() + 2)
    except Exception:
        tell(f'{category.__name__}: {message}')


def tell(line: str) -> None:
    """Write one line to standard error, if there is one."""
    try:
        sys.stderr.write(line + '\n')
        sys.stderr.flush()
    except Exception:
        pass  # closed, None, or somebody's own: nowhere left to tell


def text_of(value: object, text: Callable[[object], str] = str) -> str:
    """`str(value)`, or `repr(value)`, also where that fails."""
    try:
        return text(value)
    except BaseException:  # whatever it raises, it is not worth a record
        return f'<{type(value).__name__} without text>'


def one_line(error: BaseException) -> str:
    """Return type and message, as `call.capture_errors` has them."""
    return f'{type(error).__name__}: {text_of(error)}'
