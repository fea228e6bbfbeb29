"""Look through result files: what is in them, and what is damaged or missing.

`microbench check` prints the findings; `microbench merge` writes the records that are left
when each is taken once. Only one block of one file is in memory, and the ids.
"""

from __future__ import annotations

import os
from collections import Counter

from .follow.dedup import Deduplicator
from .journal.listing import SUFFIX, Listing
from .journal.lost import blocks_in_file, left_alone
from .journal.patterns import is_result_name
from .journal.recovery import survey
from .messages import text_of
from .results.raw_lines import RawLines, schema_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Findings, in the order in which they are reported.
KINDS = ('torn', 'glued', 'recoverable', 'duplicated', 'foreign')


class Findings:
    """What one file holds.

    Attributes:
        path: the file.
        records: number of records in it, each occurrence counted.
        counts: numbers by kind: `'torn'` lines, which are parts of records; `'glued'`
            lines, from which whole records were taken; `'recoverable'` records, which are
            in journals only; `'duplicated'` records, whose id came before; `'foreign'`
            lines, which are no records.
        schemas: number of records by version of the schema.
        unread: why the file cannot be read, or not to its end; empty if it can.
        journals_left: one line for each journal that no reader can use: the reason.
        is_of_other_tool: True for the result file of another tool.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.records = 0
        self.counts = dict.fromkeys(KINDS, 0)
        self.schemas: Counter[str] = Counter()
        self.unread = ''
        self.journals_left: list[str] = []
        self.is_of_other_tool = False

    @property
    def is_clean(self) -> bool:
        """True if there is nothing to report."""
        found = self.unread, self.journals_left, self.is_of_other_tool
        return not any(self.counts.values()) and not any(found)

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return {
            'path': self.path,
            'records': self.records,
            **self.counts,
            'schemas': dict(self.schemas),
            'unread': self.unread or None,
            'journals_left': self.journals_left,
            'of_other_tool': self.is_of_other_tool,
        }

    def note_damage(self, kind: str) -> None:
        """Count a damaged line."""
        self.counts[kind] += 1


class Inspection:
    r"""Look through files, one after the other.

    Attributes:
        dedup: has the ids of the records so far.

    >>> with open('one.jsonl', 'w') as file:
    ...     _ = file.write('{"mb":{"run_id":"a","record_id":"b-01"}}\n' * 2 + '{"mb"')
    >>> found = Inspection().of('one.jsonl')
    >>> found.records, found.counts['duplicated'], found.counts['torn'], found.is_clean
    (2, 1, 1, False)
    """

    def __init__(self) -> None:
        self.dedup = Deduplicator()
        self._listing = Listing()

    def of(self, path: str) -> Findings:
        """Return the findings in one file; never raise for what it contains."""
        findings = Findings(path)
        try:
            self._look_through(findings)
            findings.journals_left = left_alone(path, self._listing)
            reports = survey(path, names=self._listing)
            findings.counts['recoverable'] = sum(len(one.lines) for one in reports)
        except OSError as error:
            findings.unread = error.strerror or text_of(error)
        return findings

    def _look_through(self, findings: Findings) -> None:
        lines = RawLines(blocks_in_file(findings.path), findings.note_damage)
        for record, _ in lines:
            schema = schema_of(record)
            if schema is None:
                findings.counts['foreign'] += 1
                continue
            findings.records += 1
            findings.schemas[schema] += 1
            if not self.dedup.is_new(record):
                findings.counts['duplicated'] += 1
        findings.is_of_other_tool = lines.is_of_other_tool


def foreign_files(directory: str) -> Iterator[str]:
    """Yield the files in a directory and below that are neither results nor journals.

    Hidden files and directories of other programs are left out, as by readers.
    """
    for place, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if not name.startswith('.'))
        for name in sorted(names):
            if not (name.startswith('.') or name.endswith(SUFFIX) or is_result_name(name)):
                yield os.path.join(place, name)
