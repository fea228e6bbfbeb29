"""MBFunctionCall and MBReturnValue: arguments and results in the record."""

import asyncio

import pytest

from microbench import (
    JSONEncodeWarning,
    MBFunctionCall,
    MBReturnValue,
    MicroBench,
    MicroBenchBase,
)
from tests.fakes import call_of, readable

PLACEHOLDER = '__unencodable_as_json__'


class Call(MicroBenchBase, MBFunctionCall):
    """A bench that captures arguments."""


class Value(MBReturnValue, MicroBenchBase):
    """A bench that keeps the return value."""


def test_arguments():
    """Positional arguments are a list, keywords an object; defaults are left out."""
    bench = Call()
    bench(lambda a, *rest, key=5, other=6: None)(1, 'two', [3.0, None], other=True)
    call = call_of(bench)
    assert call['args'] == [1, 'two', [3.0, None]]
    assert call['kwargs'] == {'other': True}


def test_no_arguments():
    """A call without arguments has empty containers."""
    bench = Call()
    bench(lambda: None)()
    assert (call_of(bench)['args'], call_of(bench)['kwargs']) == ([], {})


def test_of_a_block():
    """A block has no arguments and no value."""

    class Both(MicroBenchBase, MBFunctionCall, MBReturnValue):
        pass

    bench = Both()
    with bench.record():
        pass
    call = call_of(bench)
    assert (call['args'], call['kwargs']) == ([], {})
    assert 'return_value' not in call


def test_as_they_were_before_the_call():
    """Containers that the function changes are stored as they were before."""
    bench = Call()

    @bench
    def spoil(items, *, more):
        items.clear()
        more['a'] = 2

    spoil([1, [2]], more={'a': 1})
    call = call_of(bench)
    assert (call['args'], call['kwargs']) == ([[1, [2]]], {'more': {'a': 1}})


def test_the_function_gets_the_real_arguments():
    """The function gets its arguments, not copies."""
    bench = Call()
    argument = [1]
    assert bench(lambda a: a)(argument) is argument


def test_a_method_has_its_object_first():
    """A method's object cannot be encoded: one warning and one placeholder."""
    bench = Call()

    class Thing:
        @bench
        def method(self, a):
            return a

    with pytest.warns(JSONEncodeWarning, match='Thing') as caught:
        assert Thing().method(5) == 5
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert call_of(bench)['args'] == [PLACEHOLDER, 5]


def test_arguments_that_are_no_json():
    """There is one warning for each bad argument, also if it contains itself."""
    bench = Call()
    loop = []
    loop.append(loop)
    with pytest.warns(JSONEncodeWarning) as caught:
        bench(lambda *a, **k: None)(object(), loop, [object()], 1, a=object())
    assert len(caught) == 4
    call = call_of(bench)
    assert call['args'] == [PLACEHOLDER] * 3 + [1]
    assert call['kwargs'] == {'a': PLACEHOLDER}


def test_numbers_that_are_none():
    """NaN and infinities become null, without a warning."""
    bench = Call()
    bench(lambda *a: None)(float('nan'), [float('inf')])
    assert call_of(bench)['args'] == [None, [None]]


def test_an_argument_named_like_a_field_of_microbench():
    """Keywords called self, func, args or kwargs pass through."""
    bench = Call()
    given = dict.fromkeys(['self', 'func', 'args', 'kwargs', 'begin', 'bm_data'], 1)
    assert bench(lambda **k: k)(**given) == given
    assert call_of(bench)['kwargs'] == given


@pytest.mark.parametrize(
    'value', [None, 5, 'text', [1, {'a': None}], {'b': 2}, '\ud800', 2**70]
)
def test_return_values(value):
    """The return value is stored, null included."""
    bench = Value()
    assert bench(lambda: value)() is value
    assert call_of(bench)['return_value'] == readable(value)


def test_a_return_value_that_is_no_json():
    """The caller gets the value, the record a placeholder, with one warning."""
    bench = Value()
    value = object()
    with pytest.warns(JSONEncodeWarning) as caught:
        assert bench(lambda: value)() is value
    assert len(caught) == 1
    assert call_of(bench)['return_value'] == PLACEHOLDER


def test_the_value_of_the_last_iteration():
    """The value is that of the last iteration, as the caller gets it."""
    bench = Value(iterations=3)
    values = iter('abc')
    assert bench(lambda: next(values))() == 'c'
    assert call_of(bench)['return_value'] == 'c'


def test_no_value_with_an_exception():
    """A call that raises has no return value."""
    bench = Value()
    with pytest.raises(ZeroDivisionError):
        bench(lambda: 1 / 0)()
    assert 'return_value' not in call_of(bench)


def test_of_a_coroutine_function():
    """The value is the awaited one, the arguments are those of the call."""

    class Both(MicroBench, MBFunctionCall, MBReturnValue):
        pass

    bench = Both()

    @bench
    async def work(a, *, b):
        return [a, b]

    assert asyncio.run(work(1, b=2)) == [1, 2]
    call = call_of(bench)
    assert (call['args'], call['kwargs']) == ([1], {'b': 2})
    assert call['return_value'] == [1, 2]


def test_an_array():
    """Arrays of numpy are stored as lists."""
    numpy = pytest.importorskip('numpy')

    class Both(MicroBenchBase, MBFunctionCall, MBReturnValue):
        pass

    bench = Both()
    bench(lambda a: a * 2)(numpy.arange(800))
    call = call_of(bench)
    assert call['args'] == [list(range(800))]
    assert call['return_value'] == list(range(0, 1600, 2))
