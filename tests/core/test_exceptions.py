"""Every exception is recorded and raised again as it was."""

import asyncio
import gc
import sys
import traceback
import weakref

import pytest

import microbench
from microbench import MicroBenchBase, _core
from microbench.core.run import Run
from tests.fakes import Failing, FailingAt, Kept, Ticking, only, readable

PACKAGE = microbench.__file__.rpartition('/')[0]


class Own(Exception):
    """A user's own exception, with arguments of its own."""

    def __init__(self, first, second):
        super().__init__(f'{first} and {second}')
        self.both = (first, second)


EXCEPTIONS = [
    ValueError('wrong'),
    KeyError('a key'),
    Own(1, 2),
    KeyboardInterrupt(),
    SystemExit(3),
    GeneratorExit(),
    asyncio.CancelledError(),
    BaseException('base'),
    MemoryError(),
    RecursionError('deep'),
    StopIteration(5),
    StopAsyncIteration(),
    UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'bad'),
    OSError(2, 'No such file'),
    Warning('a warning'),
    ValueError('Zürich \ud800 \u2028\n"quoted"'),
]


def raising(exception):
    """A function that raises the exception."""

    def work():
        raise exception

    return work


def by_decorator(bench, exception):
    bench(raising(exception))()


def by_record(bench, exception):
    with bench.record('block'):
        raise exception


def by_arecord(bench, exception):
    async def main():
        async with bench.arecord('block'):
            raise exception

    drive(main())


def by_coroutine(bench, exception):
    @bench
    async def work():
        raise exception

    drive(work())


def by_generator(bench, exception):
    @bench
    def work():
        yield 1
        raise exception

    body = work()
    next(body)
    next(body)


def by_async_generator(bench, exception):
    @bench
    async def work():
        yield 1
        raise exception

    async def main():
        body = work()
        await anext(body)
        await anext(body)

    drive(main())


def drive(coroutine):
    """Run a coroutine that waits for nothing, without a loop that meddles."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError('it waits')


WAYS = [
    by_decorator,
    by_record,
    by_arecord,
    by_coroutine,
    by_generator,
    by_async_generator,
]
FORMS = {
    'text': {},
    'dict': {'duration_counter': Ticking()},
}


def is_converted(way, exception):
    """Return whether Python itself makes a RuntimeError of it there."""
    if way is by_async_generator:
        return isinstance(exception, (StopIteration, StopAsyncIteration))
    suspended = way in (by_arecord, by_coroutine, by_generator)
    return suspended and isinstance(exception, StopIteration)


def ends_early(way, exception):
    """Return whether it only says that a generator was closed, which is no failure."""
    generators = (by_generator, by_async_generator)
    return way in generators and isinstance(exception, GeneratorExit)


CASES = [
    pytest.param(way, exception, id=f'{way.__name__}-{type(exception).__name__}')
    for way in WAYS
    for exception in EXCEPTIONS
    if not is_converted(way, exception) and not ends_early(way, exception)
]


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize(('way', 'exception'), CASES)
def test_it_is_recorded_and_raised_again(form, way, exception):
    """The very object comes out, and type and message are in the record."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], **FORMS[form])
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any, and the same
        way(bench, exception)
    assert caught.value is exception
    record = only(kept.records)
    assert record['exception'] == {
        'type': type(exception).__name__,
        'message': readable(str(exception)),
    }
    assert len(record['call']['durations']) == 1


@pytest.mark.parametrize('way', [by_decorator, by_record])
def test_the_traceback_has_no_frames_of_microbench(way):
    """Between caller and function the traceback shows nothing of microbench."""
    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong') as caught:
        way(MicroBenchBase(), exception)
    files = [f.filename for f in traceback.extract_tb(caught.value.__traceback__)]
    assert set(files) == {__file__}


@pytest.mark.parametrize('way', WAYS)
def test_context_and_cause_are_untouched(way):
    """Cause and context of the exception stay the same."""
    cause, context = KeyError('cause'), IndexError('context')
    exception = ValueError('wrong')
    exception.__cause__, exception.__context__ = cause, context
    with pytest.raises(ValueError, match='wrong'):
        way(MicroBenchBase(), exception)
    assert exception.__cause__ is cause
    assert exception.__context__ is context


def test_the_exception_being_handled_is_visible_to_the_function():
    """`raise` and sys.exc_info() in the function see the caller's exception."""
    bench = MicroBenchBase()
    try:
        raise KeyError('outer')
    except KeyError as error:
        assert bench(sys.exc_info)()[1] is error
    assert bench(sys.exc_info)() == (None, None, None)


