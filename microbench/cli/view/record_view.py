"""Read name, times and outcome of a record of any shape."""

from __future__ import annotations

import json
from heapq import nlargest

from ...results import units
from ...results.cpu_share import cpu_share
from ...results.endings import Endings
from ...results.fields import durations_by_name, numbers, part
from ..stats import Stats, of_histogram, of_total
from ..values import dicts, items, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    K = TypeVar('K')
    V = TypeVar('V')


AT_LEAST, AT_MOST = '≥ ', '≤ '
ROUGHLY = '≈ '  # three digits, from a histogram
OTHERS = '(other names)'


class RecordView:
    """View of a record that computes its name, times and outcome.

    >>> view = RecordView({'call': {'name': 'fit', 'durations': [0.2, 0.1, 0.4]}})
    >>> view.name, view.time(view.stats.median), view.outcome
    ('fit', '200 ms', ('ok', True))
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        call = record.get('call')
        self.call: dict[str, Any] = call if isinstance(call, dict) else {}
        counter = part(record, 'mb', 'duration_counter')
        self.counter = counter if isinstance(counter, str) else 'perf_counter'
        self._durations: list[float] | None = None
        self._stats: Stats | None = None
        self._endings: Endings | None = None

    @property
    def name(self) -> str:
        """`call.name`."""
        return text(self.call.get('name'))

    @property
    def host(self) -> str:
        """`host.hostname`."""
        return text(part(self.record, 'host', 'hostname'))

    @property
    def start(self) -> str:
        """`call.start_time` to the second."""
        stamp = text(self.call.get('start_time'))
        return stamp[:19].replace('T', ' ')

    @property
    def record_id(self) -> str | None:
        """`mb.record_id`; records of 2.1.0 have none."""
        found = part(self.record, 'mb', 'record_id')
        return found if isinstance(found, str) else None

    # --- times -----------------------------------------------------------------------

    @property
    def durations(self) -> list[float]:
        """The numbers in `call.durations`, in order."""
        if self._durations is None:
            self._durations = numbers(items(self.call.get('durations')))
        return self._durations

    @property
    def stats(self) -> Stats:
        """Count, median and range of the durations of the runs that went well.

        They are those of all runs if none went well.
        """
        if self._stats is None:  # there may be millions
            self._stats = Stats(self._of_good_runs())
            histogram = self.call.get('histogram')
            if isinstance(histogram, dict) and not self.durations:
                self._stats = of_histogram(histogram)
        return self._stats

    def _of_good_runs(self) -> list[float]:
        if not self.endings.is_partial:
            return self.durations
        return numbers(self.endings.well(items(self.call.get('durations'))))

    @property
    def is_bound(self) -> bool:
        """True if the process ran for an unknown time after the last duration."""
        return part(self.record, 'recovered', 'duration_is_lower_bound') is True

    @property
    def sign(self) -> str:
        """The sign before durations that are lower bounds, or an empty text."""
        return AT_LEAST if self.is_bound else ''

    def median_sign(self, stats: Stats) -> str:
        """The sign before a median, or an empty text."""
        return self.sign or ROUGHLY * stats.rough

    def phases(self, field: str = 'timings') -> dict[str, Stats]:
        """Return the phases by name, in the order in which they first ended.

        Args:
            field: `'timings'`, or `'open_timings'` for phases that had not ended.
        """
        return self.longest_phases(field, None)[0]

    def longest_phases(self, field: str, most: int | None) -> tuple[dict[str, Stats], int]:
        """Return the phases of the names that took longest, in order of their first ends.

        Args:
            field: as for `phases`.
            most: number of names; None for all.

        Returns:
            The phases by name, and the number of other names.
        """
        totals = list(dicts(self.call.get(f'{field}_summary')))
        if totals:  # there were more phases than the record lists
            stats = {_name_of(entry): of_total(entry) for entry in totals}
            longest = _longest(stats, most, lambda name: stats[name].total or 0.0)
            return longest, len(stats) - len(longest)
        found = durations_by_name(self.call.get(field))
        found = {name: times for name, times in found.items() if times}
        chosen = _longest(found, most, lambda name: sum(found[name]))
        phases = {_text_of(name): Stats(times) for name, times in chosen.items()}
        return phases, len(found) - len(chosen)

    @property
    def scale(self) -> float | None:
        """Seconds in one unit of the duration counter; None if the unit is unknown."""
        return units.scale_of(self.counter)

    def time(self, value: float | None) -> str:
        """Return a duration as text, with its unit if that is known."""
        if value is None:
            return ''
        return (
            units.number(value)
            if self.scale is None
            else units.duration(value * self.scale)
        )

    def seconds(self, value: float | None) -> float | None:
        """Return a duration in seconds, or unchanged if its unit is unknown."""
        return None if value is None else value * (self.scale or 1.0)

    @property
    def usage(self) -> list[Any]:
        """The list `resource_usage`, with one item for each run in a valid record."""
        return items(self.record.get('resource_usage'))

    @property
    def busy(self) -> list[float | None]:
        """CPU seconds per second of each run; None if unknown."""
        if self.scale is None or self.is_bound:
            return []
        pairs = zip(self.usage, items(self.call.get('durations')), strict=False)
        return [cpu_share([used], duration, self.scale) for used, duration in pairs]

    # --- the end ---------------------------------------------------------------------

    @property
    def endings(self) -> Endings:
        """How the record and its runs ended."""
        if self._endings is None:
            self._endings = Endings(self.record)
        return self._endings

    @property
    def outcome(self) -> tuple[str, bool]:
        """Outcome in a few words, and True if the run succeeded."""
        words = self.endings.outcome
        return ('ok', True) if words is None else (words, False)


def _name_of(total: dict[str, Any]) -> str:
    """Return the name of a total of phases; the total of several names has none."""
    name = total.get('name')
    return OTHERS if name is None else text(name)


def _longest(found: dict[K, V], most: int | None, size: Callable[[K], float]) -> dict[K, V]:
    """Return the largest entries, in their order."""
    if most is None or len(found) <= most:
        return found
    longest = {*nlargest(most, found, key=size)}
    return {name: value for name, value in found.items() if name in longest}


def _text_of(name: str | tuple[str]) -> str:
    return text(name if isinstance(name, str) else json.loads(name[0]))
