"""`monitor`: samples of the process while a run lasts."""

import asyncio
import itertools
import signal
import sys
import threading
import warnings
from datetime import datetime, timedelta, timezone

import psutil
import pytest

from microbench import MicroBenchBase
from microbench.core import monitor as monitors
from microbench.core.monitor import Sampler
from tests.fakes import Kept, call_of, dict_reasons


class Monitored(MicroBenchBase):
    """Samples the process id: once, unless a test waits for more."""

    @staticmethod
    def monitor(process):
        return {'pid': process.pid}


class Waits:
    """A stand-in for the event that ends the sampler, whose waiting moves a clock."""

    def __init__(self, rounds, cost=0.0):
        self.rounds, self.cost = rounds, cost
        self.now, self.pauses = 0.0, []

    def clock(self):
        self.now += self.cost
        return self.now

    def wait(self, pause):
        self.pauses.append(pause)
        self.now += pause
        return len(self.pauses) == self.rounds


def sampled(rounds, interval, cost=0.0, read=dict):
    """Return the sampler and its event after that many rounds in this thread."""
    event = Waits(rounds, cost)
    sampler = Sampler(read, interval, timezone.utc, event, event.clock)
    sampler.loop()
    return sampler, event


def by_call(bench, work):
    bench(work)()


def by_block(bench, work):
    with bench.record():
        work()


def by_async_block(bench, work):
    async def main():
        async with bench.arecord():
            work()

    asyncio.run(main())


def by_coroutine(bench, work):
    async def main():
        work()

    asyncio.run(bench(main)())


def by_generator(bench, work):
    def steps():
        yield
        work()

    list(bench(steps)())


def by_async_generator(bench, work):
    async def steps():
        yield
        work()

    async def main():
        async for _ in bench(steps)():
            pass

    asyncio.run(main())


WAYS = [by_call, by_block, by_async_block, by_coroutine, by_generator, by_async_generator]


@pytest.fixture(autouse=True)
def no_thread_stays():
    """Check that each test leaves as many threads as it found."""
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize('way', WAYS)
def test_flat_samples(way):
    """However the code is run, its samples are one list, each with its time."""
    bench = Monitored()
    way(bench, lambda: None)
    call = call_of(bench)
    [sample] = call['monitor']
    assert sample['pid'] == psutil.Process().pid
    assert datetime.fromisoformat(sample['timestamp']).tzinfo is not None
    assert 'capture_errors' not in call


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt, SystemExit])
def test_samples_when_the_code_raises(way, error):
    """Samples of code that raises are in the record, and the sampler has ended."""

    def work():
        assert threading.active_count() > before
        raise error

    bench, before = Monitored(), threading.active_count()
    with pytest.raises(error):
        way(bench, work)
    assert len(call_of(bench)['monitor']) == 1


def test_the_thread():
    """Each run has a daemon thread, so that it never keeps a process from ending."""
    bench, seen = Monitored(), []

    @bench
    def work():
        seen.extend(t for t in threading.enumerate() if 'microbench' in t.name)

    work()
    work()
    assert [thread.daemon for thread in seen] == [True, True]
    assert seen[0] is not seen[1]


def test_signals_are_left_alone():
    """Handlers are the same within a run; Ctrl-C ends the code at once."""
    numbers = sorted(signal.valid_signals())
    before = list(map(signal.getsignal, numbers))
    bench = Monitored()
    with pytest.raises(KeyboardInterrupt):
        with bench.record():
            assert list(map(signal.getsignal, numbers)) == before
            signal.raise_signal(signal.SIGINT)
    assert len(call_of(bench)['monitor']) == 1


def test_it_notes_each_second_that_the_process_is_alive(monkeypatch):
    """Noting each second that the process is alive moves no sample."""
    beats = []
    monkeypatch.setattr(monitors._core, 'beat', lambda: beats.append(1))
    sampler, event = sampled(6, 2.5)
    assert event.pauses == [1.0, 1.0, 0.5] * 2
    assert len(sampler.samples) == 2
    assert len(beats) == 2 + 2 * 2


