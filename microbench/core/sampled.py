"""`every=N` and `sample=0.01`: some calls of a function are recorded, the others counted.

A Sampler (csrc/py/py_sampler.h) decides which. A call that is recorded has the counts of
those since the last record in `call.between`. What is counted after the last one goes into
a record of its own, without durations, when the process ends.
"""

from __future__ import annotations

from .. import _core
from ..counters import NATIVE_COUNTERS
from ..messages import one_line, warn
from .callables import name_of, place_text
from .config import config_of
from .labels import new_run
from .workers import LAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .labels import Label
    from .owner import Owner
    from .run import Run

MOST = 1000  # functions that may wait for a record; made in a loop, they would be more

# What has counts that are in no record yet, by identity, in this process.
_pending: dict[int, SampledCalls] = {}
_watched: list[int] = []  # the fork generation whose end is watched


class SampledCalls:
    """Begins the run of each call of a function that is recorded.

    Attributes:
        sampler: decides which calls these are; read by `Timed`, in C.
        label: that of the decorator, or None.
    """

    def __init__(self, bench: Owner, func: Any, label: Label | None = None) -> None:
        self._bench, self._func, self.label = bench, func, label
        config = config_of(bench)
        self._how: dict[str, Any] = dict([config.sampling or ('every', 1)])
        integers = dict(NATIVE_COUNTERS)[config.counter]
        every, share = self._how.get('every', 0), self._how.get('sample', 0.0)
        self.sampler = _core.Sampler(every, share, config.histogram, integers, self._note)

    def __reduce__(self) -> Any:
        """Return what a copy is made of: it begins to count anew."""
        return type(self), (self._bench, self._func, self.label)

    def __call__(self, bench: Owner, func: Any, args: Any, kwargs: Any) -> Run:
        """Begin the run of a call; see run.begin_call()."""
        return self._begin_run(bench, None, func, args, kwargs)

    def _begin_run(self, bench: Owner, name: str | None, *call: Any) -> Run:
        """Begin a run that has the counts; keep them if that fails."""
        taken = self.sampler.take()
        try:
            _pending.pop(id(self), None)
            fields = {**self._how}
            if taken is not None:
                fields['between'] = taken.fields()
            run: Run = new_run(bench, self.label, name)
            if name is not None and run.plan.places:
                run.place = place_text(self._func)
            return run.begin(*call, **fields)
        except BaseException:
            if taken is not None:
                self.sampler.put_back(taken)
            raise

    def _note(self) -> None:
        """Note that there are counts. The caller: the Sampler, in C."""
        _forget_parent()
        _pending[id(self)] = self
        if len(_pending) > MOST:
            next(iter(_pending.values())).write()

    def is_of(self, bench: Owner | None) -> bool:
        """Return True for a function of this bench; of any with None."""
        return bench is None or bench is self._bench

    def write(self) -> None:
        """Write a record of the calls that were counted since the last one."""
        if _pending.get(id(self)) is self:
            self._begin_run(self._bench, name_of(self._func), None, (), {}).finish()


def write_pending(bench: Owner | None = None) -> None:
    """Write what is counted and in no record yet, of one bench or of all.

    An error is a warning, so that each function has its turn.
    """
    if _pending:
        _forget_parent()
    for calls in list(_pending.values()):
        if calls.is_of(bench):
            try:
                calls.write()
            except Exception as error:
                warn(f'the last calls were not recorded: {one_line(error)}', RuntimeWarning)


def _forget_parent() -> None:
    """Begin anew in this process, and have the counts written at its end."""
    if _watched == [_core.fork_generation()]:
        return
    import atexit
    import sys

    _pending.clear()
    if not _watched:
        atexit.register(write_pending)
    _watched[:] = [_core.fork_generation()]
    util = sys.modules.get('multiprocessing.util')
    if util is not None and sys.modules['multiprocessing'].parent_process() is not None:
        util.Finalize(None, write_pending, exitpriority=LAST)  # workers skip atexit
