"""What a person looks at: aligned tables, and colours where they are wanted.

Values come from files that anybody may have written. Whatever could steer a terminal is
shown as an escape sequence in text (`safe`), and never sent to it.
"""

from __future__ import annotations

import os
from math import inf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

STYLES = {'bold': 1, 'dim': 2, 'red': 31, 'green': 32, 'yellow': 33, 'cyan': 36}
GAP = '  '
NARROWEST = 8  # to which an elastic column may shrink
# For a stream whose encoding has no such signs, as in the C locale.
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
        '≤': '<=',
    }
)


class Cell(str):
    """A text with the style it has where there are colours.

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
    """A stream, and what it can show.

    Attributes:
        is_terminal: whether a person may be looking.
        colours: whether to send colours: on a terminal that is not dumb, unless the
            variable `NO_COLOR` is set (https://no-color.org).
        width: columns; None where lines may have any length.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        self.stream = stream
        self.is_terminal = is_terminal(stream)
        dumb = environ.get('TERM', 'dumb') in ('dumb', '')
        self.can_erase = self.is_terminal and not dumb
        self.colours = self.can_erase and not environ.get('NO_COLOR')
        self.width = _width(stream, environ) if self.is_terminal else None

    def paint(self, text: str) -> str:
        """Return a text with the colour of its style, if it has one."""
        style = getattr(text, 'style', None)
        if style is None or not self.colours:
            return str(text)
        return f'\033[{STYLES[style]}m{text}\033[0m'

    def write(self, text: str) -> None:
        """Write a text, in plainer signs where the encoding lacks some."""
        encoding = self.stream.encoding or 'utf-8'
        try:
            text.encode(encoding, self.stream.errors or 'strict')
        except UnicodeError:
            text = text.translate(PLAINER)
            text = text.encode(encoding, 'backslashreplace').decode(encoding)
        self.stream.write(text)

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(f'{line}\n')

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        right: Iterable[int] = (),
        elastic: Iterable[int] = (),
        indent: str = '',
    ) -> list[str]:
        """Return the lines of a table.

        Args:
            rows: the cells of each, the same number in all.
            right: columns that are aligned on their right.
            elastic: columns that are cut where the terminal is too narrow.
            indent: stands before each line.
        """
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        if self.width is not None:
            room = self.width - len(indent) - len(GAP) * (len(widths) - 1)
            _shrink(widths, set(elastic), room)
        right = set(right)
        return [
            (indent + GAP.join(self._padded(row, widths, right))).rstrip() for row in rows
        ]

    def narrowed(self, rows: list[list[str]], indent: str = '') -> list[list[str]]:
        """Return rows without the columns that do not fit; the last one stays."""
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        room = inf if self.width is None else self.width - len(indent)
        while len(widths) > 2 and sum(widths) + len(GAP) * (len(widths) - 1) > room:
            del widths[-2]
        return [[*row[: len(widths) - 1], row[-1]] for row in rows]

    def _padded(
        self, row: Sequence[str], widths: list[int], right: set[int]
    ) -> Iterable[str]:
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            text = clipped(cell, width)
            space = ' ' * (width - columns(text))
            painted = self.paint(Cell(text, getattr(cell, 'style', None)))
            yield space + painted if place in right else painted + space


def _shrink(widths: list[int], elastic: set[int], room: int) -> None:
    """Take from the widest elastic column until all fit, or none can give."""
    while sum(widths) > room:
        wide = [place for place in elastic if widths[place] > NARROWEST]
        if not wide:
            return
        widest = max(wide, key=widths.__getitem__)
        widths[widest] -= 1


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Wide characters (UAX 11) take two, marks that combine with the one before none.

    >>> columns('node'), columns('測定'), columns('e\u0301')
    (4, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    import unicodedata

    if unicodedata.category(character) in ('Mn', 'Me'):
        return 0
    return 2 if unicodedata.east_asian_width(character) in 'WF' else 1


def clipped(text: str, width: int) -> str:
    """Return a text that fits, with an ellipsis where something was cut off.

    >>> clipped('node07.cluster', 8), clipped('測定測定', 6), clipped('short', 8)
    ('node07.…', '測定…', 'short')
    """
    if len(text) <= width and columns(text) <= width:
        return text
    kept, taken = '', 1
    for character in text:
        taken += _columns_of(character)
        if taken > width:
            break
        kept += character
    return f'{kept}…'


def bar(part: float, width: int = 20) -> Cell:
    """Return a bar for a fraction; what is there at all is seen.

    >>> bar(0.25, 8), bar(0.001, 8), bar(0, 8), bar(3, 8)
    ('██', '█', '', '████████')
    """
    length = max(min(round(part * width), width), part > 0)
    return Cell('█' * length, 'cyan')


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; one that is closed, or none, is not."""
    if stream is None:
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _width(stream: TextIO, environ: Mapping[str, str]) -> int:
    told = environ.get('COLUMNS', '')
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, AttributeError, ValueError):
        return 80
