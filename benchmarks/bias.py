"""By how much the durations of each way in differ from known work: its bias.

Beside it is the bias of timing the same call by hand, with two `perf_counter_ns()`; for
ways with hooks, after a record with such hooks, which leaves little of the call in caches.

    python -m benchmarks.bias [--rounds N]

The work is a spin in C. C also measures it itself, with nothing else between two readings
of the clock, and what two readings with nothing between them show: the difference is what
the work takes. In each round, every way measures the spin some times. The 10th percentile
of all rounds is that of undisturbed ones. Exits with status 1 if a way that calls from C, a
block or a phase is off by more than timing by hand and a reading of the clock.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from microbench import MicroBench, measure

from .native import floor
from .slices import percentile
from .table import aligned, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

WORK_NS = 1000
ROUNDS, CALLS = 200, 20
BY_HAND, AWAIT, STEPS = 'a call', 'an await', 'two steps of a generator'
EXACT = (
    *('@bench', '@bench, iterations=20', 'measure(), one call a sample'),
    *('with bench.record()', 'with bench.time() in a record'),
)
OTHERS = {'coroutine': AWAIT, 'generator': STEPS}  # words of titles, and what is by hand
HOOKED = ', hooks in Python'
HANDS = {hand + hooks for hand in (BY_HAND, *OTHERS.values()) for hooks in ('', HOOKED)}


def by_hand_of(title: str) -> str:
    """Return what is timed by hand beside a way in."""
    found = next((hand for word, hand in OTHERS.items() if word in title), BY_HAND)
    return found + HOOKED * title.endswith(HOOKED)


def _durations(memory: io.StringIO, phases: bool) -> list[float]:
    """Return the durations or phases of the records in a sink, and empty it."""
    found: list[float] = []
    for line in memory.getvalue().splitlines():
        call = json.loads(line)['call']
        found += [t['duration'] for t in call['timings']] if phases else call['durations']
    memory.seek(0)
    memory.truncate()
    return [seconds * 1e9 for seconds in found]


def ways(spin: Callable[[float], None]) -> dict[str, Callable[[], list[float]]]:
    """Return what measures the spin CALLS times, by the name of the way in."""
    found: dict[str, Callable[[], list[float]]] = {}
    for hooks, before in (('', _nothing), (HOOKED, _hooked_record())):
        found[BY_HAND + hooks] = partial(_by_hand, spin, before)
        found[AWAIT + hooks] = partial(_awaits, spin, before)
        found[STEPS + hooks] = partial(_steps_by_hand, spin, before)
    for title, way in {
        '@bench': _called,
        '@bench, a coroutine function': _awaited,
        '@bench, a generator function': _generated,
        'with bench.record()': _block,
        'async with bench.arecord()': _async_block,
    }.items():
        found[title] = _with_sink(way, spin)
        found[title + HOOKED] = _with_sink(way, spin, base=Hooked)
    found['with bench.time() in a record'] = _with_sink(_phase, spin, phases=True)
    found['@bench, iterations=20'] = _with_sink(_called, spin, iterations=CALLS)
    found['measure(), one call a sample'] = lambda: _measured(spin, loops=1)
    found['measure(), calibrated'] = lambda: _measured(spin)
    return found


class Hooked(MicroBench):
    """A bench with hooks in Python on both sides of the clock."""

    def pre_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Do nothing but that."""
        super().pre_run_triggers(bm_data)

    def post_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Do nothing but that."""
        super().post_run_triggers(bm_data)


def _with_sink(
    way: Callable[..., Callable[[], object]],
    spin: Callable[[float], None],
    phases: bool = False,
    base: type[MicroBench] = MicroBench,
    **options: Any,
) -> Callable[[], list[float]]:
    memory = io.StringIO()
    call = way(base(memory, **options), spin)
    times = 1 if options else CALLS

    def take() -> list[float]:
        for _ in range(times):
            call()
        return _durations(memory, phases)

    return take


# --- the ways in ------------------------------------------------------------------------


def _nothing() -> None:
    """Do nothing before timing by hand."""


def _hooked_record() -> Callable[[], None]:
    memory = io.StringIO()
    bench = Hooked(memory)

    def record() -> None:
        with bench.record():
            pass
        memory.seek(0)
        memory.truncate()

    return record


def _by_hand(spin: Callable[[float], None], before: Callable[[], None]) -> list[float]:
    clock, taken = time.perf_counter_ns, []
    for _ in range(CALLS):
        before()
        begin = clock()
        spin(WORK_NS)
        taken.append(float(clock() - begin))
    return taken


def _awaits(spin: Callable[[float], None], before: Callable[[], None]) -> list[float]:
    found: list[float] = _finish(_awaits_by_hand(spin, before))
    return found


async def _awaits_by_hand(
    spin: Callable[[float], None], before: Callable[[], None]
) -> list[float]:
    clock, taken = time.perf_counter_ns, []

    async def work() -> None:
        spin(WORK_NS)

    for _ in range(CALLS):
        before()
        begin = clock()
        await work()
        taken.append(float(clock() - begin))
    return taken


def _steps_by_hand(
    spin: Callable[[float], None], before: Callable[[], None]
) -> list[float]:
    clock, taken = time.perf_counter_ns, []

    def work() -> Any:
        spin(WORK_NS)
        yield

    for _ in range(CALLS):
        step = work().__next__
        before()
        begin = clock()
        step()
        length = clock() - begin
        before()
        begin = clock()
        try:
            step()
        except StopIteration:
            taken.append(float(length + clock() - begin))
    return taken


def _called(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    timed = bench(spin)
    return lambda: timed(WORK_NS)


def _awaited(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    @bench
    async def work() -> None:
        spin(WORK_NS)

    return lambda: _finish(work())


def _generated(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    @bench
    def work() -> Any:
        spin(WORK_NS)
        yield

    return lambda: list(work())


def _block(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    def work() -> None:
        with bench.record():
            spin(WORK_NS)

    return work


def _async_block(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    async def work() -> None:
        async with bench.arecord():
            spin(WORK_NS)

    return lambda: _finish(work())


def _finish(coroutine: Any) -> Any:
    """Return what a coroutine returns that waits for nothing, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError('it waits')


