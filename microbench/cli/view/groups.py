"""Sum up records in groups, in memory that does not grow with their number.

A group is what has the same name, command, host and tool, or the same values of other
fields. Runs that failed, were killed or were recovered are counted, and their times left
out: they say nothing about how long the work takes.
"""

from __future__ import annotations

from datetime import datetime

from ...results import units
from ...results.fields import is_number, moment, part
from ...results.histogram import Histogram
from ..stats import of_total
from ..values import as_json, items, text
from .record_view import OTHERS, RecordView
from .rows import names_in
from .series import SHORT, Series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]
    Key = tuple[Any, ...]

MOST_EXACT = 1 << 20  # durations of all groups that are kept one by one
MOST_GROUPS = 20_000
MOST_PHASES = 100  # of a group
MOST_ENDINGS = 20  # kinds of failures of a group
OTHER_ENDINGS = 'others'

# Fields of records, or of `call`, without which a run went well.
SIGNS = frozenset(('exit_signal', 'exception', 'exit_path', 'exit_status'))
CALL_SIGNS = frozenset(('returncode', 'timed_out'))

DEFAULT = ('name', 'command', 'host', 'tool')
# Columns that records can be grouped by, besides their fields.
PLACES = {
    'name': ('call', 'name'),
    'command': ('call', 'command'),
    'host': ('host', 'hostname'),
    'tool': ('mb', 'source', 'tool'),
}


class Group:
    """The records of one group.

    Attributes:
        values: values of the fields that the records have in common.
        records: number of records.
        failed: number of runs that did not go well.
        endings: how they ended, with their numbers.
        runs: durations of the others.
        phases: durations of the phases of these, by name.
        first, last: earliest and latest start, in seconds; None if unknown.
        is_timed: False if the unit of the durations is unknown.
    """

    __slots__ = (
        *('endings', 'failed', 'first', 'is_timed', 'last', 'phases', 'records'),
        *('runs', 'values'),
    )

    def __init__(self, values: Key, is_timed: bool) -> None:
        self.values = values
        self.is_timed = is_timed
        self.records = self.failed = 0
        self.endings: dict[str, int] = {}
        self.runs = Series()
        self.phases: dict[str, Series] = {}
        self.first: float | None = None
        self.last: float | None = None

    def add(self, record: Record, call: Record, scale: float) -> int:
        """Add a record; return the number of durations that were kept one by one."""
        self.records += 1
        start = self._time_of(call)
        if not (SIGNS.isdisjoint(record) and CALL_SIGNS.isdisjoint(call)):
            durations = self._well(record)
            if durations is None:
                return 0
        else:
            durations = items(call.get('durations'))
        kept = self.runs.add(durations, scale, start)
        if not durations and isinstance(call.get('histogram'), dict):
            self._add_histogram(self.runs, call['histogram'], scale)
        if 'timings_summary' in call:
            self._add_totals(call, scale)
        elif 'timings' in call and len(durations) == len(items(call.get('durations'))):
            kept += self._add_phases(call['timings'], scale, start)
        return kept

    def _time_of(self, call: Record) -> float | None:
        start = seconds_of(call.get('start_time'))
        if start is not None:
            if self.first is None or start < self.first:
                self.first = start
            if self.last is None or start > self.last:
                self.last = start
        return start

    # --- how they ended ----------------------------------------------------------------

    def _well(self, record: Record) -> list[Any] | None:
        """Count the runs that failed; return the durations of the others, None if none."""
        view = RecordView(record)
        durations, ends = items(view.call.get('durations')), view.endings.runs
        for ending in filter(None, ends):
            self._count(ending)
        if ends:
            return None if all(ends) else view.endings.well(durations)
        words, is_well = view.outcome
        if is_well and not view.is_bound:
            return durations
        self._count('no end' if is_well else words)
        return None

    def _count(self, ending: str) -> None:
        self.failed += 1
        if ending not in self.endings and len(self.endings) >= MOST_ENDINGS:
            ending = OTHER_ENDINGS
        self.endings[ending] = self.endings.get(ending, 0) + 1

    # --- times -------------------------------------------------------------------------

    def _add_histogram(self, series: Series, fields: Record, scale: float) -> None:
        try:
            series.add_histogram(Histogram.of(fields))
        except ValueError:
            count, mean = fields.get('count'), fields.get('mean')
            if isinstance(count, int) and count > 0 and is_number(mean):
                series.add_sum(count, count * mean * scale)

    def _add_totals(self, call: Record, scale: float) -> None:
        for entry in items(call.get('timings_summary')):
            if isinstance(entry, dict):
                series = self._phase(entry.get('name'))
                total = of_total(entry)
                if 'buckets' in entry:
                    self._add_histogram(series, entry, scale)
                elif total.count and total.total is not None:
                    series.add_sum(total.count, total.total * scale)

    def _add_phases(self, timings: Any, scale: float, start: float | None) -> int:
        kept = 0
        for entry in items(timings):
            if isinstance(entry, dict):
                series = self.phases.get(entry.get('name'))  # type: ignore[arg-type]
                if series is None:
                    series = self._phase(entry.get('name'))
                kept += series.add((entry.get('duration'),), scale, start)
        return kept

    def _phase(self, name: Any) -> Series:
        name = OTHERS if name is None else name if type(name) is str else text(name)
        if name not in self.phases and len(self.phases) >= MOST_PHASES:
            name = OTHERS
        return self.phases.setdefault(name, Series())

    def series(self) -> list[Series]:
        """Return the durations of the runs, then those of each phase."""
        return [self.runs, *self.phases.values()]


