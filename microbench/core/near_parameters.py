"""Warn of a static field that looks like a mistyped parameter of a bench.

It stays a field, as in 2.1.0. A field counts only if its value suits the parameter:
`samples=1000` is no share, and so no `sample`.
"""

from __future__ import annotations

from ..messages import text_of, warn
from ..spelling import any_of, near

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, bytes)) or hasattr(value, '__fspath__')


def _is_file(value: Any) -> bool:
    return _is_path(value) or hasattr(value, 'write')


def _is_count(value: Any) -> bool:
    return hasattr(value, '__index__')


def _is_seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return isinstance(value, float) and 0 < value <= 1


def _is_zone(value: Any) -> bool:
    return hasattr(value, 'utcoffset')


def _is_class(value: Any) -> bool:
    return isinstance(value, type)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# For each of arguments.SPELLINGS: the parameter, and which values suit it.
MEANT: dict[str, tuple[str, Callable[[Any], bool]]] = {
    'outfile': ('outfile', _is_file),
    'output': ('outfile', _is_file),
    'outputs': ('outputs', _is_list),
    'json_encoder': ('json_encoder', _is_class),
    'tz': ('tz', _is_zone),
    'timezone': ('tz', _is_zone),
    'iterations': ('iterations', _is_count),
    'warmup': ('warmup', _is_count),
    'duration_counter': ('duration_counter', callable),
    'on_output_error': ('on_output_error', _is_text),
    'journal': ('journal', _is_path),
    'durations': ('durations', _is_text),
    'every': ('every', _is_count),
    'sample': ('sample', _is_share),
    'max_value': ('max_value', _is_count),
    'min_time': ('min_time', _is_seconds),
    'max_time': ('max_time', _is_seconds),
    'precision': ('precision', _is_share),
    'spool': ('spool', _is_path),
}
PARAMETERS = frozenset(parameter for parameter, _ in MEANT.values())


def warn_of_near(fields: dict[str, Any]) -> None:
    """Warn of each field of the constructor that may be meant as a parameter."""
    for name, value in fields.items():
        try:
            found = [] if name in PARAMETERS else meant(name, value)
        except Exception:  # of the value: it cannot even be asked for its class
            found = []
        if found:
            warn(
                f'{name}={text_of(value, repr)[:100]} is stored as a field of each record: '
                f'is the parameter {any_of(found)} meant? '
                f'A field is stored without this warning by add_fields({name}=...)',
                UserWarning,
            )


def warn_of_unused(fields: dict[str, Any]) -> None:
    """Warn of each field that would be an option if iterations='auto' were given."""
    for name, value in fields.items():
        if _is_seconds(value):
            warn(
                f'{name}={value} is stored as a field of each record: it is an option '
                "only with iterations='auto'. "
                f'A field is stored without this warning by add_fields({name}=...)',
                UserWarning,
            )


def meant(name: str, value: Any) -> list[str]:
    """Return the parameters that a field may be meant as, the nearest first.

    >>> meant('iteration', 5), meant('output', 'x.jsonl'), meant('samples', 1000)
    (['iterations'], ['outfile'], [])
    """
    suitable = {spelled: to for spelled, (to, suits) in MEANT.items() if suits(value)}
    return list(dict.fromkeys(suitable[spelled] for spelled in near(name, suitable)))
