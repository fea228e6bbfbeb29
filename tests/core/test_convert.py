"""Values that JSON lacks, in a record."""

import array
import builtins
import collections
import dataclasses
import decimal
import enum
import pathlib
import sys
import uuid
import warnings
import zoneinfo

import numpy as np
import pytest
import typing_extensions
from hypothesis import given
from hypothesis import strategies as st

from microbench import JSONEncoder, JSONEncodeWarning, MicroBenchBase
from microbench.encoding import json_encoder, json_text
from tests.fakes import json_by, printed

PLACEHOLDER = '__unencodable_as_json__'


class Odd:
    """A path of its own kind."""

    def __fspath__(self):
        return '/odd'


@dataclasses.dataclass
class Point:
    """Two coordinates, of any kind."""

    x: object
    y: object


VALUES = [
    (pathlib.PurePosixPath('/a/b'), '/a/b'),
    (Odd(), '/odd'),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({'b', 'a'}), ['a', 'b']),
    ({1, (2,)} - {(2,)}, [1]),
    (b'text', 'text'),
    (bytearray(b'\xff'), '\\xff'),
    (decimal.Decimal('1.10'), '1.10'),
    (zoneinfo.ZoneInfo('UTC'), 'UTC'),
    (collections.deque([1, {2}]), [1, [2]]),
    (collections.UserList([b'x']), ['x']),
    (collections.UserString('x'), 'x'),
    (memoryview(b'abc')[::2], 'ac'),
    (memoryview(bytes(4)).cast('B', (2, 2)), [[0, 0], [0, 0]]),
    (memoryview(array.array('d', [0.5])), [0.5]),
    (typing_extensions.Sentinel('MISSING'), repr(typing_extensions.Sentinel('MISSING'))),
    (uuid.UUID(int=5), '00000000-0000-0000-0000-000000000005'),
    (enum.Enum('E', {'A': {1}}).A, [1]),
    (1 + 2j, [1.0, 2.0]),
    (Point(1, {2: Point(b'x', None)}), {'x': 1, 'y': {'2': {'x': 'x', 'y': None}}}),
    (np.bool_(True), True),
    (np.int8(-1), -1),
    (np.float16(0.5), 0.5),
    (np.float32('nan'), None),
    (np.longdouble(1.5), 1.5),
    (np.complex64(1j), [0.0, 1.0]),
    (np.str_('s'), 's'),
    (np.bytes_(b'b'), 'b'),
    (np.datetime64('2026-03-01T09:30'), '2026-03-01T09:30:00.000000'),
    (np.datetime64('2026-03-01T09:30:00.5'), '2026-03-01T09:30:00.500000'),
    (np.datetime64(2**60, 's'), str(np.datetime64(2**60, 's'))),
    (
        np.array(['2026', 2**60], 'M8[s]'),
        ['2026-01-01T00:00:00', str(np.datetime64(2**60, 's'))],
    ),
    (np.datetime64('2026-03-01T09:30:00.000000001'), '2026-03-01T09:30:00.000000001'),
    (np.datetime64('NaT', 's'), None),
    (np.datetime64(2**42, 'D'), str(np.datetime64(2**42, 'D'))),
    (np.array([0, 2**60], 'M8[ms]'), np.array([0, 2**60], 'M8[ms]').astype(str).tolist()),
    (np.timedelta64(1500, 'ms'), 1.5),
    (np.timedelta64(2**60, 'm'), 60.0 * 2**60),
    (np.array([-(2**55), 1], 'm8[2W]'), [-1_209_600.0 * 2**55, 1_209_600.0]),
    (np.array(5), 5),
    (np.array([1, 2], dtype='>i4'), [1, 2]),
    (np.arange(6).reshape(2, 3)[:, ::2], [[0, 2], [3, 5]]),
    (np.array([1 + 2j]), [[1.0, 2.0]]),
    (np.array([{1}, None], dtype=object), [[1], None]),
    (np.array(['2026', 'NaT'], dtype='M8[D]'), ['2026-01-01', None]),
    (np.array([1, 2], dtype='m8[m]'), [60.0, 120.0]),
    (np.array([1.5], dtype=np.longdouble), [1.5]),
    (np.array([(1, 2.5)], dtype=[('a', int), ('b', float)]), [[1, 2.5]]),
    (np.ma.masked_array([1, 2], mask=[False, True]), [1, None]),
    (np.ma.masked_array(np.array(['2026', '2027'], 'M8[Y]'), mask=[0, 1]), ['2026', None]),
    (np.ma.masked, None),
    *((array.array(code, [1, 2]), [1, 2]) for code in 'bBhHiIlLqQfd'),
    (array.array('u' if sys.version_info < (3, 13) else 'w', 'ab'), ['a', 'b']),
]
# What newer versions of CPython have. Template strings are no syntax of older ones, which
# read this file too.
if sys.version_info >= (3, 14):
    template = eval("t'{x!r:>3} b'", {'x': 1})
    interpolation = "Interpolation(1, 'x', 'r', '>3')"
    VALUES += [
        (template, f"Template(strings=('', ' b'), interpolations=({interpolation},))"),
        (template.interpolations[0], interpolation),
        (uuid.uuid8(1, 2, 3), '00000000-0001-8002-8000-000000000003'),
        (memoryview(np.array([0.5], 'e')), [0.5]),
    ]
