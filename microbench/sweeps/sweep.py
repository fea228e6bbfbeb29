"""sweep(): call a function at many points, by any executor."""

from __future__ import annotations

from time import perf_counter
from uuid import uuid4

from ..bench import MicroBench
from ..core.arguments import whole
from ..core.callables import name_of
from ..core.workers import prepares_worker
from . import sending
from .calls import Calls
from .earlier import done_before, records_of
from .grid import grid_of
from .keeping import Keeper
from .pools import GUARD, Pools
from .result import SweepResult
from .runner import Runner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def sweep(
    func: Callable[..., Any],
    grid: Any,
    executor: Any = None,
    *,
    repeats: int = 1,
    output: Any = None,
    resume: Any = False,
    bench: Callable[..., Any] = MicroBench,
    raise_on_error: bool = False,
    attempts: int = 3,
    max_pending: int = 1000,
) -> SweepResult:
    """Call a function at each point of a grid, and keep a record of each call.

    A record is made where the function runs, with host, process, phases and exception. It
    comes back with the value, and is written here: each call leaves one record, even if
    its worker is killed.

    Args:
        func: the function; it is called with the names and values of a point.
        grid: a dict with a list of values for each name, for all combinations; or dicts,
            one for each point.
        executor: runs the calls: an object with `submit(function, *args)`; a callable that
            makes such an executor, and another one if its workers have died; a number of
            processes. Left out: as many processes as there are usable CPUs.
        repeats: calls of each point. The whole grid is gone through so many times.
        output: path of a file, or a sink. Left out: memory.
        resume: True leaves out what the output has already, but for calls that have
            failed; a path leaves out what is there, and is the output if there is no other.
        bench: class of benches, or a callable that takes `outputs` and returns one: says
            what records have, and has to be found by workers.
        raise_on_error: end with the first exception, after the calls that run.
        attempts: calls of one point, at most, if workers die meanwhile; the last one runs
            alone. Calls that raise are not tried again.
        max_pending: futures at a time.

    Returns:
        The points, with values or exceptions, and the records.

    Raises:
        TypeError, ValueError: an argument is wrong, or cannot be sent to a worker.
        RuntimeError: workers cannot begin.
        BaseException: what the function has raised, with `raise_on_error`.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> result = sweep(pow, [{'base': 2, 'exp': n} for n in (1, 5)], ThreadPoolExecutor(1))
    >>> [point.value for point in result]
    [2, 32]
    >>> [record['sweep']['point'] for record in result.records]
    [{'base': 2, 'exp': 1}, {'base': 2, 'exp': 5}]
    """
    if prepares_worker():
        raise RuntimeError(f'sweep() is called in a worker that begins: {GUARD}')
    points, name = grid_of(grid), name_of(func)
    sending.raise_if_unsuited(func, points)
    repeats, *limits = _counts(repeats=repeats, attempts=attempts, max_pending=max_pending)
    output = _output(output, resume)
    before = {}
    if resume not in (False, None):
        before = done_before(records_of(resume, output), name, points, repeats, bench)
    keeper = Keeper(output)
    result = SweepResult(uuid4().hex, name, points, repeats, keeper, before)
    calls = Calls(func, points, result, keeper, raise_on_error)
    _run(calls, Pools(executor), bench, limits, result)
    if raise_on_error and calls.first_error is not None:
        raise calls.first_error
    return result


def _counts(**given: Any) -> list[int]:
    numbers = [whole(name, value) for name, value in given.items()]
    if 0 in numbers:
        raise ValueError(f'{list(given)[numbers.index(0)]} has to be at least 1, not 0')
    return numbers


def _output(output: Any, resume: Any) -> Any:
    """Return where records go: what is resumed, if nothing else is given."""
    if output is None and resume is True:
        raise ValueError('resume=True needs an output: give its path')
    return resume if output is None and resume not in (False, None) else output


def _run(
    calls: Calls, pools: Pools, bench: Any, limits: list[int], result: SweepResult
) -> None:
    is_done, began = False, perf_counter()
    calls.begin()
    try:
        Runner(pools, calls.job(pools, bench), calls, *limits).run()
        is_done = True
    finally:
        pools.close(wait=is_done)
        calls.end()
        result.seconds = perf_counter() - began
