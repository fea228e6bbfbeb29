"""The life of one record.

Every way in (decorator, `record`, `arecord`, the command) makes a Run, begins it, has
the code run, and finishes it. They differ only in who calls the code. Where nothing in
Python has to see the record, a decorated function goes past this: see recorder.py.

    state     what has happened                                  what undoes it
    -----     -------------------------------------------------  -------------------
    new       the bench and its plan are known                   nothing
    open      in the registry; active in this context; captures  abandon
              done; at last the clock was started
    closed    the clock was stopped first; post captures done;   -
              the record is with the sinks

begin() runs the captures in alphabetical order while the run is active; if one fails,
abandon() takes back everything and the error goes to the caller: the code has not run.
finish() gets the outcome of the code, which nothing may change any more: what fails
from here on is kept in `failure`, and raised only when the record is written and the
code itself has not raised. It is in C and calls complete(), which Ctrl-C may interrupt
between any two steps, until the record is written.

From mirror() to close(), a journal may hold the open run, so that a reader recovers it
after a crash. Once a signal has come, native code may write the record instead: claim()
returns True to only one of the two.

A record has two representations. Where nothing needs to see it as a dict (the plan
knows), begin() and finish() build none: the text is written from the native half,
between fixed bytes. Otherwise the dict `data` grows as hooks and mixins fill it, and is
encoded at the end. Both give the same JSON.

What belongs to the running call is here, never on the bench: so threads, tasks, nesting
and recursion cannot mix their records up.
"""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded
from ..outputs.report import Turns
from . import record_dict, record_text
from .callables import name_of, place_text
from .capture import namespace, put
from .hooked_run import HookedRun
from .plan import ALL, line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from .owner import Owner
    from .plan import Plan
    from .record_text import RecordText
    from .run_journal import RunJournal


