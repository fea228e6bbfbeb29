"""Captures marked @spanning: plain methods that set up first and end later."""

import inspect
from unittest.mock import Mock

import pytest

from microbench import MicroBenchBase
from microbench.core.capture import innermost, spanning
from tests.fakes import call_of, only


class Steps:
    """A mixin that notes what it does, in the record and in a list."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = []

    @spanning
    def capture_steps(self, bm_data):
        """Note the steps."""
        self.seen.append('begun')
        try:
            yield
            bm_data['steps'] = [*self.seen, 'result']
        finally:
            self.seen.append('ended')


class Bench(Steps, MicroBenchBase):
    """A bench with that mixin."""


class Extended(Bench):
    """A bench whose override ignores that the capture is a generator."""

    def capture_steps(self, bm_data):
        self.seen.append('before')
        assert super().capture_steps(bm_data) is None
        self.seen.append('after')


def test_it_looks_like_the_method():
    """A @spanning capture keeps name, docstring and signature."""
    hook = Steps.capture_steps
    assert (hook.__name__, hook.__doc__) == ('capture_steps', 'Note the steps.')
    assert (hook.__qualname__, hook.__module__) == ('Steps.capture_steps', __name__)
    assert list(inspect.signature(hook).parameters) == ['self', 'bm_data']
    assert not inspect.isgeneratorfunction(hook)


def test_around_the_code():
    """A capture sets up before the code, and adds its result after it."""
    bench = Bench()
    bench(lambda: bench.seen.append('code'))()
    assert only(bench.get_results())['steps'] == ['begun', 'code', 'result']
    assert bench.seen == ['begun', 'code', 'ended']


def test_an_override_that_calls_super():
    """An override that calls super() sets up at that very place."""
    bench = Extended()
    bench(lambda: bench.seen.append('code'))()
    order = ['before', 'begun', 'after', 'code']
    assert only(bench.get_results())['steps'] == [*order, 'result']


def test_an_override_that_fails_after_its_set_up():
    """The set-up is undone though the failed override has returned nothing."""

    class Failing(Extended):
        def capture_steps(self, bm_data):
            super().capture_steps(bm_data)
            raise ArithmeticError

    bench = Failing()
    with pytest.raises(ArithmeticError):
        bench(lambda: None)()
    assert bench.seen[-1] == 'ended'
    assert bench.get_results() == []


def test_one_that_fails_at_the_end():
    """The error of a capture's end has its name; capture_optional notes it."""

    class Failing(MicroBenchBase):
        capture_optional = True

        @spanning
        def capture_late(self, bm_data):
            yield
            raise KeyError('late')

    bench = Failing()
    bench(lambda: None)()
    noted = {'method': 'capture_late', 'error': "KeyError: 'late'"}
    assert call_of(bench)['capture_errors'] == [noted]


def test_nested_calls_do_not_mix():
    """What a capture sets up belongs to one record."""

    class Counting(MicroBenchBase):
        @spanning
        def capture_depth(self, bm_data):
            depth = bm_data['_args'][0]
            yield
            bm_data['depth'] = depth

    bench = Counting()

    @bench
    def descend(depth):
        if depth:
            descend(depth - 1)

    descend(2)
    assert [record['depth'] for record in bench.get_results()] == [0, 1, 2]


@pytest.mark.parametrize('hook', [Mock(), Mock(spanning=1)])
def test_what_is_not_marked_runs_at_the_end_of_a_process(hook):
    """A mock that has every attribute does not count as marked."""

    class Plain(MicroBenchBase):
        capture_any = hook

    bench = Plain()
    bench.record_on_exit(handle_sigterm=False)
    try:
        assert not hook.called
    finally:
        bench.cancel_record_on_exit()


def test_innermost_captures_begin_last_and_end_first():
    """The work of others is not between their two steps."""
    steps = []

    def capture(name):
        def steps_of(self, bm_data):
            steps.append(f'{name} begins')
            yield
            steps.append(f'{name} ends')

        return spanning(steps_of)

    class Bench(MicroBenchBase):
        capture_a = innermost(capture('a'))
        capture_b = capture('b')
        capture_c = innermost(capture('c'))

    with Bench().record():
        steps.append('code')
    names = ['b', 'a', 'c']
    begun = [f'{name} begins' for name in names]
    assert steps == [*begun, 'code', *(f'{name} ends' for name in reversed(names))]
