"""Read, number and select the records for a subcommand."""

from __future__ import annotations

import os
import re
import sys
from collections import deque

from ...journal.listing import Listing
from ...journal.lost import blocks_of, contents, has_journals
from ...journal.patterns import files_in, files_of, is_pattern
from ...messages import print_stderr, safe
from ...results.compressed import is_packed
from ...results.flat_schema import converted, is_flat_schema
from ...results.reading import Lines, damage
from ..words import UsageError
from .record_view import RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .asked_fields import AskedFields

STDIN = '-'
NUMBER = re.compile(r'0|-?[1-9]\d*')  # not 00, which begins an id
ID = re.compile(r'[0-9a-f][0-9a-f-]*')

PATHS = 'result files, directories or patterns of them; - for standard input'
WHICH = """\
A record is chosen by its number, as a table of them has it: from 0, or from the end if
it is negative; or by the beginning of its mb.record_id."""


class Entry:
    """A record, its number and its file."""

    __slots__ = ('number', 'path', 'record')

    def __init__(self, number: int, path: str, record: dict[str, Any]) -> None:
        self.number = number
        self.path = path
        self.record = record


class Entries:
    """Iterate over the records of files, numbered from 0 in the order of reading.

    Records of the flat schema before 2.0 are converted. Damaged lines are counted, and the
    count of each file is printed after its records.

    Args:
        paths: names of files, or patterns; `-` is standard input.
        asked: fields that some record has to have, for the check at the end.

    Attributes:
        count: number of records so far.
        damaged: number of damaged lines so far.
    """

    def __init__(self, paths: list[str], asked: AskedFields | None = None) -> None:
        self.paths = expanded(paths)
        self.asked = asked
        self._listing = Listing()
        self.count = 0
        self.damaged = 0

    def __iter__(self) -> Iterator[Entry]:
        for path in self.paths:
            lines = Lines(lines_of(path, self._listing))
            for read in lines:
                record = converted(read) if is_flat_schema(read) else read
                if self.asked is not None and self.asked.is_looking:
                    self.asked.look_at(record)
                yield Entry(self.count, path, record)
                self.count += 1
            self.damaged += lines.damaged
            if lines.damaged:
                print_stderr(f'microbench: {name_of(path)}: {damage(lines.damaged)}')
        if self.asked is not None and self.count:
            self.asked.check()

    @property
    def sources(self) -> str:
        """Name of the file, or the number of files, for messages."""
        names = [name_of(path) for path in self.paths]
        return names[0] if len(names) == 1 else f'{len(names)} files'

    @property
    def sources_hold(self) -> str:
        """The beginning of a sentence about the contents of the files."""
        return f'{self.sources} {"holds" if len(self.paths) == 1 else "hold"}'

    @property
    def hint(self) -> str:
        """Why a comparison of the condition never holds, to be put behind a sentence."""
        problem = None if self.asked is None else self.asked.mismatch()
        return '' if problem is None else f': {problem}'

    def nothing(self) -> str:
        """Return the message for no records.

        Raises:
            UsageError: there are only damaged lines, so the file is probably a wrong one.
        """
        if self.count:
            of_all = (
                'the only record' if self.count == 1 else f'any of {self.count} records'
            )
            return f'{self.sources}: the condition does not hold for {of_all}{self.hint}'
        if self.damaged:
            raise UsageError(f'{self.sources_hold} no record that can be read')
        return f'{self.sources_hold} no records'


def expanded(paths: list[str]) -> list[str]:
    """Return paths in which files replace directories and patterns.

    Raises:
        UsageError: no file matches a pattern, or a directory holds no result files.
    """
    found = []
    for path in paths:
        if path != STDIN and os.path.isdir(path):
            found += _some_files_in(path)
        elif path != STDIN and is_pattern(path):
            found += _files_of(path)
        else:
            found.append(path)
    return found


def _files_of(pattern: str) -> list[str]:
    files = files_of(pattern)
    if not files:
        raise UsageError(f'no file matches {name_of(pattern)}')
    return files


def result_files_in(directory: str) -> list[str]:
    """Return the result files in a directory and below; report what cannot be read."""
    return files_in(directory, _report_unread)


def _some_files_in(directory: str) -> list[str]:
    files = result_files_in(directory)
    if not files:
        raise UsageError(f'there are no result files (*.jsonl) in {name_of(directory)}')
    return files


