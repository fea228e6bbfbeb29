"""Read files of records together with the records of dead processes; write nothing.

The file is read in blocks, however large it is. Journalled records that the file already
contains are noticed on the way (written.py); the others follow at the end.
"""

from __future__ import annotations

import os

from .. import _core
from ..messages import warn
from ..results import compressed
from ..results.reading import blocks, blocks_without_holes, decode_line
from .listing import Listing, fresh
from .patterns import files_in, files_of, is_pattern
from .reader import Journal, one_at_a_time, paths_for
from .recovery import survey
from .torn_lines import is_of, without_torn_lines
from .written import Written, ids_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any


def has_journals(output: str) -> bool:
    """Return True if there may be records of a file in journals."""
    return bool(paths_for(output))


def blocks_at(path: str, shown: object, place: str | None) -> Iterator[bytes]:
    """Yield what `blocks_of` yields, of a file or of all that a path stands for.

    Args:
        path: path of a file or directory, or a pattern.
        shown: the same as the user gave it, for a warning.
        place: further directory in which to look for journals.
    """
    is_directory = os.path.isdir(path)
    if not (is_directory or is_pattern(path)):
        yield from blocks_of(path, place, is_needed=False)
        return
    _core.flush_batches()
    paths = files_in(os.fsdecode(path), _raise, place) if is_directory else files_of(path)
    if not (paths or is_directory):
        warn(f'no file matches {shown!r}', RuntimeWarning)
    listing = Listing()
    for one in paths:
        yield from blocks_of(one, place, is_needed=False, listing=listing)


def _raise(error: OSError) -> None:
    raise error


def blocks_of(
    output: str,
    place: str | None = None,
    *,
    is_needed: bool = True,
    until_now: bool = False,
    listing: Listing | None = None,
) -> Iterator[bytes]:
    """Yield the contents of a file of records, then the records that it lacks.

    Each block consists of whole lines, so memory does not grow with the file.

    Args:
        output: path of the file.
        place: further directory in which to look for journals.
        is_needed: raise OSError if neither the file nor a journal exists.
        until_now: stop at the present end of the file, however it grows.
        listing: of the journals, in a loop over many files.

    Raises:
        OSError: the file cannot be read.
    """
    _core.flush_batches()
    # Listed first: a record that is recovered after this is found in the file.
    paths = paths_for(output, place, listing or fresh)
    file = _opened(output, is_needed=is_needed and not paths)
    known = 0 if file is None else os.fstat(file.fileno()).st_size
    lost = _Lost(output, [_read(path, output) for path in paths])
    file = file or _opened(output, is_needed=False)
    if file is not None:
        with file:
            end = os.fstat(file.fileno()).st_size if until_now else 0
            yield from lost.seen_in(file, known) if lost.records else contents(file, end)
    for line in lost.missing():
        yield line + b'\n'


def blocks_in_file(path: str) -> Iterator[bytes]:
    """Yield the contents of a file up to its present end, and nothing from journals.

    A missing file has no contents: there may be journals of it.

    Raises:
        OSError: the file cannot be read.
    """
    file = _opened(path, is_needed=not paths_for(path))
    if file is not None:
        with file:
            yield from contents(file, os.fstat(file.fileno()).st_size)


def contents(file: IO[bytes], end: int = 0) -> Iterator[bytes]:
    """Yield blocks of whole lines, unpacked if the file is compressed.

    Args:
        file: the file, at its beginning.
        end: position of an uncompressed file at which to stop; 0 for its end.

    Raises:
        OSError: the file cannot be read, or this Python cannot unpack it.
    """
    if compressed.is_packed(file):
        return compressed.blocks(file)
    return _blocks_until(end, file) if end else blocks_without_holes(file)


def _blocks_until(end: int, file: IO[bytes]) -> Iterator[bytes]:
    for block in blocks_without_holes(file):
        yield block
        if file.tell() >= end:
            break


def lost_records(outputs: list[str]) -> list[dict[str, Any]]:
    """Return the records of dead processes that files do not have."""
    listing = Listing()
    reports = (one for output in outputs for one in survey(output, names=listing))
    lines = (line for report in reports for line in report.lines)
    return [record for line in lines if (record := decode_line(line)) is not None]


class _Lost:
    """Records in the journals of dead processes, compared with the file as it is read."""

    def __init__(self, output: str, found: list[Journal]) -> None:
        self.records = dict(record for journal in found for record in journal.records)
        self._written = Written(output)
        for journal in found:
            self._written.add(journal)
        self._start = self._written.starts.get(self._written.output)
        self._written.left_out = self._written.output  # seen_in() reads it
        self._begun = [
            (record_id, line)
            for record_id, line in self.records.items()
            if record_id in self._written.ids
        ]
        self._found: set[bytes] = set()

    def seen_in(self, file: IO[bytes], known: int) -> Iterator[bytes]:
        """Yield the blocks of the file, up to its present end.

        Args:
            file: the open file.
            known: size of the file before the journals were read. Another process may
                have recovered a record since, so all ids are searched after it.
        """
        ids = set(self.records)
        if compressed.is_packed(file):
            yield from (self._checked(block, ids) for block in contents(file))
            return
        place, end = 0, os.fstat(file.fileno()).st_size
        start = known if self._start is None else min(known, self._start)
        for block in blocks(file):
            place += len(block)
            yield self._checked(block, ids) if place > start else block
            if place >= end > 0:
                break

    def missing(self) -> list[bytes]:
        """Return the lines of the records that are in no file."""
        found = self._found | self._written.found()
        return [line for record_id, line in self.records.items() if record_id not in found]

    def _checked(self, block: bytes, ids: set[bytes]) -> bytes:
        self._found |= ids_in(block, ids)
        if not self._begun:
            return block
        if not block.endswith(b'\n'):
            block += b'\n'
        return without_torn_lines(block, lambda text: is_of(text, self._begun))


def _opened(output: str, *, is_needed: bool) -> IO[bytes] | None:
    try:
        return open(output, 'rb')
    except FileNotFoundError:
        if is_needed:
            raise
        return None


def _read(path: str, output: str) -> Journal:
    """Read one journal; it has no records if its process is alive."""
    with one_at_a_time.held, Journal(path, output) as journal:
        return journal


def left_alone(output: str, listing: Listing | None = None) -> list[str]:
    """Return one line for each unread journal of a process that seems dead: the reason.

    Such journals belong to other hosts or users, or cannot be parsed. Their records are
    missing from the results.

    Args:
        output: path of the file of records.
        listing: of the journals, in a loop over many files.
    """
    paths = paths_for(output, None, listing or fresh)
    found = [_read(path, output) for path in paths]
    return [one.why_not for one in found if one.is_there and one.why_not and not one.lives]
