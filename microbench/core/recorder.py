"""Make recorders: they write the records of decorated functions without running Python.

A Recorder (csrc/py/py_recorder.h) does what Run and Delivery do, as long as nothing in
Python has to see the record. It is made at the second call, once the first has opened the
file, and again after each change of what it was made from.
"""

from __future__ import annotations

from .. import _core
from . import obstacles
from .callables import place_text
from .capture import refuse
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


def for_function(
    bench: Owner, func: Callable[..., Any], label: Any = None
) -> _core.Recorder | None:
    """Return a Recorder for the next calls of a function; None where there can be none.

    The caller: finders.recorder_of(), from the second call of the function on.
    """
    config, plan = _plan_of(bench)
    if obstacles.to_functions(config, plan) or obstacles.to_function(func, label):
        return None
    own = None if label is None else label.name
    name, iterations = own or func.__name__, plan.settings.iterations
    place = place_text(func) if plan.places else b''
    recorder = _recorder(
        config,
        bench,
        plan,
        plan.mirrored == ALL,
        name=name,
        iterations=iterations,
        place=place,
        func=func,
    )
    if recorder is not None:
        recorder.labelled = own is not None
    return recorder


def for_blocks(bench: Owner) -> _core.Recorder | None:
    """Return a Recorder for the next blocks of a bench; None where there can be none.

    The caller: block.py, for a Finder.
    """
    config, plan = _plan_of(bench)
    if _are_refused(bench):
        return None
    return _recorder(
        config,
        bench,
        plan,
        plan.mirrored > 0,
        name='',
        iterations=1,
        observes=plan.observes,
        observes_usage=plan.observes_usage,
    )


def explained(bench: Owner, func: Any) -> list[str]:
    """Return the obstacles to records of a bench, or of one function of it."""
    config, plan = _plan_of(bench)
    found = [*obstacles.to_all(config, plan), *obstacles.to_functions(config, plan)]
    if func is not None:
        func = getattr(func, '__func__', func)  # of a method
        timed = getattr(func, '__timed__', None)
        label = None if timed is None else getattr(timed.begin, 'label', None)
        found += obstacles.to_function(func if timed is None else timed.func, label)
        found += obstacles.of_functions(plan)
    return found


def _plan_of(bench: Owner) -> tuple[Config, Plan]:
    config = bench._bench_config
    return config, current_plan(config, bench)


def _recorder(
    config: Config, bench: Owner, plan: Plan, mirrored: bool, **named: Any
) -> _core.Recorder | None:
    template = plan.template if mirrored else None
    if mirrored and not (template and template.is_current):
        return None  # the next run makes it
    if not plan.begun or obstacles.to_all(config, plan):
        return None
    sinks = [route.sink for route in config.delivery.routes]
    recorder = _new(plan, plan.text(config, bench), template=template, **named)
    for sink in sinks:
        target = sink._target()
        if target is False:
            return None
        _core.add_sink(recorder, sink, target, sink._syncs)
    return recorder


def _are_refused(bench: Owner) -> bool:
    try:
        refuse(bench, 'record()')
    except NotImplementedError:
        return True
    return False


def _new(
    plan: Plan, text: RecordText, name: str, place: bytes = b'', **more: Any
) -> _core.Recorder:
    return _core.Recorder(
        run_class=Run,
        plan=plan,
        name=name,
        head=text.head,
        call=_core.call_text(name) + place,
        place=place,
        thread_at=text.thread_at,
        tail=text.tail,
        counter=plan.settings.counter,
        offset_s=text.utc_offset,
        integers=plan.settings.integers,
        histogram=plan.settings.histogram,
        rest=text.rest,
        captures=None if plan.captures is None else plan.captures.native,
        sources=plan.sources,
        version=plan.version,
        outcomes=not plan.settings.masker.has_patterns,
        **more,
    )
