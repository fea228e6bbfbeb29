"""Reuse profilers of line_profiler for the next calls of a function.

line_profiler 5 puts a changed `__code__` into a function for each profiler that gets it,
from 5.0.0 to 5.0.2 a longer one each time. So a profiler is used again, and what it
counts for one call is the difference to what it had counted before.
"""

from __future__ import annotations

import inspect
import sys
from types import FunctionType
from typing import NamedTuple
from weakref import WeakKeyDictionary

from ..core.callables import without_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any


def functions_of(func: Any) -> tuple[FunctionType, ...]:
    """Return the Python functions behind a callable: of a class, all that it defines.

    line_profiler before 5 takes nothing but functions. A builtin has no lines.
    """
    func = inspect.unwrap(without_partial(func))
    if isinstance(func, type):
        found = [getattr(value, '__func__', value) for value in vars(func).values()]
    elif hasattr(func, '__func__') or hasattr(func, '__code__'):
        found = [getattr(func, '__func__', func)]
    else:
        found = [type(func).__call__]
    unwrapped = [inspect.unwrap(value) for value in found if callable(value)]
    return tuple(value for value in unwrapped if isinstance(value, FunctionType))


class PooledProfiler(NamedTuple):
    """A profiler and its earlier counts: (place, line) to (hits, time)."""

    profiler: Any
    counted: dict[tuple[Any, int], tuple[int, int]]

    def stats(self) -> Any:
        """Return the statistics since the profiler was taken from the pool."""
        stats = self.profiler.get_stats()
        new = {}
        for place, lines in stats.timings.items():
            rows = [self._since(place, *line) for line in lines]
            new[place] = [row for row in rows if row[1]]
        return type(stats)(new, stats.unit)

    def _since(self, place: Any, line: int, hits: int, time: int) -> tuple[int, int, int]:
        hits_before, time_before = self.counted.get((place, line), (0, 0))
        self.counted[place, line] = (hits, time)
        return line, hits - hits_before, time - time_before


class Pool:
    """Idle profilers of one callable, while its code stays the same."""

    def __init__(self) -> None:
        self.idle: list[PooledProfiler] = []
        self.codes: list[CodeType] = []

    def take(self, functions: tuple[FunctionType, ...]) -> PooledProfiler:
        """Return an unused profiler of these functions.

        Raises:
            ImportError: line_profiler is not installed.
        """
        from line_profiler import LineProfiler

        if [function.__code__ for function in functions] != self.codes:
            self.idle = []  # the program has changed a function
        if self.idle:
            return self.idle.pop()
        profiler: Any = LineProfiler()
        if sys.version_info < (3, 12) and hasattr(profiler, 'wrap_trace'):
            profiler.wrap_trace = True  # of all profilers: coverage and debuggers go on
        for function in functions:
            profiler.add_function(function)
        profiler.functions.clear()  # or the functions would never be freed
        self.codes = [function.__code__ for function in functions]
        return PooledProfiler(profiler, {})


POOLS: WeakKeyDictionary[Any, Pool] = WeakKeyDictionary()


def taken(func: Any) -> tuple[Pool, PooledProfiler]:
    """Return a profiler of a callable, and the pool to which it belongs."""
    functions = functions_of(func)
    key = functions[0] if len(functions) == 1 else func
    try:
        pool = POOLS.setdefault(key, Pool())
    except TypeError:
        pool = Pool()  # no weak references, or no hash: nothing is kept
    return pool, pool.take(functions)
