"""Make the tasks of a sweep, and take what becomes of them: records, values, exceptions."""

from __future__ import annotations

import os

from ..encoding.json_text import encode
from . import sending, worker
from .lost import lost_record
from .progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .grid import Listed, Product
    from .keeping import Keeper
    from .pools import Pools
    from .result import SweepResult


class Calls:
    """The calls of a sweep; each has a number.

    Args:
        func: the function.
        grid: the points.
        result: gets values and exceptions.
        keeper: gets the records.
        stops: the first failure ends the sweep.

    Attributes:
        count: number of calls that are not done yet.
        first_error: the first failure.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        grid: Product | Listed,
        result: SweepResult,
        keeper: Keeper,
        stops: bool,
    ) -> None:
        self._func, self._grid = func, grid
        self._result, self._keeper = result, keeper
        self._stops = stops
        self._sends = True
        self.count = len(result) - len(result.earlier)
        self._progress = Progress(self.count)
        self.first_error: BaseException | None = None

    def job(self, pools: Pools, make: Callable[..., Any]) -> worker.Job:
        """Return what all tasks have in common; check that workers can read it.

        Raises:
            TypeError, RuntimeError: they cannot.
        """
        self._sends = not pools.is_local
        data: Any = (self._func, make)
        if self._sends:
            data = sending.packed_function(self._func, make, pools.imports_main)
            sending.raise_if_unsendable(self._grid)
            pools.check(data)
        return self._result.id, data, self._result.name

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of the calls that are not done yet."""
        known = self._result.earlier
        return (number for number in range(len(self._result)) if number not in known)

    def task(self, number: int, strikes: int) -> worker.Task:
        """Return the task of a call, after so many workers have died."""
        point = self._grid[number % len(self._grid)]
        text = encode(self._fields(number, strikes + 1)).decode('ascii')
        return number, text, sending.packed(point) if self._sends else point

    def _fields(self, number: int, attempt: int) -> dict[str, Any]:
        repeat, index = divmod(number, len(self._grid))
        shown = self._grid.shown(index)
        fields = {'id': self._result.id, 'index': index, 'repeat': repeat, 'point': shown}
        return {**fields, 'attempt': attempt} if attempt > 1 else fields

    def take(self, outcome: worker.Outcome) -> bool:
        """Keep what a worker returns; return True to stop."""
        number, record, value, error, traceback = outcome
        if error is not None:
            error = sending.unpacked_error(error)
        elif isinstance(value, worker.Packed):
            value, error = sending.unpacked_value(value)
        if not record and error is not None:
            record = self._lost(number, error, 1)
        return self._end(number, record, value, error, traceback)

    def lose(self, number: int, error: BaseException, attempts: int) -> bool:
        """Give a call up whose worker has died; return True to stop."""
        return self._end(number, self._lost(number, error, attempts), None, error, '')

    def _lost(self, number: int, error: BaseException, attempts: int) -> str:
        fields = self._fields(number, attempts)
        return lost_record(self._result.name, fields, error)

    def _end(
        self,
        number: int,
        record: str,
        value: Any,
        error: BaseException | None,
        traceback: str,
    ) -> bool:
        if record:
            self._keeper.keep(record)
        if error is None:
            self._result.add(number, value)
        else:
            self._result.add_error(number, error, traceback)
            self.first_error = self.first_error or error
        self._progress.add(error is not None)
        return self._stops and error is not None

    def begin(self) -> None:
        """Note that tasks may run in this process."""
        worker.AT_HOME[self._result.id] = os.getpid()

    def end(self) -> None:
        """Write what waits; erase the progress."""
        worker.AT_HOME.pop(self._result.id, None)
        worker.forget(self._result.id)
        self._keeper.flush()
        self._progress.clear()
