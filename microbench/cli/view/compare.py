"""`microbench compare`: say which of two sets of records is faster, and how surely."""

from __future__ import annotations

import argparse
import sys

from ...analysis.words import MARGIN
from ...comparison.compare import compared
from ...comparison.samples import Side
from ...comparison.sources import is_baseline
from ...messages import safe
from ...results.fields import part
from ..terminal import Terminal
from ..values import text
from ..words import UsageError
from .asked_fields import AskedFields
from .baseline import paths_of_baselines
from .comparison_forms import csv_of, json_of, markdown_of, shown
from .entries import STDIN, Entries, name_of
from .groups import PLACES, seconds_of
from .rows import names_in, title_of
from .subcommand import CONDITIONS, Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from ...comparison.report import Comparison

    Record = dict[str, Any]

ABOUT = """\
Compare the runs of two files: for each name and command, and for each phase, the ratio of
the medians with its 95 % interval and a verdict; and what else differs, the most suspicious
first."""

NOTES = """\
BASE and NEW are result files, or patterns in quotes; - is standard input; baseline:NAME is
what "microbench baseline save" has stored. Instead of two files, one can be divided: by a
field that has two values (--by), of which the one that began first is BASE, or by
conditions (--filter-base, --filter-new).

Commands instead of files are compared by "%(prog)s -- COMMAND --- COMMAND", which runs them
by turns: "%(prog)s -- --help" has its options.

With --fail-over the status is 1 if a run is slower for certain and by more than that. It is
2 if there is nothing to compare, else 0."""

TWO = (
    'name two files, BASE and NEW; or one, and divide it with --by FIELD or with '
    '--filter-base and --filter-new'
)
MOST_VALUES = 5  # of a field, in a message


def compare(words: list[str]) -> int:
    """Compare the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    found = _found(*(_parts(asked) if asked.by else _two(asked)), asked.margin)
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(json_of(found))
    elif asked.csv:
        terminal.lines(csv_of(found))
    elif asked.markdown:
        terminal.lines(markdown_of(found))
    else:
        terminal.lines(shown(found, terminal, full=asked.all))
    return int(asked.fail_over is not None and found.is_slower_by(asked.fail_over))


main = answering('compare', compare)


def _found(base: Side, new: Side, margin: float) -> Comparison:
    try:
        found = compared(base, new, margin)
    except ImportError as error:
        raise UsageError(str(error)) from None
    if not found.pairs:
        raise UsageError(safe('; '.join(found.warnings)))
    return found


# --- options -----------------------------------------------------------------------------


def _parser() -> Subparser:
    parser = Subparser('compare', ABOUT, f'{NOTES}\n\n{CONDITIONS}')
    parser.usage = '%(prog)s [options] BASE [NEW]'
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help='BASE, then NEW')
    option(
        '--by',
        metavar='FIELD',
        type=title_of,
        help='compare the two parts of the files that have different values of this field',
    )
    for name, what in (('filter', 'these'), ('filter-base', 'BASE'), ('filter-new', 'NEW')):
        which = 'only records' if name == 'filter' else f'in {what} only records'
        help_ = f'{which} for which EXPR holds'
        option(f'--{name}', metavar='EXPR', type=condition_of, help=help_)
    option(
        '--fail-over',
        metavar='PERCENT',
        type=_percent,
        help='status 1 if a run is slower for certain, and by more than that, such as 10%%',
    )
    option(
        '--margin',
        metavar='PERCENT',
        type=_percent,
        default=MARGIN,
        help='a difference below that does not matter; by default 1%%',
    )
    option('--all', action='store_true', help='every field that differs')
    option(
        '--force',
        action='store_true',
        help='take a baseline of another machine or interpreter',
    )
    forms = parser.add_mutually_exclusive_group()
    for form, what in (('json', 'objects'), ('csv', 'comma-separated values')):
        forms.add_argument(f'--{form}', action='store_true', help=f'print {what}')
    forms.add_argument('--markdown', action='store_true', help='print a Markdown table')
    return parser


def _percent(word: str) -> float:
    number = word.strip().removesuffix('%').strip()
    try:
        share = float(number) / 100
    except ValueError:
        share = -1.0
    if not 0 < share < 100:
        raise argparse.ArgumentTypeError(f'it is a percentage, such as 10%, not {word!r}')
    return share


# --- sides -------------------------------------------------------------------------------


def _two(asked: argparse.Namespace) -> tuple[Side, Side]:
    """Return the sides of two files, or of one with conditions.

    Raises:
        UsageError: there are more files, or nothing divides one.
    """
    paths = list(asked.path)
    conditions = asked.filter_base, asked.filter_new
    if len(paths) == 1 and all(conditions) and paths != [STDIN]:
        paths *= 2
    if len(paths) != 2:
        raise UsageError(TWO)
    if paths == [STDIN, STDIN]:
        raise UsageError('standard input can be read once: name a file for one side')
    titles = [name_of(path) for path in paths]
    if titles[0] == titles[1]:
        titles = [f'base ({titles[0]})', f'new ({titles[1]})']
    if any(map(is_baseline, paths)):
        paths = paths_of_baselines(paths, force=asked.force)
    base, new = (
        Side(title, _selected([path], (asked.filter, condition)))
        for path, title, condition in zip(paths, titles, conditions, strict=True)
    )
    return base, new


def _selected(
    paths: list[str], conditions: Sequence[Callable[[Record], bool] | None], by: str = ''
) -> Iterator[Record]:
    """Yield the records for which all conditions hold.

    Raises:
        UsageError: a file cannot be read, or no record has a field of a condition.
    """
    filters = [one for one in conditions if one is not None]
    fields = AskedFields(argparse.Namespace(filter=None, by=[by] if by else []))
    for one in filters:
        fields.missing |= AskedFields(argparse.Namespace(filter=one)).missing
    for entry in Entries(paths, fields):
        if all(one(entry.record) for one in filters):
            yield entry.record


def _parts(asked: argparse.Namespace) -> tuple[Side, Side]:
    """Return the sides of files that a field divides.

    Raises:
        UsageError: it has one value, or more than two.
    """
    if asked.filter_base is not None or asked.filter_new is not None:
        raise UsageError('--by divides the records: use it with --filter')
    names = list(PLACES.get(asked.by) or names_in(asked.by))
    parts: dict[str, list[Record]] = {}
    for record in _selected(asked.path, [asked.filter], asked.by):
        parts.setdefault(_value(record, names), []).append(record)
    titles = sorted(parts, key=lambda title: _began(parts[title]))
    if len(titles) != 2:
        some = ', '.join(titles[:MOST_VALUES]) + ', …' * (len(titles) > MOST_VALUES)
        values = 'one value' if len(titles) == 1 else f'{len(titles)} values'
        raise UsageError(
            safe(f'{asked.by} has {values}, not two: {some}; choose two with --filter')
            if titles
            else 'there are no records to compare'
        )
    base, new = (Side(f'{asked.by} {title}', parts[title]) for title in titles)
    return base, new


def _value(record: Record, names: list[str]) -> str:
    value = part(record, *names)
    return '(none)' if value is None else text(value)


def _began(records: list[Record]) -> float:
    """Return when the first of some records began; 0 if that is unknown."""
    starts = [seconds_of(part(record, 'call', 'start_time')) for record in records]
    return min((start for start in starts if start is not None), default=0.0)
