"""Whether a file holds the code of a module that runs now."""

from __future__ import annotations

import os
import sys

from .digest import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType


def runs_now(path: str) -> bool | None:
    """Whether a module that runs now has the code of this file.

    Another file of its name, or a later version of it, has not. None: no module of that
    name runs, in any thread.
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
    """Return the code that Python makes of a file now, without its warnings."""
    import warnings

    try:
        with open_file(path) as file, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            return compile(file.read(), path, 'exec', dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None
