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
from ..outputs.file import FileOutput, is_path
from . import record_text
from .arguments import JOURNALS
from .config import JOB
from .workers import worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .config import Config
    from .hooked_run import HookedRun
    from .record_text import RecordText


class NoSink:
    """Stand-in for the sink of a bench without a file."""

    outfile = None


class RunJournal:
    """Mirrors the open records of one bench into a journal.

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
        if self._sink is None or not is_path(self._sink.outfile):
            return None
        place = None if self._mode in JOURNALS else os.fsencode(self._mode)
        try:
            path = os.path.realpath(self._sink._ready_file())  # as reader.real()
            journal = _core.Journal(os.fsencode(path), place, self._mode == 'auto')
        except OSError:
            return None  # no mapped files here, a full disk, no working directory
        worker.write_at_exit()
        return journal

    @property
    def journal(self) -> _core.Journal | None:
        """The journal of this file and this process; None if there can be none."""
        outfile = self._sink.outfile if self._sink else None
        if outfile is not self._outfile or self._generation != _core.fork_generation():
            self._renew()
        return self._journal

    def mirror(self, run: HookedRun) -> None:
        """Mirror an open run until it is closed."""
        journal, plan = self.journal, run.plan
        if journal is not None and self._in_job:
            from . import parent  # start-up time

            parent.watch(block=True)
        if run.data is None:
            text = plan.text(run.config, run.owner)
            sink = self._sink or NoSink()
            tail, place = plan.tail_before(text), text.thread_at
            plan.template = _core.JournalTemplate(
                journal, sink, text.head, tail, text.utc_offset, place
            )
            plan.template.mirror(run, run.name)
            _core.note_change()
        elif journal is not None:
            self._mirror_data(run, run.data)

    def _mirror_data(self, run: HookedRun, data: dict[str, Any]) -> None:
        settings, encoder = run.plan.settings, run.config.encoder
        try:
            if data['mb']['record_id'] != run.record_id:
                return
            text = record_text.of_dict(data, run.start_wall_ns, settings, encoder)
        except Exception:
            return  # a hook has replaced `mb` or `call`
        self.mirror_text(run, text)

    def mirror_text(self, run: HookedRun, text: RecordText) -> None:
        """Mirror an open run with this text."""
        journal = self.journal
        if journal is not None:
            text.mirror_in(journal, run)


def file_sink(config: Config) -> FileOutput | None:
    """Return the first sink that appends its records, as they are, to a path."""
    for sink in config.delivery.sinks:
        if isinstance(sink, FileOutput) and is_path(sink.outfile) and sink._is_plain:
            return sink
    return None
