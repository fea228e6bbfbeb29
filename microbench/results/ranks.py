"""Compare the ranks of a parallel program: which one was slow, and in which phase."""

from __future__ import annotations

from math import fsum

from ..messages import safe
from . import units
from .fields import is_number, part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Record = dict[str, Any]

NOTICEABLE = 0.05  # imbalance that is worth a name
ALMOST = 0.8  # of the farthest behind: as far, so that the first such phase explains it


class RankRow:
    """The times of one phase, or of whole runs, over the ranks.

    Attributes:
        name: `call.name` of the runs.
        phase: name of the phase; None for whole runs.
        seconds: time of each rank: the sum of all its records.
        records: number of records that were summed up.
    """

    __slots__ = ('name', 'phase', 'records', 'seconds')

    def __init__(self, name: str, phase: str | None) -> None:
        self.name, self.phase = name, phase
        self.seconds: dict[int, float] = {}
        self.records = 0

    def add(self, rank: int, seconds: float) -> None:
        """Add the time of a record."""
        self.seconds[rank] = self.seconds.get(rank, 0.0) + seconds

    def filled(self, ranks: Iterable[int]) -> RankRow:
        """Return the same row with 0 s for ranks without a time."""
        row = RankRow(self.name, self.phase)
        row.seconds = {**dict.fromkeys(ranks, 0.0), **self.seconds}
        row.records = self.records
        return row

    @property
    def min(self) -> float:
        """The shortest time of a rank, in seconds."""
        return min(self.seconds.values())

    @property
    def mean(self) -> float:
        """The mean over the ranks."""
        return fsum(self.seconds.values()) / len(self.seconds)

    @property
    def max(self) -> float:
        """The longest time of a rank."""
        return max(self.seconds.values())

    @property
    def imbalance(self) -> float | None:
        """How much longer the slowest rank took than the mean: max / mean - 1."""
        mean = self.mean
        return self.max / mean - 1 if mean > 0 else None

    @property
    def slowest(self) -> int:
        """The rank that took longest; the lowest of several."""
        longest = self.max
        return min(rank for rank, seconds in self.seconds.items() if seconds == longest)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures."""
        names = ('name', 'phase', 'min', 'mean', 'max', 'imbalance', 'slowest', 'records')
        return {'ranks': len(self.seconds), **{name: getattr(self, name) for name in names}}

    def __repr__(self) -> str:
        what = self.name if self.phase is None else f'{self.name}/{self.phase}'
        return f'<{what}: {self.as_dict()}>'


class Ranks:
    """A row for each name of runs, and for each phase of them.

    Args:
        records: records with `process.rank`; others are left out.

    Attributes:
        rows: whole runs, then their phases in the order of the records.
        left_out: number of records without a rank, with a failure, or without a duration
            in seconds.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.left_out = 0
        self._rows: dict[tuple[str, str | None], RankRow] = {}
        for record in records:
            if not self._add(record):
                self.left_out += 1

    def _add(self, record: Record) -> bool:
        rank, scale = part(record, 'process', 'rank'), _scale_of(record)
        if not isinstance(rank, int) or isinstance(rank, bool) or scale is None:
            return False
        if 'exception' in record or 'recovered' in record:
            return False
        durations = list(filter(is_number, _items(part(record, 'call', 'durations'))))
        if not durations:
            return False
        name = str(part(record, 'call', 'name'))
        self._row(name, None).add(rank, scale * fsum(durations))
        for row in {self._added(name, rank, *phase, scale) for phase in _phases(record)}:
            row.records += 1
        self._row(name, None).records += 1
        return True

    def _added(
        self, name: str, rank: int, phase: str, duration: float, scale: float
    ) -> RankRow:
        row = self._row(name, phase)
        row.add(rank, scale * duration)
        return row

    def _row(self, name: str, phase: str | None) -> RankRow:
        return self._rows.setdefault((name, phase), RankRow(name, phase))

    @property
    def rows(self) -> list[RankRow]:
        """The rows, those of a name together."""
        names = dict.fromkeys(name for name, _ in self._rows)
        return [row for name in names for row in self._of(name)]

    def _of(self, name: str) -> list[RankRow]:
        """Return the rows of a name; a rank without a phase spent no time in it."""
        whole, found = self._rows[name, None], []
        for (own, phase), row in self._rows.items():
            if own == name and phase is not None:
                found.append(row.filled(whole.seconds))
        return [whole, *found]

    @property
    def answer(self) -> str:
        """Which rank was slow, and in which phase, in one sentence for each name."""
        names = dict.fromkeys(name for name, _ in self._rows)
        return ' '.join(_sentence(self._of(name)) for name in names)

    def __iter__(self) -> Iterator[RankRow]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f'<ranks: {self.answer or "no records with a rank"}>'