def _phase(bench: MicroBench, spin: Callable[[float], None]) -> Callable[[], object]:
    def work() -> None:
        with bench.record(), bench.time('spin'):
            spin(WORK_NS)

    return work


def _measured(spin: Callable[[float], None], **options: Any) -> list[float]:
    limits = {'min_time': 1e-4, 'max_time': 1e-3, 'warmup': 0, **options}
    found = measure(spin, WORK_NS, **limits)
    return [seconds * 1e9 for seconds in found.durations]


# --- the table --------------------------------------------------------------------------


def biases(rounds: int) -> tuple[dict[str, float], float]:
    """Return the bias of each way in, and the cost of a reading of the clock, in ns."""
    native = floor()
    measured = ways(native.spin)
    taken: dict[str, list[float]] = {name: [] for name in (*measured, 'work', 'empty')}
    for _ in range(rounds):
        for name, take in measured.items():
            taken[name] += take()
        taken['work'] += [float(native.timed_spin(WORK_NS)) for _ in range(CALLS)]
        taken['empty'] += [float(native.timed_spin(0)) for _ in range(CALLS)]
    tenths = {name: percentile(sorted(values), 10) for name, values in taken.items()}
    clock = tenths['empty']
    work = tenths['work'] - clock
    return {name: tenths[name] - work for name in measured}, clock


def as_text(about: Mapping[str, Any], found: Mapping[str, float], clock: float) -> str:
    """Return the table."""
    lines = [f'{name:8} {value}' for name, value in about.items()]
    rows: list[tuple[str, ...]] = [('way in', 'bias', 'by hand', 'added')]
    for name, ns in found.items():
        if name not in HANDS:
            hand = found[by_hand_of(name)]
            rows.append((name, *(f'{x:.0f} ns' for x in (ns, hand, ns - hand))))
    rows.append(('a reading of the clock', f'{clock:.0f} ns', '', ''))
    return '\n'.join([*lines, '', *aligned(rows)]) + '\n'


def main() -> int:
    """Measure, print the table, and return the status."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.bias', description=__doc__)
    parser.add_argument('--rounds', type=int, default=ROUNDS, help='default: 200')
    found, clock = biases(parser.parse_args().rounds)
    sys.stdout.write(as_text(surroundings(), found, clock))
    most = found[BY_HAND] + clock
    return int(max(found[name] for name in EXACT) > most)


if __name__ == '__main__':
    sys.exit(main())
