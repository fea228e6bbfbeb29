"""The record of one run as a dict: what the framework itself puts there.

record_text.py builds the same record as text.
"""

from __future__ import annotations

import os

from .. import _core
from ..encoding import json_text
from .capture import namespace, put
from .record_text import described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .hooked_run import HookedRun

MOST_CALLS = 3  # of a function that raises, as in py_call_until_done.c


def new_dict(run: HookedRun, func: Any, args: Any, kw: Any, call: Any) -> dict[str, Any]:
    """Return a record of surroundings, static fields, `mb`, `call` and scratch space.

    Names with a leading underscore are scratch: they are never stored.
    """
    mb = {**run.plan.settings.mb, 'record_id': run.record_id}
    call_fields: dict[str, Any] = {}
    around: dict[str, Any] = _core.copied(run.plan.around)
    if run.thread and 'process' in around:
        around['process'].update(members(run.thread))
    data: dict[str, Any] = {'mb': mb, 'call': call_fields, **around}
    if run.config.static:
        add_static(run, data)
    call_fields['invocation'] = 'Python'
    call_fields.update(call)
    if run.name is not None:
        call_fields['name'] = run.name
        call_fields.update(members(run.place))
    if run.load_average is not None:
        call_fields.setdefault('load_average', run.load_average)
    if func is not None:
        data['_func'] = func
    if run.notes:
        put(data, run.notes)
    data['_args'], data['_kwargs'] = args, kw
    data['_run'], data['_undo'] = run, run.undo
    return data


def add_static(run: HookedRun, data: dict[str, Any]) -> None:
    """Add the static fields of the bench."""
    put(data, run.config.static)


def dict_from_native(run: HookedRun) -> dict[str, Any]:
    """Return the dict of a run begun without one: C cannot write phases of other clocks."""
    data = new_dict(run, None, (), {}, {})
    _core.merge(data, run.plan.fields(run.config, run.owner, members(run.thread)))
    if run.plan.captures is not None:
        run.plan.captures.add_to(run, str(run.name), data)
    data['call']['durations'] = []
    data['call']['start_time'] = _core.moment(run.start_wall_ns, run.plan.settings.tz)
    put(data, run.notes or {})
    return data


def members(text: bytes | None) -> dict[str, Any]:
    """Return members of an object that are ready as text, with a comma before each."""
    if not text:
        return {}
    found = _core.Decoder().decode(b'{' + text[1:] + b'}\n')
    assert found is not None
    return found[0]


# --- after the code ---------------------------------------------------------------------


def completed(
    run: HookedRun, data: dict[str, Any], exception: BaseException | None, value: Any
) -> dict[str, Any]:
    """Return the record with its outcome, once the hooks after the code have run.

    After an interruption it is called again, and goes on where it was.
    """
    overridden = run.plan.hooks.overridden
    if not run.completed:
        _add(run, add_measurements, data)
        if exception is not None or run.plan.hooks.returns:
            _add(run, add_outcome, data, exception, value)
        run.known = run.phases_finished
        run.completed = True
    if 'post_finish_triggers' not in overridden:
        run.capture_post()
    elif not run.triggered:
        run.triggered = True  # once, whatever interrupts it
        run.keep(BaseException, run.owner.post_finish_triggers, data)
    if run.phases_finished > run.known:
        _add(run, add_late_phases, data)
    if run.is_forked:  # by the code, or by a hook
        _add(run, renew_identity, data)
    return finished(run, data)


def _add(run: HookedRun, function: Callable[..., None], *args: Any) -> None:
    """Have a function here add to the dict; keep its first error.

    The handler of a signal may raise an Exception within it, which looks like one of its
    own. So it is called again, a few times, and has to stand that.
    """
    for _ in range(MOST_CALLS):
        try:
            function(run, *args)
        except Exception as error:
            run.failure = run.failure or error
        else:
            break


def finished(run: HookedRun, data: dict[str, Any]) -> dict[str, Any]:
    """Return the record as it is stored, with summaries of large fields."""
    record = in_order(run, data)
    return large.summarized(record) if (large := run.plan.settings.large) else record


def in_order(run: HookedRun, data: dict[str, Any]) -> dict[str, Any]:
    """Return the record without its scratch space, its fields where each form has them.

    Those of this record alone are behind those of all records, and before what hooks add.
    """
    names = [name for name in data if not str(name).startswith('_')]
    if run.notes:
        common = ('mb', 'call', *run.plan.around, *run.config.static)
        place = {name: number for number, name in enumerate(run.notes)}
        place.update(dict.fromkeys(common, -1))
        names.sort(key=lambda name: place.get(name, len(place)))
    return {name: data[name] for name in names}


def renew_identity(run: HookedRun, data: dict[str, Any]) -> None:
    """Give the record of a forked child its own id and pid, in place of its parent's."""
    namespace(data, 'mb')['record_id'] = run.record_id
    parent, process = run.plan.around.get('process'), data.get('process')
    if parent and isinstance(process, dict) and process.get('pid') == parent['pid']:
        process['pid'] = os.getpid()


def add_measurements(run: HookedRun, data: dict[str, Any]) -> None:
    """Add durations, phases and the time of the end."""
    call = namespace(data, 'call')  # a hook may have replaced it
    call['durations'] = run.durations
    call['finish_time'] = _core.moment(run.finish_wall_ns, run.plan.settings.tz)
    if run.clock_step_ns:
        call['clock_step'] = run.clock_step_ns / 1e9
    if run.phases_finished:
        call['timings'] = run.timings
        _add_details(run, call)
    if still_open := run.open_timings:
        call['open_timings'] = still_open
    if histogram := run.histogram:
        call['histogram'] = histogram
    if run.run_delay is not None:
        call.setdefault('run_delay', run.run_delay)
    if run.resource_usage is not None:
        data.setdefault('resource_usage', run.resource_usage)


def add_late_phases(run: HookedRun, data: dict[str, Any]) -> None:
    """Add the phases of post captures, after the known ones."""
    call = namespace(data, 'call')
    _add_details(run, call)
    finished = run.phases_finished
    late = [*call.get('timings', ()), *run.timings[run.known - finished :]]
    if listed := late[max(len(late) - run.phases_listed, 0) :]:
        call['timings'] = listed  # no signal is handled before the next line has run
    run.known = finished


def _add_details(run: HookedRun, call: dict[str, Any]) -> None:
    if not run.phases_listed:
        call.pop('timings', None)
    elif run.iterations > 1:
        call['timings_iteration'] = run.timings_iteration
    _add_summary(run, call)


def _add_summary(run: HookedRun, call: dict[str, Any]) -> None:
    """Add totals, if there are more phases than are listed."""
    if run.phases_finished <= run.phases_listed:
        return
    summary = run.timings_summary
    if run.is_mixed:
        from .totals import Totals  # start-up time

        totals = Totals(getattr(run, 'totals', None))
        totals.add(run.values)
        summary += totals.entries()
    call['timings_summary'] = summary


def add_outcome(
    run: HookedRun, data: dict[str, Any], exception: BaseException | None, value: Any
) -> None:
    """Add the exception or, where the class wants it, the return value."""
    if exception is not None:
        data['exception'] = described(exception)
    elif run.plan.hooks.returns and '_func' in data:
        data['call']['return_value'] = json_text.snapshot(value, run.owner)
