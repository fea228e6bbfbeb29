"""The record of `record_on_exit`: from the call to the end of the process.

Its run is in the background: active in no context, it takes the phases of its bench that
no other run takes, from any thread. Captures that set up and wait (generators) and the
monitor begin at registration; all others run at the end. There, the error of a capture is
noted in the record, and no thread is started.
"""

from __future__ import annotations

from contextlib import suppress

from .. import _core
from ..core import record_dict, times
from ..core.callables import GENERATOR
from ..core.capture import put, refuse, set_up
from ..core.hooked_run import AT_EXIT, OPTIONAL
from ..core.plan import current_plan, line_of
from ..core.record_text import of_dict
from ..core.run import Run
from ..outputs.file import FileOutput
from ..outputs.report import Last, Report, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..core.hooks import Constants
    from ..core.owner import Owner
    from ..core.record_text import RecordText
    from .cause import Ending
    from .signals import Wish

END_TIMEOUT = 2.0  # seconds for a monitor; for all sinks, if a signal ends the process


_written: list[ExitRun] = []  # runs that native code wrote while they were being cancelled


class ProcessRun(Run):
    """The run in the background. It can be written natively, and an error ends nothing."""

    __slots__ = '_emergency_writer', '_journal', 'policy'

    patience = END_TIMEOUT

    def __init__(self, owner: Owner, name: str) -> None:
        super().__init__(owner, name)
        self.background = True
        self.policy: type[BaseException] = OPTIONAL
        self._emergency_writer: _core.EmergencyWriter | None = None

    def start_clock(self) -> None:
        """Take the time of the start, and start the one duration."""
        assert self.data is not None
        self.note_start()
        self.data['call']['start_time'] = times.at(
            self.start_wall_ns, self.plan.settings.tz
        )
        self.start()

    # --- captures --------------------------------------------------------------------

    def capture_early(self, data: dict[str, Any]) -> None:
        """Run captures that may run twice; those that fail are noted at the end."""
        if self.plan.hooks.environment:
            with suppress(Exception):
                from ..core import environment  # start-up time

                environment.add(self.owner, data)
        constant = self.plan.hooks.constant
        for hook in self.plan.hooks.captures:
            with suppress(Exception):
                if hook in constant:
                    self.config.add_constant(data, self.owner, hook, constant[hook])
                elif _is_early(getattr(self.owner, hook, None)):
                    pending = getattr(self.owner, hook)(data)
                    if hasattr(pending, 'gi_frame'):  # of a generator function
                        set_up(data, pending)

    def begin_spanning(self) -> None:
        """Run the captures that span the process up to their `yield`; start the monitor.

        Raises:
            ImportError: the class has a monitor, and psutil is not installed.
        """
        spanning = [step for step in self.plan.hooks.steps if self._spans(step)]
        if spanning:
            self.run_captures(spanning)
        if self.plan.hooks.monitored:
            from ..core import monitor  # start-up time

            if self.plan.hooks.optional:
                self.guard('monitor', monitor.start, self)
            else:
                monitor.start(self)

    def capture(self) -> None:
        """Run the captures that were not begun at registration."""
        if self.plan.hooks.environment:
            self.guard('environment', self.add_environment)
        steps = self.plan.hooks.steps
        self.run_captures([step for step in steps if not self._spans(step)])

    def _spans(self, hook: str | Constants) -> bool:
        """Return True if a capture, or one it overrides, sets up first and ends later."""
        if not isinstance(hook, str):
            return False
        overridden = [vars(cls).get(hook) for cls in type(self.owner).__mro__]
        return any(map(_sets_up, [getattr(self.owner, hook, None), *overridden]))

    # --- native code -----------------------------------------------------------------

    def arm(self, text: RecordText) -> None:
        """Pass the record and its files to C, for when Python cannot write it."""
        if not self.is_journaled:
            self._journal = _core.Journal(None)
            text.mirror_in(self._journal, self)
        if self.is_journaled:
            sinks = self.config.delivery.sinks
            files = [sink for sink in sinks if issubclass(type(sink), FileOutput)]
            targets = [file._native_target() for file in files]
            targets = [target for target in targets if target is not None]
            self._emergency_writer = _core.EmergencyWriter(self, targets, self.owner)

    def disarm(self) -> None:
        """Have C write the record no longer."""
        if self._emergency_writer is not None:
            self._emergency_writer.remove()


