"""The run of `record_on_exit`: from the call to the end of the process.

It lives in the background: active in no context, it takes the phases of its bench that
no other run takes, from any thread. Captures that set up and wait (generators) and the
monitor begin at registration; all others run at the end. There, every capture is
tolerated, and no thread is started.
"""

from __future__ import annotations

from .. import _core
from ..messages import one_line
from . import encoding, form, times
from .capture import namespace
from .decorate import GENERATOR
from .deliver import Delivery
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .bench import MicroBenchBase
    from .endings import Ending

PATIENCE = 2.0  # seconds for a monitor to end; for all sinks, if a signal ends us


class ExitRun(Run):
    """One record of the process."""

    __slots__ = ('_began_ns', '_ending', '_prepared', '_unclaimed', 'grace', 'signals')

    patience = PATIENCE

    def __init__(
        self, owner: MicroBenchBase, name: str, signals: dict[int, bool], grace: Any
    ) -> None:
        super().__init__(owner, name)
        self.background = True
        self.signals = signals
        self.grace = grace
        self._unclaimed = [None]
        self._ending = False

    # --- registered ------------------------------------------------------------------

    def register(self) -> None:
        """Start the clock; then prepare the record, and begin what spans the process.

        Raises:
            ImportError: the class has a monitor, and psutil is not installed.
        """
        plan = self.plan
        self.data = form.new(self, None, (), {}, {})
        try:
            self.open(self.owner, plan.counter, plan.foreign, plan.integers)
            self._start_clock()
            self._prepared = self._prepare()
            self.run_hooks(filter(self._spans, plan.captures))
            self._begin_monitor_strictly()
        except BaseException:
            self.abandon()
            raise

    def _begin_monitor_strictly(self) -> None:
        if self.plan.monitored:
            from . import monitor  # start-up time

            Run._tolerantly(self, 'monitor', monitor.begin, self)

    def _start_clock(self) -> None:
        self.start_wall_ns = _core.wall_ns()
        start = times.at(self.start_wall_ns, self.plan.tz)
        namespace(self.data or {}, 'call')['start_time'] = start
        self._began_ns = _core.clock_ns()
        self.start()

    def _spans(self, hook: str) -> bool:
        """Whether a capture, or one that it overrides, sets up first and ends later."""
        overridden = [vars(cls).get(hook) for cls in type(self.owner).__mro__]
        return any(map(_sets_up, [getattr(self.owner, hook, None), *overridden]))

    def _prepare(self) -> tuple[bytes, bytes, bytes, int]:
        """Encode what is known: parts of a record that lacks the call and the end."""
        head = b'{"mb":' + encoding.encode(self.plan.mb)[:-1] + b',"record_id":"'
        fields = self.owner._static_fields()
        fields = {k: v for k, v in fields.items() if k not in ('mb', 'call')}
        moment = times.at(self.start_wall_ns, self.plan.tz)
        offset = moment.astimezone().utcoffset() if self.plan.tz is None else None
        offset = offset or moment.utcoffset() or times.timedelta()
        tail = encoding.encode(fields)[1:-1]
        name = _core.string_text(self.name or '')
        return head, name, tail, offset.days * 86400 + offset.seconds

    def claim(self) -> bool:
        """Whether the caller is the one to write the record: true exactly once."""
        try:
            self._unclaimed.pop()  # atomic
        except IndexError:
            return False
        return True

    def cancel(self) -> None:
        """Give up: no record comes of this run."""
        if self.claim():
            self.abandon()

    # --- ended -----------------------------------------------------------------------

    def stop_clock(self) -> None:
        """End the duration. The wall clock may have been set: it is not asked again."""
        if not self.finish_wall_ns:
            self.stop()
            elapsed_ns = _core.clock_ns() - self._began_ns
            self.finish_wall_ns = self.start_wall_ns + elapsed_ns

    def end(self, ending: Ending) -> None:
        """Complete the record and hand it to the sinks; nothing is raised."""
        self._ending = True
        try:
            record = self._complete(ending)
        except BaseException:  # MemoryError, Ctrl-C between two steps ...
            record = None
        if self.claim():
            self._write(record, ending)
            self._keeping_failure(self.abandon)

    def _complete(self, ending: Ending) -> dict[str, Any]:
        data, owner = self.data, self.owner
        assert data is not None
        self.finish_pending()
        self._keeping_failure(self._plan_anew)
        self._tolerantly('pre_start_triggers', owner.pre_start_triggers, data)
        self.close()  # no phase is added or finished from here on
        form.add_measurements(self, data)
        data.update(ending.fields())
        self._tolerantly('post_finish_triggers', owner.post_finish_triggers, data)
        data.pop('exit_status', None)
        data.update(ending.fields())  # a signal may have come meanwhile
        return {k: v for k, v in data.items() if not str(k).startswith('_')}

    def _plan_anew(self) -> None:
        self.plan = self.owner._current_plan()

    def capture(self) -> None:
        """Run the captures that were not begun at registration."""
        self._tolerantly('environment', self.add_environment)
        self.run_hooks(hook for hook in self.plan.captures if not self._spans(hook))

    def _tolerantly(self, hook: str, method: Callable[..., Any], *args: Any) -> None:
        """Call a hook; note an error in the record, whatever it is."""
        try:
            method(*args)
        except BaseException as error:
            if not self._ending and not isinstance(error, Exception):
                raise
            self.note(hook, one_line(error))

    # --- written ---------------------------------------------------------------------

    def _write(self, record: dict[str, Any] | None, ending: Ending) -> None:
        delivery, lost = self.owner._delivery, Delivery.lost
        delivery.at_exit = True
        delivery.budget = None if ending.signal is None else PATIENCE
        try:
            if record is None:
                delivery.deliver(self._text(ending))
            else:
                self.owner.output_result(record)
        except BaseException:
            if Delivery.lost == lost:  # it is not on standard error yet
                self._keeping_failure(self._write_last, record, ending)
        finally:
            delivery.at_exit, delivery.budget = False, None

    def _write_last(self, record: dict[str, Any] | None, ending: Ending) -> None:
        try:
            text = self.plan.masker.record(encoding.encode(record))
        except BaseException:
            text = self._text(ending)
        Delivery.last_resort(text, always=True)

    def _text(self, ending: Ending) -> bytes:
        """Return the record as prepared, with the call and the end."""
        head, name, fields, offset = self._prepared
        parts = fields, encoding.encode(ending.fields())[1:-1]
        tail = b''.join(b',' + part for part in parts if part)
        text = _core.record_text(self, head, name, tail, offset)
        return self.plan.masker.record(text)


def _sets_up(capture: object) -> bool:
    code = getattr(capture, '__code__', None)
    generator = getattr(code, 'co_flags', 0) & GENERATOR
    return bool(generator) or getattr(capture, 'spanning', None) is True
