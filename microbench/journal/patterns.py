"""Patterns that stand for many files: `results-*.jsonl`.

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
    """Whether a path stands for many files.

    >>> is_pattern('results-*.jsonl'), is_pattern('run[1].jsonl')
    (True, False)
    """
    text = os.fsdecode(path)
    return SIGNS.search(text) is not None and not os.path.lexists(text)


def files_of(pattern: str | bytes) -> list[str]:
    """Return the files that match, `results-2` before `results-10`.

    Directories and pipes do not match. Files that are not there yet do, if a killed process
    has left a record for them.
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
    """Whether it is a file, or a link that leads nowhere, which reading it reports."""
    return os.path.isfile(path) or not os.path.exists(path)


def _in_order(path: str) -> list[tuple[int, str]]:
    parts = re.split(r'(\d+)', path)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]
