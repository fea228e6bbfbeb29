"""The path of an output: where it leads, if it can be written, and recovery."""

from __future__ import annotations

import os
from errno import EACCES, EINVAL, ENOENT, ENOTDIR, EROFS
from stat import S_ISDIR, S_ISREG

from .. import _core
from ..descriptors import loaded
from ..messages import one_line, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

COMPRESSED = (b'.gz', b'.bz2', b'.xz', b'.zst')
JOURNAL = '.journal'  # ends the name of a journal, as in journal/listing.py
EFFECTIVE = os.access in os.supports_effective_ids


def checked(outfile: Any) -> Any:
    """Return the path of an output as text or bytes.

    Raises:
        ValueError: it is empty, contains a NUL, or ends with a slash behind a file.
    """
    path = os.fspath(outfile)
    if not path:
        raise ValueError('outfile is empty: give a path')
    if b'\0' in os.fsencode(path):
        raise ValueError(f'outfile {path!r} is not a path: it contains a NUL')
    if not os.path.basename(path) and not os.path.isdir(path):
        above = path.rstrip(os.sep if isinstance(path, str) else os.fsencode(os.sep))
        if os.path.exists(above):
            raise ValueError(f'outfile {path!r} is a file, not a directory: omit the slash')
    return path


def place_of(outfile: Any) -> Place:
    """Return the Place of a path.

    Raises:
        ValueError: the path is wrong.
    """
    return Place(checked(outfile))


class Place:
    """Where an output is, whatever becomes of the working directory.

    Attributes:
        holds_shards: True for a directory, in which each process writes a file of its own.

    Args:
        path: path of a file, or of a directory: one that exists, or ends with a slash.
    """

    def __init__(self, path: Any) -> None:
        self.holds_shards = not os.path.basename(path) or os.path.isdir(path)
        self._given = path
        self._path: Any = None
        try:
            self.path()
        except FileNotFoundError:
            pass  # the working directory was deleted: the first record finds out

    def path(self) -> Any:
        """Return the absolute path of the file or directory.

        Raises:
            FileNotFoundError: the working directory did not exist when it was needed.
        """
        if self._path is None:
            self._path = os.path.abspath(self._given)
        return self._path

    def file(self) -> Any:
        """Return the path of the file that this process writes, always the same object."""
        if not self.holds_shards:
            return self.path()
        from .shards import path_in  # start-up time

        return path_in(self.path())

    def native_target(self) -> str | None:
        """Return the path for native code; None if the working directory was deleted."""
        try:
            return os.fsdecode(self.ready_file())
        except OSError:
            pass  # the directory may be made later
        try:
            return os.fsdecode(self.file())
        except FileNotFoundError:
            return None

    def raise_if_out_of_reach(self) -> None:
        """Raise FileNotFoundError if the directory above that of the file is missing."""
        if self._path is None:
            return
        directory = self._path if self.holds_shards else os.path.dirname(self._path)
        if not (os.path.exists(directory) or os.path.exists(os.path.dirname(directory))):
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), self._given)

    def ready_file(self) -> Any:
        """Return what `file` does; make its directory if nothing above that is missing.

        Raises:
            OSError: there is no directory, and it cannot be made.
        """
        path = self.file()
        directory = os.path.dirname(path)
        if not os.path.exists(directory):
            try:
                os.mkdir(directory)
            except FileExistsError:
                pass  # another process has made it
            except OSError as error:
                raise type(error)(error.errno, error.strerror, path) from None
        return path


def trouble_at(path: Any) -> int:
    """Return the errno that opening the file would raise; 0 if it can be opened."""
    place, access = path, os.W_OK
    for _ in range(2):  # the file, or its directory too, can be made
        if not os.path.exists(place):
            place, access = os.path.dirname(place), os.W_OK | os.X_OK
    try:
        if place != path and not S_ISDIR(os.stat(place).st_mode):
            return ENOTDIR
        if os.access(place, access, effective_ids=EFFECTIVE):
            return 0
        return EROFS if os.statvfs(place).f_flag & os.ST_RDONLY else EACCES
    except OSError as error:
        return error.errno or EACCES


def raise_if_compressed(path: Any) -> None:
    """Raise OSError if the file is compressed, so that no line can be appended."""
    if os.fsencode(path).endswith(COMPRESSED) and is_regular_or_missing(path):
        from ..results.compressed import is_packed_at  # start-up time

        if is_packed_at(path):
            raise OSError(EINVAL, 'it is compressed, and takes no further lines', path)


def is_regular_or_missing(path: Any) -> bool:
    """Return True unless there is a FIFO, a device or the like."""
    try:
        return S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def needs_python(path: Any, batch: Any) -> str:
    """Return why C cannot append records, and what to change; empty if it can.

    Args:
        path: path of the file; None for a file object.
        batch: how many records wait in a batch, if they do.
    """
    if path is None:
        return 'writes to a file object: give it a path'
    if batch is not None:
        regular = is_regular_or_missing(path)
        return '' if regular else 'has a batch, but no regular file: leave batch out'
    return ''


def recover(
    path: Any,
    place: str | None,
    append: Callable[[bytes], None],
    sync: Callable[[], None],
) -> None:
    """Append the records of killed processes to the file; warn if that fails.

    Args:
        path: path of the file.
        place: further directory of journals, the `journal` setting of a bench.
        append: appends a record to the file.
        sync: waits until the disk has what was appended.
    """
    if not _may_have_journals(path, place):
        return
    try:
        paths = loaded(_reader).at_first_record(path, place)
        if paths and is_regular_or_missing(path):
            loaded(_recovery).recover_before_first_record(paths, path, append, sync)
    except Exception as error:  # a failed recovery must not cost the new record
        warn(f'{path}: records could not be recovered: {one_line(error)}', RuntimeWarning)


def _may_have_journals(path: Any, place: str | None) -> bool:
    """Return False if no other process has left a journal: one listing, no import."""
    if place or os.sep in os.environ.get('MICROBENCH_JOURNAL', ''):
        return True
    path = os.fsdecode(path)
    if os.path.islink(path):
        path = os.path.realpath(path)  # a journal lies beside the file itself
    try:
        names = os.listdir(os.path.dirname(path))
    except OSError:
        return False
    if JOURNAL not in '/'.join(names):
        return False
    found = {name for name in names if name.endswith(JOURNAL)}
    return not found <= {*map(os.path.basename, _core.own_journals())}


def _reader() -> Any:
    from ..journal import reader  # start-up time

    return reader


def _recovery() -> Any:
    from ..journal import recovery  # start-up time

    return recovery
