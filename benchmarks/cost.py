"""What a record costs, in plain figures, as Markdown: the table of the README.

usage: python -m benchmarks.cost [--write README.md] REPORT.json ...

The reports are those of `make bench-all`, one for each interpreter, and of
`make bench-peers`, for the last column.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .rows import PREDECESSOR, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

BEGIN, END = '<!-- cost:begin -->\n', '<!-- cost:end -->\n'


class Cost(NamedTuple):
    """A line of the table."""

    text: str
    measure: str  # of the benchmarks
    floor: str = ''
    by_hand: str = ''  # what the floor is, for readers


COSTS = (
    Cost(
        'a phase, `with bench.time()`',
        'with bench.time() in a record',
        'time.perf_counter pair, append',
        'two `perf_counter()`, one `append()`',
    ),
    Cost('a phase while nothing records', '  outside a record'),
    Cost(
        'an iteration, `iterations=N`',
        'iterations=N, added to a call',
        'two perf_counter()',
        'two `perf_counter()`',
    ),
    Cost('a call of a `@bench` function, in memory', '@bench, memory'),
    Cost(
        'the same, in a file',
        '@bench, file',
        'write() of its bytes',
        '`write()` of the line',
    ),
    Cost('an `await` of a `@bench` coroutine', 'await of a decorated function, added'),
    Cost('a bare block, `with bench.record()`', 'with bench.record(), null sink'),
    Cost(
        'a call with six mixins, in a file',
        '@bench, six mixins, file',
        'that and write()',
        'its system calls',
    ),
    Cost('`import microbench` and a first record', 'import and first record'),
)


def as_markdown(reports: Sequence[dict[str, Any]]) -> str:
    """Return the table: by hand and 2.1.0 as in the first report that has them."""
    versions = ['.'.join(report['python'].split()[-1].split('.')[:2]) for report in reports]
    heading = ['', 'by hand', *(f'CPython {version}' for version in versions), '2.1.0']
    rows = [heading, ['---'] * len(heading)]
    for cost in COSTS:
        found = [next(_rows(report, cost)) for report in reports]
        values = [quantity(row['value'], 'ns') for row in found]
        rows.append([cost.text, _by_hand(cost, found[0]), *values, _before(reports, cost)])
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows) + '\n'


def _by_hand(cost: Cost, row: dict[str, Any]) -> str:
    return f'{quantity(row["floor"], "ns")}: {cost.by_hand}' if cost.by_hand else ''


def _rows(report: dict[str, Any], cost: Cost) -> Iterator[dict[str, Any]]:
    """Yield the rows of a measure; a row that is the same as the one above has its name."""
    measure = ''
    for row in report['rows']:
        measure = measure if row['measure'].strip() == 'the same' else row['measure']
        if measure == cost.measure and cost.floor in ('', row['floor_name']):
            yield row


def _before(reports: Sequence[dict[str, Any]], cost: Cost) -> str:
    any_floor = cost._replace(floor='')
    rows = (row for report in reports for row in _rows(report, any_floor))
    found = (row['peers'].get(PREDECESSOR) for row in rows)
    return quantity(next((ns for ns in found if ns), None), 'ns') or '–'


def main() -> None:
    """Print the table, or write it between its marks."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.cost')
    parser.add_argument('--write', metavar='PAGE', type=Path)
    parser.add_argument('reports', metavar='REPORT', nargs='+', type=Path)
    options = parser.parse_args()
    reports = [json.loads(path.read_text(encoding='utf-8')) for path in options.reports]
    table = as_markdown(reports)
    if options.write is None:
        sys.stdout.write(table)
        return
    before, _, rest = options.write.read_text(encoding='utf-8').partition(BEGIN)
    _, _, after = rest.partition(END)
    options.write.write_text(f'{before}{BEGIN}\n{table}\n{END}{after}', encoding='utf-8')


if __name__ == '__main__':
    main()
