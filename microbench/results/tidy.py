"""Rows for tidy frames: one for each run, phase, iteration or sample, without lists.

A row has the columns of its shape, such as `duration`, and fields of the record under
their dotted names. A field that has the name of such a column gets a dot before it, as in
`microbench show`: `.median` is the user's field.
"""

from __future__ import annotations

import json
from statistics import fmean, median, stdev

from .. import _core
from . import units
from .endings import Endings
from .fields import part
from .flat_schema import converted, is_flat_schema
from .histogram import Histogram, found_in, rank
from .kinds import ALWAYS, TOPS
from .shapes import EMPTY, flattened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Row = dict[str, Any]

LARGEST = 1e300  # a larger value is not a time
PERCENT = 95
OF_ONE = ('min', 'mean', 'median', 'p95', 'max', 'total')  # the same for one duration

# Columns of the shapes, by name; the second is the type.
STATS = {
    'iterations': 'count',
    **dict.fromkeys(('min', 'mean', 'median', 'p95', 'max', 'stdev', 'total'), 'number'),
}
ITERATION = {'iteration': 'integer', 'duration': 'number'}
OF_SHAPE = {
    'runs': {**STATS, 'failed': 'count', 'is_lower_bound': 'flag'},
    'phases': {'phase': 'text', **ITERATION, 'is_lower_bound': 'flag'},
    'iterations': {**ITERATION, 'is_lower_bound': 'flag'},
    'samples': {'iteration': 'integer', 'sample.timestamp': 'time'},
}
RECORD = 'record'  # number of the record, from 0
OWN = {RECORD, *(name for names in OF_SHAPE.values() for name in names)}
SAMPLE = 'sample.'

# Lists and objects whose items are rows of another shape, or are summed up in columns.
ITEMS = {
    *('call.durations', 'call.timings', 'call.timings_iteration', 'call.open_timings'),
    *('call.monitor', 'call.returncode', 'call.stdout', 'call.stderr', 'resource_usage'),
    'call.timed_out_iterations',
}
HISTOGRAM = 'call.histogram.'
# Lists with a value for each iteration, which are columns of the shape 'iterations'.
BY_ITERATION = ('returncode', 'stdout', 'stderr', 'timed_out_iterations')
ARGUMENTS = 'call.args'
# Fields that tell records apart: they are in the rows of each shape.
NAMES = ('call.name', 'call.start_time', 'host.hostname', 'process.rank', 'process.pid')
OF_CALL = (f'{ARGUMENTS}.', 'call.kwargs.')


class Rows:
    """Make the rows of a shape from records.

    Args:
        shape: one of OF_SHAPE.
        wants: function that says of the name of a column whether it is needed; without
            one, all are.

    Attributes:
        counters: names of the duration counters whose durations are in the rows.
        left_out: names of fields that have a column, which is not needed.
    """

    def __init__(self, shape: str, wants: Callable[[str], bool] | None = None) -> None:
        self._wants = wants
        self.left_out: set[str] = set()
        self.counters: set[str] = set()
        self._make: Callable[..., Iterator[Row]] = getattr(self, f'_{shape}')
        self._is_whole = shape == 'runs'
        self._names = _core.FlatNames('', EMPTY)
        self._columns: dict[str, str | None] = {}  # by the name of a field

    def of(self, records: Iterable[dict[str, Any]]) -> Iterator[Row]:
        """Yield the rows of all records."""
        for number, found in enumerate(records):
            yield from self.of_one(number, found)

    def of_one(self, number: int, found: dict[str, Any]) -> Iterator[Row]:
        """Yield the rows of one record, which has a number."""
        record = converted(found) if is_flat_schema(found) else found
        fields = self._fields(record)
        for row in self._make(record):
            yield {RECORD: number, **row, **fields}

    # --- fields of the record ---------------------------------------------------------

    def _fields(self, record: dict[str, Any]) -> Row:
        columns, row = self._columns, {}
        flat = flattened(record, self._names)
        if ARGUMENTS in flat:
            flat.update(_arguments(flat.pop(ARGUMENTS)))
        for name, value in flat.items():
            try:
                column = columns[name]
            except KeyError:
                column = self.column_of(name)
            if column is not None and value is not None:
                row[column] = scalar(value)
        return row

    def column_of(self, name: str) -> str | None:
        """Return the column of a field; None if it has none in this shape."""
        if name not in self._columns:
            self._columns[name] = self._new_column(name)
        return self._columns[name]

    def _new_column(self, name: str) -> str | None:
        if name in ITEMS or name.startswith(HISTOGRAM):
            return None
        if not self._is_whole and not tells_apart(name):
            return None
        clashes = name.lstrip('.') in OWN or name.lstrip('.').startswith(SAMPLE)
        column = f'.{name}' if clashes else name
        if self._wants is None or self._wants(column):
            return column
        self.left_out.add(column)
        return None

    # --- shapes -----------------------------------------------------------------------

    def _runs(self, record: dict[str, Any]) -> Iterator[Row]:
        endings = Endings(record)
        row = {'failed': endings.failed, 'is_lower_bound': _is_bound(record)}
        yield {**self._stats(record, endings), **row}

    def _stats(self, record: dict[str, Any], endings: Endings) -> Row:
        if isinstance(found_in(record), dict):
            try:
                return _of_histogram(Histogram.of(record).in_unit('s'))
            except ValueError:  # it is damaged
                return {'iterations': 0}
        durations = endings.well(self._durations(record))
        return _of_durations([d for d in durations if d is not None])

    def _iterations(self, record: dict[str, Any]) -> Iterator[Row]:
        is_bound = _is_bound(record)
        lists = {f'call.{name}': _list(record, 'call', name) for name in BY_ITERATION}
        usage = _list(record, 'resource_usage')
        for number, duration in enumerate(self._durations(record)):
            row = {'iteration': number, 'duration': duration, 'is_lower_bound': is_bound}
            for name, values in lists.items():
                if number < len(values):
                    row[name] = scalar(values[number])
            used = usage[number] if number < len(usage) else None
            yield {**row, **_prefixed('resource_usage.', used)}

    def _phases(self, record: dict[str, Any]) -> Iterator[Row]:
        numbers = _list(record, 'call', 'timings_iteration')
        only = _only_iteration(record)
        for index, entry in enumerate(_list(record, 'call', 'timings')):
            number = numbers[index] if index < len(numbers) else only
            yield self._phase(record, entry, number, is_open=False)
        for entry in _list(record, 'call', 'open_timings'):
            yield self._phase(record, entry, only, is_open=True)

    def _phase(self, record: dict[str, Any], entry: Any, number: Any, is_open: bool) -> Row:
        name, duration = (part({'': entry}, '', n) for n in ('name', 'duration'))
        return {
            'phase': scalar(name),
            'iteration': number if type(number) is int else None,
            'duration': self._seconds(record, duration),
            'is_lower_bound': is_open,
        }

    def _samples(self, record: dict[str, Any]) -> Iterator[Row]:
        only = _only_iteration(record)
        for index, item in enumerate(_list(record, 'call', 'monitor')):
            several = isinstance(item, list)  # of the command: a list for each iteration
            for sample in item if several else [item]:
                if isinstance(sample, dict):
                    number = index if several else only
                    yield {'iteration': number, **_prefixed(SAMPLE, sample)}

    # --- durations --------------------------------------------------------------------

    def _durations(self, record: dict[str, Any]) -> list[float | None]:
        return [self._seconds(record, v) for v in _list(record, 'call', 'durations')]

    def _seconds(self, record: dict[str, Any], value: Any) -> float | None:
        """Return a duration in seconds or, if its unit is unknown, as it is."""
        if type(value) not in (int, float) or not -LARGEST < value < LARGEST:
            return None
        counter = part(record, 'mb', 'duration_counter')
        counter = counter if isinstance(counter, str) else 'perf_counter'
        self.counters.add(counter)
        return value / 1e9 if counter.endswith('_ns') else value  # type: ignore[no-any-return]

    def pooled(self) -> str:
        """Return the counters whose units differ or may differ; empty if they do not."""
        units_of = {units.scale_of(counter) for counter in self.counters}
        mixed = None in units_of and len(self.counters) > 1
        return ', '.join(sorted(self.counters)) if mixed else ''