if sys.version_info >= (3, 15):
    VALUES += [
        (builtins.sentinel('MISSING'), 'MISSING'),
        (builtins.frozendict(a={1}, b=builtins.frozendict()), {'a': [1], 'b': {}}),
        (array.array('e', [0.5]), [0.5]),
        (array.array('Zd', [1 + 2j]), [[1.0, 2.0]]),
        (memoryview(np.array([1j])), [[0.0, 1.0]]),
    ]


@pytest.mark.parametrize(('value', 'expected'), VALUES, ids=lambda v: type(v).__name__)
def test_it_is_encoded_wherever_it_stands(value, expected):
    """A converted value is the same as a field, in a list and in an object."""
    for where, found in (([value], [expected]), ({'k': value}, {'k': expected})):
        assert json_encoder.decode(json_text.encode(where)) == found


@pytest.mark.parametrize(('value', 'expected'), VALUES, ids=lambda v: type(v).__name__)
def test_it_is_encoded_without_orjson(value, expected):
    """The stdlib and `JSONEncoder` alone convert a value to the same."""
    with json_by('stdlib'):
        assert json_encoder.decode(json_text.encode([value])) == [expected]


def test_members_without_a_common_order():
    """A set of anything is a list, in any order."""
    found = json_encoder.decode(json_text.encode([{1, 'a', None}]))
    assert collections.Counter(found[0]) == collections.Counter([1, 'a', None])


@pytest.mark.parametrize('value', [Point, object(), iter(()), (i for i in ())])
def test_what_has_no_simpler_form(value):
    """Values without a simpler form, such as a class, get placeholders."""
    bench = MicroBenchBase(field=[value])
    with pytest.warns(JSONEncodeWarning), bench.record():
        pass
    assert bench.get_results()[0]['field'] == [PLACEHOLDER]


def test_a_users_default_decides_first():
    """A user's default sees values that JSONEncoder.default would have handled."""

    class Mine(JSONEncoder):
        def default(self, o):
            return 'mine' if isinstance(o, (set, np.ndarray)) else super().default(o)

    found = json_text.encode([{1}, np.array([1]), b'b'], Mine)
    assert json_encoder.decode(found) == ['mine', 'mine', 'b']


def test_a_template_string_alone():
    """Neither a template string nor its repr loads its module."""
    has_templates = sys.version_info >= (3, 14)
    code = "import sys\ntext = [t'x']\n" if has_templates else 'import sys\ntext = ["x"]\n'
    code += 'print("string.templatelib" in sys.modules, end=" ")\n'
    code += (
        'from microbench.encoding import json_text\nprint(json_text.encode(text).decode())'
    )
    text = "Template(strings=('x',), interpolations=())" if has_templates else 'x'
    assert printed(code) == f'False ["{text}"]\n'


LEVELS = st.sampled_from([tuple, list, 'dict', 'Point', 'UserDict', 'frozen'])
LEVELS = st.lists(LEVELS, max_size=9)


@given(
    around=st.integers(0, 190),
    times=st.integers(1, 260),
    levels=LEVELS,
    more=st.integers(0, 190),
    pad=st.integers(0, 1100),
)
def test_however_deep_it_is_nested(around, times, levels, more, pad):
    """No mixture of containers and converted values leads orjson beyond its limits.

    It would write beyond its buffer, and the program would die.
    """
    make = {'dict': lambda v: {'a': v}, 'Point': lambda v: Point(1, v)}
    make |= {'UserDict': lambda v: collections.UserDict(a=v), 'frozen': frozen}
    make |= {tuple: lambda v: (v,), list: lambda v: [v]}
    value = 'x' * pad
    for _ in range(times):
        for level in [*levels, *[tuple] * (more if times < 9 else more // 9)]:
            value = make[level](value)
    for _ in range(around):
        value = (value,)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', JSONEncodeWarning)
        json_encoder.decode(json_text.encode([value]))


def frozen(value):
    """A mapping that orjson itself follows, on versions that have it."""
    return getattr(builtins, 'frozendict', collections.OrderedDict)(a=value)
