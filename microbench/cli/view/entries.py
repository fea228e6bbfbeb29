"""The records that a subcommand is about: from files, numbered, some of them chosen."""

from __future__ import annotations

import os
import re
import sys
from collections import deque

from ...journal.lost import blocks_of, contents
from ...journal.patterns import files_of, is_pattern
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

STDIN = '-'
NUMBER = re.compile(r'0|-?[1-9]\d*')  # 00 begins an id
ID = re.compile(r'[0-9a-f][0-9a-f-]*')

PATHS = 'result files, or patterns of them; - for standard input'
WHICH = """\
A record is chosen by its number, as a table of them has it: from 0, or from the end if
it is negative; or by the beginning of its mb.record_id."""


class Entry:
    """A record and where it is."""

    __slots__ = ('number', 'path', 'record')

    def __init__(self, number: int, path: str, record: dict[str, Any]) -> None:
        self.number = number
        self.path = path
        self.record = record


class Entries:
    """The records of files, numbered through from 0, in the order in which they are read.

    Those of the flat schema before 2.0 are converted. What is damaged is counted, and
    told at the end.

    Args:
        paths: names of files, or patterns; `-` is standard input.

    Attributes:
        count: how many records there were so far.
        damaged: how many damaged lines.
    """

    def __init__(self, paths: list[str]) -> None:
        self.paths = expanded(paths)
        self.count = 0
        self.damaged = 0

    def __iter__(self) -> Iterator[Entry]:
        for path in self.paths:
            lines = Lines(lines_of(path))
            for record in lines:
                flat = is_flat_schema(record)
                yield Entry(self.count, path, converted(record) if flat else record)
                self.count += 1
            self.damaged += lines.damaged
            if lines.damaged:
                print_stderr(f'microbench: {name_of(path)}: {damage(lines.damaged)}')

    @property
    def sources(self) -> str:
        """What was read, for messages."""
        names = [name_of(path) for path in self.paths]
        return names[0] if len(names) == 1 else f'{len(names)} files'

    @property
    def sources_hold(self) -> str:
        """The beginning of a sentence about what is in them."""
        return f'{self.sources} {"holds" if len(self.paths) == 1 else "hold"}'

    def nothing(self) -> str:
        """Say that there was no record to show; raise where that means a wrong file."""
        if self.count:
            of_all = (
                'the only record' if self.count == 1 else f'any of {self.count} records'
            )
            return f'{self.sources}: the condition does not hold for {of_all}'
        if self.damaged:
            raise UsageError(f'{self.sources_hold} no record that can be read')
        return f'{self.sources_hold} no records'


def expanded(paths: list[str]) -> list[str]:
    """Return paths with the files that patterns match in the place of patterns.

    Raises:
        UsageError: nothing matches one.
    """
    found = []
    for path in paths:
        files = files_of(path) if path != STDIN and is_pattern(path) else [path]
        if not files:
            raise UsageError(f'no file matches {name_of(path)}')
        found += files
    return found


def name_of(path: str) -> str:
    """Return what a file is called in messages."""
    return 'standard input' if path == STDIN else safe(path)


def lines_of(path: str) -> Iterator[bytes]:
    """Yield one or more lines of a file; a UsageError says why it cannot be read."""
    try:
        yield from _standard_input() if path == STDIN else blocks_of(path)
    except OSError as error:
        raise UsageError(f'cannot read {name_of(path)}: {error.strerror}') from None
    except ValueError:  # a NUL in it
        raise UsageError(f'cannot read {name_of(path)}: it is not a path') from None


def _standard_input() -> Iterator[bytes]:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError('standard input is closed')
    with open(sys.stdin.fileno(), 'rb', closefd=False) as file:
        # Plain ones line by line, as they come.
        yield from contents(file) if is_packed(file) else file


def divided(words: list[str]) -> tuple[list[str], list[str]]:
    """Divide words into paths and, at the end, choices of records.

    A word that is no existing file, and looks like a number or an id, is a choice.

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
    """One record among many, which go by once.

    Args:
        word: a number, negative from the end, or the beginning of an id.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.number = int(word) if NUMBER.fullmatch(word) else None
        self.last: deque[Entry] = deque(maxlen=max(-(self.number or 0), 0))
        self.by_number: Entry | None = None
        self.by_id: list[Entry] = []

    def offer(self, entry: Entry) -> None:
        """Look at one more record."""
        self.last.append(entry)
        if entry.number == self.number:
            self.by_number = entry
        if (RecordView(entry.record).record_id or '').startswith(self.word):
            self.by_id.append(entry)

    def found(self, entries: Entries) -> Entry:
        """Return the record.

        Raises:
            UsageError: there is none, or not only one.
        """
        if self.last.maxlen and len(self.last) == self.last.maxlen:
            return self.last[0]
        if self.by_number is not None:
            return self.by_number
        if len(self.by_id) > 1:
            count = len(self.by_id)
            raise UsageError(
                f'{count} records have ids that begin with {self.word}: type more of it'
            )
        if not self.by_id:
            raise UsageError(_no_such(safe(self.word), entries))
        return self.by_id[0]


def _no_such(word: str, entries: Entries) -> str:
    if not entries.count:
        return f'there is no record {word}: {entries.nothing()}'
    if entries.count == 1:
        numbers = 'one, number 0'
    else:
        numbers = f'{entries.count}, numbered from 0 to {entries.count - 1}'
    return f'there is no record {word}: {entries.sources_hold} {numbers}'


def select(entries: Entries, words: list[str]) -> list[Entry]:
    """Return the records that these words choose, in the order of the words."""
    if not all(words):
        raise UsageError('choose a record by its number, or by the beginning of its id')
    selectors = [RecordSelector(word) for word in words]
    for entry in entries:
        for selector in selectors:
            selector.offer(entry)
    return [selector.found(entries) for selector in selectors]
