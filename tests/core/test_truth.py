"""The clock is read last before and first after the user's code, on every path.

Time is a clock that goes on only where a test spends it: WORK in the code that is timed,
SLOW in every hook around it. So a duration of anything but WORK shows which hook was timed.
"""

import asyncio
import json
import time

import pytest

import microbench
from microbench import MicroBench, MicroBenchBase, Output, _core
from microbench.core.capture import spanning
from tests.fakes import only, printed

WORK, SLOW = 1.0, 0.001

PROCESS = """
from tests.core.test_truth import WORK, Spent, slow_hooks
from microbench import MicroBench
clock = Spent()
class Slow(slow_hooks(clock), MicroBench):
    def output_result(self, bm_data):
        print(bm_data['call']['durations'])
bench = Slow(duration_counter=clock)
bench.record_on_exit()
clock.spend(WORK)
"""


class Spent:
    """A duration counter that goes on only by spend()."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def spend(self, seconds):
        """Go on."""
        self.now += seconds


class SlowSink(Output):
    """Keeps records, slowly."""

    def __init__(self, clock):
        self.clock, self.lines = clock, []

    def write_record(self, record, timeout=None):
        self.clock.spend(SLOW)
        self.lines.append(json.loads(record))


def slow_hooks(clock):
    """Return a mixin each hook of which takes SLOW."""

    class SlowHooks:
        def pre_start_triggers(self, bm_data):
            clock.spend(SLOW)
            super().pre_start_triggers(bm_data)
            clock.spend(SLOW)

        def post_finish_triggers(self, bm_data):
            clock.spend(SLOW)
            super().post_finish_triggers(bm_data)
            clock.spend(SLOW)

        def pre_run_triggers(self, bm_data):
            clock.spend(SLOW)
            super().pre_run_triggers(bm_data)
            clock.spend(SLOW)

        def post_run_triggers(self, bm_data):
            clock.spend(SLOW)
            super().post_run_triggers(bm_data)
            clock.spend(SLOW)

        def capture_slowly(self, bm_data):
            clock.spend(SLOW)

        @spanning
        def capture_around(self, bm_data):
            clock.spend(SLOW)
            yield
            clock.spend(SLOW)

        def capturepost_slowly(self, bm_data):
            clock.spend(SLOW)

        def to_json(self, obj):
            clock.spend(SLOW)
            return super().to_json(obj)

    return SlowHooks


def slow_bench(clock, *mixins, **options):
    """Return a bench whose hooks and sink are slow, and which has these mixins."""
    kind = type('Slow', (slow_hooks(clock), *mixins, MicroBench), {})
    return kind(outputs=[SlowSink(clock)], duration_counter=clock, **options)


# --- the ways in ------------------------------------------------------------------------


def call(bench, clock):
    bench(lambda: clock.spend(WORK))()


def await_it(bench, clock):
    @bench
    async def work():
        clock.spend(WORK)

    asyncio.run(work())


def consume(bench, clock):
    @bench
    def work():
        clock.spend(WORK / 2)
        yield
        clock.spend(WORK / 2)

    for _ in work():
        clock.spend(SLOW)  # by the consumer, whose time is not that of the body


def consume_async(bench, clock):
    @bench
    async def work():
        clock.spend(WORK / 2)
        yield
        clock.spend(WORK / 2)

    async def consumer():
        async for _ in work():
            clock.spend(SLOW)

    asyncio.run(consumer())


def block(bench, clock):
    with bench.record():
        clock.spend(WORK)


def async_block(bench, clock):
    async def work():
        async with bench.arecord():
            clock.spend(WORK)

    asyncio.run(work())


WAYS = [call, await_it, consume, consume_async, block, async_block]
MIXINS = [
    *('MBFunctionCall', 'MBReturnValue', 'MBResourceUsage', 'MBHostInfo', 'MBWorkingDir'),
    *('MBSlurmInfo', 'MBGitInfo', 'MBCgroupLimits', 'MBLoadedModules', 'MBFileHash'),
    *('MBGlobalPackages', 'MBInstalledPackages'),
]


@pytest.mark.parametrize('way', WAYS)
def test_hooks_are_not_timed(way):
    """Slow hooks and sinks leave the duration unchanged, whichever way in is used."""
    clock = Spent()
    bench = slow_bench(clock)
    way(bench, clock)
    [record] = bench._bench_config.delivery.sinks[0].lines
    assert clock.now > WORK + 8 * SLOW
    assert record['call']['durations'] == [pytest.approx(WORK, abs=1e-9)]


@pytest.mark.parametrize('way', [call, block])
@pytest.mark.parametrize('name', MIXINS)
def test_mixins_are_not_timed(name, way):
    """That holds with every mixin: none has hooks inside of those that read the clock."""
    clock = Spent()
    bench = slow_bench(clock, getattr(microbench, name))
    way(bench, clock)
    [record] = bench._bench_config.delivery.sinks[0].lines
    assert record['call']['durations'] == [pytest.approx(WORK, abs=1e-9)]


def test_each_iteration():
    """Triggers between iterations, and warm-up calls, are in no duration."""
    clock = Spent()
    bench = slow_bench(clock, iterations=3, warmup=2)
    call(bench, clock)
    [record] = bench._bench_config.delivery.sinks[0].lines
    assert record['call']['durations'] == [pytest.approx(WORK, abs=1e-9)] * 3


def test_phases():
    """A phase has the time of its block, not of what is around it or of other records."""
    clock = Spent()
    bench = slow_bench(clock)
    with bench.record():
        clock.spend(SLOW)
        with bench.time('work'):
            clock.spend(WORK)
        clock.spend(SLOW)
    [record] = bench._bench_config.delivery.sinks[0].lines
    assert record['call']['timings'] == [
        {'name': 'work', 'duration': pytest.approx(WORK, abs=1e-9)}
    ]


def test_loops():
    """With inner loops, too: a sample is all of its calls, and nothing else."""
    clock = Spent()
    bench = slow_bench(clock, iterations='auto', min_time=2e3, max_time=1e4)
    call(bench, clock)
    [record] = bench._bench_config.delivery.sinks[0].lines
    assert {round(seconds, 9) for seconds in record['call']['durations']} == {WORK}


def test_measure():
    """measure() reads the clock around its loop alone, also with a setup."""
    clock = Spent()
    options = {'duration_counter': clock, 'min_time': 2e3, 'max_time': 1e4}
    found = microbench.measure(clock.spend, WORK, **options)
    assert (round(found.min, 9), round(found.max, 9)) == (WORK, WORK)
    found = microbench.measure(
        clock.spend, setup=lambda: clock.spend(SLOW) or (WORK,), **options
    )
    assert (round(found.min, 9), round(found.max, 9)) == (WORK, WORK)


def test_the_record_of_a_process():
    """The clock of record_on_exit starts after captures, and stops before the others."""
    text = printed(PROCESS)
    assert json.loads(text) == [pytest.approx(WORK, abs=1e-9)]


def test_the_command(tmp_path, monkeypatch):
    """The clock of the command is read around its program alone."""
    from microbench.cli.main import main
    from microbench.cli.run import child

    clock = Spent()
    wait = _core.child_end_ns

    class Clock:
        """The native interface, with a clock that goes on only while the child runs."""

        def __getattr__(self, name):
            return getattr(_core, name)

        def clock_ns(self):
            return int(clock.now * 1e9)

        def child_end_ns(self, pid, block):
            if not wait(pid, block):
                return 0
            if block:
                clock.spend(WORK)
            return self.clock_ns() or 1

    hooks = vars(slow_hooks(clock))
    for name in ('capture_slowly', 'capture_around', 'capturepost_slowly'):
        monkeypatch.setattr(MicroBenchBase, name, hooks[name], raising=False)
    monkeypatch.setattr(child, '_core', Clock())
    path = tmp_path / 'records.jsonl'
    with pytest.raises(SystemExit):
        main(['-o', str(path), '--', 'true'])
    record = json.loads(path.read_text())
    assert clock.now > WORK + 3 * SLOW
    assert record['call']['durations'] == [pytest.approx(WORK, abs=1e-6)]


def test_an_empty_measurement_is_recorded_and_not_subtracted():
    """`mb.clock` has what reading the clock costs; a duration is the difference of two
    readings, whatever that is.
    """
    bench = MicroBench(duration_counter=time.perf_counter_ns)
    bench(time.perf_counter_ns)()
    record = only(bench.get_results())
    assert record['mb']['clock'] == _core.clock_info()
    assert record['mb']['clock']['overhead_ns'] > 0
    readings = iter([5, 7])
    bench = MicroBench(duration_counter=lambda: next(readings))
    bench(lambda: None)()
    assert only(bench.get_results())['call']['durations'] == [2]
