"""Iterate over the records of many files, whatever they contain, in constant memory.

The files are read as by `get_results` and the command: compressed ones are unpacked, and
the records of killed processes are added. Only one block of one file is in memory.
"""

from __future__ import annotations

import os
from errno import ENOENT

from . import _core
from .journal import remote
from .journal.listing import Listing
from .journal.lost import blocks_of, has_journals
from .journal.patterns import files_in, files_of, is_pattern
from .messages import text_of, warn
from .results.reading import Lines, damage
from .results.shapes import flatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import Any, TypeAlias

    Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

MOST_REPORTED = 5  # files in the warning


class _Progress:
    """What the iteration has met so far; apart from the reader, which must not be in a
    cycle: a file is closed as soon as an iteration is given up.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self.damaged: dict[str, int] = {}
        self.unread: dict[str, str] = {}

    def fail(self, path: str, error: OSError) -> None:
        """Note that a file or directory cannot be read any further."""
        self.unread[path] = error.strerror or text_of(error)

    def report(self) -> str:
        """Return a sentence about what was skipped; an empty text for nothing."""
        parts = [f'{path!r}: {damage(count)}' for path, count in self.damaged.items()]
        parts += [f'{path!r} cannot be read: {why}' for path, why in self.unread.items()]
        more = len(parts) - MOST_REPORTED
        if more > 0:
            parts[MOST_REPORTED:] = [f'and the like of {more} more']
        return '; '.join(parts)


class Reader:
    r"""An iterator over records, which `read` returns.

    Attributes:
        paths: the files, in the order of reading.
        path: file of the last record; None before the first one.
        damaged: number of damaged lines so far, by path.
        unread: files and directories that could not be read, or not to their end: by path,
            the reason.

    >>> from microbench import read
    >>> with open('one.jsonl', 'w') as file:
    ...     _ = file.write('{"n": 1}\n')
    >>> records = read('one.jsonl')
    >>> next(records), records.path, records.damaged, records.unread
    ({'n': 1}, 'one.jsonl', {}, {})
    """

    def __init__(
        self, paths: Path | Iterable[Path], prepare: Callable[[Lines], None] | None = None
    ) -> None:
        self._progress = _Progress()
        self._files = _files(paths, self._progress)
        self._records = _records(self._files, prepare, self._progress)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._records

    def __next__(self) -> dict[str, Any]:
        return next(self._records)

    @property
    def paths(self) -> list[str]:
        """The files, in the order of reading."""
        return list(self._files)

    @property
    def path(self) -> str | None:
        """File of the last record; None before the first one."""
        return self._progress.path

    @property
    def damaged(self) -> dict[str, int]:
        """Number of damaged lines so far, by path."""
        return dict(self._progress.damaged)

    @property
    def unread(self) -> dict[str, str]:
        """Reason for each file and directory that could not be read, by path."""
        return dict(self._progress.unread)

    def close(self) -> None:
        """Close the file that is being read; the iteration ends."""
        self._records.close()


def read(paths: Path | Iterable[Path], *, flat: bool = False) -> Reader:
    """Iterate over the records of result files, whatever these contain.

    Memory does not grow with the size or number of the files.

    Args:
        paths: a file, a directory, or a pattern with `*` or `?`; or several of them. A
            directory stands for the files named `*.jsonl` or `*.ndjson` in it and below,
            also rotated ones (`*.jsonl.1`) and compressed ones (`*.jsonl.gz`). Each may be
            a URL that fsspec knows, such as `s3://bucket/run-*.jsonl`, if fsspec is
            installed.
        flat: join the names of nested objects with dots.

    Returns:
        An iterator of dicts, file by file. A file that several paths stand for is read
        once. Of a file that grows, the records are read that are there when it is opened.

    Raises:
        FileNotFoundError: a path does not exist, or no file matches a pattern.
        ValueError: a path is empty or contains a NUL.
        TypeError: a path is neither text nor a path.
        ImportError: a URL needs a package that is not installed.

    Iterating raises nothing, whatever the files contain. A damaged line costs only itself,
    and a file that cannot be read costs only what is in it. Both are counted (`damaged`,
    `unread`), and reported in one RuntimeWarning at the end.

    >>> from microbench import MicroBench
    >>> for name in 'a.jsonl', 'b.jsonl':
    ...     with MicroBench(name).record('fit'):
    ...         pass
    >>> [record['call']['name'] for record in read('?.jsonl')]
    ['fit', 'fit']
    """
    return Reader(paths, flatten if flat else None)


# --- files -------------------------------------------------------------------------------


def _files(paths: Path | Iterable[Path], progress: _Progress) -> dict[str, str]:
    """Return the files by their names: absolute paths, or URLs."""
    several: Iterable[Any] = [paths] if _is_one(paths) else paths  # type: ignore[assignment]
    found = (_files_at(_text_of_path(path), progress) for path in several)
    return {file: _place_of(file) for files in found for file in files}


def _place_of(file: str) -> str:
    return file if _is_remote(file) else os.path.abspath(file)


def _is_remote(path: str) -> bool:
    return remote.is_url(path) and not os.path.lexists(path)


def _is_one(paths: object) -> bool:
    return _is_path(paths) or not hasattr(paths, '__iter__')


def _is_path(path: object) -> bool:
    return isinstance(path, (str, bytes)) or hasattr(path, '__fspath__')


def _text_of_path(path: Any) -> str:
    """Return a path as text.

    Raises:
        TypeError, ValueError: it is not a path.
    """
    if not _is_path(path):
        raise TypeError(f'a path is needed, not {type(path).__name__}')
    text = os.fsdecode(path)
    if not text or '\0' in text:
        raise ValueError(f'{text!r} is not a path')
    return text


def _files_at(path: str, progress: _Progress) -> list[str]:
    """Return the files that a path stands for.

    Raises:
        FileNotFoundError: there are none, and the path is not a directory.
    """
    if _is_remote(path):
        return remote.files_at(path)
    _core.flush_batches()
    if os.path.isdir(path):
        return files_in(path, lambda error: progress.fail(error.filename, error))
    if not is_pattern(path):
        if not os.path.lexists(path) and not has_journals(path):
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
        return [path]
    files = files_of(path)
    if not files:
        raise FileNotFoundError(ENOENT, 'no file matches', path)
    return files


# --- records -----------------------------------------------------------------------------


def _records(
    files: dict[str, str], prepare: Callable[[Lines], None] | None, progress: _Progress
) -> Generator[dict[str, Any], None, None]:
    listing = Listing()
    for path, place in files.items():
        lines = Lines(_blocks_of(path if _means(path, place) else place, listing))
        if prepare is not None:
            prepare(lines)
        for batch in _batches(path, lines, progress):
            progress.path = path
            yield from batch
    report = progress.report()
    if report:
        warn(report, RuntimeWarning)


def _means(path: str, place: str) -> bool:
    """Return True if a path still means the same, so that it can be opened as given.

    The directories above the working directory may be closed to this user.
    """
    try:
        return os.path.abspath(path) == place
    except OSError:
        return False


def _blocks_of(place: str, listing: Listing) -> Iterator[bytes]:
    if _is_remote(place):
        return remote.blocks_at(place)
    return blocks_of(place, until_now=True, listing=listing)


def _batches(
    path: str, lines: Lines, progress: _Progress
) -> Iterator[list[dict[str, Any]]]:
    """Yield the records of a file, many at a time, up to where it cannot be read."""
    try:
        for batch in lines.batches():
            if lines.damaged:
                progress.damaged[path] = lines.damaged
            yield batch
    except OSError as error:
        progress.fail(path, error)
