"""What a process pays before its work begins: import, first record, the command."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ..lab import US, others
from ..native import empty_package
from ..parties import wall_ns
from ..peers import IMPORTS
from ..rows import PREDECESSOR, Goal, Row
from ..slices import tenth_percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

FIRST_RECORD = """
from microbench import MicroBench
bench = MicroBench(outfile={path!r})
@bench
def work():
    pass
work()
"""

EXTRA_MODULES = """
before = set(sys.modules)
import microbench
extra = {name for name in set(sys.modules) - before if name.split('.')[0] != 'microbench'}
print(*sorted(extra))
"""


def timed(code: str) -> str:
    """Return source that prints the nanoseconds the code takes."""
    return f"""
from time import perf_counter_ns
begin = perf_counter_ns()
{code}
print(perf_counter_ns() - begin)
"""


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    first = FIRST_RECORD.format(path=str(lab.folder / 'first.jsonl'))
    empty = f'sys.path.insert(0, {str(empty_package())!r})\n'
    codes = {name: {'import': timed(code)} for name, code in IMPORTS.items()}
    codes[US] = {
        'import': timed('import microbench'),
        'empty': empty + timed('import emptypackage'),
    }
    for party in (US, PREDECESSOR):
        codes[party]['first'] = f'import os  # site loads it\n{timed(first)}'
    times = lab.fresh(codes)
    own = times[US]
    yield Row(
        'import microbench',
        own['import'],
        'empty package, one .so',
        own['empty'],
        Goal(2.5),
        peers=others(times, lambda t: t['import']),
    )
    extra = lab.here.output(EXTRA_MODULES).split()
    yield Row(
        '  other modules that it loads',
        len(extra),
        goal=Goal(0, 'value'),
        unit='',
        note=' '.join(extra),
    )
    yield Row(
        'import and first record',
        own['first'],
        'empty package, one .so',
        own['empty'],
        Goal(3_000_000, 'value'),
        peers=others(times, lambda t: t['first']),
    )
    yield from _command(lab)


def _command(lab: Lab) -> Iterator[Row]:
    """Yield what the command adds to the program it runs, once there is a command."""
    if importlib.util.find_spec('microbench.__main__') is None:
        return
    out = str(lab.folder / 'command.jsonl')
    command = ('-m', 'microbench', '-o', out, '--', 'true')
    samplers = {
        (US, 'command'): lambda: lab.here.wall_ns(*command),
        (US, 'python'): lambda: lab.here.wall_ns('-c', 'pass'),
        (US, 'true'): lambda: wall_ns('true'),
    }
    lab.here.compile_package()
    peer = lab.peers.get(PREDECESSOR)
    if peer:
        peer.compile_package()
        samplers[PREDECESSOR, 'command'] = lambda: peer.wall_ns(
            '-m', 'microbench', '--outfile', out, '--', 'true'
        )
    took = tenth_percentiles(samplers, lab.processes)
    nothing = took[US, 'true']
    before = took.get((PREDECESSOR, 'command'))
    yield Row(
        'microbench -- true, added',
        took[US, 'command'] - nothing,
        'python -c pass',
        took[US, 'python'],
        Goal(2.5),
        peers={PREDECESSOR: before - nothing} if before is not None else {},
    )
