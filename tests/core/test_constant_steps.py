"""Constant captures that follow one another are one step: the record is the same."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBenchBase, _core
from microbench.core.capture import per_process
from microbench.core.hooks import Constants
from tests.fakes import Kept, only

NAMES = st.sampled_from(['a', 'b', 'c'])
VALUES = st.recursive(
    st.sampled_from([1, 'text', None, [1], (2,)]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(record=FIELDS, results=st.lists(FIELDS, min_size=1, max_size=4))
def test_one_step_is_what_each_capture_does(record, results):
    """Whatever stands in the record, and whatever replaces what."""
    expected = copy.deepcopy(record)
    for fields in results:
        _core.merge(expected, fields)
    definitions = {str(number): object() for number in range(len(results))}
    step = Constants(definitions)
    step.prepare(
        {
            name: (definition, fields)
            for (name, definition), fields in zip(definitions.items(), results, strict=True)
        }
    )
    for fields in step.fields:
        _core.merge(record, fields)
    assert record == expected
    assert list(record) == list(expected)


@pytest.mark.parametrize(
    ('results', 'steps'),
    [
        ([{'a': {'b': 1}}, {'a': {'c': 2}}, {'d': 3}], 1),
        ([{'a': {'b': 1}}, {'a': 2}], 1),
        ([{'a': 1}, {'a': {'b': 2}}], 2),
        ([{'a': {'b': 1}}, {'a': {'b': {'c': 2}}}], 2),
    ],
)
def test_how_many_merges_there_are(results, steps):
    """One, unless a dict replaces another value."""
    step = Constants(dict.fromkeys('xyz'[: len(results)], min))
    step.prepare(dict(zip('xyz', ((min, fields) for fields in results), strict=False)))
    assert len(step.fields) == steps


def test_a_step_is_prepared_when_each_capture_has_run():
    """A definition that has been replaced meanwhile counts as missing."""
    step = Constants({'x': min, 'y': max})
    for results in ({}, {'x': (min, {})}, {'x': (min, {}), 'y': (min, {})}):
        step.prepare(results)
        assert step.fields is None
    step.prepare({'x': (min, {}), 'y': (max, {'b': 1})})
    assert step.fields == [{'b': 1}]


class Bench(MicroBenchBase):
    """Constant captures around one that is not, of which one fails at first."""

    capture_optional = True
    fails = True

    @per_process
    def capture_a(self, bm_data):
        bm_data['order'] = ['a']

    @per_process
    def capture_b(self, bm_data):
        if type(self).fails:
            raise OSError('not yet')
        bm_data['b'] = {'own': 1}

    def capture_c(self, bm_data):
        bm_data['order'].append('c')
        bm_data['seen'] = sorted(bm_data.get('b', {}))

    @per_process
    def capture_d(self, bm_data):
        bm_data['b'] = {'more': 2}


def test_a_capture_that_fails_at_first(monkeypatch):
    """It is tried again for each record, and in alphabetical order with the others."""
    kept = Kept()
    work = Bench(outputs=[kept])(len)
    work('')
    record = kept.records[-1]
    error = {'method': 'capture_b', 'error': 'OSError: not yet'}
    assert record['call']['capture_errors'] == [error]
    assert (record['order'], record['b'], record['seen']) == (['a', 'c'], {'more': 2}, [])
    monkeypatch.setattr(Bench, 'fails', False)
    for _ in range(3):
        kept.lines.clear()
        work('')
        record = only(kept.records)
        assert 'capture_errors' not in record['call']
        assert (record['order'], record['seen']) == (['a', 'c'], ['own'])
        assert record['b'] == {'own': 1, 'more': 2}
