"""`@bench` on everything that can be called and is no coroutine or generator."""

import abc
import functools
import inspect
import itertools
import time
import weakref
from typing import Generic, TypeVar
from unittest.mock import MagicMock, Mock

import pytest

from microbench import MicroBench, MicroBenchBase
from tests.fakes import FailingAt, Ticking, call_of, only


@pytest.fixture
def bench():
    """A bench whose clock ticks once at each reading."""
    return MicroBenchBase(duration_counter=Ticking())


def test_a_call_returns_what_the_function_returns(bench):
    """The wrapper passes arguments and gives back the very object."""
    value = object()

    @bench
    def pick(first, /, *rest, key, **more):
        return (first, rest, key, more)

    assert pick(1, value, key=2, other=3) == (1, (value,), 2, {'other': 3})
    assert pick(1, value, key=2, other=3)[1][0] is value


def test_one_call_is_one_record(bench):
    """Two calls make two records, with one duration each."""

    @bench
    def work():
        pass

    work()
    work()
    calls = [record['call'] for record in bench.get_results()]
    assert [(c['name'], c['durations']) for c in calls] == [('work', [1.0])] * 2


def test_fields_of_a_record():
    """A plain record has the fields of the schema and no others."""
    bench = MicroBenchBase(experiment='baseline')
    bench(len)('abc')
    record = only(bench.get_results())
    assert set(record) == {'mb', 'call', 'experiment'}
    assert set(record['mb']) == {
        *('run_id', 'record_id', 'version', 'schema'),
        *('timezone', 'duration_counter', 'clock'),
    }
    assert set(record['call']) == {
        *('invocation', 'name', 'durations', 'start_time', 'finish_time'),
    }
    assert record['mb']['schema'] == 3
    assert record['mb']['timezone'] == 'UTC'
    assert record['mb']['duration_counter'] == 'perf_counter'
    clock = {'name', 'source', 'resolution_ns', 'overhead_ns'}
    assert set(record['mb']['clock']) == clock
    assert record['call']['invocation'] == 'Python'


def test_a_record_opens_as_readers_expect():
    """Text and dict form begin with the run id, by which glued records are found."""
    text, data = MicroBenchBase(), MicroBenchBase(duration_counter=Ticking())
    for bench in (text, data):
        bench(len)('')
        line = bench._bench_config.delivery.sinks[0].outfile.getvalue()
        assert line.startswith('{"mb":{"run_id":"')
        assert line.endswith('}\n')
        assert line.count('\n') == 1


def test_record_ids_differ(bench):
    """All records of a process have one run id, and each a record id of its own."""
    work = bench(len)
    for _ in range(100):
        work('')
    identities = [record['mb'] for record in bench.get_results()]
    assert len({mb['run_id'] for mb in identities}) == 1
    assert len({mb['record_id'] for mb in identities}) == 100


def test_metadata_is_that_of_the_function(bench):
    """The wrapper looks like the function to readers and to inspect."""

    def work(a: int, b: str = 'x', *, c: float = 1.5) -> bool:
        """Work hard."""

    work.mark = 'kept'
    timed = bench(work)
    assert timed.__wrapped__ is work
    assert timed.mark == 'kept'
    assert inspect.signature(timed) == inspect.signature(work)
    names = {*functools.WRAPPER_ASSIGNMENTS, '__annotations__'} - {'__annotate__'}  # 3.14
    for name in names:
        assert getattr(timed, name, None) == getattr(work, name, None)
    for name in ('__defaults__', '__kwdefaults__', '__globals__'):
        assert getattr(timed, name) is getattr(work, name)


def test_wrapper_can_be_referred_to_weakly(bench):
    """Caches hold functions by weak references; the wrapper allows it."""
    timed = bench(lambda: None)
    assert weakref.ref(timed)() is timed


def test_wrapper_stands_in_sets_and_takes_attributes(bench):
    """The wrapper hashes by identity and can be given attributes."""
    timed = bench(lambda: None)
    timed.extra = 1
    assert {timed: timed.extra} == {timed: 1}


