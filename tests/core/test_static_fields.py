"""Static fields: copied into every record, merged under `call` and `mb`."""

import collections
import threading

import pytest

from microbench import MBHostInfo, MBPythonInfo, MicroBenchBase
from tests.fakes import Ticking, call_of, only


class Appending(MicroBenchBase):
    """A bench whose hook changes every container that it finds in `field`."""

    def capture_change(self, bm_data):
        change(bm_data['field'])


def change(value):
    """Change a container, at every depth."""
    if isinstance(value, dict):
        for item in list(value.values()):
            change(item)
        value['new'] = 1
    elif isinstance(value, (list, collections.deque)):
        for item in list(value):
            change(item)
        value.append(1)
    elif isinstance(value, tuple):
        for item in value:
            change(item)


CONTAINERS = [
    {'a': {'b': [1]}},
    [[1], {'a': 1}],
    ([1], {'a': [2]}),
    collections.OrderedDict(a=[1]),
    collections.defaultdict(list, a=[1]),
    type('Mine', (dict,), {})(a=[1]),
    type('Mine', (list,), {})([[1]]),
]


@pytest.mark.parametrize('field', CONTAINERS, ids=lambda field: type(field).__name__)
def test_containers_are_copied_for_each_record(field):
    """What a hook does to them stays in its record."""
    bench = Appending(field=field)
    before = repr(field)
    for _ in range(2):
        bench(len)('')
    first, second = (record['field'] for record in bench.get_results())
    assert first == second
    assert repr(field) == before


def test_leaves_are_shared():
    """What is in the containers is the user's own object, also if it cannot be copied."""
    lock = threading.Lock()
    seen = []

    class Bench(MicroBenchBase):
        def capture_see(self, bm_data):
            seen.append(bm_data['field']['deep'][0])
            bm_data['field'] = None

    bench = Bench(field={'deep': [lock]})
    bench(len)('')
    assert seen[0] is lock


def test_a_field_that_contains_itself():
    """Copying ends; the place that cannot be encoded has the placeholder."""
    loop = {'a': 1}
    loop['self'] = loop
    bench = MicroBenchBase(field=loop)
    with pytest.warns(Warning, match='itself'):
        bench(len)('')
    field = only(bench.get_results())['field']
    assert field['a'] == 1


def test_changes_by_the_user_are_seen():
    """A container that the user changes between calls is stored as it is then."""
    field = [1]
    bench = MicroBenchBase(field=field)
    bench(len)('')
    field.append(2)
    bench(len)('')
    assert [record['field'] for record in bench.get_results()] == [[1], [1, 2]]


@pytest.mark.parametrize('counter', [None, Ticking()])
def test_call_and_mb_are_merged(counter):
    """Dicts of these names go into the record's own, and grow nowhere."""
    settings = {'duration_counter': counter} if counter else {}
    mine = {'label': 'x', 'list': []}
    bench = MicroBenchBase(call=mine, mb={'site': 'here'}, **settings)
    for _ in range(2):
        with bench.record('r'), bench.time('p'):
            pass
    for record in bench.get_results():
        assert record['call']['label'] == 'x'
        assert record['mb']['site'] == 'here'
        assert record['call']['name'] == 'r'
        assert len(record['call']['timings']) == 1
        assert record['mb']['schema'] == 3
    assert mine == {'label': 'x', 'list': []}


def test_the_frameworks_own_fields_win():
    """A static `call` cannot replace what was measured."""
    spoiled = {'durations': 'x', 'timings': 'x', 'start_time': 'x', 'invocation': 'x'}
    bench = MicroBenchBase(call=spoiled, duration_counter=Ticking())
    with bench.record('r'), bench.time('p'):
        pass
    call = call_of(bench)
    assert call['durations'] == [3.0]
    assert call['timings'] == [{'name': 'p', 'duration': 1.0}]
    assert call['invocation'] == 'Python'
    assert call['start_time'] != 'x'


@pytest.mark.parametrize('value', ['text', 5, None, [1]])
def test_names_of_namespaces(value):
    """A static field called like a namespace gives way to the mixin."""

    class Bench(MicroBenchBase, MBHostInfo, MBPythonInfo):
        pass

    bench = Bench(host=value, python={'flavour': 'vanilla'})
    bench(len)('')
    record = only(bench.get_results())
    assert set(record['host']) >= {'hostname', 'os'}
    assert record['python']['flavour'] == 'vanilla'
    assert 'version' in record['python']


def test_names_with_an_underscore():
    """They are working state: never stored."""
    bench = MicroBenchBase(_hidden=1, shown=2)
    bench(len)('')
    assert set(only(bench.get_results())) == {'mb', 'call', 'shown'}


@pytest.mark.parametrize('name', ['Zürich', 'a b', 'a.b', '', '"', '\ud800', 'exception'])
def test_any_name(name):
    """Any text can be a field's name."""
    bench = MicroBenchBase(**{name: 5})
    bench(len)('')
    assert only(bench.get_results())[name] == 5


def test_names_of_attributes():
    """A field may be called like a method or attribute of the bench."""
    bench = MicroBenchBase(time=1, record=2, monitor=3, name=4, func=5)
    with bench.record('x'), bench.time('y'):
        pass
    record = only(bench.get_results())
    assert (record['time'], record['record'], record['monitor']) == (1, 2, 3)
    assert (record['name'], record['func']) == (4, 5)


def test_a_megabyte():
    """Large values are stored whole."""
    bench = MicroBenchBase(text='ä' * 10**6)
    bench(len)('')
    assert only(bench.get_results())['text'] == 'ä' * 10**6
