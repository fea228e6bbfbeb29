"""Make a record of a measurement that another part of microbench takes.

The surroundings are captured before the code runs, as those of a block. Its own time is
replaced by the samples.
"""

from __future__ import annotations

import time
from datetime import timedelta

from .bench import MicroBench
from .outputs.file import FileOutput
from .results import units
from .results.fields import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Record = dict[str, Any]


class MeasuredRecord:
    """A record that waits for its samples.

    Args:
        name: `call.name`.
        counter: the duration counter of the samples.
        **fields: added to the top level of the record.

    >>> record = MeasuredRecord('fit', dataset='iris')
    >>> made = record.made([0.25, 0.26], loops=10)
    >>> made['call']['name'], made['call']['durations'], made['dataset']
    ('fit', [0.25, 0.26], 'iris')
    """

    def __init__(
        self, name: str, counter: Callable[[], Any] = time.perf_counter, **fields: Any
    ) -> None:
        self._sink = FileOutput()
        bench = MicroBench(outputs=[self._sink], duration_counter=counter, max_value=None)
        with bench.record(name, **fields):
            pass
        self._began = time.monotonic()

    def made(self, durations: Sequence[float], loops: int) -> Record:
        """Return the record.

        Args:
            durations: of the samples, in seconds for one call.
            loops: number of calls in a sample.

        Raises:
            LookupError: `MICROBENCH=off` is set: nothing is recorded.
        """
        passed = timedelta(seconds=time.monotonic() - self._began)
        found = self._sink.get_results()
        if not found:
            raise LookupError('MICROBENCH=off is set: nothing is recorded')
        [record] = found
        call, scale = record['call'], units.scale_of(record['mb']['duration_counter'])
        call['durations'] = [seconds / (scale or 1.0) for seconds in durations]
        call['loops'] = loops
        began = moment(call['start_time'])
        if began is not None:
            call['finish_time'] = (began + passed).isoformat()
        return dict(record)
