"""`microbench show`: print groups or rows of records, or all about selected ones."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from functools import partial
from itertools import chain, islice

from ...messages import print_stderr
from ..terminal import Terminal
from .asked_fields import AskedFields
from .detail import detail
from .entries import PATHS, WHICH, Entries, divided, name_of, select
from .exports import csv_lines, json_line, markdown_lines
from .headings import table
from .moments import since
from .rows import COLUMNS, OWN, Row, lines_of, rank_of, title_of
from .subcommand import CONDITIONS, Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .entries import Entry
    from .record_view import RecordView

ABOUT = """\
Show records: a row for each; if there are more than fit on the screen, a row for each
group of the same name, command, host and tool. A file that holds one record, or a chosen
record, is shown whole."""

BATCH = 500  # rows that are aligned together


def show(words: list[str]) -> int:
    """Print the records that the words select."""
    asked = _parser().parse_intermixed_args(words)
    paths, selectors = divided(asked.path)
    entries = Entries(paths, AskedFields(asked))
    selectors += asked.record
    if selectors:
        _show_selected(select(entries, selectors), entries, asked)
    else:
        _show_all(entries, asked)
        if not (asked.json or asked.csv or asked.markdown):
            _show_running(entries, asked)
    _print_unread_journals(entries.paths)
    return 0


def _print_unread_journals(paths: list[str]) -> None:
    """Print which journals could not be read: they may hold further records."""
    from ...journal.listing import Listing  # start-up time
    from ...journal.lost import left_alone  # start-up time

    listing = Listing()
    for path in paths:
        for why in left_alone(path, listing):
            print_stderr(
                f'{name_of(path)}: a journal was left alone: {why}; '
                'see microbench recover --force'
            )


main = answering('show', show)


# --- options -----------------------------------------------------------------------------


def _parser() -> Subparser:
    parser = Subparser('show', ABOUT, f'{WHICH}\n\n{CONDITIONS}')
    parser.usage = '%(prog)s [options] PATH [PATH ...] [WHICH ...]'
    option = parser.add_argument
    option('path', nargs='+', metavar='PATH', help=f'{PATHS}; then, maybe, records')
    several = partial(option, action='append', default=[])
    several(
        *('-r', '--record'),
        metavar='WHICH',
        help='show all about this record; can be repeated',
    )
    option('--each', action='store_true', help='a row for each record, however many')
    option(
        '--by',
        metavar='FIELD[,FIELD]',
        type=_titles,
        help='a row for each group of records with the same values of these fields: '
        'name, command, host, tool, or any field',
    )
    several(
        *('-c', '--column'),
        metavar='FIELD',
        help='add a column with this field to the rows, as in host.os; can be repeated; '
        '.n is the field n, beside the column n',
    )
    option(
        *('-s', '--sort'),
        metavar='COLUMN',
        help=f'sort rows by a field, or by one of: {", ".join(COLUMNS)}; and groups by n, '
        'median, p95, stdev, min, max, total, records or failed',
    )
    option('--reverse', action='store_true', help='the other way round')
    _add_choices(parser)
    _add_forms(parser)
    return parser


def _add_choices(parser: Subparser) -> None:
    option = parser.add_argument
    option(
        '--filter',
        metavar='EXPR',
        type=condition_of,
        help='only records for which EXPR holds',
    )
    option('--last', metavar='N', type=_count, help='only the last N of them')
    option(
        '--since',
        metavar='TIME',
        type=_moment,
        help='only records that began since then: a time ago, such as 30min, 2h or 3d, or '
        'a date',
    )


def _add_forms(parser: Subparser) -> None:
    option = parser.add_argument
    option('--utc', action='store_true', help='times in UTC, not in the local zone')
    option(
        '--all',
        action='store_true',
        help='long lists, texts and tables too, up to 20000 characters of each; --json '
        'has all of them',
    )
    forms = parser.add_mutually_exclusive_group()
    for form, what in (('json', 'an object'), ('csv', 'comma-separated values')):
        forms.add_argument(
            f'--{form}',
            action='store_true',
            help=f'print {what} for each record, or with --by for each group',
        )
    forms.add_argument('--markdown', action='store_true', help='print a Markdown table')


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal()):
        raise argparse.ArgumentTypeError(f'it has to be a whole number, not {word!r}')
    return int(word)


def _moment(word: str) -> float:
    try:
        return since(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _titles(word: str) -> tuple[str, ...]:
    from .groups import PLACES  # start-up time

    names = [name.strip() for name in word.split(',')]
    if not all(names):
        raise argparse.ArgumentTypeError('type names of fields, with commas between them')
    titles = (name if name in PLACES else title_of(name) for name in names)
    return tuple(dict.fromkeys(titles))


# --- many --------------------------------------------------------------------------------


def _show_all(entries: Entries, asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    found = _wanted(entries, asked)
    if asked.by:
        _show_groups(found, entries, asked, terminal)
        return
    as_rows = bool(
        asked.each or asked.column or asked.sort or asked.reverse or asked.json or asked.csv
    )
    first = list(islice(found, BATCH if as_rows else terminal.rows + 1))
    if not first:
        _print_nothing(entries, asked)
    elif _is_the_only_one(entries, first, asked):
        _show_details(first, asked)
    elif as_rows or len(first) <= terminal.rows:
        _show_rows(chain(first, found), entries, asked, terminal)
    else:
        _show_groups(chain(first, found), entries, asked, terminal)


def _is_the_only_one(
    entries: Entries, first: list[Entry], asked: argparse.Namespace
) -> bool:
    """Return whether the files hold one record, which is not asked for as a row."""
    if len(first) > 1 or entries.count > 1:
        return False
    return not (asked.column or asked.each or asked.json or asked.csv or asked.markdown)


def _wanted(entries: Entries, asked: argparse.Namespace) -> Iterator[Entry]:
    """Yield the records that --filter, --since and --last leave."""
    found = iter(entries)
    if asked.filter is not None:
        found = (entry for entry in found if asked.filter(entry.record))
    if asked.since is not None:
        found = (entry for entry in found if _began(entry, asked.since))
    if asked.last is not None:
        found = iter(deque(found, maxlen=asked.last))
    return found


def _began(entry: Entry, earliest: float) -> bool:
    """Return whether a record began at a time or later."""
    from ...results.fields import part  # start-up time
    from .groups import seconds_of  # start-up time

    start = seconds_of(part(entry.record, 'call', 'start_time'))
    return start is not None and start >= earliest


def _show_selected(some: list[Entry], entries: Entries, asked: argparse.Namespace) -> None:
    """Print the details of records, or a table if there are --column options."""
    some = [entry for entry in some if asked.filter is None or asked.filter(entry.record)]
    if not some:
        what = f'the condition does not hold for what was chosen{entries.hint}'
        print_stderr(f'{entries.sources}: {what}')
    elif asked.column or asked.csv or asked.markdown:
        some.sort(key=lambda entry: entry.number)
        _show_rows(iter(some), entries, asked, Terminal(sys.stdout))
    else:
        _show_details(some, asked)


def _show_rows(
    found: Iterator[Entry], entries: Entries, asked: argparse.Namespace, terminal: Terminal
) -> None:
    sort = [] if asked.sort in (None, *OWN) else [asked.sort]
    fields = list(dict.fromkeys(map(title_of, [*asked.column, *sort])))
    rows: Iterable[Row] = (Row(entry, fields, asked.utc, asked.all) for entry in found)
    key = asked.sort if asked.sort in (None, *OWN) else title_of(asked.sort)
    if key is not None or asked.reverse:
        key = key or 'number'
        rows = sorted(rows, key=lambda row: rank_of(row.values[key]), reverse=asked.reverse)
    if asked.json:
        terminal.lines(json_line(row.values) for row in rows)
    elif asked.csv:
        terminal.lines(csv_lines(row.values for row in rows))
    else:
        _show_tables(iter(rows), fields, len(entries.paths), key or '', asked, terminal)


def _show_tables(
    rows: Iterator[Row],
    fields: list[str],
    files: int,
    sort: str,
    asked: argparse.Namespace,
    terminal: Terminal,
) -> None:
    """Print tables of as many rows as are aligned together."""
    is_first = True
    make = markdown_lines if asked.markdown else partial(table, terminal=terminal)
    while batch := list(islice(rows, None if asked.markdown else BATCH)):
        terminal.lines([''] * (not is_first))
        terminal.lines(lines_of(batch, fields, files, sort, terminal, make))
        sys.stdout.flush()
        is_first = False


def _show_groups(
    found: Iterator[Entry], entries: Entries, asked: argparse.Namespace, terminal: Terminal
) -> None:
    from .group_table import print_groups  # start-up time
    from .groups import DEFAULT, Groups  # start-up time

    groups = Groups(asked.by or DEFAULT)
    for entry in found:
        groups.add(entry.record)
    if not groups.records:
        _print_nothing(entries, asked)
    else:
        print_groups(groups, asked, terminal)


def _print_nothing(entries: Entries, asked: argparse.Namespace) -> None:
    """Print why there is no record, unless the first ones are still running."""
    message = entries.nothing()
    as_data = asked.json or asked.csv or asked.markdown
    if entries.count or as_data or not _running(entries, asked):
        print_stderr(message + entries.hint * (not entries.count))


def _running(entries: Entries, asked: argparse.Namespace) -> list[RecordView]:
    """Return what is open in living processes and meets the condition.

    Raises:
        UsageError: there are no other records, and none has a field that is asked for.
    """
    from .running import running  # start-up time

    fields = None if entries.count else entries.asked
    views = running(entries.paths, asked.filter, fields)
    if fields is not None and fields.has_looked:
        fields.check()
    return views


def _show_running(entries: Entries, asked: argparse.Namespace) -> None:
    """Print what is open in living processes, if there is something."""
    from .running import lines_of as running_lines  # start-up time

    views = _running(entries, asked)
    if views:
        terminal = Terminal(sys.stdout)
        terminal.lines([''] * (entries.count > 0))
        terminal.lines(running_lines(views, terminal, asked.utc))


# --- details -----------------------------------------------------------------------------


def _show_details(some: list[Entry], asked: argparse.Namespace) -> None:
    terminal = Terminal(sys.stdout)
    if asked.json:
        terminal.lines(json_line(entry.record) for entry in some)
        return
    for place, entry in enumerate(some):
        terminal.lines([''] * (place > 0))
        terminal.lines(detail(entry.record, terminal, full=asked.all, utc=asked.utc))
