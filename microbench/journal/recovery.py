"""Put records of dead processes into their file.

A writer does so before its first record, and `microbench recover` does; readers change
nothing and add the records to what they read (lost.py). It is safe at any moment:

    hold the journals  their owners are dead, and no other process recovers them
    look for records   one that was claimed may have been written after all (written.py)
    note the end       of the file, in the journals: if we are killed, the next one looks
                       from there on for what we have written
    append the others  each as one line, like any record
    blank fragments    the beginnings of these records that a killed write left there
    sync, then remove  killed before that, the next one finds the ids in the file

The first record of a program must not wait for what others have left behind. So a writer
stops after some milliseconds of reading and writing (`Limits`), and leaves the rest to
readers and to the command.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import islice

from . import reader
from .reader import Journal, one_at_a_time, paths_for
from .written import Written, mark_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = 64  # journals that are held at once: each is a descriptor

# Those that this process holds. To open one of them again and close it would let go of its
# lock (fcntl(2)).
_at_work: list[_Held] = []


class Limits:
    """How much is done, and waited for.

    Attributes:
        bytes_left: that may still be read, of journals and of the file.
        lock_timeout: seconds to wait for the lock of a journal.
        done: ids of the records that were added: a copy of a journal has them as well.
    """

    def __init__(self, bytes_left: int, lock_timeout: float) -> None:
        self.bytes_left = bytes_left
        self.lock_timeout = lock_timeout
        self.done: set[bytes] = set()


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
    """Put the records of dead processes into the file; yield what became of each journal.

    Args:
        output: the file of records.
        append: adds one line to it.
        sync: returns when what was added is on the disk.
        force: also journals of other users and other hosts.

    Raises:
        OSError: the file cannot be read, or a record not be added: then the journals stay.
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
    """Put the records of some journals into the file, as far as it takes milliseconds.

    Args:
        paths: of the journals, as `journals.at_first_record` has them.
        output: the file of records.
        append: adds one line to it.
        sync: returns when what was added is as safe as records there have to be.

    Raises:
        OSError: as for `recover`.
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
            return []  # a handler of a signal has come in between
        with _Held(output, paths, force, limits) as held:
            held.put_in_place(append)
            held.remove(sync)
        return held.reports


class _Held:
    """Some journals while their records are put into the file; a context manager.

    Attributes:
        reports: what becomes of each journal that is there.
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
        """Append the records that are missing, and blank their fragments."""
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
        """Remove the journals whose records are all in the file, once they are stored."""
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
            # enter_context() and push() import `inspect` from CPython 3.15 on: 5 ms
            closing.callback(journal.__exit__)
            journal.__enter__()
            if journal.is_there and self._is_taken(journal):
                self._closing.callback(closing.pop_all().close)

    def _is_taken(self, journal: Journal) -> bool:
        """Whether its records are put into the file: not if that would be too much."""
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


def survey(output: str, force: bool = False) -> Iterator[Report]:
    """Yield what recover() would do, and change nothing."""
    for path in paths_for(output):
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
    """Return the lines of those records that are in no file."""
    return [line for record_id, line in journal.records if record_id not in found]


def is_of(text: bytes, records: list[tuple[bytes, bytes]]) -> bool:
    """Whether a fragment is the beginning of one of these records."""
    return any(line.startswith(text) or name in text for name, line in records)
