"""Make the table of what two records differ in as numbers: times, usage and outcome.

What is equal on both sides is left out, and nothing that may be noise has a colour.
"""

from __future__ import annotations

from heapq import nlargest

from ...results import units
from ...results.compared import ratio_in_words, ratio_of
from ...results.fields import is_number
from ...results.significance import is_change
from ..figures import alike
from ..terminal import Cell
from ..values import dicts
from .record_view import AT_MOST, RecordView
from .tables import bound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...results.compared import Comparison, TimeChange

    Row = list[str]
    Pair = tuple[float | None, float | None]

# Fields of resource_usage: title, name and format.
USAGE = (
    *(('user time', 'utime', units.duration), ('system time', 'stime', units.duration)),
    *(('memory', 'maxrss', units.size), ('page faults', 'majflt', units.number)),
    *(('waits', 'nvcsw', units.number), ('preempted', 'nivcsw', units.number)),
)
SECONDS = ('utime', 'stime')
LARGE_SHARE = 0.05  # of the median, from which on processor time has a colour
LARGE_CHANGE = 1.25  # ratio of other numbers that has a colour
LARGE_SIZE = 1 << 20  # bytes
PHASES = 100  # number of phases that are listed


class Compared:
    """Two records, side by side.

    Args:
        left: first record.
        right: second record.
        comparison: their times.
    """

    def __init__(self, left: RecordView, right: RecordView, comparison: Comparison) -> None:
        self.left, self.right = left, right
        self.comparison = comparison

    def rows(self, full: bool) -> Iterator[Row]:
        """Yield the rows of the table.

        Args:
            full: the rows in which both sides are equal, too, and when they began.
        """
        every = [*self._heads(full), *self._times(full), *self._busy(), *self._usage()]
        every += self._peak()
        for title, left, right, ratio in every:
            if full or left != right:
                yield [Cell(title, 'dim'), left, right, ratio]

    def _heads(self, full: bool) -> Iterator[Row]:
        heads = {
            'name': (self.left.name, self.right.name),
            'start': (self.left.start, self.right.start) if full else ('', ''),
            'host': (self.left.host, self.right.host),
            'outcome': (_outcome(self.left), _outcome(self.right)),
            'runs': (str(self.left.stats.count), str(self.right.stats.count)),
        }
        for title, sides in heads.items():
            if any(sides):
                yield [title, *sides, '']

    # --- times -------------------------------------------------------------------------

    def _times(self, full: bool) -> Iterator[Row]:
        """Yield the medians, then the time per run of each phase that either record has."""
        changes = self.comparison.changes
        shown = changes if full else _largest(changes)
        for change in shown:
            is_median = change.name == 'median'
            title = 'median' if is_median else f'  {change.name.partition(".")[2]}'
            signs = [self._sign(view, is_median) for view in (self.left, self.right)]
            pair = (change.left, change.right)
            yield [title, *self._texts(pair, signs), _change_of(change)]
        if len(shown) < len(changes):
            yield [f'  … {len(changes) - len(shown)} other phases', '…', '', '']

    def _sign(self, view: RecordView, is_median: bool) -> str:
        return view.median_sign(view.stats) if is_median else ''

    def _texts(self, pair: Pair, signs: Sequence[str]) -> list[str]:
        """Return two times in one unit."""
        if self.left.scale is None:
            texts = ['' if value is None else units.number(value) for value in pair]
        else:
            texts = alike(pair)
        return [
            sign + text if text else '' for sign, text in zip(signs, texts, strict=True)
        ]

    # --- usage -------------------------------------------------------------------------

    def _busy(self) -> Iterator[Row]:
        """Yield the share of time for which the runs were on a processor, not waiting."""
        shares = [self.comparison.left.busy, self.comparison.right.busy]
        if any(shares):
            texts = ['' if share is None else units.share(share) for share in shares]
            yield ['cpu', *texts, '']

    def _usage(self) -> Iterator[Row]:
        for title, field, form in USAGE:
            runs = [_used(view, field) for view in (self.left, self.right)]
            values = [_of_a_run(used, field) for used in runs]
            if any(values):
                signs = ['', '']
                if field == 'maxrss':
                    signs = [_bound(self.left), _bound(self.right)]
                is_more = self._is_more(field, values, runs)
                yield _pair(title, values, form, signs, is_more)

    def _is_more(
        self, field: str, values: Sequence[float | None], runs: list[list[float]]
    ) -> bool:
        """Return whether a change of the usage is more than noise."""
        left, right = (value or 0.0 for value in values)
        if field not in SECONDS:
            return field == 'maxrss' and _is_larger(left, right)
        medians = [m for m in self._medians() if m is not None]
        is_large = bool(medians) and abs(right - left) >= LARGE_SHARE * max(medians)
        is_tested = is_change(runs[0], runs[1])
        return is_large and (_is_large(left, right) if is_tested is None else is_tested)

    def _medians(self) -> Pair:
        return self.comparison.left.median, self.comparison.right.median

    def _peak(self) -> Iterator[Row]:
        calls = (self.left.call, self.right.call)
        found = (call.get('peak_memory_bytes') for call in calls)
        values = [peak if is_number(peak) else None for peak in found]
        if any(values):
            flags = (call.get('peak_memory_is_upper_bound') for call in calls)
            signs = [AT_MOST if flag is True else '' for flag in flags]
            is_more = _is_larger(*(value or 0.0 for value in values))
            yield _pair('peak memory', values, units.size, signs, is_more)


