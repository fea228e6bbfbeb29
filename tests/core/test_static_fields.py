"""Static fields: containers are copied for each record, what they hold is shared."""

import collections
import copy
import threading
import weakref

import pytest

from microbench import JSONEncodeWarning, MBHostInfo, MicroBench, MicroBenchBase
from tests.fakes import Kept, only, readable


class Seeing(MicroBenchBase):
    """A bench that shows its hook the field `field`."""

    def __init__(self, **fields):
        self.kept = Kept()
        self.seen = []
        super().__init__(outputs=[self.kept], **fields)

    def capture_field(self, bm_data):
        self.seen.append(bm_data.get('field'))


def grow(value):
    """Change a container, and those inside it, in place."""
    if isinstance(value, dict):
        for item in list(value.values()):
            grow(item)
        value['grown'] = 1
    elif isinstance(value, (list, tuple)):
        for item in value:
            grow(item)
        if isinstance(value, list):
            value.append('grown')
    elif isinstance(value, set):
        value.add('grown')


class Table(dict):
    """A user's own dict."""


class Row(list):
    """A user's own list."""


class Cells(set):
    """A user's own set."""


Point = collections.namedtuple('Point', 'x y')

CONTAINERS = [
    {'a': 1},
    {'a': {'b': {'c': [1]}}},
    [1, [2, [3]]],
    ([1], {'a': [2]}),
    {1, 2},
    {'a': ({'b': {3}},)},
    collections.OrderedDict(a=[1]),
    collections.Counter('aab'),
    Table(a=[1]),
    Row([1, [2]]),
    Cells([1]),
    {'a': Row([Table(b=[1])])},
    Point([1], {}),
]


@pytest.mark.parametrize('value', CONTAINERS, ids=repr)
def test_containers_are_copied(value):
    """A hook's change of a field is gone in the next record, and in the user's."""
    before = copy.deepcopy(value)
    bench = Seeing(field=value)
    seen = []
    for _ in range(2):
        with bench.record():
            found = bench.seen[-1]
            seen.append(copy.deepcopy(found))
            grow(found)
            assert type(found) is type(value)
    assert seen == [before, before]
    assert value == before


def test_a_default_dict_keeps_its_default():
    """A copied container is of the same make, also where its class needs arguments."""
    bench = Seeing(field=collections.defaultdict(list, a=[1]))
    bench(len)('')
    assert bench.seen[0]['new'] == []
    assert bench.seen[0]['a'] == [1]


def test_the_user_may_change_a_field_between_records():
    """The container that was given is the source of every record's copy."""
    value = {'step': 1}
    kept = Kept()
    work = MicroBenchBase(outputs=[kept], field=value)(len)
    work('')
    value['step'] = 2
    work('')
    assert [record['field']['step'] for record in kept.records] == [1, 2]


class Own:
    """A user's object, which counts as a leaf."""


@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: [x], lambda x: {'a': (x,)}])
@pytest.mark.parametrize('kind', [threading.Lock, Own, object, lambda: print])
@pytest.mark.filterwarnings('ignore::microbench.JSONEncodeWarning')
def test_leaves_are_shared(kind, wrap):
    """A value that is no container, or cannot be copied, is shared by all records."""
    leaf = kind()
    bench = Seeing(field=wrap(leaf))
    bench(len)('')
    bench(len)('')
    for seen in bench.seen:
        while isinstance(seen, (list, dict, tuple)):
            [seen] = seen.values() if isinstance(seen, dict) else seen
        assert seen is leaf


def test_arrays_are_shared():
    """Arrays are not copied for each record."""
    numpy = pytest.importorskip('numpy')
    array = numpy.arange(3)
    bench = Seeing(field={'data': array})
    bench(len)('')
    assert bench.seen[0]['data'] is array
    assert only(bench.kept.records)['field'] == {'data': [0, 1, 2]}


class Uncopied(dict):
    """A container that refuses to be copied."""

    def __copy__(self):
        raise RuntimeError('mine')


def test_what_refuses_to_be_copied_is_shared():
    """A container whose copying fails is used as it is."""
    value = Uncopied(a=1)
    bench = Seeing(field=value)
    bench(len)('')
    assert bench.seen[0] is value
    assert only(bench.kept.records)['field'] == {'a': 1}


class Classless:
    """An object whose class cannot be asked for."""

    @property
    def __class__(self):
        raise RuntimeError('mine')


def proxy_of_what_is_gone():
    return weakref.proxy(Own())


