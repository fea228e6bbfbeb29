"""List the journals of many files in one directory without listing it for each of them."""

from __future__ import annotations

import os
from time import monotonic

SUFFIX = '.journal'
NAMES = 100  # of a directory, for which one listing serves one more file
SECONDS = 1.0  # for which it does
DIRECTORIES = 100  # whose names are kept


def names_in(directory: str) -> tuple[list[str], int]:
    """Return the sorted names of the journals in a directory, and the number of all."""
    try:
        names = os.listdir(directory)
    except OSError:
        return [], 0
    return sorted(name for name in names if name.endswith(SUFFIX)), len(names)


def asked_for() -> list[str]:
    """Return the directory that MICROBENCH_JOURNAL names, in a list; empty if none."""
    value = os.environ.get('MICROBENCH_JOURNAL', '')
    return [value] if os.sep in value else []


def fresh(directory: str, begin: str) -> list[str]:
    """Return the names of the journals in a directory that begin with a text."""
    return [name for name in names_in(directory)[0] if name.startswith(begin)]


class Listing:
    """Returns names of the journals in a directory, for a loop over its files.

    So the loop takes time for each file, not for each pair of files. A directory of fewer
    than 100 names is listed for each file.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Names] = {}

    def __call__(self, directory: str, begin: str) -> list[str]:
        """Return the names that begin with a text; they may be up to a second old."""
        kept = self._kept.get(directory)
        if kept is None or not kept.serve():
            if len(self._kept) >= DIRECTORIES:
                self._kept.clear()
            kept = self._kept[directory] = _Names(directory)
        return kept.that_begin_with(begin)


class _Names:
    """Names that serve a few more files, for a short time."""

    def __init__(self, directory: str) -> None:
        self._end = monotonic() + SECONDS
        self._names, count = names_in(directory)
        self._left = count // NAMES

    def serve(self) -> bool:
        """Return True if they serve one more file."""
        self._left -= 1
        return self._left >= 0 and monotonic() < self._end

    def that_begin_with(self, begin: str) -> list[str]:
        """Return the names that begin with a text."""
        from bisect import bisect_left  # start-up time

        first = last = bisect_left(self._names, begin)
        while last < len(self._names) and self._names[last].startswith(begin):
            last += 1
        return self._names[first:last]
