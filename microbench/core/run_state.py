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


# The policies: which errors of hooks are noted in the record. Others are raised: at once
# before the code runs, and when the record is written after it.
REQUIRED: tuple[()] = ()
OPTIONAL = Exception  # with `capture_optional`
AT_EXIT = BaseException  # an interruption, too: nothing is raised when a process ends


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

    @property
    def policy(self) -> type[BaseException] | tuple[()]:
        """The errors of hooks that are noted in the record."""
        return OPTIONAL if self.plan.optional else REQUIRED

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
