"""Captures that are generators run before the code and after it."""

import pytest

from microbench import MicroBenchBase
from tests.core.hooks import note, notes, raising
from tests.fakes import Ticking, call_of, only


def test_a_generator_capture():
    """The part after yield runs after the code, in reverse order."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            note(bm_data, 'a begins')
            yield
            note(bm_data, 'a ends')

        def capture_b(self, bm_data):
            note(bm_data, 'b begins')
            yield
            bm_data['took'] = bm_data['call']['durations']
            note(bm_data, 'b ends')

        def capturepost_a(self, bm_data):
            note(bm_data, 'post')

    bench = Bench(duration_counter=Ticking())
    assert notes(bench) == ['a begins', 'b begins', 'b ends', 'a ends', 'post']
    assert only(bench.get_results())['took'] == [1.0]


def test_a_generator_capture_without_yield():
    """Nothing follows a generator that returns before it yields."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            note(bm_data, 'returns')
            if 'notes' in bm_data:
                return
            yield

    bench = Bench()
    assert list(map(bench(abs), [-1, -2])) == [1, 2]
    assert [r['notes'] for r in bench.get_results()] == [['returns']] * 2


def test_a_generator_capture_that_yields_twice():
    """Code after a second yield does not run, but clean-up does."""
    ended = []

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            try:
                yield
                yield
                note(bm_data, 'never')
            finally:
                ended.append(1)

    assert notes(Bench()) is None
    assert ended == [1]


def test_generator_captures_of_concurrent_records():
    """Each record has its own frame: state does not mix."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            mine = bm_data['call']['name']
            yield
            bm_data['mine'] = mine

    bench = Bench()
    with bench.record('outer'), bench.record('inner'):
        pass
    found = [(r['call']['name'], r['mine']) for r in bench.get_results()]
    assert found == [('inner', 'inner'), ('outer', 'outer')]


@pytest.mark.parametrize('optional', [False, True])
def test_a_generator_capture_that_fails_at_the_end(optional):
    """An error after yield is raised after the record, or noted in it."""

    class Bench(MicroBenchBase):
        capture_optional = optional

        def capture_a(self, bm_data):
            yield
            raise KeyError('end')

    bench = Bench()
    if optional:
        assert bench(lambda: 5)() == 5
        assert call_of(bench)['capture_errors'] == [
            {'method': 'capture_a', 'error': "KeyError: 'end'"}
        ]
    else:
        with pytest.raises(KeyError, match='end'):
            bench(lambda: 5)()
        assert len(bench.get_results()) == 1


@pytest.mark.parametrize('error', [None, KeyError('clean-up')])
def test_pending_captures_are_closed_when_another_fails(error):
    """Captures are closed in reverse order; the first error is raised."""
    undone = []

    def undoing(word, error=None):
        def hook(self, bm_data):
            try:
                yield
            finally:
                undone.append(word)
                if error:
                    raise error

        return hook

    class Bench(MicroBenchBase):
        capture_a = undoing('a')
        capture_b = undoing('b', error)
        capture_c = raising(ValueError('c'))

    with pytest.raises(ValueError, match='^c$'):
        Bench()(lambda: None)()
    assert undone == ['b', 'a']
