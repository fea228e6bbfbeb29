"""`sync=`: waiting for devices that work asynchronously."""

import asyncio
import inspect
import sys
import types
from functools import partial

import pytest

from microbench import MicroBenchBase, _core
from tests.fakes import Ticking, call_of, only


class Device:
    """Has a clock; waiting takes what is left of the work."""

    def __init__(self):
        self.now = self.busy = 0

    def clock(self):
        return self.now

    def start(self, length):
        self.busy += length
        self.now += 1

    def wait(self):
        self.now += self.busy
        self.busy = 0


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def bench(device):
    return MicroBenchBase(duration_counter=device.clock)


def timings(bench):
    return [(t['name'], t['duration']) for t in call_of(bench)['timings']]


def test_a_phase_has_its_own_work_and_no_earlier(bench, device):
    """Without sync, it has the time of starting."""
    with bench.record():
        device.start(100)
        with bench.time('with', sync=device.wait):
            device.start(20)
        with bench.time('without'):
            device.start(20)
    assert timings(bench) == [('with', 21), ('without', 1)]


def test_records_wait_too(bench, device):
    """Before the clock starts and before it stops; the record is what `with` gives."""
    device.start(100)
    with bench.record('step', sync=device.wait, size=3) as record:
        record.annotate(more=4)
        device.start(20)
    found = only(bench.get_results())
    assert found['call']['durations'] == [21]
    assert (found['size'], found['more']) == (3, 4)


def test_async_blocks_wait(bench, device):
    """As plain ones do."""

    async def work():
        async with bench.arecord(sync=device.wait), bench.time('part', sync=device.wait):
            device.start(20)

    asyncio.run(work())
    assert timings(bench) == [('part', 21)]


def test_decorated_functions_wait_in_each_call(bench, device):
    """Functions, coroutine functions, and each step of a generator."""

    @bench.time('f', sync=device.wait)
    def function(length):
        device.start(length)
        return length

    @bench.time('c', sync=device.wait)
    async def coroutine():
        device.start(5)

    @bench.time('g', sync=device.wait)
    def generator():
        device.start(7)
        yield 1
        device.start(8)

    assert function(0) == 0
    with bench.record():
        assert function(20) == 20
        asyncio.run(coroutine())
        assert list(generator()) == [1]
    assert timings(bench) == [('f', 21), ('c', 6), ('g', 8), ('g', 9)]


def test_outside_any_record_nothing_waits(bench):
    """As no clock is read."""
    with bench.time('x', sync=lambda: pytest.fail('it waits')):
        pass


def test_switched_off_nothing_waits(monkeypatch):
    """With MICROBENCH=off."""
    monkeypatch.setenv('MICROBENCH', 'off')
    off = MicroBenchBase()
    calls = []
    sync = partial(calls.append, 'waited')
    with off.record(sync=sync), off.time('x', sync=sync):
        pass
    assert calls == []


class Failing:
    """A sync function that fails at the n-th call."""

    def __init__(self, n, error=RuntimeError):
        self.left, self.error = n, error

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            raise self.error('the device has failed')


@pytest.mark.parametrize('way', ['record', 'phase'])
@pytest.mark.parametrize('n', [1, 2])
def test_waiting_that_fails_loses_no_record(way, n):
    """Its error is raised, and what is open is written with it."""
    bench = MicroBenchBase(duration_counter=Ticking(1))
    sync = Failing(n)
    with pytest.raises(RuntimeError, match='device has failed'):
        if way == 'record':
            with bench.record(sync=sync):
                pass
        else:
            with bench.record(), bench.time('x', sync=sync):
                pass
    if (way, n) == ('record', 1):
        assert bench.get_results() == []  # it has not begun
    else:
        assert only(bench.get_results())['exception']['message'] == 'the device has failed'
    assert _core.runs_open() == 0


@pytest.mark.parametrize('way', ['record', 'time'])
def test_the_exception_of_the_code_goes_first(way):
    """The other one is a warning."""
    bench = MicroBenchBase()
    with (
        pytest.warns(RuntimeWarning, match='RuntimeError: the device has failed'),
        pytest.raises(KeyError),
        bench.record(),
        getattr(bench, way)('x', sync=Failing(2)),
    ):
        raise KeyError('code')
    assert {r['exception']['type'] for r in bench.get_results()} == {'KeyError'}


def test_an_interruption_goes_on(bench):
    """Ctrl-C while waiting is no warning."""
    with (
        pytest.raises(KeyboardInterrupt),
        bench.record(),
        bench.time('x', sync=Failing(2, KeyboardInterrupt)),
    ):
        raise KeyError('code')
    assert timings(bench)[0][0] == 'x'


async def coroutine_function():
    """Wait asynchronously."""