class ExitRun:
    """One record of the process: prepared, completed, written.

    Attributes:
        run: measures it, and gathers its fields.
    """

    def __init__(
        self, owner: Owner, name: str, signals: dict[int, Wish], grace: float
    ) -> None:
        self.run = ProcessRun(owner, name)
        if self.run.plan.hooks.refuses:
            refuse(owner, 'record_on_exit()')
        self.signals = signals
        self.grace = grace
        self._prepared: RecordText
        self._last: Last | None = None
        self._native: bool | None = None  # native code has written the record
        self._record: dict[str, Any] | None = None
        self._ending = False

    # --- registered ------------------------------------------------------------------

    def register(self) -> None:
        """Start the clock, prepare the record, and begin captures that span the process.

        Raises:
            ImportError: the class has a monitor, and psutil is not installed.
        """
        run, settings = self.run, self.run.plan.settings
        if run.plan.observes:
            run.observe(run.plan.observes_usage)
        run.data = record_dict.new_dict(run, None, (), {}, {})
        try:
            run.open(run.owner, *settings.clock)
            run.start_clock()
            self._prepared = self._prepare()
            run.mirror_text(self._prepared)
            run.begin_spanning()
            if self.signals:
                run.arm(self._prepared)
            run.start()  # anew: the captures took their time
        except BaseException:
            run.abandon()
            raise

    def _prepare(self) -> RecordText:
        """Encode what native code would write, but for the measurements."""
        run = self.run
        data = record_dict.new_dict(run, None, (), {}, {})
        run.capture_early(data)
        return of_dict(data, run.start_wall_ns, run.plan.settings, run.config.encoder)

    def refresh(self) -> None:
        """Add new static fields, also to the record that native code would write."""
        if self.run.data is not None and not self._ending:
            record_dict.add_static(self.run, self.run.data)
            put(self.run.data, self.run.notes or {})
            self._prepared = self._prepare()
            self._prepared.refresh(self.run)

    def cancel(self) -> None:
        """Make no record of this run, unless native code is writing it already."""
        if self.run.has_claimed or self.run.claim():
            self.run.disarm()
            self.run.keep(BaseException, self.run.abandon)
        else:
            _written.append(self)  # native code writes it: keep the run alive for its bench

    # --- ended -----------------------------------------------------------------------

    def stop_clock(self) -> None:
        """End the duration. The wall clock may have been set: the end is not its time."""
        if not self.run.finish_wall_ns:
            self.run.stop()

    def write_record(self, ending: Ending) -> None:
        """Complete the record and hand it to the sinks.

        Table.write_records() calls it again after an interruption; it goes on where it was.
        """
        run = self.run
        self._ending, run.policy = True, AT_EXIT
        if run.completed and run.data is None:
            return  # it has ended
        if not run.completed:
            run.completed = True
            try:
                self._record = self._complete(ending)
            except BaseException:  # MemoryError, Ctrl-C between two steps ...
                self._record = None
        if run.is_forked:
            return  # a hook has forked, and this is the child
        if self._native is None:
            self._native = _core.run_is_claimed(run) and not run.has_claimed
        if not self._native:
            self._write(self._record, ending)
        run.disarm()
        run.abandon()

    def _complete(self, ending: Ending) -> dict[str, Any]:
        run, data, owner = self.run, self.run.data, self.run.owner
        assert data is not None
        run.finish_pending()
        run.keep(BaseException, self._plan_anew)
        run.guard('pre_start_triggers', owner.pre_start_triggers, data)
        run.seal()  # no phase is added or finished from here on
        record_dict.add_measurements(run, data)
        data.update(ending.fields())
        run.guard('post_finish_triggers', owner.post_finish_triggers, data)
        data.pop('exit_status', None)
        data.update(ending.fields())  # a signal may have come meanwhile
        return record_dict.finished(run, data)

    def _plan_anew(self) -> None:
        self.run.plan = current_plan(self.run.config, self.run.owner)

    # --- written ---------------------------------------------------------------------

    def _write(self, record: dict[str, Any] | None, ending: Ending) -> None:
        """Hand the record to the sinks, unless native code has written it."""
        delivery = self.run.config.delivery
        if self._last is None:
            left = ending.time_left(max(self.grace, END_TIMEOUT))
            self._last = Last(self.run.claim, left)
        delivery.last = last = self._last
        self.run.turns = turns = self.run.turns or Turns()
        try:
            self._hand_over(record, ending, turns)
        except BaseException as error:
            if not (turns.over or isinstance(error, Exception) or self._outputs_itself()):
                raise  # Ctrl-C between two steps: it goes on from there
            if not turns.over and last.claim() and not last.reported:
                self.run.keep(BaseException, self._write_last, record, ending)
        finally:
            delivery.last = None
        last.claim()  # the user's output_result() has written it
        self.run.keep_lost()

    def _outputs_itself(self) -> bool:
        return 'output_result' in self.run.plan.hooks.overridden

    def _hand_over(
        self, record: dict[str, Any] | None, ending: Ending, turns: Turns
    ) -> None:
        run = self.run
        if self._outputs_itself():
            if not turns.over:
                record = record or self._decoded(ending)
                run.owner.output_result(run.plan.settings.masker.values(record))
            turns.over = True
            return
        if record is None:
            text = self._prepared_text(ending)
        else:
            text = line_of(run.config, run.owner, record)
        run.config.delivery.go_on(text, turns)

    def _decoded(self, ending: Ending) -> dict[str, Any]:
        from ..results.reading import decode_line  # start-up time

        return decode_line(self._prepared_text(ending)) or {}

    def _write_last(self, record: dict[str, Any] | None, ending: Ending) -> None:
        try:
            fields = record or self._decoded(ending)
            text = self.run.plan.settings.masked_text(fields)
        except BaseException:
            text = self._prepared_text(ending)
        if not Report.last_resort(text, always=True) and self.run.turns is not None:
            self.run.turns.lost = text

    def _prepared_text(self, ending: Ending) -> bytes:
        """Return the prepared record with the measurements and how the process ended."""
        text = self._prepared.line(self.run, ending.fields())
        return self.run.plan.settings.masker.record(text)


def _is_early(capture: object) -> bool:
    """Return True if a capture is marked by `capture.early`."""
    return getattr(capture, 'early', None) is True


def _sets_up(capture: object) -> bool:
    code = getattr(capture, '__code__', None)
    generator = getattr(code, 'co_flags', 0) & GENERATOR
    return bool(generator) or getattr(capture, 'spanning', None) is True
