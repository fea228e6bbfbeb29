"""Generator functions: the time inside the body counts, the consumer's does not."""

import gc
import inspect
import threading
from functools import partial
from itertools import islice

import pytest

from microbench import MBReturnValue, MicroBenchBase, _core
from tests.fakes import Kept, Ticking, call_of, dict_reasons, only


@pytest.fixture
def clock():
    """The clock of the bench, which the consumer can read as well."""
    return Ticking()


@pytest.fixture
def bench(clock):
    """A bench with a ticking clock."""
    return MicroBenchBase(duration_counter=clock)


def test_it_stays_a_generator_function(bench):
    """The wrapper is a generator function to inspect, with the same metadata."""

    @bench
    def count(limit: int):
        """Count."""
        yield from range(limit)

    assert inspect.isgeneratorfunction(count)
    assert inspect.isgenerator(count(1))
    assert count.__name__ == 'count'
    assert count.__doc__ == 'Count.'
    assert str(inspect.signature(count)) == '(limit: int)'


def test_only_the_time_inside_the_body_counts(bench, clock):
    """Each stretch of the body adds one tick; the consumer's ticks are not there."""

    @bench
    def count():
        yield 1
        yield 2

    for _ in count():
        clock()
        clock()
    assert call_of(bench)['durations'] == [3.0]


def test_the_record_comes_at_the_end(bench):
    """Making the generator records nothing; its exhaustion does."""

    @bench
    def count():
        yield 1

    body = count()
    assert bench.get_results() == []
    assert next(body) == 1
    assert bench.get_results() == []
    assert next(body, 'end') == 'end'
    assert call_of(bench)['name'] == 'count'


def test_a_generator_that_is_never_started(bench):
    """A generator that never ran makes no record and leaves no open run."""

    @bench
    def count():
        yield 1

    body = count()
    body.close()
    del body
    assert bench.get_results() == []
    assert _core.runs_open() == 0


def test_send_throw_and_return(bench):
    """Values and exceptions go in, values come out, as without the wrapper."""

    @bench
    def talk():
        received = yield 'first'
        try:
            yield received
        except KeyError as error:
            yield error.args
        return 'result'

    body = talk()
    assert next(body) == 'first'
    assert body.send('sent') == 'sent'
    assert body.throw(KeyError('thrown')) == ('thrown',)
    with pytest.raises(StopIteration) as stop:
        next(body)
    assert stop.value.value == 'result'
    record = only(bench.get_results())
    assert record['call']['durations'] == [4.0]
    assert 'exception' not in record


def test_yield_from_it(bench):
    """`yield from` gets its return value, and each level has its own record."""

    @bench
    def inner():
        yield 1
        return 'inner'

    @bench
    def outer():
        value = yield from inner()
        yield value

    assert list(outer()) == [1, 'inner']
    assert [r['call']['name'] for r in bench.get_results()] == ['inner', 'outer']


def test_return_value_in_the_record():
    """MBReturnValue takes what the generator returns."""

    class Bench(MicroBenchBase, MBReturnValue):
        pass

    bench = Bench()

    @bench
    def work():
        yield 1
        return {'a': 1}

    list(work())
    assert call_of(bench)['return_value'] == {'a': 1}


def test_early_close_is_no_exception(bench):
    """A consumer that breaks off ends the record; its clean-up is timed."""
    cleaned = []

    @bench
    def count():
        try:
            while True:
                yield 1
        finally:
            with bench.time('clean-up'):
                cleaned.append(1)

    assert list(islice(count(), 2)) == [1, 1]
    gc.collect()
    record = only(bench.get_results())
    assert cleaned == [1]
    assert 'exception' not in record
    assert record['call']['timings'] == [{'name': 'clean-up', 'duration': 1.0}]
    assert record['call']['durations'] == [5.0]


def test_a_body_that_refuses_to_close(bench):
    """A body that ignores GeneratorExit causes Python's own RuntimeError."""

    @bench
    def stubborn():
        for _ in range(2):
            try:
                yield 1
            except GeneratorExit:
                pass

    body = stubborn()
    next(body)
    with pytest.raises(RuntimeError, match='ignored GeneratorExit'):
        body.close()
    assert only(bench.get_results())['exception']['type'] == 'RuntimeError'


def test_an_exception_while_closing(bench):
    """An exception of the clean-up leaves close() and is in the record."""

    @bench
    def count():
        try:
            yield 1
        finally:
            raise KeyError('clean-up')

    body = count()
    next(body)
    with pytest.raises(KeyError, match='clean-up'):
        body.close()
    assert only(bench.get_results())['exception']['type'] == 'KeyError'


def test_a_thrown_exception_that_is_not_caught(bench):
    """A thrown exception that passes through is recorded and is the same object."""

    @bench
    def count():
        yield 1

    body = count()
    next(body)
    error = ValueError('thrown')
    with pytest.raises(ValueError, match='thrown') as caught:
        body.throw(error)
    assert caught.value is error
    assert only(bench.get_results())['exception']['message'] == 'thrown'


