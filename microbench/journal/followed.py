"""Choose how a path is followed: as one file, or as the files that it stands for."""

from __future__ import annotations

import os
from functools import partial

from ..follow.source import FileSource, ManySource
from .patterns import SIGNS, files_in, files_of, is_pattern, is_result_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..follow.source import Source


def source_of(
    path: str,
    damaged: Callable[[bytes], object],
    failed: Callable[[str, OSError], object],
) -> Source:
    """Return what yields the records of a path, and waits for more.

    Args:
        path: absolute path of a file or directory (which exists or ends with a slash), or
            a pattern.
        damaged: function that is called with each line that is not a record.
        failed: function that is called with the path and the error of one of many files
            that cannot be read.
    """
    if os.path.isdir(path) or not os.path.basename(path):

        def failed_in(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):  # it may be made later
                failed(str(error.filename), error)

        base = os.path.normpath(path)
        files = partial(files_in, base, failed_in)
        return ManySource(base, files, _is_result, damaged, failed)
    if is_pattern(path):
        files, matches = partial(files_of, path), _matcher(path)
        return ManySource(_fixed_part(path), files, matches, damaged, failed)
    return FileSource(path, damaged)


def _is_result(path: str) -> bool:
    return is_result_name(os.path.basename(path))


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that says if a path matches a pattern."""
    return lambda path: path in files_of(pattern)


def _fixed_part(pattern: str) -> str:
    """Return the directory above the first sign of a pattern.

    >>> _fixed_part('/data/run-*/part-?.jsonl')
    '/data'
    """
    found = SIGNS.search(pattern)
    assert found is not None
    return os.path.dirname(pattern[: found.start()])
