"""Numbers, times and strings as C writes them, against Python's own formatting."""

import datetime
import decimal
import json
import math
import re
import sys
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench import _core
from microbench.encoding.surrogates import with_readable_surrogates
from tests.fakes import readable

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=[]))
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


@given(INT64)
@example(-(2**63))
@example(2**63 - 1)
@example(0)
def test_integers(value):
    """Integers are written as by str()."""
    assert _core.plain_text(value) == str(value).encode()


@given(st.text('0189ax/:.', max_size=60), st.integers(1, 22))
def test_runs_of_digits(text, run):
    """Runs of digits are found wherever they stand."""
    expected = re.search(rf'\d{{{run}}}', text) is not None
    assert _core.has_digits(text.encode(), run) is expected


@pytest.mark.parametrize('value', [2**63, -(2**63) - 1])
def test_integers_beyond_64_bits(value):
    """Integers beyond 64 bits are rejected, not wrapped round."""
    with pytest.raises(OverflowError):
        _core.OpenRun().add_duration(value)
    with pytest.raises(OverflowError):
        _core.iso8601_text(value, 0)


@pytest.mark.parametrize('wrong', ['1', None, [], b'1'])
def test_what_is_no_integer(wrong):
    """Anything but an integer is a TypeError."""
    with pytest.raises(TypeError):
        _core.OpenRun().add_duration(wrong)
    with pytest.raises(TypeError):
        _core.iso8601_text(wrong, 0)


def seconds_text(ns):
    """Return a duration as it stands in the text of a record."""
    run = _core.OpenRun()
    run.open(None, None, False, False)
    run.add_duration(ns)
    run.close()
    text = _core.record_text(run, b'', b'', b'', 0)
    return re.search(rb'"durations":\[([^]]*)\]', text)[1]


@given(INT64)
@example(0)
@example(1)
@example(-1)
@example(10**9)
@example(-(10**9))
@example(-(2**63))
def test_seconds(ns):
    """Seconds are exact decimals without an exponent, which read as ns / 1e9."""
    text = seconds_text(ns).decode()
    assert decimal.Decimal(text) == decimal.Decimal(ns).scaleb(-9)
    assert float(text) == ns / 10**9
    whole, point, fraction = text.partition('.')
    assert point
    assert fraction == '0' or not fraction.endswith('0')
    assert whole.lstrip('-') == str(abs(ns) // 10**9)
    assert json.loads(text) == float(text)


@pytest.mark.parametrize(
    ('ns', 'text'),
    [
        (0, '0.0'),
        (1, '0.000000001'),
        (1_500_000_000, '1.5'),
        (-1, '-0.000000001'),
        (10**9, '1.0'),
        (120_000_000, '0.12'),
    ],
)
def test_seconds_shown(ns, text):
    """Some seconds are pinned as they stand in records."""
    assert seconds_text(ns) == text.encode()


@given(INT64, st.integers(-86399, 86399))
@example(0, 0)
@example(-1, 0)
@example(999, 0)
@example(1000, 0)
@example(951782400 * 10**9, 0)  # 29 February 2000
@example(-2203891200 * 10**9, 3600)  # 1 March 1900
@example(0, -1)
@example(0, 59)
@example(0, -86399)
def test_timestamps(wall_ns, offset_s):
    """Times are as by datetime.isoformat() with microseconds, rounded down."""
    zone = datetime.timezone(datetime.timedelta(seconds=offset_s))
    moment = EPOCH + datetime.timedelta(microseconds=wall_ns // 1000)
    expected = moment.astimezone(zone).isoformat(timespec='microseconds')
    assert _core.iso8601_text(wall_ns, offset_s) == expected.encode()


@pytest.mark.parametrize('offset', [86400, -86400, 2**31 - 1, -(2**31)])
def test_offsets_beyond_a_day(offset):
    """Offsets beyond a day are rejected."""
    with pytest.raises(ValueError, match='range'):
        _core.iso8601_text(0, offset)


@given(TEXT)
@example('')
@example('"\\/\b\f\n\r\t\x00\x1f\x7f\x80\xff')
@example('\ud800\udc00')
@example('\ud800')
@example('\udfff\ud800')
@example('caf\udce9')
@example('\uffff\U00010000\U0010ffff')
def test_strings(text):
    """Strings are exactly as by json.dumps, except for lone surrogates."""
    assert _core.string_text(text) == json.dumps(readable(text)).encode()


def test_long_strings():
    """Megabytes that need escaping are written."""
    for text in ('\0' * 10**6, 'ä' * 10**6, '\U0001f600' * 10**6, 'a' * 10**7):
        assert _core.string_text(text) == json.dumps(text).encode()


@pytest.mark.parametrize('wrong', [None, b'text', 5])
def test_what_is_no_string(wrong):
    """Anything but a string is an error, None included."""
    with pytest.raises((TypeError, AttributeError)):
        _core.string_text(wrong)


# json.dumps escapes DEL, which is ASCII and stays as it is here.
LETTERS = st.text(st.characters(codec='utf-8', exclude_characters='\x7f'))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | LETTERS,
    lambda inside: st.lists(inside) | st.dictionaries(LETTERS, inside),
    max_leaves=10,
)


@given(JSON)
def test_json_in_utf8_as_ascii(value):
    """Only characters beyond ASCII change, into their escapes."""
    text = json.dumps(value, ensure_ascii=False).encode()
    assert _core.ascii_text(text) == json.dumps(value).encode()


def test_ascii_stays_the_same_object():
    """Text that is ASCII already is returned without a copy."""
    text = json.dumps(['a' * 100]).encode()
    assert _core.ascii_text(text) is text


@given(st.binary())
def test_any_bytes_become_ascii(raw):
    """Bytes that are not UTF-8 do no harm."""
    assert _core.ascii_text(raw).isascii()


PLAIN = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False) | TEXT,
    lambda inside: (
        st.lists(inside) | st.dictionaries(TEXT, inside) | st.lists(inside).map(tuple)
    ),
    max_leaves=20,
)