@pytest.mark.parametrize('make', [Classless, proxy_of_what_is_gone])
@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: [x], lambda x: {'a': x}])
def test_what_cannot_be_asked_what_it_is(make, wrap):
    """An object without a readable class costs its own place, with one warning."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], field=wrap(make()), other=2)
    with pytest.warns(JSONEncodeWarning) as caught:
        assert bench(len)('abc') == 3
    assert len(caught) == 1
    record = only(kept.records)
    assert record['field'] == wrap('__unencodable_as_json__')
    assert record['other'] == 2


def looped_list():
    loop = [1]
    loop.append(loop)
    return loop


def looped_dict():
    loop = {'a': 1}
    loop['self'] = [loop]
    return loop


def looped_subclass():
    loop = Row([1])
    loop.append({'row': loop})
    return loop


@pytest.mark.parametrize('make', [looped_list, looped_dict, looped_subclass])
def test_a_field_that_contains_itself(make):
    """A field that contains itself costs its own place, with one warning."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], field=make(), other=2)
    with pytest.warns(match='contains itself') as caught:
        assert bench(len)('abc') == 3
    assert len(caught) == 1
    record = only(kept.records)
    assert '__unencodable_as_json__' in str(record['field'])
    assert record['other'] == 2


def test_a_field_shared_by_two_places_is_no_loop():
    """One list in two places is there twice, and copied for each."""
    shared = [1]
    bench = Seeing(field={'a': shared, 'b': [shared, shared]})
    bench(len)('')
    assert only(bench.kept.records)['field'] == {'a': [1], 'b': [[1], [1]]}
    assert bench.seen[0]['a'] is not shared


# --- names ----------------------------------------------------------------------------


@pytest.mark.parametrize('cls', [MicroBenchBase, Seeing])
def test_mb_and_call_are_merged(cls):
    """Dicts of these names are added to the record's own; the framework's fields win."""
    mb = {'team': 'x', 'run_id': 'mine', 'deep': {'a': [1]}}
    call = {'note': [1], 'durations': 'mine', 'start_time': 5, 'invocation': 'mine'}
    before = copy.deepcopy((mb, call))
    bench = cls(mb=mb, call=call)
    bench(len)('')
    with bench.record('block'), bench.time('part'):
        pass
    kept = bench.kept.records if cls is Seeing else bench.get_results()
    assert (mb, call) == before
    assert [record['call']['name'] for record in kept] == ['len', 'block']
    for record in kept:
        assert (record['mb']['team'], record['mb']['deep']) == ('x', {'a': [1]})
        assert record['call']['note'] == [1]
        assert len(record['call']['durations']) == 1
        assert record['call']['start_time'].startswith('20')
        assert record['call']['invocation'] == 'Python'
        assert set(record) == {'mb', 'call'}


@pytest.mark.parametrize('name', ['mb', 'call'])
@pytest.mark.parametrize('value', [None, 0, '', 'x', [], [('a', 1)], object()])
def test_reserved_names(name, value):
    """Anything but a dict under `mb` or `call` is refused at construction."""
    with pytest.raises(ValueError, match=f"'{name}' is reserved"):
        MicroBenchBase(**{name: value})


def test_a_leading_underscore_is_dropped():
    """Names with a leading underscore are for hooks' scratch data, not for records."""
    seen = []

    class Bench(MicroBenchBase):
        def capture_names(self, bm_data):
            seen.extend(name for name in bm_data if name.startswith('_'))

    kept = Kept()
    bench = Bench(outputs=[kept], _secret=1, __func=2, _func='mine', open_=3)
    bench(len)('')
    assert set(seen) == {'_func', '_args', '_kwargs', '_run', '_undo'}
    record = only(kept.records)
    assert set(record) == {'mb', 'call', 'open_'}
    assert record['call']['name'] == 'len'


def test_an_underscore_further_down_stays():
    """Only top-level names are scratch space."""
    kept = Kept()
    MicroBenchBase(outputs=[kept], field={'_inner': 1})(len)('')
    assert only(kept.records)['field'] == {'_inner': 1}


@pytest.mark.parametrize('hook', [{}, {'capture_other': lambda bm_data: None}])
@pytest.mark.parametrize('value', ['mine', 5, None, ['x']])
def test_a_field_named_like_a_namespace(hook, value):
    """A field that is no dict is replaced by a mixin's, in both forms of the record."""

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench(python=value, host=value)
    for name, function in hook.items():
        setattr(bench, name, function)
    bench(len)('')
    record = only(bench.get_results())
    assert set(record['python']) == {'version', 'build', 'prefix', 'executable'}
    assert 'hostname' in record['host']


def test_a_dict_named_like_a_namespace():
    """A dict is merged with what the mixin captures; the user's own is unchanged."""
    python = {'note': [1], 'version': 'mine'}
    bench = MicroBench(python=python)
    bench(len)('')
    bench(len)('')
    for record in bench.get_results():
        assert set(record['python']) == {'note', 'version', 'build', 'prefix', 'executable'}
        assert record['python']['version'] != 'mine'
    assert python == {'note': [1], 'version': 'mine'}


@pytest.mark.parametrize(
    'name', ['', 'with space', 'dotted.name', 'Zürich', '\ud800', '"', '0', 'class']
)
@pytest.mark.parametrize('value', ['x', ['x']])
def test_any_text_is_a_name(name, value):
    """Names need not be identifiers; they come back as they were given, if they can."""
    kept = Kept()
    MicroBenchBase(outputs=[kept], **{name: value})(len)('')
    assert only(kept.records)[readable(name)] == value
