"""A class's captures are determined once, and again after a change."""

import abc
import functools
import typing
import weakref
from unittest import mock

import pytest

from microbench import MBHostInfo, MBPythonInfo, MicroBench, MicroBenchBase, _core
from microbench.core.capture import namespace, per_process
from microbench.core.plan import current_plan
from tests.fakes import dict_reasons, only


def marking(name):
    """Return a hook that leaves a mark with its name in the record."""

    def hook(*self_and_data):
        self_and_data[-1].setdefault('marks', []).append(name)

    return hook


def marks(bench):
    """Return the marks that hooks leave in a new record of the bench."""
    with bench.record('marks'):
        pass
    return bench.get_results()[-1].get('marks', [])


# --- what counts as a hook ------------------------------------------------------------


class Callable:
    """An object with `__call__`."""

    def __call__(self, bm_data):
        marking('object')(bm_data)


KINDS = {
    'function': marking('function'),
    'static': staticmethod(marking('static')),
    'class': classmethod(marking('class')),
    'partialmethod': functools.partialmethod(marking('partialmethod')),
    'partial': staticmethod(functools.partial(marking('partial'), 'extra')),
    'object': Callable(),
    'lambda': lambda self, bm_data: marking('lambda')(bm_data),
}


@pytest.mark.parametrize('prefix', ['capture_', 'capturepost_'])
@pytest.mark.parametrize('kind', KINDS)
def test_kinds_of_hooks(prefix, kind):
    """Any callable under such a name is a hook."""
    bench = type('Bench', (MicroBenchBase,), {prefix + 'x': KINDS[kind]})()
    assert marks(bench) == [kind]
    assert dict_reasons(bench) == [f'{prefix}x runs for each record']


def test_a_class_as_hook():
    """A class under such a name is called with the record."""
    seen = []

    class Bench(MicroBenchBase):
        class capture_nested:
            def __init__(self, bm_data):
                seen.append(bm_data['call']['name'])

    assert marks(Bench()) == []
    assert seen == ['marks']


def test_a_builtin_as_hook_of_a_bench():
    """A built-in method set on the bench is called with the record."""
    seen = []
    bench = MicroBenchBase()
    bench.capture_x = seen.append
    marks(bench)
    assert seen[0]['call']['name'] == 'marks'


def evaluated(self):
    """A property that must not be looked at."""
    raise AssertionError('evaluated')


NO_HOOKS = {
    'capture_optional': True,
    'capture_versions': (),
    'capture_paths': ['.'],
    'capture_x': None,
    'capturepost_x': 5,
    'capture': marking('capture'),
    'capturepost': marking('capturepost'),
    '_capture_x': marking('_capture_x'),
    'captures_x': marking('captures_x'),
    'Capture_x': marking('Capture_x'),
    'capture_property': property(evaluated),
    'capturepost_property': property(evaluated),
    'capture_cached': functools.cached_property(evaluated),
    'monitor_property': property(evaluated),
    'property': property(evaluated),
}


@pytest.mark.parametrize('name', NO_HOOKS)
def test_no_hooks(name):
    """Settings, properties and other names are no hooks; nothing is evaluated."""
    attribute = NO_HOOKS[name]
    bench = type('Bench', (MicroBenchBase,), {name: attribute})()
    if isinstance(attribute, functools.cached_property):
        attribute.__set_name__(type(bench), name)
    assert marks(bench) == []
    assert bench.explain_path() == []


def test_a_hook_that_is_switched_off():
    """A subclass or a bench that sets an inherited hook to None has it no more."""

    class Above(MicroBenchBase):
        capture_x = marking('x')
        capture_y = marking('y')

    class Below(Above):
        capture_x = None

    bench = Below()
    assert marks(bench) == ['y']
    bench.capture_y = None
    assert marks(bench) == []
    assert marks(Above()) == ['x', 'y']


def test_order_is_that_of_the_names():
    """Hooks run alphabetically, whichever class or bench they come from."""

    class First:
        capture_b = marking('b of the first')
        capture_d = marking('d')

    class Second:
        capture_a = marking('a')
        capture_b = marking('b of the second')

    class Bench(First, MicroBenchBase, Second):
        capturepost_a = marking('post a')

    bench = Bench()
    bench.capture_c = marking('c')
    assert marks(bench) == ['a', 'b of the first', 'c', 'd', 'post a']


# --- once per process -----------------------------------------------------------------


def counted(made):
    """A constant capture that counts how often it runs."""

    @per_process
    def capture(self, bm_data):
        made.append(1)
        namespace(bm_data, 'host')['flavour'] = len(made)

    return capture


