"""Check the arguments of a bench: a mistake raises at once, in one sentence."""

from __future__ import annotations

import os
from sys import maxsize

from ..counters import NATIVE_COUNTERS, is_native
from ..encoding.json_text import as_dict
from ..outputs.base import Output
from ..outputs.delivery import Delivery
from ..outputs.file import FileOutput
from .times import tzinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def is_switched_off() -> bool:
    """Return True if MICROBENCH=off in the environment switches recording off."""
    return os.environ.get('MICROBENCH', '').lower() == 'off'


def time_zone(tz: Any) -> tzinfo | None:
    """Return a time zone, or None for naive local time."""
    if tz is not None and not isinstance(tz, tzinfo):
        raise TypeError(f'tz has to be a datetime.tzinfo or None, not {tz!r}')
    return tz


def counter(duration_counter: Any) -> Any:
    """Return a callable."""
    if not callable(duration_counter):
        raise TypeError(f'duration_counter has to be callable, not {duration_counter!r}')
    return duration_counter


def encoder(json_encoder: Any) -> Any:
    """Return a user's own encoder class; None stands for the standard one."""
    if json_encoder is None:
        return None
    import json

    from ..encoding.json_encoder import JSONEncoder  # start-up time

    is_class = isinstance(json_encoder, type)
    if not (is_class and issubclass(json_encoder, json.JSONEncoder)):
        raise TypeError(f'json_encoder: {json_encoder!r} is not a json.JSONEncoder class')
    return None if json_encoder is JSONEncoder else json_encoder