def _report_unread(error: OSError) -> None:
    print_stderr(f'microbench: cannot read {safe(str(error.filename))}: {error.strerror}')


def raise_if_missing(paths: list[str]) -> None:
    """Raise UsageError if a file does not exist, and no journal of it does."""
    for path in paths:
        if not (os.path.lexists(path) or has_journals(path)):
            raise UsageError(f'{name_of(path)} does not exist')


def name_of(path: str) -> str:
    """Return the name of a file for messages."""
    return 'standard input' if path == STDIN else safe(path)


def lines_of(path: str, listing: Listing | None = None) -> Iterator[bytes]:
    """Yield blocks of whole lines of a file.

    Args:
        path: name of the file, or `-`.
        listing: of the journals, in a loop over many files.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        yield from _standard_input() if path == STDIN else blocks_of(path, listing=listing)
    except OSError as error:
        raise UsageError(f'cannot read {name_of(path)}: {error.strerror}') from None
    except ValueError:  # a NUL in it
        raise UsageError(f'cannot read {name_of(path)}: it is not a path') from None


def _standard_input() -> Iterator[bytes]:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError('standard input is closed')
    with open(sys.stdin.fileno(), 'rb', closefd=False) as file:
        # Plain text is read line by line as it arrives.
        yield from contents(file) if is_packed(file) else file


def divided(words: list[str]) -> tuple[list[str], list[str]]:
    """Split words into paths and the selectors of records that follow them.

    A word is a selector if it looks like a number or an id and no such file exists.

    Returns:
        The paths and the selectors.

    Raises:
        UsageError: a number stands before a file.
    """
    end = len(words)
    while end > 1 and _is_selector(words[end - 1]):
        end -= 1
    for place, word in enumerate(words[:end]):
        is_misplaced = any(map(_exists, words[place + 1 : end]))
        if is_misplaced and NUMBER.fullmatch(word) and not _exists(word):
            raise UsageError(f'there is no file {word}; type numbers after the files')
    return words[:end], words[end:]


def _exists(path: str) -> bool:
    return path == STDIN or os.path.lexists(path)


def _is_selector(word: str) -> bool:
    looks_like_one = NUMBER.fullmatch(word) or ID.fullmatch(word)
    return bool(looks_like_one) and not _exists(word)


class RecordSelector:
    """Selects one record while all records are read once.

    Args:
        word: a number, negative to count from the end, or the beginning of an id.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.number = int(word) if NUMBER.fullmatch(word) else None
        self.last: deque[Entry] = deque(maxlen=max(-(self.number or 0), 0))
        self.by_number: Entry | None = None
        self.by_id: list[Entry] = []

    def offer(self, entry: Entry) -> None:
        """Consider the next record."""
        self.last.append(entry)
        if entry.number == self.number:
            self.by_number = entry
        if (RecordView(entry.record).record_id or '').startswith(self.word):
            self.by_id.append(entry)

    def found(self, entries: Entries) -> Entry:
        """Return the selected record.

        Raises:
            UsageError: no record matches, or several ids do.
        """
        if self.last.maxlen and len(self.last) == self.last.maxlen:
            return self.last[0]
        if self.by_number is not None:
            return self.by_number
        if len(self.by_id) == 1:
            return self.by_id[0]
        if not self.by_id:
            raise UsageError(_no_such(safe(self.word), entries))
        several = f'{len(self.by_id)} records have ids that begin with {self.word}'
        raise UsageError(f'{several}: type more of it')


def _no_such(word: str, entries: Entries) -> str:
    if not entries.count:
        return f'there is no record {word}: {entries.nothing()}'
    if entries.count == 1:
        numbers = 'one, number 0'
    else:
        numbers = f'{entries.count}, numbered from 0 to {entries.count - 1}'
    return f'there is no record {word}: {entries.sources_hold} {numbers}'


def select(entries: Entries, words: list[str]) -> list[Entry]:
    """Return the records that these words select, in the order of the words.

    Raises:
        UsageError: a word selects no record, or is ambiguous.
    """
    if not all(words):
        raise UsageError('choose a record by its number, or by the beginning of its id')
    selectors = [RecordSelector(word) for word in words]
    for entry in entries:
        for selector in selectors:
            selector.offer(entry)
    return [selector.found(entries) for selector in selectors]