def columns_of(shape: str) -> dict[str, str]:
    """Return the columns that each frame of a shape has, in order, with their types.

    The types of fields of the record are empty.
    """
    fields = ALWAYS if shape == 'runs' else ()
    first = dict.fromkeys((RECORD, *(name for name in NAMES if name in ALWAYS)), '')
    return {**first, **OF_SHAPE[shape], **dict.fromkeys(fields, ''), RECORD: 'count'}


def tells_apart(name: str) -> bool:
    """Return True for the fields of records that are in the rows of each shape."""
    top = name.partition('.')[0]
    return name in NAMES or name.startswith(OF_CALL) or top not in TOPS


def _is_bound(record: dict[str, Any]) -> bool:
    return part(record, 'recovered', 'duration_is_lower_bound') is True


def _only_iteration(record: dict[str, Any]) -> int | None:
    """Return 0 if the record has one iteration; None if there may have been several."""
    return 0 if len(_list(record, 'call', 'durations')) == 1 else None


def _list(record: dict[str, Any], *names: str) -> list[Any]:
    found = part(record, *names)
    return found if isinstance(found, list) else []


# --- statistics ---------------------------------------------------------------------------


def _of_durations(durations: list[float]) -> Row:
    count = len(durations)
    if not count:
        return {'iterations': 0}
    if count == 1:
        return {'iterations': 1, **dict.fromkeys(OF_ONE, durations[0])}
    ordered = sorted(durations)
    return {
        'iterations': count,
        'min': ordered[0],
        'mean': fmean(ordered),
        'median': median(ordered),
        'p95': ordered[rank(PERCENT, count) - 1],
        'max': ordered[-1],
        'stdev': stdev(ordered),
        'total': sum(ordered),
    }


def _of_histogram(histogram: Histogram) -> Row:
    if not histogram.count:
        return {'iterations': 0}
    return {
        'iterations': histogram.count,
        **{name: getattr(histogram, name) for name in ('min', 'mean', 'median', 'max')},
        'p95': histogram.percentile(PERCENT),
        'stdev': histogram.stdev if histogram.count > 1 else None,
        'total': histogram.sum,
    }


# --- values -------------------------------------------------------------------------------


def scalar(value: Any) -> Any:
    """Return a value that a column can hold: lists and objects become their JSON."""
    return as_text(value) if isinstance(value, (list, dict)) else value


def as_text(value: Any) -> str:
    """Return a value as JSON in ASCII."""
    try:
        return json.dumps(value)
    except RecursionError:
        return 'too deep to be shown'


def _prefixed(prefix: str, value: Any) -> Row:
    """Return the values of nested objects under dotted names that begin with a prefix."""
    flat = flattened(value) if isinstance(value, dict) else {}
    return {prefix + name: scalar(v) for name, v in flat.items() if v is not None}


def _arguments(values: Any) -> Row:
    """Return the arguments of a call by number; objects are divided."""
    items = enumerate(values) if isinstance(values, list) else ()
    row: Row = {}
    for number, value in items:
        name = f'{ARGUMENTS}.{number}'
        if isinstance(value, dict) and value:
            row.update(_prefixed(f'{name}.', value))
        else:
            row[name] = value
    return row
