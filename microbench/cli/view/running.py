"""List the records that are open in living processes, out of their journals."""

from __future__ import annotations

from ...journal.listing import Listing
from ...journal.running import running_records
from ...messages import safe
from ..terminal import Cell
from ..values import brief, text
from .entries import STDIN
from .headings import Column, table
from .moments import local, to_the_second, zones_of
from .record_view import RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from ..terminal import Terminal
    from .asked_fields import AskedFields

    Record = dict[str, Any]

# Objects of a record that are no fields of the user.
KNOWN = frozenset(('mb', 'call', 'host', 'process', 'python', 'exit_path', 'recovered'))
MOST_FIELDS = 4  # of a record, which are printed


def running(
    paths: Iterable[str],
    is_wanted: Callable[[Record], bool] | None,
    asked: AskedFields | None = None,
) -> list[RecordView]:
    """Return views of the open records of files, the first that began first.

    Args:
        paths: names of files.
        is_wanted: condition that they have to meet; None for all.
        asked: fields to look for in all of them.
    """
    listing = Listing()
    found = [r for path in paths if path != STDIN for r in running_records(path, listing)]
    if asked is not None:
        for record in found:
            asked.look_at(record)
    views = [RecordView(r) for r in found if is_wanted is None or is_wanted(r)]
    return sorted(views, key=lambda view: text(view.call.get('start_time')))


def open_phases(view: RecordView) -> str:
    """Return the phases that are open, the outermost first."""
    return ' > '.join(view.phases('open_timings'))


def fields_of(record: Record) -> str:
    """Return the fields that the program has given, as far as they are short."""
    found = [
        f'{safe(name)}={brief(value)}'
        for name, value in record.items()
        if name not in KNOWN and not isinstance(value, (dict, list))
    ]
    more = ', …' * (len(found) > MOST_FIELDS)
    return ', '.join(found[:MOST_FIELDS]) + more


def lines_of(views: list[RecordView], terminal: Terminal, utc: bool) -> Iterator[str]:
    """Yield the lines of a table of open records."""
    starts = [local(view.call.get('start_time'), utc) for view in views]
    zone = zones_of(starts)
    fields = [fields_of(view.record) for view in views]
    yield terminal.paint(Cell('running', 'bold'))
    columns = [
        Column('name', [view.name for view in views], is_name=True),
        Column(f'since ({zone})', list(map(to_the_second, starts)), rank=2),
        Column('for', [view.time(view.stats.total) for view in views], is_right=True),
        Column('phase', list(map(open_phases, views)), is_elastic=True),
        Column('fields', fields, is_elastic=True, rank=3),
        Column('pid', [_pid(view) for view in views], is_right=True),
        Column('host', [view.host for view in views], is_name=True, rank=1),
    ]
    yield from table([column for column in columns if any(column.cells)], terminal)


def _pid(view: RecordView) -> str:
    process = view.record.get('process')
    return text(process.get('pid')) if isinstance(process, dict) else ''
