"""What one or more processes found of a statement."""

from __future__ import annotations

from math import fsum

from ...measuring.interval import FEWEST, interval
from ...measuring.result import Measurement
from ...results.averages import deviation, median
from ...results.scale import Scale
from ...results.units import share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Row = tuple[str, list[str]]

NOTABLE = 0.1  # share of the empty loop without a remark
DIFFERENT = 0.05  # range of the medians of processes, as a share


class Timed:
    """The answers of some processes.

    The median of one process is that of its samples; of several, it is the median of their
    medians, and so are interval, mean and deviation: what differs from one process to the
    next (addresses, hashes of texts) is the same in all samples of one.

    Args:
        statement: the text.
        answers: what the workers have found.
        precision: that was asked for.
    """

    def __init__(
        self, statement: str, answers: list[dict[str, Any]], precision: float
    ) -> None:
        self.statement = statement
        self.processes = [
            Measurement(
                *(statement, answer['durations'], answer['loops']),
                overhead=answer['clock_cost'] * answer['loops'],
                precision=precision,
            )
            for answer in answers
        ]
        self.empty: float = answers[0]['empty']
        self.medians = sorted(process.median for process in self.processes)
        self.median = median(self.medians)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the median; None if there is none."""
        if len(self.processes) == 1:
            return self.processes[0].interval
        return interval(self.medians)

    @property
    def _values(self) -> list[float]:
        one = len(self.processes) == 1
        return sorted(self.processes[0].durations) if one else self.medians

    # --- doubts -------------------------------------------------------------------------

    def remarks(self) -> Iterator[str]:
        """Yield sentences about what makes the numbers doubtful."""
        scale = self.scale
        if self.empty > NOTABLE * self.median:
            yield f'an empty loop takes {scale.text(self.empty)} of it'
        if len(self.processes) == 1:
            yield from self.processes[0].remarks
            return
        if len(self.processes) < FEWEST:
            yield f'fewer than {FEWEST} processes have no interval'
        spread = (self.medians[-1] - self.medians[0]) / self.median
        if spread > DIFFERENT:
            yield f'the processes differ by {share(spread)}'

    # --- as text and values -------------------------------------------------------------

    @property
    def scale(self) -> Scale:
        """How to write its times."""
        low, high = self.interval or (self.median, self.median)
        return Scale(self.median, (high - low) / 2)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the answer: a label, and parts of a sentence."""
        scale, values = self.scale, self._values
        ends = self.interval
        between = [f'between {scale.between(*ends, "and")} (95\xa0%)'] if ends else []
        yield 'median', [scale.text(self.median), *between]
        if len(values) > 1:
            mean, spread = fsum(values) / len(values), deviation(values)
            yield 'mean\xa0±\xa0σ', [scale.between(mean, spread, '±')]
        yield 'range', [scale.between(values[0], values[-1]), self._counted()]
        for remark in self.remarks():
            yield 'warning', [remark]

    def _counted(self) -> str:
        samples = sum(process.count for process in self.processes)
        loops = sorted({process.loops for process in self.processes})
        calls = '…'.join(map(str, {loops[0]: 0, loops[-1]: 0}))
        count = len(self.processes)
        several = f'{count}\xa0processes, ' if count > 1 else ''
        return f'{several}{samples}\xa0samples of {calls}\xa0loops'

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; times are in seconds."""
        values = self._values
        return {
            'statement': self.statement,
            'median': self.median,
            'interval': self.interval,
            'mean': fsum(values) / len(values),
            'stdev': deviation(values) if len(values) > 1 else 0.0,
            'min': values[0],
            'max': values[-1],
            'empty_loop': self.empty,
            'remarks': [remark.replace('\xa0', ' ') for remark in self.remarks()],
            'processes': [_plain(process) for process in self.processes],
        }


def _plain(process: Measurement) -> dict[str, Any]:
    values = process.as_dict()
    del values['name']
    return values
