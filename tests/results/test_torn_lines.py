"""The beginnings of records that a killed write leaves are found and overwritten."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.journal.torn_lines import blank, find
from microbench.journal.written import ids_in
from microbench.results.reading import Lines, blocks, contains, salvaged


def record(number):
    """Return a line as microbench writes it, without its newline."""
    mb = {'run_id': 'r', 'record_id': f'id-{number}'}
    return json.dumps({'mb': mb, 'n': number}, separators=(',', ':')).encode()


WHOLE = record(1)
OTHER = record(2)


def found(contents):
    """Return the texts of the fragments."""
    return [contents[begin:end] for begin, end in find(contents)]


@pytest.mark.parametrize('cut', range(1, len(WHOLE)))
def test_any_beginning_that_is_followed_by_a_newline(cut):
    """Any beginning is a fragment, and the lines around it are not."""
    contents = OTHER + b'\n' + WHOLE[:cut] + b'\n' + OTHER + b'\n'
    assert found(contents) == [WHOLE[:cut]]


@pytest.mark.parametrize('cut', range(1, len(WHOLE)))
def test_a_whole_record_glued_to_it(cut):
    """Only the part before the next opening is a fragment."""
    assert found(WHOLE[:cut] + OTHER + b'\n') == [WHOLE[:cut]]


@pytest.mark.parametrize('blanks', [b'\t', b'\t\t\t', b'  '])
def test_blanks_before_it_are_none_of_it(blanks):
    """Blanks stand for what an earlier write had begun."""
    assert found(blanks + WHOLE[:30] + b'\n') == [WHOLE[:30]]
    assert found(blanks + WHOLE + b'\n') == []


def test_a_fragment_glued_to_a_whole_record():
    """The complete record before a fragment stays."""
    assert found(OTHER + WHOLE[:30] + b'\n') == [WHOLE[:30]]


@pytest.mark.parametrize(
    'line', [b'', b' ', b'nonsense', b'{"a":1', b'[1', WHOLE, b'  ' + WHOLE, b'{}', b'"']
)
def test_text_that_is_no_torn_record(line):
    """Lines of other programs, however broken, are left alone."""
    assert found(line + b'\n') == []


def test_the_end_of_a_file_may_be_a_write_that_goes_on():
    """An end without a newline is left alone."""
    assert found(OTHER + b'\n' + WHOLE[:30]) == []


@given(
    st.lists(
        st.one_of(
            st.integers(0, 9).map(record),
            st.tuples(st.integers(0, 9), st.integers(1, 40)).map(
                lambda pair: record(pair[0])[: pair[1]]
            ),
        ),
        max_size=8,
    )
)
def test_blanks_make_every_line_readable(tmp_path_factory, lines):
    """Complete records read as before, nothing is skipped, and no byte moves."""
    path = tmp_path_factory.mktemp('blank') / 'records.jsonl'
    before = b''.join(line + b'\n' for line in lines)
    path.write_bytes(before)
    whole = [json.loads(line) for line in lines if salvaged(line)]
    count = blank(str(path), lambda text: True)
    after = path.read_bytes()
    assert count == len(lines) - len(whole)
    assert len(after) == len(before)
    assert not any(line.isspace() for line in after.split(b'\n')[:-1])
    assert (
        list(Lines(blocks(io.BytesIO(after)), path)) == whole
    )  # a warning would be an error


def test_only_the_dead_ones(tmp_path):
    """The caller decides by the text which fragments count."""
    path = tmp_path / 'records.jsonl'
    dead, alive = WHOLE[:-1], OTHER[:-1]
    path.write_bytes(dead + b'\n' + alive + b'\n')
    assert blank(str(path), lambda text: text == dead) == 1
    assert path.read_bytes() == b'\t' * (len(dead) + 1) + alive + b'\n'


def test_a_newline_between_two_records_stays(tmp_path):
    """The fragment is glued to a whole one: what follows is another line."""
    path = tmp_path / 'records.jsonl'
    path.write_bytes(OTHER + WHOLE[:30] + b'\n' + WHOLE + b'\n')
    assert blank(str(path), lambda text: True) == 1
    assert path.read_bytes() == OTHER + b'\t' * 30 + b'\n' + WHOLE + b'\n'


def test_what_is_before_the_start_is_left_alone(tmp_path):
    """Only text after the start is read."""
    path = tmp_path / 'records.jsonl'
    path.write_bytes(WHOLE[:30] + b'\n' + OTHER[:30] + b'\n')
    assert blank(str(path), lambda text: True, 31) == 1
    assert path.read_bytes() == WHOLE[:30] + b'\n' + b'\t' * 31


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=30),
    st.sets(st.integers(0, 30)),
)
def test_ids_in_a_block(lines, sought):
    """Ids of complete records are found, also in lines with white space."""
    written = [(json.dumps(json.loads(record(n))).encode(), record(n)) for n, *_ in lines]
    texts = [
        both[spaced][: None if whole else -5]
        for both, (_, spaced, whole) in zip(written, lines, strict=True)
    ]
    whole = {n for n, _, whole in lines if whole}
    names = {f'id-{n}'.encode() for n in sought}
    assert ids_in(b'\n'.join(texts), names) == {f'id-{n}'.encode() for n in whole & sought}


@pytest.mark.parametrize(
    ('contents', 'held'),
    [
        (b'', False),
        (WHOLE, True),
        (OTHER + b'\n' + WHOLE + b'\n', True),
        (WHOLE[:-1] + b'\n', False),
        (WHOLE[:-1] + b'\n' + WHOLE + b'\n', True),
        (OTHER[:30] + WHOLE + b'\n', True),
        (json.dumps({'note': 'id-1'}).encode() + b'\n', False),
        (json.dumps({'mb': 'id-1'}).encode() + b'\n', False),
        (b'id-1\n[]\n', False),
    ],
)
def test_whether_a_file_holds_a_record(contents, held):
    """Only a whole record with this id counts."""
    assert contains(contents, b'id-1') is held
