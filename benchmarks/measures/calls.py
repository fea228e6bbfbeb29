"""A whole record: `@bench` and `record()`, to no sink and to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US, others
from ..rows import Goal, Row
from ..worker import Case
from .sources import NULL_SINK, SIX_MIXINS, WORK, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab, Times

NULL_BENCH = f'{NULL_SINK}bench = MicroBench(outputs=[Null()])\n'
DECORATE = f'{WORK}work = bench(work)\n'

# The bytes of one record, and a file opened as a sink opens it.
OPENED = """
work()
with open(path, 'rb') as file:
    line = file.readlines()[-1]
raw = os.open(path + '.raw', os.O_WRONLY | os.O_APPEND | os.O_CREAT)
"""
BARE_WRITE = 'os.write(raw, line)'


def _cases(lab: Lab) -> dict[str, Case]:
    one = path_of(lab.folder, 'one') + NULL_SINK
    one += f'bench = MicroBench(outfile=path)\n{DECORATE}'
    six = path_of(lab.folder, 'six') + SIX_MIXINS + f'bench = Six(outfile=path)\n{DECORATE}'
    return {
        'call': Case('work()', NULL_BENCH + DECORATE),
        'record': Case("with bench.record('block'): PLANT", NULL_BENCH),
        'file': Case('work()', one),
        'six': Case('work()', six),
        'write': Case(BARE_WRITE, one.replace('PLANT', 'pass') + OPENED),
        'write of six': Case(BARE_WRITE, six.replace('PLANT', 'pass') + OPENED),
        'clock': Case('perf_counter()'),
    }


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    times = lab.time(_cases(lab))
    own = times[US]
    null, clock = own['call'], own['clock']
    peers = others(times, lambda t: t['call'])
    yield _row('@bench, null sink', null, '', None, Goal(10_000, 'value'), peers)
    yield _row('  the same', null, 'one perf_counter()', clock, Goal(11, later=True), peers)
    yield _against_a_write('@bench, file', times, 'file', 'write', Goal(1.8, later=True))
    yield _row(
        'with bench.record(), null sink',
        own['record'],
        'one perf_counter()',
        clock,
        None,
        others(times, lambda t: t['record']),
    )
    yield _against_a_write('@bench, six mixins, file', times, 'six', 'write of six', None)


def _row(
    measure: str,
    value: float,
    floor_name: str,
    floor: float | None,
    goal: Goal | None,
    peers: dict[str, float],
) -> Row:
    return Row(measure, value, floor_name, floor, goal, peers=peers)


def _against_a_write(
    measure: str, times: Times, name: str, write: str, goal: Goal | None
) -> Row:
    own, peers = times[US], others(times, lambda t: t[name])
    return _row(measure, own[name], 'write() of its bytes', own[write], goal, peers)
