"""The decoder in C reads what json.loads() reads, or leaves it to that."""

import gc
import io
import json
import math
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import _core
from microbench.results import reading, shapes
from tests.fakes import printed

KEYS = st.sampled_from(['a', 'b', 'a.b', 'ä', '"', '\\', '']) | st.text(max_size=3)
# Texts whose ends are easily mistaken: quotes and backslashes.
TEXTS = st.text('"\\ab', max_size=4) | st.text(max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**18, 2**63, -(2**64), 10**40, 0, -1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.dictionaries(KEYS, VALUES, max_size=6)
# Files in which records and parts of them repeat, as they do in files of one program.
FILES = st.lists(RECORDS, max_size=4).flatmap(
    lambda some: st.lists(st.sampled_from(some or [{}]) | RECORDS, max_size=12)
)
# As microbench writes them, as 2.1.0 did, and as other programs may.
SEPARATORS = [(',', ':'), (', ', ': '), (' ,\t', '\r: ')]


class Unable:
    """A decoder that leaves everything to Python."""

    def decode(self, _block):
        return None


def exactly(value):
    """Return text that differs for values of other types, orders, signs and digits."""
    return repr(value)


def lines_of(records, **options):
    """Return records as a file."""
    lines = (json.dumps(record, **options).encode() + b'\n' for record in records)
    return b''.join(lines)


def read(data, empty=None, *, flat, slow=False, size=64):
    """Return the records of a file, and how many lines are damaged."""
    lines = reading.Lines(reading.blocks(io.BytesIO(data), size=size))
    convert = partial(shapes.flattened, names=_core.FlatNames('', empty))
    decoder = Unable() if slow else _core.Decoder(flat, empty)
    lines.decode_with(decoder, convert if flat else lambda record: record)
    return list(lines), lines.damaged


# --- intact files ----------------------------------------------------------------------


@given(FILES, st.booleans(), st.sampled_from(SEPARATORS))
def test_records_are_those_of_json(records, ascii_only, separators):
    """Values, their types and the order of names are those of json.loads()."""
    decoder = _core.Decoder()
    data = lines_of(records, ensure_ascii=ascii_only, separators=separators)
    for _ in range(3):
        assert exactly(decoder.decode(data)) == exactly(records)


@given(st.lists(st.tuples(RECORDS, st.sampled_from(SEPARATORS)), max_size=8))
def test_blanks_between_values(pairs):
    """Records of one file may differ in the blanks around their values."""
    decoder = _core.Decoder()
    data = b''.join(lines_of([record], separators=pair) for record, pair in pairs * 2)
    assert exactly(decoder.decode(data)) == exactly([record for record, _ in pairs * 2])


@given(FILES, st.sampled_from([None, '{}']))
def test_flat_records_are_those_of_python(records, empty):
    """Flat names are those that shapes.flattened() gives."""
    data = lines_of(records)
    fast = read(data, empty, flat=True)
    assert exactly(fast) == exactly(read(data, empty, flat=True, slow=True))


@given(st.lists(TEXTS, min_size=1, max_size=12), st.booleans())
def test_texts_under_one_name(texts, ascii_only):
    """A text is never mistaken for the one before it."""
    records = [{'text': text} for text in texts]
    decoder = _core.Decoder()
    assert decoder.decode(lines_of(records, ensure_ascii=ascii_only)) == records


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        (rb'"\/\b\f\n\r\t\"\\"', '/\b\f\n\r\t"\\'),
        (rb'"\u0000\u00e9\u20ac\uD83D\ude00"', '\0é€\U0001f600'),
        ('"é€\U0001f600"'.encode(), 'é€\U0001f600'),
        ('"é\\n€"'.encode(), 'é\n€'),
        (b'"\x7f"', '\x7f'),
    ],
)
def test_escapes_and_utf8(text, value):
    """All escapes of JSON are read, and UTF-8."""
    assert _core.Decoder().decode(b'{"a":%b}' % text) == [{'a': value}]