def test_an_interval_of_a_millisecond_for_ten_seconds():
    """10,001 samples are at multiples of the interval, whatever a sample costs."""
    sampler, event = sampled(10_001, 2**-10, cost=2**-12)
    assert len(sampler.samples) == 10_001
    assert set(event.pauses[1:]) == {2**-10 - 2**-12}


def test_ticks_that_a_slow_sample_missed_are_left_out():
    """After a slow sample, the next one is at the next multiple of the interval."""
    _, event = sampled(4, 1.0, cost=2.25)
    assert event.pauses == [0.75, 0.75, 0.75, 0.75]


@pytest.mark.parametrize('interval', [1e-9, 1, 60.5, 1e300, float('inf')])
def test_any_positive_interval(interval):
    """Very short and very long ones are no error."""
    bench = Monitored()
    bench.monitor_interval = interval
    bench(int)()
    assert call_of(bench)['monitor']


@pytest.mark.parametrize('attribute', ['monitor_interval', 'monitor_timeout'])
@pytest.mark.parametrize('value', [0, -1, float('nan'), 'often', None, 10**400])
def test_intervals_that_are_none(attribute, value):
    """A wrong interval is a ValueError with the attribute's name, before the code."""
    bench = Monitored()
    setattr(bench, attribute, value)
    with pytest.raises(ValueError, match=attribute):
        bench(int)()


def test_samples_over_all_iterations():
    """A record has one list of samples; sampling goes on between iterations."""
    enough = threading.Event()

    class Bench(MicroBenchBase):
        monitor_interval = 1e-6
        numbers = itertools.count()

        @staticmethod
        def monitor(process):
            number = next(Bench.numbers)
            if number == 5:
                enough.set()
            return {'number': number}

    bench = Bench(iterations=3)
    bench(enough.wait)()
    samples = call_of(bench)['monitor']
    assert len(samples) >= 6
    assert [s['number'] for s in samples] == list(range(len(samples)))


def test_time_zone_and_own_timestamp():
    """Timestamps are in the zone of the bench; one that the function gives wins."""
    zone = timezone(timedelta(hours=5, minutes=30))
    bench = Monitored(tz=zone)
    bench(int)()
    [sample] = call_of(bench)['monitor']
    assert sample['timestamp'].endswith('+05:30')
    own = Sampler(lambda: {'timestamp': 'mine'}, 1.0, zone, *two_of(Waits(1)))
    own.loop()
    assert own.samples == [{'timestamp': 'mine'}]


def two_of(event):
    return event, event.clock


def test_errors_are_noted_once_and_sampling_goes_on():
    """Each message is kept once, in order of appearance; good samples are kept."""
    outcomes = itertools.cycle([KeyError('a'), {'x': 1}, SystemExit(2), KeyError('a')])

    def read():
        outcome = next(outcomes)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    sampler, _ = sampled(8, 1.0, read=read)
    assert [sample['x'] for sample in sampler.samples] == [1, 1]
    assert list(sampler.errors) == ["KeyError: 'a'", 'SystemExit: 2']


def test_errors_are_in_the_record(capfd):
    """Errors are under `monitor`, in call.capture_errors; nothing is printed."""

    class Bench(MicroBenchBase):
        @staticmethod
        def monitor(process):
            raise OSError('no such file')

    bench = Bench()
    assert bench(lambda: 5)() == 5
    call = call_of(bench)
    assert call['monitor'] == []
    assert call['capture_errors'] == [
        {'method': 'monitor', 'error': 'OSError: no such file'}
    ]
    assert capfd.readouterr() == ('', '')


def test_errors_without_end_are_limited():
    """A message that is new each time does not fill the memory."""
    numbers = itertools.count()
    sampler, _ = sampled(100, 1.0, read=lambda: {}[next(numbers)])
    assert len(sampler.errors) == monitors.MOST_ERRORS


def test_what_is_no_dict_is_an_error():
    """A sampling function that returns no dict has failed."""
    sampler, _ = sampled(2, 1.0, read=lambda: None)
    assert sampler.samples == []
    assert [error.partition(':')[0] for error in sampler.errors] == ['TypeError']


