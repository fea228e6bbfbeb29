"""Make records of what another tool has measured."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Record = dict[str, Any]

SECONDS = 'perf_counter'  # as a duration counter: it counts seconds


def record(
    tool: str,
    name: Any,
    durations: Iterable[Any],
    *,
    version: Any = None,
    unit: str = SECONDS,
    call: Record | None = None,
    host: Record | None = None,
    python: Record | None = None,
    more: Record | None = None,
    failure: str | None = None,
) -> Record:
    """Return a record of one benchmark of another tool.

    Args:
        tool: name of the tool.
        name: name of the benchmark.
        durations: what it measured, for one call each.
        version: version of the tool.
        unit: counter or unit of the durations.
        call: further fields of `call`.
        host, python: fields of these objects; those that are None are left out.
        more: what else the tool says.
        failure: why the benchmark failed; None if it did not.

    >>> record('asv', 'time_sum', [0.1, None])['call']
    {'invocation': 'asv', 'name': 'time_sum', 'durations': [0.1]}
    """
    found: Record = {
        'mb': {'source': known(tool=tool, version=version), 'duration_counter': unit},
        'call': {
            'invocation': tool,
            'name': name if isinstance(name, str) else None,
            **known(**(call or {})),
            'durations': [value for value in durations if is_measured(value)],
        },
        'host': known(**(host or {})),
        'python': known(**(python or {})),
        tool.replace('-', '_'): known(**(more or {})),
    }
    if failure is not None:
        found['exception'] = {'type': 'Failed', 'message': failure}
    return {field: value for field, value in found.items() if value}


def known(**fields: Any) -> Record:
    """Return the fields that are neither None nor infinite."""
    absent = None, float('inf'), float('-inf')
    return {name: value for name, value in fields.items() if value not in absent}


def is_measured(value: Any) -> bool:
    """Return True for a finite number."""
    return type(value) in (int, float) and abs(value) < float('inf')


def objects(value: Any) -> list[Record]:
    """Return the objects in a list; no objects if it is not a list."""
    return [item for item in items_of(value) if isinstance(item, dict)]


def within(record: Any, *names: str) -> Record:
    """Return an object inside objects; an empty one if it is not there."""
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record if isinstance(record, dict) else {}


def items_of(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []
