"""`microbench convert`: result files of before 2.0, with the fields of today."""

from __future__ import annotations

import os
import sys

from ..messages import tell
from ..results.flat_schema import converted, is_flat_schema
from ..results.reading import Lines, damage
from .entries import PATHS, lines_of, name_of
from .subcommand import Subparser, answering
from .words import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

ABOUT = """\
Print the records of files with the fields of today, a line each. Those of before 2.0,
with flat fields such as function_name and run_durations, are converted; all others are
passed on as they are. The files themselves are never changed."""

NOTES = """\
The exit status is 1 if something was damaged and had to be left out: keep the original
then. show and diff read the older records themselves, without this."""

LEFT_OUT = 1  # the exit status


class Conversion:
    """The records of files, in the schema of today.

    Args:
        paths: names of files; `-` is standard input.

    Attributes:
        converted: how many were of the flat schema.
        unchanged: how many were not.
        damaged: how many lines were damaged.
    """

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.converted = self.unchanged = self.damaged = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for path in self.paths:
            lines = Lines(lines_of(path))
            for record in lines:
                flat = is_flat_schema(record)
                self.converted += flat
                self.unchanged += not flat
                yield converted(record) if flat else record
            self.damaged += lines.damaged

    def told(self) -> str:
        """Return the counts in a sentence."""
        parts = [f'{self.converted} converted', f'{self.unchanged} unchanged']
        if self.damaged:
            parts.append(damage(self.damaged))
        return ', '.join(parts)


def convert(words: list[str]) -> int:
    """Convert what the words name."""
    asked = _parser().parse_intermixed_args(words)
    conversion = Conversion(asked.path)
    if asked.outfile is None:
        _write(conversion, sys.stdout)
    else:
        _write_new_file(conversion, asked.outfile)
    if asked.json:
        counts = {k: v for k, v in vars(conversion).items() if k != 'paths'}
        tell(_line_of(counts))
    else:
        tell(f'microbench: {conversion.told()}')
    return LEFT_OUT if conversion.damaged else 0


main = answering('convert', convert)


def _parser() -> Subparser:
    parser = Subparser('convert', ABOUT, NOTES)
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=PATHS)
    option('-o', '--outfile', metavar='FILE', help='write a new FILE instead of printing')
    option('--json', action='store_true', help='tell what was done as a line of JSON')
    return parser


def _write_new_file(conversion: Conversion, path: str) -> None:
    try:
        with open(path, 'x', encoding='ascii') as file:
            _write_or_remove(conversion, file)
    except FileExistsError:
        raise UsageError(f'{name_of(path)} exists: name a new file') from None


def _write_or_remove(conversion: Conversion, file: TextIO) -> None:
    try:
        _write(conversion, file)
    except BaseException:  # half a file would be taken for a whole one
        os.unlink(file.name)
        raise


def _write(conversion: Conversion, file: TextIO) -> None:
    file.writelines(_line_of(record) + '\n' for record in conversion)
    file.flush()


def _line_of(value: Any) -> str:
    from ..core import encoding  # start-up time

    return encoding.encode(value).decode('ascii')
