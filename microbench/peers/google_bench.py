"""Files of Google Benchmark (C++ 1.7.1, Python 1.9.5): one record for each benchmark.

A repetition is one duration: the real time of an iteration. Aggregates repeat what the
repetitions say, and are left out; `--benchmark_report_aggregates_only` leaves nothing
else, and such records have no durations. Source: `--benchmark_format=json`, run.
"""

from __future__ import annotations

from .fields import is_measured, objects, record, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

TOOL = 'google-benchmark'
SCALES = {'ns': 1e-9, 'us': 1e-6, 'ms': 1e-3, 's': 1.0}
PRIVATE = (
    *('name', 'family_index', 'per_family_instance_index', 'run_name', 'run_type'),
    *('repetition_index', 'real_time', 'time_unit', 'error_occurred', 'error_message'),
    *('aggregate_name', 'aggregate_unit'),
)


def is_by(document: Record) -> bool:
    """Return True if a document is one of Google Benchmark."""
    runs = objects(document.get('benchmarks'))
    return 'context' in document and all('name' in run for run in runs)


def records(document: Record) -> Iterator[Record]:
    """Yield a record for each benchmark, in their order."""
    context = within(document, 'context')
    benchmarks: dict[str, list[Record]] = {}
    for run in objects(document['benchmarks']):
        name = str(run.get('run_name', run['name']))
        benchmarks.setdefault(name, []).append(run)
    for name, runs in benchmarks.items():
        yield _record(context, name, runs)


def _record(context: Record, name: str, found: list[Record]) -> Record:
    runs = [run for run in found if run.get('run_type') != 'aggregate']
    failed = [run for run in runs if run.get('error_occurred')]
    well = [run for run in runs if not run.get('error_occurred')]
    return record(
        TOOL,
        name,
        map(_seconds, well),
        version=context.get('library_version'),
        call={'start_time': context.get('date'), 'loops': _loops(well)},
        host={
            'hostname': context.get('host_name'),
            'cpu_cores_logical': context.get('num_cpus'),
        },
        more={'context': context, **_columns(well or found)},
        failure=str(failed[0].get('error_message', '')) if failed and not well else None,
    )


def _seconds(run: Record) -> Any:
    time: Any = run.get('real_time')
    scale = SCALES.get(str(run.get('time_unit', 'ns')))
    return time * scale if scale is not None and is_measured(time) else None


def _loops(runs: list[Record]) -> Any:
    counts = [run.get('iterations') for run in runs]
    return counts[0] if counts and counts == counts[:1] * len(counts) else None


def _columns(runs: list[Record]) -> Record:
    """Return the other fields of the runs: a list each, or the value that all have."""
    names = dict.fromkeys(name for run in runs for name in run if name not in PRIVATE)
    columns = {name: [run.get(name) for run in runs] for name in names}
    return {
        name: values[0] if all(value == values[0] for value in values) else values
        for name, values in columns.items()
    }
