"""Records in a file, a file object, or memory: one line each."""

from __future__ import annotations

import io
import os
from errno import EACCES, EAGAIN, EINVAL, ENOTDIR, EROFS
from stat import S_ISDIR, S_ISREG

from .. import _core
from ..journal import reader
from ..lock import Lock
from ..messages import one_line, warn
from .base import Output, beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any


COMPRESSED = (b'.gz', b'.bz2', b'.xz', b'.zst')
RECENT = 1 << 20  # bytes that others may have appended within some microseconds
EFFECTIVE = os.access in os.supports_effective_ids


def _is_path(outfile: Any) -> bool:
    return isinstance(outfile, (str, bytes)) or hasattr(outfile, '__fspath__')


def _is_binary(file: Any) -> bool:
    if isinstance(file, io.BufferedIOBase):
        return True
    # What codecs.open() gives takes text, and tells the mode of the file below it.
    return 'b' in str(getattr(file, 'mode', '')) and not hasattr(file, 'encoding')


def _write_all(file: io.RawIOBase, line: bytes) -> None:
    """Write to a file without a buffer, which may take a part at a time."""
    while line:
        written = file.write(line)
        if not written:
            rest = f'{len(line)} byte{"s" * (len(line) > 1)}'
            raise BlockingIOError(EAGAIN, f'{rest} could not be written')
        line = line[written:]


def _raise_if_unwritable(file: Any) -> None:
    writable = getattr(file, 'writable', None)  # ValueError if the file is closed
    if writable is not None and not writable():
        raise io.UnsupportedOperation('not writable')


def _trouble_at(path: Any) -> int:
    """Return the errno that opening the file would give; 0 for none."""
    place, access = path, os.W_OK
    if not os.path.exists(path):
        place, access = os.path.dirname(os.path.abspath(path)), os.W_OK | os.X_OK
    try:
        if place is not path and not S_ISDIR(os.stat(place).st_mode):
            return ENOTDIR
        if os.access(place, access, effective_ids=EFFECTIVE):
            return 0
        return EROFS if os.statvfs(place).f_flag & os.ST_RDONLY else EACCES
    except OSError as error:
        return error.errno or EACCES


def _raise_if_compressed(path: Any) -> None:
    """Raise OSError if lines cannot be appended to what is there."""
    if os.fsencode(path).endswith(COMPRESSED) and _is_regular_or_missing(path):
        from ..results.compressed import LONGEST, kind_of  # start-up time

        try:
            with open(path, 'rb') as file:
                kind = kind_of(file.read(LONGEST))
        except OSError:
            return  # it cannot be read, or is not there
        if kind is not None:
            raise OSError(EINVAL, 'it is compressed, and takes no further lines', path)


def _is_regular_or_missing(path: Any) -> bool:
    try:
        return S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _no_sync() -> None:
    """Leave it to the system when what was written is stored."""


