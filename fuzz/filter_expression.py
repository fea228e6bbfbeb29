"""Conditions on records: rejected with a ValueError, or answered with a bool."""

from __future__ import annotations

from typing import Any

from microbench.results.filter import condition

RECORDS: tuple[dict[str, Any], ...] = (
    {},
    {
        'mb': {'run_id': 'r', 'record_id': 'i'},
        'call': {
            'name': 'fit',
            'start_time': '2026-01-01T00:00:00.000000+00:00',
            'durations': [0.5, 2],
            'timings': [{'name': 'sum', 'duration': 0.25}],
        },
        'exception': None,
        'nested': [[], {}, '', True, 1e308],
    },
)


def check(data: bytes) -> None:
    """Ask each record whether it meets the condition."""
    try:
        holds = condition(data.decode('utf-8', 'surrogateescape'))
    except ValueError:
        return
    for record in RECORDS:
        before = repr(record)
        assert type(holds(record)) is bool
        assert repr(record) == before
