"""Records as JSON: as the stdlib has it, strict, ASCII, one line, whatever comes."""

import dataclasses
import datetime as dt
import enum
import inspect
import json
import uuid
import warnings
from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    JSONEncoder,
    JSONEncodeWarning,
    MBFunctionCall,
    MBReturnValue,
    MicroBenchBase,
)
from microbench.encoding import json_text
from tests.fakes import JSON_LIBRARIES, Kept, json_by, only, readable

PLACEHOLDER = '__unencodable_as_json__'


@pytest.fixture(params=JSON_LIBRARIES)
def each_library(request):
    """Run a test both with and without orjson."""
    with json_by(request.param):
        yield request.param


def strict(text):
    """Return the value of a text, which has to be strict JSON, ASCII and one line."""

    def refuse(token):
        raise AssertionError(f'{token} is no JSON')

    assert text.isascii()
    assert b'\n' not in text
    return json.loads(text, parse_constant=refuse)


def encoded(value, encoder=None):
    """Return a value after encoding and decoding."""
    return strict(json_text.encode(value, encoder))


def same(first, second):
    """Compare values and their types: 1, 1.0 and True are not the same."""
    return json.dumps(first) == json.dumps(second)


# --- as the stdlib --------------------------------------------------------------------


class Text(str):
    """A user's own str."""

    __slots__ = ()

    def __str__(self):
        return 'not the text'


class Number(int):
    """A user's own int."""

    def __repr__(self):
        return 'not the number'


class Real(float):
    """A user's own float."""

    def __repr__(self):
        return 'not the number'


class Level(enum.IntEnum):
    LOW = 1


class Colour(str, enum.Enum):
    RED = 'röd'


Point = namedtuple('Point', 'x y')

FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), FINITE, st.text()),
    st.text('\ud800\udfff\udce9"\\\n\r\t\0\x1f\x7f\x85\u2028 😀', max_size=5),
    st.sampled_from([2**63, 2**64, -(2**63) - 1, 2**200, -0.0, 5e-324, 1e16, 1e22]),
    st.sampled_from([Level.LOW, Colour.RED, Text('ä'), Number(3), Real(2.5)]),
)
KEYS = st.one_of(st.text(max_size=5), st.integers(), FINITE, st.booleans(), st.none())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=4),
        st.dictionaries(st.text(max_size=5), inner, max_size=3).map(OrderedDict),
        st.builds(Point, inner, inner),
    ),
    max_leaves=20,
)


@given(VALUES)
def test_equal_to_the_stdlib(value):
    """What the stdlib encodes comes out the same, with and without orjson.

    Lone surrogates, which strict readers refuse, are text.
    """
    expected = readable(json.loads(json.dumps(value)))
    for name in JSON_LIBRARIES:
        with json_by(name):
            assert same(encoded(value), expected)
            assert same(strict(json_text.encode_strictly(value)), expected)
    assert same(encoded(value, json.JSONEncoder), expected)


