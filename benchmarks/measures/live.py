"""Records that a LiveStream delivers: how many, and how soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import PREDECESSOR, Goal, Row
from ..worker import Case
from .sources import SIX_MIXINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from ..lab import Lab

RECORDS = 2000

# Both read the same file, so that longer records are not slower ones.
DELIVERY = """
import json, threading
from microbench.livestream import LiveStream
done = threading.Semaphore(0)

class Counting(LiveStream):
    seen = 0
    def display(self, data):
        self.seen += 1
        if self.seen == {records}:
            done.release()

def deliver():
    global stream
    stream = Counting({path!r}, 0.001)
    done.acquire()
"""
END = 'stream.stop(); stream.join()'

# The usual way to use it, with the default sleeptime: the median of some delays.
DELAY = """
import os, statistics, threading, time
from microbench.livestream import LiveStream
path = {path!r} + str(os.getpid())
there, delays = threading.Semaphore(0), []

class Watching(LiveStream):
    def display(self, data):
        delays.append(time.perf_counter_ns() - data['written'])
        there.release()

with open(path, 'a') as file:
    stream = Watching(path)
    for number in range(9):
        time.sleep(0.071)
        file.write('{{"written": %d}}\\n' % time.perf_counter_ns())
        file.flush()
    for number in range(9):
        there.acquire()
stream.stop()
stream.join()
print(statistics.median(delays))
"""


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    path = lab.folder / 'live.jsonl'
    _write(path)
    setup = DELIVERY.format(path=str(path), records=RECORDS)
    each_line = f'with open({str(path)!r}) as lines: [json.loads(line) for line in lines]'
    cases = {
        'delivered': Case('deliver()', setup, after=END, per=RECORDS, loops=1),
        'loads': Case(each_line, setup, per=RECORDS, loops=1),
    }
    times = lab.time(cases, lab.processes)  # long slices, as few as processes
    yield Row(
        'LiveStream, a record',
        times[US]['delivered'],
        'json.loads of each line',
        times[US]['loads'],
        Goal(2, 'gain'),
        peers=others(times, lambda t: t['delivered']),
    )
    code = DELAY.format(path=str(path))
    delays = lab.fresh({US: {'delay': code}, PREDECESSOR: {'delay': code}}, rounds=3)
    yield Row(
        '  delay from write to hook',
        delays[US]['delay'],
        goal=Goal(1_000_000, 'value'),
        peers=others(delays, lambda t: t['delay']),
    )


def _write(path: Path) -> None:
    """Write the records that all parties read."""
    names: dict[str, Any] = {}
    exec(SIX_MIXINS, names)
    call = names['Six'](outfile=path)(len)
    for _ in range(RECORDS):
        call('')