class Run(HookedRun):
    """One record, from the first capture to the last sink."""

    __slots__ = ()

    is_block = False  # then it is observed: see OpenRun.observe()
    begin_calibrated: ClassVar[Callable[..., Run]]  # with 'auto'; set by decorate.py

    # --- begin ---------------------------------------------------------------------

    def begin_call(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Run:
        """Begin the run of one call of a decorated function, after its warm-up."""
        settings = self.plan.settings
        if settings.iterations < 0 or settings.warmup < 0:
            return self.begin_calibrated(func, args, kwargs)
        self.iterations = settings.iterations
        if settings.warmup:
            _warm_up(settings.warmup, func, args, kwargs)
        return self.begin(func, args, kwargs)

    def begin(
        self,
        func: Callable[..., Any] | None = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        **call: Any,
    ) -> Run:
        """Open the run and do all that comes before the code; the clock is not started.

        `call` holds further fields of the record's `call` object.
        """
        try:
            if not self.plan.begun:
                self._look_ahead()
            if self.plan.places:
                self.note_thread()
                if func is not None and (self.plan.native or self.name is not None):
                    self.place = place_text(func)  # else capture_function_name() adds it
            if call or not self._begin_text(func, args, kwargs or {}):
                self._begin_data(func, args, kwargs or {}, call)
            if self.plan.mirrored == ALL:
                self.mirror()
        except BaseException:
            self.abandon()
            raise
        return self

    def _look_ahead(self) -> None:
        """Warn about unwritable outputs before the user's code runs; first record only."""
        self.plan.begun = True
        _core.note_change()
        self.config.delivery.look_ahead()

    def _begin_text(self, func: Any, args: Any, kwargs: Any) -> bool:
        """Open the run without a dict, if that is possible."""
        plan, owner = self.plan, self.owner
        if not plan.native:
            return False
        if plan.fixed_text is None:
            try:
                plan.text(self.config, owner)
            except Exception:
                return False  # the dict form handles a capture that fails
        given = self.name
        if given is None:
            self.name = name_of(func)
        self._observe()
        self.open(owner, *plan.settings.clock)
        captures, name = plan.captures, str(self.name)
        if captures is None or captures.begin(self, name, func, args, kwargs):
            return True
        self.name = given
        return False

    def _begin_data(self, func: Any, args: Any, kwargs: Any, call: Any) -> None:
        """Open the run with a dict, and run the hooks before the code."""
        self._observe()
        data = self.data = record_dict.new_dict(self, func, args, kwargs, call)
        hooks, settings = self.plan.hooks, self.plan.settings
        if not self.is_open:
            self.open(self.owner, *settings.clock)
        if 'pre_start_triggers' in hooks.overridden:
            self.owner.pre_start_triggers(data)
        else:
            self.capture()
        if self.notes:
            put(data, self.notes)  # they take the places of what was captured
        if hooks.triggers:
            call = namespace(data, 'call')  # a hook may have replaced it
            call['durations'] = []
            if not settings.histogram:
                self.keep_numbers(call['durations'])
            self.triggers = True

    def _observe(self) -> None:
        """Have the record say what the machine does meanwhile, if it is that of a block."""
        if self.is_block and self.plan.observes:
            self.observe(self.plan.observes_usage)

    def mirror(self) -> None:
        """Mirror the run into its journal from here on, if there is one."""
        template = self.plan.template if self.data is None else None
        if template is None or not template.mirror(self, self.name):
            journal = self._run_journal()
            if journal is not None:
                journal.mirror(self)

    def mirror_text(self, text: RecordText) -> None:
        """Mirror the run into its journal with this text, if there is one."""
        journal = self._run_journal() if self.plan.mirrored else None
        if journal is not None:
            journal.mirror_text(self, text)

    def _run_journal(self) -> RunJournal | None:
        journal: RunJournal | None = self.config.journal_of_runs
        if journal is None:
            try:
                RunJournal = loaded(_run_journal_class)  # noqa: N806 - a class
            except OSError:
                return None  # no descriptor is left to read the module with
            journal = self.config.journal_of_runs = RunJournal(self.config)
        return journal

    def abandon(self) -> None:
        """Undo begin(): this run makes no record.

        C calls it too, by name, if complete() could not close the run.
        """
        self._let_go()  # the error of begin() goes first

    def _let_go(self) -> None:
        """Close the run; a phase that outlives it keeps nothing but the native half.

        Captures still pending (of a run that was abandoned, or whose bench overrides
        `post_finish_triggers`) are closed.
        """
        while self.undo:
            self.keep(BaseException, self.undo.pop().close)
        self.close()
        del self.owner, self.config, self.plan
        self.data = None

    # --- taken over from C -------------------------------------------------------------

    def adopt(
        self,
        owner: Owner,
        plan: Plan,
        name: str,
        tried: int,
        interruption: BaseException | None,
    ) -> None:
        """Take a run over from a Recorder, which could not write its record.

        The caller: py_recorder_finish(), in C, by name; again after an interruption.

        Args:
            owner: the bench.
            plan: the one that the run was begun with.
            name: `call.name`.
            tried: number of sinks that have the record; -1: none has tried.
            interruption: what a handler of a signal raised while the next sink tried.
        """
        HookedRun.__init__(self, owner, name, plan)
        if tried >= 0:
            self.turns = turns = Turns()
            turns.errors, turns.trying = (None,) * tried, tried
            if interruption is not None:
                self.config.delivery.was_interrupted(turns, interruption)

    # --- finish ----------------------------------------------------------------------

    def complete(self, exception: BaseException | None, value: Any) -> None:
        """Complete the record, hand it to the sinks and close the run.

        The caller: finish(exception=None, value=None) of the native half, by name. It
        calls again after an interruption, and the method goes on where it was. Raises
        what a hook raised before, unless the code itself has raised.
        """
        if _core is None:  # a generator that CPython ends after it has cleared the modules
            return  # type: ignore[unreachable]
        if self.is_open:
            self._complete_open(exception, value)
            if self.turns and self.turns.lost:
                self.keep_lost()
            self._let_go()
        failure, self.failure = self.failure, None
        if failure is not None and exception is None:
            raise failure

    def _complete_open(self, exception: BaseException | None, value: Any) -> None:
        """Complete the record, and give it to each sink, once."""
        line = self._completed(exception, value)
        if not (self.has_claimed or self.claim()):
            return
        if not isinstance(line, bytes):
            self._output_by_others(line)
            return
        self.turns = turns = self.turns or Turns()
        try:
            self.config.delivery.go_on(line, turns)
        except BaseException as error:
            if not turns.over or error is turns.interruption:
                raise  # finish() goes on after what has interrupted it
            self.failure = self.failure or error
        if exception is not None:
            self.config.delivery.write_batches()

    def _completed(self, exception: Any, value: Any) -> bytes | dict[str, Any]:
        """Return the line of the record, or for an own output_result() its dict."""
        if not self.finish_wall_ns:  # there was no iteration
            self.note_finish()
        if self.data is None and (self.is_mixed or self.notes or self.is_forked):
            self.data = record_dict.dict_from_native(self)
        if self.data is None:
            return record_text.completed(self, exception, value)
        record = record_dict.completed(self, self.data, exception, value)
        if 'output_result' in self.plan.hooks.overridden:
            return record
        return line_of(self.config, self.owner, record)

    # --- handing over ------------------------------------------------------------------

    def _output_by_others(self, record: dict[str, Any]) -> None:
        """Hand the record to the output_result() of a class that has its own."""
        if self.turns is not None:
            return  # once, whatever interrupts it
        self.turns = Turns()
        try:
            self.owner.output_result(self.plan.settings.masker.values(record))
        except BaseException as error:
            text = self.plan.settings.masked_text(record)
            failed = self.config.delivery.failed
            self.keep(BaseException, failed, 'output_result()', error, text)

    def keep_lost(self) -> None:
        """Have the journal keep a record that neither a sink nor standard error took.

        A run that no journal mirrors, as of a decorated function, gets a place in it now.
        """
        lost = self.turns and self.turns.lost
        if lost and self.config.delivery.report.may_keep() and not _core.keep(self, lost):
            journal = self._run_journal() if self.config.journal != 'off' else None
            if journal is not None:
                journal.mirror_text(self, record_text.NOTHING)
                _core.keep(self, lost)


def _run_journal_class() -> type[RunJournal]:
    from .run_journal import RunJournal  # start-up time

    return RunJournal


def begin_call(
    bench: Owner, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Run:
    """Begin the run of one call of a Timed.

    The caller: C, which gets this function in the constructor of Timed.
    """
    return Run(bench).begin_call(func, args, kwargs)


def _warm_up(times: int, func: Any, args: Any, kwargs: Any) -> None:
    token = _core.mute()
    try:
        for _ in range(times):
            func(*args, **kwargs)
    finally:
        _core.unmute(token)
