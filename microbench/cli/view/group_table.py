"""Print groups of records as a table: a row for each, and one for each of its phases."""

from __future__ import annotations

from ...results import units
from ..figures import alike, sparkline
from ..terminal import Cell, Terminal
from ..words import UsageError
from .exports import csv_lines, json_line, markdown_lines
from .group_rows import (
    SORTS,
    as_cells,
    as_objects,
    field_texts,
    in_order,
    label_of,
    outcome_of,
    rows_of,
)
from .headings import Column, counted, heading, shared, table
from .moments import at, span
from .record_view import ROUGHLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from .group_rows import GroupRow
    from .groups import Group, Groups

FEWEST = 4  # durations that are worth a chart
TIMES = {'median': 'median', 'p95': 'p95', 'stdev': 'σ', 'total': 'total'}
RANKS = {'stdev': 6, 'total': 5, 'p95': 3}  # left out in falling order if there is no room
ALL_OK = 'all ok'


def print_groups(groups: Groups, asked: argparse.Namespace, terminal: Terminal) -> None:
    """Print groups in the form and the order that the options ask for.

    Raises:
        UsageError: the options are for rows of records.
    """
    if asked.column:
        raise UsageError('--column is for records, not for groups: type --by for groups')
    rows = rows_of(groups)
    if asked.sort is not None and asked.sort not in SORTS:
        raise UsageError(f'groups are sorted by one of: {", ".join(SORTS)}')
    in_order(rows, asked.sort, asked.reverse)
    if asked.json:
        terminal.lines(map(json_line, as_objects(rows, groups.fields)))
    elif asked.csv:
        terminal.lines(csv_lines(as_cells(rows, groups.fields)))
    else:
        most = None if asked.all or not terminal.is_terminal else terminal.rows
        terminal.lines(_lines(rows, groups.fields, asked, terminal, most))


def _lines(
    rows: list[list[GroupRow]],
    fields: Sequence[str],
    asked: argparse.Namespace,
    terminal: Terminal,
    most: int | None,
) -> Iterator[str]:
    """Yield the heading, and a table with at most so many lines."""
    groups = [one[0].group for one in rows]
    shown = rows[: _fitting(rows, most)]
    said, found = _columns(rows, shown, fields)
    parts = [counted(sum(group.records for group in groups), 'record')]
    yield from heading([*parts, *_when(groups, asked.utc), *said], terminal)
    yield ''
    yield from markdown_lines(found) if asked.markdown else table(found, terminal)
    if len(shown) < len(rows):
        yield terminal.paint(Cell(_left_out(rows[len(shown) :]), 'dim'))


def _fitting(rows: list[list[GroupRow]], most: int | None) -> int:
    """Return the number of groups whose rows fit; at least one."""
    if most is None:
        return len(rows)
    taken = 0
    for number, one in enumerate(rows):
        taken += len(one)
        if taken > most and number:
            return number
    return len(rows)


def _left_out(rows: list[list[GroupRow]]) -> str:
    shares = [one[0].share for one in rows if one[0].share is not None]
    time = f' with {units.share(sum(shares))} of the time' if shares else ''
    more = 'group' if len(rows) == 1 else 'groups'
    return f'{len(rows):,} more {more}{time}: --all shows them'


def _when(groups: list[Group], utc: bool) -> list[str]:
    first = [group.first for group in groups if group.first is not None]
    last = [group.last for group in groups if group.last is not None]
    return [span(at(min(first), utc), at(max(last), utc))] if first else []


# --- columns -----------------------------------------------------------------------------


def _columns(
    rows: list[list[GroupRow]], shown: list[list[GroupRow]], fields: Sequence[str]
) -> tuple[list[str], list[Column]]:
    texts = [field_texts(one[0].group, fields) for one in rows]
    title, *others = fields
    if title == 'name' and 'command' in others:
        others.remove('command')
    common, differing = shared(_outer(rows, texts, others), fewest=1)
    flat = [row for one in shown for row in one]
    labels = [
        label_of(row, text, title)
        for one, text in zip(shown, texts, strict=False)
        for row in one
    ]
    outcome = [column for column in differing if column.title == 'outcome']
    left = [
        _label(title, labels),
        *(_spread(c, shown) for c in differing if c not in outcome),
        *_figures(flat, len(rows)),
        *(_spread(c, shown) for c in outcome),
    ]
    return common, left


def _label(title: str, labels: list[str]) -> Column:
    return Column(title, labels, is_name=True)


def _outer(
    rows: list[list[GroupRow]], texts: list[dict[str, str]], fields: list[str]
) -> list[Column]:
    """Return the columns of what a group has and a phase has not."""
    groups = [one[0].group for one in rows]
    found = [
        Column(field, [text[field] for text in texts], said=f'{field} {{}}', is_name=True)
        for field in fields
    ]
    if any(group.records != group.failed + group.runs.count for group in groups):
        numbers = [str(group.records) for group in groups]
        found.append(Column('records', numbers, is_right=True, rank=7))
    endings = [_ending(group) for group in groups]
    is_well = not any(group.failed for group in groups)
    said = ALL_OK if is_well else None
    return [*found, Column('outcome', endings, said=said, is_elastic=True)]


def _ending(group: Group) -> str:
    ending = outcome_of(group)
    return Cell(ending, 'red') if group.failed else ending


def _spread(column: Column, shown: list[list[GroupRow]]) -> Column:
    """Return a column with empty cells for the phases."""
    cells = []
    for cell, one in zip(column.cells, shown, strict=False):
        cells += [cell, *[''] * (len(one) - 1)]
    return column.with_cells(cells)


def _figures(rows: list[GroupRow], groups: int) -> Iterator[Column]:
    counts = [str(row.figures.count) for row in rows]
    yield Column('n', counts, is_right=True, rank=2)
    for name, title in TIMES.items():
        cells = _times(rows, name)
        if any(cells):
            yield Column(title, cells, is_right=True, rank=RANKS.get(name, 0))
    shares = [_share(row, groups) for row in rows]
    if any(shares):
        yield Column('share', shares, is_right=True, rank=1)
    charts = [_chart(row) for row in rows]
    if any(charts):
        yield Column('over time', charts, rank=4)
    trends = [str(row.figures.trend or '') for row in rows]
    if any(trends):
        styled = [Cell(t, 'yellow' if 'slower' in t else 'green') for t in trends]
        yield Column('trend', styled)


def _times(rows: list[GroupRow], name: str) -> list[str]:
    values = [row.figure(name) for row in rows]
    known = [v if r.group.is_timed else None for r, v in zip(rows, values, strict=True)]
    return [
        _time(row, name, value, text)
        for row, value, text in zip(rows, values, alike(known), strict=True)
    ]


def _time(row: GroupRow, name: str, value: float | None, text: str) -> str:
    if value is None:
        return ''
    text = text if row.group.is_timed else units.number(value)
    sign = ROUGHLY * (row.figures.is_rough and name in ('median', 'p95'))
    return Cell(sign + text, 'bold' if name == 'median' and row.phase is None else None)


def _share(row: GroupRow, groups: int) -> str:
    if row.share is None or (row.phase is None and groups < 2):
        return ''
    return units.share(row.share)


def _chart(row: GroupRow) -> str:
    chart = row.figures.chart
    return Cell(sparkline(chart), 'cyan') if len(chart) >= FEWEST else ''
