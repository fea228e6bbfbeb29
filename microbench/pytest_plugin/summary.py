"""The table at the end of a run: a row for each measurement, in groups."""

from __future__ import annotations

import sys

import pytest

from ..cli.terminal import Cell, Terminal
from ..cli.view.comparison_forms import shown
from ..cli.view.headings import Column, counted, paragraph, table
from ..comparison.samples import Side
from ..comparison.words import STRETCHES
from ..encoding import json_text
from ..measuring.result import Measurement
from ..messages import safe
from ..results.units import number
from .against import name_of, short_names
from .settings import option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..comparison.samples import Group
    from .found import Results

    Record = dict[str, Any]

NUMBERS = (
    *('median', 'interval', 'mean', 'stdev', 'min', 'max', 'ops', 'samples', 'loops'),
)
USUAL = ('median', 'interval', 'min', 'samples', 'loops')
RELATIVE = 'relative'
ORDERS = ('collected', 'name', *(name for name in NUMBERS if name != 'interval'))
MOST = 5  # tests that a sentence names
LONGER = 'for longer: --microbench-min-time=10 --microbench-max-time=20'


class Row:
    """A row of the table.

    Args:
        group: its samples.
        about: the member `pytest` of its records.
        loops: calls in a sample.

    Attributes:
        name: id of the test, and the label of the measurement.
        group: the title of its group; None for all others.
        found: the statistics; None if no block went well.
        failed: number of blocks that raised.
    """

    def __init__(self, group: Group, about: Record, loops: int) -> None:
        self.name = str(group.name)
        self.group: str | None = about.get('group')
        self.about = about
        self.failed = group.failed
        values = group.runs.values
        self.found = Measurement(self.name, values, loops) if values else None

    def value(self, column: str) -> Any:
        """Return what a column is sorted by."""
        names = {'samples': 'count'}
        if self.found is None:
            return float('inf')
        if column == 'ops':
            return 1 / self.found.mean if self.found.mean else 0.0
        return getattr(self.found, names.get(column, column))

    def text(self, column: str) -> str:
        """Return the text of a cell."""
        if self.found is None:
            return 'failed' if column == 'median' else ''
        if column in ('samples', 'loops'):
            return f'{self.value(column):,}'
        if column == 'ops':
            return f'{number(self.value(column))}/s'
        scale, ends = self.found.scale, self.found.interval
        if column == 'interval':
            return scale.between(*ends).replace('\xa0', ' ') if ends else ''
        return scale.text(self.value(column)).replace('\xa0', ' ')

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; times are in seconds."""
        figures = self.found.as_dict() if self.found is not None else {}
        return {**figures, 'name': self.name, 'failed': self.failed, **self.about}


def rows_of(records: list[Record]) -> list[Row]:
    """Return a row for each name of records, in their order."""
    about, loops = {}, {}
    for record in records:
        name = name_of(record)
        about[name] = record.get('pytest', {})
        loops[name] = record['call'].get('loops', 1)
    groups = Side('', records).groups.values()
    return [Row(group, about[group.name], loops[group.name]) for group in groups]


# --- options -----------------------------------------------------------------------------


def check(config: pytest.Config) -> None:
    """Reject unknown columns.

    Raises:
        pytest.UsageError: there is no such column.
    """
    order = option(config, 'sort')
    if order is not None and order not in ORDERS:
        known = ', '.join(ORDERS)
        raise pytest.UsageError(f'--microbench-sort is one of {known}, not {order!r}')
    for name in columns_of(config):
        if name not in NUMBERS:
            known = ', '.join(NUMBERS)
            raise pytest.UsageError(f'--microbench-columns: one of {known}, not {name!r}')


def columns_of(config: pytest.Config) -> list[str]:
    """Return the names of the columns."""
    asked = option(config, 'columns')
    return list(USUAL) if asked is None else [name.strip() for name in asked.split(',')]


def written(path: str, found: Results) -> list[str]:
    """Write the rows as JSON; return sentences about failures."""
    try:
        with open(path, 'wb') as file:
            for row in rows_of(found.records):
                verdict = found.verdict_of(row.name)
                compared = {'compared': verdict.as_dict()} if verdict else {}
                file.write(json_text.encode({**row.as_dict(), **compared}) + b'\n')
    except OSError as error:
        return [f'cannot write {path}: {error.strerror}']
    return []


# --- the table ---------------------------------------------------------------------------


def show(found: Results, config: pytest.Config, reporter: Any) -> None:
    """Show tables, a comparison and remarks."""
    writer = config.get_terminal_writer()
    terminal = Terminal(sys.stdout)
    terminal.colours = writer.hasmarkup
    terminal.width = writer.fullwidth
    reporter.write_sep('=', 'microbench')
    for line in _lines(found, config, terminal):
        reporter.write_line(line)


def _lines(found: Results, config: pytest.Config, terminal: Terminal) -> Iterator[str]:
    rows = rows_of(found.records)
    names = short_names([row.name for row in rows])
    order, columns = option(config, 'sort'), columns_of(config)
    for place, (title, some) in enumerate(grouped(rows).items()):
        if place:
            yield ''
        if title is not None:
            yield terminal.paint(Cell(safe(f'group {title}'), 'dim'))
        yield from table(_table(in_order(some, order), columns, names), terminal)
    for sentence in remarks(found, rows, names):
        yield from paragraph(safe(sentence), terminal, 'yellow')
    yield from _compared(found, terminal)
    for sentence in found.problems:
        yield from paragraph(safe(sentence), terminal, 'red')


def _compared(found: Results, terminal: Terminal) -> Iterator[str]:
    """Yield the comparison with the baseline, and what fails the run."""
    if found.comparison is None:
        return
    yield ''
    if not found.comparison.pairs:
        for sentence in found.comparison.warnings:
            yield from paragraph(safe(sentence), terminal, 'red')
        return
    yield from shown(found.comparison, terminal, full=False)
    if STRETCHES in found.comparison.warnings:
        yield from paragraph(LONGER, terminal, 'yellow')
    if found.is_too_slow:
        limit = 100 * (found.fail_over or 0)
        sentence = f'a test is slower by more than {limit:g} %'
        yield from paragraph(sentence, terminal, 'red')


def grouped(rows: list[Row]) -> dict[str | None, list[Row]]:
    """Return rows by the title of their group, in the order of the first ones."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return found


