"""Values above `max_value` are summarized, wherever they come from."""

import array
import asyncio
import collections
import dataclasses
import datetime as dt
import hashlib
import json
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    JSONEncoder,
    JSONEncodeWarning,
    MBFunctionCall,
    MBReturnValue,
    MicroBench,
)
from microbench.cli.main import main
from microbench.core.plan import current_plan
from microbench.encoding import json_text
from microbench.encoding.limits import Limits
from tests.fakes import call_of, only

PLACEHOLDER = '__unencodable_as_json__'
TEXT = 'x' * 5000
OF_TEXT = {
    'summarized': True,
    'type': 'str',
    'length': 5000,
    'bytes': 5000,
    'first': 'x' * 64,
    'last': 'x' * 64,
}


class Both(MicroBench, MBFunctionCall, MBReturnValue):
    """A bench that keeps arguments and the return value."""


class InPython(Both):
    """The same, with its records as dicts."""

    def capture_nothing(self, bm_data):
        """Need the dict."""


class Digests(Both):
    """A bench whose summaries have digests."""

    digest_values = True


def summary(kind, **members):
    """Return a summary."""
    return {'summarized': True, 'type': kind, **members}


# --- where they come from -------------------------------------------------------------


@pytest.mark.parametrize('cls', [Both, InPython])
def test_arguments_and_results(cls):
    """Large arguments and results are summarized, in C and in Python; small ones stay."""
    bench = cls()
    bench(lambda *a, **k: TEXT)(1, TEXT, [TEXT, 2], key={'a': TEXT, 'b': 'short'})
    call = call_of(bench)
    assert call['args'] == [1, OF_TEXT, [OF_TEXT, 2]]
    assert call['kwargs'] == {'key': {'a': OF_TEXT, 'b': 'short'}}
    assert call['return_value'] == OF_TEXT


def test_of_a_coroutine_function():
    """The same holds for coroutine functions."""

    async def work(text):
        return [text]

    bench = Both()
    asyncio.run(bench(work)(TEXT))
    call = call_of(bench)
    assert (call['args'], call['return_value']) == ([OF_TEXT], [OF_TEXT])


@pytest.mark.parametrize('cls', [MicroBench, InPython])
def test_fields(cls):
    """Static fields, those of blocks, decorators and annotations are summarized."""
    bench = cls(static=TEXT)
    with bench.record('block', own=TEXT) as record:
        record.annotate(noted={'a': TEXT})
    bench(name='call', labelled=TEXT)(lambda: bench.annotate(noted=TEXT))()
    block, call = bench.get_results()
    assert block['static'] == block['own'] == block['noted']['a'] == OF_TEXT
    assert call['static'] == call['labelled'] == call['noted'] == OF_TEXT


def test_fields_added_later():
    """Fields of add_fields() are summarized, too."""
    bench = MicroBench()
    bench.add_fields(later=[TEXT])
    with bench.record():
        pass
    assert only(bench.get_results())['later'] == [OF_TEXT]


def test_a_static_field_that_grows():
    """A static field is measured for each record, as it is by then."""
    bench = MicroBench(seen=[])
    for _ in range(3):
        with bench.record():
            pass
        bench._bench_config.static['seen'].extend(range(20_000))
    assert [record['seen'] for record in bench.get_results()] == [
        [],
        summary('list', length=20_000),
        summary('list', length=40_000),
    ]


def test_a_static_field_into_which_a_mixin_writes():
    """Only the user's members of a field are cut that a mixin writes into as well."""

    class Bench(MicroBench):
        def capture_tool(self, bm_data):
            bm_data['tool'].update(log='y' * 9000, rows=list(range(30_000)))

    bench = Bench(tool={'note': TEXT}, call={'about': TEXT}, mb={'about': TEXT})
    with bench.record('block'):
        pass
    record = only(bench.get_results())
    assert record['tool']['note'] == OF_TEXT
    assert record['tool']['log'] == 'y' * 9000
    assert record['tool']['rows'] == list(range(30_000))
    assert record['call']['about'] == record['mb']['about'] == OF_TEXT
    assert record['call']['name'] == 'block'


