"""JSON with and without orjson: the same values in the same order, to write and to read."""

import ast
import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench import json_library
from microbench.encoding import json_encoder
from microbench.results import reading
from tests.fakes import FREE_THREADED, JSON_LIBRARIES, ROOT, json_by


def each_way(function, *args):
    """Return the results of a function with each library; a failure is its type."""
    found = []
    for name in JSON_LIBRARIES:
        with json_by(name):
            try:
                found.append(function(*args))
            except (ValueError, RecursionError) as error:
                found.append(isinstance(error, ValueError))
    return found


# --- writing --------------------------------------------------------------------------


class Level(enum.IntEnum):
    LOW = 1


class Colour(str, enum.Enum):
    RED = 'röd'


class Text(str):
    __slots__ = ()

    def __str__(self):
        return 'not the text'


class Number(int):
    def __repr__(self):
        return 'not the number'


Point = namedtuple('Point', 'x y')


@dataclasses.dataclass
class Item:
    _name: object
    at: object


LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.floats(), st.text(max_size=5)),
    st.integers(-(2**65), 2**65),
    st.text('\ud800\udfff\udce9"\\\n\0\x7f\u2028 😀', max_size=4),
    st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30, -0.0, 5e-324, 1e16]),
    st.sampled_from([Level.LOW, Colour.RED, Text('ä'), Number(3), Number(2**70), object()]),
    st.sampled_from([dt.timedelta(1), dt.timezone.utc, decimal.Decimal('1.50'), 1 + 2j]),
    *(st.datetimes(), st.dates(), st.times(), st.uuids(), st.binary(max_size=3)),
    *(st.floats(width=32).map(np.float32), st.floats().map(np.float64)),
    st.integers(-128, 127).map(np.int8),
    st.lists(st.floats(), max_size=3).map(np.array),
    st.lists(st.integers(-5, 5), max_size=3).map(np.array),
    st.sets(st.integers(), max_size=3),
)
KEYS = st.one_of(
    st.text(max_size=3),
    *(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()),
    st.sampled_from([Text('ä'), Number(3), Level.LOW, Colour.RED, uuid.UUID(int=1)]),
    st.sampled_from(['\ud800', np.float64(1e-7), np.str_('ä'), dt.date.max, (1, 2)]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=4),
        st.dictionaries(st.text(max_size=3), inner, max_size=4).map(OrderedDict),
        st.dictionaries(KEYS, inner, max_size=3),
        st.lists(st.text(max_size=3), max_size=4).map(Counter),
        *(st.builds(Point, inner, inner), st.builds(Item, inner, inner)),
    ),
    max_leaves=12,
)


@pytest.mark.filterwarnings('ignore::microbench.JSONEncodeWarning')
@given(VALUES)
def test_written_values_are_equal(value):
    """Values, types and order are equal; a number may have another text."""

    def written():
        text = json_encoder.encode(value, None)
        assert text.isascii()
        return json.dumps(json.loads(text))

    first, *others = each_way(written)
    assert others == [first] * len(others)


# --- reading --------------------------------------------------------------------------


def matching(pattern):
    """Return texts that match from end to end."""
    return st.from_regex(pattern, fullmatch=True)


def in_braces(items):
    """Return the text of an object."""
    inside = ', '.join(f'{key}: {value}' for key, value in items)
    return '{' + inside + '}'


NUMBERS = matching(r'-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][-+]?\d{1,3})?')
STRINGS = matching(r'"([a\x7fé😀]|\\[ntu"/]|\\u[dD][89cCeE]\d\d|\\u00\d\d)*"')
WORDS = st.sampled_from(['null', 'true', 'NaN', '-Infinity', '[', '}', '\ufeff', '\0'])
NAMES = st.sampled_from(['"a"', '"b"', '1'])
TEXTS = st.recursive(
    NUMBERS | STRINGS | WORDS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f'[{",".join(items)}]'),
        st.lists(st.tuples(NAMES, inner), max_size=3).map(in_braces),
    ),
    max_leaves=8,
).map(str.encode)


@given(TEXTS)
@example(b'-0')
@example(b'18446744073709551616')
@example(b'{"a": 1, "a": 2}')
@example(b'"\xff"')
@example(b'"\\ud800"')
@example(b'[' * 5000 + b']' * 5000)
@example(b'[' * 100_000)
def test_read_values_are_equal(text):
    """Both libraries accept and reject the same texts."""
    first, *others = map(repr, each_way(json_library.loads, text))
    assert others == [first] * len(others)


@given(st.lists(TEXTS | st.just(b'{"mb": {"run_id": "x"}}'), max_size=5))
def test_read_lines_are_equal(lines):
    """Lines read in one call equal those read singly, with damaged ones too."""

    def read():
        found = reading.Lines([b'\n'.join(lines)])
        return list(found), found.damaged

    first, *others = map(repr, each_way(read))
    assert others == [first] * len(others)


# --- what is installed ----------------------------------------------------------------


@pytest.mark.skipif(FREE_THREADED, reason='free-threaded builds have no orjson')
def test_ordinary_builds_have_orjson():
    """Ordinary builds require orjson, so these tests compare two libraries."""
    assert JSON_LIBRARIES == ['orjson', 'stdlib']


def test_one_module_imports_orjson():
    """No other module has to expect that orjson is missing."""
    importers = {
        path.name
        for path in ROOT.joinpath('microbench').rglob('*.py')
        for node in ast.walk(ast.parse(path.read_text('utf-8')))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and 'orjson' in ast.unparse(node).replace('.', ' ').split()
    }
    assert importers == {'json_library.py'}