def without_nan(value):
    """Return the value with None in place of numbers that JSON lacks."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value


@given(
    st.recursive(
        st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.just(Real('nan'))),
        lambda v: st.one_of(st.lists(v), st.dictionaries(st.text(max_size=3), v)),
        max_leaves=10,
    )
)
def test_strict_always(value):
    """NaN and infinities become null, at any depth, without a warning."""
    for name in JSON_LIBRARIES:
        with json_by(name):
            assert same(encoded(value), without_nan(value))
    assert same(encoded(value, JSONEncoder), without_nan(value))
    assert same(encoded(value, json.JSONEncoder), without_nan(value))


@pytest.mark.parametrize('depth', [99, 100, 101, 190])
@pytest.mark.parametrize('wrap', [lambda v: [v], lambda v: {'a': v}, lambda v: (v,)])
def test_depths(each_library, depth, wrap):
    """Values are equal around the depths at which one way of encoding ends."""
    value = float('nan')
    for _ in range(depth):
        value = wrap(value)
    text = json_text.encode(value)
    assert text.count(b'[') + text.count(b'{') == depth
    assert b'null' in text
    strict(text)


# --- more than JSON knows -------------------------------------------------------------

MOMENT = dt.datetime(2026, 3, 1, 9, 30, 0, 123456)  # noqa: DTZ001 - naive
IN_ZONE = MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=-5)))
KNOWN = [
    (MOMENT, '2026-03-01T09:30:00.123456'),
    (IN_ZONE, '2026-03-01T09:30:00.123456-05:00'),
    (MOMENT.replace(microsecond=0), '2026-03-01T09:30:00.000000'),
    (dt.date.max, '9999-12-31'),
    (dt.date(2026, 3, 1), '2026-03-01'),
    (dt.time(9, 30), '09:30:00.000000'),
    (dt.timedelta(days=1, milliseconds=1), 86400.001),
    (dt.timedelta(microseconds=-1), -0.000001),
    (dt.timezone.utc, 'UTC'),
    (dt.timezone(dt.timedelta(hours=10)), 'UTC+10:00'),
    (dt.timezone(dt.timedelta(0), 'Zürich'), 'Zürich'),
    (uuid.UUID(int=5), '00000000-0000-0000-0000-000000000005'),
    (Level.LOW, 1),
    (Colour.RED, 'röd'),
    (enum.Enum('Plain', {'A': MOMENT}).A, '2026-03-01T09:30:00.123456'),
    (enum.Enum('Plain', {'A': float('inf')}).A, None),
    (enum.Flag('Bits', 'A B').B, 2),
]


@pytest.mark.parametrize(('value', 'expected'), KNOWN, ids=repr)
def test_known_types(each_library, value, expected):
    """Dates, times, enums and UUIDs have a text or a number, wherever they stand."""
    for encoder in (None, JSONEncoder):
        assert same(encoded(value, encoder), expected)
        assert same(encoded({'a': [value]}, encoder), {'a': [expected]})
    assert same(strict(json_text.encode_strictly((value,))), [expected])


def test_numpy(each_library):
    """Scalars become numbers, arrays nested lists."""
    np = pytest.importorskip('numpy')
    values = {
        'ints': [np.int8(-1), np.uint64(2**64 - 1), np.int64(5)],
        'floats': [np.float16(0.5), np.float32(0.25), np.float64(0.1)],
        'bools': [np.bool_(True), np.False_],
        'text': np.str_('ä'),
        'nan': [np.float64('nan'), np.float32('inf'), np.array([1.0, float('nan')])],
        'array': np.arange(4).reshape(2, 2),
        'empty': np.zeros((0, 2)),
        'point': np.array(1.5),
        'objects': np.array(['a', None, [1]], dtype=object),
        'date': np.datetime64('2026-03-01'),
    }
    assert encoded(values) == {
        'ints': [-1, 2**64 - 1, 5],
        'floats': [0.5, 0.25, 0.1],
        'bools': [True, False],
        'text': 'ä',
        'nan': [None, None, [1.0, None]],
        'array': [[0, 1], [2, 3]],
        'empty': [],
        'point': 1.5,
        'objects': ['a', None, [1]],
        'date': '2026-03-01',
    }


# --- a user's own encoder -------------------------------------------------------------


class Mine(JSONEncoder):
    """An encoder that treats everything in its own way, or else in the standard one."""

    def default(self, o):
        if isinstance(o, (enum.Enum, uuid.UUID, set, dt.date)):
            return f'mine: {type(o).__name__}'
        if dataclasses.is_dataclass(o):
            return dataclasses.asdict(o)
        return super().default(o)


class Shade(enum.Enum):
    DARK = 1


@dataclasses.dataclass
class Item:
    name: str
    at: dt.timedelta


def test_a_users_encoder_decides_first(each_library):
    """A user's `default` sees enums, UUIDs and dates before any other code."""
    value = {'e': Shade.DARK, 'u': uuid.UUID(int=1), 's': {1}, 'd': dt.date.max}
    assert encoded({**value, 'm': MOMENT, 't': dt.timedelta(seconds=2)}, Mine) == {
        'e': 'mine: Shade',
        'u': 'mine: UUID',
        's': 'mine: set',
        'd': 'mine: date',
        'm': 'mine: datetime',
        't': 2.0,
    }