@pytest.mark.parametrize(
    ('sync', 'error', 'words'),
    [
        ('pytorch', ValueError, "'torch', 'cupy' or 'jax'"),
        (3, TypeError, 'a callable or a name, not 3'),
        (coroutine_function, TypeError, 'is called, not awaited'),
    ],
)
def test_wrong_values_are_refused(bench, sync, error, words):
    """At once."""
    with pytest.raises(error, match=words):
        bench.time('x', sync=sync)
    with pytest.raises(error, match=words):
        bench.record(sync=sync)


def test_none_is_as_if_left_out(bench):
    """And arguments are refused as they are without it."""
    with bench.record(sync=None):
        assert type(bench.time('x', sync=None)) is type(bench.time('x'))
    with pytest.raises(TypeError):
        bench.time(sync=None)
    with pytest.raises(TypeError):
        bench.time('x', 'torch')


# --- known modules, made up ------------------------------------------------------------


def calls_of(monkeypatch, name, **attributes):
    """Put a module in place, wait for it once, and return what was called."""
    bench = MicroBenchBase()
    monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**attributes))
    with bench.record(), bench.time('x', sync=name):
        pass


@pytest.mark.parametrize('is_used', [True, False])
def test_torch_waits_for_what_it_uses(monkeypatch, is_used):
    """It would begin to use a device otherwise, or raise without one."""
    calls = []
    cuda = types.SimpleNamespace(
        is_initialized=lambda: is_used, synchronize=lambda: calls.append('cuda')
    )
    calls_of(monkeypatch, 'torch', cuda=cuda)
    assert calls == ['cuda', 'cuda'] * is_used


@pytest.mark.parametrize('is_there', [True, False])
def test_cupy_waits_for_the_current_device(monkeypatch, is_there):
    """Without one, Device() raises."""
    calls = []
    device = types.SimpleNamespace(synchronize=lambda: calls.append('device'))
    cuda = types.SimpleNamespace(is_available=lambda: is_there, Device=lambda: device)
    calls_of(monkeypatch, 'cupy', cuda=cuda)
    assert calls == ['device', 'device'] * is_there


def test_jax_waits_for_arrays_and_effects(monkeypatch):
    """For all that are alive."""
    calls = []
    calls_of(
        monkeypatch,
        'jax',
        live_arrays=lambda: ['a', 'b'],
        block_until_ready=calls.append,
        effects_barrier=lambda: calls.append('effects'),
    )
    assert calls == [['a', 'b'], 'effects'] * 2


@pytest.mark.parametrize('name', ['torch', 'cupy', 'jax'])
def test_nothing_is_imported(monkeypatch, name):
    """A module that the program has not imported has nothing to wait for."""
    monkeypatch.delitem(sys.modules, name, raising=False)
    bench = MicroBenchBase()
    with bench.record(), bench.time('x', sync=name):
        pass
    assert name not in sys.modules


# --- decorated functions -----------------------------------------------------------------


def test_a_decorated_function_waits(bench, device):
    """Each iteration has its own work and no earlier; name and fields are as ever."""
    bench.iterations = 2

    class Model:
        @bench(sync=device.wait, name='forward', size=3)
        def forward(self, length):
            """Start."""
            device.start(length)
            return length

        @staticmethod
        @bench(sync=device.wait)
        async def later(length):
            device.start(length)
            return length

    device.start(100)
    assert Model().forward(20) == 20
    device.start(100)
    assert asyncio.run(Model.later(30)) == 30
    first, second = bench.get_results()
    assert first['call']['durations'] == [21, 21]
    assert (first['call']['name'], first['size']) == ('forward', 3)
    assert second['call']['durations'] == [31, 31]
    assert second['call']['name'].endswith('later')
    assert Model.forward.__doc__ == 'Start.'
    assert inspect.iscoroutinefunction(Model.later)
    assert [*inspect.signature(Model.forward).parameters] == ['self', 'length']


def test_a_decorated_function_that_raises(bench, device):
    """Its exception goes on, and its time has the wait; an error of waiting is raised."""

    @bench(sync=device.wait)
    def work():
        device.start(20)
        raise KeyError('end')

    with pytest.raises(KeyError):
        work()
    assert only(bench.get_results())['call']['durations'] == [21]
    failing = bench(sync=Failing(2))(lambda: None)
    with pytest.raises(RuntimeError, match='the device has failed'):
        failing()
    assert bench.get_results()[-1]['exception']['type'] == 'RuntimeError'


def test_generators_say_where_sync_belongs(bench, device):
    """Their steps are phases; and a wrong value is an error of the decorator."""

    def generator():
        yield

    with pytest.raises(TypeError, match=r'use @bench\.time'):
        bench(sync=device.wait)(generator)
    with pytest.raises(ValueError, match='sync has to be'):
        bench(sync='numpy')
    with pytest.raises(TypeError, match='cannot be called'):
        bench(sync=device.wait)(3)
