"""The record of one run as a dict: what the framework itself puts there.

record_text.py builds the same record as text.
"""

from __future__ import annotations

import os

from .. import _core
from ..encoding import json_text
from .capture import namespace, put
from .record_text import described, members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hooked_run import HookedRun


def new_dict(run: HookedRun, func: Any, args: Any, kw: Any, call: Any) -> dict[str, Any]:
    """Return a record of surroundings, static fields, `mb`, `call` and scratch space.

    Names with a leading underscore are scratch: they are never stored.
    """
    mb = {**run.plan.settings.mb, 'record_id': run.record_id}
    call_fields: dict[str, Any] = {}
    around = run.plan.surroundings_in(members(run.thread))
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


def finished(run: HookedRun, data: dict[str, Any]) -> dict[str, Any]:
    """Return the record as it is stored, with summaries of large fields."""
    record = in_order(run, data)
    return large.summarized(record) if (large := run.plan.settings.large) else record


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