def test_a_users_encoder_in_a_bench(each_library):
    """All fields, arguments and results of a record pass through the encoder."""

    class Bench(MicroBenchBase, MBFunctionCall, MBReturnValue):
        pass

    kept = Kept()
    item = Item('a', dt.timedelta(seconds=1.5))
    bench = Bench(outputs=[kept], json_encoder=Mine, field=[item], shade=Shade.DARK)
    bench.capture_more = lambda bm_data: bm_data.update(more=item, nan=float('nan'))
    bench(lambda x: {x})(Shade.DARK)
    record = only(kept.records)
    shown = {'name': 'a', 'at': 1.5}
    assert (record['field'], record['more'], record['nan']) == ([shown], shown, None)
    assert record['shade'] == 'mine: Shade'
    assert record['call']['args'] == ['mine: Shade']
    assert record['call']['return_value'] == 'mine: set'
    assert record['call']['start_time'] == 'mine: datetime'
    assert bench.to_json(item) == '{"name":"a","at":1.5}'


# --- what cannot be encoded -----------------------------------------------------------


class Silent:
    """An object without any text."""

    def __repr__(self):
        raise RuntimeError('repr')

    __str__ = __repr__


class Raising(JSONEncoder):
    """An encoder with a mistake."""

    def default(self, o):
        raise ZeroDivisionError('default')


class Endless(JSONEncoder):
    """An encoder that never comes to an end."""

    def default(self, o):
        return [type(o)()]


def circular():
    loop = {'a': [1]}
    loop['a'].append(loop)
    return loop


def deep_list():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


def deep_dict():
    value = {}
    for _ in range(100_000):
        value = {'a': value}
    return value


def released():
    memory = memoryview(b'abc')
    memory.release()
    return memory


class Odd(dict):
    """A dict whose items cannot be had."""

    def items(self):
        raise KeyError('items')


BAD = {
    'object': (object, None),
    'range': (lambda: range(2), None),
    'released memory': (released, None),
    'class': (lambda: Silent, None),
    'function': (lambda: len, None),
    'generator': (lambda: (x for x in 'abc'), None),
    'lambda': (lambda: lambda: 1, None),
    'silent': (Silent, None),
    'default raises': (object, Raising),
    'default never ends': (Silent, Endless),
}


@pytest.mark.parametrize('name', BAD)
def test_one_place_and_one_warning(each_library, name):
    """A value that cannot be encoded costs its own place; all others are there."""
    make, encoder = BAD[name]
    with pytest.warns(JSONEncodeWarning) as caught:
        text = json_text.encode({'a': 1, 'bad': [0, make(), 2], 'z': 'end'}, encoder)
    record = strict(text)
    assert (record['a'], record['z'], record['bad'][0], record['bad'][2]) == (
        1,
        'end',
        0,
        2,
    )
    assert text.count(PLACEHOLDER.encode()) == len(caught) == 1
    if name != 'default never ends':
        assert record['bad'][1] == PLACEHOLDER


@pytest.mark.parametrize('name', BAD)
def test_strictly(each_library, name):
    """to_json() and encode_strictly() raise where a record would get a placeholder."""
    make, encoder = BAD[name]
    bench = MicroBenchBase(json_encoder=encoder)
    with pytest.raises(Exception, match=r'.'):
        json_text.encode_strictly([make()], encoder)
    with pytest.raises((TypeError, ValueError, ZeroDivisionError)):
        bench.to_json(make())


