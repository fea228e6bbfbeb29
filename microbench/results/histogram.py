"""Read, merge and ask histograms of durations: see `Histogram`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction
    from typing import Any

DIGITS = 3
FIELDS = {'variance', 'digits', 'buckets'}  # and others, of each histogram
NUMBERS = ('count', 'sum', 'min', 'max', 'variance')  # fields that have to be numbers
LARGEST = 2**63
OCTAVE = 512  # buckets of a power of two; below two of these each number has its own
BUCKETS = 55 * OCTAVE
UNITS = {'s': 10**9, 'ns': 1}  # nanoseconds in one
PREFIX = 'call.histogram.'  # of the fields of a flat record


class Histogram:
    """A distribution of durations, of bounded size: what `durations='histogram'` records.

    Count, sum, minimum, maximum, mean and variance are exact. A percentile is right to
    three significant digits: at most 0.1 % from the exact one. Histograms of many records,
    processes and machines merge into one, in any order.

    Args:
        durations: numbers to begin with.
        unit: `'s'` or `'ns'`, of the durations and of all answers.

    Attributes:
        unit: `'s'` or `'ns'`.
        count: number of durations.

    Raises:
        ValueError: an unknown unit.

    >>> histogram = Histogram([0.010, 0.020, 0.030, 5.0])
    >>> histogram.count, histogram.mean, histogram.max
    (4, 1.265, 5.0)
    >>> histogram.percentile(50)
    0.020004863
    >>> histogram.merge(Histogram([0.040] * 96)).percentile(99)
    0.040009727
    """

    __slots__ = '_buckets', '_least', '_most', '_squares', '_sum', 'count', 'unit'

    def __init__(self, durations: Iterable[float] = (), unit: str = 's') -> None:
        if unit not in UNITS:
            raise ValueError(f"unit has to be 's' or 'ns', not {unit!r}")
        self.unit = unit
        self.count = 0
        self._sum = self._squares = self._least = self._most = 0  # ns, ns²
        self._buckets: dict[int, int] = {}
        for duration in durations:
            self._add(round(duration * UNITS[unit]))

    def _add(self, ns: int) -> None:
        bucket = bucket_of(ns)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._least = min(ns, self._least) if self.count else ns
        self._most = max(ns, self._most) if self.count else ns
        self._sum += ns
        self._squares += ns * ns
        self.count += 1

    @classmethod
    def of(cls, record: dict[str, Any], phase: str | None = None) -> Histogram:
        """Return the histogram in a record; one of its list where it has that instead.

        Args:
            record: as `get_results()` returns it, flat or not; or `call.histogram`, or an
                entry of `call.timings_summary`.
            phase: name of the phases to read, instead of the iterations.

        Raises:
            ValueError: the record has no such durations, or a histogram of another kind.
        """
        fields = found_in(record, phase)
        if isinstance(fields, dict):
            return cls._read(fields)
        if not hasattr(fields, '__iter__'):
            what = 'iterations' if phase is None else f'phase {phase!r}'
            raise ValueError(f'the record has no durations of {what}')
        return cls(filter(_is_finite, fields), _unit_of(record))

    @classmethod
    def _read(cls, fields: dict[str, Any]) -> Histogram:
        digits = fields.get('digits')
        if digits != DIGITS:
            raise ValueError(f'the histogram has {digits!r} digits, and not {DIGITS}')
        new = cls(unit=fields['unit'] if fields.get('unit') == 'ns' else 's')
        try:
            if not all(_is_finite(fields[name]) for name in NUMBERS):
                raise ValueError
            new._fill(fields)
        except (LookupError, TypeError, ValueError, OverflowError):
            raise ValueError('the histogram is damaged') from None
        return new

    def _fill(self, fields: dict[str, Any]) -> None:
        from fractions import Fraction  # start-up time

        scale = UNITS[self.unit]
        names = ('sum', 'min', 'max')
        self._sum, self._least, self._most = (round(fields[n] * scale) for n in names)
        self.count = count = int(fields['count'])
        self._buckets = {int(bucket): int(many) for bucket, many in fields['buckets']}
        in_order = -LARGEST <= self._least <= self._most < LARGEST > count > 0
        if not in_order or not all(0 <= b < BUCKETS for b in self._buckets):
            raise ValueError
        variance = Fraction(fields['variance']) * scale**2
        if not 0 <= variance <= LARGEST**2:
            raise ValueError
        spread = variance * (count - 1)
        self._squares = round(spread + Fraction(self._sum**2, count))

    # --- answers -------------------------------------------------------------------------

    @property
    def sum(self) -> float:
        """Sum of the durations."""
        return self._in_unit(self._sum)

    @property
    def min(self) -> float:
        """The shortest duration."""
        return self._in_unit(self._some(self._least))

    @property
    def max(self) -> float:
        """The longest duration."""
        return self._in_unit(self._some(self._most))

    @property
    def mean(self) -> float:
        """Mean of the durations."""
        return self._some(self._sum) / (self.count * UNITS[self.unit])

    @property
    def variance(self) -> float:
        """Variance of a sample: the sum of squares divided by the count less one."""
        return float(self._variance() / UNITS[self.unit] ** 2)

    @property
    def stdev(self) -> float:
        """Standard deviation: the square root of the variance."""
        from math import sqrt

        return sqrt(self.variance)

    @property
    def median(self) -> float:
        """The 50th percentile."""
        return self.percentile(50)

    def percentile(self, percent: float) -> float:
        """Return the duration that so many percent of all do not exceed.

        It is the duration of rank `ceil(percent / 100 * count)`, with an error of at most
        0.1 %; the shortest and the longest one are exact.

        Args:
            percent: 0 to 100, such as 99.99.

        Raises:
            ValueError: another percentage, or an empty histogram.
        """
        from fractions import Fraction  # start-up time
        from math import ceil

        if not 0 <= percent <= 100:
            raise ValueError(f'percent has to be between 0 and 100, not {percent!r}')
        self._some(0)
        counted = sum(self._buckets.values())
        rank = max(1, ceil(Fraction(str(percent)) * counted / 100))
        if rank in (1, counted):
            return self.min if rank == 1 else self.max
        ns = _middle(self._bucket_of_rank(rank))
        return self._in_unit(min(max(ns, self._least), self._most))

    def _bucket_of_rank(self, rank: int) -> int:
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                break
        return bucket

    # --- together ------------------------------------------------------------------------

    def merge(self, other: Histogram) -> Histogram:
        """Return the histogram of the durations of both.

        Args:
            other: a histogram in the same unit.

        Raises:
            TypeError: `other` is no histogram.
            ValueError: they have different units.
        """
        if not isinstance(other, Histogram):
            raise TypeError(f'only a Histogram can be merged, not {other!r}')
        if other.unit != self.unit:
            units = f'{self.unit!r} and {other.unit!r}'
            raise ValueError(f'histograms in {units} cannot be merged')
        one, two = (self, other) if self.count else (other, self)
        new = Histogram(unit=self.unit)
        new.count, new._sum = one.count + two.count, one._sum + two._sum
        new._squares = one._squares + two._squares
        new._least = min(one._least, two._least) if two.count else one._least
        new._most = max(one._most, two._most) if two.count else one._most
        new._buckets = dict(one._buckets)
        for bucket, many in two._buckets.items():
            new._buckets[bucket] = new._buckets.get(bucket, 0) + many
        return new

    def in_unit(self, unit: str) -> Histogram:
        """Return the same histogram with answers in another unit.

        Args:
            unit: `'s'` or `'ns'`.

        Raises:
            ValueError: another unit.
        """
        return Histogram(unit=unit)._with(self)

    def _with(self, other: Histogram) -> Histogram:
        for name in self.__slots__:
            if name != 'unit':
                setattr(self, name, getattr(other, name))
        return self

    def as_dict(self) -> dict[str, Any]:
        """Return what a record has in `call.histogram`."""
        return {
            'count': self.count,
            **{name: getattr(self, name) for name in ('sum', 'min', 'max', 'mean')},
            'variance': self.variance,
            'unit': self.unit,
            'digits': DIGITS,
            'buckets': [
                [bucket, self._buckets[bucket]] for bucket in sorted(self._buckets)
            ],
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self.count:
            return '<Histogram of nothing>'
        figures = f'n={self.count} min={self.min} median={self.median} max={self.max}'
        return f'<Histogram {figures} {self.unit}>'

    # --- numbers -------------------------------------------------------------------------

    def _some(self, number: int) -> int:
        if not self.count:
            raise ValueError('the histogram is empty')
        return number

    def _in_unit(self, ns: int) -> float:
        return ns if self.unit == 'ns' else ns / UNITS['s']

    def _variance(self) -> Fraction:
        from fractions import Fraction  # start-up time

        count = self.count
        spread = max(0, self._squares * count - self._sum**2)  # a read sum is rounded
        return Fraction(spread, count * (count - 1)) if count > 1 else Fraction(0)


def bucket_of(ns: int) -> int:
    """Return the number of the bucket of a duration, as mb_histogram.h defines it.

    >>> bucket_of(1023), bucket_of(1024), bucket_of(1025), bucket_of(10**9)
    (1023, 1024, 1024, 11193)
    """
    octave = max(0, ns.bit_length() - 10)
    return octave * OCTAVE + (ns >> octave) if ns > 0 else 0


def _middle(bucket: int) -> int:
    octave = max(0, bucket // OCTAVE - 1)
    return (bucket - octave * OCTAVE << octave) + ((1 << octave) - 1) // 2


def rank(percent: int, count: int) -> int:
    """Return the rank of a percentile, from 1, as `Histogram.percentile` counts."""
    return max(1, -(-percent * count // 100))


def found_in(record: dict[str, Any], phase: str | None = None) -> Any:
    """Return the fields of a histogram in a record, or a list of durations, or None."""
    if record.keys() >= FIELDS:
        return record
    if phase is not None:
        return _of_phase(record, phase)
    found = field(record, 'histogram')
    if found is None and f'{PREFIX}buckets' in record:  # a flat record
        size = len(PREFIX)
        found = {n[size:]: v for n, v in record.items() if n.startswith(PREFIX)}
    return found if isinstance(found, dict) else field(record, 'durations')


def _of_phase(record: dict[str, Any], phase: str) -> Any:
    for entry in _entries(record, 'timings_summary', phase):
        if 'buckets' in entry:
            return entry
    return [entry.get('duration') for entry in _entries(record, 'timings', phase)] or None


def _entries(record: dict[str, Any], name: str, phase: str) -> list[dict[str, Any]]:
    """Return the entries of a phase in a list of the record, whatever that contains."""
    found = field(record, name)
    entries = found if isinstance(found, list) else []
    return [e for e in entries if isinstance(e, dict) and e.get('name') == phase]


def _is_finite(value: object) -> bool:
    """Return True for a number; text, multiplied by the nanoseconds, would fill memory."""
    from math import isfinite  # start-up time

    return type(value) is int or (type(value) is float and isfinite(value))


def field(record: dict[str, Any], name: str) -> Any:
    """Return a field of `call`; None if it is not there."""
    call = record.get('call')
    return call.get(name) if isinstance(call, dict) else record.get(f'call.{name}')


def _unit_of(record: dict[str, Any]) -> str:
    mb = record.get('mb')
    found = mb.get('duration_counter') if isinstance(mb, dict) else None
    counter = found or record.get('mb.duration_counter') or ''
    return 'ns' if str(counter).endswith('_ns') else 's'
