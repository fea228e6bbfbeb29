"""The reports of several interpreters as one table: a column for each.

usage: python -m benchmarks.versions build/bench-3.11.json build/bench-3.14.json ...

A cell is the ratio to the floor, or the value where there is none; `!` marks one that
misses its goal. The rows are those of the first report.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .rows import digits, quantity
from .table import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SURROUNDINGS = ('machine', 'cores', 'date', 'clock')


def as_text(reports: Sequence[dict[str, Any]]) -> str:
    """Return heading and table of reports that `table.as_json` has made."""
    lines = [f'{name:8} {reports[0][name]}' for name in SURROUNDINGS]
    cells = [('measure', 'floor', *(report['python'].split()[-1] for report in reports))]
    for row in reports[0]['rows']:
        same = [_found(report['rows'], row) for report in reports]
        cells.append((row['measure'], row['floor_name'], *map(_cell, same)))
    return '\n'.join([*lines, '', *aligned(cells)]) + '\n'


def _found(rows: Sequence[dict[str, Any]], wanted: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row of the same measure and floor; None if there is none."""
    names = ('measure', 'floor_name')
    return next((row for row in rows if all(row[n] == wanted[n] for n in names)), None)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ''
    ratio = row['ratio']
    text = quantity(row['value'], row['unit']) if ratio is None else f'{digits(ratio)} ×'
    return f'{text} !' if row['ok'] is False else text


def main() -> None:
    """Print the table of the reports in the files that are given."""
    reports = [json.loads(Path(name).read_text(encoding='utf-8')) for name in sys.argv[1:]]
    sys.stdout.write(as_text(reports))


if __name__ == '__main__':
    main()