@pytest.mark.parametrize('make', [circular, deep_list, deep_dict])
def test_without_end(each_library, make):
    """A value that contains itself or is 100000 levels deep gets one placeholder."""
    with pytest.warns(JSONEncodeWarning, match='contains itself|levels deep') as caught:
        text = json_text.encode({'a': make(), 'z': 1})
    assert text.count(PLACEHOLDER.encode()) == len(caught) == 1
    assert strict(text)['z'] == 1


def test_several_bad_values(each_library):
    """Each bad value has its own placeholder and its own warning."""
    with pytest.warns(JSONEncodeWarning) as caught:
        assert encoded([object(), 1, {'a': object()}]) == [
            *(PLACEHOLDER, 1, {'a': PLACEHOLDER})
        ]
    assert len(caught) == 2


def test_a_huge_integer(each_library):
    """An integer with too many digits for a text becomes a placeholder."""
    assert encoded([10**4000]) == [10**4000]
    with pytest.warns(JSONEncodeWarning, match='int cannot be encoded') as caught:
        assert encoded([10**5000, 1]) == [PLACEHOLDER, 1]
    assert len(caught) == 1


def test_a_dict_that_cannot_be_read(each_library):
    """A dict that fails costs its own place."""
    with pytest.warns(JSONEncodeWarning, match="KeyError: 'items'"):
        text = json_text.encode({'a': Odd(b=object()), 'z': 1})
    assert strict(text)['z'] == 1


class Growing(dt.tzinfo):
    """A time zone that changes a dict whenever it is asked, as another thread may."""

    def __init__(self, victim):
        self.victim = victim

    def utcoffset(self, moment):
        self.victim[f'new {len(self.victim)}'] = 1
        return dt.timedelta(0)

    def dst(self, moment):
        return None


def test_a_dict_that_changes_its_size(each_library):
    """A dict that grows while it is encoded costs at most its own place."""
    victim = {}
    victim.update(a=MOMENT.replace(tzinfo=Growing(victim)), b={1}, c=2)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter('always')
        record = encoded({'victim': victim, 'z': 1})
    assert record['z'] == 1
    assert record['victim'] == PLACEHOLDER or record['victim']['c'] == 2


class Key:
    """A key with a text."""

    def __str__(self):
        return 'the key'


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        ((1, 'a'), "(1, 'a')"),
        (b'a', "b'a'"),
        (Key(), 'the key'),
        (Silent(), '<Silent without text>'),
        (frozenset(), 'frozenset()'),
        (1.5, '1.5'),
        (None, 'null'),
        (True, 'true'),
        (2**70, str(2**70)),
        (Text('ä'), 'ä'),
        (Number(3), '3'),
        ('\ud800', r'\ud800'),
        ('caf\udce9', r'caf\xe9'),
    ],
)
def test_keys(each_library, key, expected):
    """Any key becomes a text, and loses nothing but its type."""
    assert encoded({'a': [{key: 1}], 'z': 2}) == {'a': [{expected: 1}], 'z': 2}


# --- where the warning is -------------------------------------------------------------