@pytest.mark.parametrize('hook', [{}, {'capture_z': marking('z')}])
def test_a_constant_runs_once_for_each_bench(hook):
    """A constant's result is in every record; another bench asks again."""
    made = []
    cls = type('Bench', (MicroBenchBase,), {'capture_x': counted(made), **hook})
    first, second = cls(), cls()
    assert made == []
    for bench in (first, first, second, second, first):
        bench(len)('')
    flavours = [[r['host']['flavour'] for r in b.get_results()] for b in (first, second)]
    assert flavours == [[1, 1, 1], [2, 2]]


def test_a_constant_runs_once_where_the_plan_is_made_anew():
    """A change of the bench does not run it again."""
    made = []
    bench = type('Bench', (MicroBenchBase,), {'capture_x': counted(made)})()
    bench(len)('')
    bench.iterations = 2
    bench(len)('')
    bench.capture_y = marking('y')
    bench(len)('')
    assert made == [1]


@pytest.mark.parametrize('hook', [{}, {'capture_z': marking('z')}])
def test_a_constant_that_is_replaced_runs_anew(hook):
    """Another definition is another constant; so is the first one put back."""
    made, other = [], [0] * 10
    cls = type('Bench', (MicroBenchBase,), {'capture_x': counted(made), **hook})
    bench = cls()
    bench(len)('')
    with mock.patch.object(cls, 'capture_x', counted(other)):
        bench(len)('')
        bench(len)('')
    bench(len)('')
    flavours = [record['host']['flavour'] for record in bench.get_results()]
    assert flavours == [1, 11, 11, 2]


def test_a_constant_replaced_by_an_ordinary_hook():
    """A replacement without the mark runs for each record."""
    bench = type('Bench', (MicroBenchBase,), {'capture_x': counted([])})()
    assert bench.explain_path() == []
    bench.capture_x = marking('x')
    assert marks(bench) == marks(bench) == ['x']
    assert dict_reasons(bench) == ['capture_x runs for each record']


def test_what_a_constant_gave_is_not_shared():
    """A hook that changes a constant's containers changes one record only."""

    class Bench(MicroBenchBase):
        @per_process
        def capture_a(self, bm_data):
            bm_data['host'] = {'list': [1], 'deep': {'list': [1]}}
            bm_data['top'] = [1]

        def capture_b(self, bm_data):
            bm_data['host']['list'].append(2)
            bm_data['host']['deep']['list'].append(2)
            bm_data['top'].append(2)

    bench = Bench()
    for _ in range(2):
        bench(len)('')
    first, second = bench.get_results()
    assert first['host'] == second['host'] == {'list': [1, 2], 'deep': {'list': [1, 2]}}
    assert first['top'] == second['top'] == [1, 2]


def test_two_constants_share_a_namespace():
    """Each constant runs on an empty record; their namespaces are merged."""

    class Bench(MBHostInfo, MicroBench):
        @per_process
        def capture_flavour(self, bm_data):
            assert bm_data == {}
            namespace(bm_data, 'host')['flavour'] = 'vanilla'
            namespace(bm_data, 'python')['flavour'] = 'monty'

    bench = Bench(host={'room': 5})
    bench(len)('')
    record = only(bench.get_results())
    assert {'flavour', 'hostname', 'os', 'room'} <= set(record['host'])
    assert {'flavour', 'version', 'prefix'} <= set(record['python'])


@pytest.mark.parametrize('own', [{}, {'host': {'unavailable': {'own': 'none'}}}])
def test_two_constants_share_an_object_in_a_namespace(own):
    """Two constants may add reasons; a static field of that name stays."""

    class Bench(MicroBench):
        surroundings = False

        @per_process
        def capture_one(self, bm_data):
            namespace(namespace(bm_data, 'host'), 'unavailable')['one'] = 'no file'

        @per_process
        def capture_two(self, bm_data):
            namespace(namespace(bm_data, 'host'), 'unavailable')['two'] = 'no file'

    bench = Bench(**own)
    bench(len)('')
    static = own.get('host', {}).get('unavailable', {})
    unavailable = {**static, 'one': 'no file', 'two': 'no file'}
    assert only(bench.get_results())['host'] == {'unavailable': unavailable}
    assert bool(bench.explain_path()) == bool(own)


# --- what makes the plan anew ---------------------------------------------------------


def test_the_plan_is_kept_while_nothing_changes():
    """Records, phases and private attributes leave the plan as it is."""
    bench = MicroBench()
    bench(len)('')
    plan = current_plan(bench._bench_config, bench)
    bench._private = 1
    with bench.record(), bench.time('part'):
        pass
    bench(len)('')
    assert current_plan(bench._bench_config, bench) is plan


class Mixin:
    """A mixin without a hook so far."""


