"""Warm a function up, and find how many calls make a sample.

A sample is long against the resolution of the clock and what a reading costs, and short
against the time between disturbances: the timer of the kernel comes every 1 to 10 ms. So
few of many samples are disturbed, and the median is that of the others.
"""

from __future__ import annotations

import time
from math import ceil, inf

from ..results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from .clock import Clock
    from .options import Options

    Take = Callable[[int, int], list[float]]  # loops and count: seconds of samples
    Steps = Generator[tuple[int, int], list[float], None]  # asks for them
    Step = Generator[tuple[int, int], list[float], list[float]]
    Number = Generator[tuple[int, int], list[float], float]

LONG = 1000  # times the cost of a reading and the resolution, at least, is a sample
SHORTEST = 50e-6  # seconds of a sample
FEW = 20  # samples in min_time, at least, as long as the clock can resolve them
MOST_LOOPS = 1 << 30
NEARLY = 0.99  # of the length of a sample is enough
STEPS = (1, 2, 5)  # of the number of loops, in each power of ten
IDLE_LOOPS = 1 << 20  # calls in which the clock of a user has to advance
WINDOW = 0.005  # seconds of warm-up that are compared with those before
LEAST, MOST = 5, 1000  # samples in it
GAIN = 0.01  # as much faster, the warm-up goes on


class Calibration:
    """Finds the number of loops for samples.

    Args:
        clock: what measures them.
        options: when to end.
        loops: number of calls in a sample; None: to be found.

    Attributes:
        loops: number of calls in a sample.
        first: seconds of the first call; that of a function too slow for another one is
            the only sample.
        fastest: seconds of the shortest call in the last part of the warm-up.
        spent: seconds of all calls.
    """

    __slots__ = (
        *('began', 'clock', 'fastest', 'first', 'is_given', 'loops', 'options'),
        'spent',
    )

    def __init__(self, clock: Clock, options: Options, loops: int | None = None) -> None:
        self.clock, self.options = clock, options
        self.is_given = loops is not None
        self.loops = loops or 1
        self.spent = 0.0
        self.first = self.fastest = 0.0
        self.began = time.monotonic()

    @property
    def is_late(self) -> bool:
        """Whether max_time is over, by the clock of the user or by that of the kernel."""
        real = time.monotonic() - self.began
        return max(self.spent, real) >= self.options.max_time

    def run(self, take: Take) -> None:
        """Call the function until the number of loops is known and it is warm.

        Args:
            take: returns the seconds of samples, for a number of loops and of samples.
        """
        steps = self._steps()
        wanted = next(steps, None)
        while wanted:
            wanted = _answered(steps, take(*wanted))

    async def run_async(self, take: Callable[[int, int], Awaitable[list[float]]]) -> None:
        """Do the same with what is awaited."""
        steps = self._steps()
        wanted = next(steps, None)
        while wanted:
            wanted = _answered(steps, await take(*wanted))

    def _steps(self) -> Steps:
        self.first = yield from self._sample()
        if self.is_late:
            return
        if not self.is_given:
            yield from self._lengthen(self.first)
        if self.options.warmup == 'auto':
            yield from self._warm_up()
        elif self.options.warmup:
            yield from self._taken(1, self.options.warmup)

    @property
    def target(self) -> float:
        """Seconds of a sample."""
        clock, options = self.clock, self.options
        long = LONG * max(clock.overhead, clock.resolution)
        return max(min(max(long, SHORTEST), options.min_time / FEW), 10 * clock.overhead)

    def _sample(self) -> Number:
        return (yield from self._taken(self.loops, 1))[0]

    def _taken(self, loops: int, count: int) -> Step:
        found = yield loops, count
        self.spent += sum(found)
        return found

    def _lengthen(self, seconds: float) -> Steps:
        """Have more loops in a sample until it is long enough."""
        most = MOST_LOOPS
        while seconds < self.target * NEARLY and self.loops < most and not self.is_late:
            most = MOST_LOOPS if seconds > 0 else IDLE_LOOPS
            wanted = self.target / seconds if seconds > 0 else 10
            self.loops = rounded(self.loops * min(max(wanted, 1.5), 10))
            seconds = yield from self._sample()
        if seconds <= 0:
            raise ValueError(
                f'the duration counter {self.clock.name} did not advance '
                f'in {self.loops} calls'
            )

    def _warm_up(self) -> Steps:
        """Take samples as long as they get faster, for a tenth of max_time at most.

        The first window is never the last: the interpreter adapts code as it runs.
        """
        limit = self.spent + self.options.max_time / 10
        if self.first > limit:
            return
        before, now = inf, inf
        while (now < before * (1 - GAIN) or now == inf) and self.spent < limit:
            before, now = now, (yield from self._window(limit))
        if not self.is_given and self.fastest > 0:
            self.loops = rounded(self.target / self.fastest * (1 - 1e-9))

    def _window(self, limit: float) -> Number:
        """Return the median duration of a call in the next samples; 0.0 without any."""
        found: list[float] = []
        end = self.spent + WINDOW
        while (self.spent < end or len(found) < LEAST) and len(found) < MOST:
            if self.spent >= limit or self.is_late:
                break
            found += yield from self._taken(self.loops, 1)
        if not found:
            return 0.0
        self.fastest = min(found) / self.loops
        return median(sorted(found)) / self.loops


def _answered(steps: Steps, samples: list[float]) -> tuple[int, int] | None:
    """Return what is asked for next; None at the end."""
    try:
        return steps.send(samples)
    except StopIteration:
        return None


def rounded(loops: float) -> int:
    """Return the next larger number that is 1, 2 or 5 times a power of ten.

    >>> rounded(1), rounded(1.5), rounded(300), rounded(0.01)
    (1, 2, 500, 1)
    """
    power = 1
    while power * 5 < loops:
        power *= 10
    return next((power * step for step in STEPS if power * step >= loops), ceil(loops))