class Things:
    """Methods of each kind, decorated from inside and from outside."""

    bench = MicroBenchBase()

    @bench
    def method(self, value):
        return (type(self), value)

    @classmethod
    @bench
    def inner_class(cls, value):
        return (cls, value)

    @bench
    @classmethod
    def outer_class(cls, value):
        return (cls, value)

    @staticmethod
    @bench
    def inner_static(value):
        return (Things, value)

    @bench
    @staticmethod
    def outer_static(value):
        return (Things, value)

    @property
    @bench
    def prop(self):
        return (type(self), 5)


@pytest.mark.parametrize(
    'name', ['method', 'inner_class', 'outer_class', 'inner_static', 'outer_static']
)
def test_methods_bind(name):
    """Methods, class methods and static methods work from object and class."""
    before = len(Things.bench.get_results())
    assert getattr(Things(), name)(5) == (Things, 5)
    made = 1
    if name != 'method':
        assert getattr(Things, name)(5) == (Things, 5)
        made = 2
    records = Things.bench.get_results()[before:]
    assert [record['call']['name'] for record in records] == [name] * made


def test_property_of_a_timed_function():
    """A timed function can stand under property."""
    assert Things().prop == (Things, 5)


def test_method_of_a_subclass_calls_super(bench):
    """A timed method that calls the timed method above makes two records."""

    class Above:
        @bench
        def step(self):
            return 'above'

    class Below(Above):
        @bench
        def step(self):
            return 'below ' + super().step()

    assert Below().step() == 'below above'
    durations = [record['call']['durations'] for record in bench.get_results()]
    assert durations == [[1.0], [3.0]]


class Adder:
    """A callable object without a name."""

    def __call__(self, *numbers):
        return sum(numbers)


@pytest.mark.parametrize(
    ('func', 'name'),
    [
        (functools.partial(max, 3), 'max'),
        (functools.partial(functools.partial(max, 1), 3), 'max'),
        (functools.partial(Adder(), 3), 'Adder'),
        (Adder().__call__, '__call__'),
        (lambda a, b=9: max(a, b), '<lambda>'),
        (max, 'max'),
    ],
)
def test_names_of_callables(bench, func, name):
    """A callable without a name of its own gets a readable one."""
    bench(func)(4, 5)
    assert call_of(bench)['name'] == name


def test_callable_object(bench):
    """An object with `__call__` is called, and named after its class."""
    assert bench(Adder())(4, 5) == 9
    assert call_of(bench)['name'] == 'Adder'


@pytest.mark.parametrize('kind', [Mock, MagicMock])
def test_a_mock_is_a_plain_callable(bench, kind):
    """A Mock answers to every name, and still is no coroutine function."""
    double = kind(return_value=3)
    assert bench(double)(1, a=2) == 3
    double.assert_called_once_with(1, a=2)
    assert call_of(bench)['name'] == kind.__name__


def test_an_object_that_is_its_own_func(bench):
    """Looking for a name ends also where `.func` leads in a circle."""

    class Circle:
        func = property(lambda self: self)

        def __call__(self):
            return 1

    assert bench(Circle())() == 1
    assert call_of(bench)['name'] == 'Circle'


@pytest.mark.parametrize('thing', [5, 'text', None, [], object()])
def test_what_cannot_be_called_is_refused(bench, thing):
    """Decorating an object that cannot be called is a TypeError at once."""
    with pytest.raises(TypeError, match='cannot be called'):
        bench(thing)


def test_iterations_and_warmup(bench):
    """Warm-up calls are not timed; each iteration has its duration; the last counts."""
    bench.iterations, bench.warmup = 2, 3
    counted = itertools.count(1)
    assert bench(lambda: next(counted))() == 5
    assert call_of(bench)['durations'] == [1.0, 1.0]


def test_iterations_get_the_same_arguments(bench):
    """All iterations get the same objects."""
    bench.iterations = 3
    seen = []
    argument = []
    bench(lambda a, b: seen.append((a, b)))(argument, b=argument)
    assert len(seen) == 3
    assert all(a is argument and b is argument for a, b in seen)


