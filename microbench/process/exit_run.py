"""The run of `record_on_exit`: from the call to the end of the process.

It is a background run: active in no context, it takes the phases of its bench that no
other run takes, from any thread. Captures that set up and wait (generators) and the monitor
begin at registration; all others run at the end. There, the error of a capture is noted in
the record, and no thread is started.
"""

from __future__ import annotations

from contextlib import suppress

from .. import _core
from ..core import record_dict, times
from ..core.capture import is_early, namespace
from ..core.plan import current_plan, line_of
from ..core.run import Run
from ..core.run_state import AT_EXIT, OPTIONAL
from ..encoding import json_text
from ..outputs.delivery import Delivery
from ..outputs.delivery_state import Last, Turns
from ..outputs.native import native_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..core.owner import Owner
    from ..core.record_text import RecordText
    from .cause import Ending
    from .signals import Wish

GENERATOR = 0x20  # flag of code (inspect.CO_GENERATOR)
PATIENCE = 2.0  # seconds for a monitor to end; for all sinks, if a signal ends the process


_written: list[ExitRun] = []  # runs that native code wrote while they were being cancelled


class ExitRun(Run):
    """One record of the process."""

    __slots__ = (
        *('_ending', '_journal', '_last', '_last_words', '_prepared'),
        *('_native', '_record', 'grace', 'signals'),
    )

    patience = PATIENCE

    def __init__(
        self, owner: Owner, name: str, signals: dict[int, Wish], grace: float
    ) -> None:
        super().__init__(owner, name)
        self.background = True
        self.signals = signals
        self.grace = grace
        self._last_words: _core.LastWords | None = None
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
        plan = self.plan
        self.data = record_dict.new(self, None, (), {}, {})
        try:
            self.open(self.owner, plan.counter, plan.foreign, plan.integers)
            self._start_clock()
            self._prepared = self._prepare()
            self.show_as(self._prepared)
            self.run_hooks(filter(self._spans, plan.captures))
            self._begin_monitor_strictly()
            self._arm()
        except BaseException:
            self.abandon()
            raise

    def _arm(self) -> None:
        """Pass the record and its files to C, for when Python cannot write it."""
        if not self.signals:
            return
        if not self.is_shown:
            self._journal = _core.Journal(None)
            self._prepared.show_in(self._journal, self)
        if self.is_shown:
            found = [native_target(sink) for sink in self.config.delivery.sinks]
            targets = [target for target in found if target is not None]
            self._last_words = _core.LastWords(self, targets, self.owner)

    def _begin_monitor_strictly(self) -> None:
        if self.plan.monitored:
            from ..core import monitor  # start-up time

            if self.plan.optional:
                self.guard('monitor', monitor.begin, self)
            else:
                monitor.begin(self)

    def _start_clock(self) -> None:
        self.note_start()
        start = times.at(self.start_wall_ns, self.plan.tz)
        namespace(self.data or {}, 'call')['start_time'] = start
        self.start()

    def _spans(self, hook: str) -> bool:
        """Return True if a capture, or one it overrides, sets up first and ends later."""
        overridden = [vars(cls).get(hook) for cls in type(self.owner).__mro__]
        return any(map(_sets_up, [getattr(self.owner, hook, None), *overridden]))

    def _prepare(self) -> RecordText:
        """Encode all fields of the record but the measurements."""
        data = record_dict.new(self, None, (), {}, {})
        self._capture_early(data)
        return record_dict.as_text(self, data)

    def refresh(self) -> None:
        """Add new static fields, also to the record that native code would write."""
        if self.data is not None and not self._ending:
            record_dict.add_static(self, self.data)
            self._prepared = self._prepare()
            self._prepared.refresh(self)

    def _capture_early(self, data: dict[str, Any]) -> None:
        """Run captures that may run twice; those that fail are noted at the end."""
        if self.plan.environment:
            with suppress(Exception):
                from ..core import environment  # start-up time

                environment.add(self.owner, data)
        for hook in self.plan.captures:
            if hook in self.plan.constant or is_early(getattr(self.owner, hook, None)):
                with suppress(Exception):
                    self._capture_one(hook, data)

    def cancel(self) -> None:
        """Make no record of this run, unless native code is writing it already."""
        if self.is_ours or self.claim():
            self._disarm()
            self.keep(BaseException, self.abandon)
        else:
            _written.append(self)  # native code writes it: keep the run alive for its bench

    def _disarm(self) -> None:
        if self._last_words is not None:
            self._last_words.disarm()

    # --- ended -----------------------------------------------------------------------

    def stop_clock(self) -> None:
        """End the duration. The wall clock may have been set: the end is not its time."""
        if not self.finish_wall_ns:
            self.stop()

    def end(self, ending: Ending) -> None:
        """Complete the record and hand it to the sinks.

        Table.end() calls it again after an interruption; it goes on where it was.
        """
        self._ending = True
        if self.completed and self.data is None:
            return  # it has ended
        if not self.completed:
            self.completed = True
            try:
                self._record = self._complete(ending)
            except BaseException:  # MemoryError, Ctrl-C between two steps ...
                self._record = None
        if self.is_forked:
            return  # a hook has forked, and this is the child
        if self._native is None:
            self._native = _core.run_is_claimed(self) and not self.is_ours
        if not self._native:
            self._write(self._record, ending)
        self._disarm()
        self.abandon()

    def _complete(self, ending: Ending) -> dict[str, Any]:
        data, owner = self.data, self.owner
        assert data is not None
        self.finish_pending()
        self.keep(BaseException, self._plan_anew)
        self.guard('pre_start_triggers', owner.pre_start_triggers, data)
        self.seal()  # no phase is added or finished from here on
        record_dict.add_measurements(self, data)
        data.update(ending.fields())
        self.guard('post_finish_triggers', owner.post_finish_triggers, data)
        data.pop('exit_status', None)
        data.update(ending.fields())  # a signal may have come meanwhile
        return {k: v for k, v in data.items() if not str(k).startswith('_')}

    def _plan_anew(self) -> None:
        self.plan = current_plan(self.config, self.owner)

    def capture(self) -> None:
        """Run the captures that were not begun at registration."""
        self.guard('environment', self.add_environment)
        self.run_hooks(hook for hook in self.plan.captures if not self._spans(hook))

    @property
    def policy(self) -> type[BaseException]:
        """The errors of hooks that are noted in the record."""
        return AT_EXIT if self._ending else OPTIONAL

    # --- written ---------------------------------------------------------------------

    def _write(self, record: dict[str, Any] | None, ending: Ending) -> None:
        """Hand the record to the sinks, unless native code has written it."""
        delivery = self.config.delivery
        if self._last is None:
            left = ending.time_left(max(self.grace, PATIENCE))
            self._last = Last(self.claim, left)
        delivery.last = last = self._last
        self.turns = turns = self.turns or Turns()
        try:
            self._hand_over(record, ending, turns)
        except BaseException as error:
            if not (turns.over or isinstance(error, Exception) or self._outputs_itself()):
                raise  # Ctrl-C between two steps: it goes on from there
            if not turns.over and last.claim() and not last.told:
                self.keep(BaseException, self._write_last, record, ending)
        finally:
            delivery.last = None
        last.claim()  # the user's output_result() has written it
        self.keep_lost()

    def _outputs_itself(self) -> bool:
        return 'output_result' in self.plan.overridden

    def _hand_over(
        self, record: dict[str, Any] | None, ending: Ending, turns: Turns
    ) -> None:
        if self._outputs_itself():
            if not turns.over:
                record = record or self._decoded(ending)
                self.owner.output_result(self.plan.masker.values(record))
            turns.over = True
            return
        if record is None:
            text = self._prepared_text(ending)
        else:
            text = line_of(self.config, self.owner, record)
        self.config.delivery.go_on(text, turns)

    def _decoded(self, ending: Ending) -> dict[str, Any]:
        from ..results.reading import decode_line  # start-up time

        return decode_line(self._prepared_text(ending)) or {}

    def _write_last(self, record: dict[str, Any] | None, ending: Ending) -> None:
        try:
            text = self.plan.masker.record(
                json_text.encode(record or self._decoded(ending))
            )
        except BaseException:
            text = self._prepared_text(ending)
        if not Delivery.last_resort(text, always=True) and self.turns is not None:
            self.turns.lost = text

    def _prepared_text(self, ending: Ending) -> bytes:
        """Return the prepared record with the measurements and how the process ended."""
        return self.plan.masker.record(self._prepared.line(self, ending.fields()))


def _sets_up(capture: object) -> bool:
    code = getattr(capture, '__code__', None)
    generator = getattr(code, 'co_flags', 0) & GENERATOR
    return bool(generator) or getattr(capture, 'spanning', None) is True
