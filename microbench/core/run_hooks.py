"""The hooks of a run: what captures add to its record, before and after the code."""

from __future__ import annotations

from .._core import merge
from ..descriptors import loaded
from ..messages import one_line
from . import times
from .capture import set_up
from .run_state import RunState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


class HookedRun(RunState):
    """A run that calls the hooks of its owner."""

    __slots__ = ()

    # --- before the code -----------------------------------------------------------------

    def capture(self) -> None:
        """Run every `capture_*` hook; then take the time of the start."""
        data = self.data
        assert data is not None
        self.add_environment()
        self.run_hooks(self.plan.captures)
        self.begin_monitor()
        data['call']['durations'] = []
        self.note_start()
        data['call']['start_time'] = times.at(self.start_wall_ns, self.plan.tz)

    def add_environment(self) -> None:
        """Add what the bench asks for by attribute."""
        if self.plan.environment:
            assert self.data is not None
            environment = self._loaded('environment', _environment)
            if environment is not None:
                environment.add(self.owner, self.data)

    def run_hooks(self, hooks: Iterable[str]) -> None:
        """Run these `capture_*` hooks."""
        for hook in hooks:
            self.guard(hook, self._capture_one, hook, self.data)

    def begin_monitor(self) -> None:
        """Start the monitor, if the class has one."""
        if self.plan.monitored:
            monitor = self._loaded('monitor', _monitor)
            if monitor is not None:
                self.guard('monitor', monitor.begin, self)

    def _loaded(self, hook: str, load: Callable[[], Any]) -> Any:
        """Import a module of microbench; note the error and return None if that fails.

        It fails where no file descriptor is left.
        """
        try:
            return loaded(load)
        except OSError as error:
            self.note(hook, one_line(error))
            return None

    def _capture_one(self, hook: str, data: dict[str, Any]) -> None:
        definition = self.plan.constant.get(hook)
        if definition is not None:
            merge(data, self.config.constant(self.owner, hook, definition))
            return
        method = getattr(self.owner, hook, None)
        if method is None:
            return  # another thread has just removed it
        pending = method(data)
        if hasattr(pending, 'gi_frame'):
            set_up(data, pending)

    # --- after the code ------------------------------------------------------------------

    def capture_post(self) -> None:
        """Finish pending captures in reverse, then run every `capturepost_*` hook.

        Call each once: between a call and the note that it was made, no function of
        microbench begins, which Ctrl-C could interrupt.
        """
        self.finish_pending()
        if self.posts is None:
            self.posts = list(self.plan.post_captures)
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
