"""Measure how long a call of a function takes, without a decorator.

The samples are taken by C; `measuring` decides how many there are. With a bench, they
become a record as well, as those of a function decorated with `iterations='auto'`.
"""

from __future__ import annotations

import time

from . import _core
from .counters import clock_choice, is_native
from .measuring.calibration import Calibration
from .measuring.clock import Clock
from .measuring.options import AUTO, Options, count
from .measuring.result import Measurement
from .measuring.series import Series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal

    from .measuring.calibration import Take

GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200  # code.co_flags
KINDS = (
    (COROUTINE, 'coroutine', 'await it in a block: async with bench.arecord()'),
    (ASYNC_GENERATOR, 'async generator', 'measure a function that runs it'),
    (GENERATOR, 'generator', 'measure a function that exhausts it, such as list'),
)


def measure(
    func: Callable[..., Any],
    /,
    *args: Any,
    kwargs: Mapping[str, Any] | None = None,
    setup: Callable[[], Any] | None = None,
    name: str | None = None,
    min_time: float | None = None,
    max_time: float | None = None,
    precision: float | None = None,
    warmup: int | Literal['auto'] = 'auto',
    loops: int | Literal['auto'] = 'auto',
    duration_counter: Callable[[], Any] = time.perf_counter,
    bench: Any = None,
) -> Measurement:
    """Measure how long a call of a function takes.

    It is called until its calls get no faster. Then samples follow, of so many calls each
    that reading the clock costs next to nothing in comparison, until the median is known
    well enough. All calls get the same objects as arguments: give a function that changes
    them a `setup`, which makes new ones.

    Args:
        func: what is called. Not a coroutine function or a generator function: a call of
            these only makes an object.
        *args: positional arguments of each call.
        kwargs: keyword arguments of each call.
        setup: called before each call, and not timed. It returns the tuple of positional
            arguments for that call, or None for `args`. With it, a sample is one call.
        name: of the result. Default: the name of the function.
        min_time: seconds that the samples take together, at least. Default: 0.1.
        max_time: seconds after which no sample begins, warm-up included. Default: 3.
        precision: how near both ends of the 95 % interval of the median have to come to
            it for an end before `max_time`, as a share of it. Default: 0.01.
        warmup: calls before the samples; `'auto'`: until they get no faster.
        loops: calls in a sample; `'auto'`: as many as the clock needs.
        duration_counter: callable that returns seconds, or nanoseconds if its name ends
            with `_ns`.
        bench: a bench that gets the samples as one record, with `call.loops`.

    Returns:
        A `Measurement`: median, interval, and more statistics, for one call, in seconds.

    Raises:
        TypeError, ValueError: an argument is wrong, or the clock does not advance.
        Exception: whatever the function raises ends the measurement.

    >>> found = measure(sorted, [3, 1, 2])
    >>> found.name, 0 < found.min <= found.median <= found.max < 0.001
    ('sorted', True)
    """
    options = Options(min_time, max_time, precision, warmup)
    check_callable(func, setup, duration_counter)
    asked = None if loops == AUTO else count('loops', loops, 1)
    label = name or _name_of(func)
    if bench is not None and not bench._off:
        if setup is not None:
            raise ValueError('a record has no calls with a setup: leave out bench or setup')
        from .core.measured import measured  # start-up time

        return measured(bench, label, options, asked, func, args, dict(kwargs or {}))
    clock = clock_of(duration_counter)
    take = _taking(clock, func, args, dict(kwargs or {}), setup)
    calibration = Calibration(clock, options, 1 if setup is not None else asked)
    return _measured(label, calibration, take)


def measure_loop(loop: Callable[[int], object], name: str, **options: Any) -> Measurement:
    """Measure a function that runs some code as often as its argument says.

    Args:
        loop: the function.
        name: of the result.
        **options: min_time, max_time, precision and warmup, as those of `measure`.

    Returns:
        A `Measurement` for one run of the code.

    Raises:
        TypeError, ValueError: an option is wrong.
        Exception: whatever the code raises.
    """
    clock = clock_of(time.perf_counter)

    def take(loops: int, count: int) -> list[float]:
        return clock.samples(loop, (loops,), {}, 1, count)

    return _measured(name, Calibration(clock, Options(**options)), take)


def _measured(name: str, calibration: Calibration, take: Take) -> Measurement:
    calibration.run(take)
    options, clock = calibration.options, calibration.clock
    series = Series(options, calibration.spent, calibration.began)
    if calibration.is_late and calibration.loops == 1:
        series.add([calibration.first])
    while more := series.more():
        series.add(take(calibration.loops, more))
    return Measurement(
        name,
        [seconds / calibration.loops for seconds in series.seconds],
        calibration.loops,
        overhead=clock.overhead,
        precision=options.precision,
    )


def _taking(clock: Clock, func: Any, args: Any, kwargs: Any, setup: Any) -> Any:
    """Return what takes samples."""
    if setup is None:
        return lambda loops, count: clock.samples(func, args, kwargs, loops, count)

    def one() -> float:
        made = setup()
        given = args if made is None else made
        if not isinstance(given, tuple):
            raise TypeError(f'setup has to return a tuple of arguments, not {given!r}')
        return clock.samples(func, given, kwargs, 1, 1)[0]

    return lambda _loops, count: [one() for _ in range(count)]


def clock_of(counter: Callable[[], Any]) -> Clock:
    """Return a duration counter; the native clock, if it reads that."""
    name = _name_of(counter)
    if is_native(counter):
        return Clock(None, name, _core.clock_info(clock_choice()))
    return Clock(counter, name)


# --- arguments ---------------------------------------------------------------------------


def check_callable(func: Any, setup: Any, duration_counter: Any) -> None:
    """Reject what cannot be measured.

    Raises:
        TypeError: one of them cannot be called, or the function only makes an object.
    """
    if not callable(func):
        raise TypeError(f'{func!r} cannot be called: measure() takes a function')
    for flag, kind, instead in KINDS:
        if _flags_of(func) & flag:
            raise TypeError(
                f'{_name_of(func)} is a {kind} function, and a call of it only makes '
                f'an object: {instead}'
            )
    if setup is not None and not callable(setup):
        raise TypeError(f'setup has to be callable, not {setup!r}')
    if not callable(duration_counter):
        raise TypeError(f'duration_counter has to be callable, not {duration_counter!r}')


def _flags_of(func: Any) -> int:
    """Return the flags of the code of a function, method, partial or callable object."""
    while type(func).__name__ == 'partial' and hasattr(func, 'func'):
        func = func.func
    code = getattr(func, '__code__', None)
    if code is None:
        code = getattr(type(func).__call__, '__code__', None)
    return int(getattr(code, 'co_flags', 0))


def _name_of(func: Any) -> str:
    return str(getattr(func, '__qualname__', None) or type(func).__name__)
