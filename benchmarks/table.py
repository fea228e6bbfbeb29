"""The rows as text and as JSON, under the machine, interpreter, date and clock."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .rows import digits, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .rows import Row

HEADINGS = ('measure', 'floor', '', 'microbench', 'ratio', 'goal', 'ok?')
TO_THE_LEFT = (0, 1)


def surroundings() -> dict[str, Any]:
    """Return what the numbers depend on."""
    clock = time.get_clock_info('perf_counter')
    return {
        'machine': f'{platform.system()} {platform.machine()}, {_processor()}',
        'cores': os.cpu_count(),
        'python': f'{platform.python_implementation()} {platform.python_version()}',
        'date': time.strftime('%Y-%m-%d %H:%M %z'),
        'clock': f'{clock.implementation}, resolution {clock.resolution * 1e9:g} ns',
    }


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
    except OSError:
        lines = []
    names = [line.split(':')[1].strip() for line in lines if 'model name' in line]
    return names[0] if names else platform.processor() or 'unknown processor'


def as_text(about: Mapping[str, Any], rows: Sequence[Row], peers: Mapping[str, str]) -> str:
    """Return heading, table, notes, and what falls short of its goal.

    Args:
        about: the surroundings.
        rows: one for each measure.
        peers: name of each peer that was asked for, with the reason if it is missing.
    """
    lines = [f'{name:8} {value}' for name, value in about.items()]
    cells = [(*HEADINGS, *peers), *(_cells(row, peers) for row in rows)]
    notes = [f'{row.measure}: {row.note}' for row in rows if row.note]
    notes += [f'{name}: {reason}' for name, reason in peers.items() if reason]
    return (
        '\n'.join([*lines, '', *aligned(cells), '', *notes, '', *_short(rows)]).rstrip()
        + '\n'
    )


def _short(rows: Sequence[Row]) -> list[str]:
    """Return what falls short of its goal, a line each."""
    named = [
        (_whole(row, rows[:place]), row)
        for place, row in enumerate(rows)
        if row.ok is False
    ]
    lines = [f'  {name}: {row.judged()}, goal {row.goal_text()}' for name, row in named]
    return ['Short of their goals:', *lines] if lines else ['All goals are met.']


def _whole(row: Row, before: Sequence[Row]) -> str:
    """Return the name of a row, with that of the measure that it belongs to."""
    if not row.measure.startswith('  '):
        return row.measure
    of = next(other.measure for other in reversed(before) if other.measure[0] != ' ')
    return of if row.measure.strip() == 'the same' else f'{of}: {row.measure.strip()}'


def _cells(row: Row, peers: Mapping[str, str]) -> tuple[str, ...]:
    return (
        row.measure,
        row.floor_name,
        quantity(row.floor, row.unit),
        quantity(row.value, row.unit),
        f'{digits(row.ratio)} ×' if row.ratio is not None else '',
        row.goal_text(),
        row.verdict(),
        *(_peer_cell(row, name, reason) for name, reason in peers.items()),
    )


def _peer_cell(row: Row, name: str, reason: str) -> str:
    if name in row.peers:
        return quantity(row.peers[name], row.unit)
    return '—' if reason else ''


def aligned(
    cells: Sequence[Sequence[str]], to_the_left: Sequence[int] = TO_THE_LEFT
) -> list[str]:
    """Return the lines of a table, the first of them its headings."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ['  '.join(_padded(row, widths, to_the_left)).rstrip() for row in cells]
    return [lines[0], '  '.join('-' * width for width in widths), *lines[1:]]


def _padded(
    row: Sequence[str], widths: Sequence[int], to_the_left: Sequence[int]
) -> list[str]:
    return [
        cell.ljust(width) if column in to_the_left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def as_json(about: Mapping[str, Any], rows: Sequence[Row], peers: Mapping[str, str]) -> str:
    """Return the same as JSON; times are nanoseconds."""
    report = {
        **about,
        'rows': [_fields(row) for row in rows],
        'missing': _missing(peers),
    }
    return json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + '\n'


def _missing(peers: Mapping[str, str]) -> dict[str, str]:
    return {name: reason for name, reason in peers.items() if reason}


def _fields(row: Row) -> dict[str, Any]:
    return {
        'measure': row.measure,
        'unit': row.unit,
        'value': row.value,
        'floor_name': row.floor_name,
        'floor': row.floor,
        'ratio': row.ratio,
        'goal': row.goal_text(),
        'ok': row.ok,
        'peers': row.peers,
        'note': row.note,
    }