def test_what_microbench_measures_is_never_cut():
    """Durations, phases, names, messages and variables asked for are whole."""

    class Bench(MicroBench):
        env_vars = ('LONG',)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('LONG', TEXT)
        bench = Bench(iterations=3000)
        function = bench(lambda: None)
        function()
        bench.iterations = 1
        with pytest.raises(ValueError, match='x'), bench.record('n' * 9000):
            for number in range(2000):
                with bench.time(f'phase{number}'):
                    pass
            raise ValueError(TEXT)
    many, failed = bench.get_results()
    assert len(many['call']['durations']) == 3000
    assert [timing['name'] for timing in failed['call']['timings']][1999] == 'phase1999'
    assert failed['call']['name'] == 'n' * 9000
    assert failed['exception']['message'] == failed['env']['LONG'] == TEXT
    assert 'summarized' not in json.dumps([many, failed])


def test_hooks_write_what_they_want():
    """Texts and lists of a user's hook are whole; arrays of it are summarized."""

    class Bench(MicroBench):
        def capture_own(self, bm_data):
            data = array.array('d', bytes(80_000))
            bm_data['own'] = {'text': TEXT, 'list': list(range(20_000)), 'array': data}

    bench = Bench()
    with bench.record():
        pass
    own = only(bench.get_results())['own']
    assert (own['text'], own['list']) == (TEXT, list(range(20_000)))
    assert own['array'] == summary('array.array', shape=[10_000], dtype='d', bytes=80_000)


def test_a_class_with_to_json_gets_summaries():
    """A `to_json` and an `output_result` of one's own get the summary."""
    seen = []

    class Bench(Both):
        def to_json(self, obj):
            seen.append(obj)
            return super().to_json(obj)

        def output_result(self, bm_data):
            seen.append(bm_data)
            super().output_result(bm_data)

    bench = Bench(text=TEXT)
    bench(lambda value: value)(bytes(5000))
    of_bytes = summary('bytes', bytes=5000)
    assert seen[0] == seen[1] == of_bytes
    assert [record['text'] for record in seen[2:]] == [OF_TEXT] * len(seen[2:])
    assert only(bench.get_results())['text'] == OF_TEXT


def test_a_record_in_a_journal(tmp_path):
    """The journal of an open block has summaries, not megabytes."""
    path = tmp_path / 'out.jsonl'
    bench = MicroBench(path, text='secret' * 100_000, data=[TEXT] * 3)
    with bench.record('open', own='secret' * 100_000) as record:
        record.annotate(more='secret' * 100_000)
        [journal] = tmp_path.glob('.*.journal')
        assert b'secret' * 20 not in journal.read_bytes()
        assert b'"summarized":true' in journal.read_bytes()
    [found] = bench.get_results()
    assert found['more']['length'] == 600_000


# --- limits ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    'value', ['x' * 4094, 'é' * 682, list(range(12_700)), [TEXT[:4000]] * 16]
)
def test_up_to_the_limits_all_is_whole(value):
    """4 kB of JSON for a text, 64 kB for a list, whatever the escapes are."""
    bench = Both(field=value)
    bench(lambda value: value)(value)
    record = only(bench.get_results())
    assert record['field'] == record['call']['return_value'] == value
    assert record['call']['args'] == [value]