def seconds_of(stamp: Any) -> float | None:
    """Return the seconds since 1970 of a time in a record; None if it is not a time."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        found = moment(stamp)
    try:
        return found.timestamp() if found is not None else None
    except (OverflowError, OSError, ValueError):
        return None


class Groups:
    """All groups of some records.

    Attributes:
        fields: titles of the fields by which they are grouped.
        records: number of records.

    Args:
        fields: titles of fields; those of `PLACES`, or dotted names.
    """

    def __init__(self, fields: tuple[str, ...] = DEFAULT) -> None:
        self.fields = fields
        self.records = 0
        self._places = [PLACES.get(field) or names_in(field) for field in fields]
        self._found: dict[Key, Group] = {}
        self._kept = 0
        self._limit = MOST_EXACT

    def add(self, record: Record) -> None:
        """Add a record to its group."""
        call = record.get('call')
        if type(call) is not dict:
            call = {}
        self.records += 1
        scale = _scale_of(record)
        values = tuple([part(record, *names) for names in self._places])
        group = self._group(values, scale is not None)
        self._kept += group.add(record, call, 1.0 if scale is None else scale)
        if self._kept > self._limit:
            self._condense()

    def _group(self, values: Key, is_timed: bool) -> Group:
        key = (is_timed, *[v if type(v) is str else _key_of(v) for v in values])
        group = self._found.get(key)
        if group is None:
            if len(self._found) >= MOST_GROUPS:
                key, values = (is_timed,), (OTHERS,) * len(values)
            group = self._found.setdefault(key, Group(values, is_timed))
        return group

    def _condense(self) -> None:
        """Count the durations of long series in histograms."""
        for group in self._found.values():
            for series in group.series():
                if len(series) > SHORT:
                    series.condense()
        self._kept = sum(len(s) for g in self._found.values() for s in g.series())
        self._limit = max(MOST_EXACT, 2 * self._kept)

    def found(self) -> list[Group]:
        """Return the groups, the one with the largest total time first."""
        return sorted(self._found.values(), key=_by_time)


def _by_time(group: Group) -> tuple[bool, float]:
    return not group.is_timed, -group.runs.total


def _key_of(value: Any) -> Any:
    """Return something hashable that stands for a value, and for no text."""
    if isinstance(value, (list, dict)):
        return type(value), as_json(value)
    return type(value), value


def _scale_of(record: Record) -> float | None:
    mb = record.get('mb')
    counter = mb.get('duration_counter') if type(mb) is dict else None
    if counter == 'perf_counter':
        return 1.0
    return units.scale_of(counter if isinstance(counter, str) else 'perf_counter')
