"""Print an answer on a terminal of any width."""

from __future__ import annotations

import sys

from ... import _core
from ...messages import safe
from ...outputs.file import FileOutput
from ..terminal import MARKS, PAGE, Cell, Terminal
from ..widths import clipped
from .disturbance import Disturbance
from .rows import rows_of
from .runs import Runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .runs import Run

    Atom = tuple[str, str]  # a text that stays in one line, and the comma after it

INDENT, LABEL = '  ', 11  # columns of a label with the space after it
NARROWEST = 20  # columns of text beside the labels; below it they stand above the text
PLAIN = frozenset('%+,-./:=@_')  # characters that a shell takes as they are
HINT = 'not recorded: -o\xa0FILE keeps the record'


class Answer:
    """Collects the runs of a command, and prints the answer.

    Args:
        command: program and arguments.
        requested: number of runs.
        stream: name of the stream in `sys` to print on: `stdout` if the record goes
            nowhere, else `stderr`.
    """

    def __init__(self, command: list[str], requested: int, stream: str) -> None:
        self.command = command
        self.stream = stream
        self.runs = Runs(requested)
        self.disturbance: Disturbance | None = None
        self._doubts: list[str] = []

    def begin(self, load: float | None) -> None:
        """Take what happens from now on as a disturbance; call this before the runs.

        Args:
            load: load average; None if unknown.
        """
        self.disturbance = Disturbance(load or 0.0)

    def add(self, run: Run) -> None:
        """Add a timed run."""
        self.runs.add(run)

    def finish(self, record: dict[str, Any]) -> None:
        """Take the warnings of MBStability, if the record has them."""
        found = record.get('stability')
        sentences = found.get('warnings') if isinstance(found, dict) else None
        if isinstance(sentences, list):
            self._doubts = [one for one in sentences if isinstance(one, str)]

    def print(self, sinks: Iterable[Any]) -> None:
        """Print the answer; a terminal that has gone away does not matter.

        Args:
            sinks: the sinks that have the record.
        """
        terminal = Terminal(getattr(sys, self.stream))
        try:
            terminal.lines(self._lines(terminal, list(sinks)))
            terminal.stream.flush()
        except (OSError, ValueError):
            pass

    def _lines(self, terminal: Terminal, sinks: list[Any]) -> Iterator[str]:
        width = min(terminal.width or PAGE, PAGE)
        yield ''
        yield clipped(typed(self.command, MARKS * width), width)
        warnings = ((Cell('warning', 'yellow'), [doubt]) for doubt in self._doubts)
        for label, parts in (*rows_of(self.runs, self.disturbance), *warnings):
            yield from _row(label, list(parts), terminal, width)
        yield from self._where(terminal, sinks, width)

    def _where(self, terminal: Terminal, sinks: list[Any], width: int) -> Iterator[str]:
        """Yield where the record is. A name is never broken, so that it can be copied."""
        if self.stream == 'stdout':
            yield ''
            for line in _wrapped(_atoms([HINT]), width):
                text = ' '.join(atom for atom, _ in line).replace('\xa0', ' ')
                yield terminal.paint(Cell(text, 'dim'))
        elif sinks:
            yield ''
        for sink in sinks if self.stream != 'stdout' else ():
            place = sink.outfile if isinstance(sink, FileOutput) else repr(sink)
            yield f'recorded in {safe(str(place))}'


def answer_lines(title: str, rows: Iterable[Any], terminal: Terminal) -> Iterator[str]:
    """Yield the lines of an answer: a title, and rows of a label and its parts."""
    width = min(terminal.width or PAGE, PAGE)
    for line in title.splitlines():
        yield clipped(safe(line), width)
    for label, parts in rows:
        yield from _row(label, list(parts), terminal, width)


def _row(label: str, parts: list[str], terminal: Terminal, width: int) -> Iterator[str]:
    """Yield the lines of a row, broken between words; none without parts."""
    if not parts:
        return
    is_wide = width - len(INDENT) - LABEL >= NARROWEST
    left = len(INDENT) + LABEL if is_wide else 2 * len(INDENT)
    name = Cell(label, getattr(label, 'style', None) or 'dim')
    heading = INDENT + terminal.paint(name) + ' ' * (left - len(INDENT) - len(name))
    if not is_wide:
        yield heading.rstrip()
        heading = ' ' * left
    for line in _wrapped(_atoms(parts), width - left):
        text = ' '.join(terminal.paint(atom) + comma for atom, comma in line)
        yield heading + text.replace('\xa0', ' ')
        heading = ' ' * left


def _atoms(parts: list[str]) -> Iterator[list[Atom]]:
    """Yield the atoms of each part, with a comma after each but the last."""
    last = len(parts) - 1
    for place, part in enumerate(parts):
        words: list[str] = [part] if isinstance(part, Cell) else part.split(' ')
        yield [*((word, '') for word in words[:-1]), (words[-1], ',' * (place != last))]


def _wrapped(parts: Iterable[list[Atom]], room: int) -> Iterator[list[Atom]]:
    """Yield lines of atoms, broken between parts or, if one is too long, between atoms.

    No text of the user is among them: each sign takes one column.
    """
    line: list[Atom] = []
    for part in parts:
        if line and _width([*line, *part]) > room >= _width(part):
            yield line
            line = []
        for atom in part:
            if line and _width([*line, atom]) > room:
                yield line
                line = []
            line.append(atom)
    yield line


def _width(atoms: list[Atom]) -> int:
    return sum(len(text) + len(comma) + 1 for text, comma in atoms) - 1


def typed(command: list[str], most: int) -> str:
    r"""Return the beginning of a command as one would type it, without its secrets.

    >>> typed(['sh', '-c', "it's"], 100), typed(['fit', '--token=x'], 100)
    ("sh -c 'it'\\''s'", "fit '--token=***'")
    """
    words = _without_secrets(command)
    text = ''
    for word in words:
        text += f' {safe(_quoted(word[:most]))}'
        if len(text) > most:
            break
    return text[1:]


def _without_secrets(command: list[str]) -> list[str]:
    if not _core.is_suspicious(' '.join(command).encode('utf-8', 'replace')):
        return command
    from ...command_words import masked_words  # start-up time

    masked = dict(masked_words(command))
    return [masked.get(place, word) for place, word in enumerate(command)]


def _quoted(word: str) -> str:
    if word and all(c.isalnum() or c in PLAIN for c in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"
