"""Check whether the records of a journal are in a file already.

A record that was only open when its process died is in no file. A claimed record may be in
one if the process was killed after the write, and any record may be if a recovery was
killed. Such records come after the mark of the output that the journal stores
(mb_mark.h). While the file matches the mark, only the part after it is searched, once
for all ids. A file that does not match was rotated, replaced or truncated. Then the whole
file is searched, and so are the files beside it that a rotation leaves.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from stat import S_ISREG

from .. import _core
from ..messages import safe
from .reader import real

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from ..follow.rotated import Identity
    from .reader import Journal, Mark

PIECE = 1 << 20  # bytes that are searched at a time
LOOKING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
FEW = 8  # ids that are searched one by one; for more, all ids of a block are listed
KEY = b'record_id"'
LONGEST_ID = 64
COMPRESSED = ('.gz', '.bz2', '.xz', '.zst')
MUCH = 1 << 40  # bytes; so large counts a compressed file, beyond each limit
MOST_LOOKS = 8  # rounds of listing the rotated files
LARGEST = (1 << 63) - 1  # bytes; the largest size of a file
COARSE = 2_000_000_000  # nanoseconds by which the time of a file may be behind


class Written:
    """Search files for the records of some journals.

    Args:
        output: file that the journals belong to.

    Attributes:
        output: path of the file without links.
        ids: ids of the records to search for.
        starts: by path, the position from which that file is searched.
        left_out: path of a file that the caller searches itself.
        unread: rotated files that may contain the records and cannot be read.
    """

    def __init__(self, output: str) -> None:
        self.output = real(output)
        self.ids: set[bytes] = set()
        self.starts: dict[str, int] = {}
        self.left_out = ''
        self.unread: list[str] = []
        self._marks: list[tuple[Mark, int]] = []

    def add(self, journal: Journal) -> None:
        """Add the records of a journal that may be in a file."""
        if journal.claimed:
            self._add(journal.claimed, journal.made_at, journal.made_wall_ns)
        if journal.recovered_from is not None:
            ids = {record_id for record_id, _ in journal.records}
            self._add(ids, journal.recovered_from, journal.made_wall_ns)

    def why_not(self, journal: Journal, most: int) -> str:
        """Return why the search cannot include one more journal; empty if it can.

        Args:
            journal: the journal to add.
            most: bytes that may be read for all journals together.
        """
        other = Written(self.output)
        other.starts = dict(self.starts)
        other.add(journal)
        if other.unread:
            return f'its records may be in {safe(other.unread[0])}, which cannot be read'
        size = sum(max(_size_of(path) - start, 0) for path, start in other.starts.items())
        return 'its records have to be looked for in a large file' if size > most else ''

    def found(self) -> set[bytes]:
        """Return the ids of the records that are complete in a file."""
        if not self.starts:
            return set()
        from ..results import compressed  # start-up time
        from ..results.reading import blocks  # start-up time

        found: set[bytes] = set()
        for path, start in self._each():
            with opened(path) as file:
                if file is not None:
                    file.seek(start)
                    packed = compressed.is_packed(file)
                    at_rest = compressed.blocks_at_rest(file) if packed else None
                    for block in at_rest or blocks(file, PIECE):
                        found |= ids_in(block, self.ids)
        return found

    def blank(self, is_dead: Callable[[bytes], bool]) -> None:
        """Overwrite the dead fragments in all files that are searched."""
        if not self.starts:
            return
        for path, start in self._each():
            if _size_of(path) > start and not is_compressed(path):
                self._blank(path, is_dead, start)

    def _blank(self, path: str, is_dead: Callable[[bytes], bool], start: int) -> None:
        from . import torn_lines  # start-up time

        try:
            torn_lines.blank(path, is_dead, start)
        except OSError:
            if path == self.output:
                raise  # a rotated file may be read-only

    def _each(self) -> Iterator[tuple[str, int]]:
        """Yield path and start of each file, even if files are rotated meanwhile.

        Each round lists the files again, because one may have got another name.
        """
        done: set[Identity | None] = {None}  # None: there is no file
        for _ in range(MOST_LOOKS):
            for mark, since_ns in self._marks:
                self._find(mark, since_ns)
            left = [one for one in self.starts.items() if self._is_left(one[0], done)]
            if not left:
                return
            for path, start in left:
                before = _identity(path)
                yield path, start
                if before == _identity(path):
                    done.add(before)

    def _is_left(self, path: str, done: set[Identity | None]) -> bool:
        return path != self.left_out and _identity(path) not in done

    def _add(self, ids: set[bytes], mark: Mark, since_ns: int) -> None:
        self.ids |= ids
        self._marks.append((mark, since_ns))
        self._find(mark, since_ns)

    def _find(self, mark: Mark, since_ns: int) -> None:
        start = start_in(self.output, mark)
        self._search(self.output, start or 0)
        if start is None or mark[:2] != mark_of(self.output)[:2]:
            for path in _rotated(self.output, since_ns):
                self._search_beside(path, mark)

    def _search_beside(self, path: str, mark: Mark) -> None:
        try:
            start = start_in(path, mark)
        except OSError:
            self.unread.append(path)
        else:
            self._search(path, start or 0)

    def _search(self, path: str, start: int) -> None:
        self.starts[path] = min(start, self.starts.get(path, start))


def ids_in(block: bytes, ids: set[bytes]) -> set[bytes]:
    """Return the ids whose complete record is among the lines of a block."""
    from ..results.reading import contains  # start-up time

    if len(ids) <= FEW:
        near = {one for one in ids if one in block}
    else:
        near = ids.intersection(_all_ids(block))
    return {one for one in near if contains(block, one)}


def _all_ids(block: bytes) -> Iterator[bytes]:
    place = block.find(KEY)
    while place >= 0:
        begin = place + len(KEY)
        yield block[begin : begin + LONGEST_ID].partition(b'"')[2].partition(b'"')[0]
        place = block.find(KEY, begin)


def start_in(path: str, mark: Mark) -> int | None:
    """Return the position of a mark in a file; None if the file does not match it.

    A copy matches as well as the file itself. An empty file never matches, because it may
    have been truncated since.
    """
    *_, end, digest = mark
    if not (0 < end <= LARGEST and digest):
        return None  # empty, or damaged
    with opened(path) as file:
        there = None if file is None else _core.mark_of(file.fileno(), end)
    return end if there is not None and there[3] == digest else None


def mark_of(path: str) -> Mark:
    """Return the mark at the end of a file; zeros if the file does not exist."""
    with opened(path) as file:
        mark = None if file is None else _core.mark_of(file.fileno())
    return mark or (0, 0, 0, 0)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes] | None]:
    """Open a regular file for reading; yield None if there is none.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        is_file = S_ISREG(os.stat(path).st_mode)
        descriptor = os.open(path, LOOKING) if is_file else -1
    except FileNotFoundError:
        descriptor = -1
    if descriptor < 0:
        yield None
        return
    with open(descriptor, 'rb') as file:
        yield file


def _identity(path: str) -> Identity | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino


def _size_of(path: str) -> int:
    try:
        state = os.stat(path)
    except OSError:
        return 0
    if is_compressed(path):
        return MUCH
    return state.st_size if S_ISREG(state.st_mode) else 0


def is_compressed(path: str) -> bool:
    """Return True if the name is that of a compressed rotated file."""
    return path.endswith(COMPRESSED)


def _rotated(output: str, since_ns: int) -> Iterator[str]:
    """Yield the rotated files of an output that were modified since a time."""
    from ..follow.rotated import beside  # start-up time

    for path in beside(output):
        try:
            state = os.stat(path)
        except OSError:
            continue
        if S_ISREG(state.st_mode) and state.st_mtime_ns >= since_ns - COARSE:
            yield os.fsdecode(path)
