"""Check whether records that a journal still shows are in a file already.

A record that was only open when its process died is in no file. A claimed one may be, if
the process was killed after the write; so may any record if a recovery was killed. Such
records lie behind the mark of the output in the journal
(mb_mark.h): as long as the file matches it, only what came later is read, once for
all ids, in pieces. A file that does not match was rotated, replaced or cut off. Then all
of it is searched, and so are the files beside it that a rotation leaves behind.
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

PIECE = 1 << 20  # bytes that are searched at once
LOOKING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
FEW = 8  # ids: so many are looked for one by one
KEY = b'record_id"'
LONGEST_ID = 64
COMPRESSED = ('.gz', '.bz2', '.xz', '.zst')
MUCH = 1 << 40  # bytes: what is compressed is not read before a first record
MOST_LOOKS = 8  # at the files beside the output, while they are rotated
LARGEST = (1 << 63) - 1  # bytes of a file that a system can know
COARSE = 2_000_000_000  # nanoseconds by which the time of a file may be behind


class Written:
    """The records of some journals that are in a file already.

    Args:
        output: the file that the journals belong to.

    Attributes:
        output: its path without links.
        ids: of the records that are looked for.
        starts: by path, from where on that file is searched.
        left_out: a path whose file is not searched here; the caller reads it anyway.
        unread: files beside the output that may have the records, and cannot be read.
    """

    def __init__(self, output: str) -> None:
        self.output = real(output)
        self.ids: set[bytes] = set()
        self.starts: dict[str, int] = {}
        self.left_out = ''
        self.unread: list[str] = []
        self._marks: list[tuple[Mark, int]] = []

    def add(self, journal: Journal) -> None:
        """Look for those records of a journal that may be in a file."""
        if journal.claimed:
            self._add(journal.claimed, journal.made_at, journal.made_wall_ns)
        if journal.recovered_from is not None:
            ids = {record_id for record_id, _ in journal.records}
            self._add(ids, journal.recovered_from, journal.made_wall_ns)

    def why_not(self, journal: Journal, most: int) -> str:
        """Return why the records of one more journal cannot be looked for; or nothing.

        Args:
            journal: which it is.
            most: bytes that may be read for all of them.
        """
        other = Written(self.output)
        other.starts = dict(self.starts)
        other.add(journal)
        if other.unread:
            return f'its records may be in {safe(other.unread[0])}, which cannot be read'
        size = sum(max(_size_of(path) - start, 0) for path, start in other.starts.items())
        return 'its records have to be looked for in a large file' if size > most else ''

    def found(self) -> set[bytes]:
        """Return the ids of records that are there, whole."""
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
        """Overwrite the fragments that are dead."""
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
                raise  # else it is at rest, and may be read only

    def _each(self) -> Iterator[tuple[str, int]]:
        """Yield path and start of each file, however they are rotated meanwhile.

        They are looked for again in each round: one may have got another name.
        """
        done: set[Identity | None] = {None}  # the latter: there is no file
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
    """Return those ids of which a whole record is among the lines of a block."""
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
    """Return where what was written after a mark begins; None: the file does not match it.

    A copy matches as well as the file itself. An empty file matches nothing: it may have
    been emptied since.
    """
    *_, end, digest = mark
    if not (0 < end <= LARGEST and digest):
        return None  # the last: damage
    with opened(path) as file:
        there = None if file is None else _core.mark_of(file.fileno(), end)
    return end if there is not None and there[3] == digest else None


def mark_of(path: str) -> Mark:
    """Return the mark of a file at its end; zeros where there is none."""
    with opened(path) as file:
        mark = None if file is None else _core.mark_of(file.fileno())
    return mark or (0, 0, 0, 0)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes] | None]:
    """Open a file for reading; None where there is none, or something else than a file.

    Raises:
        OSError: it cannot be read.
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
    """Whether it is a rotated file that was compressed, by its name."""
    return path.endswith(COMPRESSED)


def _rotated(output: str, since_ns: int) -> Iterator[str]:
    """Yield the files beside the output that a rotation may have left since a moment."""
    from ..follow.rotated import beside  # start-up time

    for path in beside(output):
        try:
            state = os.stat(path)
        except OSError:
            continue
        if S_ISREG(state.st_mode) and state.st_mtime_ns >= since_ns - COARSE:
            yield os.fsdecode(path)
