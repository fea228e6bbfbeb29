"""`microbench tail`: print records as they are written, a line each."""

from __future__ import annotations

import argparse
import os
import sys
from collections import deque
from itertools import islice

from ...encoding.json_text import encode
from ...follow.dedup import Deduplicator
from ...journal.followed import source_of
from ...journal.lost import lost_records
from ...messages import print_stderr, safe
from ...results.fields import part
from ...results.flat_schema import converted, is_flat_schema
from ...results.reading import Lines, damage
from ..streams import is_terminal
from ..terminal import Cell, Terminal
from ..values import brief, text
from ..widths import columns
from ..words import UsageError
from .asked_fields import WatchedFilter
from .entries import STDIN, expanded, lines_of, name_of
from .moments import local, to_the_second, zones_of
from .record_view import RecordView
from .subcommand import CONDITIONS, Subparser, answering, condition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ...follow.source import Source

    Record = dict[str, Any]

ABOUT = """\
Show the last records of a file, those that are running, and then each new one as it is
written: when it began, what ran and where, how long it took, how it ended. The file may be
rotated, replaced, or not there yet. Of a directory, all result files are followed, new
ones included."""


INTERVAL = 0.5  # seconds between checks if the kernel reports no changes
BATCH = 100  # records that are aligned together
RIGHT, ELASTIC = {3}, {1, 2, 4}  # columns of the lines
OPTIONAL = (2, 0)  # host and start are left out in this order if there is no room


def tail(words: list[str]) -> int:
    """Print the records that the words select, until the reader goes away."""
    asked = _parser().parse_args(words)
    asked.filter = WatchedFilter(asked)
    output = _as_json if asked.json else _Aligned(Terminal(sys.stdout)).lines
    for records in _batches(asked):
        while batch := list(islice(records, BATCH)):
            Terminal(sys.stdout).lines(output(batch))
        sys.stdout.flush()
        if asked.follow:
            _print_if_any(asked.filter.problem())  # later records may have what is missing
    asked.filter.check()
    _print_if_any(asked.filter.mismatch())
    return 0


def _print_if_any(problem: str | None) -> None:
    if problem is not None:
        print_stderr(f'microbench tail: {problem}')


main = answering('tail', tail)


def _parser() -> Subparser:
    parser = Subparser('tail', ABOUT, CONDITIONS)
    option = parser.add_argument
    option(
        'path',
        metavar='PATH',
        help='a file, a directory or a pattern; - for standard input',
    )
    option(
        *('-n', '--lines'),
        metavar='N',
        type=_count,
        default=10,
        help='begin with the last N records (default: 10)',
    )
    option(
        *('-f', '--follow'),
        action=argparse.BooleanOptionalAction,
        default=True,
        help='go on with new records (the default); --no-follow: only the last N',
    )
    option(
        '--filter',
        metavar='EXPR',
        type=condition_of,
        help='only records for which EXPR holds',
    )
    option('--json', action='store_true', help='print whole records as JSON, a line each')
    return parser


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal()):
        raise argparse.ArgumentTypeError(f'it has to be a whole number, not {word!r}')
    return int(word)


# --- where they come from ----------------------------------------------------------------


def _batches(asked: argparse.Namespace) -> Iterator[Iterator[Record]]:
    """Yield batches of records: first the last ones, then new ones."""
    if asked.path == STDIN:
        yield from _of_standard_input(asked)
        return
    try:
        yield from _of_file(asked)
    except BrokenPipeError:
        raise
    except OSError as error:
        why = f'cannot read {name_of(asked.path)}: {error.strerror}'
        raise UsageError(why) from None
    except ValueError:  # a NUL in it
        raise UsageError(f'cannot read {name_of(asked.path)}: it is not a path') from None


def _last_ones(asked: argparse.Namespace) -> list[Record]:
    """Return the last records of files, including those of killed processes."""
    lost = lost_records(expanded([asked.path]))  # first: later ones are in the file
    source = _source(asked)
    last = source.last(asked.lines, asked.filter)
    if not (source.exists() or lost or _running(asked)):
        raise UsageError(f'cannot read {name_of(asked.path)}: there is no such file')
    found = Deduplicator().new([*last, *filter(asked.filter, [*source.finish(), *lost])])
    return [*deque(found, maxlen=asked.lines), *_running(asked)]


def _running(asked: argparse.Namespace) -> list[Record]:
    """Return what living processes have open; nothing for --json."""
    from .running import running  # start-up time

    if asked.json:
        return []
    views = running(_present(asked.path), asked.filter)
    return [_OpenRecord(view.record) for view in views]


class _OpenRecord(dict[str, 'Any']):
    """A record of a process that is running."""


def _of_file(asked: argparse.Namespace) -> Iterator[Iterator[Record]]:
    if not asked.follow:
        yield iter(_last_ones(asked))
        return
    source = _source(asked)
    source.start()
    last = source.last(asked.lines, asked.filter)
    yield from _followed(last, source, asked)


