"""A row for each group that both sides have, and for each of its phases."""

from __future__ import annotations

from ..analysis.estimate import Estimate
from ..analysis.many import corrected
from ..analysis.order import Order, one_after_the_other
from ..analysis.verdict import Verdict, why_not
from ..analysis.words import INCONCLUSIVE, SLOWER
from ..results import units
from ..results.averages import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from .samples import Group, Sample, Side

WIDE = 1.1  # ratio of the bounds of an interval that no one can use
FEW = 12  # independent runs, whatever their number
FIELDS = (
    *('name', 'command', 'phase', 'base_median', 'new_median', 'ratio', 'low', 'high'),
    *('verdict', 'why', 'more_runs', 'chance', 'base_runs', 'new_runs', 'base_failed'),
    *('new_failed', 'is_interleaved', 'drifts', 'is_timed', 'is_of_histograms'),
)


class Row:
    """The comparison of one group, or of one of its phases.

    Attributes:
        name: `call.name`; of two different ones, with an arrow between them.
        command: words of the command; None for Python.
        phase: name of the phase; None for whole runs.
        base_median, new_median: in seconds, if `is_timed`; None without runs.
        ratio: `new_median` in multiples of `base_median`, or the median ratio of neighbours
            if the runs took turns; None if there is no verdict.
        low, high: bounds of the ratio: the 95 % interval.
        verdict: `'faster'`, `'slower'`, `'no difference'` or `'inconclusive'`; None if
            the series cannot be compared.
        why: what is in the way of a verdict; may be empty.
        more_runs: about how many more runs of each side would tell; or None.
        chance: of such a difference without a cause, corrected for all rows of its kind.
        base_runs, new_runs: numbers of runs that went well.
        base_failed, new_failed: numbers of runs that did not.
        is_interleaved: the runs of both sides took turns.
        drifts: the runs drift, and the interval allows for it.
        is_timed: the unit of the durations is known.
        is_of_histograms: durations are in histograms, and a run is the median of one.
    """

    def __init__(self, base: Group, new: Group, phase: str | None = None) -> None:
        self.name = _name_of(base, new)
        self.command = new.command if new.command == base.command else None
        self.phase = phase
        self.base_failed, self.new_failed = base.failed, new.failed
        samples = [_sample(group, phase) for group in (base, new)]
        self.is_of_histograms = all(sample.is_of_histograms for sample in samples)
        if self.is_of_histograms:
            samples = [sample.medians or sample for sample in samples]
        self.base_runs, self.new_runs = (len(sample.values) for sample in samples)
        self.base_median, self.new_median = map(_median, samples)
        self.is_timed = all(map(_is_timed, base.counters | new.counters))
        self.ratio: float | None = None
        self.low: float | None = None
        self.high: float | None = None
        self.verdict: str | None = None
        self.more_runs: int | None = None
        self.chance: float | None = None
        self.is_interleaved = self.drifts = False
        self._estimate: Estimate | None = None
        self.why = _obstacle(base, new, samples)
        if not self.why:
            self._measure(samples, one_host=len(base.hosts | new.hosts) == 1)

    def _measure(self, samples: Sequence[Sample], *, one_host: bool) -> None:
        (base, base_times), (new, new_times) = (one.in_order() for one in samples)
        order = one_after_the_other(len(base), len(new))
        if base_times is not None and new_times is not None and one_host:
            order = Order(base_times, new_times)
        found = self._estimate = Estimate(base, new, order)
        self.ratio = float(found.ratio)
        self.low, self.high = map(float, found.interval())
        self.chance = found.chance()
        self.is_interleaved = found.is_interleaved
        self.drifts = bool(found.drifts)

    def _judge(self, chance: float, margin: float) -> None:
        """Set the verdict.

        Args:
            chance: `self.chance`, corrected for the number of rows.
            margin: difference that does not matter, as a share.
        """
        assert self._estimate is not None
        found = Verdict(self._estimate, chance, margin)
        self.chance = chance
        self.verdict, self.why, self.more_runs = found.word, found.why, found.more_runs

    @property
    def is_of_stretches(self) -> bool:
        """Whether a side met few speeds of the machine, for long: its interval is wide."""
        worth = self._estimate.worth if self._estimate is not None else None
        if self.verdict != INCONCLUSIVE or worth is None or not self.low or not self.high:
            return False
        return self.high > WIDE * self.low and min(map(float, worth)) < FEW

    def is_slower_by(self, share: float) -> bool:
        """Return whether it is slower for certain, and its ratio above a limit."""
        return self.verdict == SLOWER and self.ratio is not None and self.ratio > 1 + share

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes by name."""
        return {name: getattr(self, name) for name in FIELDS}


def rows_of(pairs: Sequence[tuple[Group, Group]], margin: float) -> list[Row]:
    """Return the rows of pairs of groups, whole runs before their phases.

    Whole runs and phases are two families: of each, one comparison of twenty such calls is
    wrong by chance.
    """
    rows = [row for base, new in pairs for row in _of_pair(base, new)]
    wholes = [row for row in rows if row.phase is None]
    for family in (wholes, [row for row in rows if row.phase is not None]):
        known = [row for row in family if row.chance is not None]
        chances = corrected([row.chance or 0.0 for row in known])
        for row, chance in zip(known, chances, strict=True):
            row._judge(chance, margin)
    return rows


def _of_pair(base: Group, new: Group) -> Iterator[Row]:
    yield Row(base, new)
    for phase in base.phases:
        if phase in new.phases:
            yield Row(base, new, phase)


def pairs_of(base: Side, new: Side) -> list[tuple[Group, Group]]:
    """Return the groups that both sides have; if each has a single one, these two."""
    both = (key for key in base.groups if key in new.groups)
    common = [(base.groups[key], new.groups[key]) for key in both]
    if not common and len(base.groups) == len(new.groups) == 1:
        return list(zip(base.groups.values(), new.groups.values(), strict=True))
    return common


def _obstacle(base: Group, new: Group, samples: Sequence[Sample]) -> str:
    """Return why two groups cannot be compared; an empty text if they can."""
    counters = sorted(base.counters | new.counters)
    if len(counters) > 1:
        return f'different counters: {", ".join(counters)}'
    if any(sample.counted for sample in samples):
        return 'not all durations are single ones, or in histograms that can be read'
    same = 'both sides are the same runs' if samples[0] == samples[1] else ''
    return why_not(samples[0].values, samples[1].values) or same


def _sample(group: Group, phase: str | None) -> Sample:
    return group.runs if phase is None else group.phases[phase]


def _median(sample: Sample) -> float | None:
    return median(sorted(sample.values)) if sample.values else None


def _is_timed(counter: str) -> bool:
    return counter == 'wall clock' or units.scale_of(counter) is not None


def _name_of(base: Group, new: Group) -> str:
    names = [
        group.name if isinstance(group.name, str) else '(no name)' for group in (base, new)
    ]
    return names[0] if names[0] == names[1] else ' → '.join(names)
