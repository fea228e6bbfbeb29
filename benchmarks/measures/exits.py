"""A process that registers a record, and one that a signal ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab import US
from ..rows import Goal, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..lab import Lab

MS = 1_000_000

ARMED = """
import ctypes, os, signal, sys, time
from time import perf_counter_ns
from microbench import MicroBench
bench = MicroBench({path!r})
"""
FIRST = """
begin = perf_counter_ns()
bench.record_on_exit()
print(perf_counter_ns() - begin)
bench.cancel_record_on_exit()
"""
AGAIN = 'bench.record_on_exit()\n' + FIRST

# From the signal until wait(2) returns in the parent. The child reports when it is ready.
DEATH = """
here, there = os.pipe()
child = os.fork()
if child == 0:
    {registered}
    os.write(there, b'x')
    {waiting}
os.read(here, 1)
time.sleep(0.01)  # until it waits
begin = perf_counter_ns()
os.kill(child, signal.SIGTERM)
os.waitpid(child, 0)
print(perf_counter_ns() - begin)
"""
IN_PYTHON = 'while True: time.sleep(1)'
# A mutex that the thread itself holds: no signal ends that, and Python never comes back.
IN_C = (
    'mutex, lock = ctypes.create_string_buffer(64), ctypes.PyDLL(None).pthread_mutex_lock'
    '\n    lock(mutex), lock(mutex)'
)


def _death(registered: str, waiting: str) -> str:
    return DEATH.format(registered=registered, waiting=waiting)


def rows(lab: Lab) -> Iterator[Row]:
    """Yield the rows of this subject."""
    begin = ARMED.format(path=str(lab.folder / 'exits.jsonl'))
    codes = {
        'imports': FIRST,
        'first': 'import microbench.process.registry\n' + FIRST,
        'again': AGAIN,
        'bare': _death('pass', IN_PYTHON),
        'python': _death('bench.record_on_exit()', IN_PYTHON),
        'native': _death('bench.record_on_exit(grace=0.1)', IN_C),
    }
    fresh = {name: begin + code for name, code in codes.items()}
    own = lab.fresh({US: fresh})[US]
    yield Row('record_on_exit(), with its imports', own['imports'])
    yield Row('  without them', own['first'], goal=Goal(MS, 'value'))
    yield Row('  once more', own['again'], goal=Goal(MS, 'value'))
    yield Row(
        'SIGTERM to the end, in Python',
        own['python'],
        'without a record',
        own['bare'],
        Goal(20 * MS, 'value'),
    )
    yield Row(
        '  in C that never returns, grace 100 ms',
        own['native'],
        goal=Goal(150 * MS, 'value'),
    )