def test_a_sampler_that_does_not_end():
    """The run waits for `monitor_timeout` seconds, notes it, and goes on."""
    free = threading.Event()

    class Bench(MicroBenchBase):
        monitor_timeout = 1e-9

        @staticmethod
        def monitor(process):
            free.wait()
            return {}

    bench = Bench()
    bench(int)()
    [hanging] = [t for t in threading.enumerate() if 'microbench' in t.name]
    free.set()
    hanging.join()
    call = call_of(bench)
    assert call['monitor'] == []
    assert call['capture_errors'] == [
        {
            'method': 'monitor',
            'error': 'TimeoutError: the monitor had not ended after 1e-09 s',
        }
    ]


def test_without_psutil(monkeypatch):
    """A missing psutil is an ImportError before the code runs."""
    monkeypatch.setitem(sys.modules, 'psutil', None)
    bench, ran = Monitored(), []
    with pytest.raises(ImportError):
        bench(lambda: ran.append(1))()
    assert (ran, bench.get_results()) == ([], [])


def test_without_psutil_where_captures_are_optional(monkeypatch):
    """A missing psutil is noted, the code runs, and `monitor` is there, empty."""
    monkeypatch.setitem(sys.modules, 'psutil', None)
    bench = Monitored()
    bench.capture_optional = True
    assert bench(lambda: 5)() == 5
    call = call_of(bench)
    assert call['monitor'] == []
    [error] = call['capture_errors']
    assert error['method'] == 'monitor'
    assert 'psutil' in error['error']


def test_no_more_threads(monkeypatch):
    """The code runs even if the system cannot start a thread."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, 'start', refuse)
    bench = Monitored()
    assert bench(lambda: 5)() == 5
    assert call_of(bench)['capture_errors'] == [
        {'method': 'monitor', 'error': "RuntimeError: can't start new thread"}
    ]


def test_a_process_that_cannot_be_seen(monkeypatch):
    """In a sandbox without /proc the code runs, and the reason is noted."""
    psutil = pytest.importorskip('psutil')
    monkeypatch.setattr(psutil, 'Process', gone)
    bench = Monitored()
    assert bench(lambda: 5)() == 5
    call = call_of(bench)
    assert call['monitor'] == []
    [error] = call['capture_errors']
    assert error['method'] == 'monitor'
    assert error['error'].startswith('NoSuchProcess: ')


def gone(*args):
    """Raise what psutil raises where it cannot find a process."""
    import psutil

    raise psutil.NoSuchProcess(1)


@pytest.mark.parametrize('hook', ['capture_z', 'pre_run_triggers'])
def test_a_beginning_that_fails(hook):
    """An error before the code leaves no sampler behind."""
    bench = Monitored()

    def fail(bm_data):
        raise KeyError(hook)

    setattr(bench, hook, fail)
    with pytest.raises(KeyError, match=hook):
        bench(int)()


def test_post_finish_triggers_that_forget_it():
    """An override that does not call the base leaves no sampler behind either."""

    class Bench(Monitored):
        def post_finish_triggers(self, bm_data):
            pass

    bench = Bench()
    bench(int)()
    assert call_of(bench)['monitor'] == []


def test_off_the_main_thread():
    """Off the main thread there is one RuntimeWarning, and sampling works."""
    bench = Monitored()

    def body():  # the thread catches them, since filters may belong to a context
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter('always')
            bench(int)()
        caught.extend(found)

    caught = []
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert caught[0].filename == __file__
    assert len(call_of(bench)['monitor']) == 1


def test_concurrent_and_nested_runs():
    """Each run has its own sampler: no state of a call is on the bench."""
    kept = Kept()
    bench = Monitored(outputs=[kept])
    attributes = set(vars(bench))

    async def main():
        async with bench.arecord('a'), bench.arecord('b'):
            with bench.record('c'):
                await asyncio.gather(work(), work())

    @bench
    async def work():
        await asyncio.sleep(0)

    asyncio.run(main())
    assert [len(record['call']['monitor']) for record in kept.records] == [1] * 5
    assert set(vars(bench)) - attributes <= {'_bench_config'}


def test_explain_path():
    """A monitor is a reason to build the record as a dict; None is none."""
    assert dict_reasons(Monitored()) == ['monitor samples while the code runs']

    class Without(Monitored):
        monitor = None

    bench = Without()
    assert bench.explain_path() == []
    bench(int)()
    assert 'monitor' not in call_of(bench)