def _largest(changes: list[TimeChange]) -> list[TimeChange]:
    """Return the median and the phases that have changed most, in their order."""
    if len(changes) <= PHASES:
        return changes
    sizes = {
        place: abs((c.right or 0.0) - (c.left or 0.0)) for place, c in enumerate(changes)
    }
    largest = {0, *nlargest(PHASES, sizes, key=sizes.__getitem__)}
    return [change for place, change in enumerate(changes) if place in largest]


def _outcome(view: RecordView) -> str:
    words, well = view.outcome
    return words if well else Cell(words, 'red')


def _change_of(change: TimeChange) -> str:
    """Return the change of a time in words; it has a colour if it counts."""
    if not change.ratio or change.ratio == 1:
        return ''
    words = ratio_in_words(change.ratio)
    if change.counts:
        return Cell(words, 'red' if change.ratio > 1 else 'green')
    return Cell(words if change.is_significant is None else f'{words}, noise', 'dim')


def _bound(view: RecordView) -> str:
    """Return the sign for a largest size that is only an upper bound."""
    return AT_MOST if view.usage and all(map(bound, view.usage)) else ''


def _used(view: RecordView, field: str) -> list[float]:
    """Return the usage of each run, without those that failed if others did not."""
    usage = dicts(view.endings.well(view.usage))
    return [used[field] for used in usage if is_number(used.get(field))]


def _of_a_run(values: list[float], field: str) -> float | None:
    """Return the usage of a run on average, and for memory the maximum."""
    if not values:
        return None
    return max(values) if field == 'maxrss' else sum(values) / len(values)


def _pair(
    title: str,
    values: Sequence[float | None],
    form: Callable[[float], str],
    signs: Sequence[str],
    is_more: bool,
) -> Row:
    """Return a row of the table; bounds have a sign and no ratio."""
    pairs = zip(signs, values, strict=True)
    texts = ['' if value is None else sign + form(value) for sign, value in pairs]
    ratio = None if any(signs) else ratio_of(*values)
    if not ratio or ratio == 1:
        return [title, *texts, '']
    words = ratio_in_words(ratio, 'more', 'less')
    style = ('red' if ratio > 1 else 'green') if is_more else 'dim'
    return [title, *texts, Cell(words, style)]


def _is_large(left: float, right: float) -> bool:
    least, most = sorted((left, right))
    return most >= LARGE_CHANGE * max(least, 0.0)


def _is_larger(left: float, right: float) -> bool:
    """Return whether sizes of memory differ by more than noise."""
    return _is_large(left, right) and abs(right - left) >= LARGE_SIZE
