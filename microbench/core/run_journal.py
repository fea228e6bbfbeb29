"""Mirror open runs into the crash journal, so that they survive SIGKILL.

The journal is a mapped file beside the first file that a bench writes to. While the bench
is in use, it holds the open records: their fields, and the measurements so far. Writing to
it costs what a write to memory costs. After a process has died, a reader makes records of
what is in the journal. This module decides where a journal is made and what goes into it;
the rest is C (mb_journal.h).

No journal is made where a mapped file could kill the program (network file systems, full
disks), nor for records that the user's own `to_json` or `output_result` must see before
they are written. If a `redact` pattern matches fields that C writes, the journal holds no
measurements.
"""

from __future__ import annotations

import os

from .. import _core
from ..encoding import json_text
from ..journal.reader import real
from ..outputs.base import writer_of
from ..outputs.file import FileOutput
from . import times
from .config import JOURNALS
from .workers import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Unpack

    from .config import Config
    from .run_state import RunState

    # head, call, tail, offset of the time zone, whether measurements are left out
    Texts = tuple[bytes, bytes, bytes, int, bool]


JOB = 'SLURM_JOB_ID'  # variable of a batch job, whose shell may die first


class NoSink:
    """Stand-in for the sink of a bench without a file."""

    outfile = None


# Fields that C writes itself, or that have no value yet.
MEASURED = frozenset(
    [
        *('durations', 'timings', 'timings_iteration', 'open_timings', 'monitor'),
        'timings_summary',
        *('start_time', 'finish_time', 'clock_step'),
    ]
)


class Keeper:
    """Shows the open records of one bench in a journal.

    The journal is that of the file that the bench writes to now, in this process: it is
    another one when either has changed.
    """

    def __init__(self, config: Config) -> None:
        self._sink = file_sink(config)
        self._mode = config.journal
        self._renew()

    def _renew(self) -> None:
        self._outfile = self._sink.outfile if self._sink else None
        self._generation = _core.fork_generation()
        self._in_job = JOB in os.environ  # asked once: it takes a microsecond
        self._journal = self._new()

    def _new(self) -> _core.Journal | None:
        if self._sink is None or not self._sink._is_path:
            return None
        place = None if self._mode in JOURNALS else os.fsencode(self._mode)
        try:
            output = os.fsencode(real(self._sink._absolute()))
            journal = _core.Journal(output, place, self._mode == 'auto')
        except OSError:
            return None  # no mapped files here, a full disk, no working directory
        worker.remove_journals()
        return journal

    @property
    def journal(self) -> _core.Journal | None:
        """The journal of this file and this process; None if there can be none."""
        outfile = self._sink.outfile if self._sink else None
        if outfile is not self._outfile or self._generation != _core.fork_generation():
            self._renew()
        return self._journal

    def show(self, run: RunState) -> None:
        """Show an open run until it is closed."""
        journal, plan = self.journal, run.plan
        if journal is not None and self._in_job:
            from . import parent  # start-up time

            parent.watch(block=True)
        if run.data is None:
            head, tail, offset = plan.text(run.config, run.owner)
            plan.shown = _core.Shown(journal, self._sink or NoSink(), head, tail, offset)
            plan.shown.show(run, run.name)
        elif journal is not None:
            self._show_data(run, run.data)

    def _show_data(self, run: RunState, data: dict[str, Any]) -> None:
        try:
            found = texts(run, data) if data['mb']['record_id'] == run.record_id else None
        except Exception:
            return  # a hook has replaced `mb` or `call`
        if found is not None:
            self.show_as(run, *found)

    def show_as(self, run: RunState, *texts: Unpack[Texts]) -> None:
        """Show an open run with this text: see `_core.Journal.show`."""
        journal = self.journal
        if journal is not None:
            journal.show(run, *texts)


def file_sink(config: Config) -> FileOutput | None:
    """Return the first sink that appends its records, as they are, to a path."""
    for sink in config.delivery.sinks:
        if isinstance(sink, FileOutput) and sink._is_path:
            method = getattr(writer_of(sink), '__func__', None)
            if method is FileOutput.write_record:
                return sink
    return None


# --- records built as dicts -----------------------------------------------------------


def texts(run: RunState, data: dict[str, Any]) -> Texts:
    """Return the text of an open record, except the fields that C writes."""
    encoder, masker = run.config.encoder, run.plan.masker
    fields = {k: v for k, v in data.items() if not str(k).startswith('_')}
    mb, call = dict(fields.pop('mb', {})), fields.pop('call', {})
    mb.pop('record_id', None)
    known = {k: v for k, v in call.items() if k not in MEASURED}
    secret = bool(masker.reasons)
    if secret:
        known.update(_placeholders(run))
    tail, masked = masker.fields(_encoded(fields, encoder))
    whole, more = masker.fields(
        b'{"call":' + _encoded({'invocation': 'Python', **known}, encoder) + b'}'
    )
    if masked or more:
        mb['masked'] = sorted({*mb.get('masked', ()), *masked, *more})
    ours, _ = masker.fields(b'{"mb":' + _encoded(mb, encoder) + b'}')
    head = b'{"mb":{' + b''.join([*_inner(ours[6:-1]), b'"record_id":"'])
    return head, whole[9:-2], b''.join(_inner(tail)[::-1]), _utc_offset(run), secret


def _placeholders(run: RunState) -> dict[str, Any]:
    """Return, for the masker, the fields that every record has and C would write."""
    moment = times.at(run.start_wall_ns, run.plan.tz)
    return {'durations': [], 'start_time': moment, 'finish_time': moment}


def _inner(text: bytes) -> list[bytes]:
    """Return the members of an encoded object and a comma; nothing for an empty one."""
    return [text[1:-1], b','] if text != b'{}' else []


def _encoded(fields: dict[str, Any], encoder: Any) -> bytes:
    """Return an encoded object without unencodable fields; the record itself warns."""
    try:
        return json_text.encode_strictly(fields, encoder)
    except Exception:
        kept = {name: _encodable(value, encoder) for name, value in fields.items()}
        return json_text.encode_strictly(
            {name: value for name, value in kept.items() if value is not json_text},
            encoder,
        )


def _encodable(value: Any, encoder: Any) -> Any:
    try:
        json_text.encode_strictly(value, encoder)
    except Exception:
        return json_text  # no value of a record
    return value


def _utc_offset(run: RunState) -> int:
    """Return the seconds that the time zone of a run is east of UTC at its start."""
    moment = times.at(run.start_wall_ns, run.plan.tz)
    offset = moment.astimezone().utcoffset() if run.plan.tz is None else None
    offset = offset or moment.utcoffset() or times.timedelta()
    return offset.days * 86400 + offset.seconds
