"""Each record that is written to a path, once: a file as it grows, and its successors.

A path leads to one file after another: it is rotated by renaming it or by copying and
cutting it off, it is replaced, it disappears and comes back. A file that has lost its
place is still read for a while, since a writer that has it open goes on writing to it.
Nothing here waits: `records` yields what there is.
"""

from __future__ import annotations

import os
from itertools import islice

from ..results.reading import BOM, decode_line, decode_together, salvaged
from .dedup import Deduplicator
from .rotated import RotatedFiles
from .tailed_file import HEAD, TailedFile, TailedPipe, opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FORMER = 8  # files that lost their place and are still read


class Follower:
    """The records of a path, in the order in which they are found.

    Args:
        path: the file, which need not exist yet.
        damaged: called with each line that is no record.
    """

    def __init__(self, path: str | bytes, damaged: Callable[[bytes], object]) -> None:
        self.path = path
        self._damaged = damaged
        self._current: TailedFile | None = None
        self._former: list[TailedFile] = []
        self._rotated = RotatedFiles(path)
        self._dedup = Deduplicator()

    @property
    def descriptors(self) -> list[int]:
        """Of the files that are open: what may still be written to."""
        return [file.fd for file in self._files()]

    def last(
        self, count: int, wanted: Callable[[dict[str, Any]], Any]
    ) -> list[dict[str, Any]]:
        """Return the last records that are wanted, and have `records` yield later ones.

        Only the end of the file is read, as far as is needed. A missing file has none.
        """
        self._current = self._at_path()
        if self._current is None:
            return []
        self._current.skip_to_end()
        backwards = (
            record
            for line in self._current.lines_backwards()
            for record in reversed(list(self._one_by_one(line)))
        )
        return list(islice(filter(wanted, self._dedup.new(backwards)), count))[::-1]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records that are complete and were not yielded before.

        Raises:
            OSError: the file is there and cannot be read. Try again later.
        """
        for lines in self._lines():
            yield from self._dedup.new(decode_together(lines) or self._one_by_one(lines))

    def finish(self) -> Iterator[dict[str, Any]]:
        """Yield records that only lack their newline, and close all files."""
        missed = list(self._missed(self._current))
        for lines in [*missed, *(file.unfinished() for file in self._files())]:
            decoded = map(decode_line, lines.split(b'\n'))
            yield from self._dedup.new(one for one in decoded if one is not None)
        self.close()

    def close(self) -> None:
        """Let go of all files; following starts over with the next call."""
        for file in self._files():
            file.close()
        self._current, self._former = None, []

    def _files(self) -> list[TailedFile]:
        current = [] if self._current is None else [self._current]
        return [*self._former, *current]

    def _lines(self) -> Iterator[bytes]:
        for file in self._files():
            yield from self._lines_of(file)
        there = self._at_path()
        if there is None or there is not self._current:
            yield from self._taken_place(there)
        yield from self._let_go()

    def _taken_place(self, successor: TailedFile | None) -> Iterator[bytes]:
        """Yield the lines of the file that lost its place, of its successors and of this.

        Args:
            successor: what is at the path; None: nothing, so far.
        """
        former = self._current
        if former is not None:
            yield from self._lines_of(former)  # written before it lost its place
        yield from self._missed(former)
        if successor is not None:
            if former is not None:
                self._former.append(former)
            self._current = successor
            yield from self._lines_of(successor)

    def _lines_of(self, file: TailedFile) -> Iterator[bytes]:
        if not file.is_continued():  # it was cut off, or written anew
            yield from self._missed(file)
            file.start_over()
        yield from file.batches()

    def _missed(self, file: TailedFile | None) -> Iterator[bytes]:
        """Yield the lines of files that came and went, or were copied, between two looks.

        Args:
            file: the one that was at the path before, if there was one.
        """
        known = {file.identity for file in self._files()}
        for path, identity, is_new in self._rotated.changed():
            missed = None if identity in known else _with_records(path)
            if missed is None:
                continue
            if (file is not None and missed.take_over(file)) or is_new:
                self._former.append(missed)
                yield from missed.batches()
            else:
                missed.close()

    def _at_path(self) -> TailedFile | None:
        """Return the file that is at the path now; None if there is none."""
        try:
            state = os.stat(self.path)
            identity = state.st_dev, state.st_ino
            for file in self._files():
                if file.identity == identity:
                    if file is not self._current:  # it is back at its place
                        self._former.remove(file)
                    return file
            return opened(self.path)
        except FileNotFoundError:
            return None

    def _let_go(self) -> Iterator[bytes]:
        """Close files that nobody can find any more, and those that are long gone."""
        surplus = len(self._former) - FORMER
        for number, file in enumerate(list(self._former)):
            if number < surplus or file.is_deleted:
                yield from file.batches()
                yield file.unfinished()
                self._former.remove(file)
                file.close()

    def _one_by_one(self, lines: bytes) -> Iterator[dict[str, Any]]:
        for line in lines.split(b'\n'):
            record = decode_line(line)
            yield from self._rescued(line) if record is None else [record]

    def _rescued(self, line: bytes) -> list[dict[str, Any]]:
        """Return the records on a line that is none, or not only one."""
        # A BOM, and the hole before the old position of a writer.
        line = line.removeprefix(BOM).strip(b'\0')
        if not line.strip():
            return []
        record = decode_line(line)
        if record is not None:
            return [record]
        self._damaged(line)
        return salvaged(line)


def _with_records(path: bytes) -> TailedFile | None:
    """Return the file at a path if it seems to hold records, plain and not compressed."""
    try:
        file = opened(path)
    except OSError:
        return None
    if not isinstance(file, TailedPipe) and os.pread(file.fd, HEAD, 0).lstrip().startswith(
        b'{'
    ):
        return file
    file.close()
    return None
