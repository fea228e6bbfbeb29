"""Store records in a file, a file object, or memory: one line each."""

from __future__ import annotations

import io
import os
from stat import S_ISREG

from .. import _core
from ..lock import Lock
from . import file_object, file_path
from .base import NativeOutput, Readable, beside
from .file_path import is_regular_or_missing, raise_if_compressed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

    from ..results.reading import Lines

RECENT = 1 << 26  # bytes that other writers may append before a file is asked


def is_path(outfile: Any) -> bool:
    """Return True for the path of a file, not for a file object."""
    return isinstance(outfile, (str, bytes)) or hasattr(outfile, '__fspath__')


def batching() -> Any:
    """Return the module of batches, which only files with batches need."""
    from . import batching as module  # start-up time

    return module


class FileOutput(Readable, NativeOutput):
    """Append each record to a file as one line.

    Args:
        outfile: a path (str or os.PathLike), a file object open for writing text or
            bytes, or None for memory (an `io.StringIO`). The path of a directory, which
            exists or ends with a slash: each process writes a file of its own there.
        durability: `'write'` hands each record to the operating system, so that it
            outlives the process. `'fsync'` also waits until the disk has stored it
            (fsync(2)), so that it outlives a power failure. It applies to paths only.
        batch: number of records (an integer), or seconds (a float), for which records
            are collected and then written at once. None writes each by itself.

    Raises:
        TypeError: `outfile` is neither a path nor a file object, or `batch` no number.
        ValueError: `outfile` is empty, `durability` is unknown, or `batch` is not
            positive, or given without a path.

    The file of a path is opened at the first record and stays open. Each record, or each
    batch, is one system call. A record never continues the unfinished line of another
    writer. A file that was deleted or rotated is created again. A relative path is resolved
    at once. A missing directory is made at the first record, but not those above it. File
    objects are flushed after each record.

    To read many files, give a directory, or a pattern with `*` or `?`.
    Compressed files are read too (gzip, bzip2, xz; zstd from Python 3.14 on, or with the
    package zstandard); nothing is appended to them.

    >>> out = FileOutput()
    >>> out.write('{"call": {"name": "f"}}')
    >>> out.get_results()
    [{'call': {'name': 'f'}}]
    """

    _place: file_path.Place | None  # of a path
    _batch: _core.Batch | None = None
    _appender: _core.Appender | None = None
    _appends_to: file_path.Place | None = None
    _generation = 0  # of the process that has opened it
    _journals: str | None = None  # the bench's directory of journals
    _journal: str | None = None  # the bench's setting
    _on_batch: Callable[[], None] | None = None  # called when one begins

    def __init__(
        self, outfile: Any = None, *, durability: str = 'write', batch: Any = None
    ) -> None:
        if durability not in ('write', 'fsync'):
            raise ValueError(f"durability has to be 'write' or 'fsync', not {durability!r}")
        if outfile is None:
            outfile = io.StringIO()
        elif is_path(outfile):
            outfile = file_path.checked(outfile)
        elif not callable(getattr(outfile, 'write', None)):
            kind = type(outfile).__name__
            raise TypeError(f'outfile has to be a path or a file object, not {kind}')
        if batch is not None:
            batching().limits(batch)
            if not is_path(outfile):
                raise ValueError('batch needs the path of a file: give one as outfile')
        self.outfile = outfile
        self.durability = durability
        self.batch = batch
        self._lock = Lock()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == 'outfile':
            self._place = file_path.place_of(value) if is_path(value) else None
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f'FileOutput({self.outfile!r})'

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what a copy, maybe in another process, must open itself."""
        own = dict.fromkeys(['_appender', '_batch', '_lock'])
        return {**self.__dict__, **own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    @property
    def _is_plain(self) -> bool:
        """True if neither its class nor the object itself has another way of writing."""
        kind, own = type(self), FileOutput._methods
        return not any(
            name in self.__dict__ or getattr(kind, name) is not own[name]
            for name in ('write', 'write_record')
        )

    def _native_target(self) -> str | int | None:
        """Return the path or descriptor to which native code can write instead.

        None if it is not plain, and for file objects that transform their data
        (compressed files).
        """
        if not self._is_plain:
            return None
        if self._place is None:
            return file_object.descriptor_of(self.outfile)
        return self._place.native_target()

    def write(self, bm_json_str: str) -> None:
        """Append one record and a newline.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            OSError: the record could not be written.
        """
        self.write_record(bm_json_str.encode())

    @beside(write)
    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Append one record and a newline.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: ignored; a file has no time limit.

        Raises:
            OSError: the record could not be written.
        """
        if is_path(self.outfile):
            appender = self._open_appender()
            batch = self._open_batch(appender) if self.batch is not None else None
            (batch or appender).append(record)
            if batch is None and self.durability == 'fsync':
                appender.sync()
        else:
            self._write_to_object(record)

    def look_ahead(self) -> None:
        """Check that the file can be written or created at present; write nothing.

        Raises:
            OSError: the file cannot be written.
        """
        if type(self).write is not FileOutput.write:
            return  # a subclass may do anything with the name
        if not is_path(self.outfile):
            file_object.raise_if_unwritable(self.outfile)
            return
        code = file_path.trouble_at(self._file())
        if code:
            raise OSError(code, os.strerror(code), self.outfile)
        raise_if_compressed(self._file())

    def _raise_if_out_of_reach(self) -> None:
        """Raise FileNotFoundError if not even the place for a directory exists."""
        if self._place is not None and self._is_plain:
            self._place.raise_if_out_of_reach()

    def _file(self) -> Any:
        """Return the absolute path of the file that this process writes."""
        assert self._place is not None
        return self._place.file()

    def _ready_file(self) -> Any:
        """Return the same, and make its directory, if only that is missing."""
        assert self._place is not None
        return self._place.ready_file()

    def _opened(self) -> _core.Appender | None:
        """Return the open file; None if there is none, or records go elsewhere by now."""
        place = self._appends_to
        if place is None or place is not self._place:
            return None
        is_parents = place.holds_shards and self._generation != _core.fork_generation()
        return None if is_parents else self._appender

    def _open_appender(self) -> _core.Appender:
        appender = self._opened()
        if appender is not None:
            return appender
        with self._lock.held:
            appender = self._opened()
            if appender is not None:
                return appender
            place, path = self._place, self._ready_file()
            raise_if_compressed(path)
            appender = self._appender = _core.Appender(path)
            self._appends_to, self._generation = place, _core.fork_generation()
        self._recover(appender)
        return appender

    def _open_batch(self, appender: _core.Appender) -> _core.Batch | None:
        """Return the batch in front of the file; None for a FIFO, a device and the like."""
        batch = self._batch
        if batch is None or batch.file is not appender or batch.is_stale:
            if not is_regular_or_missing(self._file()):
                return None
            with self._lock.held:
                batch = self._renewed(appender)
        batch.set_sync(self.durability == 'fsync')
        return batch

    def _renewed(self, appender: _core.Appender) -> _core.Batch:
        batch = self._batch
        if batch is None or batch.file is not appender:
            batch = self._batch = batching().batch_for(self, appender)
        elif batch.is_stale:  # the records of the parent of a fork are no concern of it
            batching().renew(self, batch)
        return batch

    def _needs_python(self) -> str:
        if type(self.outfile) is io.StringIO:
            return ''
        place = None if self._place is None else self._place.file()
        return file_path.needs_python(place, self.batch)

    @property
    def _syncs(self) -> bool:
        return self.batch is None and self.durability == 'fsync'

    def _target(self) -> Any:
        if type(self.outfile) is io.StringIO:
            return self.outfile
        appender = self._opened()
        if appender is None:
            return False
        if self.batch is None:
            return appender
        if self._batch is None:
            return False
        return self._open_batch(appender) or False

    def _recover(self, appender: _core.Appender) -> None:
        """Append the records of killed processes to the file; a shard is always new."""
        assert self._place is not None
        if self._place.holds_shards:
            return
        # With 'write', the system decides when written lines reach the disk.
        sync = appender.sync if self.durability == 'fsync' else lambda: None
        file_path.recover(self._file(), self._journals, appender.append, sync)

    def _write_to_object(self, record: bytes) -> None:
        file, line = self.outfile, record + b'\n'
        with self._lock.held:
            file_object.write(file, line)

    @property
    def _can_be_read(self) -> bool:
        """True if the contents can be read: those of a path, a built-in file or memory."""
        if not is_path(self.outfile) and type(self.outfile).__module__ != '_io':
            return False
        try:
            with self._to_read_last(0):
                return True
        except (OSError, NotImplementedError):
            return False

    def _ends_with(self, record: bytes) -> bool:
        """Return True if the record is near the end of the file."""
        with self._to_read_last(RECENT + len(record)) as file:
            return file_object.contains(file, record)

    def _to_read_last(self, size: int) -> IO[bytes]:
        if not is_path(self.outfile):
            return io.BytesIO(self._contents_of_object())
        _core.flush_batches()
        path = self._file()
        try:
            there = os.stat(path)
        except FileNotFoundError:
            return io.BytesIO()
        if not S_ISREG(there.st_mode):
            raise NotImplementedError(f'{self!r} cannot be read back')
        file = open(path, 'rb')  # noqa: SIM115 - the caller closes it
        file.seek(max(there.st_size - size, 0))
        return file

    def flush(self, timeout: float | None = None) -> None:
        """Write what waits in a batch, and wait until the disk has stored it (fsync(2)).

        Args:
            timeout: ignored; fsync(2) has no time limit.

        Raises:
            OSError: the disk reported an error.
        """
        self._write_batch()
        if self._appender is not None:
            self._appender.sync()

    def close(self) -> None:
        """Close the file of a path; a file object stays open, since the caller owns it."""
        try:
            self._write_batch()
        finally:
            if self._appender is not None:
                self._appender.close()

    def _write_batch(self) -> None:
        if self._batch is not None:
            self._batch.flush()

    def _lines(self) -> Lines:
        from ..journal.lost import blocks_at  # start-up time
        from ..results.reading import Lines, blocks  # start-up time

        if self._place is None:
            return Lines(blocks(io.BytesIO(self._contents_of_object())), self.outfile)
        path = self._place.path()
        if not (self._place.holds_shards or is_regular_or_missing(path)):
            raise NotImplementedError(f'{self!r} cannot be read back')
        return Lines(blocks_at(path, self.outfile, self._journals), self.outfile)

    def _contents_of_object(self) -> bytes:
        try:
            return file_object.contents(self.outfile, self._lock)
        except (OSError, AttributeError, ValueError):
            raise NotImplementedError(f'{self!r} cannot be read back') from None