def test_no_iterations(bench):
    """With iterations=0 nothing runs; the record has no durations."""
    bench.iterations = 0
    assert bench(lambda: 1 / 0)() is None
    call = call_of(bench)
    assert call['durations'] == []
    assert call['start_time'][:2] == call['finish_time'][:2] == '20'


def test_failure_in_the_second_iteration(bench):
    """The first exception ends the loop; its duration is there."""
    bench.iterations = 5
    counted = itertools.count(1)

    @bench
    def work():
        if next(counted) == 2:
            raise KeyError('second')

    with pytest.raises(KeyError, match='second'):
        work()
    record = only(bench.get_results())
    assert record['call']['durations'] == [1.0, 1.0]
    assert record['exception'] == {'type': 'KeyError', 'message': "'second'"}


def test_failure_in_warm_up(bench):
    """An exception of a warm-up call goes on at once, and there is no record."""
    bench.warmup = 2
    with pytest.raises(ZeroDivisionError):
        bench(lambda: 1 / 0)()
    assert bench.get_results() == []


def test_warm_up_leaves_no_trace(bench):
    """Phases of warm-up calls go nowhere, not even to a record around them."""
    warmed = MicroBenchBase(duration_counter=Ticking(), warmup=2)

    @warmed
    def work():
        with warmed.time('inside'):
            pass

    with bench.record('outer'):
        work()
        with bench.time('after'):
            pass
    assert [t['name'] for t in call_of(warmed)['timings']] == ['inside']
    assert [t['name'] for t in call_of(bench)['timings']] == ['after']


def test_settings_changed_later(bench):
    """Iterations and warm-up set after decoration count from the next call on."""
    calls = []
    work = bench(lambda: calls.append(1))
    work()
    bench.iterations = 3
    work()
    bench.warmup = 1
    work()
    durations = [record['call']['durations'] for record in bench.get_results()]
    assert durations == [[1.0], [1.0] * 3, [1.0] * 3]
    assert len(calls) == 1 + 3 + 4


def test_nested_calls(bench):
    """The inner record is written first; the outer duration spans it."""
    inner = bench(len)

    @bench
    def outer():
        inner('')

    outer()
    calls = [record['call'] for record in bench.get_results()]
    assert [(c['name'], c['durations']) for c in calls] == [
        ('len', [1.0]),
        ('outer', [3.0]),
    ]


def test_recursion(bench):
    """Each level of a recursive function has its own record and phases."""

    @bench
    def down(level):
        with bench.time(f'level {level}'):
            if level:
                down(level - 1)

    down(3)
    calls = [record['call'] for record in bench.get_results()]
    assert [c['timings'] for c in calls] == [
        [{'name': f'level {level}', 'duration': 1.0 + 4.0 * level}] for level in range(4)
    ]
    assert [c['durations'] for c in calls] == [[3.0], [7.0], [11.0], [15.0]]


def test_recursion_up_to_the_limit():
    """RecursionError passes through, and what is above the limit is recorded."""
    bench = MicroBenchBase(duration_counter=Ticking(), outputs=[])

    @bench
    def down():
        down()

    outer = MicroBenchBase(duration_counter=Ticking())
    with pytest.raises(RecursionError):
        outer(down)()
    assert only(outer.get_results())['exception']['type'] == 'RecursionError'


def test_two_benches_on_one_function(bench):
    """A function timed twice has one record from each bench."""
    other = MicroBenchBase(duration_counter=Ticking(10.0))
    assert other(bench(len))('abc') == 3
    assert call_of(bench)['durations'] == [1.0]
    assert call_of(other)['durations'] == [10.0]


def test_a_million_iterations():
    """A million iterations are one record with a million durations."""
    bench = MicroBenchBase(duration_counter=time.perf_counter_ns, iterations=10**6)
    bench(int)()
    assert len(call_of(bench)['durations']) == 10**6


