"""The state of one record, and what becomes of the errors of hooks.

What the record, its journal and its monitor need of a run: run.py has its life.
"""

from __future__ import annotations

from .. import _core
from ..messages import one_line
from .capture import namespace
from .plan import current_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from ..outputs.delivery_state import Turns
    from .config import Config
    from .owner import Owner
    from .totals import Totals


class RunState(_core.OpenRun):
    """The data and the progress of one record while its run lasts."""

    __slots__ = (
        *('completed', 'config', 'data', 'failure', 'known', 'name', 'owner', 'plan'),
        *('posts', 'totals', 'triggered', 'turns', 'undo'),
    )

    # Seconds that the end of the run may wait for its monitor; None for any time.
    patience: float | None = None

    def __init__(self, owner: Owner, name: str | None = None) -> None:
        self.owner = owner
        self.config: Config = owner._bench_config
        self.plan = current_plan(self.config, owner)
        self.name = name if name is None or type(name) is str else str(name)
        self.data: dict[str, Any] | None = None
        self.undo: list[Generator[None, None, None]] = []
        self.failure: BaseException | None = None
        self.completed = False  # the measurements are in the dict
        self.triggered = False  # the user's post_finish_triggers() was called
        self.posts: list[str] | None = None  # post captures that have not run yet
        self.turns: Turns | None = None  # of the sinks
        self.totals: Totals | None = None  # of phases that are dropped
        self.iterations = 1

    def fold(self, values: list[Any]) -> None:
        """Sum up phases that are listed no more, if a counter of the user's measured them.

        The caller: py_run_keep_value(), in C, by name.
        """
        if self.totals is None:
            from .totals import Totals  # start-up time

            self.totals = Totals()
        self.totals.add(values)

    # --- errors of hooks -------------------------------------------------------------

    def _tolerantly(self, hook: str, method: Callable[..., Any], *args: Any) -> None:
        """Call a hook; with `capture_optional`, note an error in the record instead."""
        try:
            method(*args)
        except Exception as error:
            if not self.plan.optional:
                raise
            self.note(hook, one_line(error))

    def _failed(self, hook: str, error: BaseException) -> None:
        """Keep the error of a hook, or note it."""
        if self.plan.optional and isinstance(error, Exception):
            self.note(hook, one_line(error))
        else:
            self.failure = self.failure or error

    def note(self, hook: str, error: str) -> None:
        """Add an error to `call.capture_errors`."""
        assert self.data is not None
        noted = namespace(self.data, 'call').setdefault('capture_errors', [])
        noted.append({'method': hook, 'error': error})

    def _keeping_error(self, method: Callable[..., Any], *args: Any) -> None:
        """Do a step of microbench; keep its error until later, but not an interruption."""
        try:
            method(*args)
        except Exception as error:
            self.failure = self.failure or error

    def _keeping_failure(self, method: Callable[..., Any], *args: Any) -> None:
        """Call a hook; keep its first error until the record is written."""
        try:
            method(*args)
        except BaseException as error:
            self.failure = self.failure or error
