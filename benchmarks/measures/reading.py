"""Reading records back with `get_results()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK, SIX_MIXINS, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

RECORDS = 200


def _cases(lab: Lab) -> dict[str, Case]:
    written = path_of(lab.folder, 'reading') + NULL_SINK + SIX_MIXINS
    written += f"""
import json
bench = Six(outfile=path)
@bench
def work():
    pass
for _ in range({RECORDS} if not os.path.exists(path) else 0):
    work()
"""
    each_line = 'with open(path) as lines: [json.loads(line) for line in lines]'
    return {
        'dicts': Case('bench.get_results()', written, per=RECORDS),
        'flat': Case('bench.get_results(flat=True)', written, per=RECORDS),
        'loads': Case(each_line, written, per=RECORDS),
    }


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
