"""Make records of the bytes of a journal whose process is dead.

A record that waited in a batch is complete. If the process was killed while it wrote the
batch, some of them are in the file already. A record that was open ends with the process.
If the kernel has marked the end in the journal (mb_endmark.h), the file was last
modified at that moment, and durations are exact to a few milliseconds. Otherwise they end
at the last sign of life (a phase, a heartbeat, the death of the parent), and the record
has an upper bound.
"""

from __future__ import annotations

import os

from .. import _core
from ..results.fields import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Found = tuple[bytes, bytes, bool]  # id, line, and whether it may be in the file

CLOCK_STEP_NS = 50_000_000  # a smaller step may be a pause between two readings
LATEST_NS = (1 << 63) - 1  # largest time of the wall clock
TICK_NS = 20_000_000  # a file's time may be one tick of the kernel behind the clock
# SLURM lets a job run on after its end time: KillWait and OverTimeLimit, slurm.conf(5).
JOB_ENDS_LATE_NS = 300_000_000_000


def records_in(data: bytes, header: dict[str, Any], modified_ns: int) -> list[Found]:
    """Return the records in a journal; a damaged one has no line.

    Args:
        data: bytes of the journal.
        header: its header, from `_core.journal_header`.
        modified_ns: time of its last modification, in nanoseconds.
    """
    end = End(header, modified_ns)
    found = list(waiting_in(data))
    complete = {record_id for record_id, _, _ in found if record_id}
    slots = _core.journal_records(data, end.fields(), end.ns)
    for (one, line), claimed in zip(slots, _core.journal_claims(data), strict=True):
        if one not in complete:  # else it waited in a batch, and was still open
            found.append((one, end.bounded(one, line), claimed))
    return found


def waiting_in(data: bytes) -> Iterator[Found]:
    """Yield the records that waited in a batch."""
    for lines, is_claimed in _core.journal_batches(data):
        for number, line in enumerate(lines):
            record = decoded(line)
            if record is None:
                yield b'', b'', is_claimed
            else:
                yield _id_of(record) or _make_id(number, line), line, is_claimed


def _id_of(record: object) -> bytes:
    found = part(record, 'mb', 'record_id') if isinstance(record, dict) else None
    return found.encode('ascii', 'replace') if isinstance(found, str) else b''


def _make_id(number: int, line: bytes) -> bytes:
    """Return an id that is in no file, for a line that was given to FileOutput.write()."""
    return b'%d\n%b' % (number, line)


class End:
    """Time at which a dead process ended.

    Attributes:
        ns: nanoseconds of the monotonic clock, at which its open records end.
        is_exact: True if `ns` is the end; False if the process ended later.

    Args:
        header: header of the journal, from `_core.journal_header`.
        modified_ns: time of the journal's last modification, in nanoseconds.
    """

    def __init__(self, header: dict[str, Any], modified_ns: int) -> None:
        self._header = header
        self._now_ns = _core.wall_ns()
        marked_ns = _marked_ns(header, header['modified_ns'] or modified_ns)
        self.ns: int = header['last_ns'] if marked_ns is None else marked_ns
        ended_with_job = header['parent_is_job'] and header['parent_ns'] == self.ns
        self.is_exact = marked_ns is not None or ended_with_job

    def fields(self) -> bytes:
        """Return the JSON of the field `recovered`, which only recovered records have."""
        by = _core.string_text(f'{os.uname().nodename}:{os.getpid()}')
        bound = b'false' if self.is_exact else b'true'
        text = b',"recovered":{"by":' + by + b',"time":' + _moment(self._now_ns)
        text += b',"duration_is_lower_bound":' + bound
        if self._header['parent_ns']:
            text += b',"parent_died":' + _moment(self._wall_ns(self._header['parent_ns']))
        return text + b'}'

    def bounded(self, record_id: bytes, line: bytes) -> bytes:
        """Return a record's line with `recovered.ended_before`; empty if it is damaged.

        Args:
            record_id: id of the record.
            line: text of the record, which ends with `fields()`.
        """
        record = decoded(line) if record_id else None
        if record is None or part(record, 'mb', 'record_id') != record_id.decode():
            return b''
        if self.is_exact or not line.endswith(self.fields() + b'}'):
            return line  # a record that was complete, and not yet written to any sink
        latest = _moment(self._latest_ns(record))
        return line[:-2] + b',"ended_before":' + latest + b'}}'

    def _latest_ns(self, record: dict[str, Any]) -> int:
        """Return when the process was surely dead: now, or after the end of its job."""
        job_end = part(record, 'slurm', 'job_end_time')
        if not (isinstance(job_end, str) and job_end.isdecimal() and len(job_end) < 12):
            return self._now_ns
        job_end_ns = int(job_end) * 1_000_000_000 + JOB_ENDS_LATE_NS
        return min(max(job_end_ns, self._wall_ns(self.ns)), self._now_ns)

    def _wall_ns(self, ns: int) -> int:
        """Convert a time of the monotonic clock to the wall clock."""
        header = self._header
        wall_ns: int = header['made_wall_ns'] + ns - header['made_ns']
        return min(max(wall_ns, -LATEST_NS), LATEST_NS)  # a damaged header may overflow


def decoded(line: bytes) -> Any:
    """Return the value on a line; None if it is damaged, or is more than one line."""
    import json  # start-up time; orjson takes longer to load than the few lines to read

    try:
        return None if b'\n' in line else json.loads(line)
    except (ValueError, RecursionError):
        return None


def _marked_ns(header: dict[str, Any], modified_ns: int) -> int | None:
    """Return the end that the kernel has marked, on the monotonic clock.

    None if there is no mark, or it cannot be converted: the wall clock was set, the
    machine has slept or was rebooted, or the journal is damaged.
    """
    if not header['end_is_marked'] or header['boot_id'] != boot_id():
        return None
    offset_ns: int = header['made_wall_ns'] - header['made_ns']
    if abs(_offset_ns() - offset_ns) > CLOCK_STEP_NS:
        return None
    end_ns = modified_ns - offset_ns
    last_ns: int = header['last_ns']
    can_be = last_ns - TICK_NS <= end_ns <= _core.clock_ns() + CLOCK_STEP_NS
    return max(end_ns, last_ns) if can_be else None


def _offset_ns() -> int:
    """Return the nanoseconds by which the wall clock is ahead of the monotonic one."""
    readings = []
    for _ in range(3):
        before_ns, wall_ns = _core.clock_ns(), _core.wall_ns()
        readings.append((_core.clock_ns() - before_ns, wall_ns - before_ns))
    return min(readings)[1]  # the quickest reading is the most exact


def _moment(wall_ns: int) -> bytes:
    return b'"' + _core.iso8601_text(wall_ns, 0) + b'"'


def boot_id() -> str:
    """Return the id of this boot of the machine."""
    try:
        with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
            return file.read().strip()
    except OSError:
        return 'unknown'
