"""Yield each record written to a path once, from a growing file and its successors.

A path leads to one file after another. The file is rotated (renamed, or copied and
truncated), replaced, or deleted and created again. A file that was renamed is still read
for a while, because a writer that has it open goes on writing to it. Nothing here waits:
`records` yields the records that exist now.
"""

from __future__ import annotations

import os
from itertools import islice

from .decoding import LineDecoder
from .rotated import RotatedFiles
from .tailed_file import HEAD, TailedFile, TailedPipe, opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

FORMER = 8  # renamed or replaced files that are still read


class Follower:
    """Yield the records of a path in the order in which they are found.

    Args:
        path: path of the file, which need not exist yet.
        damaged: function that is called with each line that is not a record.
    """

    def __init__(self, path: str | bytes, damaged: Callable[[bytes], object]) -> None:
        self.path = path
        self._decoder = LineDecoder(damaged)
        self._current: TailedFile | None = None
        self._former: list[TailedFile] = []
        self._rotated = RotatedFiles(path)

    @property
    def descriptors(self) -> list[int]:
        """Descriptors of the open files, which others may still write to."""
        return [file.fd for file in self._files()]

    def last(
        self, count: int, wanted: Callable[[dict[str, Any]], Any]
    ) -> list[dict[str, Any]]:
        """Return the last `count` wanted records; `records` continues after them.

        Reads backwards from the end of the file, no further than needed. A missing file
        has no records.
        """
        self._current = self._at_path()
        if self._current is None:
            return []
        self._current.skip_to_end()
        backwards = (
            record
            for line in self._current.lines_backwards()
            for record in reversed(list(self._decoder.one_by_one(line)))
        )
        return list(islice(filter(wanted, self._decoder.dedup.new(backwards)), count))[::-1]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records that are complete and were not yielded before.

        Raises:
            OSError: the file exists and cannot be read. A later call may succeed.
        """
        for lines in self._lines():
            yield from self._decoder.new(lines)

    def finish(self) -> Iterator[dict[str, Any]]:
        """Yield the records that lack only their newline, then close all files."""
        missed = list(self._missed(self._current))
        for lines in [*missed, *(file.unfinished() for file in self._files())]:
            yield from self._decoder.unfinished(lines)
        self.close()

    def close(self) -> None:
        """Close all files; the next call of `records` starts from the beginning."""
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
        """Yield the lines of the replaced file, of files in between, and of the new one.

        Args:
            successor: file that is at the path now; None if there is none yet.
        """
        former = self._current
        if former is not None:
            yield from self._lines_of(former)  # written before it was replaced
        yield from self._missed(former)
        if successor is not None:
            if former is not None:
                self._former.append(former)
            self._current = successor
            yield from self._lines_of(successor)

    def _lines_of(self, file: TailedFile) -> Iterator[bytes]:
        if not file.is_continued():  # it was truncated or rewritten
            yield from self._missed(file)
            file.start_over()
        yield from file.batches()

    def _missed(self, file: TailedFile | None) -> Iterator[bytes]:
        """Yield the lines of files that were rotated away between two calls.

        Args:
            file: file that was at the path before; None if there was none.
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
                    if file is not self._current:  # it was renamed back
                        self._former.remove(file)
                    return file
            return opened(self.path)
        except FileNotFoundError:
            return None

    def _let_go(self) -> Iterator[bytes]:
        """Close files that were deleted, and the oldest of too many renamed ones."""
        surplus = len(self._former) - FORMER
        for number, file in enumerate(list(self._former)):
            if number < surplus or file.is_deleted:
                yield from file.batches()
                yield file.unfinished()
                self._former.remove(file)
                file.close()


def _with_records(path: bytes) -> TailedFile | None:
    """Return the file at a path if it seems to contain uncompressed records, else None."""
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
