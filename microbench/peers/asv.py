"""Files of airspeed velocity (asv 0.6.6): one record for each benchmark and parameters.

Values are in the order of the product of the parameters, the last one changing fastest.
NaN was skipped and null failed. Without `--record-samples` a record has the median as its
only duration. The name of a benchmark says its unit. `date` is that of the commit.
Source: asv's documentation, "Benchmark types and attributes", and `asv run`, run.
"""

from __future__ import annotations

from itertools import islice, product

from .fields import SECONDS, items_of, record, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

TOOL = 'asv'
UNITS = {'time': SECONDS, 'timeraw': SECONDS, 'mem': 'bytes', 'peakmem': 'bytes'}
PRIVATE = ('result', 'params', 'samples', 'started_at', 'stats_number', 'profile')
FAILED = 'asv does not say why'


def is_by(document: Record) -> bool:
    """Return True if a document is one of asv."""
    return 'commit_hash' in document and 'result_columns' in document


def records(document: Record) -> Iterator[Record]:
    """Yield a record for each result that was not skipped."""
    columns = items_of(document['result_columns'])
    for name, values in within(document, 'results').items():
        found = dict(zip(map(str, columns), items_of(values), strict=False))
        results = found.get('result')
        count = len(results) if isinstance(results, list) else 1
        combinations = product(*map(items_of, items_of(found.get('params'))))
        for place, parameters in enumerate(islice(combinations, count)):
            result = _at(results, place)
            if result == result:  # NaN: skipped
                yield _record(document, name, found, place, parameters)


def _record(
    document: Record, name: str, found: Record, place: int, parameters: tuple[Any, ...]
) -> Record:
    result = _at(found.get('result'), place)
    machine, started = within(document, 'params'), found.get('started_at')
    kind = name.rpartition('.')[2].partition('_')[0]
    return record(
        TOOL,
        f'{name}({", ".join(map(str, parameters))})' if parameters else name,
        items_of(_at(found.get('samples'), place)) or [result],
        unit=UNITS.get(kind, 'asv'),
        call={'start_time': _time(started), 'loops': _at(found.get('stats_number'), place)},
        host={'hostname': machine.get('machine'), 'cpu_model': machine.get('cpu')},
        python={'executable': document.get('python')},
        more={
            'commit_hash': document.get('commit_hash'),
            'env_name': document.get('env_name'),
            'params': list(parameters) or None,
            **{
                column: _at(value, place) if isinstance(value, list) else value
                for column, value in found.items()
                if column not in PRIVATE
            },
        },
        failure=FAILED if result is None else None,
    )


def _at(values: Any, place: int) -> Any:
    """Return one of several values; None if it is not there."""
    return values[place] if isinstance(values, list) and place < len(values) else None


def _time(milliseconds: Any) -> str | None:
    if not isinstance(milliseconds, int):
        return None
    from datetime import datetime, timezone  # start-up time

    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat()
