"""Make recorders: they write the records of decorated functions without running Python.

A Recorder (csrc/py/py_recorder.h) does what Run and Delivery do, as long as nothing in
Python has to see the record. It is made at the second call, once the first has opened the
file, and again after each change of what it was made from.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType

from .. import _core
from ..outputs.base import METHODS, Watched
from .capture import name_of
from .plan import ALL, current_plan
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .config import Config
    from .owner import Owner
    from .plan import Plan
    from .record_text import RecordText


# Anything else may get another name at any time.
FUNCTIONS = (FunctionType, BuiltinFunctionType)


def recorder_of(bench: Owner, func: Callable[..., Any]) -> _core.Recorder | None:
    """Return a Recorder for the next calls of a function; None where there can be none.

    The caller: C, which gets this function in the constructor of Timed.
    """
    config, plan = _plan_of(bench)
    if plan.settings.warmup or type(func) not in FUNCTIONS:
        return None
    name, iterations = func.__name__, plan.settings.iterations
    if name_of(func) != name:
        return None
    mirrored = plan.mirrored == ALL
    return _recorder(config, bench, plan, mirrored, name=name, iterations=iterations)


def recorder_of_blocks(bench: Owner, _: None) -> _core.Recorder | None:
    """Return a Recorder for the next blocks of a bench; None where there can be none.

    The caller: C, which gets this function in the constructor of a Finder.
    """
    config, plan = _plan_of(bench)
    if plan.hooks.refuses:
        return None
    return _recorder(config, bench, plan, plan.mirrored > 0, name='', iterations=1)


def _plan_of(bench: Owner) -> tuple[Config, Plan]:
    config = bench._bench_config
    return config, current_plan(config, bench)


def _recorder(
    config: Config, bench: Owner, plan: Plan, mirrored: bool, **named: Any
) -> _core.Recorder | None:
    template = plan.template if mirrored else None
    if mirrored and not (template and template.is_current):
        return None  # the next run makes it
    if not (plan.begun and plan.native and plan.version) or plan.settings.histogram:
        return None
    sinks = [route.sink for route in config.delivery.routes]
    if config.delivery.report.failing or not all(map(_is_simple, sinks)):
        return None
    recorder = _new(plan, plan.text(config, bench), template=template, **named)
    for sink in sinks:
        target = sink._target()
        if target is False:
            return None
        _core.add_sink(recorder, sink, target)
    return recorder


def _is_simple(sink: Any) -> bool:
    """Return True for a sink of microbench whose methods are its own."""
    cls = type(sink)
    if not issubclass(cls, Watched) or not cls.__module__.startswith(PACKAGE):
        return False
    methods = cls._methods
    are_own = all(vars(cls).get(name) is method for name, method in methods.items())
    return are_own and _core.type_version(cls) != 0 and not METHODS & sink.__dict__.keys()


PACKAGE = f'{__package__.rpartition(".")[0]}.outputs.'


def _new(plan: Plan, text: RecordText, name: str, **more: Any) -> _core.Recorder:
    return _core.Recorder(
        run_class=Run,
        plan=plan,
        name=name,
        head=text.head,
        call=_core.call_text(name),
        tail=text.tail,
        counter=plan.settings.counter,
        offset_s=text.utc_offset,
        integers=plan.settings.integers,
        rest=text.rest,
        captures=None if plan.captures is None else plan.captures.native,
        sources=plan.sources,
        version=plan.version,
        outcomes=not plan.settings.masker.has_patterns,
        **more,
    )
