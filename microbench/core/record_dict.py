"""The record as a dict: what the framework itself puts there, around hooks and mixins."""

from __future__ import annotations

from .._core import merge
from ..encoding import json_text
from ..messages import text_of
from . import record_text, times
from .capture import namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .run_state import RunState


def new(run: RunState, func: Any, args: Any, kwargs: Any, call: Any) -> dict[str, Any]:
    """Return a record of static fields, `mb` and `call`, and its scratch space.

    Names with a leading underscore are scratch: they are never stored.
    """
    mb = {**run.plan.mb, 'record_id': run.record_id}
    data: dict[str, Any] = {'mb': mb, 'call': {}}
    add_static(run, data)
    data['call'].update({'invocation': 'Python', **call})
    if run.name is not None:
        data['call']['name'] = run.name
    if func is not None:
        data['_func'] = func
    data['_args'], data['_kwargs'] = args, kwargs
    data['_run'], data['_undo'] = run, run.undo
    return data


def add_static(run: RunState, data: dict[str, Any]) -> None:
    """Add the static fields of the bench; those in `mb` and `call` to what is there."""
    for field, value in run.config.static_fields().items():
        if field in ('mb', 'call'):
            data[field].update(value)
        else:
            data[field] = value


def instead_of_text(run: RunState) -> dict[str, Any]:
    """Return the dict of a run begun without one.

    C cannot write it: another bench has put phases into it that have their own clock.
    """
    data = new(run, None, (), {}, {})
    for hook, definition in run.plan.constant.items():
        merge(data, run.config.constant(run.owner, hook, definition))
    data['call']['start_time'] = times.at(run.start_wall_ns, run.plan.tz)
    return data


def as_text(run: RunState, data: dict[str, Any]) -> record_text.RecordText:
    """Return the text of an open record, except the fields that C writes."""
    start = times.at(run.start_wall_ns, run.plan.tz)
    return record_text.of_dict(data, start, run.plan.masker, run.config.encoder)


def renew_id(run: RunState, data: dict[str, Any]) -> None:
    """Give the record of a forked child its own id, because its parent uses that one."""
    namespace(data, 'mb')['record_id'] = run.record_id


def add_measurements(run: RunState, data: dict[str, Any]) -> None:
    """Add durations, phases and the time of the end."""
    call = namespace(data, 'call')
    call['durations'] = run.durations
    if run.phases_left:
        call['timings'] = run.timings
        _add_iterations(run, call)
        _add_summary(run, call)
    still_open = run.open_timings
    if still_open:
        call['open_timings'] = still_open
    call['finish_time'] = times.at(run.finish_wall_ns, run.plan.tz)
    if run.clock_step_ns:
        call['clock_step'] = run.clock_step_ns / 1e9


def add_late_phases(run: RunState, data: dict[str, Any], known: int) -> None:
    """Add the phases of post captures, after the `known` ones."""
    if run.phases_left > known:
        call = namespace(data, 'call')
        late = run.phases_left - known
        call.setdefault('timings', []).extend(run.timings[-late:])
        del call['timings'][: -run.phases_listed]
        _add_iterations(run, call)
        _add_summary(run, call)


def _add_iterations(run: RunState, call: dict[str, Any]) -> None:
    if run.iterations > 1:
        call['timings_iteration'] = run.timings_iteration


def _add_summary(run: RunState, call: dict[str, Any]) -> None:
    """Add totals, if there are more phases than are listed."""
    if run.phases_left <= run.phases_listed:
        return
    summary = run.timings_summary
    if run.is_mixed:
        from .totals import Totals  # start-up time

        totals = Totals(run.totals)
        totals.add(run.values)
        summary += totals.entries()
    call['timings_summary'] = summary


def add_outcome(
    run: RunState, data: dict[str, Any], exception: BaseException | None, value: Any
) -> None:
    """Add the exception or, where the class wants it, the return value."""
    if exception is not None:
        data['exception'] = described(exception)
    elif run.plan.returns and '_func' in data:
        data['call']['return_value'] = json_text.snapshot(value, run.owner)


def described(exception: BaseException) -> dict[str, str]:
    """Return the record's `exception` object."""
    return {'type': type(exception).__name__, 'message': text_of(exception)}
