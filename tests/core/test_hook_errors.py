"""Effects of an error in a hook on the code, the record and other hooks."""

import pytest

from microbench import MicroBenchBase
from tests.core.hooks import notes, noting, raising
from tests.fakes import Kept, Ticking, call_of, only


@pytest.mark.parametrize('error', [KeyError('x'), OSError(2, 'gone'), SystemExit(3)])
def test_a_strict_capture(error):
    """Without capture_optional an error goes to the caller, and the code does not run."""

    class Bench(MicroBenchBase):
        capture_a = raising(error)

    bench = Bench()
    ran = []
    with pytest.raises(type(error)) as caught:
        bench(ran.append)(1)
    assert caught.value is error
    assert ran == bench.get_results() == []


def test_optional_captures():
    """With capture_optional errors are listed in the order of failure."""

    class Bench(MicroBenchBase):
        capture_optional = True
        capture_b = raising(OSError('b'))
        capture_c = noting('c')
        capture_d = raising(KeyError('d'))
        capturepost_a = raising(ValueError())

    bench = Bench()
    assert notes(bench) == ['c']
    assert call_of(bench)['capture_errors'] == [
        {'method': 'capture_b', 'error': 'OSError: b'},
        {'method': 'capture_d', 'error': "KeyError: 'd'"},
        {'method': 'capturepost_a', 'error': 'ValueError: '},
    ]


def test_no_errors_no_field():
    """Without failures there is no call.capture_errors."""

    class Bench(MicroBenchBase):
        capture_optional = True
        capture_a = noting('a')

    bench = Bench()
    notes(bench)
    assert 'capture_errors' not in call_of(bench)


@pytest.mark.parametrize('error', [KeyboardInterrupt(), SystemExit(2)])
def test_optional_is_for_exceptions_only(error):
    """Exceptions that ask the program to end are never swallowed."""

    class Bench(MicroBenchBase):
        capture_optional = True
        capture_a = raising(error)

    with pytest.raises(type(error)):
        Bench()(lambda: None)()


@pytest.mark.parametrize('hook', ['capturepost_a', 'post_run_triggers'])
@pytest.mark.parametrize('error', [KeyError('x'), KeyboardInterrupt()])
def test_a_failing_post_hook(hook, error):
    """The error of a post hook is raised after the record is written."""
    kept = Kept()
    bench_class = type('Bench', (MicroBenchBase,), {hook: raising(error)})
    bench = bench_class(outputs=[kept], duration_counter=Ticking())
    with pytest.raises(type(error)) as caught:
        bench(lambda: 5)()
    assert caught.value is error
    assert only(kept.records)['call']['durations'] == [1.0]


def test_the_first_of_two_failing_post_hooks():
    """The first error is raised; the other post hooks still run."""

    class Bench(MicroBenchBase):
        capturepost_a = raising(KeyError('first'))
        capturepost_b = raising(ValueError('second'))
        capturepost_c = noting('c')

    kept = Kept()
    with pytest.raises(KeyError, match='first'):
        Bench(outputs=[kept])(lambda: None)()
    assert only(kept.records)['notes'] == ['c']


def test_an_overridden_output_result():
    """It gets the cleaned record; if it fails, it is warned about and the result stays."""
    seen = []

    class Bench(MicroBenchBase):
        def output_result(self, bm_data):
            seen.append(set(bm_data))
            raise OSError('output')

    bench = Bench()
    with pytest.warns(RuntimeWarning, match=r'output_result\(\) did not take a record'):
        assert bench(lambda: 5)() == 5
    with pytest.warns(RuntimeWarning), pytest.raises(ZeroDivisionError):
        bench(lambda: 1 / 0)()
    assert seen == [{'mb', 'call'}, {'mb', 'call', 'exception'}]


@pytest.mark.parametrize('hook', ['pre_run_triggers', 'post_run_triggers'])
def test_a_trigger_that_spoils_the_record(hook, capsys):
    """Result and record survive a hook that takes the framework's fields away."""

    def spoil(self, bm_data):
        bm_data.pop('call')

    kept = Kept()
    bench = type('Bench', (MicroBenchBase,), {hook: spoil})(outputs=[kept])
    try:
        assert bench(lambda: 5)() == 5
    except (KeyError, TypeError):
        pass  # a fault in a hook may be raised to its author
    assert len(kept.lines) == 1
