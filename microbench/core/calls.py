"""Begin the run of one call of a decorated function, and find what records it in C."""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded
from .config import config_of
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .owner import Owner


def recorder_of(
    bench: Owner, func: Callable[..., Any], label: Any = None
) -> _core.Recorder | None:
    """Return a Recorder for the next calls of a function; None where there can be none.

    The first call opens the files; the second one imports recorder.py.

    The caller: C, which gets this function in the constructor of Timed. It does without a
    Recorder if the import fails, as it does when the interpreter ends.
    """
    plan = config_of(bench).plan
    if plan is None or not (plan.begun and plan.native):
        return None
    recorder: _core.Recorder | None = loaded(_recorders).for_function(bench, func, label)
    return recorder


def _recorders() -> Any:
    from . import recorder  # start-up time

    return recorder


def begin(
    bench: Owner,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Run:
    """Begin the run of one call of a Timed, warm-up included.

    The caller: C, which gets this function in the constructor of Timed.
    """
    return begun(Run(bench), func, args, kwargs)


def begun(
    run: Run, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Run:
    """Begin this run of one call, warm-up included."""
    settings = run.plan.settings
    if settings.iterations < 0 or settings.warmup < 0:
        begun: Run = loaded(_calibrated).begun(run, func, args, kwargs)
        return begun
    run.iterations = settings.iterations
    if settings.warmup:
        _warm_up(settings.warmup, func, args, kwargs)
    return run.begin(func, args, kwargs)


def _calibrated() -> Any:
    from . import calibrated  # start-up time

    return calibrated


def _warm_up(times: int, func: Any, args: Any, kwargs: Any) -> None:
    token = _core.mute()
    try:
        for _ in range(times):
            func(*args, **kwargs)
    finally:
        _core.unmute(token)