class Mute(Exception):
    """An exception without text."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        raise self.error


@pytest.mark.parametrize('error', [ValueError(), RecursionError(), SystemExit(3)])
@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('way', WAYS)
def test_str_of_the_exception_fails(way, form, error):
    """The user's exception goes on, and the record names its type."""
    kept = Kept()
    exception = Mute(error)
    with pytest.raises(Mute) as caught:
        way(MicroBenchBase(outputs=[kept], **FORMS[form]), exception)
    assert caught.value is exception
    assert only(kept.records)['exception']['type'] == 'Mute'


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('error', [OSError('sink'), KeyboardInterrupt()])
@pytest.mark.usefixtures('fresh_count')
def test_a_failing_sink_does_not_replace_it(way, error, capsys):
    """A warning reports the failed sink; the user's exception is raised."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[Failing(error), kept], on_output_error='raise')
    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong') as caught:
        way(bench, exception)
    assert caught.value is exception
    assert only(kept.records)['exception']['message'] == 'wrong'


@pytest.mark.parametrize('way', WAYS)
def test_a_failing_post_hook_does_not_replace_it(way):
    """The user's exception wins over that of a hook, and the record is written."""

    class Bench(MicroBenchBase):
        def capturepost_fails(self, bm_data):
            raise OSError('hook')

        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            raise OSError('trigger')

    kept = Kept()
    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong') as caught:
        way(Bench(outputs=[kept]), exception)
    assert caught.value is exception
    assert only(kept.records)['exception']['message'] == 'wrong'


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_a_failing_counter_does_not_replace_it(way):
    """A clock that fails at the last reading costs the duration alone."""
    kept = Kept()
    last = 4 if way in (by_generator, by_async_generator) else 2
    bench = MicroBenchBase(outputs=[kept], duration_counter=FailingAt(last))
    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong') as caught:
        way(bench, exception)
    assert caught.value is exception
    assert only(kept.records)['call']['durations'] == [None]


@pytest.mark.parametrize('way', WAYS)
def test_a_failing_to_json_does_not_replace_it(way, capsys):
    """A record that cannot be encoded costs neither exception nor record."""

    class Bench(MicroBenchBase):
        def to_json(self, obj):
            raise TypeError('to_json')

    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong') as caught:
        way(Bench(duration_counter=Ticking()), exception)
    assert caught.value is exception


def test_exception_group():
    """Exception groups pass through unchanged."""
    if sys.version_info < (3, 11):
        group = Own(1, 2)
    else:
        group = ExceptionGroup('many', [ValueError(1), KeyError(2)])  # noqa: F821
    kept = Kept()
    with pytest.raises(type(group)) as caught:
        MicroBenchBase(outputs=[kept])(raising(group))()
    assert caught.value is group
    assert only(kept.records)['exception']['type'] == type(group).__name__


def test_the_function_can_raise_it_again():
    """One exception object raised through several records is in each."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept])
    exception = ValueError('wrong')
    with pytest.raises(ValueError, match='wrong'), bench.record('outer'):
        by_decorator(bench, exception)
    names = [(r['call']['name'], r['exception']['type']) for r in kept.records]
    assert names == [('work', 'ValueError'), ('outer', 'ValueError')]


def test_the_record_holds_on_to_nothing():
    """After the record, neither arguments nor exception are kept alive."""

    class Thing:
        pass

    bench = MicroBenchBase(duration_counter=Ticking())

    @bench
    def work(thing):
        raise ValueError

    thing = Thing()
    reference = weakref.ref(thing)
    with pytest.raises(ValueError, match=r'^$'):
        work(thing)
    del thing
    gc.collect()
    assert reference() is None


# --- Ctrl-C on the way into a method of microbench ----------------------------------------


def pressed(*_):
    """A method that Ctrl-C interrupts before its first line."""
    raise KeyboardInterrupt


@pytest.mark.parametrize('form', FORMS)
@pytest.mark.parametrize('way', ['call', 'block', 'async block'])
def test_ctrl_c_on_the_way_to_the_end(monkeypatch, way, form):
    """Ctrl-C goes on, and the run does not stay active: later phases go nowhere."""
    bench = MicroBenchBase(**FORMS[form])
    with monkeypatch.context() as patch:
        patch.setattr(Run, 'complete', pressed)
        with pytest.raises(KeyboardInterrupt):
            if way == 'call':
                bench(len)('')
            elif way == 'block':
                with bench.record():
                    pass
            else:
                drive(within(bench.arecord()))
    assert _core.runs_open() == 0
    assert 'outside' in repr(bench.time('later'))


async def within(block):
    async with block:
        pass


@pytest.mark.parametrize('fails', [False, True])
def test_ctrl_c_on_the_way_to_the_triggers(monkeypatch, fails, capsys):
    """Ctrl-C ends the call as if it had come within the code."""

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)

    bench, seen = Bench(iterations=3), []
    monkeypatch.setattr(Run, 'after_iteration', pressed)
    monkeypatch.setattr(sys, 'unraisablehook', seen.append)

    @bench
    def work():
        if fails:
            raise ValueError('mine')

    with pytest.raises(KeyboardInterrupt) as raised:
        work()
    assert isinstance(raised.value.__context__, ValueError) == fails
    record = only(bench.get_results())
    assert record['exception']['type'] == 'KeyboardInterrupt'
    assert len(record['call']['durations']) == 1
    assert seen == []