@pytest.mark.parametrize(
    ('value', 'found'),
    [
        ('x' * 4095, summary('str', length=4095, bytes=4095)),
        ('é' * 683, summary('str', length=683, bytes=1366)),
        (list(range(14_000)), summary('list', length=14_000)),
        ((1.5,) * 20_000, summary('tuple', length=20_000)),
        ([TEXT[:4000]] * 17, summary('list', length=17)),
        ({str(n): n for n in range(9000)}, summary('dict', length=9000)),
        (dict.fromkeys(range(9000), 1), summary('dict', length=9000)),
        ({'k' * 70_000: 1}, summary('dict', length=1)),
        (set(range(20_000)), summary('set', length=20_000)),
        (collections.deque(range(20_000)), summary('collections.deque', length=20_000)),
        (collections.OrderedDict.fromkeys(range(20_000)),
         summary('collections.OrderedDict', length=20_000)),
        (bytearray(5000), summary('bytearray', bytes=5000)),
        (memoryview(bytes(5000)),
         summary('memoryview', shape=[5000], dtype='B', bytes=5000)),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_above_them_nothing_is(value, found):
    """One byte more, and there is a summary: for each kind of value."""
    bench = Both(field=value)
    bench(lambda value: value)(value)
    record = only(bench.get_results())
    if 'length' in found and isinstance(value, str):
        found |= {'first': value[:64], 'last': value[-64:]}
    assert record['field'] == record['call']['return_value'] == found
    assert record['call']['args'] == [found]


def test_inner_values_go_first():
    """What is large within a list or a dict is summarized there; the rest stays."""
    value = {'a': [1, {'b': list(range(20_000)), 'c': 'short'}], 'd': (TEXT, None)}
    bench = Both()
    bench(lambda value: None)(value)
    [found] = call_of(bench)['args']
    expected = [1, {'b': summary('list', length=20_000), 'c': 'short'}]
    assert found == {'a': expected, 'd': [OF_TEXT, None]}


@pytest.mark.parametrize('cls', [Both, InPython])
def test_one_number_for_all(cls):
    """`max_value=N` is the limit of texts and of lists."""
    bench = cls(max_value=100, field='y' * 99)
    bench(lambda *values: None)('x' * 98, 'x' * 99, [1] * 49, [1] * 50, 10**200, 1.5)
    record = only(bench.get_results())
    of_list = summary('list', length=50)
    texts = [
        v
        if isinstance(v, (int, float, list))
        else v.get('length', v)
        if isinstance(v, dict)
        else v
        for v in record['call']['args']
    ]
    assert texts == ['x' * 98, 99, [1] * 49, 50, 10**200, 1.5]
    assert record['call']['args'][3] == of_list
    assert record['field']['length'] == 99


@pytest.mark.parametrize('cls', [Both, InPython])
def test_no_limit(cls):
    """With `max_value=None` every value is whole, as in 2.1.0."""
    value = {'a': 'x' * 100_000, 'b': list(range(50_000)), 'c': bytes(9000).hex()}
    bench = cls(max_value=None, field=value)
    assert current_plan(bench._bench_config, bench).settings.large is None
    bench(lambda value: value)(value)
    record = only(bench.get_results())
    assert record['field'] == record['call']['return_value'] == value
    assert record['call']['args'] == [value]


def test_by_attribute():
    """The class attribute is the default of the parameter; it can be set on a bench."""

    class Short(Both):
        max_value = 50

    def lengths(bench):
        bench(lambda value: None)('x' * 60)
        return [type(r['call']['args'][0]) for r in bench.get_results()]

    assert lengths(Short()) == [dict]
    assert lengths(Short(max_value='auto')) == [dict]
    assert lengths(Short(max_value=None)) == [str]
    bench = Short()
    assert lengths(bench) == [dict]
    bench.max_value = 70
    assert lengths(bench) == [dict, str]
    del bench.max_value
    assert lengths(bench) == [dict, str, dict]


@pytest.mark.parametrize('value', ['4096', -1, 1.5, True])
def test_a_wrong_attribute(value):
    """A wrong class attribute is named at the first record."""

    class Wrong(MicroBench):
        max_value = value

    with pytest.raises((TypeError, ValueError), match='max_value'):
        Wrong()(len)('')


def test_the_command_keeps_fields(tmp_path):
    """Fields of the command are whole: they were typed."""
    path = tmp_path / 'out.jsonl'
    with pytest.raises(SystemExit):
        main(['-o', str(path), '-f', f'note={TEXT}', '--no-mixin', '--', 'true'])
    [record] = FileOutput(path).get_results()
    assert record['note'] == TEXT


def test_a_record_is_small():
    """A call with megabytes of arguments leaves a record of two kilobytes at most."""
    bench = Both()
    data = {'text': 'x' * 10**6, 'list': [0.5] * 10**6, 'bytes': bytes(10**6)}
    bench(lambda *a, **k: [data] * 1000)(data, data['text'], **data)
    assert len(json.dumps(call_of(bench))) < 2000


# --- texts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    'text',
    [
        'postgresql://me:' + 'a1' * 3000 + '@db/x',
        'x ' * 3000 + 'Authorization: Bearer ' + 'abc9' * 30,
    ],
)
def test_a_part_of_a_secret_is_never_shown(text):
    """A text with a secret has neither its first nor its last characters."""
    bench = MicroBench(field=text)
    with bench.record(own=text):
        pass
    record = only(bench.get_results())
    expected = summary('str', length=len(text), bytes=len(text))
    assert record['field'] == record['own'] == expected


def test_a_pattern_masks_a_summary():
    """`redact` masks a summary as it masks the value."""

    class Careful(MicroBench):
        redact = ('*token*',)

    bench = Careful(my_token=TEXT)
    with bench.record():
        pass
    assert only(bench.get_results())['my_token'] == '***'


def test_lone_surrogates():
    """A text that is not UTF-8 has readable ends."""
    bench = Both()
    bench(lambda text: None)('\udce9' * 5000)
    [found] = call_of(bench)['args']
    assert (found['length'], found['first']) == (5000, '\\xe9' * 64)


# --- values that are odd --------------------------------------------------------------


class Thing:
    """An object that cannot be encoded."""


def test_what_cannot_be_encoded_keeps_its_placeholder():
    """Beside a summary there is a placeholder, with one warning, as without one."""
    bench = Both()
    with pytest.warns(JSONEncodeWarning, match='Thing') as caught:
        bench(lambda value: None)([TEXT, {'a': Thing()}, list(range(20_000))])
    assert len(caught) == 1
    [found] = call_of(bench)['args']
    assert found == PLACEHOLDER  # an argument has one for all of it


def test_a_list_that_contains_itself():
    """A loop costs its own place only, as ever."""
    loop = [TEXT]
    loop.append(loop)
    bench = Both()
    with pytest.warns(JSONEncodeWarning):
        bench(lambda *values: None)(loop, TEXT)
    assert call_of(bench)['args'] == [PLACEHOLDER, OF_TEXT]


def test_a_deep_value():
    """A value too deep to be searched is encoded as without a limit."""
    deep = TEXT
    for _ in range(5000):
        deep = [deep]
    found = []
    for limit in ('auto', None):  # how deep json goes depends on the version of CPython
        bench = Both(max_value=limit)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', JSONEncodeWarning)
            bench(lambda *values: None)(deep, 1)
        found.append(json.dumps(call_of(bench)['args']))
    assert found[0] == found[1]


class Liar(list):
    """A list that says wrong things of itself."""

    def __len__(self):
        return 3

    def __iter__(self):
        while True:
            yield TEXT[:4000]


class Raiser(dict):
    """A dict that cannot be read."""

    def items(self):
        raise RuntimeError('changed')

    __len__ = __iter__ = keys = items


def test_lists_that_lie():
    """A list without end is a summary, with the length that it has."""
    found = Limits().summarized([Liar([1, 2, 3, 4])])
    assert found == [{'summarized': True, 'type': f'{__name__}.Liar', 'length': 4}]


def test_dicts_that_raise():
    """What cannot be read is left to the encoder; all else is summarized."""
    raiser = Raiser(a=1)
    found = Limits().summarized({'a': raiser, 'b': TEXT})
    assert found['a'] is raiser
    assert found['b'] == OF_TEXT


def test_a_dict_that_changes_while_it_is_read():
    """A dict that grows meanwhile is left to the encoder, which replaces it."""

    class Growing(collections.UserDict):
        def __iter__(self):
            for key in list(self.data):
                self.data[f'{key}+'] = TEXT
                yield key

    found = Limits().summarized([Growing(a=TEXT)])
    assert found == [{'a': OF_TEXT}]


@dataclasses.dataclass
class Point:
    """A dataclass with a large field."""

    name: str
    data: list


def test_dataclasses():
    """A field of a dataclass is summarized within its dict."""
    bench = Both()
    bench(lambda point: point)(Point(TEXT, [1, 2]))
    call = call_of(bench)
    assert call['args'] == [{'name': OF_TEXT, 'data': [1, 2]}]
    assert call['return_value'] == {'name': OF_TEXT, 'data': [1, 2]}


# --- encoders of one's own ------------------------------------------------------------


class Averages(JSONEncoder):
    """An encoder that makes a number of an array."""

    def default(self, o):
        if isinstance(o, array.array):
            return {'mean': sum(o) / len(o)}
        if isinstance(o, Thing):
            return list(range(20_000))
        return super().default(o)


def test_a_users_encoder_decides_first():
    """What it makes small is recorded so; what it makes large is a summary."""
    data = array.array('d', [2.0] * 10_000)
    bench = Both(json_encoder=Averages, data=data, thing=Thing())
    bench(lambda *values: values)(data, Thing(), TEXT)
    record = only(bench.get_results())
    of_thing = {'summarized': True, 'type': f'{__name__}.Thing'}
    assert (record['data'], record['thing']) == ({'mean': 2.0}, of_thing)
    assert record['call']['args'] == [{'mean': 2.0}, of_thing, OF_TEXT]
    assert record['call']['return_value'] == [{'mean': 2.0}, of_thing, OF_TEXT]


# --- digests --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('value', 'data'),
    [
        ('é' * 5000, ('é' * 5000).encode()),
        (bytes(range(250)) * 20, bytes(range(250)) * 20),
        (list(range(20_000)), str(list(range(20_000))).replace(' ', '').encode()),
        (array.array('i', range(9000)), array.array('i', range(9000)).tobytes()),
        (memoryview(bytes(range(250)) * 40)[::2], (bytes(range(250)) * 40)[::2]),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_digests(value, data):
    """On request a summary has the SHA-256 of the whole value."""
    bench = Digests(field=value)
    bench(lambda value: value)(value)
    record = only(bench.get_results())
    digest = f'sha256:{hashlib.sha256(data).hexdigest()}'
    assert record['field']['digest'] == record['call']['args'][0]['digest'] == digest


def test_no_digest_of_what_has_no_bytes():
    """A list that cannot be encoded has none, and no further warning."""
    bench = Digests()
    bench(lambda value: None)([Thing()] * 9000)
    assert call_of(bench)['args'] == [summary('list', length=9000)]


# --- any value ------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LARGE = st.integers(1, 400).map('x'.__mul__) | st.integers(1, 99).map(lambda n: [1.5] * n)
OTHERS = st.dates() | st.binary(max_size=200) | st.frozensets(st.integers(), max_size=99)
VALUES = st.recursive(
    SCALARS | LARGE | OTHERS,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.text(max_size=9), inner, max_size=6)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


def texts_and_containers(value):
    """Yield each text and container in a decoded value, but not in summaries."""
    if isinstance(value, dict) and value.get('summarized') is True:
        return
    if isinstance(value, (str, list, dict)):
        yield value
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, (list, dict)):
        for item in inner:
            yield from texts_and_containers(item)


@given(VALUES, st.integers(40, 400))
def test_any_value(value, most):
    """Every part of what is recorded is below the limit, or a summary."""
    bench = MicroBench(max_value=most)
    found = json_text.snapshot(value, bench)
    for part in texts_and_containers(found):
        has_summary = '"summarized":true' in json_text.encode(part).decode()
        assert has_summary or len(json_text.encode(part)) <= most


@example([2**63] * 20, 401)
@example([-(2**70)] * 10, 241)
@given(VALUES, st.integers(40, 400))
def test_below_the_limit_nothing_changes(value, most):
    """A value that fits is recorded as without a limit; numbers are never changed."""
    whole = json_text.snapshot(value, MicroBench(max_value=None))
    found = json_text.snapshot(value, MicroBench(max_value=most))
    if len(json_text.encode(whole)) <= most:
        assert found == whole
    assert_alike(found, whole)


def assert_alike(found, whole):
    """All but summaries has to be the same in both."""
    if isinstance(found, dict) and found.get('summarized') is True:
        return
    assert type(found) is type(whole)
    if isinstance(found, dict):
        assert found.keys() == whole.keys()
        for key, inner in found.items():
            assert_alike(inner, whole[key])
    elif isinstance(found, list):
        assert len(found) == len(whole)
        for inner, other in zip(found, whole, strict=True):
            assert_alike(inner, other)
    else:
        assert found == whole


@given(VALUES)
def test_both_forms(value):
    """C and Python summarize the same."""
    argument = {'value': value, 'more': [1, 2]}
    found = []
    for cls in (Both, InPython):
        bench = cls(max_value=60)
        bench(lambda value: value)(argument)
        found.append([call_of(bench)[name] for name in ('args', 'return_value')])
    assert found[0] == found[1]


def test_dates_are_no_texts():
    """A date is recorded whole under any limit that it fits."""
    now = dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc)
    bench = Both(max_value=60, day=now.date(), now=now)
    with bench.record():
        pass
    record = only(bench.get_results())
    assert record['now'] == '2026-03-01T00:00:00.000000+00:00'
    assert record['day'] == '2026-03-01'