def _source(asked: argparse.Namespace) -> Source:
    path = asked.path if asked.path.endswith(os.sep) else os.path.abspath(asked.path)
    return source_of(path, _print_damage, _print_unread)


def _present(path: str) -> list[str]:
    """Return the files that a path stands for at present."""
    try:
        return expanded([path])
    except UsageError:
        return []


def _followed(
    last: list[Record], source: Source, asked: argparse.Namespace
) -> Iterator[Iterator[Record]]:
    name, is_there = name_of(asked.path), source.exists()
    if not is_there:
        print_stderr(f'microbench tail: {name} does not exist yet: waiting for a record')
    yield iter([*last, *_running(asked)])
    if is_there and is_terminal(sys.stderr):
        print_stderr(f'microbench tail: waiting for more in {name}; Ctrl-C ends it')
    _watch_reader(source)
    while True:
        yield filter(asked.filter, source.records())
        source.wait(INTERVAL)


def _watch_reader(source: Source) -> None:
    """End as soon as the reader of the output goes away, not only at the next record."""
    try:
        source.mind(sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # not a real stream


def _of_standard_input(asked: argparse.Namespace) -> Iterator[Iterator[Record]]:
    """Yield each record as it arrives; with --no-follow, the last ones at the end."""
    lines = Lines(lines_of(STDIN))
    if asked.follow:
        for record in lines:
            yield filter(asked.filter, [record])
    else:
        yield iter(deque(filter(asked.filter, lines), maxlen=asked.lines))
    if lines.damaged:
        print_stderr(f'microbench tail: {name_of(STDIN)}: {damage(lines.damaged)}')


def _print_unread(path: str, error: OSError) -> None:
    print_stderr(f'microbench tail: cannot read {name_of(path)}: {error.strerror}')


def _print_damage(line: bytes) -> None:
    beginning = safe(line[:40].decode('utf-8', 'backslashreplace'))
    print_stderr(f'microbench tail: a line was skipped, it is not a record: {beginning}')


# --- how they are printed ----------------------------------------------------------------


def _as_json(records: Iterable[Record]) -> list[str]:
    return [encode(record).decode('ascii') for record in records]


class _Aligned:
    """Aligns lines: each column is as wide as its widest cell so far.

    The first lines have titles above them.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._widest = ['', '', '', '', '']
        self._is_first = True

    def lines(self, records: Iterable[Record]) -> list[str]:
        """Return one line for each record."""
        records = list(records)
        rows = [_cells(record) for record in records]
        if self._is_first and rows:
            self._is_first = False
            rows.insert(0, _titles(records))
        self._widest = [
            max(cells, key=columns) for cells in zip(self._widest, *rows, strict=True)
        ]
        table = [self._widest, *rows]
        how: Any = {'right': RIGHT, 'elastic': ELASTIC, 'optional': OPTIONAL}
        return self._terminal.table(table, **how)[1:]


def _titles(records: Iterable[Record]) -> list[str]:
    zone = zones_of(local(RecordView(record).call.get('start_time')) for record in records)
    start = f'start ({zone})' if zone else 'start'
    return [Cell(title, 'bold') for title in (start, 'name', 'host', 'duration', 'outcome')]


def _cells(record: Record) -> list[str]:
    if is_flat_schema(record):
        record = converted(record)
    view = RecordView(record)
    return [
        Cell(to_the_second(local(view.call.get('start_time'))) or view.start, 'dim'),
        view.name,
        view.host,
        _time(view),
        _ending(view),
    ]


def _time(view: RecordView) -> str:
    """Return the duration, or the number of runs and their median.

    Of an open record it is the time so far.
    """
    stats = view.stats
    if isinstance(view.record, _OpenRecord):
        return view.time(stats.total) or '–'
    several = f'{stats.count} × ' if stats.count > 1 else ''
    time = view.time(stats.median)
    return several + (view.median_sign(stats) + time if time else '–')


def _ending(view: RecordView) -> str:
    if isinstance(view.record, _OpenRecord):
        return Cell(' '.join(filter(None, ['running', *_state(view)])), 'cyan')
    outcome, well = view.outcome
    if well:
        return outcome
    message = brief(part(view.record, 'exception', 'message'))
    return Cell(f'{outcome}: {message}' if message else outcome, 'red')


def _state(view: RecordView) -> Iterator[str]:
    """Yield what is known of an open record."""
    from .running import fields_of, open_phases  # start-up time

    phases, pid = open_phases(view), part(view.record, 'process', 'pid')
    yield f'in {phases}' if phases else ''
    known = ', '.join(filter(None, [fields_of(view.record), pid and f'pid {text(pid)}']))
    yield known and f'({known})'
