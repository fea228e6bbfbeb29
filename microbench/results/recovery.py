"""Records of dead processes, at their place: in what is read, or in the file itself.

A reader adds them in memory and changes nothing. A writer, at its first record, and
`microbench recover` put them into the file. That is safe at any moment:

    hold the journal   the owner is dead, nobody else is at it
    read the file      a record whose id is there already was written after all
    append the others  each as one line, like any record
    blank fragments    the beginnings of these records that a killed write left there
    sync, then remove  killed before that, the next one finds the ids in the file
"""

from __future__ import annotations

import io
import os

from .fragments import blank, without_fragments
from .journals import Journal, one_at_a_time, paths_for
from .reading import holds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO


class Report:
    """What becomes of one journal.

    Attributes:
        path: of the journal.
        pid: of the process that wrote it.
        why_not: why it is left alone; empty if it is not.
        lives: its process is running, here.
        lines: its records that are not in the file yet.
        damaged: how many of its records cannot be understood: it stays because of them.
    """

    def __init__(self, journal: Journal, file: Growing) -> None:
        self.path = journal.path
        self.pid = journal.pid
        self.why_not = journal.why_not
        self.damaged = journal.damaged
        self.lives = journal.lives
        self.lines = missing(journal.records, file.contents()) if journal.records else []


class Growing:
    """The contents of a file of records, of which each byte is read once.

    Many journals may lie beside a file that is large.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._data = bytearray()

    def contents(self) -> bytearray:
        """Return all that is there now; nothing of a file that is not there."""
        try:
            with open(self._path, 'rb') as file:
                if os.fstat(file.fileno()).st_size < len(self._data):
                    self._data.clear()  # it was replaced
                file.seek(len(self._data))
                self._data += file.read()
        except FileNotFoundError:
            self._data.clear()
        return self._data


def to_read(output: str, place: str | None = None) -> IO[bytes]:
    """Open a file of records for reading, with `contents_of` as its contents."""
    if not paths_for(output, place):  # journals first, as there
        try:
            return open(output, 'rb')
        except FileNotFoundError:
            return io.BytesIO()
    return io.BytesIO(contents_of(output, place))


def contents_of(output: str, place: str | None = None) -> bytes:
    """Return the contents of a file of records, and after them what is missing there.

    A file that is not there is empty. `place` is a further directory of journals.

    Raises:
        OSError: it cannot be read.
    """
    # In this order: what others put into the file meanwhile is seen there.
    paths = paths_for(output, place)
    records = [record for path in paths for record in records_in(path, output)]
    contents = bytes(Growing(output).contents())
    if not records:
        return contents
    lines = missing(records, contents)
    if lines and contents and not contents.endswith(b'\n'):
        contents += b'\n'
    contents = without_fragments(contents, lambda text: _is_of(text, records))
    return contents + b''.join(line + b'\n' for line in lines)


def records_in(path: str, output: str) -> list[tuple[bytes, bytes]]:
    """Return ids and lines of the records in a journal, if its process is dead."""
    with one_at_a_time.held, Journal(path, output) as journal:
        return journal.records


def recover(
    output: str,
    append: Callable[[bytes], None],
    sync: Callable[[], None],
    force: bool = False,
    place: str | None = None,
) -> Iterator[Report]:
    """Put the records of dead processes into the file; yield what became of each journal.

    Args:
        output: the file of records.
        append: adds one line to it.
        sync: returns when what was added is on the disk.
        force: also journals of other users and other hosts.
        place: a further directory of journals.

    Raises:
        OSError: the file cannot be read, or a record not be added: then the journal stays.
    """
    file = Growing(output)
    for path in paths_for(output, place):
        journal = Journal(path, output, exclusive=True, force=force)
        with one_at_a_time.held, journal:
            if not journal.is_there:
                continue
            report = Report(journal, file)
            if not report.why_not:
                _put_in_place(journal, report, append)
                sync()
                if not journal.damaged:
                    journal.remove()
            yield report


def _put_in_place(
    journal: Journal, report: Report, append: Callable[[bytes], None]
) -> None:
    for line in report.lines:
        append(line)
    if journal.records:
        blank(journal.output, lambda text: _is_of(text, journal.records))


def _is_of(text: bytes, records: list[tuple[bytes, bytes]]) -> bool:
    """Whether a fragment is the beginning of one of these records."""
    return any(line.startswith(text) or name in text for name, line in records)


def survey(output: str, force: bool = False) -> Iterator[Report]:
    """Yield what recover() would do, and change nothing."""
    file = Growing(output)
    for path in paths_for(output):
        with one_at_a_time.held, Journal(path, output, force=force) as journal:
            if journal.is_there:
                yield Report(journal, file)


def left_alone(output: str) -> list[str]:
    """Return why journals of dead processes, as it seems, are left alone: one line each.

    Those of other hosts, of other users, and what cannot be understood. Their records are
    not among those read.
    """
    reports = list(survey(output)) if paths_for(output) else []
    return [report.why_not for report in reports if report.why_not and not report.lives]


def missing(records: list[tuple[bytes, bytes]], contents: bytes | bytearray) -> list[bytes]:
    """Return the lines of those records that are not in the contents of a file."""
    return [line for record_id, line in records if not holds(contents, record_id)]
