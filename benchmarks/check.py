"""Show that 20 ns planted in a phase are seen: `python -m benchmarks.check`.

How long the delay really is depends on what else the machine does, so it is timed by
itself as well, in the same slices.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from . import native
from .lab import US, Lab, planted
from .measures.phases import IN_A_RECORD
from .parties import Here
from .rows import quantity
from .worker import Case

PLANT_NS = 20

CASES = {
    'phase': planted(IN_A_RECORD, 'spin(0)'),
    'planted phase': planted(IN_A_RECORD, f'spin({PLANT_NS})'),
    'no delay': Case('spin(0)'),
    'delay': Case(f'spin({PLANT_NS})'),
}


def main() -> None:
    """Time a phase with a delay and with none, and print the difference."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Here({'spin': native.floor().spin}), Path(folder), slices=1000)
        times = lab.time(CASES)[US]
    delay = times['delay'] - times['no delay']
    seen = times['planted phase'] - times['phase']
    print(f'a phase, with a delay of 0     {quantity(times["phase"], "ns")}')
    print(
        f'the same, with one of {PLANT_NS} ns    {quantity(times["planted phase"], "ns")}'
    )
    print(f'difference                     {quantity(seen, "ns")}')
    print(f'the delay by itself            {quantity(delay, "ns")}')
    if seen < delay / 2:
        sys.exit('the planted delay is not seen')


if __name__ == '__main__':
    main()
