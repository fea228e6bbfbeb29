"""Say once, above a table, what is the same in all of its rows."""

from __future__ import annotations

from ..terminal import Cell, Terminal
from ..values import WHOLE, cut
from ..widths import clipped, columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST = 60  # columns of a value beside the others
BETWEEN = ', '


class Column:
    """A column of a table.

    Attributes:
        title: text above it.
        cells: a text for each row.
        said: what the heading says instead, if all cells are the same; `{}` is that text,
            and an empty text says nothing. None keeps the column.
        is_right: align it on the right.
        is_elastic: it may be cut.
        is_name: its texts have to stay distinct when they are cut.
        least: columns to which it is cut before others are left out; None for the usual.
        rank: columns of higher rank are left out first; 0 for never.
    """

    __slots__ = (
        *('cells', 'is_elastic', 'is_name', 'is_right', 'least', 'rank', 'said', 'title'),
    )

    def __init__(
        self,
        title: str,
        cells: Sequence[str],
        *,
        said: str | None = None,
        is_right: bool = False,
        is_elastic: bool = False,
        is_name: bool = False,
        rank: int = 0,
    ) -> None:
        self.title = title
        self.cells = cells
        self.said = said
        self.is_right = is_right
        self.is_elastic = is_elastic or is_name
        self.is_name = is_name
        self.rank = rank
        self.least: int | None = None

    def common(self, fewest: int = 2) -> str | None:
        """Return the text of all cells; None if they differ or are fewer than that."""
        if len(self.cells) < fewest or len(set(self.cells)) != 1:
            return None
        return self.cells[0]

    def with_cells(self, cells: Sequence[str]) -> Column:
        """Return the same column with other cells."""
        new = Column(self.title, cells, said=self.said, rank=self.rank)
        new.is_right, new.is_name = self.is_right, self.is_name
        new.is_elastic, new.least = self.is_elastic, self.least
        return new


def of_verdicts(cells: Sequence[str]) -> Column:
    """Return the column of verdicts: the reason behind a word is cut before the word."""
    column = Column('verdict', cells, is_elastic=True)
    words = [cell.partition(':')[0] for cell in cells]
    pairs = zip(words, cells, strict=True)
    column.least = max((columns(word) + (word != cell) for word, cell in pairs), default=0)
    return column


def shared(found: Iterable[Column], fewest: int = 2) -> tuple[list[str], list[Column]]:
    """Return what the heading says, and the columns that are left.

    Args:
        found: columns of a table.
        fewest: number of rows from which on something can be the same in all.
    """
    said, left = [], []
    for column in found:
        common = None if column.said is None else column.common(fewest)
        if common is None or columns(common) > LONGEST:
            left.append(column)
        elif column.said and common:
            said.append(column.said.replace('{}', common))
    return said, left


def table(found: Sequence[Column], terminal: Terminal) -> list[str]:
    """Return the lines of a table with these columns."""
    places = range(len(found))
    heading = [Cell(column.title, 'bold') for column in found]
    rows = zip(*(column.cells for column in found), strict=True)
    dropped = sorted((p for p in places if found[p].rank), key=lambda p: -found[p].rank)
    return terminal.table(
        [heading, *rows],
        right=[p for p in places if found[p].is_right],
        elastic=[p for p in places if found[p].is_elastic],
        optional=dropped,
        names=[p for p in places if found[p].is_name],
        least={p: low for p in places if (low := found[p].least) is not None},
    )


def heading(parts: Iterable[str], terminal: Terminal) -> Iterator[str]:
    """Yield the lines of a heading, each as long as fits on the terminal."""
    line = ''
    for part in parts:
        joined = f'{line}{BETWEEN}{part}' if line else part
        if line and terminal.width is not None and columns(joined) > terminal.width:
            yield _painted(f'{line},', terminal)
            joined = part
        line = joined
    if line:
        yield _painted(line, terminal)


def paragraph(text: str, terminal: Terminal, style: str | None = None) -> Iterator[str]:
    """Yield the lines of a text that is broken between words."""
    line = ''
    for word in text.split(' '):
        joined = f'{line} {word}' if line else word
        if line and terminal.width is not None and columns(joined) > terminal.width:
            yield terminal.paint(Cell(clipped(line, terminal.width), style))
            joined = word
        line = joined
    text = _fitting(line, terminal)
    yield terminal.paint(Cell(text, style))


def _painted(line: str, terminal: Terminal) -> str:
    text = _fitting(line, terminal)
    return terminal.paint(Cell(text, 'dim'))


def _fitting(line: str, terminal: Terminal) -> str:
    return cut(line, WHOLE) if terminal.width is None else clipped(line, terminal.width)


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    >>> counted(1, 'record'), counted(1200, 'record')
    ('1 record', '1,200 records')
    """
    return f'{number:,} {noun}{"s" * (number != 1)}'