NUMBERS = st.from_regex(
    r'-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?', fullmatch=True
)


@given(st.lists(NUMBERS, min_size=1))
def test_numbers_in_any_form(numbers):
    """Each number is the int or float of json.loads(); infinity is left to that."""
    decoder = _core.Decoder()
    for number in numbers:
        found = decoder.decode(b'{"n":%b}' % number.encode())
        expected = json.loads(number)
        if expected in (math.inf, -math.inf):
            assert found is None
        else:
            assert exactly(found) == exactly([{'n': expected}])


@pytest.mark.parametrize(('digits', 'is_read'), [(640, True), (641, False)])
def test_very_long_integers(digits, is_read):
    """As many digits are read as each configuration of Python allows."""
    number = int('9' * digits)
    found = _core.Decoder().decode(b'{"n":%d}' % number)
    assert found == ([{'n': number}] if is_read else None)


def test_blank_lines_and_ends_of_lines():
    """Blank lines are skipped; CRLF ends lines, and the last one may lack its end."""
    data = b'\n \t\n{"n":1}\r\n\n{ "n" : 2 } \n  {"n":3}'
    assert _core.Decoder().decode(data) == [{'n': n} for n in (1, 2, 3)]
    assert _core.Decoder().decode(b'') == _core.Decoder().decode(b'\n\r\n') == []


# --- what is left to Python ------------------------------------------------------------


@pytest.mark.parametrize(
    'line',
    [
        *(b'{"n":NaN}', b'{"n":-Infinity}', b'{"n":1e999}', rb'{"n":"\ud800"}'),
        *(rb'{"n":"\udc00\ud800"}', rb'{"n":"\ud800\u0041"}', b'{"n":"\xed\xa0\x80"}'),
        *(b'{"n":1,"n":2}', b'{"n":{"a":1,"a":1}}', b'\xef\xbb\xbf{"n":1}'),
        *(b'{"n":01}', b'{"n":1.}', b'{"n":+1}', b'{"n":0x1}', b'{"n":1_0}', b'{"n":-}'),
        *(b'{"n":fall}', b'{"n":nul', b'{"n":True}', b'{"n":}', b'{"n"}', b'{"n" 1}'),
        *(b'{"n":1,}', b'{,}', b'{"n":[1,]}', b'{"n":[,]}', b'{"n":[1 2]}', b'{"n":[1}'),
        *(b'{"n":1', b'{"n":"a', b'{"n":"a\\', b'{"n":"\\x"}', b'{"n":"\\u12g4"}', b'{'),
        *(b'{"n":1}}', b'{"n":1}{"n":2}', b'{"n":1} x', b'{"n":"\t"}', b'{"n":"\0"}'),
        *(b'{"n":1}\0', b'\0', b'[]', b'1', b'"a"', b'null', b'{n:1}', b"{'n':1}"),
        *(b'{"n":\n1}', b'{"n":"a\nb"}', b'{"n":"\\\n"}', b'{"n":1}\x0b', b'\x0c'),
        b'{"n":"\xff"}',
        b'{"n":1 \xc2\xa0}',
    ],
)
@pytest.mark.parametrize('flat', [False, True])
def test_other_lines_are_left_to_python(line, flat):
    """What is not one record of strict JSON is not read, whatever stands around it."""
    for data in (line, b'{"n":1}\n' + line, line + b'\n{"n":1}\n'):
        assert _core.Decoder(flat).decode(data) is None


@pytest.mark.parametrize(('levels', 'is_read'), [(99, True), (100, False)])
@pytest.mark.parametrize('flat', [False, True])
@pytest.mark.parametrize(('begin', 'end'), [(b'[', b']'), (b'{"a":', b'}')])
def test_depth_is_limited(levels, is_read, flat, begin, end):
    """Records that nest more deeply than a hundred levels are left to Python."""
    line = b'{"a":' + begin * levels + b'1' + end * levels + b'}'
    found = _core.Decoder(flat).decode(line)
    assert (found is not None) == is_read
    if is_read and not flat:
        assert found == [json.loads(line)]


