"""Compare the times of two records, and say in a sentence what the difference is.

A change counts as one if chance does not explain it: where both sides have enough
durations, that is tested; otherwise it has to be large.
"""

from __future__ import annotations

from . import units
from .averages import median
from .cpu_share import cpu_share
from .endings import Endings
from .fields import LARGEST, durations_by_name, numbers, part
from .histogram import Histogram
from .significance import is_change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

SMALLEST_CHANGE = 1.02  # ratio of medians
LARGE_CHANGE = 1.25  # ratio that counts where there are too few durations for a test
MAIN_PART = 0.5  # of a difference, from which on a phase is named
SMALLEST_SHARE = 0.05  # of the difference, which counts for a phase
CPU_CHANGE = 0.1  # of the time


class Times:
    """The times of one record, in seconds if their unit is known.

    Runs that failed are left out, unless all have failed.

    Attributes:
        endings: how the record and its runs ended.
        runs: durations of the iterations.
        count: their number, also if a histogram has them.
        median, mean: None without durations.
        phases: durations of the phases, by name.
        per_run: time of each phase in one iteration, on average.
        busy: share of the time for which the runs had a processor; None if unknown.
        is_bound: the process was killed, and may have run for longer.
        is_timed: the unit of the durations is known.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        call = record.get('call')
        self._call: dict[str, Any] = call if isinstance(call, dict) else {}
        counter = part(record, 'mb', 'duration_counter')
        scale = units.scale_of(counter if isinstance(counter, str) else 'perf_counter')
        self.is_timed = scale is not None
        self._scale = scale or 1.0
        self.is_bound = part(record, 'recovered', 'duration_is_lower_bound') is True
        self.endings = Endings(record)
        self.runs = self._seconds(self._well(self._call.get('durations')))
        self.count = len(self.runs)
        self.median = median(sorted(self.runs)) if self.runs else None
        self.mean = sum(self.runs) / self.count if self.runs else None
        if not self.runs:
            self._read_histogram()
        self.phases: dict[str, list[float]] = {}
        self.per_run: dict[str, float] = {}
        self._read_phases()
        usage = self._well(record.get('resource_usage'))
        self.busy = None if self.is_bound else self._busy(usage)

    @property
    def failure(self) -> str | None:
        """How all runs failed; None if some went well, or if they may not have ended."""
        ends = self.endings
        return None if ends.is_partial or self.is_bound else ends.outcome

    def about_failure(self, name: str) -> str:
        """Return how runs failed, and what that means for the times; empty if none did."""
        if self.is_bound:
            return f'{name} did not end: its time is a lower bound'
        if self.endings.is_partial:
            return f'failed runs of {name} are left out: {self.endings.outcome}'
        return f'{name} failed: {self.failure}' if self.failure else ''

    def _well(self, values: Any) -> Any:
        return self.endings.well(values) if isinstance(values, list) else values

    def _seconds(self, values: Any) -> list[float]:
        return self._scaled(numbers(values if isinstance(values, list) else ()))

    def _scaled(self, values: list[float]) -> list[float]:
        return values if self._scale == 1.0 else [value * self._scale for value in values]

    def _read_histogram(self) -> None:
        fields = self._call.get('histogram')
        try:
            histogram = Histogram.of(fields).in_unit('s') if fields else None
        except (ValueError, AttributeError):
            return
        if histogram is not None and histogram.count:
            self.count = histogram.count
            self.median, self.mean = histogram.median, histogram.mean

    def _read_phases(self) -> None:
        if self.endings.is_partial:
            return  # the record does not say in which run a phase was
        for name, durations in durations_by_name(self._call.get('timings')).items():
            if isinstance(name, str):
                self.phases[name] = self._scaled(durations)
        runs = max(self.count, 1)
        self.per_run = {name: sum(times) / runs for name, times in self.phases.items()}
        for entry in _dicts(self._call.get('timings_summary')):
            name, total = entry.get('name'), self._seconds([entry.get('sum')])
            if isinstance(name, str) and total:
                self.phases[name] = []  # not all of them are in the record
                self.per_run[name] = total[0] / max(self.count, 1)

    def _busy(self, usage: Any) -> float | None:
        used = list(_dicts(usage))
        if not self.is_timed or len(used) != self.count:
            return None
        return cpu_share(used, sum(self.runs))


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))


class TimeChange:
    """A time that two records have.

    Attributes:
        name: `'median'`, of the iterations; or `'phases.'` and the name of a phase, whose
            time in one iteration it is.
        left, right: seconds; None if a record lacks it.
        ratio: the right value as a multiple of the left one; None without one.
        is_significant: whether the change is more than noise; None if the records have
            too few durations to test it.
    """

    __slots__ = ('is_significant', 'left', 'name', 'ratio', 'right')

    def __init__(
        self,
        name: str,
        left: float | None,
        right: float | None,
        is_significant: bool | None = None,
    ) -> None:
        self.name = name
        self.left = left
        self.right = right
        self.is_significant = is_significant
        self.ratio = ratio_of(left, right)

    def __repr__(self) -> str:
        names = ('name', 'left', 'right', 'ratio', 'is_significant')
        values = ', '.join(f'{name}={getattr(self, name)!r}' for name in names)
        return f'TimeChange({values})'

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return {name: getattr(self, name) for name in sorted(self.__slots__)}

    @property
    def counts(self) -> bool:
        """True if it is more than noise, or too large for noise where that is unknown."""
        if self.ratio is None:
            return False
        factor = max(self.ratio, 1 / self.ratio) if self.ratio else LARGEST
        if self.is_significant is None:
            return factor >= LARGE_CHANGE
        return self.is_significant and factor >= SMALLEST_CHANGE


class Comparison:
    """The times of two records.

    Args:
        left: first record.
        right: second record.
    """

    def __init__(self, left: dict[str, Any], right: dict[str, Any]) -> None:
        self.left, self.right = Times(left), Times(right)
        self.is_bound = self.left.is_bound or self.right.is_bound
        self.changes = list(self._changes())

    def _changes(self) -> Iterator[TimeChange]:
        left, right = self.left, self.right
        if left.is_timed != right.is_timed:
            return
        if left.median is not None or right.median is not None:
            yield self._change('median', left.median, right.median, left.runs, right.runs)
        for name in dict.fromkeys([*left.per_run, *right.per_run]):
            pair = (left.per_run.get(name), right.per_run.get(name))
            samples = (left.phases.get(name, []), right.phases.get(name, []))
            yield self._change(f'phases.{name}', *pair, *samples)

    def _change(
        self,
        name: str,
        left: float | None,
        right: float | None,
        samples: Sequence[float],
        others: Sequence[float],
    ) -> TimeChange:
        if self.is_bound and name == 'median':  # a lower bound is no time
            change = TimeChange(name, left, right)
            change.ratio = None
            return change
        return TimeChange(name, left, right, is_change(samples, others))

    def sentence(self, left: str, right: str) -> str:
        """Return in sentences how the times differ, and whose runs failed.

        Args:
            left: name of the first record.
            right: name of the second record.

        Returns:
            Up to three sentences; an empty text if there is nothing to say.
        """
        whole = next((one for one in self.changes if one.name == 'median'), None)
        if whole is None:
            return ''
        said = [self._about(whole, left, right), *self._failures(left, right)]
        return ' '.join(f'{each[0].upper()}{each[1:]}.' for each in said if each)

    def _about(self, whole: TimeChange, left: str, right: str) -> str:
        """Return how a time differs; empty if it is equal or a lower bound."""
        if not whole.ratio or whole.ratio == 1:
            return ''
        if not whole.counts:
            return _alike(whole, left, right)
        said = f'{right} is {ratio_in_words(whole.ratio)} than {left}'
        reasons = [text for text in (self._main_part(), self._cpu(left)) if text]
        return f'{said}{": " if reasons else ""}{"; ".join(reasons)}'

    def _failures(self, left: str, right: str) -> list[str]:
        """Return for each record how it failed, and whether its failed runs count."""
        one, other = self.left, self.right
        if one.failure and one.failure == other.failure:
            return [f'both failed: {one.endings.outcome}']
        return [side.about_failure(name) for side, name in ((one, left), (other, right))]

    def _main_part(self) -> str:
        """Return which phase most of the difference is in, if it is in one."""
        left, right = self.left, self.right
        if left.mean is None or right.mean is None:
            return ''
        whole = right.mean - left.mean
        parts = {
            name: right.per_run.get(name, 0.0) - left.per_run.get(name, 0.0)
            for name in dict.fromkeys([*left.per_run, *right.per_run])
        }
        name = max(parts, key=lambda one: parts[one] * _sign(whole), default=None)
        if name is None or not MAIN_PART <= parts[name] / (whole or 1.0) <= 1.0:
            return ''
        ratio = right.median / left.median if right.median and left.median else 1.0
        if (ratio > 1) != (whole > 0):
            return ''  # outliers turn the mean
        return f'{_of(parts[name], whole, left.is_timed)} in {name!r}'

    def _cpu(self, left: str) -> str:
        """Return for which part of the time the second record had a processor."""
        one, other = self.left.busy, self.right.busy
        if one is None or other is None or abs(other - one) < CPU_CHANGE:
            return ''
        share = f'{units.share(other)} of the time ({left}: {units.share(one)})'
        return f'it had the CPU for {share}'


def _sign(value: float) -> int:
    return 1 if value >= 0 else -1


def _of(some: float, whole: float, is_timed: bool) -> str:
    """Return a part of a difference, in the unit of the whole.

    >>> _of(0.183, 0.198, True), _of(-0.0183, -0.0198, True)
    ('183 of the 198 ms more are', '18.3 of the 19.8 ms less are')
    >>> _of(1.0, 1.0, True)
    'all of the 1.00 s more is'
    """
    more = 'more' if whole > 0 else 'less'
    some, whole = abs(some), abs(whole)
    scale, unit = units.unit_of(whole) if is_timed else (1.0, '')
    texts = [f'{value / scale:#.3g}'.rstrip('.') for value in (some, whole)]
    unit = f' {unit}' if unit else ''
    if texts[0] == texts[1]:
        return f'all of the {texts[1]}{unit} {more} is'
    return f'{texts[0]} of the {texts[1]}{unit} {more} are'


def ratio_of(left: float | None, right: float | None) -> float | None:
    """Return how many times as large the second value is; None if that says nothing."""
    if left is None or right is None or left <= 0 or right < 0:
        return None
    ratio = right / left
    return ratio if not ratio or 1 / LARGEST < ratio < LARGEST else None


def ratio_in_words(ratio: float, more: str = 'slower', less: str = 'faster') -> str:
    """Return how a value has changed.

    Args:
        ratio: the new value as a multiple of the old one, above 0.
        more: word for an increase.
        less: word for a decrease.

    >>> ratio_in_words(4.4), ratio_in_words(1.12), ratio_in_words(0.05)
    ('4.4 times slower', '12 % slower', '20 times faster')
    """
    factor = ratio if ratio >= 1 else 1 / ratio
    word = more if ratio >= 1 else less
    if factor >= 1.995:
        times = f'{factor:.1f}' if factor < 9.95 else f'{factor:.0f}'
        return f'{times} times {word}'
    percent = 100 * abs(ratio - 1)
    return f'{percent:.0f} % {word}' if percent >= 1 else f'{percent:.1g} % {word}'


def _alike(whole: TimeChange, left: str, right: str) -> str:
    """Return a sentence about a change that may be noise."""
    assert whole.ratio is not None
    percent = 100 * (whole.ratio - 1)
    size = f'{abs(percent):.0f} %' if abs(percent) >= 0.5 else 'less than 1 %'
    if whole.is_significant is None:
        more = 'more' if percent > 0 else 'less'
        few = 'too few runs to tell that from noise'
        return f'{right} takes about as long as {left}: {size} {more}, with {few}'
    why = 'within noise' if not whole.is_significant else 'too little to matter'
    return f'{right} takes as long as {left}: a difference of {size} is {why}'
