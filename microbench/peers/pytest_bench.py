"""Files of pytest-benchmark (5.3.1): one record for each test.

Rounds are in `stats.data`, divided by the iterations. Files saved without
`--benchmark-save-data` lack them: their records have no durations, and the statistics in
`pytest_benchmark`. A test that failed after its measurement is not marked.
Source: `--benchmark-json`, run.
"""

from __future__ import annotations

from .fields import items_of, objects, record, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Record = dict[str, Any]

TOOL = 'pytest-benchmark'
MOVED = ('name', 'stats')


def is_by(document: Record) -> bool:
    """Return True if a document is one of pytest-benchmark."""
    tests = objects(document.get('benchmarks'))
    return 'machine_info' in document and all('stats' in test for test in tests)


def records(document: Record) -> Iterator[Record]:
    """Yield a record for each test."""
    machine, commit = within(document, 'machine_info'), within(document, 'commit_info')
    for test in objects(document['benchmarks']):
        stats = dict(within(test, 'stats'))
        rounds = items_of(stats.pop('data', None))
        about = {name: value for name, value in test.items() if name not in MOVED}
        yield record(
            TOOL,
            test.get('name'),
            rounds,
            version=document.get('version'),
            call={'loops': stats.get('iterations')},
            host={
                'hostname': machine.get('node'),
                'os': str(machine.get('system') or '').lower() or None,
                'cpu_model': within(machine, 'cpu').get('brand_raw'),
                'cpu_cores_logical': within(machine, 'cpu').get('count'),
            },
            python={'version': machine.get('python_version')},
            more={
                **about,
                'stats': None if rounds else stats,
                'commit_info': commit or None,
                'written': document.get('datetime'),
            },
        )
