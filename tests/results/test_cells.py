"""Frames of lines that the C core reads are those that Python makes of the records."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microbench import _core
from microbench.results import quick, tables
from microbench.results.reading import Lines
from microbench.results.tidy import OF_SHAPE
from tests.results.test_quick import LISTS


def of_lines(lines, shape):
    """Return the columns that the C core makes, as far as it can."""
    return tables._columns(Lines(lines.splitlines(keepends=True)), shape)


def of_records(lines, shape):
    """Return the columns of the same records as dicts."""
    return tables._columns(list(Lines([lines])), shape)


@settings(max_examples=40)
@given(st.sampled_from(list(OF_SHAPE)), LISTS, st.integers(1, 3))
def test_the_same_columns(shape, records, times):
    """Values, their types, kinds and the order of columns."""
    lines = ''.join(json.dumps(each) + '\n' for each in records * times).encode()
    assert repr(of_lines(lines, shape)) == repr(of_records(lines, shape))


LINE = b'{"mb":{"run_id":"1"},"call":{"name":"f","durations":[1.5],"timings":%s},"n":%s}\n'
PHASES = b'[{"name":"a","duration":%s},{"name":"b","duration":2}]'


@pytest.mark.parametrize(
    'odd',
    [
        LINE % (PHASES % b'null', b'1'),  # its first phase is dropped again
        LINE % (b'[{"name":"a","duration":1},{"name":7,"duration":2}]', b'"x"'),
        LINE % (PHASES % b'1', b'"\\ud800"'),
        LINE % (PHASES % b'1', b'12345678901234567890123'),
        LINE % (PHASES % b'1', b'[1,{"a":2}]'),
        LINE % (PHASES % b'1', b'{"a":{}}'),
        LINE.replace(b'f', b'\xc3\xa4') % (PHASES % b'0.1', b'1e300'),
        LINE[:40] + b'\n',
        b'{"function_name":"old","run_durations":[1],"start_time":"2020-01-01T00:00:00Z"}\n',
    ],
)
def test_odd_lines_among_usual_ones(odd):
    """They are read as ever, at their places; no row is there twice."""
    usual = LINE % (PHASES % b'0.25', b'7')
    lines = usual * 3 + odd + usual * 2 + odd
    for shape in quick.OWN:
        assert repr(of_lines(lines, shape)) == repr(of_records(lines, shape))


def test_texts_with_escapes_beside_equal_ones():
    """A text is taken from the line before only if it is the same value."""
    names = ['"\\\\\\""', '"\\""', '"\\\\"', '"a"', '"a"', '"\\u0061"', '"ab"', '"a\\"b"']
    lines = ''.join(f'{{"call":{{"name":{name},"durations":[1]}}}}\n' for name in names)
    found = of_lines(lines.encode(), 'runs')['call.name'].values
    assert found == [json.loads(name) for name in names]
    assert found[3] is found[4]


def test_most_lines_are_left_to_the_core(monkeypatch):
    """Only the first record of a kind becomes an object of Python."""
    added = []
    add = quick.Quick.add
    monkeypatch.setattr(quick.Quick, 'add', lambda self, r: (added.append(r), add(self, r)))
    lines = b''.join(LINE % (PHASES % b'0.25', b'%d' % n) for n in range(50))
    found = of_lines(lines, 'runs')
    assert found['n'] == ('integer', list(range(50)))
    assert len(added) == 1


def test_wrong_calls_of_the_core():
    """A column has a list where rows are kept in lists, and else none."""
    for reader, values in (
        (_core.RowReader(_core.ROW_SHAPES['runs'], True), None),
        (_core.RowReader(_core.ROW_SHAPES['runs']), []),
    ):
        with pytest.raises(ValueError, match='has a list'):
            reader.add_column(_core.ROW_COLUMNS['field'], b'c', values=values)
