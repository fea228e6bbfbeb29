"""Which calls had a node at the same time: they may have slowed one another down."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ..results.fields import moment, part

STEP = 1e-6  # seconds: times in records have six decimals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Record = dict[str, Any]


def mark_shared(records: Iterable[Record]) -> None:
    """Set `sweep.shared_node` of records: how many others ran on the host meanwhile.

    Records of different sweeps count, too. The field is absent if there were none, and if
    host or times are unknown.

    >>> from datetime import datetime
    >>> def record(host, start, finish):
    ...     day = '2026-03-01T'
    ...     times = {'start_time': day + start, 'finish_time': day + finish}
    ...     return {'call': times, 'host': {'hostname': host}, 'sweep': {}}
    >>> some = [record('a', '10:00', '10:10'), record('a', '10:05', '10:15')]
    >>> mark_shared([*some, record('b', '10:00', '10:20')])
    >>> [one['sweep'] for one in some]
    [{'shared_node': 1}, {'shared_node': 1}]
    """
    hosts: dict[str, list[tuple[float, float, Record]]] = {}
    for record in records:
        host = part(record, 'host', 'hostname')
        start, finish = (
            _seconds(part(record, 'call', f'{end}_time')) for end in ('start', 'finish')
        )
        if isinstance(host, str) and start is not None and finish is not None:
            hosts.setdefault(host, []).append((start, max(finish, start + STEP), record))
    for spans in hosts.values():
        _mark(spans)


def _mark(spans: list[tuple[float, float, Record]]) -> None:
    starts = sorted(start for start, _, _ in spans)
    finishes = sorted(finish for _, finish, _ in spans)
    for start, finish, record in spans:
        others = bisect_left(starts, finish) - bisect_right(finishes, start) - 1
        if others > 0 and isinstance(record.get('sweep'), dict):
            record['sweep']['shared_node'] = others


def _seconds(text: Any) -> float | None:
    found = moment(text)
    return None if found is None else found.timestamp()
