"""The words after `-f`: texts, and typed values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.cli.args.fields import field
from microbench.cli.words import UsageError
from tests.cli.conftest import OUT


@pytest.mark.parametrize(
    ('word', 'expected'),
    [
        ('rank=0', ('rank', '0')),
        ('rank:=0', ('rank', 0)),
        ('rank:=-1.5e3', ('rank', -1500.0)),
        ('on:=true', ('on', True)),
        ('gone:=null', ('gone', None)),
        ('text:="0"', ('text', '0')),
        ('list:=[1, {"a": []}]', ('list', [1, {'a': []}])),
        ('spaces:= 1 ', ('spaces', 1)),
        ('large:=9007199254740993', ('large', 2**53 + 1)),
        ('a=b:=c', ('a', 'b:=c')),
        ('a:b=c', ('a:b', 'c')),
        ('a::=1', ('a:', 1)),
        ('empty=', ('empty', '')),
    ],
)
def test_values(word, expected):
    """The first `=` divides; a colon before it asks for JSON."""
    assert field(word) == expected
    assert type(field(word)[1]) is type(expected[1])


WRONG = {
    'a:=yes': "'yes' is not JSON",
    'a:=': "'' is not JSON",
    "a:='x'": 'is not JSON',
    'a:=01': "'01' is not JSON",
    'a:=NaN': 'NaN is not a number of JSON',
    'a:=[-Infinity]': '-Infinity is not a number of JSON',
    'a:=1e999': '1e999 is beyond the numbers of readers',
    'a:={"k":1,"x":{"k":1,"k":2}}': "the key 'k' comes twice",
    'a:=' + '[' * 100_000: 'is nested too deeply',
    'a:=' + '9' * 5000: 'cannot be stored: Exceeds the limit',
    ':=1': 'has no key: type KEY:=JSON',
    ' :=1': 'has no key: type KEY:=JSON',
    '=1': 'has no key: type KEY=VALUE',
    'a': "has no '='",
}


@pytest.mark.parametrize('word', WRONG, ids=lambda word: word[:20])
def test_wrong_ones(word):
    """One sentence names the mistake and the option."""
    with pytest.raises(UsageError) as error:
        field(word)
    assert WRONG[word] in str(error.value)
    assert str(error.value).startswith('argument -f/--field: ')
    assert '\n' not in str(error.value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).filter(lambda value: value not in (float('inf'), float('-inf')))


@given(PLAIN)
def test_any_value(value):
    """A JSON value comes back unchanged, unless JSON lacks the number."""
    text = json.dumps(value)
    if 'Infinity' not in json.dumps(value):
        assert field(f'a:={text}') == ('a', value)


def test_in_the_record(command):
    """Typed values stand beside texts; the last of one name counts; masking holds."""
    words = ('-f', 'a=1', '-f', 'a:=1', '-f', 'b:={"token": "x", "n": [1, 2]}', '-f', 'c=1')
    outcome = command(*OUT, *words, '--redact', '*token*', '--', 'true')
    assert (outcome.status, outcome.stderr) == (0, '')
    [record] = outcome.records
    assert (record['a'], record['c']) == (1, '1')
    assert record['b'] == {'token': '***', 'n': [1, 2]}


def test_names_are_checked_without_their_colon(command):
    """Names that every record has are rejected, with or without a colon."""
    outcome = command('-f', 'call:=1', '--', 'true')
    assert outcome.status == 2
    assert "argument -f/--field: 'call' is part of every record" in outcome.stderr
