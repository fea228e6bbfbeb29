"""Collect the durations of one side of a comparison, in groups.

A group is what has the same name and command. Runs that failed, were killed or were
recovered are counted; their times say nothing about how long the work takes.
"""

from __future__ import annotations

import json

from ..results import units
from ..results.endings import Endings
from ..results.fields import LARGEST, moment, part
from ..results.flat_schema import SCHEMA
from ..results.histogram import Histogram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Record = dict[str, Any]
    Key = tuple[Any, str]

NO_END = 'no end'
# Counters that read the same kind of time; others are compared with themselves only.
WALL = {'perf_counter', 'monotonic', 'time'}


class Sample:
    """Durations of one kind.

    Attributes:
        values: durations in the order of reading; in seconds if the unit is known.
        times: when each began, in seconds; None if that is unknown.
        left_out: values that are no finite numbers.
        counted: histograms and totals, of which no single durations are known.
        medians: those of the histograms, in seconds; None without any.
    """

    medians: Sample | None = None

    def __init__(self) -> None:
        self.values: list[float] = []
        self.times: list[float | None] = []
        self.left_out = self.counted = 0

    def add(self, durations: Iterable[Any], scale: float, start: float | None) -> None:
        """Add durations that followed each other.

        Args:
            durations: values of any type, in the unit of a counter.
            scale: seconds in that unit.
            start: when the first one began.
        """
        for value in durations:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not -LARGEST < value < LARGEST:  # NaN, too
                self.left_out += 1
                continue
            self.values.append(value * scale)
            self.times.append(start)
            if start is not None:
                start += value * scale

    def add_histogram(self, fields: Record, start: float | None) -> None:
        """Add a histogram; one that cannot be read is only counted."""
        self.counted += 1
        try:
            middle = Histogram.of(fields).in_unit('s').median
        except ValueError:
            return
        self.medians = self.medians or Sample()
        self.medians.add([middle], 1.0, start)

    @property
    def is_of_histograms(self) -> bool:
        """True if all durations are in histograms, and the median of each is known."""
        medians = self.medians.values if self.medians is not None else []
        return not self.values and 0 < self.counted == len(medians)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sample) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(tuple(self.values))

    def in_order(self) -> tuple[list[float], list[float] | None]:
        """Return the durations in the order of time, and the times; None without them."""
        if any(time is None for time in self.times):
            return self.values, None
        pairs = sorted(zip(self.times, self.values, strict=True), key=_time_of)
        return [value for _, value in pairs], [float(time or 0.0) for time, _ in pairs]


def _time_of(pair: tuple[float | None, float]) -> float:
    return pair[0] or 0.0


class Group:
    """The records of one side with one name and command.

    Attributes:
        name, command: values of these fields.
        records: number of records.
        endings: how runs failed, with their numbers.
        runs: durations of the others.
        phases: durations of their phases, by name.
        counters: names of the duration counters.
        hosts: names of the machines.
    """

    def __init__(self, name: Any, command: Any) -> None:
        self.name, self.command = name, command
        self.records = 0
        self.endings: dict[str, int] = {}
        self.runs = Sample()
        self.phases: dict[str, Sample] = {}
        self.counters: set[str] = set()
        self.hosts: set[str] = set()

    @property
    def failed(self) -> int:
        """Number of runs that did not go well."""
        return sum(self.endings.values())

    def add(self, record: Record) -> None:
        """Add a record."""
        self.records += 1
        call = record['call'] if isinstance(record.get('call'), dict) else {}
        counter = part(record, 'mb', 'duration_counter')
        counter = counter if isinstance(counter, str) else 'perf_counter'
        self.counters.add(_kind_of(counter))
        self.hosts.add(str(part(record, 'host', 'hostname')))
        durations = _items(call.get('durations'))
        well = self._well(record, durations)
        if well is None:
            return
        scale = units.scale_of(counter) or 1.0
        start = _seconds_of(call.get('start_time'))
        self.runs.add(well, scale, start)
        if isinstance(call.get('histogram'), dict):
            self.runs.add_histogram(call['histogram'], start)
        if len(well) == len(durations):  # else no one knows in which run a phase was
            self._add_phases(call, scale, start)

    def _well(self, record: Record, durations: list[Any]) -> list[Any] | None:
        """Count the runs that failed; return the durations of the others, None if none."""
        ends = Endings(record)
        for ending in filter(None, ends.runs):
            self._count(ending)
        if ends.runs:
            return None if all(ends.runs) else ends.well(durations)
        is_bound = part(record, 'recovered', 'duration_is_lower_bound') is True
        if ends.outcome is None and not is_bound:
            return durations
        self._count(ends.outcome or NO_END)
        return None

    def _count(self, ending: str) -> None:
        self.endings[ending] = self.endings.get(ending, 0) + 1

    def _add_phases(self, call: Record, scale: float, start: float | None) -> None:
        for entry in _items(call.get('timings')):
            if isinstance(entry, dict) and isinstance(entry.get('name'), str):
                sample = self.phases.setdefault(entry['name'], Sample())
                sample.add([entry.get('duration')], scale, start)
                if start is not None and sample.times:
                    start += 1e-9  # phases of one run stay in their order
        for entry in _items(call.get('timings_summary')):
            if isinstance(entry, dict) and isinstance(entry.get('name'), str):
                sample = self.phases.setdefault(entry['name'], Sample())
                sample.add_histogram(entry, start)


class Side:
    """The records of one side of a comparison.

    Args:
        title: what it is called.
        records: nested records.

    Attributes:
        groups: the groups, by name and command.
        records: number of records.
        newer: records of a schema that this version does not know; they are left out.
        examined: the first records, for what differs around them.
    """

    EXAMINED = 1000

    def __init__(self, title: str, records: Iterable[Record]) -> None:
        self.title = title
        self.groups: dict[Key, Group] = {}
        self.records = self.newer = 0
        self.examined: list[Record] = []
        for record in records:
            self._add(record)

    @property
    def left_out(self) -> int:
        """Number of durations that are no finite numbers."""
        return sum(group.runs.left_out for group in self.groups.values())

    def _add(self, record: Record) -> None:
        self.records += 1
        schema = part(record, 'mb', 'schema')
        if isinstance(schema, int) and schema > SCHEMA:
            self.newer += 1
            return
        if len(self.examined) < self.EXAMINED:
            self.examined.append(record)
        name, command = part(record, 'call', 'name'), part(record, 'call', 'command')
        key = key_of(name, command)
        self.groups.setdefault(key, Group(name, command)).add(record)


def key_of(name: Any, command: Any) -> Key:
    """Return what two groups have in common."""
    text = name if isinstance(name, str) else json.dumps(name, sort_keys=True, default=str)
    return text, json.dumps(command, sort_keys=True, default=str)


def _kind_of(counter: str) -> str:
    """Return the name of a kind of time.

    >>> _kind_of('monotonic_ns'), _kind_of('process_time_ns'), _kind_of('cycles')
    ('wall clock', 'process_time', 'cycles')
    """
    if counter.removesuffix('_ns') in WALL:
        return 'wall clock'
    return counter.removesuffix('_ns') if counter.endswith('_time_ns') else counter


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _seconds_of(stamp: Any) -> float | None:
    found = moment(stamp)
    try:
        return found.timestamp() if found is not None else None
    except (OverflowError, OSError, ValueError):
        return None
