"""Run the command as often as requested, and write one record."""

from __future__ import annotations

import os
import sys
from math import inf
from time import monotonic

from ... import _core
from ...core.run import Run
from ...core.times import HEARTBEAT
from ...messages import print_stderr
from ...process.signals import name_of
from ..streams import is_terminal
from ..words import quote
from .child import Child, StillRunningError
from .delay import RunDelay, load_average
from .destinations import answers_on
from .forwarding import Forwarding
from .outcome import Outcome
from .spawn import environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ...bench import MicroBenchBase
    from ...encoding.masking import Masker
    from ...outputs.delivery import Delivery
    from ..answer.page import Answer
    from ..args.parser import Settings
    from .child import Observer
    from .enough import Enough
    from .pipes import Capture
    from .progress import Progress


class Measurement:
    """Runs the command as often as requested, and writes one record.

    The first error ends it and becomes the record's `exception`. A signal may end it too;
    see cli/run/forwarding.py.
    """

    child: Child | None = None  # the current or the last one
    left_running = False
    capture: Capture | None = None
    progress: Progress | None = None
    answer: Answer | None = None
    enough: Enough | None = None  # if it chooses the number of runs
    turn: Callable[[], None] | None = None  # if there is no timer thread
    own_group = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.has_defaults = settings.has_defaults
        self.command = settings.command
        scope = settings.monitor_scope if settings.monitor_interval else None
        captured = [name for name in ('stdout', 'stderr') if getattr(settings, name)]
        self.outcome = Outcome(captured, scope)
        self.forwarding = Forwarding(settings.timeout_grace_period)
        self.timers = self.forwarding.timers
        self.observers: list[Observer] = [self.forwarding]
        self.options: dict[str, Any] = {}  # of the start of the command
        self.rewind: Callable[[], None] = lambda: None
        self._add_optional_parts()

    def _add_optional_parts(self) -> None:
        """Import and make what these settings need."""
        settings = self.settings
        if settings.standard_input is not None:
            self.rewind = settings.standard_input
            self.options.update(settings.standard_input.options)
        if settings.is_auto:
            from .enough import Enough  # start-up time

            self.enough = Enough(settings.precision, settings.max_time)
        if settings.stdout or settings.stderr:
            self._capture()
        if settings.timeout is not None:
            self._limit(settings.timeout)
        several = settings.iterations > 1 or settings.stderr == 'suppress'
        if several and is_terminal(sys.stderr):
            from .progress import make_progress  # start-up time

            self.progress = make_progress(settings)
        stream = answers_on(settings)
        self.observers.append(RunDelay())
        if stream is not None:
            from ..answer.page import Answer  # start-up time

            self.answer = Answer(settings.command, settings.iterations, stream)

    def _capture(self) -> None:
        from .pipes import Capture  # start-up time

        gave_up = lambda: self.forwarding.gave_up  # noqa: E731
        self.capture = Capture(self.settings, self.timers, gave_up)
        self.options.update(self.capture.pipes)
        self.observers.append(self.capture)

    def _limit(self, seconds: float) -> None:
        from .timeout import TimeOut  # start-up time

        grace = self.settings.timeout_grace_period
        time_out = TimeOut(self.timers, seconds, grace)
        self.own_group = time_out.makes_groups
        self.observers.append(time_out)

    def record(self, bench: MicroBenchBase) -> None:
        """Warm up, run the iterations, and send the record to the sinks of the bench."""
        self._take_over()
        try:
            if self.settings.warmup:
                self._repeat(range(self.settings.warmup), self._run_child)
            run = self._begin_run(bench)
            masker, delivery = run.plan.settings.masker, run.config.delivery
            times = self.enough or range(self.settings.iterations)
            self._repeat(times, self._run_timed, run)
            self._finish(run)
            self._print_answer(delivery)
            self._check(masker)
            self._stay()
        finally:
            self.forwarding.restore()

    def run_unrecorded(self) -> None:
        """Run the command once and write no record (MICROBENCH=0)."""
        self._take_over()
        try:
            self._repeat(range(1), self._run_child)
            self._stay()
            if self.outcome.error is None and self.child is not None:
                self.outcome.add(self.child)
        finally:
            self.forwarding.restore()

    def _take_over(self) -> None:
        """Install signal handlers, and collect orphans if this process adopts them."""
        self.forwarding.install()
        if not self.timers.threaded:
            self._run_timers_in_main_thread()
        if _core.adopts_orphans():
            from .reaper import Reaper  # start-up time

            self.observers.append(Reaper(self.timers))

    def _run_timers_in_main_thread(self) -> None:
        """Have the main thread do what the timer thread would do."""
        from .unthreaded import Unthreaded  # start-up time

        alone = Unthreaded(self.timers)
        self.observers.append(alone)
        self.turn = alone.turn

    def _begin_run(self, bench: MicroBenchBase) -> Run:
        self.forwarding.swallows = 0  # captures may hang: let Ctrl-C interrupt them
        run = Run(bench, os.path.basename(self.command[0])).begin(
            invocation='CLI', command=self.command, returncode=self.outcome.returncodes
        )
        self.forwarding.swallows = inf  # from now on a record has to be finished
        assert run.data is not None
        run.data['_children_usage'] = self.outcome.usage
        run.data['_children_delay'] = self.outcome.delays
        before_children = run.data.get('_before_children')
        if before_children is not None:
            before_children()
        load = load_average()
        if load is not None and self.has_defaults:
            run.data['call']['load_average'] = load
        run.finish_wall_ns = run.start_wall_ns  # remains if no iteration ends
        if run.plan.mirrored:
            run.mirror()
        if run.is_journaled:
            self._beat()
        if self.settings.monitor_interval is not None:
            self._sample(run, self.settings.monitor_interval)
        if self.progress is not None and self.settings.stderr == 'suppress':
            self._show_running(self.progress)
        if self.answer is not None:
            self.answer.begin(load)
        return run

    def _beat(self) -> None:
        """Write heartbeats to the journal, which show that this process is alive."""
        _core.beat()
        self.timers.at(monotonic() + HEARTBEAT, self._beat)

    def _sample(self, run: Run, interval: float) -> None:
        from .sampling import Sampling  # start-up time

        scope = self.settings.monitor_scope
        tz = run.plan.settings.tz
        self.observers.append(Sampling(self.timers, interval, scope, tz))

    def _show_running(self, progress: Progress) -> None:
        from .live import Live, is_alone  # start-up time

        if is_alone(self.settings):
            self.observers.append(Live(progress, self.timers))

    def _finish(self, run: Run) -> None:
        data = run.data
        assert data is not None
        call = data['call']
        self.outcome.store(call)
        delay = self.outcome.run_delay if self.has_defaults else None
        if delay is not None:
            call['run_delay'] = delay
        ended_by = self.ended_by
        if ended_by is not None:
            data['exit_signal'] = name_of(ended_by)
        self.forwarding.swallows = 1
        run.finish(self.outcome.error)
        if self.answer is not None:
            self.answer.finish(data)

    # --- the iterations --------------------------------------------------------------

    def _repeat(self, times: Iterable[Any], once: Callable[..., None], *args: Any) -> None:
        """Call a function for each item, until something ends the measurement."""
        self.forwarding.swallows = inf
        self.options['environ'] = environment()
        for _ in times:
            if self.outcome.error is not None or self.forwarding.ending is not None:
                self.outcome.is_incomplete = True
                break
            try:
                once(*args)
            except StillRunningError:
                self.left_running = self.outcome.is_incomplete = True
            except BaseException as error:  # main() raises it again
                self.outcome.fail(error, self._has_started())

    def _run_child(self) -> None:
        self.rewind()
        try:
            self._run_new_child()
        except BlockingIOError:  # EAGAIN of fork(2): too many processes and threads
            if self.child is None or self._has_started() or not self.timers.dismiss():
                raise
            from .unthreaded import retry_start  # start-up time

            self._run_timers_in_main_thread()  # our thread took the last place
            retry_start(self._run_new_child)

    def _run_new_child(self) -> None:
        check, how = self.forwarding.check_deadline, (self.options, self.own_group)
        self.child = Child(self.command, self.observers, *how, check, self.turn)
        self.forwarding.starting()
        try:
            self.child.run()
        except StillRunningError:
            if self.capture is not None:
                self.capture.store(self.child)
            raise
        finally:
            self.forwarding.settled(self.child)

    def _has_started(self) -> bool:
        """Return whether the last execution exists or existed."""
        return self.child is not None and self.child.process is not None

    def _run_timed(self, run: Run) -> None:
        run.began_elsewhere()
        try:
            self._run_child()
        finally:
            child = self.child
            if child is not None and child.process is not None:
                run.add_duration(child.duration_ns)
                self.outcome.add(child)
                if self.answer is not None:
                    self.answer.add(child)
                if self.enough is not None:
                    is_good = child.status == 0 and not child.timed_out
                    self.enough.add(child.duration_ns * 1e-9, is_good)
                if self.progress is not None:
                    self.progress.between(child.duration_ns)

    def _print_answer(self, delivery: Delivery) -> None:
        """Print the outcome on a terminal, unless the command could not be started."""
        if self.progress is not None:
            self.progress.clear()
        if self.answer is not None and self.outcome.start_error is None:
            self.answer.print(delivery.took_last())

    def _check(self, masker: Masker) -> None:
        """Warn about patterns that matched nothing: the record may contain a secret."""
        if self.settings.redact and not self.settings.quiet:
            for pattern in masker.unmatched:
                print_stderr(
                    f'microbench: --redact {quote(pattern)} matches no field of the record'
                )

    def _stay(self) -> None:
        """Wait for a child that was still running when the record was written."""
        if self.left_running and self.child is not None:
            print_stderr('microbench: the record is written; the command has not ended yet')
            self.child.finish()

    @property
    def ended_by(self) -> int | None:
        """The signal by which this process must end, if there is one."""
        return self.outcome.ended_by(self.forwarding.ending)
