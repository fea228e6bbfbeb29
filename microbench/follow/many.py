"""Yield each record of many files once, while files grow, come and go.

A file is open only while it is read, and only if its size or time has changed. Files are
known by their identity, so one that is renamed continues where it was. A copy is read
again; its records are recognized by their ids.
"""

from __future__ import annotations

import os
from contextlib import closing
from itertools import islice
from stat import S_ISREG

from ..results import compressed
from .decoding import LineDecoder
from .tailed_file import TailedFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any

    Record = dict[str, Any]
    Identity = tuple[int, int]

FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class ManyFollower:
    """Yield the records of files in the order in which they are found.

    Args:
        damaged: function that is called with each line that is not a record.
        failed: function that is called with the path and the error of a file that cannot
            be read; it is tried again once it has changed.
    """

    def __init__(
        self,
        damaged: Callable[[bytes], object],
        failed: Callable[[str, OSError], object],
    ) -> None:
        self._failed = failed
        self._decoder = LineDecoder(damaged)
        self._files: dict[Identity, _File] = {}

    def records(self, paths: Iterable[str]) -> Iterator[Record]:
        """Yield the records in these files that were not yielded before."""
        for path in paths:
            for lines in self._changed(path, _File.batches):
                yield from self._decoder.new(lines)

    def finish(self, paths: Iterable[str]) -> Iterator[Record]:
        """Yield the records that lack only their newline."""
        for path in paths:
            state = _state(path)
            file = self._files.get(_identity(state)) if state else None
            if file is not None and file.has_more:
                for lines in self._read(path, file, lambda file: [file.unfinished()]):
                    yield from self._decoder.unfinished(lines)

    def last(
        self, count: int, wanted: Callable[[Record], Any], paths: Iterable[str]
    ) -> list[Record]:
        """Return the last `count` wanted records; `records` continues after them.

        The file that was written to last is read first, up to `count` files with records.
        """
        states = {path: state for path in paths if (state := _state(path)) is not None}
        found: list[Record] = []
        files = 0
        for path in sorted(states, key=lambda path: -states[path].st_mtime_ns):
            with closing(self._changed(path, _File.backwards)) as lines:
                if files >= count:
                    next(lines, None)  # skips what is there
                    continue
                records = filter(wanted, self._new_backwards(lines))
                of_file = list(islice(records, count))
            files += bool(of_file)
            found += of_file
        return sorted(found, key=_time)[-count:] if count else []

    def _new_backwards(self, lines: Iterable[bytes]) -> Iterator[Record]:
        for line in lines:
            yield from self._decoder.dedup.new(
                reversed(list(self._decoder.one_by_one(line)))
            )

    def _changed(
        self, path: str, lines: Callable[[_File], Iterable[bytes]]
    ) -> Generator[bytes, None, None]:
        """Yield lines of a file, if it has changed since it was read last."""
        state = _state(path)
        if state is None:
            return
        file = self._files.get(_identity(state))
        if file is None:
            file = self._files[_identity(state)] = _File()
        seen = state.st_size, state.st_mtime_ns
        if file.seen != seen:
            file.seen = seen
            yield from self._read(path, file, lines)

    def _read(
        self, path: str, file: _File, lines: Callable[[_File], Iterable[bytes]]
    ) -> Iterator[bytes]:
        try:
            with closing(file.opened(path)):
                yield from lines(file)
        except FileNotFoundError:
            pass  # removed meanwhile
        except OSError as error:
            self._failed(path, error)


class _File:
    """A file that is open only while it is read.

    Attributes:
        seen: size and time of modification when it was read last.
    """

    seen: tuple[int, int] = (-1, -1)

    def __init__(self) -> None:
        self._tailed: TailedFile | None = None
        self._is_packed = False

    @property
    def has_more(self) -> bool:
        """True if there are bytes behind the last complete line."""
        tailed = self._tailed
        return tailed is not None and not self._is_packed and tailed.is_behind(self.seen[0])

    def opened(self, path: str) -> TailedFile:
        """Open the file; the caller closes it."""
        fd = os.open(path, FLAGS)
        if self._tailed is None:
            self._tailed = TailedFile(fd)
        else:
            self._tailed.reopen(fd)
        beginning = os.pread(fd, compressed.LONGEST, 0)
        self._is_packed = compressed.kind_of(beginning) is not None
        return self._tailed

    def batches(self) -> Iterator[bytes]:
        """Yield the new complete lines, many at once."""
        tailed = self._open()
        if self._is_packed:
            with open(os.dup(tailed.fd), 'rb') as file:
                yield from compressed.blocks(file)
            return
        if not tailed.is_continued():
            tailed.start_over()
        yield from tailed.batches()

    def backwards(self) -> Iterator[bytes]:
        """Skip what is there, and yield its lines, the last one first."""
        tailed = self._open()
        if self._is_packed:
            return
        tailed.skip_to_end()
        yield from tailed.lines_backwards()

    def unfinished(self) -> bytes:
        """Return the bytes after the lines that were read."""
        return self._open().unfinished()

    def _open(self) -> TailedFile:
        assert self._tailed is not None
        return self._tailed


def _state(path: str) -> os.stat_result | None:
    """Return the state of a regular file; None for anything else."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state if S_ISREG(state.st_mode) else None


def _identity(state: os.stat_result) -> Identity:
    return state.st_dev, state.st_ino


def _time(record: Record) -> str:
    """Return the end of a record, or its beginning, as ISO 8601."""
    call = record.get('call')
    call = call if isinstance(call, dict) else {}
    return str(call.get('finish_time') or call.get('start_time') or '')
