"""Submit tasks, a window of them at a time, and again those whose worker has died.

When a pool of processes breaks, all its futures fail, and it does not say which task broke
it. It takes tasks in the order of submission; so the suspects are the first ones that are
not done, as many as there are workers. The others are submitted again. A suspect gets a
strike, and with the last but one it has to run alone, at the end: if the pool breaks then,
there is no doubt. So every pool that breaks costs some task a strike, and their number is
bounded.

Short tasks are submitted several at a time.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor
from itertools import islice

from ..messages import one_line
from . import worker
from .waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .calls import Calls
    from .pools import Pools

    Batch = tuple[Any, list[int]]  # a future, and the numbers of its tasks

LONG_ENOUGH = 0.01  # seconds of a batch
SHORTEST = 1e-6  # seconds of a task
LARGEST = 50  # tasks in a batch
PARTS = 4  # batches for each worker, at least, of what is left
USUAL = 16  # workers, where their number is unknown
AHEAD = 4  # futures for each worker, while tasks are short
PATIENCE = 0.5  # seconds without a result, after which tasks are not short
IN_A_ROW = 20  # pools that may break without a result in between
NO_MICROBENCH = 'a worker has no microbench: install it where the workers run'


class Runner:
    """The tasks of a sweep, and what becomes of them.

    Args:
        pools: the executor.
        job: what all tasks have in common, for the worker.
        calls: makes the tasks, and takes what becomes of them.
        attempts: how often a task may run whose worker dies.
        max_pending: futures at a time.
    """

    def __init__(
        self,
        pools: Pools,
        job: worker.Job,
        calls: Calls,
        attempts: int,
        max_pending: int,
    ) -> None:
        self._pools, self._job = pools, job
        self._calls = calls
        self._todo = calls.numbers()
        self._left = calls.count
        self._attempts, self._max_pending = attempts, max_pending
        self._again: deque[int] = deque()
        self._alone: deque[int] = deque()
        self._strikes: dict[int, int] = {}
        self._pending: dict[int, Batch] = {}
        self._broken: list[list[int]] = []  # tasks of batches that a broken pool had
        self._reason: BaseException | None = None  # why it broke
        self._breaks = 0  # since the last result
        self._key = 0
        self._waiting = Waiting()
        self._pace: float | None = None  # seconds of a task
        self._is_slow = False
        self._stopped = False

    def run(self) -> None:
        """Run all tasks, or up to where `take` or `lose` return True."""
        try:
            while self._goes_on():
                if self._pending:
                    self._receive(self._waiting.next(self._patience()))
                elif self._reason is not None:
                    self._recover(self._reason)
        except BaseException:
            self._abandon()
            raise

    # --- submit ------------------------------------------------------------------------

    def _goes_on(self) -> bool:
        """Fill the window; return True if there is anything to wait for."""
        while self._has_room():
            batch = self._next_batch()
            if not batch:
                break
            self._send(batch)
        return bool(self._pending) or self._reason is not None

    def _has_room(self) -> bool:
        is_open = not self._stopped and self._reason is None
        return is_open and len(self._pending) < self._window()

    def _window(self) -> int:
        """Return how many futures there may be: few for short tasks: these go together."""
        few = not self._is_slow and (self._pace or 0.0) < LONG_ENOUGH
        return min(self._max_pending, AHEAD * self._workers) if few else self._max_pending

    def _patience(self) -> float | None:
        return None if self._is_slow else PATIENCE

    @property
    def _workers(self) -> int:
        return self._pools.workers or USUAL

    def _next_batch(self) -> list[int]:
        if self._again:
            return [self._again.popleft()]
        batch = list(islice(self._todo, self._size()))
        if not batch and self._alone and not self._pending:
            batch = [self._alone.popleft()]
        return batch

    def _size(self) -> int:
        """Return how many tasks go together: more than one only if they are short."""
        if self._pace is None:
            return 1
        share = self._left // (PARTS * self._workers)
        return max(1, min(LARGEST, share, int(LONG_ENOUGH / self._pace)))

    def _send(self, batch: list[int]) -> None:
        tasks = [self._calls.task(number, self._strikes.get(number, 0)) for number in batch]
        try:
            future = self._pools.submit(worker.run, self._job, tasks)
        except BrokenExecutor as error:
            self._reason = error
            self._again.extendleft(reversed(batch))
            return
        self._key += 1
        self._pending[self._key] = future, batch
        self._waiting.add(self._key, future)

    # --- receive -----------------------------------------------------------------------

    def _receive(self, key: int | None) -> None:
        if key is None:
            self._is_slow = True  # the first calls take long: submit the others, too
            return
        future, batch = self._pending.pop(key)
        try:
            seconds, outcomes = future.result()
        except BrokenExecutor as error:
            self._reason = error
            self._broken.append(batch)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # asyncio.CancelledError is no Exception
            self._one_failed(batch, error)
        else:
            self._breaks = 0
            self._note_pace(seconds, len(batch))
            for outcome in outcomes:
                self._left -= 1
                self._stop_if(self._calls.take(outcome))

    def _note_pace(self, seconds: float | None, count: int) -> None:
        if seconds is not None:  # not the first of a worker
            each = max(seconds / count, SHORTEST)
            self._is_slow = each >= LONG_ENOUGH
            self._pace = each if self._pace is None else max(each, 0.5 * self._pace)

    def _stop_if(self, is_over: bool) -> None:
        """Cancel what does not run yet; what runs is still received."""
        if is_over and not self._stopped:
            self._stopped = True
            for future, _ in list(self._pending.values()):
                future.cancel()

    # --- tasks without an outcome -------------------------------------------------------

    def _one_failed(self, batch: list[int], error: BaseException) -> None:
        """Handle a future that has failed while the executor goes on."""
        if isinstance(error, ImportError) and 'microbench' in str(error):
            raise RuntimeError(f'{NO_MICROBENCH} ({one_line(error)})') from None
        if not self._stopped:
            self._strike(batch, error)

    def _strike(self, batch: list[int], error: BaseException, alone: bool = False) -> None:
        for number in batch:
            strikes = self._strikes[number] = self._strikes.get(number, 0) + 1
            if strikes >= self._attempts:
                self._give_up(number, error)
            elif alone and strikes == self._attempts - 1:
                self._alone.append(number)
            else:
                self._again.append(number)

    def _give_up(self, number: int, error: BaseException) -> None:
        self._left -= 1
        self._stop_if(self._calls.lose(number, error, self._strikes.get(number, 1)))

    def _recover(self, reason: BaseException) -> None:
        """Go on with another executor, when all futures of a broken one have failed."""
        broken, self._broken, self._reason = self._broken, [], None
        if self._stopped:
            return
        self._breaks += 1
        suspects = self._pools.workers or len(broken)
        for batch in broken[:suspects]:
            self._strike(batch, reason, alone=True)
        for batch in broken[suspects:]:
            self._again.extend(batch)
        if self._breaks > IN_A_ROW or not self._pools.renew():
            for number in self._rest():
                self._give_up(number, reason)

    def _rest(self) -> Iterator[int]:
        while not self._stopped and (self._again or self._alone):
            yield (self._again or self._alone).popleft()
        if not self._stopped:
            yield from self._todo

    def _abandon(self) -> None:
        """Keep what is done, and cancel all else: an exception ends the sweep."""
        self._stopped = True
        for future, _ in list(self._pending.values()):
            future.cancel()
        for key, (future, _) in list(self._pending.items()):
            if future.done() and not getattr(future, 'cancelled', lambda: False)():
                self._receive(key)