@pytest.mark.parametrize('line', [b'{"a":{"b":1},"a.b":2}', b'{"a":{"b":{}},"a.b":{}}'])
def test_names_that_are_equal_when_flat(line):
    """Two values of one flat name are left to Python, every time."""
    decoder = _core.Decoder(True)
    for _ in range(5):
        assert decoder.decode(line) is None
        assert decoder.decode(b'{"a":{"b":1}}') == [{'a.b': 1}]


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(['cut', 'insert', 'replace', 'glue']),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(
            [b'\0', b'\n', b'"', b'{', b'}', b'\\', b'\xff', b'NaN', b'7', b',']
        ),
    ),
    max_size=4,
)


def damaged(data, changes):
    """Return a file after changes at relative places."""
    for kind, where, what in changes:
        place = int(where * len(data))
        behind = {'cut': 7, 'insert': 0, 'replace': len(what)}.get(kind, 0)
        if kind == 'glue':
            place = max(data.rfind(b'\n', 0, place), 0)
            what, behind = b'', 1
        data = data[:place] + what + data[place + behind :]
    return data


@given(FILES, DAMAGE, st.booleans(), st.sampled_from([1, 64, 4096]))
def test_damaged_files_are_read_as_by_python(records, changes, flat, size):
    """Torn, glued and overwritten lines: records, counts and order are the same."""
    opened = [{'mb': {'run_id': 'r'}, **record} for record in records]
    data = damaged(lines_of(opened, separators=(',', ':')), changes)
    fast = read(data, flat=flat, size=size)
    assert exactly(fast) == exactly(read(data, flat=flat, size=size, slow=True))


# --- shapes ----------------------------------------------------------------------------


def test_containers_are_never_shared():
    """A record that is changed changes no other one; nor does a list in it."""
    line = b'{"a":{"b":[1,{"c":[]}],"d":{}},"e":[[2]],"f":{}}\n'
    for flat in (False, True):
        records = _core.Decoder(flat).decode(line * 9)
        inner = [
            id(value)
            for record in records
            for value in [record, *record.values()]
            if isinstance(value, (list, dict))
        ]
        assert len(set(inner)) == len(inner)
    records = _core.Decoder().decode(line * 9)
    for before, after in pairwise(records):
        before['a']['b'][1]['c'].append(1)
        before['a']['d']['x'] = before['e'][0][0] = before['f']['y'] = 7
        assert after == json.loads(line)


def test_values_that_repeat_are_one_object():
    """Equal texts and numbers of several records take memory once."""
    line = b'{"a":{"host":"node07.example","n":123456789},"b":[1.5],"c":"some text"}\n'
    first, second, third = _core.Decoder().decode(line * 3)
    assert first['c'] is second['c'] is third['c']
    assert second['a']['host'] is third['a']['host']
    assert second['a']['n'] is third['a']['n']
    assert next(iter(first['a'])) is next(iter(third['a']))


@pytest.mark.parametrize('flat', [False, True])
def test_names_that_come_and_go(flat):
    """Optional names, other orders and several shapes in turn are all read."""
    shapes_in_turn = [
        {'a': 1, 'b': {'c': 1, 'd': []}, 'e': 'x'},
        {'a': 1, 'e': 'x'},
        {'e': 'y', 'a': 1},
        {'a': {'a': 2}, 'b': {}, 'e': {}},
        {'a': 1, 'b': {'d': [], 'c': 2.5}, 'e': None},
        {},
    ]
    records = [{**record, 'n': n} for n in range(5) for record in shapes_in_turn]
    data = lines_of(records)
    found = _core.Decoder(flat).decode(data)
    expected = [shapes.flattened(record) for record in records] if flat else records
    assert exactly(found) == exactly(expected)


