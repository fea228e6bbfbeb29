"""Compare a file with the code of the modules that are running."""

from __future__ import annotations

import os
import sys

from .digest import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType


def runs_now(path: str) -> bool | None:
    """Return True if a running module has the code of this file.

    False for another file with its name, or a later version. None if no thread runs a
    module of that name.
    """
    name = os.path.basename(path)
    codes = [c for c in _running_modules() if name in _names(c.co_filename)]
    return _code_in(path) in codes if codes else None


def _names(path: str) -> tuple[str, str]:
    """Return the last part of a path, and that of the archive that it may lie in."""
    return os.path.basename(path), os.path.basename(os.path.dirname(path))


def _running_modules() -> Iterator[CodeType]:
    """Yield the code of each module in the stacks of all threads."""
    for innermost in sys._current_frames().values():
        frame: FrameType | None = innermost
        while frame is not None:
            if frame.f_code.co_name == '<module>':
                yield frame.f_code
            frame = frame.f_back


def _code_in(path: str) -> CodeType | None:
    """Compile a file, without showing warnings; None if that fails."""
    import warnings

    try:
        with open_file(path) as file, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return compile(file.read(), path, 'exec', dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
