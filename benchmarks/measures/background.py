"""A record that a thread sends: what the caller pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US
from ..rows import Goal, Row
from ..worker import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

CALLS = 2000  # fewer than the queue has room for

RECORD = "RECORD = b'x' * 800\n"
QUEUE = f'{RECORD}from queue import SimpleQueue\n'

# The server of this sink takes everything at once: what is left is the hand-over.
SINK = f"""{RECORD}
from microbench.outputs.network import NetworkOutput

class Quick(NetworkOutput):
    _most_in_batch = 100

    def _send(self, records, timeout):
        pass

    def write_record(self, record, timeout=None):
        self._put(record, timeout)

out = Quick()
out._configure(True, None)
"""


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    cases = {
        'record': Case('out.write_record(RECORD)', SINK, after='out.flush()', loops=CALLS),
        'queue': Case('waiting.put(RECORD)', QUEUE, 'waiting = SimpleQueue()', loops=CALLS),
    }
    times = lab.time(cases, lab.processes)
    yield Row(
        'background=True, the caller',
        times[US]['record'],
        'queue.SimpleQueue.put()',
        times[US]['queue'],
        Goal(5000, 'value'),
    )
