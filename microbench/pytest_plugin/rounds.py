"""Call a function for a test: in calibrated samples, in rounds, or once.

The result that a test gets is that of the first call, before others could change what the
function works on.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager

from ..measurement import check_callable, clock_of, measure
from ..measuring.options import count
from ..measuring.result import Measurement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from .settings import Settings

    Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Keeping:
    """Calls a function, and keeps its last result."""

    __slots__ = 'func', 'result'

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.result: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> None:  # noqa: D102
        self.result = self.func(*args, **kwargs)


@contextmanager
def collecting(settings: Settings) -> Iterator[None]:
    """Have no cyclic garbage collected meanwhile, if the settings ask for that."""
    is_off = settings.disable_gc and gc.isenabled()
    if is_off:
        gc.disable()
    try:
        yield
    finally:
        if is_off:
            gc.enable()


def calibrated(call: Call, name: str, settings: Settings) -> tuple[Any, Measurement]:
    """Return the result of a call, and how long calls take.

    The first call is a sample only if it is so long that no other one follows.
    """
    func, args, kwargs = call
    check_callable(func, None, settings.counter)
    clock = clock_of(settings.counter)
    keeping = Keeping(func)
    with collecting(settings):
        [seconds] = clock.samples(keeping, args, kwargs, 1, 1)
        few = settings.min_rounds <= 1
        if seconds >= settings.options['max_time'] and few:
            found = Measurement(name, [seconds], 1, overhead=clock.overhead)
            return keeping.result, found
        found = measure(
            *(func, *args),
            kwargs=kwargs,
            name=name,
            duration_counter=settings.counter,
            **settings.options,
        )
        missing = settings.min_rounds - found.count
        if missing > 0:
            more = clock.samples(func, args, kwargs, found.loops, missing)
            found = _with_more(found, [seconds / found.loops for seconds in more])
    return keeping.result, found


def _with_more(found: Measurement, durations: list[float]) -> Measurement:
    return Measurement(
        found.name,
        [*found.durations, *durations],
        found.loops,
        overhead=found.clock_cost * found.loops,
        precision=found.precision,
    )


class Rounds:
    """A number of rounds that the test chooses.

    Args:
        func: what is called.
        args: positional arguments of each call.
        kwargs: keyword arguments of each call.
        setup: called before each round, and not timed. It may return a tuple of
            positional arguments and a dict of keyword arguments for that round.
        teardown: called after each round with its arguments, and not timed.
        iterations: calls in a round.

    Raises:
        ValueError: there are several iterations and a setup; or fewer than one.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        iterations: int = 1,
    ) -> None:
        self.iterations = count('iterations', iterations, 1)
        if setup is not None and self.iterations > 1:
            raise ValueError('with a setup, a round has one iteration')
        self.keeping = Keeping(func)
        # One call is timed with what keeps its result, 0.1 µs; of several, none is kept.
        self.timed = self.keeping if self.iterations == 1 else func
        self.args, self.kwargs = tuple(args), dict(kwargs or {})
        self.setup, self.teardown = setup, teardown

    def once(self) -> Any:
        """Call the function once, without a clock; return its result."""
        self.round(self._call)
        return self.keeping.result

    def measured(
        self, name: str, settings: Settings, rounds: int, warmup: int
    ) -> tuple[Any, Measurement]:
        """Return the result of the last call, and how long calls took.

        With several iterations, one more call follows for the result.
        """
        clock, samples = clock_of(settings.counter), []

        def timed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            samples.extend(clock.samples(self.timed, args, kwargs, self.iterations, 1))

        with collecting(settings):
            for _ in range(count('warmup_rounds', warmup)):
                self.round(self._call)
            for _ in range(count('rounds', rounds, 1)):
                self.round(timed)
            if self.timed is not self.keeping:
                self.round(self._call)
        found = Measurement(
            name,
            [seconds / self.iterations for seconds in samples],
            self.iterations,
            overhead=clock.overhead,
        )
        return self.keeping.result, found

    def round(self, call: Callable[[tuple[Any, ...], dict[str, Any]], None]) -> None:
        """Do a round: setup, the call, teardown."""
        args, kwargs = self._arguments()
        call(args, kwargs)
        if self.teardown is not None:
            self.teardown(*args, **kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.keeping(*args, **kwargs)

    def _arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        made = self.setup() if self.setup is not None else None
        if made is None:
            return self.args, self.kwargs
        if self.args or self.kwargs:
            raise ValueError('the setup returns arguments: leave out args and kwargs')
        args, kwargs = made
        return tuple(args), dict(kwargs)
