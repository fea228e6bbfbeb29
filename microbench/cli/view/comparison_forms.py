"""The forms in which `microbench compare` prints a comparison."""

from __future__ import annotations

from ...analysis.words import FASTER, SLOWER
from ...comparison.text import (
    MOST,
    RIGHT,
    TITLES,
    cells_of,
    difference,
    value_of,
)
from ...messages import safe
from ..terminal import Cell
from .exports import csv_lines, json_line, markdown_lines
from .headings import Column, counted, heading, paragraph, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...comparison.report import Comparison
    from ...comparison.rows import Row
    from ...comparison.surroundings import Differing
    from ..terminal import Terminal

STYLES = {FASTER: 'green', SLOWER: 'red', None: 'yellow'}
RANKS = {'failed': 0, 'runs': 2, '95 %': 1}  # left out in falling order if there is no room


def shown(found: Comparison, terminal: Terminal, *, full: bool) -> Iterator[str]:
    """Yield the lines for a terminal.

    Args:
        found: the comparison.
        terminal: where they go.
        full: every field that differs.
    """
    sides = (
        f'{name}: {safe(side.title)}, {counted(side.records, "record")}'
        for name, side in (('base', found.base), ('new', found.new))
    )
    yield from heading(['; '.join(sides)], terminal)
    yield ''
    yield from table(_columns(found), terminal)
    if found.warnings:
        yield ''
    for warning in found.warnings:
        yield from paragraph(safe(warning), terminal, 'yellow')
    yield from _fields(found.others, terminal, full=full)


def _columns(found: Comparison) -> list[Column]:
    rows = [
        [_painted(row, place, text) for place, text in enumerate(cells_of(row))]
        for row in found.rows
    ]
    columns = [
        Column(
            title,
            cells,
            is_right=place in RIGHT,
            is_elastic=title == 'verdict',
            is_name=title == 'name',
            rank=RANKS.get(title, 0),
        )
        for place, (title, cells) in enumerate(
            zip(TITLES, map(list, zip(*rows, strict=True)), strict=True)
        )
    ]
    return [column for column in columns if any(column.cells)]


def _painted(row: Row, place: int, text: str) -> str:
    is_verdict = TITLES[place] == 'verdict' and row.verdict in STYLES
    return Cell(text, STYLES[row.verdict]) if is_verdict else text


def _fields(found: list[Differing], terminal: Terminal, *, full: bool) -> Iterator[str]:
    some = found if full else found[:MOST]
    if some:
        yield ''
        rows = [
            [
                Cell('~', 'yellow'),
                safe(one.path),
                safe(value_of(one.base)),
                '->',
                safe(value_of(one.new)),
            ]
            for one in some
        ]
        yield from terminal.table(rows, elastic=[1, 2, 4])
    if len(some) < len(found):
        more = counted(len(found) - len(some), 'more field')
        yield terminal.paint(Cell(f'{more}: --all shows what differs', 'dim'))


def markdown_of(found: Comparison) -> Iterator[str]:
    """Yield a Markdown table, then the warnings and the first fields that differ."""
    yield from markdown_lines(_columns(found))
    if found.warnings:
        yield ''
    yield from (f'- {_escaped(warning)}' for warning in found.warnings)
    others = found.others[:MOST]
    if others:
        yield ''
    yield from (f'- `{safe(difference(one))[2:].replace("`", " ")}`' for one in others)


def _escaped(text: str) -> str:
    for sign in '\\`*_<[':
        text = text.replace(sign, f'\\{sign}')
    return safe(text)


def csv_of(found: Comparison) -> Iterator[str]:
    """Yield the rows as comma-separated values."""
    return csv_lines(row.as_dict() for row in found.rows)


def json_of(found: Comparison) -> Iterator[str]:
    """Yield an object for each row, each field that differs, and each warning."""
    for row in found.rows:
        yield json_line({'kind': 'row', **row.as_dict()})
    for one in found.surroundings:
        yield json_line({'kind': 'field', **one.as_dict()})
    for warning in found.warnings:
        yield json_line({'kind': 'warning', 'text': warning})
