"""Print aligned tables and colours on a terminal.

Values come from files that anyone may have written. Control characters are never sent to
the terminal: callers escape them with `messages.safe`.
"""

from __future__ import annotations

import os

from .streams import is_terminal
from .widths import clipped, columns, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

STYLES = {'bold': 1, 'dim': 2, 'red': 31, 'green': 32, 'yellow': 33, 'cyan': 36}
GAP = '  '
NARROWEST = 8  # columns: elastic ones shrink to it before optional ones are dropped
AROUND = 4  # lines of a screen for heading, titles and prompt
PAGE, NARROWEST_PAGE = 80, 40  # columns of text in paragraphs
LONGEST = 40_000  # characters of a cell where lines may have any length
NO_LEAST: Mapping[int, int] = {}
MARKS = 4  # characters, combining ones included, that may take one column
# Replacements for streams that cannot encode these signs, as in the C locale.
PLAINER = str.maketrans(
    {
        'µ': 'u',
        '█': '#',
        '…': '~',
        '×': 'x',
        '━': '=',
        '╸': '-',
        '╺': '-',
        '≥': '>=',
        '≈': '~',
        '≤': '<=',
        '±': '+/-',
        '→': '->',
        'σ': 'sd',
        **dict(zip('▁▂▃▄▅▆▇', '_.-:=+*', strict=True)),
    }
)


class Cell(str):
    """A text with a style, which applies where colours are on.

    >>> Cell('failed', 'red').style
    'red'
    """

    __slots__ = ('style',)

    style: str | None

    def __new__(cls, text: str, style: str | None = None) -> Cell:  # noqa: D102
        cell = super().__new__(cls, text)
        cell.style = style
        return cell


