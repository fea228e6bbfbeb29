"""`microbench merge`: write the records of many files into one, each of them once."""

from __future__ import annotations

import os
import sys
from collections import Counter

from ...follow.dedup import Deduplicator
from ...journal.listing import Listing
from ...journal.lost import blocks_of
from ...journal.patterns import files_of, is_pattern, is_result_name
from ...messages import print_stderr, safe, text_of
from ...results.raw_lines import RawLines
from ..new_file import new_file
from ..words import UsageError
from .entries import STDIN, expanded, name_of, raise_if_missing
from .headings import counted
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

ABOUT = """\
Write one file with the records of many, in their order. Of records with the same
mb.record_id the first is kept. Records of killed processes that are in journals only come
after those of their file. Each record is copied byte for byte, without what is around it
on a damaged line. Compressed files are unpacked. The files themselves are never changed."""

NOTES = """\
FILE appears when it is complete, and never replaces an existing one; - is standard
output. What was left out is counted on standard error. The exit status is 0, also if
damaged lines were left out; it is 1 if a file could not be read to its end."""

SKIPPED = {
    'duplicated': 'duplicated record',
    'torn': 'torn line',
    'foreign': 'foreign line',
    'tool': 'file of another tool',
}


def merge(words: list[str]) -> int:
    """Merge the files that the words name."""
    asked = _parser().parse_intermixed_args(words)
    paths = expanded(asked.path)
    raise_if_missing(paths)
    merged = Merged(paths)
    if asked.outfile == STDIN:
        merged.write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        _raise_if_read(asked.outfile, asked.path)
        with new_file(asked.outfile) as file:
            merged.write(file)
    merged.report()
    return int(bool(merged.unread))


main = answering('merge', merge)


def _parser() -> Subparser:
    parser = Subparser('merge', ABOUT, NOTES)
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help='result files, directories or patterns')
    option('-o', '--outfile', metavar='FILE', required=True, help='the new file')
    return parser


def _raise_if_read(outfile: str, paths: list[str]) -> None:
    """Raise UsageError if the new file would be among those that are read."""
    place = os.path.realpath(outfile)
    for path in paths:
        if os.path.isdir(path):
            above = os.path.join(os.path.realpath(path), '')
            is_read = place.startswith(above) and is_result_name(os.path.basename(place))
        else:
            named = files_of(path) if is_pattern(path) else [path]
            is_read = place in map(os.path.realpath, named)
        if is_read:
            raise UsageError(f'{safe(outfile)} is one of the files that are read')


class Merged:
    """The records of files, each once.

    Attributes:
        records: number of records that were written.
        skipped: numbers of what was left out, by the names in SKIPPED.
        unread: by path, why a file could not be read to its end.
    """

    def __init__(self, paths: list[str]) -> None:
        self._paths = list(dict.fromkeys(paths))
        self._dedup = Deduplicator()
        self.records = 0
        self.skipped: Counter[str] = Counter()
        self.unread: dict[str, str] = {}

    def write(self, file: BinaryIO) -> None:
        """Write the records as lines."""
        listing = Listing()
        for path in self._paths:
            for text in self._of_file(path, listing):
                file.write(text + b'\n')
                self.records += 1

    def _of_file(self, path: str, listing: Listing) -> Iterator[bytes]:
        blocks = blocks_of(path, until_now=True, listing=listing)
        lines = RawLines(blocks, self._note_damage)
        try:
            for record, text in lines:
                if self._dedup.is_new(record):
                    yield text
                else:
                    self.skipped['duplicated'] += 1
        except OSError as error:
            self.unread[path] = error.strerror or text_of(error)
        self.skipped['tool'] += lines.is_of_other_tool

    def _note_damage(self, kind: str) -> None:
        self.skipped[kind] += 1

    def report(self) -> None:
        """Print what was written and left out on standard error."""
        for path, why in self.unread.items():
            print_stderr(f'microbench merge: {name_of(path)} cannot be read: {safe(why)}')
        words = f'{counted(self.records, "record")} of {counted(len(self._paths), "file")}'
        left_out = [
            counted(self.skipped[kind], noun)
            for kind, noun in SKIPPED.items()
            if self.skipped[kind]
        ]
        if left_out:
            words += f'; left out: {", ".join(left_out)}'
        print_stderr(f'microbench merge: {words}')
