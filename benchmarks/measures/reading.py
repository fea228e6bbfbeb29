"""Reading records back: `get_results()`, and `read()`, which has one record at a time.

Each party reads a file that it has written itself; all of them have the same fields. The
memory is the peak of the resident memory (VmHWM) of a fresh process, less that before
reading, shared out among the records. Without /proc there are no such rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import PREDECESSOR, Goal, Row
from ..worker import Case
from .memory import PEAK, STATUS
from .sources import NULL_SINK, SIX_MIXINS, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

RECORDS = 2_000
MANY = 20_000  # of which the memory is measured


def _written(folder: object, name: str, count: int) -> str:
    """Return source that sets `bench` and `path`, a file of so many records."""
    return f"""{path_of(folder, name)}{NULL_SINK}{SIX_MIXINS}
bench = Six(outfile=path)
@bench
def work():
    pass
for _ in range({count} if not os.path.exists(path) else 0):
    work()
"""


def _cases(lab: Lab) -> dict[str, Case]:
    written = _written(lab.folder, 'reading', RECORDS) + 'import json\n'
    each_line = 'with open(path) as lines: [json.loads(line) for line in lines]'
    return {
        'dicts': Case('bench.get_results()', written, per=RECORDS),
        'flat': Case('bench.get_results(flat=True)', written, per=RECORDS),
        'loads': Case(each_line, written, per=RECORDS),
    }


def _memory(folder: object, statement: str) -> str:
    """Return source that prints the bytes for each record."""
    return f"""{_written(folder, 'memory', MANY)}{PEAK}
import json
from itertools import islice
before = peak()
{statement}
print((peak() - before) / {MANY})
"""


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(_cases(lab), rounds=max(1, lab.slices // 4))
    own = times[US]
    for name, what, gain in (
        ('get_results(), a record', 'dicts', 6),
        ('get_results(flat=True)', 'flat', 7),
    ):
        yield Row(
            name,
            own[what],
            'json.loads of each line',
            own['loads'],
            Goal(gain, 'gain'),
            peers=others(times, lambda t, what=what: t[what]),  # type: ignore[misc]
        )
    if STATUS.exists():
        yield from _memory_rows(lab)


def _memory_rows(lab: Lab) -> Iterator[Row]:
    dicts = 'results = bench.get_results()'
    flat = 'results = bench.get_results(flat=True)'
    each = 'from microbench import read\nfor record in read(path): pass'
    codes = {
        'dicts': _memory(lab.folder, dicts),
        'flat': _memory(lab.folder, flat),
        'read': _memory(lab.folder, each),
    }
    theirs = {name: codes[name] for name in ('dicts', 'flat')}
    peaks = lab.fresh({US: codes, PREDECESSOR: theirs}, rounds=min(3, lab.processes))
    for name, what, goal in (
        ('memory of get_results(), a record', 'dicts', Goal(2, 'gain')),
        ('memory of get_results(flat=True)', 'flat', Goal(2, 'gain')),
        ('memory of read(), a record', 'read', Goal(64, 'value')),
    ):
        yield Row(
            name,
            peaks[US][what],
            goal=goal,
            unit='B',
            peers=others(peaks, lambda p, what=what: p[what]),  # type: ignore[misc]
        )
