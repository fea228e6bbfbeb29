"""Choose the slowest record of many, and the one in the middle of its kind."""

from __future__ import annotations

import json

from ..words import quote
from .record_view import RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .entries import Entry

    Timed = tuple[float, int]  # median, and the number of the record

FEWEST = 3  # of two there is no middle


class Pair:
    """Numbers of two records of one kind, of which one is the slowest."""

    __slots__ = ('kind', 'middle', 'ratio', 'runs', 'slowest')

    def __init__(self, kind: str, times: list[Timed]) -> None:
        times.sort()
        middle, self.middle = times[(len(times) - 1) // 2]
        longest, self.slowest = times[-1]
        self.kind, self.runs = kind, len(times)
        self.ratio = longest / middle if middle > 0 else 1.0

    @property
    def why(self) -> str:
        """How the two were chosen."""
        return (
            f'of {self.runs} runs of {quote(self.kind)}, #{self.slowest} is the slowest '
            f'and #{self.middle} the middle one'
        )


def slowest(entries: Iterable[Entry]) -> Pair | None:
    """Return the record that is slowest compared with the middle one of its kind.

    Records are of one kind if they have the same name, command and clock. Runs that failed
    and durations that are lower bounds do not count.

    Returns:
        The pair; None if there are fewer than three records of each kind.
    """
    kinds: dict[tuple[str, str, str], list[Timed]] = {}
    for entry in entries:
        view = RecordView(entry.record)
        median = view.stats.median
        if median is not None and not view.is_bound and view.outcome[1]:
            kinds.setdefault(_kind(view), []).append((median, entry.number))
    pairs = [Pair(kind[0], times) for kind, times in kinds.items() if len(times) >= FEWEST]
    return max(pairs, key=lambda pair: pair.ratio, default=None)


def _kind(view: RecordView) -> tuple[str, str, str]:
    return view.name, json.dumps(view.call.get('command')), view.counter