class FileOutput(Output):
    """Append each record to a file as one line.

    Args:
        outfile: a path (str or os.PathLike), a file object open for writing text or
            bytes, or None for memory (an `io.StringIO`).
        durability: `'fsync'` has each record of a path on its disk before the program
            goes on, for the price of a disk's answer (fsync(2)): then it outlives a
            power failure. With `'write'` it is the system's, and outlives the process.

    The file behind a path is opened at the first record and stays open. Each record is
    one system call; a line that another writer left unfinished is kept apart, a file
    that was deleted or rotated is made anew. A relative path means the directory the
    process is in when the first record begins. File objects are flushed after each record.

    To read many files, give a pattern with `*` or `?`, such as `results-*.jsonl`.
    Compressed files are read too (gzip, bzip2, xz; zstd from Python 3.14 on); nothing
    is appended to them.

    >>> out = FileOutput()
    >>> out.write('{"call": {"name": "f"}}')
    >>> out.get_results()
    [{'call': {'name': 'f'}}]
    """

    def __init__(self, outfile: Any = None, *, durability: str = 'write') -> None:
        if durability not in ('write', 'fsync'):
            raise ValueError(f"durability has to be 'write' or 'fsync', not {durability!r}")
        if outfile is None:
            outfile = io.StringIO()
        elif _is_path(outfile):
            outfile = os.fspath(outfile)
            if not outfile:
                raise ValueError('outfile is empty: give a path')
            if b'\0' in os.fsencode(outfile):
                raise ValueError(f'outfile {outfile!r} is not a path: it holds a NUL')
            if os.path.isdir(outfile) or not os.path.basename(outfile):
                raise ValueError(f'outfile {outfile!r} is a directory: give a file')
        elif not callable(getattr(outfile, 'write', None)):
            kind = type(outfile).__name__
            raise TypeError(f'outfile has to be a path or a file object, not {kind}')
        self.outfile = outfile
        self.durability = durability
        self._appender: _core.Appender | None = None
        self._appends_to: Any = None
        self._path = outfile
        self._path_of: Any = None  # the outfile that this is the absolute path of
        self._journals: str | None = None  # a directory that its bench was given for them
        self._lock = Lock()

    def __repr__(self) -> str:
        return f'FileOutput({self.outfile!r})'

    def __getstate__(self) -> dict[str, Any]:
        """A copy, in another process too, opens the file itself."""
        return {**self.__dict__, '_appender': None, '_path_of': None, '_lock': None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    @property
    def _is_path(self) -> bool:
        return _is_path(self.outfile)

    def write(self, bm_json_str: str) -> None:
        """Append the record and a newline."""
        self.write_record(bm_json_str.encode())

    @beside(write)
    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Append the record and a newline."""
        if self._is_path:
            appender = self._open_appender()
            appender.append(record)
            if self.durability == 'fsync':
                appender.sync()
        else:
            self._write_to_object(record)

    def look_ahead(self) -> None:
        """Raise OSError if the file cannot be written, or made, as things are.

        From here on, a relative path means the directory that the process is in now.
        """
        if self._is_path:
            self._absolute()
        if type(self).write is not FileOutput.write:
            return  # a subclass may do anything with the name
        if not self._is_path:
            _raise_if_unwritable(self.outfile)
            return
        code = _trouble_at(self._absolute())
        if code:
            raise OSError(code, os.strerror(code), self.outfile)
        _raise_if_compressed(self._absolute())

    def _absolute(self) -> Any:
        """Return the absolute path: from now on it is the same, whatever chdir() does."""
        if self._path_of is not self.outfile:
            self._path = os.path.abspath(self.outfile)
            self._path_of = self.outfile
        return self._path

    def _place(self) -> Any:
        """Return where the file is, or would be made now."""
        return self._path if self._path_of is self.outfile else self.outfile

    def _open_appender(self) -> _core.Appender:
        appender = self._appender
        if appender is not None and self._appends_to is self.outfile:
            return appender
        with self._lock.held:
            appender = self._appender
            if appender is not None and self._appends_to is self.outfile:
                return appender
            _raise_if_compressed(self._absolute())
            appender = self._appender = _core.Appender(self._absolute())
            self._appends_to = self.outfile
        self._recover(appender)
        return appender

    def _recover(self, appender: _core.Appender) -> None:
        """Put into the file what processes have left behind that were killed."""
        path = self._path
        paths = reader.at_first_record(path, self._journals)
        if not paths or not _is_regular_or_missing(path):
            return
        from ..journal import recovery  # start-up time

        sync = appender.sync if self.durability == 'fsync' else _no_sync
        try:
            recovery.recover_before_first_record(paths, path, appender.append, sync)
        except Exception as error:  # what others have left behind is not worth a record
            warn(
                f'{self._path}: records could not be recovered: {one_line(error)}',
                RuntimeWarning,
            )

    def _write_to_object(self, record: bytes) -> None:
        file, line = self.outfile, record + b'\n'
        with self._lock.held:
            if isinstance(file, io.RawIOBase):
                _write_all(file, line)
            else:
                file.write(line if _is_binary(file) else line.decode())
            flush = getattr(file, 'flush', None)
            if flush is not None:
                flush()

    @property
    def _can_be_read(self) -> bool:
        """Whether it can be asked what it has got: a file of the system's, or memory."""
        if not self._is_path and type(self.outfile).__module__ != '_io':
            return False
        try:
            with self._to_read_last(0):
                return True
        except (OSError, NotImplementedError):
            return False

    def _ends_with(self, record: bytes) -> bool:
        """Whether the record is among the last that the file has got."""
        with self._to_read_last(RECENT + len(record)) as file:
            return record in file.read()

    def _to_read_last(self, size: int) -> IO[bytes]:
        if not self._is_path:
            return io.BytesIO(self._contents_of_object())
        path = self._place()
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
        """Have the system write the file to its disk (fsync)."""
        if self._appender is not None:
            self._appender.sync()

    def close(self) -> None:
        """Close the file of a path; file objects belong to the caller."""
        if self._appender is not None:
            self._appender.close()

    def get_results(self, format: str = 'dict', flat: bool = False) -> Any:  # noqa: A002
        """Return the records of the file, in the order of writing.

        Args:
            format: `'dict'` for a list of dicts, `'df'` for a pandas DataFrame.
            flat: join the names of nested objects by dots.

        A missing file has no records. Lines that are no JSON objects are skipped, and
        counted in one RuntimeWarning. A file object that cannot be read raises
        NotImplementedError, so that the next sink answers.
        """
        from ..results.reading import decode_blocks  # start-up time
        from ..results.shapes import shaped  # start-up time

        return shaped(decode_blocks(self._blocks(), self.outfile), format, flat)

    def _blocks(self) -> Iterator[bytes]:
        """Yield the contents in blocks of whole lines."""
        if not self._is_path:
            from ..results.reading import blocks  # start-up time

            return blocks(io.BytesIO(self._contents_of_object()))
        path = self._place()
        if not _is_regular_or_missing(path):
            raise NotImplementedError(f'{self!r} cannot be read back')
        from ..journal.lost import blocks_of  # start-up time
        from ..journal.patterns import is_pattern  # start-up time

        if is_pattern(path):
            return self._blocks_of_all(path)
        return blocks_of(path, self._journals, is_needed=False)

    def _blocks_of_all(self, pattern: Any) -> Iterator[bytes]:
        from ..journal.lost import blocks_of  # start-up time
        from ..journal.patterns import files_of  # start-up time

        paths = files_of(pattern)
        if not paths:
            warn(f'no file matches {self.outfile!r}', RuntimeWarning)
        for path in paths:
            yield from blocks_of(path, self._journals, is_needed=False)

    def _contents_of_object(self) -> bytes:
        file = self.outfile
        try:
            with self._lock.held:
                position = file.tell()
                file.seek(0)
                try:
                    contents = file.read()
                finally:
                    file.seek(position)
        except (OSError, AttributeError, ValueError):
            raise NotImplementedError(f'{self!r} cannot be read back') from None
        return contents if isinstance(contents, bytes) else contents.encode()
