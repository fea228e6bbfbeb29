"""List the journals of many files in one directory without listing it for each of them."""

from __future__ import annotations

import os
from time import monotonic, time_ns

SUFFIX = '.journal'
NAMES = 100  # of a directory, for which one listing serves one more file
SECONDS = 1.0  # for which it does
SETTLED = 2_000_000_000  # nanoseconds after which a change gives a directory a new time
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

    So the loop takes time for each file, not for each pair of files. A directory is listed
    again once its time has changed, or if it had been changed just before: of fewer than
    100 names for each file, of more for one in 100 of them.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Names] = {}

    def __call__(self, directory: str, begin: str) -> list[str]:
        """Return the names that begin with a text.

        In a directory that is being changed, they may be up to a second old.
        """
        kept = self._kept.get(directory)
        if kept is None or not kept.serve():
            if len(self._kept) >= DIRECTORIES:
                self._kept.clear()
            kept = self._kept[directory] = _Names(directory)
        return kept.that_begin_with(begin)


class _Names:
    """Names that serve while the directory stays as it is, or for a few more files."""

    def __init__(self, directory: str) -> None:
        self._directory, self._time = directory, _time_of(directory)
        self._is_settled = 0 < self._time < time_ns() - SETTLED
        self._end = monotonic() + SECONDS
        self._names, count = names_in(directory)
        self._left = count // NAMES

    def serve(self) -> bool:
        """Return True if they serve one more file."""
        if self._is_settled:
            return _time_of(self._directory) == self._time
        self._left -= 1
        return self._left >= 0 and monotonic() < self._end

    def that_begin_with(self, begin: str) -> list[str]:
        """Return the names that begin with a text."""
        from bisect import bisect_left  # start-up time

        first = last = bisect_left(self._names, begin)
        while last < len(self._names) and self._names[last].startswith(begin):
            last += 1
        return self._names[first:last]


def _time_of(directory: str) -> int:
    """Return when a directory was last changed, in nanoseconds; 0 if it is not known."""
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return 0