@given(PLAIN)
@example('\ud800')
@example({'\udce9': ['\udce9']})
def test_plain_values(value):
    """Values are as by compact json.dumps; infinities and lone surrogates differ."""
    finite = json.loads(json.dumps(value), parse_constant=lambda _: None)
    expected = json.dumps(finite, separators=(',', ':')).encode()
    assert _core.plain_text(value) == with_readable_surrogates(expected)


@given(st.datetimes(timezones=st.none() | st.just(UTC)))
def test_plain_datetimes(moment):
    """Times are as by isoformat(), always with six digits of a second."""
    expected = moment.isoformat(timespec='microseconds')
    assert _core.plain_text([moment]) == json.dumps([expected]).encode()


@pytest.mark.parametrize('number', [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(number):
    """NaN and infinities become null."""
    assert _core.plain_text([number]) == b'[null]'


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    'value',
    [
        *[object(), {1, 2}, b'x', 1j, Text('x'), range(3), datetime.date(2026, 3, 1)],
        *[{1: 2}, {Text('x'): 1}, {None: 1}, decimal.Decimal(1), type, len],
    ],
    ids=lambda value: repr(value).partition(' at 0x')[0],
)
def test_what_is_not_plain(value):
    """Other values are left to the encoders, wherever they stand."""
    for made in (value, [1, value], {'a': [value]}, (value,)):
        assert _core.plain_text(made) is None


def test_plain_values_that_never_end():
    """Circles and deep nesting are left to the encoders too."""
    loop = []
    loop.append(loop)
    deep = []
    for _ in range(10**5):
        deep = [deep]
    assert _core.plain_text(loop) is _core.plain_text(deep) is None


def test_large_integers():
    """Integers beyond 64 bits are exact, or left to the encoders."""
    for number in (2**63, -(2**63) - 1, 10**100):
        assert _core.plain_text(number) in (None, str(number).encode())


def test_a_timezone_that_fails():
    """A time whose tzinfo fails is left to the encoders."""

    class Broken(datetime.tzinfo):
        def utcoffset(self, moment):
            raise KeyError('zone')

    moment = datetime.datetime(2026, 3, 1, tzinfo=Broken())
    assert _core.plain_text([moment]) is None


class Changing(datetime.tzinfo):
    """A time zone that changes what holds the datetime."""

    def __init__(self, change):
        self.change = change

    def utcoffset(self, moment):
        self.change()
        return datetime.timedelta(0)


def test_a_timezone_that_changes_a_dict():
    """A dict that loses or gains a key meanwhile is left to the encoders."""
    for change in (dict.clear, lambda values: values.setdefault('b', 1)):
        values = {}
        zone = Changing(lambda change=change, values=values: change(values))
        values['a'] = datetime.datetime(2026, 3, 1, tzinfo=zone)
        assert _core.plain_text(values) is None


def test_a_timezone_that_changes_a_list():
    """A list that loses its items meanwhile ends there."""
    values = []
    zone = Changing(values.clear)
    values += [datetime.datetime(2026, 3, 1, tzinfo=zone), 1]
    assert _core.plain_text(values) == b'["2026-03-01T00:00:00.000000+00:00"]'


@pytest.mark.skipif(
    sys.version_info < (3, 15), reason='runs from CPython 3.15 on: frozendict'
)
def test_plain_frozendicts():
    """Frozen dicts are objects too, and count as levels."""
    frozen = frozendict  # noqa: F821
    assert _core.plain_text(frozen(a=[frozen(b=1), frozen()])) == b'{"a":[{"b":1},{}]}'
    deep = 1
    for _ in range(201):
        deep = frozen(a=deep)
    assert _core.plain_text(deep) is None
    assert _core.is_deep(deep)
    assert not _core.is_deep(deep['a'])


def test_record_ids():
    """Record ids never repeat, and have one form."""
    made = {_core.OpenRun().record_id for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(identity) for identity in made} == {33}


def test_run_id():
    """The run id is a UUID 4 in lower case with dashes."""
    parsed = uuid.UUID(_core.RUN_ID)
    assert str(parsed) == _core.RUN_ID
    assert (parsed.version, parsed.variant) == (4, uuid.RFC_4122)


@pytest.mark.parametrize(
    'args',
    [
        (None, b'', b'', b'', 0),
        (object(), b'', b'', b'', 0),
        (_core.OpenRun(), None, b'', b'', 0),
        (_core.OpenRun(), b'', 'x', b'', 0),
        (_core.OpenRun(), b'', b'', None, 0),
        (_core.OpenRun(), b'', b'', b'', None),
    ],
)
def test_record_text_of_wrong_things(args):
    """Wrong arguments are a TypeError, None included."""
    with pytest.raises(TypeError):
        _core.record_text(*args)