class Terminal:
    """A stream and its capabilities.

    Attributes:
        is_terminal: whether the stream is a terminal.
        colours: whether to send colours: to a terminal that is not dumb, unless the
            variable `NO_COLOR` is set (https://no-color.org).
        width: number of columns; None if lines may have any length.
        rows: lines of a table that fit on a screen with its titles; also for a pipe.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self.stream = stream
        self.is_terminal = is_terminal(stream)
        dumb = environ.get('TERM', 'dumb') in ('dumb', '')
        self.can_erase = self.is_terminal and not dumb
        self.colours = self.can_erase and not environ.get('NO_COLOR')
        self.width = _width(stream, environ) if self.is_terminal else None
        self.rows = max(_height(stream, environ) - AROUND, 1)

    def paint(self, text: str) -> str:
        """Return a text in the colour of its style, if it has a style."""
        style = getattr(text, 'style', None)
        if style is None or not self.colours:
            return str(text)
        return f'\033[{STYLES[style]}m{text}\033[0m'

    def write(self, text: str) -> None:
        """Write a text; replace signs that the encoding lacks."""
        encoding = self.stream.encoding or 'utf-8'
        try:
            text.encode(encoding, self.stream.errors or 'strict')
        except UnicodeError:
            text = text.translate(PLAINER)
            text = text.encode(encoding, 'backslashreplace').decode(encoding)
        self.stream.write(text)

    def lines(self, lines: Iterable[str]) -> None:
        """Write each of these lines."""
        for line in lines:
            self.write(f'{line}\n')

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        right: Iterable[int] = (),
        elastic: Iterable[int] = (),
        optional: Iterable[int] = (),
        names: Iterable[int] = (),
        least: Mapping[int, int] = NO_LEAST,
        indent: str = '',
    ) -> list[str]:
        """Return the lines of a table, none of them wider than the terminal.

        On a narrow terminal, cut elastic columns first, beginning with the widest. Then
        drop optional columns. In the end, cut any column. Names are cut where they are
        alike, other texts at the end.

        Args:
            rows: lists of cells, all of the same length.
            right: numbers of the columns to align on the right.
            elastic: numbers of the columns that may be cut.
            optional: numbers of the columns that may be dropped, in this order.
            names: numbers of the elastic columns whose texts are to stay distinct.
            least: widths to which some elastic columns are cut before optional ones are
                dropped, by their numbers; others are cut to 8.
            indent: text before each line.
        """
        most = LONGEST if self.width is None else MARKS * max(self.width, 1)
        rows = [[_beginning(cell, most) for cell in row] for row in rows]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        kept = list(range(len(widths)))
        if self.width is not None:
            lows = {place: least.get(place, NARROWEST) for place in elastic}
            kept = _fit(widths, lows, optional, self.width - len(indent))
            rows = _with_short_names(rows, widths, {*names} & {*kept})
        right = set(right)
        padded = [self._padded(row, widths, kept, right) for row in rows]
        return [(indent + GAP.join(cells)).rstrip() for cells in padded]

    def _padded(
        self, row: Sequence[str], widths: list[int], kept: list[int], right: set[int]
    ) -> Iterable[str]:
        for place in kept:
            cell, width = row[place], widths[place]
            text = clipped(cell, width)
            painted = self.paint(Cell(text, getattr(cell, 'style', None)))
            if place == kept[-1] and place not in right:
                yield painted  # spaces at the end of each line may add up to gigabytes
                break
            space = ' ' * (width - columns(text))
            yield space + painted if place in right else painted + space


def _beginning(cell: str, most: int) -> str:
    """Cut a cell to what fits on a terminal: measuring a megabyte takes seconds."""
    if len(cell) <= most:
        return cell
    return Cell(f'{cell[:most]}…', getattr(cell, 'style', None))


def _with_short_names(
    rows: Sequence[Sequence[str]], widths: list[int], places: set[int]
) -> Sequence[Sequence[str]]:
    """Return the rows with the texts of some columns cut in the middle."""
    if not places:
        return rows
    cut = {p: shortened([row[p] for row in rows], widths[p]) for p in places}
    return [
        [
            Cell(cut[p][number], getattr(cell, 'style', None)) if p in cut else cell
            for p, cell in enumerate(row)
        ]
        for number, row in enumerate(rows)
    ]


def _fit(
    widths: list[int], elastic: dict[int, int], optional: Iterable[int], room: int
) -> list[int]:
    """Narrow the columns in `widths` until they fit; return the numbers of those kept.

    `elastic` has the least widths of columns before others are dropped.
    """
    kept, waiting = list(range(len(widths))), list(optional)
    while waiting and len(kept) > 1:
        spare = sum(max(widths[p] - elastic[p], 0) for p in elastic.keys() & {*kept})
        if _excess(widths, kept, room) <= spare:
            break
        kept.remove(waiting.pop(0))
    for lows in (elastic, dict.fromkeys(elastic, NARROWEST), dict.fromkeys(elastic, 1)):
        excess = _excess(widths, kept, room)
        _shrink(widths, sorted(lows.keys() & {*kept}), excess, lows)
    _cut(widths, kept, room)
    return kept


def _excess(widths: list[int], kept: list[int], room: int) -> int:
    """Return how many columns of the terminal the columns in `kept` take too many."""
    return sum(widths[place] for place in kept) + len(GAP) * (len(kept) - 1) - room


def _cut(widths: list[int], kept: list[int], room: int) -> None:
    """Drop or narrow the last columns, for an absurdly narrow terminal."""
    while len(kept) > 1 and 0 < _excess(widths, kept, room) >= widths[kept[-1]]:
        kept.pop()
    excess = max(_excess(widths, kept, room), 0)
    widths[kept[-1]] = max(widths[kept[-1]] - excess, 1)


def _shrink(
    widths: list[int], places: list[int], excess: int, lows: dict[int, int]
) -> None:
    """Take `excess` from the widest columns, but leave each the least width in `lows`."""
    if excess <= 0 or not places:
        return
    both = [(widths[place], lows[place]) for place in places]
    most = _common_width(both, excess)
    spare = sum(max(width - max(most, low), 0) for width, low in both) - excess
    for place in reversed(places):
        if widths[place] > max(most, lows[place]):
            widths[place] = max(most, lows[place]) + (spare > 0)
            spare -= 1


def _common_width(widths: list[tuple[int, int]], excess: int) -> int:
    """Return the largest width to cut them to, so that at least `excess` is saved.

    `widths` has the width and the least width of each column.
    """
    low, high = min(low for _, low in widths), max(width for width, _ in widths)
    while low < high:
        middle = (low + high + 1) // 2
        saved = sum(max(width - max(middle, least), 0) for width, least in widths)
        if saved >= excess:
            low = middle
        else:
            high = middle - 1
    return low


def bar(part: float, width: int = 20) -> Cell:
    """Return a bar for a fraction; above 0 it has at least one block.

    >>> bar(0.25, 8), bar(0.001, 8), bar(0, 8), bar(3, 8)
    ('██', '█', '', '████████')
    """
    length = max(min(round(part * width), width), part > 0)
    return Cell('█' * length, 'cyan')


def page_width(stream: TextIO | None) -> int:
    """Return the width of paragraphs: 80 columns, or fewer on a narrower terminal."""
    width = Terminal(stream).width if stream is not None else None
    return max(min(width or PAGE, PAGE), NARROWEST_PAGE)


def _width(stream: TextIO, environ: Mapping[str, str]) -> int:
    return _given('COLUMNS', environ) or _size(stream)[0] or 80


def _height(stream: TextIO, environ: Mapping[str, str]) -> int:
    return _given('LINES', environ) or _size(stream)[1] or 24


def _given(variable: str, environ: Mapping[str, str]) -> int:
    given = environ.get(variable, '')
    return int(given) if given.isdecimal() else 0


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        return os.get_terminal_size(stream.fileno())
    except (OSError, AttributeError, ValueError):
        return 0, 0
