"""What the journal adds: to a block, to a phase, and once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US
from ..rows import Goal, Row
from ..worker import Case
from .phases import IN_A_RECORD, TWO_CLOCKS
from .sources import NULL_SINK, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

# The bench has a file, and so a journal; its records go nowhere.
BENCH = """
from microbench.outputs.delivery import Route
bench = MicroBench(path, journal={mode!r})
bench._bench_config.delivery.routes = [Route(Null())]
with bench.record('first'):
    pass
"""
BLOCK = "with bench.record('block'): PLANT"


def _cases(lab: Lab) -> dict[str, Case]:
    source = path_of(lab.folder, 'journal') + NULL_SINK
    cases = {}
    for mode in ('off', 'auto'):
        setup = source + BENCH.format(mode=mode)
        cases[f'block {mode}'] = Case(BLOCK, setup)
        cases[f'phase {mode}'] = Case(
            IN_A_RECORD.statement,
            setup,
            before=IN_A_RECORD.before,
            after=IN_A_RECORD.after,
        )
    once = f"{source}from microbench import _core\nname = path.encode() + b'.once'"
    cases['once'] = Case('_core.Journal(name)', once)
    cases['floor'] = Case("with floor.clock('phase'): pass")
    return cases


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    own = lab.time(_cases(lab))[US]
    opened = own['block auto'] - own['block off']
    yield Row('journal: a block more than without', opened, goal=Goal(200, 'value'))
    phase = own['phase auto'] - own['phase off']
    yield Row('  a phase more than without', phase, goal=Goal(50, 'value'))
    shown = own['phase auto']
    floor = 'with in C, two clock readings'
    yield Row('  a phase', shown, floor, own['floor'], Goal(TWO_CLOCKS + 0.1))
    yield Row('  made and removed, once an output', own['once'])
