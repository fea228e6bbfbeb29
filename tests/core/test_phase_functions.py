"""`@bench.time(name)`: a function each call of which is a phase."""

import asyncio
import functools
import gc
import inspect
import subprocess
import sys
import threading
import types
import weakref

import pytest

from microbench import MicroBench, MicroBenchBase
from tests.fakes import Ticking, only


@pytest.fixture
def bench():
    """A bench whose clock ticks once at each reading."""
    return MicroBenchBase(duration_counter=Ticking())


def phases_of(bench):
    """Return names and durations of the phases of the only record."""
    timings = only(bench.get_results())['call'].get('timings', [])
    return [(timing['name'], timing['duration']) for timing in timings]


def plain(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Return the text."""
    return f'{a} {b} {c}'


async def coroutine(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Return the text."""
    await asyncio.sleep(0)
    return f'{a} {b} {c}'


def generator(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Yield the arguments."""
    yield a
    yield b
    return c


async def async_generator(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Yield the arguments."""
    yield a
    yield b


KINDS = [plain, coroutine, generator, async_generator]


@pytest.mark.parametrize('func', KINDS)
def test_it_is_a_function_of_the_same_kind(bench, func):
    """Every predicate of inspect says of it what it says of the function."""
    timed = bench.time('x')(func)
    assert type(timed) is types.FunctionType
    for name in dir(inspect):
        if name.startswith('is') and name != 'isabstract':
            predicate = getattr(inspect, name)
            assert predicate(timed) == predicate(func), name
    assert inspect.signature(timed) == inspect.signature(func)
    for name in ('__name__', '__qualname__', '__module__', '__doc__', '__annotations__'):
        assert getattr(timed, name) == getattr(func, name)
    assert timed.__wrapped__ is func
    assert timed.__defaults__ == func.__defaults__
    assert timed.__kwdefaults__ == func.__kwdefaults__


def no_parameters():
    return ()


def positional(a, /, b, c=3):
    return a, b, c


def of_awkward_names(timed, bench_, name_=1, within=2):
    return timed, bench_, name_, within


def many(a, b, c, d, e, f, g, h, i, j=10):
    return a, b, c, d, e, f, g, h, i, j


def starred(a, *b, c=3, **d):
    return a, b, c, d


def with_cells(a, b):
    return [a + each for each in b]


CALLS = [
    (no_parameters, [((), {})]),
    (positional, [((1, 2), {}), ((1,), {'b': 2}), ((1, 2, 4), {}), ((1,), {'c': 2})]),
    (positional, [((), {'a': 1, 'b': 2}), ((1, 2, 3, 4), {}), ((1,), {})]),
    (of_awkward_names, [((1, 2), {}), ((), {'timed': 1, 'bench_': 2}), ((), {})]),
    (many, [(tuple(range(9)), {}), (tuple(range(9)), {'j': 0}), ((1,), {})]),
    (starred, [((1, 2, 3), {'c': 4, 'e': 5}), ((), {'a': 1}), ((), {})]),
    (with_cells, [((1, [2]), {}), ((), {'b': [2], 'a': 1}), ((1,), {'x': 2})]),
]


def outcome(function, args, kwargs):
    """Return what a call returns, or what it raises."""
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        return str(error)


@pytest.mark.parametrize(('function', 'calls'), CALLS)
def test_any_parameters(bench, function, calls):
    """Arguments arrive as they do without the phase, and wrong ones are rejected."""
    timed = bench.time('x')(function)
    assert inspect.signature(timed) == inspect.signature(function)
    with bench.record():
        for args, kwargs in calls:
            assert outcome(timed, args, kwargs) == outcome(function, args, kwargs)


@pytest.mark.parametrize('where', ['outside', 'inside'])
def test_each_call_is_a_phase_of_the_active_record(bench, where):
    """It does not matter where the function was decorated."""
    if where == 'inside':
        with MicroBenchBase().record():
            timed = bench.time('x')(plain)
    else:
        timed = bench.time('x')(plain)
    with bench.record():
        assert timed(1, [2], c=3) == '1 [2] 3'
        assert timed(1) == '1 () 1.5'
    assert phases_of(bench) == [('x', 1.0), ('x', 1.0)]


def test_outside_a_record(bench):
    """Outside, the function is called, and no clock is read."""
    timed = bench.time('x')(plain)
    assert timed(1) == '1 () 1.5'
    assert bench.get_results() == []
    assert bench._duration_counter() == 1.0


def test_exceptions_go_on(bench):
    """A phase that ends by an exception is recorded, and the exception is unchanged."""

    @bench.time('x')
    def fails():
        raise KeyError('mine')

    with pytest.raises(KeyError, match='mine') as caught, bench.record():
        fails()
    assert phases_of(bench) == [('x', 1.0)]
    assert caught.traceback[-1].name == 'fails'


def test_a_record_of_another_bench(bench):
    """The phase is read by the counter of its bench, and goes to the active record."""
    other = MicroBenchBase(duration_counter=lambda: 0.0)
    timed = other.time('x')(plain)
    with bench.record():
        timed(1)
    assert phases_of(bench) == [('x', 0.0)]
    assert other.get_results() == []


def test_of_two_benches_the_one_that_made_it(bench):
    """In a record, a kept phase object decorates for the bench that asked for it."""
    other = MicroBenchBase(duration_counter=lambda: 0.0)
    with bench.record():
        for _ in range(3):
            with bench.time('x'), other.time('x'):
                pass
            of_other, own = other.time('x')(plain), bench.time('x')(plain)
    with bench.record() as _:
        of_other(1)
        own(1)
    *_, last = bench.get_results()
    assert [timing['duration'] for timing in last['call']['timings']] == [0.0, 1.0]


def test_inside_a_decorated_function(bench):
    """A function with a phase is part of a function with a record."""
    part = bench.time('part')(plain)

    @bench
    def whole():
        return part(1), part(2)

    whole()
    assert phases_of(bench) == [('part', 1.0), ('part', 1.0)]


def test_both_decorators(bench):
    """`@bench` over `@bench.time`: the phase lies within the record."""
    timed = bench(bench.time('x')(plain))
    assert timed(1) == '1 () 1.5'
    assert phases_of(bench) == [('x', 1.0)]
    assert only(bench.get_results())['call']['name'] == 'plain'


def test_recursion(bench):
    """Each call is a phase, those inside first."""

    @bench.time('x')
    def factorial(n):
        return n * factorial(n - 1) if n else 1

    with bench.record():
        assert factorial(3) == 6
    assert [duration for _, duration in phases_of(bench)] == [1.0, 3.0, 5.0, 7.0]


def test_threads_of_one_record(bench):
    """In a worker thread, the phase finds the record as `with` does."""
    timed = bench.time('x')(plain)
    with bench.record():
        threads = [threading.Thread(target=timed, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
            thread.join()
    assert [name for name, _ in phases_of(bench)] == ['x'] * 4


def test_a_coroutine_function(bench):
    """The phase lasts until the coroutine ends; coroutines may overlap."""
    timed = bench.time('x')(coroutine)

    async def main():
        async with bench.arecord():
            return await asyncio.gather(timed(1), timed(2, c=0))

    assert asyncio.run(main()) == ['1 () 1.5', '2 () 0']
    assert phases_of(bench) == [('x', 2.0), ('x', 2.0)]


def test_a_generator_function(bench):
    """Each step is a phase: what the consumer does in between is not in it."""
    timed = bench.time('step')(generator)
    with bench.record():
        made = timed('a', 'b', c='c')
        assert [next(made), bench._duration_counter() > 0, next(made)] == ['a', True, 'b']
        with pytest.raises(StopIteration) as stopped:
            next(made)
    assert stopped.value.value == 'c'
    assert phases_of(bench) == [('step', 1.0)] * 3


def test_what_is_sent_and_thrown_into_a_generator(bench):
    """A generator gets what its consumer sends and throws, and is closed."""
    seen = []

    @bench.time('step')
    def echo():
        try:
            while True:
                try:
                    seen.append((yield len(seen)))
                except ValueError as error:
                    seen.append(error)
        finally:
            seen.append('closed')

    with bench.record():
        made = echo()
        error = ValueError('mine')
        assert [next(made), made.send('a'), made.throw(error)] == [0, 1, 2]
        made.close()
    assert seen == ['a', error, 'closed']
    assert len(phases_of(bench)) == 4


def test_an_async_generator_function(bench):
    """Each step of an async generator is a phase as well."""
    timed = bench.time('step')(async_generator)
    closed = []

    @bench.time('endless')
    async def endless():
        try:
            while True:
                try:
                    yield 1
                except ValueError:
                    yield 2
        finally:
            closed.append(True)

    async def main():
        async with bench.arecord():
            items = [item async for item in timed('a', 'b')]
            made = endless()
            items += [await made.asend(None), await made.athrow(ValueError())]
            await made.aclose()
            return items

    assert asyncio.run(main()) == ['a', 'b', 1, 2]
    assert closed == [True]
    assert phases_of(bench) == [('step', 1.0)] * 3 + [('endless', 1.0)] * 3


def test_methods_of_each_kind(bench):
    """Methods, class and static methods are bound as before."""

    class Model:
        @bench.time('method')
        def method(self, x):
            return self, x

        @bench.time('class')
        @classmethod
        def of_class(cls, x):
            return cls, x

        @staticmethod
        @bench.time('static')
        def static(x):
            return x

        @bench.time('super')
        def __repr__(self):
            return super().__repr__()[:1]

    model = Model()
    with bench.record():
        assert model.method(1) == (model, 1)
        assert Model.of_class(2) == model.of_class(2) == (Model, 2)
        assert Model.static(3) == model.static(x=3) == 3
        assert repr(model) == '<'
    names = [name for name, _ in phases_of(bench)]
    assert names == ['method', 'class', 'class', 'static', 'static', 'super']


def test_callables_that_are_no_functions(bench):
    """A partial, a built-in function and an object with __call__ are wrapped."""

    class Adder:
        def __call__(self, a, b=2):
            return a + b

    callables = [functools.partial(max, 3), len, Adder()]
    timed = [bench.time(str(n))(each) for n, each in enumerate(callables)]
    with bench.record():
        assert [timed[0](1), timed[1]('abc'), timed[2](1, b=4)] == [3, 3, 5]
    assert [name for name, _ in phases_of(bench)] == ['0', '1', '2']


@pytest.mark.parametrize('wrong', [None, 5, 'x', object()])
def test_what_cannot_be_called(bench, wrong):
    """A phase decorates only what can be called."""
    with pytest.raises(TypeError, match='cannot be called: a phase decorates'):
        bench.time('x')(wrong)
    with bench.record(), pytest.raises(TypeError, match='cannot be called'):
        bench.time('x')(wrong)


@pytest.mark.parametrize('args', [(len, len), (1, 2, 3, 4)])
def test_wrong_calls_of_a_phase(bench, args):
    """A phase is called with a function, and nothing else."""
    outside = bench.time('x')
    with bench.record():
        for phase in (outside, bench.time('x')):
            with pytest.raises(TypeError):
                phase(*args)
            with pytest.raises(TypeError):
                phase(func=len)


def test_a_phase_object_decorates_several(bench):
    """One phase object may decorate any number of functions, and be entered as well."""
    phase = bench.time('x')
    timed = [phase(plain), phase(len)]
    with phase, bench.record():
        timed[0](1)
        timed[1]('')
    assert phases_of(bench) == [('x', 1.0), ('x', 1.0)]


def test_nested_phases_outside(bench):
    """Of phases that are open at once outside any record, each knows its own name."""
    first, second = bench.time('first'), bench.time('second')
    timed = [second(len), first(len)]
    with bench.time('third') as third, bench.time('fourth') as fourth:
        timed += [fourth(len), third(len)]
    with bench.record():
        for function in timed:
            function('')
    names = [name for name, _ in phases_of(bench)]
    assert names == ['second', 'first', 'fourth', 'third']


def test_a_phase_outside_keeps_no_bench_alive():
    """What a phase remembers of its bench does not prolong its life."""
    bench = MicroBench()
    with bench.time('x'):
        pass
    phase, reference = bench.time('y'), weakref.ref(bench)
    del bench
    gc.collect()
    assert reference() is None
    with pytest.raises(RuntimeError, match='is gone'):
        phase(len)


@pytest.mark.parametrize('kept_by', ['own', 'other'])
def test_a_phase_that_its_bench_keeps(kept_by):
    """A phase object is in no cycle with its bench, in a record of any bench."""
    benches = {'own': MicroBench(), 'other': MicroBench()}
    benches['own'].outside = benches['own'].time('x')
    with benches['own'].record():
        benches['own'].inside = benches['own'].time('x')
        benches['other'].inside = benches['other'].time('x')
    reference = weakref.ref(benches[kept_by])
    benches.clear()
    gc.collect()
    assert reference() is None


def test_the_function_keeps_its_bench():
    """A decorated function holds the bench, as one that `@bench` returns."""
    bench = MicroBench()
    timed = bench.time('x')(plain)
    reference = weakref.ref(bench)
    del bench
    gc.collect()
    assert reference() is not None
    assert timed(1) == '1 () 1.5'


def test_a_record_that_is_written(bench):
    """A phase object of a record that is over cannot know its bench any more."""
    with bench.record():
        phase = bench.time('x')
    with pytest.raises(RuntimeError, match='its record is written'):
        phase(plain)


def test_switched_off(monkeypatch):
    """With MICROBENCH=off the function stays as it is."""
    monkeypatch.setenv('MICROBENCH', 'off')
    bench = MicroBench()
    assert bench.time('x')(plain) is plain


def test_it_loads_nothing_before_it_is_used():
    """A program without such functions loads no module for them."""
    program = (
        'import sys; from microbench import MicroBench; bench = MicroBench()\n'
        'with bench.record(), bench.time("x"): pass\n'
        'print("microbench.core.phase_functions" in sys.modules)\n'
        'bench.time("x")(len)\n'
        'print("microbench.core.phase_functions" in sys.modules)\n'
        'print("microbench.core.suspended" in sys.modules)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ['False', 'True', 'False']
