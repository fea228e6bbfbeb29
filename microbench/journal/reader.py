"""Find, lock and read the journals that dead processes left beside a file of records.

While a process records into FILE, it keeps its open records in a mapped file
`.FILE.PID-RANDOM.journal` (mb_journal.h) and holds a lock on it, which ends with
the process. So a process that gets the lock knows that the owner is dead, and that no
other process recovers the journal at the same time.

Journals of other users and other hosts are skipped, and so are those that cannot be
parsed. This module imports nothing that would slow down a program's first record.
"""

from __future__ import annotations

import errno
import os
import time
from stat import S_ISREG

from .. import _core
from ..lock import Lock
from ..messages import safe
from .listing import SUFFIX, asked_for, fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Mark = tuple[int, int, int, int]  # _core.mark_of

MAGIC = 8  # bytes; they are written last when a journal is made
MOST = _core.JOURNAL_MOST  # bytes of one journal
FIRST_LOOKS, FIRST_BYTES = 64, 512 << 10  # journals and bytes read before a first record
LOOKING = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # the last: do not wait for a FIFO
LOCK_TIMEOUT = 2.0  # seconds; another process recovers the journal, or is about to die

# Locks of fcntl(2) exclude other processes only, not other threads of this one.
one_at_a_time = Lock()


def paths_for(
    output: str, place: str | None = None, names: Callable[[str, str], list[str]] = fresh
) -> list[str]:
    """Return the journals of a file of records, of dead and running processes, by name.

    Args:
        output: path of the file.
        place: further directory, the `journal` setting of a bench.
        names: returns the names of the journals in a directory that begin with a text.
    """
    directory, name = os.path.split(real(output))
    cut = os.fsdecode(os.fsencode(name)[: _core.JOURNAL_NAME])
    places = [directory, *asked_for(), *([place] if place else [])]
    begin = f'.{cut}.'
    return [
        os.path.join(place, name)
        for place in dict.fromkeys(places)
        for name in names(place, begin)
        if _is_made_by_a_process(name[len(begin) : -len(SUFFIX)])
    ]


def _is_made_by_a_process(end: str) -> bool:
    pid, _, random = end.partition('-')
    return pid.isdecimal() and random.isalnum()


def real(output: str | bytes) -> str:
    """Return the path without links, by which the journals of a file are named."""
    return os.path.realpath(os.fsdecode(output))


def of_others(output: str, place: str | None = None) -> list[str]:
    """Return the journals of a file that belong to other processes."""
    own = set(_core.own_journals())
    return [path for path in paths_for(output, place) if path not in own]


def at_first_record(output: str, place: str | None = None) -> list[str]:
    """Return the journals that a program recovers before its first record.

    Their number and size are limited so that this takes a few milliseconds at most.
    Readers and `microbench recover` handle the rest.
    """
    paths = dead_first(of_others(output, place))[:FIRST_LOOKS]
    return [path for path in paths if _is_dead_and_small(path)]


def _is_dead_and_small(path: str) -> bool:
    try:
        descriptor = os.open(path, LOOKING)
    except OSError:
        return False
    try:
        size = os.fstat(descriptor).st_size
        return size <= FIRST_BYTES and not _core.owner_lives(descriptor)
    finally:
        os.close(descriptor)


def dead_first(paths: list[str]) -> list[str]:
    """Sort journals so that those whose process does not exist here come first.

    This is a guess that is cheaper than opening the journals; only the lock is certain.
    """
    return sorted(paths, key=lambda path: _is_seen(_pid_in(path)))