@pytest.fixture
def patched():
    """Return a bench of a class with a mixin; changes of a test are taken back."""

    class Bench(MicroBenchBase, Mixin):
        pass

    before = set(vars(Mixin))
    yield Bench()
    for name in set(vars(Mixin)) - before:
        delattr(Mixin, name)


def places(bench):
    """Return the objects a hook can be set on, from the farthest to the nearest."""
    return {'mixin': Mixin, 'class': type(bench), 'bench': bench}


@pytest.mark.parametrize('post', ['', 'post'])
@pytest.mark.parametrize('where', ['mixin', 'class', 'bench'])
def test_a_hook_set_and_deleted(patched, where, post):
    """A hook counts from the next record on, and no longer after its deletion."""
    name = f'capture{post}_x'
    place = places(patched)[where]
    assert marks(patched) == []
    setattr(place, name, marking(1))
    assert marks(patched) == [1]
    setattr(place, name, marking(2))
    assert marks(patched) == [2]
    delattr(place, name)
    assert marks(patched) == []


@pytest.mark.parametrize('where', ['mixin', 'class', 'bench'])
def test_a_patched_hook(patched, where):
    """`patch.object` is noticed when it begins and when it ends."""
    Mixin.capture_x = marking('real')
    assert marks(patched) == ['real']
    with mock.patch.object(places(patched)[where], 'capture_x', marking('patched')):
        assert marks(patched) == ['patched']
    assert marks(patched) == ['real']


def test_a_mock_as_hook():
    """A Mock can be asked afterwards what it was called with."""
    bench = MicroBench()
    marks(bench)
    with mock.patch.object(MBPythonInfo, 'capture_python_info') as double:
        marks(bench)
    [[data]] = [call.args for call in double.call_args_list]
    assert data['call']['name'] == 'marks'
    assert 'python' not in bench.get_results()[-1]
    marks(bench)
    assert 'version' in bench.get_results()[-1]['python']


def test_a_setting_is_noticed(patched):
    """`capture_optional` of mixin, class and bench holds from the next record on."""

    def capture_fails(self, bm_data):
        raise OSError('fails')

    type(patched).capture_fails = capture_fails
    for place in places(patched).values():
        with pytest.raises(OSError, match='fails'):
            marks(patched)
        place.capture_optional = True
        assert marks(patched) == []
        del place.capture_optional


def test_another_class():
    """Assigning `__class__` gives a bench the hooks of its new class."""

    class One(MicroBenchBase):
        capture_x = marking('one')

    class Two(MicroBenchBase):
        capture_y = marking('two')

    bench = One()
    assert marks(bench) == ['one']
    bench.__class__ = Two
    assert marks(bench) == ['two']


def test_other_bases():
    """Assigning `__bases__` of the class is noticed."""

    class One:
        capture_x = marking('one')

    class Two:
        capture_x = marking('two')

    class Bench(MicroBenchBase, One):
        pass

    bench = Bench()
    assert marks(bench) == ['one']
    Bench.__bases__ = (MicroBenchBase, Two)
    assert marks(bench) == ['two']


@pytest.mark.parametrize(
    'name', ['pre_start_triggers', 'post_finish_triggers', 'output_result', 'to_json']
)
def test_an_override_set_later(name):
    """Methods that see the dict are called as soon as they are set."""
    bench = MicroBench()
    marks(bench)
    real = getattr(bench, name)
    double = mock.Mock(side_effect=real)
    setattr(bench, name, double)
    marks(bench)
    assert double.call_count == 1
    delattr(bench, name)
    marks(bench)
    assert double.call_count == 1
    assert len(bench.get_results()) == 3


SEEN_IN_BASE = [
    *('pre_start_triggers', 'post_finish_triggers', 'output_result', 'to_json'),
    *('pre_run_triggers', 'post_run_triggers', 'capture_function_name'),
]


@pytest.mark.parametrize('name', SEEN_IN_BASE)
def test_a_patched_method_of_the_base_class(name):
    """Users' tests may spy on a method of the base class or replace it."""
    real = getattr(MicroBenchBase, name)
    with mock.patch.object(MicroBenchBase, name, autospec=True, side_effect=real) as spy:
        bench = MicroBench()
        bench(len)('')
    assert spy.call_count == 1
    bench(len)('')
    assert spy.call_count == 1
    assert [r['call']['name'] for r in bench.get_results()] == ['len', 'len']


