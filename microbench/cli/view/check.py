"""`microbench check`: say what is damaged, missing or foreign in result files."""

from __future__ import annotations

import os
import sys
from collections import Counter

from ...integrity import KINDS, Inspection, foreign_files
from ...messages import safe
from ..terminal import Terminal
from .entries import expanded, name_of, raise_if_missing, result_files_in
from .headings import counted
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...integrity import Findings

ABOUT = """\
Look through result files, and say what is in them: torn lines (parts of records), glued
lines (whole records with something else around), records that are in journals of killed
processes only, records whose id occurs twice in all files together, lines that are no
records, and versions of the schema. Of a directory, also files that are no result files.
Nothing is changed."""

NOTES = """\
The exit status is 0 if there is nothing to report, 1 if there is, and 2 for wrong use.
Readers take whole records out of damaged lines; recover stores those in journals; merge
writes one file with each record once."""

LABELS = {
    'torn': 'torn line',
    'glued': 'glued line',
    'recoverable': 'recoverable record',
    'duplicated': 'duplicated record',
    'foreign': 'foreign line',
}


def check(words: list[str]) -> int:
    """Check the files that the words name."""
    asked = _parser().parse_intermixed_args(words)
    paths, foreign = _files(asked.path)
    found = map(Inspection().of, paths)
    if asked.json:
        return _print_json(list(found), foreign)
    return _print(found, foreign)


main = answering('check', check)


def _parser() -> Subparser:
    parser = Subparser('check', ABOUT, NOTES)
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help='result files, directories or patterns')
    option('--json', action='store_true', help='print the findings as one line of JSON')
    return parser


# --- which files -------------------------------------------------------------------------


def _files(paths: list[str]) -> tuple[list[str], list[str]]:
    """Return the files to look through, and the foreign files in directories.

    Raises:
        UsageError: a path does not exist, or a directory is empty.
    """
    found: list[str] = []
    foreign: list[str] = []
    for path in paths:
        strangers = list(foreign_files(path)) if os.path.isdir(path) else []
        # A directory of foreign files only has findings; an empty one is a mistake.
        found += result_files_in(path) if strangers else expanded([path])
        foreign += strangers
    raise_if_missing(found)
    return list(dict.fromkeys(found)), foreign


# --- what is printed ---------------------------------------------------------------------


def _print(found: Iterable[Findings], foreign: list[str]) -> int:
    terminal, totals = Terminal(sys.stdout), Totals()
    for findings in found:
        totals.add(findings)
        if not findings.is_clean:
            terminal.lines(_lines_of(findings))
    terminal.lines(f'{safe(path)}: not a result file' for path in foreign)
    totals.not_clean += len(foreign)
    terminal.lines([str(totals)])
    return int(totals.not_clean > 0)


class Totals:
    """Counts of all files, and the sentence with them.

    Attributes:
        not_clean: number of files with something to report.
    """

    def __init__(self) -> None:
        self.not_clean = self._files = self._records = 0
        self._schemas: Counter[str] = Counter()

    def add(self, findings: Findings) -> None:
        """Count one file."""
        self._files += 1
        self._records += findings.records
        self._schemas.update(findings.schemas)
        self.not_clean += not findings.is_clean

    def __str__(self) -> str:
        words = f'{counted(self._files, "file")}, {counted(self._records, "record")}'
        if len(self._schemas) > 1:
            several = sorted(self._schemas.items())
            words += f' ({", ".join(f"{n:,} of schema {name}" for name, n in several)})'
        end = f'{self.not_clean:,} not clean' if self.not_clean else 'clean'
        return f'{words}: {end}'


def _lines_of(findings: Findings) -> Iterator[str]:
    counts = findings.counts
    parts = [counted(counts[kind], LABELS[kind]) for kind in KINDS if counts[kind]]
    if findings.is_of_other_tool:
        parts.append('the result file of another tool')
    if findings.unread:
        parts.append(f'cannot be read: {safe(findings.unread)}')
    name = name_of(findings.path)
    if parts:
        yield f'{name}: {"; ".join(parts)}'
    for why in findings.journals_left:
        yield f'{name}: a journal was left alone: {safe(why)}'


def _print_json(found: list[Findings], foreign: list[str]) -> int:
    from ...encoding import json_text  # start-up time

    clean = all(one.is_clean for one in found) and not foreign
    document = {
        'clean': clean,
        'records': sum(one.records for one in found),
        'files': [one.as_dict() for one in found],
        'foreign_files': foreign,
    }
    sys.stdout.write(json_text.encode(document).decode('ascii') + '\n')
    return int(not clean)