def in_order(rows: list[Row], order: str | None) -> list[Row]:
    """Return rows in an order; by default a group by its medians, others as collected."""
    order = order or ('median' if rows[0].group is not None else 'collected')
    if order == 'collected':
        return rows
    if order == 'name':
        return sorted(rows, key=lambda row: row.name)
    return sorted(rows, key=lambda row: row.value(order))


def _table(rows: list[Row], columns: list[str], names: dict[str, str]) -> list[Column]:
    found = [
        Column('name', [safe(names[row.name]) for row in rows], is_name=True),
        *(
            Column(name, [row.text(name) for row in rows], is_right=True, rank=place)
            for place, name in enumerate(columns)
        ),
    ]
    if len(rows) > 1 and rows[0].group is not None:
        found.insert(2, Column(RELATIVE, _relative(rows), is_right=True))
    return [column for column in found if any(column.cells)]


def _relative(rows: list[Row]) -> list[str]:
    """Return medians in multiples of the least."""
    least = min(row.value('median') for row in rows)
    return [
        f'× {row.value("median") / least:.3g}' if row.found and least > 0 else ''
        for row in rows
    ]


def remarks(found: Results, rows: list[Row], names: dict[str, str]) -> Iterator[str]:
    """Yield sentences about what makes numbers doubtful, and what is missing."""
    within = [names[r.name] for r in rows if r.found and r.found.is_within_clock]
    if within:
        yield f'within the cost of reading the clock: {_some(within)}'
    if found.failed:
        yield f'left out: {counted(len(found.failed), "test")} that did not pass'
    if found.unused:
        yield f'nothing was measured in {_some(found.unused)}'
    if found.workers > 1:
        yield (
            f'{found.workers} processes measured at once, and slow each other down: '
            'take -n 0 for exact times'
        )
    if is_traced():
        yield 'the code was traced, as for its coverage: it was slower than it is'


def is_traced() -> bool:
    """Return whether a tool follows the lines that run: a tracer, or coverage."""
    monitoring = getattr(sys, 'monitoring', None)
    tools = (monitoring.get_tool(number) for number in range(6)) if monitoring else ()
    return sys.gettrace() is not None or any(tools)


def _some(names: list[str]) -> str:
    more = len(names) - MOST
    return ', '.join(names[:MOST]) + (f' and {more} more' if more > 0 else '')