def _is_seen(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


class Journal:
    """Context manager that locks and reads one journal.

    Hold `one_at_a_time` while entering it.

    Attributes:
        path: path of the journal.
        why_not: why its records cannot be used; empty if they can.
        lives: True if the process that owns the journal is running on this machine.
        is_there: False if another process has removed the journal meanwhile.
        pid: process that owns the journal.
        size: bytes that were read.
        records: id and line of each record that was open.
        claimed: ids of the records that the process had begun to write to its output.
        damaged: number of records that cannot be parsed.
        made_wall_ns: time at which the journal was made, in nanoseconds.
        made_at: mark of the output at that time; claimed records come after it.
        recovered_from: mark of the output when an earlier recovery began that was killed;
            None if no recovery has begun.

    Args:
        path: path of the journal.
        output: file that its records belong to.
        exclusive: lock out readers, because the records are about to be recovered.
        force: read journals of other users and hosts, too.
        lock_timeout: seconds to wait for a lock that is held for a moment only.
        most: largest size in bytes; a larger journal is skipped.
    """

    def __init__(
        self,
        path: str,
        output: str,
        *,
        exclusive: bool = False,
        force: bool = False,
        lock_timeout: float = LOCK_TIMEOUT,
        most: int = MOST,
    ) -> None:
        self.path = path
        self.output = real(output)
        self.exclusive = exclusive
        self.force = force
        self.lock_timeout = lock_timeout
        self.most = most
        self.why_not = ''
        self.lives = False
        self.is_there = True
        self.pid = _pid_in(path)
        self.size = 0
        self.records: list[tuple[bytes, bytes]] = []
        self.claimed: set[bytes] = set()
        self.damaged = 0
        self.made_wall_ns = 0
        self.made_at: Mark = (0, 0, 0, 0)
        self.recovered_from: Mark | None = None
        self._descriptor = -1

    def __enter__(self) -> Journal:
        try:
            self._hold()
        except OSError as error:
            self.is_there = error.errno != errno.ENOENT
            self.why_not = error.strerror or str(error)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def note_recovery(self, mark: Mark) -> None:
        """Store in the journal that its records are about to be appended after a mark.

        If this process is killed meanwhile, the next recovery searches from that mark on.
        The mark of an earlier recovery is kept.
        """
        if self.recovered_from is None:
            _core.note_recovery(self._descriptor, mark)
            self.recovered_from = mark

    def remove(self) -> None:
        """Remove the journal, because its records are in the output.

        Another file that has taken its name is kept.
        """
        opened = os.fstat(self._descriptor)
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            there = None
        if there is not None and os.path.samestat(opened, there):
            os.unlink(self.path)
        self.is_there = False

    def _hold(self) -> None:
        mode = os.O_RDWR if self.exclusive else os.O_RDONLY
        self._descriptor = os.open(self.path, mode | LOOKING)
        there = os.fstat(self._descriptor)
        if not S_ISREG(there.st_mode):
            self.why_not = 'it is not a file'
        elif there.st_uid != os.geteuid() and not self.force:
            self.why_not = f'it belongs to user {there.st_uid}'
        elif not self._lock():
            self.why_not = self._holder()
        elif os.fstat(self._descriptor).st_nlink == 0:
            self.is_there = False
        else:
            self._read()

    def _lock(self) -> bool:
        import fcntl

        kind = fcntl.LOCK_EX if self.exclusive else fcntl.LOCK_SH
        deadline = time.monotonic() + self.lock_timeout
        while True:
            try:
                fcntl.lockf(self._descriptor, kind | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
            else:
                return True
            if time.monotonic() >= deadline or not self._ends_soon():
                return False
            time.sleep(0.01)

    def _ends_soon(self) -> bool:
        """Return True if the lock is held for a moment only.

        Its holder is a process that recovers the journal, for which a reader waits; or the
        owner, if it was killed and some of its threads have not ended yet.
        """
        if _core.owner_lives(self._descriptor):
            return _is_dying(self.pid)
        return not self.exclusive

    def _holder(self) -> str:
        self.lives = _core.owner_lives(self._descriptor)
        if self.lives:
            return f'its process ({self.pid}) is still running'
        return 'another process is recovering it'

    def _read(self) -> None:
        self.size = os.fstat(self._descriptor).st_size
        if self.size > self.most:
            self.why_not = f'it is large: {self.size} bytes'
            return
        data = os.pread(self._descriptor, self.size, 0)
        try:
            header = _core.journal_header(data)
        except ValueError as error:
            if any(data[:MAGIC]):
                self.why_not = str(error)
            return  # without the magic, the process was killed before it wrote anything
        self.pid = header['pid']
        if not (self.force or _is_of_this_machine(header)):
            self.why_not = f'it was written on {safe(header["host"])}'
        elif header['output'] is None:
            self.why_not = 'it does not say to which file its records belong'
        elif self._is_of_another_file(header['output']):
            self.why_not = f'its records belong to {safe(os.fsdecode(header["output"]))}'
        else:
            self._make_records(data, header)

    def _make_records(self, data: bytes, header: dict[str, Any]) -> None:
        from .image import records_in  # start-up time

        found = records_in(data, header, os.fstat(self._descriptor).st_mtime_ns)
        self.records = [(record_id, line) for record_id, line, _ in found if line]
        self.claimed = {record_id for record_id, line, claimed in found if line and claimed}
        self.damaged = len(found) - len(self.records)
        self.made_wall_ns, self.made_at = header['made_wall_ns'], header['made_at']
        self.recovered_from = header['recovered_from']

    def _is_of_another_file(self, output: bytes) -> bool:
        """Compare names only if both are in one directory, which may have been moved."""
        beside = os.path.dirname(self.path) == os.path.dirname(self.output)
        part = os.path.basename if beside else os.path.normpath
        return part(output) != part(os.fsencode(self.output))


def _pid_in(path: str) -> int:
    """Return the process id in the name of a journal."""
    return int(os.path.basename(path).rsplit('.', 2)[1].partition('-')[0])


def _is_dying(pid: int) -> bool:
    """Return True if the main thread of a process has ended (proc(5))."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            return file.read().rpartition(b')')[2].split()[0] in b'ZX'
    except OSError:
        return False


def _is_of_this_machine(header: dict[str, Any]) -> bool:
    """Return True if the owner ran under this kernel, so that its lock can be trusted.

    A container that is restarted has another host name but the same boot id.
    """
    from .image import boot_id  # start-up time

    here = os.uname().nodename == header['host'] or boot_id() == header['boot_id']
    return bool(here)