@pytest.mark.parametrize('name', ['pre_run_triggers', 'post_run_triggers'])
@pytest.mark.parametrize('where', ['mixin', 'class', 'bench'])
def test_a_trigger_set_later(patched, where, name):
    """A trigger runs around iterations from the next call on."""
    patched.iterations = 2
    work = patched(len)
    work('')
    if where == 'mixin':
        setattr(Mixin, name, marking('trigger'))
    elif where == 'class':
        setattr(type(patched), name, marking('trigger'))
    else:
        setattr(patched, name, marking('trigger'))
    work('')
    first, second = patched.get_results()
    assert 'marks' not in first
    assert second['marks'] == ['trigger'] * 2
    assert len(second['call']['durations']) == 2


def test_a_hook_that_a_hook_sets():
    """A hook set by a hook counts from the next record on."""

    def capture_first(bm_data):
        bench.capture_second = marking('second')

    bench = MicroBenchBase()
    bench.capture_first = capture_first
    assert marks(bench) == []
    assert marks(bench) == ['second']


# --- version tags ---------------------------------------------------------------------


def test_without_a_version_tag(monkeypatch):
    """Without a version tag of CPython, a correct plan is made for each record."""

    class Bench(MicroBenchBase):
        capture_x = marking('x')

    bench = Bench()
    monkeypatch.setattr(_core, 'type_version', lambda cls: 0)
    assert marks(bench) == ['x']
    assert current_plan(bench._bench_config, bench) is not current_plan(
        bench._bench_config, bench
    )
    Bench.capture_y = marking('y')
    assert marks(bench) == ['x', 'y']


def test_tags_that_run_out(monkeypatch):
    """A class that loses its tag, as when all are used up, is examined anew."""

    class Bench(MicroBenchBase):
        pass

    bench = Bench()
    assert marks(bench) == []
    monkeypatch.setattr(_core, 'type_version', lambda cls: 0)
    Bench.capture_x = marking('x')
    assert marks(bench) == ['x']
    monkeypatch.undo()
    assert marks(bench) == ['x']


def test_a_tag_of_each_class():
    """Tags differ between classes and change with a base; only classes have one."""

    class Above(MicroBenchBase):
        pass

    class Below(Above):
        pass

    marks(Above())
    marks(Below())
    before = _core.type_version(Above), _core.type_version(Below)
    assert len({0, *before}) == 3
    Above.capture_x = marking('x')
    marks(Below())
    assert _core.type_version(Below) not in before
    with pytest.raises(TypeError):
        _core.type_version(Below())


# --- metaclasses ----------------------------------------------------------------------


class Timing(typing.Protocol):
    """The protocol of anything whose `time` takes a name."""

    def time(self, name): ...


class Meta(type):
    """A metaclass with an attribute that must not be taken for one of the class."""

    capture_of_meta = marking('meta')


class Abstract(abc.ABC):
    """An abstract mixin."""

    @abc.abstractmethod
    def capture_x(self, bm_data): ...


@pytest.mark.parametrize(
    'bases',
    [(MicroBenchBase, Timing), (Timing, MicroBenchBase), (MicroBenchBase, abc.ABC)],
)
def test_metaclasses(bases):
    """Classes of another metaclass are benches like any."""
    metaclass = type(bases[1]) if type(bases[0]) is type else type(bases[0])
    cls = metaclass('Bench', bases, {'capture_x': marking('x')})
    bench = cls(field=1)
    assert marks(bench) == ['x']
    cls.capture_y = marking('y')
    assert marks(bench) == ['x', 'y']
    assert isinstance(bench, MicroBenchBase)


def test_attributes_of_a_metaclass_are_no_hooks():
    """Attributes that a class has from its metaclass are no hooks of its benches."""

    class Bench(MicroBenchBase, metaclass=Meta):
        pass

    assert marks(Bench()) == []


def test_an_abstract_hook():
    """A class with an abstract hook cannot be used; one that defines it can."""

    class Unfinished(MicroBenchBase, Abstract):
        pass

    class Finished(Unfinished):
        capture_x = marking('x')

    with pytest.raises(TypeError, match='abstract'):
        Unfinished()
    assert marks(Finished()) == ['x']


def test_attributes_set_before_the_constructor():
    """Attributes and hooks that a subclass sets before the constructor hold."""

    class Bench(MicroBench):
        def __init__(self, *args, **kwargs):
            self.capture_early = lambda bm_data: bm_data.update(early=True)
            self.env_vars = ['HOME']
            super().__init__(*args, **kwargs)

    bench = Bench(iterations=2)
    bench(len)('abc')
    [record] = bench.get_results()
    assert record['early'] is True
    assert list(record['env']) == ['HOME']
    assert len(record['call']['durations']) == 2


def test_a_bench_is_freed_without_the_garbage_collector():
    """Neither its plan nor its settings keep a bench alive."""
    bench = MicroBench()
    bench(len)('abc')
    with bench.record(), bench.time('phase'):
        pass
    freed = weakref.ref(bench)
    del bench
    assert freed() is None
