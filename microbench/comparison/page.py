"""A comparison as HTML, for a notebook."""

from __future__ import annotations

from html import escape

from ..analysis.words import FASTER, SLOWER
from .text import MOST, RIGHT, TITLES, cells_of, difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .rows import Row
    from .surroundings import Differing

COLOURS = {FASTER: 'green', SLOWER: 'red'}


def html_of(
    found: Sequence[Row], warnings: Sequence[str], others: Sequence[Differing]
) -> str:
    """Return a table of the rows, and a paragraph for each sentence and field."""
    heads = ''.join(f'<th>{escape(title)}</th>' for title in TITLES)
    rows = ''.join(f'<tr>{"".join(_cells(row))}</tr>' for row in found)
    table = f'<table><tr>{heads}</tr>{rows}</table>' if found else ''
    texts = [*warnings, *map(difference, others[:MOST])]
    return table + ''.join(f'<p>{escape(text)}</p>' for text in texts)


def _cells(row: Row) -> Iterator[str]:
    for place, text in enumerate(cells_of(row)):
        styles = []
        if place in RIGHT:
            styles.append('text-align: right')
        if TITLES[place] == 'verdict' and row.verdict in COLOURS:
            styles.append(f'color: {COLOURS[row.verdict]}')
        if TITLES[place] == 'name' and row.phase is not None:
            styles.append('padding-left: 2em')
        style = f' style="{"; ".join(styles)}"' if styles else ''
        yield f'<td{style}>{escape(text.strip())}</td>'