@pytest.fixture
def caught():
    """The warnings of a test; every one is kept."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter('always')
        yield found


class Calls(MicroBenchBase, MBFunctionCall, MBReturnValue):
    """A bench that keeps arguments and return value."""


def here():
    """The line this is called at."""
    return inspect.currentframe().f_back.f_lineno


def test_warnings_of_a_call(each_library, caught):
    """Each bad argument and the result have a warning at the line of the call."""
    kept = Kept()
    work = Calls(outputs=[kept])(lambda *args, **kwargs: object())
    work(1, object(), a=object(), b=2)
    line = here() - 1
    call = only(kept.records)['call']
    assert call['args'] == [1, PLACEHOLDER]
    assert call['kwargs'] == {'a': PLACEHOLDER, 'b': 2}
    assert call['return_value'] == PLACEHOLDER
    assert [w.category for w in caught] == [JSONEncodeWarning] * 3
    assert {(w.filename, w.lineno) for w in caught} == {(__file__, line)}
    assert all('object cannot be encoded as JSON' in str(w.message) for w in caught)


@pytest.mark.parametrize('interrupt', [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize('way', ['encoder', 'to_json', 'value'])
def test_an_interrupt_while_it_is_encoded(interrupt, way):
    """Ctrl-C while a large record is encoded waits until it is written."""
    pressed = [interrupt]

    class Slow:
        def __fspath__(self):
            if way == 'value' and pressed:
                raise pressed.pop()
            return 'slow'

    class Encoder(JSONEncoder):
        def default(self, o):
            if way == 'encoder' and pressed:
                raise pressed.pop()
            return super().default(o)

    class Bench(MicroBenchBase):
        def to_json(self, obj):
            if pressed:
                raise pressed.pop()
            return super().to_json(obj)

    kept = Kept()
    settings = {'json_encoder': Encoder} if way == 'encoder' else {}
    cls = Bench if way == 'to_json' else MicroBenchBase
    bench = cls(outputs=[kept], field=Slow(), **settings)
    with pytest.raises(interrupt):
        bench(len)('')
    assert only(kept.records)['field'] == 'slow'


def test_a_to_json_of_ones_own_tries_arguments(caught):
    """An argument that a bench's to_json refuses is a placeholder in the record."""

    class Own(Calls):
        def to_json(self, obj):
            if obj == [1]:
                raise TypeError('no lists of one')
            return super().to_json('changed' if obj == [2] else obj)

    kept = Kept()
    Own(outputs=[kept])(lambda *args: args[0])([1], [2], [3])
    call = only(kept.records)['call']
    assert call['args'] == [PLACEHOLDER, 'changed', [3]]
    assert call['return_value'] == PLACEHOLDER
    assert [w.category for w in caught] == [JSONEncodeWarning] * 2


def test_warnings_of_a_field_and_a_hook(each_library, caught):
    """Each record has a warning for a bad field and one for a bad value of a hook."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], field={'good': 1, 'bad': object()})
    bench.capture_more = lambda bm_data: bm_data.update(more=[object(), 2])
    bench(len)('')
    line = here() - 1
    bench(len)('')
    for record in kept.records:
        assert record['field'] == {'good': 1, 'bad': PLACEHOLDER}
        assert record['more'] == [PLACEHOLDER, 2]
    assert len(caught) == 4
    assert {(w.filename, w.lineno) for w in caught[:2]} == {(__file__, line)}


def test_warnings_as_errors(each_library, capsys):
    """A warning that is an error is printed on stderr, and the program goes on."""
    kept = Kept()
    work = Calls(outputs=[kept])(lambda value: value)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        value = object()
        assert work(value) is value
    assert only(kept.records)['call']['args'] == [PLACEHOLDER]
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(':')[0] for line in said] == ['JSONEncodeWarning'] * 2


def test_the_category():
    """JSONEncodeWarning is a Warning and nothing in between."""
    assert JSONEncodeWarning.__bases__ == (Warning,)


def test_arguments_are_as_they_were(each_library):
    """Arguments are kept as they were before the call changed them."""
    kept = Kept()
    Calls(outputs=[kept])(list.append)([1], 2)
    call = only(kept.records)['call']
    assert (call['args'], call['return_value']) == ([[1], 2], None)


# --- the encoder by itself ------------------------------------------------------------


def test_the_encoder_in_json_dumps():
    """JSONEncoder works with json.dumps, and refuses as the stdlib does."""
    assert json.dumps([MOMENT, dt.timedelta(1)], cls=JSONEncoder) == (
        '["2026-03-01T09:30:00.123456", 86400.0]'
    )
    with pytest.raises(TypeError, match='not JSON serializable'):
        json.dumps(object(), cls=JSONEncoder)
