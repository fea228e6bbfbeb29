"""`microbench convert`: print the records of any result files in the current schema."""

from __future__ import annotations

import sys

from ...messages import print_stderr
from ...results.cleaning import CLEANED, CONVERTED, UNCHANGED, clean_line
from ...results.reading import Lines, damage
from ..new_file import new_file
from ..words import UsageError
from .entries import PATHS, expanded, lines_of, name_of
from .subcommand import Subparser, answering

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

STDOUT = '-'

ABOUT = """\
Print the records of files as lines that any other tool reads. Records of before 2.0, with
flat fields such as function_name and run_durations, get the fields of today. Torn lines
are left out, whole records in them are kept. NaN and Infinity, which 2.1.0 wrote, become
null; times on a whole second get a fraction. Compressed files are unpacked. Files of
pyperf, hyperfine, pytest-benchmark, asv and Google Benchmark become records. All other
records are passed on. The files themselves are never changed."""

NOTES = """\
What was changed is counted on standard error. The exit status is 0 also if damaged lines
were left out: keep the original then. It is 2 if a file holds nothing but damage. show
and diff read all such files themselves, without this."""


class Conversion:
    """Iterate over the records of files as clean lines.

    Args:
        paths: names of files, or patterns; `-` is standard input.

    Attributes:
        counts: numbers of records that were converted from the flat schema or the file of
            another tool, cleaned, or unchanged, and of damaged lines.
    """

    def __init__(self, paths: list[str]) -> None:
        self.paths = expanded(paths)
        self.counts = dict.fromkeys([CONVERTED, CLEANED, UNCHANGED, 'damaged'], 0)

    def __iter__(self) -> Iterator[bytes]:
        from ...encoding.json_text import encode  # start-up time

        for path in self.paths:
            lines, count = Lines(lines_of(path)), 0
            for record in lines:
                line, done = clean_line(record, encode)
                self.counts[CONVERTED if lines.is_of_other_tool else done] += 1
                count += 1
                yield line
            if lines.damaged and not count:
                raise UsageError(f'{name_of(path)} holds no record that can be read')
            self.counts['damaged'] += lines.damaged

    def summary(self) -> str:
        """Return the counts as a sentence."""
        parts = [
            f'{self.counts[CONVERTED]} converted',
            f'{self.counts[UNCHANGED]} unchanged',
        ]
        if self.counts[CLEANED]:
            parts.insert(1, f'{self.counts[CLEANED]} cleaned')
        if self.counts['damaged']:
            parts.append(damage(self.counts['damaged']))
        return ', '.join(parts)


def convert(words: list[str]) -> int:
    """Convert the files that the words name."""
    asked = _parser().parse_intermixed_args(words)
    conversion = Conversion(asked.path)
    if asked.outfile in (None, STDOUT):
        _write(conversion, sys.stdout.buffer)
    else:
        with new_file(asked.outfile) as file:
            _write(conversion, file)
    if asked.json:
        print_stderr(_line_of(conversion.counts))
    else:
        print_stderr(f'microbench: {conversion.summary()}')
    return 0


main = answering('convert', convert)


def _parser() -> Subparser:
    parser = Subparser('convert', ABOUT, NOTES)
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=PATHS)
    option('-o', '--outfile', metavar='FILE', help='write a new FILE instead of printing')
    option('--json', action='store_true', help='print the counts as a line of JSON')
    return parser


def _write(conversion: Conversion, file: BinaryIO) -> None:
    file.writelines(line + b'\n' for line in conversion)
    file.flush()


def _line_of(value: Any) -> str:
    from ...encoding import json_text  # start-up time

    return json_text.encode(value).decode('ascii')