def fields(static_fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are stored: names with a leading underscore are not."""
    for name in ('mb', 'call'):
        if name in static_fields and as_dict(static_fields[name]) is None:
            message = f'field {name!r} is reserved: only a dict can be merged there'
            raise ValueError(message)  # what 2.1.0 raises for fields
    return {k: v for k, v in static_fields.items() if not k.startswith('_')}


AUTO = 'auto'  # iterations and warm-up that end by themselves
BY_TIME = ('min_time', 'max_time', 'precision')  # options of that

# What a parameter may be called by a user who has its name wrong.
SPELLINGS = (
    *('outfile', 'output', 'outputs', 'json_encoder', 'tz', 'timezone', 'iterations'),
    *('warmup', 'duration_counter', 'on_output_error', 'journal', 'durations', 'every'),
    *('sample', 'max_value', 'spool', *BY_TIME),
)


def given_fields(static_fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields for the constructor; warn of those that look like parameters."""
    if static_fields and any(map(_may_be_parameter, static_fields)):
        from .near_parameters import warn_of_near  # start-up time

        warn_of_near(static_fields)
    return fields(static_fields)


def _may_be_parameter(field: str) -> bool:
    """Return False if lengths and letters alone tell a name from all parameters."""
    letters, size = {*field.lower()}, len(field)
    edits = 2 if size > 4 else 1
    near = [
        # another length is that many letters too many, each of which is one edit
        abs(len(name) - size) + len(letters ^ {*name}) <= 2 * edits
        for name in SPELLINGS
    ]
    return any(near)


def sinks(bench: object, outfile: Any, outputs: Any) -> list[Any]:
    """Return a list of objects that can take records."""
    if outputs is None:
        if outfile is None:
            outfile = getattr(bench, 'outfile', None)
        return [FileOutput(outfile)]
    if outfile is not None:
        raise ValueError('outfile and outputs are mutually exclusive: give one')
    return _checked_sinks(outputs)


def _checked_sinks(outputs: Any) -> list[Any]:
    if isinstance(outputs, (str, bytes)) or not hasattr(outputs, '__iter__'):
        raise TypeError(f'outputs has to be a list of sinks, not {outputs!r}')
    found = list(outputs)
    for sink in found:
        forgotten = isinstance(sink, type) and issubclass(sink, Output)  # its brackets
        if forgotten or not callable(getattr(sink, 'write', None)):
            raise TypeError(f'outputs: {sink!r} is not a sink: it needs a method write()')
    return found


def delivery(
    bench: object, outfile: Any, outputs: Any, on_output_error: Any, spool: Any
) -> Delivery:
    """Return the way to the sinks."""
    found = sinks(bench, outfile, outputs)
    if spool is not None:
        from ..outputs.network import spool_path  # start-up time

        spool = spool_path(spool)
    return Delivery(found, reaction(on_output_error), spool)


def reaction(on_output_error: Any) -> str:
    """Return `'warn'` or `'raise'`."""
    if on_output_error not in ('warn', 'raise'):
        raise ValueError(
            f"on_output_error has to be 'warn' or 'raise', not {on_output_error!r}"
        )
    return str(on_output_error)


JOURNALS = ('auto', 'on', 'off')


def journal(value: Any) -> str:
    """Return one of JOURNALS, or the absolute path of a directory.

    None stands for what MICROBENCH_JOURNAL says: `'auto'` where it is not set.
    """
    name = 'journal' if value is not None else 'MICROBENCH_JOURNAL'
    if value is None:
        value = os.environ.get('MICROBENCH_JOURNAL') or 'auto'
    if value in JOURNALS:
        return str(value)
    try:
        path = os.fsdecode(value)
    except TypeError:
        path = ''
    if not path or not os.path.isdir(path):
        words = ', '.join(map(repr, JOURNALS))
        raise ValueError(f'{name} has to be {words} or a directory, not {value!r}')
    return os.path.abspath(path)


# --- numbers --------------------------------------------------------------------------


def whole(name: str, value: Any) -> int:
    """Return a checked integer, 0 or more."""
    try:
        number = None if isinstance(value, bool) else int(type(value).__index__(value))
    except (AttributeError, TypeError):
        number = None
    if number is None:
        raise TypeError(f'{name} has to be an integer, not {value!r}')
    if not 0 <= number <= maxsize:
        raise ValueError(f'{name} has to be between 0 and {maxsize}, not {number}')
    return number


def repetition(iterations: Any, warmup: Any) -> tuple[Any, Any]:
    """Return how often a call is timed, and how often the function is called before."""
    return _times('iterations', iterations), _times('warmup', warmup)


def _times(name: str, value: Any) -> Any:
    return AUTO if isinstance(value, str) and value == AUTO else whole(name, value)


def repeated(iterations: Any, warmup: Any) -> tuple[int, int]:
    """Return both as integers; -1 for those that end by themselves."""
    times, before = repetition(iterations, warmup)
    return -1 if times == AUTO else times, -1 if before == AUTO else before


def measuring(fields: dict[str, Any], times: tuple[Any, Any], limits: Any) -> Any:
    """Return BY_TIME as keywords for measuring/options.py, checked.

    Without `'auto'` they are static fields, as in 2.1.0.
    """
    named = zip(BY_TIME, limits, strict=True)
    given = {name: value for name, value in named if value is not None}
    if AUTO not in times:
        if given:
            from .near_parameters import warn_of_unused  # start-up time

            warn_of_unused(given)
        fields.update(given)
        return {}
    from ..measuring.options import Options  # start-up time

    Options(**given)
    return given


def histogram(durations: Any, duration_counter: Any) -> bool:
    """Return True for `'histogram'`, False for `'list'`."""
    if durations not in ('list', 'histogram'):
        raise ValueError(f"durations has to be 'list' or 'histogram', not {durations!r}")
    if durations == 'list':
        return False
    _require_native("durations='histogram'", duration_counter)
    return True


def _require_native(what: str, duration_counter: Any) -> None:
    if not is_native(duration_counter):
        names = ', '.join(f'time.{native.__name__}' for native, _ in NATIVE_COUNTERS)
        raise ValueError(f'{what} needs a duration_counter of {names}')


def numbers(fields: dict[str, Any], **options: Any) -> list[Any]:
    """Return the options that are numbers; others are static fields, as in 2.1.0."""
    for name, value in options.items():
        if value is not None and not _is_number(value):
            fields[name] = value
            options[name] = None
    return list(options.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def sampled(
    every: Any, sample: Any, repetition: tuple[Any, Any], duration_counter: Any
) -> tuple[str, float] | None:
    """Return the name and the value of what is given; None where all calls are recorded."""
    if every is None and sample is None:
        return None
    if every is not None and sample is not None:
        raise ValueError('every and sample are mutually exclusive: give one')
    name, value = ('every', every) if sample is None else ('sample', sample)
    value = _every(every) if sample is None else _share(sample)
    if repetition != (1, 0):
        raise ValueError(f'{name} records single calls: it needs iterations=1 and warmup=0')
    _require_native(name, duration_counter)
    return None if value == 1 else (name, value)


def _every(value: Any) -> int:
    number = whole('every', value)
    if number == 0:
        raise ValueError('every has to be at least 1, not 0')
    return number


def _share(value: Any) -> float:
    if not 0 < value <= 1:
        raise ValueError(f'sample has to be above 0 and at most 1, not {value!r}')
    return float(value)
