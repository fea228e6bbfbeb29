"""Expand patterns such as `results-*.jsonl` into the files that match.

A path is a pattern if it contains `*` or `?` and no file has that name. Brackets alone do
not make a pattern, because names such as `run[1].jsonl` are common.
"""

from __future__ import annotations

import os
import re

from .listing import SUFFIX, asked_for, names_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNS = re.compile(r'[*?]')
RESULTS = re.compile(
    r'[^.].*\.(jsonl|ndjson)([.-]\d[\dT.-]*)?(\.(gz|bz2|xz|zst))?', re.DOTALL
)
JOURNAL = re.compile(r'\.(.+)\.\d+-[0-9a-f]+' + re.escape(SUFFIX), re.DOTALL)


def is_pattern(path: str | bytes) -> bool:
    """Return True if a path is a pattern and no file has that name.

    >>> is_pattern('results-*.jsonl'), is_pattern('run[1].jsonl')
    (True, False)
    """
    text = os.fsdecode(path)
    if SIGNS.search(text) is None or os.path.lexists(text):
        return False
    above, name = os.path.split(text)
    return SIGNS.search(name) is not None or not os.path.isdir(above)


def files_of(pattern: str | bytes) -> list[str]:
    """Return the files that match a pattern, `results-2` before `results-10`.

    Directories and pipes do not match. A missing file matches if a killed process has left
    a journal for it.
    """
    import glob

    text = os.fsdecode(pattern).replace('[', '[[]')
    found = [path for path in glob.glob(text, recursive=True) if _may_be_read(path)]
    directory, name = os.path.split(text)
    for path in glob.glob(os.path.join(directory, f'.{name}.*{SUFFIX}'), recursive=True):
        above, journal = os.path.split(path)
        belongs_to = JOURNAL.fullmatch(journal)
        if belongs_to:
            found.append(os.path.join(above, belongs_to[1]))
    return sorted(set(found), key=_in_order)


def files_in(
    directory: str, onerror: Callable[[OSError], object], journals: str | None = None
) -> list[str]:
    """Return the result files in a directory and those below it, in the order of names.

    They are named `*.jsonl` or `*.ndjson`; rotation may have added a number, and
    compression a suffix. A missing file counts if a killed process has left a journal for
    it. Hidden files and directories, and links to directories, are left out.

    Args:
        directory: the path.
        onerror: function that is called with the error if a directory cannot be read.
        journals: further directory with journals, which may be those of missing files.
    """
    found = set(_files_of_journals(directory, journals))
    for place, directories, there in os.walk(directory, onerror=onerror):
        directories[:] = [name for name in directories if not name.startswith('.')]
        names = there + _outputs_of(there)
        paths = [os.path.join(place, name) for name in names if RESULTS.fullmatch(name)]
        found.update(filter(_may_be_read, paths))
    return sorted(found, key=_in_order)


def _files_of_journals(directory: str, place: str | None) -> Iterator[str]:
    """Yield paths in a directory to which journals elsewhere may belong.

    The journals themselves say which file they belong to.
    """
    for elsewhere in {*asked_for(), *([place] if place else [])}:
        for name in _outputs_of(names_in(elsewhere)[0]):
            if RESULTS.fullmatch(name):
                yield os.path.join(directory, name)


def _outputs_of(names: list[str]) -> list[str]:
    """Return the names of the files to which the journals among some names belong."""
    return [found[1] for name in names if (found := JOURNAL.fullmatch(name))]


def is_result_name(name: str) -> bool:
    """Return True for the names of files that a directory stands for.

    >>> is_result_name('a.jsonl.2.gz'), is_result_name('a.csv')
    (True, False)
    """
    return RESULTS.fullmatch(name) is not None


def _may_be_read(path: str) -> bool:
    """Return True for a file and for a broken link, whose error the reader reports."""
    return os.path.isfile(path) or not os.path.exists(path)


def _in_order(path: str) -> list[tuple[int, str]]:
    parts = re.split(r'(\d+)', path)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]