@pytest.mark.parametrize(
    ('counter', 'whole'),
    [
        (time.perf_counter, False),
        (time.monotonic, False),
        (time.perf_counter_ns, True),
        (time.monotonic_ns, True),
    ],
)
def test_native_counters(counter, whole):
    """The counters of the time module are read in C, in their own unit."""
    bench = MicroBenchBase(duration_counter=counter)

    @bench
    def work():
        with bench.time('part'):
            pass

    work()
    assert bench.explain_path() == []
    record = only(bench.get_results())
    assert record['mb']['duration_counter'] == counter.__name__
    [duration] = record['call']['durations']
    [timing] = record['call']['timings']
    kind = int if whole else float
    assert type(duration) is type(timing['duration']) is kind
    assert 0 <= timing['duration'] <= duration


class Stopwatch:
    """A counter with equality but without a hash."""

    def __init__(self):
        self.now = 0

    def __eq__(self, other):
        return True

    __hash__ = None

    def __call__(self):
        self.now += 1
        return self.now


@pytest.mark.parametrize(
    ('counter', 'name', 'duration'),
    [
        (lambda n=iter(range(9)): next(n), '<lambda>', 1),
        (functools.partial(next, iter(range(9))), 'next', 1),
        (Ticking(0.25), 'Ticking', 0.25),
        (Stopwatch(), 'Stopwatch', 1),
        (iter([2**70, 2**71]).__next__, '__next__', 2**70),
    ],
)
def test_any_counter(counter, name, duration):
    """Any callable counts; durations keep its type; it has a readable name."""
    bench = MicroBenchBase(duration_counter=counter)
    bench(len)('')
    record = only(bench.get_results())
    assert record['mb']['duration_counter'] == name
    assert record['call']['durations'] == [duration]
    assert type(record['call']['durations'][0]) is type(duration)


@pytest.mark.parametrize('reading', [1, 2])
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_counter_that_fails(reading):
    """A counter's error before the code stops the call; later the result counts."""
    bench = MicroBenchBase(duration_counter=FailingAt(reading))
    ran = []
    work = bench(lambda: ran.append(1) or 'result')
    if reading == 1:
        with pytest.raises(ArithmeticError):
            work()
    else:
        assert work() == 'result'
        assert call_of(bench)['durations'] == [None]
    assert len(ran) == reading - 1
    assert work() == 'result'
    assert bench.get_results()[-1]['call']['durations'] == [1.0]


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_counter_that_gives_no_numbers():
    """Readings that cannot be subtracted cost the duration, not the result."""
    bench = MicroBenchBase(duration_counter=lambda: 'now')
    assert bench(len)('abc') == 3
    assert call_of(bench)['durations'] == [None]


def test_python_version_in_microbench():
    """MicroBench is MicroBenchBase with the Python that runs."""
    bench = MicroBench()
    bench(len)('')
    record = only(bench.get_results())
    assert set(record['python']) == {'version', 'build', 'prefix', 'executable'}
    assert bench.explain_path() == []


def test_a_bench_with_a_metaclass():
    """Classes of other metaclasses, such as abstract ones, work like any."""

    class Abstract(MicroBenchBase, abc.ABC):
        pass

    bench = Abstract(duration_counter=Ticking())
    bench(len)('')
    assert call_of(bench)['durations'] == [1.0]


def test_base_class_among_others():
    """Mixins before and after, slots and generics leave the bench as it is."""

    class Before:
        __slots__ = ()

    class After:
        def after(self):
            return 'after'

    class Bench(Before, MicroBenchBase, After, Generic[TypeVar('T')]):
        pass

    bench = Bench[int](duration_counter=Ticking())
    assert bench(bench.after)() == 'after'
    assert call_of(bench)['durations'] == [1.0]


def test_attributes_before_the_constructor():
    """A subclass may set attributes before it calls the constructor above."""

    class Bench(MicroBenchBase):
        def __init__(self):
            self.early = 1
            super().__init__(duration_counter=Ticking())

    bench = Bench()
    bench(len)('')
    assert (bench.early, call_of(bench)['durations']) == (1, [1.0])


def test_a_call_from_a_destructor(bench):
    """A timed function called while an object is destroyed makes its record."""

    class Dying:
        @bench
        def __del__(self):
            pass

    Dying()
    assert call_of(bench)['name'] == '__del__'
