"""`microbench ranks`: say which rank of a parallel program was slow, and in which phase."""

from __future__ import annotations

import sys

from ...messages import print_stderr, safe
from ...results import units
from ...results.ranks import Ranks
from ..terminal import Terminal
from ..words import UsageError
from .asked_fields import AskedFields
from .entries import PATHS, Entries
from .exports import csv_lines, json_line, markdown_lines
from .headings import Column, counted, paragraph, table
from .subcommand import CONDITIONS, Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ...results.ranks import RankRow

ABOUT = """\
Compare the ranks of a parallel program (MPI, torchrun, srun): for each phase the shortest,
mean and longest time of a rank, how unequal they are, and the slowest rank; and in one
sentence which rank was slow, and in which phase."""

NOTES = """\
The time of a rank is the sum of its records. A rank without a phase spent no time in it.
The imbalance is how much longer the slowest rank took than the mean. Runs that failed, and
records without process.rank, are left out."""


def ranks(words: list[str]) -> int:
    """Print the comparison for the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    entries = Entries(asked.path, AskedFields(asked))
    found = Ranks(
        entry.record
        for entry in entries
        if asked.filter is None or asked.filter(entry.record)
    )
    if not found.rows:
        raise UsageError(_why_nothing(entries, found))
    Terminal(sys.stdout).lines(_lines(found, asked))
    if found.left_out:
        what = f'{counted(found.left_out, "record")} left out: no rank, or a failed run'
        print_stderr(f'microbench ranks: {what}')
    return 0


main = answering('ranks', ranks)


def _parser() -> Subparser:
    parser = Subparser('ranks', ABOUT, f'{NOTES}\n\n{CONDITIONS}')
    parser.add_argument('path', nargs='+', metavar='PATH', help=PATHS)
    parser.add_argument(
        '--filter',
        metavar='EXPR',
        type=condition_of,
        help='only records for which EXPR holds',
    )
    forms = parser.add_mutually_exclusive_group()
    for form, what in (
        ('json', 'an object for each row'),
        ('csv', 'comma-separated values'),
        ('markdown', 'a Markdown table'),
    ):
        forms.add_argument(f'--{form}', action='store_true', help=f'print {what}')
    return parser


def _why_nothing(entries: Entries, found: Ranks) -> str:
    if not found.left_out:
        return entries.nothing()
    return (
        f'{entries.sources_hold} no run with process.rank that went well: records have it '
        'under a launcher of ranks, such as mpirun'
    )


def _lines(found: Ranks, asked: argparse.Namespace) -> Iterator[str]:
    if asked.json:
        yield from (json_line(row.as_dict()) for row in found)
    elif asked.csv:
        yield from csv_lines(row.as_dict() for row in found)
    elif asked.markdown:
        yield from markdown_lines(_columns(found.rows))
    else:
        terminal = Terminal(sys.stdout)
        yield from paragraph(found.answer, terminal)
        yield ''
        yield from table(_columns(found.rows), terminal)


def _columns(rows: list[RankRow]) -> list[Column]:
    """Return the columns of the table; whole runs have no phase."""
    names = [safe(r.name) if r.phase is None else f'  {safe(r.phase)}' for r in rows]
    times = [
        Column(title, [units.duration(getattr(r, title)) for r in rows], is_right=True)
        for title in ('min', 'mean', 'max')
    ]
    unequal = ['' if row.imbalance is None else units.share(row.imbalance) for row in rows]
    return [
        Column('name', names, is_name=True),
        Column('n', [str(row.records) for row in rows], is_right=True, rank=2),
        Column('ranks', [str(len(row.seconds)) for row in rows], is_right=True, rank=1),
        *times,
        Column('imbalance', unequal, is_right=True),
        Column('slowest', [str(row.slowest) for row in rows], is_right=True),
    ]
