"""The forms in which `microbench compare` prints a comparison."""

from __future__ import annotations

from ...analysis.words import FASTER, SLOWER
from ...comparison.text import (
    LONGEST,
    MOST,
    RIGHT,
    TITLES,
    cells_of,
    difference,
    values_of,
)
from ...messages import safe
from ..terminal import Cell
from ..widths import columns, shortened
from .exports import csv_lines, json_line, markdown_lines
from .headings import Column, counted, heading, of_verdicts, paragraph, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...comparison.report import Comparison
    from ...comparison.rows import Row
    from ...comparison.surroundings import Differing
    from ..terminal import Terminal

STYLES = {FASTER: 'green', SLOWER: 'red', None: 'yellow'}
BESIDE = 11  # columns of a row that is neither the path nor a value
NARROWEST = 16  # characters of a value
RANKS = {'runs': 1, '95 %': 2}  # left out in falling order if there is no room


def shown(found: Comparison, terminal: Terminal, *, full: bool) -> Iterator[str]:
    """Yield the lines for a terminal.

    Args:
        found: the comparison.
        terminal: where they go.
        full: every field that differs.
    """
    yield from heading(_sides(found, terminal.width), terminal)
    yield ''
    yield from table(_columns(found), terminal)
    if found.warnings:
        yield ''
    for warning in found.warnings:
        yield from paragraph(safe(warning), terminal, 'yellow')
    yield from _fields(found.others, terminal, full=full)


def _sides(found: Comparison, width: int | None) -> list[str]:
    """Return what both sides are: one text, or two if they do not fit on a line."""
    sides = found.base, found.new
    records = [counted(side.records, 'record') for side in sides]
    titles = [safe(side.title) for side in sides]
    begins = 'base: ', 'new: '
    texts = [f'{b}{t}, {r}' for b, t, r in zip(begins, titles, records, strict=True)]
    if width is None or columns('; '.join(texts)) <= width:
        return ['; '.join(texts)]
    room = max(width - max(map(len, records)) - len('base: , ,'), NARROWEST)
    short = shortened(titles, room)
    return [f'{b}{t}, {r}' for b, t, r in zip(begins, short, records, strict=True)]


def _columns(found: Comparison) -> list[Column]:
    rows = [
        [_painted(row, place, text) for place, text in enumerate(cells_of(row))]
        for row in found.rows
    ]
    columns = [
        of_verdicts(cells)
        if title == 'verdict'
        else Column(
            title,
            cells,
            is_right=place in RIGHT,
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
    yield from fields(some, terminal)
    if len(some) < len(found):
        more = counted(len(found) - len(some), 'more field')
        yield terminal.paint(Cell(f'{more}: --all shows what differs', 'dim'))


def fields(found: Sequence[Differing], terminal: Terminal) -> Iterator[str]:
    """Yield a table of fields that differ, with both values, after an empty line."""
    if not found:
        return
    yield ''
    most = LONGEST
    if terminal.width is not None:
        longest = max(columns(safe(one.path)) for one in found)
        most = min(most, max((terminal.width - longest - BESIDE) // 2, NARROWEST))
    rows = []
    for one in found:
        base, new = values_of(one.base, one.new, most)
        rows.append([Cell('~', 'yellow'), safe(one.path), safe(base), '->', safe(new)])
    yield from terminal.table(rows, elastic=[1, 2, 4])


def markdown_of(found: Comparison) -> Iterator[str]:
    """Yield a Markdown table, then the warnings and the first fields that differ."""
    yield from markdown_lines(_columns(found))
    if found.warnings:
        yield ''
    yield from (f'- {_escaped(warning)}' for warning in found.warnings)
    others = found.others[:MOST]
    if others:
        yield ''
    yield from (f'- {bullet(one)}' for one in others)


def bullet(one: Differing) -> str:
    """Return a field that differs in Markdown."""
    if one.is_unfair:
        return _escaped(one.sentence)
    return f'`{safe(difference(one))[2:].replace("`", " ")}`'


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
