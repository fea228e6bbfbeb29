"""Append the records of dead processes to their file.

A writer does so before its first record, and `microbench recover` on demand. Readers write
nothing; they add the records to those they read (lost.py). A process may be killed between
any two of these steps without losing or duplicating a record:

    lock the journals  their owners are dead, and no other process recovers them
    search the file    a record that was claimed may be in it already (written.py)
    store the end      of the file in the journals: after a kill, the next recovery
                       searches from there on for records that this one appended
    append the others  each as one line, like any record
    blank fragments    the beginnings of these records that a killed write left
    sync, then remove  after a kill before this, the next recovery finds the ids

The first record of a program must not wait long for old journals. So a writer stops after
a few milliseconds of reading and writing (`Limits`), and leaves the rest to readers and to
the command.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice

from . import reader
from .listing import fresh
from .reader import Journal, one_at_a_time, paths_for
from .torn_lines import is_of
from .written import Written, mark_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = 64  # journals that are locked at once: each needs a descriptor

# Journals that this process has locked. Opening and closing one of them a second time
# would release its lock (fcntl(2)).
_at_work: list[_Held] = []


class Limits:
    """Limits of one recovery.

    Attributes:
        bytes_left: bytes of journals and of the file that may still be read.
        lock_timeout: seconds to wait for the lock of a journal.
        done: ids of the records that were appended, which a copied journal has as well.
    """

    def __init__(self, bytes_left: int, lock_timeout: float) -> None:
        self.bytes_left = bytes_left
        self.lock_timeout = lock_timeout
        self.done: set[bytes] = set()


class Report:
    """Result of the recovery of one journal.

    Attributes:
        path: path of the journal.
        pid: process that wrote it.
        why_not: why the journal was skipped; empty if it was not.
        lives: True if its process is running on this machine.
        lines: its records that were not in the file.
        damaged: number of its records that cannot be parsed; if any, the journal stays.
    """

    def __init__(self, journal: Journal) -> None:
        self.path = journal.path
        self.pid = journal.pid
        self.why_not = journal.why_not
        self.damaged = journal.damaged
        self.lives = journal.lives
        self.lines: list[bytes] = []


def recover(
    output: str,
    append: Callable[[bytes], None],
    sync: Callable[[], None],
    force: bool = False,
) -> Iterator[Report]:
    """Append the records of dead processes to the file; yield a report for each journal.

    Args:
        output: path of the file of records.
        append: function that appends one line to the file.
        sync: function that returns when the appended lines are on the disk.
        force: recover journals of other users and other hosts, too.

    Raises:
        OSError: the file cannot be read or appended to; then the journals stay.
    """
    limits = Limits(1 << 62, reader.LOCK_TIMEOUT)
    paths = iter(paths_for(output))
    while group := list(islice(paths, GROUP)):
        yield from _recovered(group, output, append, sync, force, limits)


def recover_before_first_record(
    paths: list[str],
    output: str,
    append: Callable[[bytes], None],
    sync: Callable[[], None],
) -> None:
    """Append the records of some journals to the file within a few milliseconds.

    Args:
        paths: journals, from `reader.at_first_record`.
        output: path of the file of records.
        append: function that appends one line to the file.
        sync: function that makes the appended lines as durable as the sink's own.

    Raises:
        OSError: the file cannot be read or appended to; then the journals stay.
    """
    _recovered(paths, output, append, sync, False, Limits(reader.FIRST_BYTES, 0))


def _recovered(
    paths: list[str],
    output: str,
    append: Callable[[bytes], None],
    sync: Callable[[], None],
    force: bool,
    limits: Limits,
) -> list[Report]:
    with one_at_a_time.held:
        if _at_work:
            return []  # a signal handler interrupted a recovery
        with _Held(output, paths, force, limits) as held:
            held.put_in_place(append)
            held.remove(sync)
        return held.reports


class _Held:
    """Context manager that keeps some journals locked during their recovery.

    Attributes:
        reports: a report for each journal that exists.
    """

    def __init__(self, output: str, paths: list[str], force: bool, limits: Limits) -> None:
        self.reports: list[Report] = []
        self._output = output
        self._paths = paths
        self._force = force
        self._limits = limits
        self._written = Written(output)
        self._taken: list[tuple[Journal, Report]] = []
        self._closing = ExitStack()

    def __enter__(self) -> _Held:
        with self._closing:
            _at_work.append(self)
            self._closing.callback(_at_work.clear)
            for path in self._paths:
                self._look_at(path)
            self._closing = self._closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def put_in_place(self, append: Callable[[bytes], None]) -> None:
        """Append the missing records, then blank their fragments."""
        done = self._limits.done
        done |= self._written.found()
        mark = mark_of(self._output)
        for journal, report in self._taken:
            report.lines = missing(journal, done)
            done.update(record_id for record_id, _ in journal.records)
            if report.lines:
                journal.note_recovery(mark)
        for _, report in self._taken:
            for line in report.lines:
                append(line)
        records = [record for journal, _ in self._taken for record in journal.records]
        self._written.blank(lambda text: is_of(text, records))

    def remove(self, sync: Callable[[], None]) -> None:
        """Sync the file, then remove the journals whose records are all in it."""
        if self._taken:
            sync()
        for journal, _ in self._taken:
            if not journal.damaged:
                journal.remove()

    def _look_at(self, path: str) -> None:
        journal = Journal(
            path,
            self._output,
            exclusive=True,
            force=self._force,
            lock_timeout=self._limits.lock_timeout,
            most=min(self._limits.bytes_left, reader.MOST),
        )
        with ExitStack() as closing:
            # enter_context() and push() import `inspect` from CPython 3.15 on (5 ms)
            closing.callback(journal.__exit__)
            journal.__enter__()
            if journal.is_there and self._is_taken(journal):
                self._closing.callback(closing.pop_all().close)

    def _is_taken(self, journal: Journal) -> bool:
        """Report on a journal; return True if it is recovered within the limits."""
        report = Report(journal)
        self.reports.append(report)
        if report.why_not:
            return False
        self._limits.bytes_left -= journal.size
        report.why_not = self._written.why_not(journal, self._limits.bytes_left)
        if report.why_not:
            return False
        self._written.add(journal)
        self._taken.append((journal, report))
        return True


def survey(
    output: str, force: bool = False, names: Callable[[str, str], list[str]] = fresh
) -> Iterator[Report]:
    """Yield the reports that recover() would give; write nothing.

    Args:
        output: path of the file of records.
        force: report on journals of other users and other hosts, too.
        names: returns the names of the journals in a directory that begin with a text.
    """
    for path in paths_for(output, None, names):
        with one_at_a_time.held, Journal(path, output, force=force) as journal:
            pass
        if journal.is_there:
            report = Report(journal)
            written = Written(output)
            written.add(journal)
            report.why_not = report.why_not or written.why_not(journal, 1 << 62)
            report.lines = [] if report.why_not else missing(journal, written.found())
            yield report


def missing(journal: Journal, found: set[bytes]) -> list[bytes]:
    """Return the lines of the journal's records that are in no file."""
    return [line for record_id, line in journal.records if record_id not in found]
