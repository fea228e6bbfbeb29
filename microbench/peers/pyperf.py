"""Files of pyperf (2.11.0): one record for each process that measured.

Values are already divided by the loops. Metadata that all runs or benchmarks share are
further up, up to the top of the file. Runs that only calibrated have no values.
Source: pyperf's documentation, "pyperf JSON format".
"""

from __future__ import annotations

from .fields import SECONDS, is_measured, items_of, objects, record, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

TOOL = 'pyperf'
MOVED = (
    *('name', 'hostname', 'cpu_model_name', 'cpu_count', 'python_version', 'loops'),
    *('python_executable', 'inner_loops', 'date', 'perf_version', 'unit'),
)


def is_by(document: Record) -> bool:
    """Return True if a document is one of pyperf."""
    return any('runs' in one for one in objects(document.get('benchmarks')))


def records(document: Record) -> Iterator[Record]:
    """Yield a record for each process of each benchmark."""
    shared = within(document, 'metadata')
    for benchmark in objects(document['benchmarks']):
        for run in objects(benchmark.get('runs')):
            if items_of(run.get('values')):
                about = shared | within(benchmark, 'metadata') | within(run, 'metadata')
                yield _record(items_of(run['values']), about)


def _record(values: list[Any], about: Record) -> Record:
    unit = about.get('unit', 'second')
    version = str(about.get('python_version') or '').partition(' ')[0]
    return record(
        TOOL,
        about.get('name'),
        values,
        version=about.get('perf_version'),
        unit=SECONDS if unit == 'second' else str(unit),
        call={'start_time': _time(about.get('date')), 'loops': _loops(about)},
        host={
            'hostname': about.get('hostname'),
            'cpu_model': about.get('cpu_model_name'),
            'cpu_cores_logical': about.get('cpu_count'),
        },
        python={'version': version or None, 'executable': about.get('python_executable')},
        more={name: value for name, value in about.items() if name not in MOVED},
    )


def _loops(about: Record) -> int | None:
    loops, inner = about.get('loops'), about.get('inner_loops', 1)
    return loops * inner if is_measured(loops) and is_measured(inner) else None


def _time(date: Any) -> Any:
    """Return a date with a T; it is local time, and the offset is unknown."""
    return date.replace(' ', 'T', 1) if isinstance(date, str) else None
