"""Expand patterns such as `results-*.jsonl` into the files that match.

A path is a pattern if it contains `*` or `?` and no file has that name. Brackets alone do
not make a pattern, because names such as `run[1].jsonl` are common.
"""

from __future__ import annotations

import os
import re

from .reader import SUFFIX

SIGNS = re.compile(r'[*?]')
JOURNAL = re.compile(r'\.(.+)\.\d+-[0-9a-f]+' + re.escape(SUFFIX), re.DOTALL)


def is_pattern(path: str | bytes) -> bool:
    """Return True if a path is a pattern and no file has that name.

    >>> is_pattern('results-*.jsonl'), is_pattern('run[1].jsonl')
    (True, False)
    """
    text = os.fsdecode(path)
    return SIGNS.search(text) is not None and not os.path.lexists(text)


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


def _may_be_read(path: str) -> bool:
    """Return True for a file and for a broken link, whose error the reader reports."""
    return os.path.isfile(path) or not os.path.exists(path)


def _in_order(path: str) -> list[tuple[int, str]]:
    parts = re.split(r'(\d+)', path)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]
