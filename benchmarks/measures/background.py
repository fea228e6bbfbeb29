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


# The server of this one does not answer: the thread waits for it, and later ones wait.
SILENT = f"""{SINK}
from threading import Event
answers = Event()

class Silent(Quick):
    def _send(self, records, timeout):
        answers.wait()

out = Silent()
out._configure(True, None)
"""
FALL_SILENT = 'answers.clear(); out.write_record(RECORD)'
ANSWER = 'answers.set(); out.flush()'


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    cases = {
        'record': Case('out.write_record(RECORD)', SINK, after='out.flush()', loops=CALLS),
        'silent': Case(
            'out.write_record(RECORD)', SILENT, FALL_SILENT, ANSWER, loops=CALLS
        ),
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
    yield Row(
        'the same while the server is silent',
        times[US]['silent'],
        'while it answers',
        times[US]['record'],
        Goal(1.5),
    )
