"""Lines that other programs, systems and accidents leave in result files."""

import io
import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MicroBenchBase


def read(contents):
    """Return the records in a file with these contents."""
    return FileOutput(io.BytesIO(contents.encode('utf-8'))).get_results()


def record(name):
    """Return a line as microbench writes it, without its newline."""
    bench = MicroBenchBase()
    with bench.record(name):
        pass
    return bench._bench_config.delivery.sinks[0].outfile.getvalue().rstrip('\n')


def test_line_ends_of_other_systems():
    """A file that went through another system is read."""
    assert read('{"n": 1}\r\n{"n": 2}\r\n\r\n') == [{'n': 1}, {'n': 2}]


def test_a_carriage_return_within_a_record():
    """Between tokens a carriage return is white space, and ends no line."""
    assert read('{"n":\r1}\n') == [{'n': 1}]


def test_a_byte_order_mark():
    """A byte order mark of an editor at the beginning is skipped."""
    assert read('\ufeff{"n": 1}\n{"n": 2}\n') == [{'n': 1}, {'n': 2}]


def test_repeated_keys():
    """Of a repeated key the last value counts, as with json."""
    assert read('{"a": 1, "a": 2}') == [{'a': 2}]


def test_numbers_are_exact():
    """Integers stay integers, floats stay floats, at full precision."""
    text = '{"a": 9007199254740993, "b": 0.1, "c": 1.0, "d": 18446744073709551615}'
    [found] = read(text)
    assert found == {'a': 2**53 + 1, 'b': 0.1, 'c': 1.0, 'd': 2**64 - 1}
    assert [type(found[name]) for name in 'abcd'] == [int, float, float, int]


def test_an_integer_beyond_all_limits():
    """An integer that Python refuses to parse damages its line only."""
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        assert read(f'{{"a": {"9" * 5000}}}\n{{"n": 1}}') == [{'n': 1}]


@pytest.mark.parametrize('line', ['[' * 100_000, '{"a":' * 100_000])
def test_nesting_beyond_all_limits(line):
    """Nesting beyond all limits damages its line only."""
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        assert read(f'{line}\n{{"n": 1}}') == [{'n': 1}]


def test_deep_nesting():
    """Anything that the encoder writes, however deep, is read back."""
    value = []
    for _ in range(500):
        value = [value]
    bench = MicroBenchBase(deep=value)
    with bench.record():
        pass
    assert bench.get_results()[0]['deep'] == value


def test_a_line_of_several_torn_and_whole_records():
    """Complete records are read, wherever on the line they are."""
    line = record('x')[:50] + record('a') + record('y')[:-2] + record('b')
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        found = read(line)
    assert [r['call']['name'] for r in found] == ['a', 'b']


@given(st.lists(st.integers(0, 400)))
def test_torn_anywhere(cuts):
    """After lines cut off anywhere, the record on the next line is always read."""
    torn = record('torn')
    contents = '\n'.join([*(torn[:cut] for cut in cuts), record('whole')])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        found = read(contents)
    assert found[-1]['call']['name'] == 'whole'


@given(st.integers(0, 400))
def test_glued_anywhere(cut):
    """A record glued to a line that was cut off anywhere is found."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        found = read(record('torn')[:cut] + record('whole'))
    assert found[-1]['call']['name'] == 'whole'


def test_text_that_quotes_a_record():
    """A record within a string of another is text."""
    quoted = json.dumps({'text': record('quoted')})
    assert [list(found) for found in read(quoted)] == [['text']]
