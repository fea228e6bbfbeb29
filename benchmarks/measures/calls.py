"""A whole record: of calls, blocks and coroutines; to no sink, to memory and to a file."""

from __future__ import annotations

import sys
from operator import itemgetter
from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK, SIX_MIXINS, WORK, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

NULL_BENCH = f'{NULL_SINK}bench = MicroBench(outputs=[Null()])\n'
BARE = 'bench.surroundings = False\n'  # 2.1.0 has none
DECORATE = f'{WORK}work = bench(work)\n'

# Before CPython 3.12 a decorated function is a function of Python that calls C.
CALL = 14 if sys.version_info < (3, 12) else 11

MEMORY = 'from microbench import MicroBench\nbench = MicroBench()\n'

# The bytes of one record, and a file opened as a sink opens it.
OPENED = """
work()
with open(path, 'rb') as file:
    line = file.readlines()[-1]
raw = os.open(path + '.raw', os.O_WRONLY | os.O_APPEND | os.O_CREAT)
"""
BARE_WRITE = 'os.write(raw, line)'

# What six mixins ask the system for.
ASKED = 'getrusage(RUSAGE_SELF); os.getcwd(); getrusage(RUSAGE_SELF)'
ASKING = 'from resource import getrusage, RUSAGE_SELF\n'

BLOCK = "with bench.record('block'): PLANT"

AWAITS = 100
COROUTINE = f"""
async def work():
    PLANT

async def repeated(work):
    for _ in range({AWAITS}):
        await work()

def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration:
        pass

bare = work
"""


def _cases(lab: Lab) -> dict[str, Case]:
    one = path_of(lab.folder, 'one') + NULL_SINK
    one += f'bench = MicroBench(outfile=path)\n{DECORATE}'
    batch = path_of(lab.folder, 'batch') + NULL_SINK
    batch += 'from microbench import FileOutput\n'
    batch += f'bench = MicroBench(outputs=[FileOutput(path, batch=64)])\n{DECORATE}'
    six = path_of(lab.folder, 'six') + SIX_MIXINS + f'bench = Six(outfile=path)\n{DECORATE}'
    null_six = f'{NULL_SINK}{SIX_MIXINS}bench = Six(outputs=[Null()])\n{DECORATE}'
    awaiting = f'{NULL_BENCH}{COROUTINE}work = bench(work)\n'
    write_of_one = one.replace('PLANT', 'pass') + OPENED
    write_of_six = six.replace('PLANT', 'pass') + OPENED + ASKING
    return {
        'call': Case('work()', NULL_BENCH + DECORATE),
        'memory': Case('work()', MEMORY + DECORATE),
        'file': Case('work()', one),
        'batch': Case('work()', batch),
        'write': Case(BARE_WRITE, write_of_one),
        'record': Case(BLOCK, NULL_BENCH + BARE),
        'surrounded': Case(BLOCK, NULL_BENCH),
        'bare call': Case('work()', NULL_BENCH + BARE + DECORATE),
        'await': Case('run(repeated(work))', awaiting, per=AWAITS),
        'bare await': Case(
            'run(repeated(bare))', awaiting.replace('PLANT', 'pass'), per=AWAITS
        ),
        'six': Case('work()', null_six),
        'six, file': Case('work()', six),
        'asked': Case(ASKED, 'import os\n' + ASKING),
        'asked and write': Case(f'{ASKED}; {BARE_WRITE}', write_of_six),
        'clock': Case('perf_counter()'),
    }


def awaited(times: dict[str, float]) -> float:
    """Return what the decorator adds to an await."""
    return times['await'] - times['bare await']


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(_cases(lab))
    clock, floors = 'one perf_counter()', times[US]
    for measure, name, gain, floor_name, floor, limit in (
        ('@bench, null sink', 'call', 90, clock, 'clock', CALL),
        ('@bench, memory', 'memory', 70, '', '', 0),
        ('@bench, file', 'file', 25, 'write() of its bytes', 'write', 1.8),
        ('with bench.record(), null sink', 'record', 75, clock, 'clock', 14),
        ('@bench, six mixins, null sink', 'six', 30, 'what they ask for', 'asked', 2),
        (
            '@bench, six mixins, file',
            'six, file',
            25,
            'that and write()',
            'asked and write',
            2,
        ),
    ):
        value = floors[name]
        peers = others(times, itemgetter(name))
        yield Row(measure, value, goal=Goal(gain, 'gain'), peers=peers)
        if floor:
            yield Row('  the same', value, floor_name, floors[floor], Goal(limit))
    yield Row(
        '@bench of MicroBench, null sink',
        floors['call'],
        'without surroundings',
        floors['bare call'],
        Goal(1.05),
    )
    yield Row(
        'a block of MicroBench, added by surroundings',
        floors['surrounded'] - floors['record'],
        goal=Goal(1500, 'value'),
    )
    yield Row(
        '@bench, file, batch=64',
        floors['batch'],
        'write() of its bytes',
        floors['write'],
        Goal(0.5),
    )
    yield Row(
        'await of a decorated function, added',
        awaited(floors),
        clock,
        floors['clock'],
        Goal(14),
        peers=others(times, awaited),
    )