def test_many_different_names_at_one_place():
    """With more names than are remembered, each record still has its own."""
    records = [
        {'by': {f'key {n}': n, f'and {n % 7}': {'x': n}}, 'last': n} for n in range(300)
    ]
    data = lines_of(records)
    assert exactly(_core.Decoder().decode(data)) == exactly(records)
    assert _core.Decoder(True).decode(data) is None
    assert exactly(read(data, flat=True)) == exactly(read(data, flat=True, slow=True))


@pytest.mark.parametrize('width', [4_090, 9_000, 40_000])
def test_an_object_of_very_many_names(width):
    """Names beyond those that are remembered are read as well, with what is below them."""
    large = {f'k{n}': n if n % 5 else {'x': [n, {'y': n}]} for n in range(width)}
    records = [{'large': large, 'n': n} for n in range(3)]
    assert exactly(_core.Decoder().decode(lines_of(records))) == exactly(records)


def test_more_objects_than_are_remembered():
    """Once the memory for names is full, objects in lists and in each other are read."""
    by_name = {
        f'a{n}': {f'b{n}-{m}': [n, {'c': {}, f'd{m}': m}] for m in range(60)}
        for n in range(600)
    }
    records = [{'x': by_name, 'y': [[{f'e{n}': n}] for n in range(50)]}, {'x': 1}, {'z': 2}]
    decoder = _core.Decoder()
    for _ in range(2):
        assert exactly(decoder.decode(lines_of(records))) == exactly(records)


@pytest.mark.parametrize('again', ['k0', 'k5000', 'k39999'])
def test_a_name_that_comes_twice_in_a_large_object(again):
    """Python decides which of its values counts."""
    members = [*(f'"k{n}":{n}' for n in range(40_000)), f'"{again}":-1']
    line = f'{{{",".join(members)}}}\n'.encode()
    assert _core.Decoder().decode(line) is None
    assert read(line, flat=False)[0] == [json.loads(line)]


def test_a_decoder_that_is_in_use_reads_nothing():
    """A finalizer that decodes in the middle of another call changes nothing there."""
    decoder, inside = _core.Decoder(), []
    data = b'{"a":{"b":[1]}}\n' * 500
    threshold = gc.get_threshold()

    def collecting(phase, _info):
        if phase == 'start':
            inside.append(decoder.decode(b'{"x":1}'))

    gc.callbacks.append(collecting)
    gc.set_threshold(1)
    try:
        found = decoder.decode(data)
        gc.collect()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(collecting)
    assert found == [{'a': {'b': [1]}}] * 500
    assert inside
    assert all(one in (None, [{'x': 1}]) for one in inside)


def test_after_blocks_it_cannot_read_the_decoder_rests():
    """A file that only the module json reads is not tried block by block."""
    tried = []

    class Recording(Unable):
        def decode(self, block):
            tried.append(block)
            return [json.loads(block)] if b'good' in block else None

    bad, good = b'{"n":NaN}\n', b'{"good":1}\n'
    lines = reading.Lines([bad] * 200 + [good] * 100 + [bad] * 2)
    lines.decode_with(Recording(), lambda record: record)
    assert len(list(lines)) == 302
    assert tried.count(bad) == 9 + 2
    assert tried.count(good) == 45
    assert lines.damaged == 0


def test_intact_results_need_no_json_library(tmp_path):
    """Reading them imports neither orjson nor json."""
    path = tmp_path / 'results.jsonl'
    path.write_bytes(lines_of([{'a': {'b': [1.5, 'x', None]}}] * 3))
    code = """
import sys
from microbench import FileOutput
for flat in False, True:
    FileOutput(sys.argv[1]).get_results(flat=flat)
print(sorted({'orjson', 'json'} & set(sys.modules)))
"""
    assert printed(code, str(path)) == '[]\n'


def test_other_arguments_are_refused():
    """Only bytes are decoded."""
    for other in ('{}', bytearray(b'{}'), None):
        with pytest.raises(TypeError, match='bytes are needed'):
            _core.Decoder().decode(other)
