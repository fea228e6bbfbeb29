"""The state of one run, and its hooks.

A HookedRun calls the hooks of its owner. record_dict.py has what the framework itself puts
into the dict that they get, and run.py the life of a run.
"""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded
from ..messages import one_line
from .capture import namespace, set_up
from .plan import current_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any

    from ..outputs.report import Turns
    from .config import Config
    from .hooks import Constants
    from .owner import Owner
    from .plan import Plan
    from .totals import Totals

# The policies: which errors of hooks are noted in the record. Others are raised: at once
# before the code runs, and when the record is written after it.
REQUIRED: tuple[()] = ()
OPTIONAL = Exception  # with `capture_optional`
AT_EXIT = BaseException  # an interruption, too: nothing is raised when a process ends


class HookedRun(_core.OpenRun):
    """The data and the progress of one record while its run lasts, and its hooks."""

    __slots__ = (
        *('completed', 'config', 'data', 'failure', 'known', 'name', 'owner', 'plan'),
        *('posts', 'totals', 'triggered', 'turns', 'undo'),
    )

    totals: Totals  # of phases that are dropped; missing while there are none
    # Seconds that the end of the run may wait for its monitor; None for any time.
    patience: float | None = None

    def __init__(
        self, owner: Owner, name: str | None = None, plan: Plan | None = None
    ) -> None:
        self.owner = owner
        self.config: Config = owner._bench_config
        self.plan = plan or current_plan(self.config, owner)
        self.name = name if name is None or type(name) is str else str(name)
        self.data: dict[str, Any] | None = None
        self.undo: list[Generator[None, None, None]] = []
        self.failure: BaseException | None = None
        self.completed = False  # the measurements are in the dict
        self.known = 0  # phases that are in the dict
        self.triggered = False  # the user's post_finish_triggers() was called
        self.posts: list[str] | None = None  # post captures that have not run yet
        self.turns: Turns | None = None  # of the sinks

    def fold(self, values: list[Any]) -> None:
        """Sum up phases of a user's counter that are listed no more. The caller: C."""
        totals: Totals | None = getattr(self, 'totals', None)
        if totals is None:
            from .totals import Totals  # start-up time

            totals = self.totals = Totals()
        totals.add(values)

    # --- errors of hooks -------------------------------------------------------------
    # Errors of the policy are noted in the record. guard() raises others at once, settle()
    # when the record is written; keep() then raises those of its own kind.

    @property
    def policy(self) -> type[BaseException] | tuple[()]:
        """The errors of hooks that are noted in the record."""
        return OPTIONAL if self.plan.hooks.optional else REQUIRED

    def guard(self, hook: str, method: Callable[..., Any], *args: Any) -> None:
        """Call a hook before the code: note its error in the record, or raise it."""
        try:
            method(*args)
        except self.policy as error:
            self.note(hook, one_line(error))

    def settle(self, hook: str, error: BaseException) -> None:
        """Note the error of a hook after the code in the record, or keep it."""
        if isinstance(error, self.policy):
            self.note(hook, one_line(error))
        else:
            self.failure = self.failure or error

    def keep(
        self, kind: type[BaseException], method: Callable[..., Any], *args: Any
    ) -> None:
        """Call a method; keep its error, if of this kind, until the record is written.

        The first error is kept. An interruption between two steps of microbench is not: the
        caller begins again.
        """
        try:
            method(*args)
        except kind as error:
            self.failure = self.failure or error

    def note(self, hook: str, error: str) -> None:
        """Add an error to `call.capture_errors`."""
        assert self.data is not None
        noted = namespace(self.data, 'call').setdefault('capture_errors', [])
        noted.append({'method': hook, 'error': error})

    # --- before the code -----------------------------------------------------------------

    def capture(self) -> None:
        """Run every `capture_*` hook; then take the time of the start."""
        data, plan = self.data, self.plan
        assert data is not None
        if plan.hooks.environment:
            self.add_environment()
        self.run_captures(plan.hooks.steps)
        if plan.hooks.monitored:
            self.begin_monitor()
        call = data['call']
        call['durations'] = []
        self.note_start()
        call['start_time'] = _core.moment(self.start_wall_ns, plan.settings.tz)

    def add_environment(self) -> None:
        """Add what the bench asks for by attribute."""
        assert self.data is not None
        environment = self._loaded('environment', _environment)
        if environment is not None:
            environment.add(self.owner, self.data)

    def run_captures(self, steps: Iterable[str | Constants]) -> None:
        """Run these steps of a plan. A string names a capture that is not constant."""
        data: Any = self.data
        owner = self.owner
        for step in steps:
            try:
                if isinstance(step, str):
                    hook = getattr(owner, step, None)
                    if hook is None:
                        continue  # another thread has just removed it
                    pending = hook(data)
                    if hasattr(pending, 'gi_frame'):  # of a generator function
                        set_up(data, pending)
                elif step.fields is None:
                    self._run_constants(step)
                else:
                    for fields in step.fields:
                        _core.merge(data, fields)
            except self.policy as error:
                name = step if isinstance(step, str) else step.names[0]
                self.note(name, one_line(error))

    def _run_constants(self, step: Constants) -> None:
        """Run constant captures for the first time, or again if one of them has failed."""
        data: Any = self.data
        constant = self.plan.hooks.constant
        for hook in step.names:
            try:
                self.config.add_constant(data, self.owner, hook, constant[hook])
            except self.policy as error:
                self.note(hook, one_line(error))
        step.prepare(self.config.constants)

    def begin_monitor(self) -> None:
        """Start the monitor of the class."""
        monitor = self._loaded('monitor', _monitor)
        if monitor is not None:
            self.guard('monitor', monitor.start, self)

    def _loaded(self, hook: str, load: Callable[[], Any]) -> Any:
        """Import a module of microbench; note the error and return None if that fails.

        It fails where no file descriptor is left.
        """
        try:
            return loaded(load)
        except OSError as error:
            self.note(hook, one_line(error))
            return None

    # --- around each iteration -----------------------------------------------------------

    def before_iteration(self) -> None:
        """Call `pre_run_triggers`, or what C does in its place."""
        if self.data is not None:
            self.owner.pre_run_triggers(self.data)
        elif self.plan.captures is not None:
            self.plan.captures.native.start(self)

    def end_iteration(self) -> None:
        """Stop the clock, then call the hooks."""
        self.stop()
        if self.triggers:
            self.after_iteration()

    def after_iteration(self) -> None:
        """Call `post_run_triggers`; raise its error after the record is written.

        C calls it too, by name (py_iterations.c).
        """
        try:
            if self.data is not None:
                self.owner.post_run_triggers(self.data)
            elif self.plan.captures is not None:
                self.plan.captures.native.stop(self)
        except BaseException as error:
            self.failure = self.failure or error

    # --- after the code ------------------------------------------------------------------

    def capture_post(self) -> None:
        """Finish pending captures in reverse, then run every `capturepost_*` hook.

        Call each once: between a call and the note that it was made, no function of
        microbench begins, which Ctrl-C could interrupt.
        """
        self.finish_pending()
        if self.posts is None:
            self.posts = list(self.plan.hooks.post_captures)
        while self.posts:
            method, error = getattr(self.owner, self.posts[0], None), None
            try:
                if method is not None:
                    method(self.data)
            except BaseException as raised:
                error = raised
            hook = self.posts.pop(0)
            if error is not None:
                self.settle(hook, error)

    def finish_pending(self) -> None:
        """Have the captures that wait at their `yield` give their result."""
        while self.undo:
            pending, error = self.undo[-1], None
            try:
                next(pending, None)
            except BaseException as raised:
                error = raised
            self.undo.pop()
            if error is not None:
                self.settle(str(getattr(pending, '__name__', 'capture')), error)
            self.keep(BaseException, pending.close)  # a second yield is never resumed


def _environment() -> Any:
    from . import environment  # start-up time

    return environment


def _monitor() -> Any:
    from . import monitor  # start-up time

    return monitor