def test_wrong_arguments(bench):
    """A call with wrong arguments is a TypeError, at the first step at the latest."""

    @bench
    def count(limit):
        yield limit

    with pytest.raises(TypeError, match='positional argument'):
        next(count())


def test_the_record_is_active_only_in_the_body(bench):
    """Phases of the consumer go to its own record, those of the body to the body's."""

    @bench
    def count():
        with bench.time('body'):
            yield 1
        with bench.time('body'):
            yield 2

    with bench.record('consumer'):
        for _ in count():
            with bench.time('consumer'):
                pass
    inner, outer = (record['call'] for record in bench.get_results())
    assert [t['name'] for t in inner['timings']] == ['body', 'body']
    assert [t['name'] for t in outer['timings']] == ['consumer', 'consumer']


def test_interleaved_generators(bench):
    """Two generators that take turns keep their phases and durations apart."""

    @bench
    def count(name):
        for _ in range(3):
            with bench.time(name):
                pass
            yield name

    assert list(zip(count('a'), count('b'), strict=True)) == [('a', 'b')] * 3
    calls = [record['call'] for record in bench.get_results()]
    assert [{t['name'] for t in c['timings']} for c in calls] == [{'a'}, {'b'}]
    assert [c['durations'] for c in calls] == [[10.0], [10.0]]


def test_left_in_any_order(bench):
    """Records that end in another order than they began leave nothing active."""

    @bench
    def count():
        yield 1

    first, second = count(), count()
    with bench.record('around'):
        next(first)
        next(second)
    first.close()
    second.close()
    with bench.time('nowhere'):
        pass
    assert [r['call']['name'] for r in bench.get_results()] == [
        *('around', 'count', 'count'),
    ]
    assert not any('timings' in r['call'] for r in bench.get_results())


def test_closed_in_another_thread(bench):
    """A generator begun in one thread can be ended in another."""

    @bench
    def count():
        try:
            yield 1
        finally:
            with bench.time('clean-up'):
                pass

    body = count()
    next(body)
    thread = threading.Thread(target=body.close)
    thread.start()
    thread.join()
    assert call_of(bench)['timings'] == [{'name': 'clean-up', 'duration': 1.0}]
    with bench.time('nowhere'):
        pass


def test_a_generator_resumed_within_itself(bench):
    """Python's own error comes out, and the record is whole."""

    @bench
    def count():
        yield next(body)

    body = count()
    with pytest.raises(ValueError, match='already executing'):
        next(body)
    assert only(bench.get_results())['exception']['type'] == 'ValueError'


@pytest.mark.parametrize('settings', [{'iterations': 2}, {'warmup': 1}, {'iterations': 0}])
def test_repetition_is_refused(settings):
    """Decorating a generator with iterations or warm-up raises: it runs only once."""
    bench = MicroBenchBase(**settings)

    def count():
        yield 1

    async def acount():
        yield 1

    for func in (count, acount):
        with pytest.raises(ValueError, match=next(iter(settings))):
            bench(func)


def test_hooks_run_once():
    """Captures and triggers run once for a generator, however often it yields."""
    seen = []

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            seen.append('capture')

        def pre_run_triggers(self, bm_data):
            seen.append('pre')
            super().pre_run_triggers(bm_data)

        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            seen.append('post')

        def capturepost_a(self, bm_data):
            seen.append('capturepost')

    @Bench()
    def count():
        yield seen.append('body')
        yield seen.append('body')

    list(count())
    assert seen == ['capture', 'pre', 'body', 'body', 'post', 'capturepost']


def test_methods_and_partials(bench):
    """Generator methods bind; partials of generator functions are known as such."""

    class Thing:
        @bench
        def items(self, limit):
            yield from range(limit)

        @bench
        @classmethod
        def made(cls):
            yield cls

    assert list(Thing().items(2)) == [0, 1]
    assert list(Thing.made()) == [Thing]
    assert list(bench(partial(Thing.items.__wrapped__, None))(1)) == [0]
    assert [r['call']['name'] for r in bench.get_results()] == [
        *('items', 'made', 'items'),
    ]


def test_the_text_form_too():
    """Without a reason for a dict the record of a generator is written by C."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept])

    @bench
    def count():
        with bench.time('a'):
            yield 1

    list(count())
    assert dict_reasons(bench) == []
    call = only(kept.records)['call']
    assert [t['name'] for t in call['timings']] == ['a']
    assert len(call['durations']) == 1


def test_collected_without_its_end(bench):
    """A generator that is dropped in the middle ends its record."""

    @bench
    def count():
        yield 1
        yield 2

    body = count()
    next(body)
    del body
    gc.collect()
    assert call_of(bench)['durations'] == [2.0]
