"""The order of events in the life of a record."""

import asyncio
import datetime as dt

import pytest

from microbench import MicroBench, Output
from tests.fakes import only


class Recorder:
    """Logs events in words, and is a clock that logs each reading."""

    def __init__(self):
        self.log = []

    def __call__(self):
        self.log.append('clock')
        return 0.0


class Sink(Output):
    """Logs each record."""

    def __init__(self, log):
        self.log = log

    def write(self, bm_json_str):
        self.log.append('sink')


class Bench(MicroBench):
    """Logs each call of its methods."""

    def __init__(self, **settings):
        recorder = Recorder()
        self.log = recorder.log
        super().__init__(
            outputs=[Sink(recorder.log)], duration_counter=recorder, **settings
        )

    def pre_start_triggers(self, bm_data):
        self.log.append('pre_start')
        super().pre_start_triggers(bm_data)

    def capture_z(self, bm_data):
        self.log.append('capture')

    def pre_run_triggers(self, bm_data):
        self.log.append('pre_run')
        super().pre_run_triggers(bm_data)

    def post_run_triggers(self, bm_data):
        super().post_run_triggers(bm_data)
        self.log.append('post_run')

    def post_finish_triggers(self, bm_data):
        super().post_finish_triggers(bm_data)
        self.log.append('post_finish')

    def capturepost_a(self, bm_data):
        self.log.append('capturepost')

    def output_result(self, bm_data):
        self.log.append('output_result')
        super().output_result(bm_data)

    def to_json(self, obj):
        self.log.append('to_json')
        return super().to_json(obj)


BEFORE = ['pre_start', 'capture']
ONCE = ['pre_run', 'clock', 'work', 'clock', 'post_run']
AFTER = ['capturepost', 'post_finish', 'output_result', 'to_json', 'sink']


def test_of_a_call():
    """The order is warm-up, start, captures, iterations, end, captures, sinks."""
    bench = Bench(iterations=2, warmup=1)
    bench(lambda: bench.log.append('work'))()
    assert bench.log == ['work', *BEFORE, *ONCE, *ONCE, *AFTER]


def test_of_an_awaited_call():
    """An awaited call has the same order as a call."""
    bench = Bench(iterations=2, warmup=1)

    @bench
    async def work():
        bench.log.append('work')

    asyncio.run(work())
    assert bench.log == ['work', *BEFORE, *ONCE, *ONCE, *AFTER]


def test_of_a_block():
    """A block has the same order, with one iteration, whatever the settings are."""
    bench = Bench(iterations=2, warmup=1)
    with bench.record():
        bench.log.append('work')
    assert bench.log == [*BEFORE, *ONCE, *AFTER]


def test_of_what_raises():
    """When an exception reaches the caller, the sinks have had the record."""
    bench = Bench(iterations=3)

    def work():
        bench.log.append('work')
        raise KeyError

    with pytest.raises(KeyError):
        bench(work)()
    assert bench.log == [*BEFORE, *ONCE, *AFTER]


@pytest.mark.parametrize('way', ['call', 'block'])
def test_times_of_day(way):
    """The start comes after the captures, the end before those that follow the code."""

    class Bench(MicroBench):
        def capture_a(self, bm_data):
            bm_data['times'] = [dt.datetime.now(dt.timezone.utc)]

        def capturepost_a(self, bm_data):
            bm_data['times'].append(dt.datetime.now(dt.timezone.utc))

    bench, times = Bench(), []

    def work():
        times.append(dt.datetime.now(dt.timezone.utc).isoformat())

    if way == 'call':
        bench(work)()
    else:
        with bench.record():
            work()
    record = only(bench.get_results())
    call, (before, after) = record['call'], record['times']
    shown = [before, call['start_time'], *times, call['finish_time'], after]
    read = [dt.datetime.fromisoformat(moment) for moment in shown]
    assert read == sorted(read)
    assert {moment.utcoffset() for moment in read} == {dt.timedelta(0)}