def _scale_of(record: Record) -> float | None:
    counter = part(record, 'mb', 'duration_counter')
    return units.scale_of(counter if isinstance(counter, str) else 'perf_counter')


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _phases(record: Record) -> Iterator[tuple[str, float]]:
    """Yield the phases of a record: the totals of all, or each that is listed."""
    totals = _items(part(record, 'call', 'timings_summary'))
    field = 'sum' if totals else 'duration'
    for entry in totals or _items(part(record, 'call', 'timings')):
        if isinstance(entry, dict) and is_number(entry.get(field)):
            yield str(entry.get('name')), entry[field]


# --- the answer --------------------------------------------------------------------------


def _sentence(rows: list[RankRow]) -> str:
    """Return the answer for the rows of one name, whole runs first.

    The phase that explains it is the one in which the slowest rank is farthest behind the
    mean: where ranks wait for one another, most wait for the slow one, and the mean of
    their waiting is near its maximum. Of two ranks one waits as long as the other is
    behind, and the phase that came first is the cause.
    """
    whole, *phases = rows
    name = safe(whole.name)
    if len(whole.seconds) < 2:
        return f'{name} has one rank: there is nothing to compare.'
    worst = _first_behind(phases or rows)
    if (worst.imbalance or 0.0) < NOTICEABLE or worst.max - worst.mean < _least(whole):
        return f'No rank of {name} was slow: {_figures(whole)}.'
    where = '' if worst.phase is None else f' in {safe(worst.phase)}'
    return f'Rank {worst.slowest} of {name} was slow{where}: {_figures(worst)}.'


def _first_behind(rows: list[RankRow]) -> RankRow:
    most = max(row.max - row.mean for row in rows)
    return next(row for row in rows if row.max - row.mean >= ALMOST * most)


def _least(whole: RankRow) -> float:
    return NOTICEABLE * whole.mean / 2


def _figures(row: RankRow) -> str:
    more = units.share(row.imbalance or 0.0)
    longest, mean = units.duration(row.max), units.duration(row.mean)
    return (
        f'{longest} where the mean of {len(row.seconds)} ranks is {mean}, {more} more'
        if row.imbalance
        else f'all {len(row.seconds)} ranks took {longest}'
    )


def ranks(records: Iterable[Record] | str) -> Ranks:
    """Compare the ranks of a parallel program (MPI, torchrun, `srun`).

    Args:
        records: dicts with `process.rank`, as `read()` or `get_results()` give them. Those
            without a rank, and runs that failed, are left out.

    Returns:
        A row for each name of runs and for each of their phases, with the times over the
        ranks: `min`, `mean`, `max`, `imbalance` (max / mean - 1) and `slowest`; and an
        `answer`, in words.

    Raises:
        TypeError: `records` is a path: give `read(path)`.

    >>> def record(rank, solve):
    ...     phases = {'read': 1.0, 'solve': solve}
    ...     timings = [{'name': name, 'duration': phases[name]} for name in phases]
    ...     call = {'name': 'fit', 'durations': [1.0 + solve], 'timings': timings}
    ...     return {'call': call, 'process': {'rank': rank, 'ranks': 3}}
    >>> found = ranks([record(0, 2.0), record(1, 5.0), record(2, 2.0)])
    >>> found.answer.partition(':')[0]
    'Rank 1 of fit was slow in solve'
    >>> [(row.phase, row.min, row.max, row.slowest) for row in found]
    [(None, 3.0, 6.0, 1), ('read', 1.0, 1.0, 0), ('solve', 2.0, 5.0, 1)]
    """
    if isinstance(records, (str, bytes)) or hasattr(records, '__fspath__'):
        raise TypeError(f'records are needed, not a path: ranks(read({records!r}))')
    return Ranks(records)
