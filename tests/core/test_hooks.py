"""Captures and triggers: which are called, when, and what their errors do."""

from functools import partialmethod
from unittest.mock import MagicMock, patch

import pytest

from microbench import MBHostInfo, MBResourceUsage, MicroBench, MicroBenchBase
from microbench.core.capture import namespace, per_process
from tests.fakes import Kept, Ticking, call_of, only


def note(bm_data, word):
    """Append a word to the record's notes."""
    bm_data.setdefault('notes', []).append(word)


def noting(word):
    """A hook that notes a word."""

    def hook(self, bm_data):
        note(bm_data, word)

    return hook


def notes(bench):
    """The notes of one more call."""
    bench(lambda: None)()
    return bench.get_results()[-1].get('notes')


# --- added, replaced, removed later -----------------------------------------------


def mixin_and_bench(*bases):
    """A fresh mixin without hooks, and a bench of a class with it."""
    mixin = type('Mixin', (), {})
    cls = type('Bench', (mixin, *bases) if bases else (MicroBenchBase, mixin), {})
    return mixin, cls, cls()


@pytest.mark.parametrize('place', ['mixin', 'class', 'base of mixin', 'instance'])
@pytest.mark.parametrize('hook', ['capture_later', 'capturepost_later'])
def test_hooks_that_come_and_go(place, hook):
    """Added, replaced and removed hooks are honoured from the next call on."""
    base = type('Base', (), {})
    mixin = type('Mixin', (base,), {})
    cls = type('Bench', (MicroBenchBase, mixin), {})
    bench = cls()
    target = {'mixin': mixin, 'class': cls, 'base of mixin': base, 'instance': bench}
    target = target[place]

    def hooking(word):
        made = noting(word)
        return (lambda bm_data: made(bench, bm_data)) if target is bench else made

    assert notes(bench) is None
    setattr(target, hook, hooking('added'))
    assert notes(bench) == ['added']
    setattr(target, hook, hooking('replaced'))
    assert notes(bench) == ['replaced']
    delattr(target, hook)
    assert notes(bench) is None


@pytest.mark.parametrize('place', ['mixin', 'class', 'instance'])
@pytest.mark.parametrize('trigger', ['pre_run_triggers', 'post_run_triggers'])
def test_triggers_that_come_and_go(place, trigger):
    """Triggers around each iteration too."""
    mixin, cls, bench = mixin_and_bench()
    target = {'mixin': mixin, 'class': cls, 'instance': bench}[place]
    if place == 'class':

        def added(self, bm_data):
            note(bm_data, 'trigger')
            getattr(MicroBenchBase, trigger)(self, bm_data)
    elif place == 'instance':

        def added(bm_data):
            note(bm_data, 'trigger')
            getattr(MicroBenchBase, trigger)(bench, bm_data)
    else:
        added = noting('trigger')

    assert notes(bench) is None
    setattr(target, trigger, added)
    assert notes(bench) == ['trigger']
    delattr(target, trigger)
    assert notes(bench) is None


@pytest.mark.parametrize('place', ['class', 'instance'])
@pytest.mark.parametrize('name', ['pre_start_triggers', 'post_finish_triggers'])
def test_start_and_finish_triggers_that_come_and_go(place, name):
    """The triggers that run once for a record."""
    _, cls, bench = mixin_and_bench()

    def method(self, bm_data):
        note(bm_data, name)
        getattr(MicroBenchBase, name)(self, bm_data)

    assert notes(bench) is None
    if place == 'class':
        setattr(cls, name, method)
    else:
        setattr(bench, name, method.__get__(bench))
    assert notes(bench) == [name]
    delattr(cls if place == 'class' else bench, name)
    assert notes(bench) is None


@pytest.mark.parametrize('name', ['output_result', 'to_json'])
def test_output_methods_that_come_and_go(name):
    """Methods that see or encode the finished record."""
    _, cls, bench = mixin_and_bench()
    seen = []

    def method(self, obj):
        seen.append(name)
        return getattr(MicroBenchBase, name)(self, obj)

    notes(bench)
    setattr(cls, name, method)
    notes(bench)
    assert seen == [name]
    delattr(cls, name)
    setattr(bench, name, method.__get__(bench))
    notes(bench)
    assert seen == [name] * 2
    delattr(bench, name)
    notes(bench)
    assert (seen, len(bench.get_results())) == ([name] * 2, 4)


def test_patch_object_on_a_mixin():
    """A patched hook is called while the patch lasts, on benches that exist already."""

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench()
    work = bench(lambda: None)
    work()
    hook = noting('patched')
    with patch.object(MBHostInfo, 'capture_hostname', hook):
        work()
    work()
    before, patched, after = bench.get_results()
    assert before['host']['hostname'] == after['host']['hostname']
    assert 'hostname' not in patched['host']
    assert patched['notes'] == ['patched']


@pytest.mark.parametrize('kind', [None, MagicMock])
def test_a_hook_that_is_a_mock(kind):
    """A Mock in place of a hook is called with the record, and harms nothing."""

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench()
    with patch.object(MBHostInfo, 'capture_hostname', new_callable=kind) as hook:
        assert bench(lambda: 5)() == 5
    assert hook.call_count == 1
    assert 'hostname' not in only(bench.get_results())['host']


def test_patched_with_its_own_signature():
    """Autospec makes a function that looks like the hook, mark included."""

    class Bench(MicroBench, MBHostInfo):
        pass

    bench = Bench()
    with patch.object(MBHostInfo, 'capture_os', autospec=True) as hook:
        bench(lambda: None)()
        bench(lambda: None)()
    assert hook.called
    assert 'os' not in bench.get_results()[0]['host']


def test_class_change():
    """An object that is given another class has that one's hooks."""

    class One(MicroBenchBase):
        capture_a = noting('one')

    class Two(MicroBenchBase):
        capture_a = noting('two')

    bench = One()
    assert notes(bench) == ['one']
    bench.__class__ = Two
    assert notes(bench) == ['two']
    bench.__class__ = MicroBenchBase
    assert notes(bench) is None


def test_bases_change():
    """A class that is given other bases has their hooks."""

    class One(MicroBenchBase):
        capture_a = noting('one')

    class Two(MicroBenchBase):
        capture_a = noting('two')

    class Bench(One):
        pass

    bench = Bench()
    assert notes(bench) == ['one']
    Bench.__bases__ = (Two,)
    assert notes(bench) == ['two']


def test_many_changes_of_one_class():
    """Also after more changes than CPython gives version tags for one class."""

    class Bench(MicroBenchBase):
        pass

    bench = Bench(outputs=[Kept()])
    work = bench(lambda: None)
    for number in range(1500):
        Bench.capture_a = noting(number)
        work()
    records = bench._bench_config.delivery.sinks[0].records
    assert [record['notes'] for record in records] == [[n] for n in range(1500)]


def test_a_hook_changed_while_a_call_runs():
    """What a running call began with is finished; the next call sees the change."""

    class Bench(MicroBenchBase):
        pass

    bench = Bench()

    @bench
    def work():
        Bench.capturepost_late = noting('late')

    work()
    work()
    assert [r.get('notes') for r in bench.get_results()] == [None, ['late']]


def test_capture_optional_changed_later():
    """Strictness follows the attribute, on class and object."""

    class Bench(MicroBenchBase):
        def capture_fails(self, bm_data):
            raise KeyError('no')

    bench = Bench()
    work = bench(lambda: 5)
    with pytest.raises(KeyError):
        work()
    Bench.capture_optional = True
    assert work() == 5
    bench.capture_optional = False
    with pytest.raises(KeyError):
        work()
    del bench.capture_optional
    assert work() == 5


# --- which hooks, in which order --------------------------------------------------


def test_alphabetical_order():
    """Names decide the order, not the bases nor the order of definition."""

    class Late:
        capture_d = noting('d')
        capture_a = noting('a')

    class Bench(Late, MicroBenchBase):
        capture_c = noting('c')
        capturepost_z = noting('post z')
        capturepost_y = noting('post y')

    bench = Bench()
    bench.capture_b = lambda bm_data: note(bm_data, 'b')
    assert notes(bench) == ['a', 'b', 'c', 'd', 'post y', 'post z']


def test_the_same_name_in_two_bases():
    """Attribute look-up decides: the first base in the resolution order."""

    class One:
        capture_a = noting('one')

    class Two:
        capture_a = noting('two')

    assert notes(type('B', (One, MicroBenchBase, Two), {})()) == ['one']
    assert notes(type('B', (MicroBenchBase, Two, One), {})()) == ['two']


def test_kinds_of_hooks():
    """Functions, static, class and partial methods, callables and classes count."""

    class Called:
        def __call__(self, bm_data):
            note(bm_data, 'object')

    class Bench(MicroBenchBase):
        @staticmethod
        def capture_a(bm_data):
            note(bm_data, 'static')

        @classmethod
        def capture_b(cls, bm_data):
            note(bm_data, cls.__name__)

        def with_word(self, word, bm_data):
            note(bm_data, word)

        capture_c = partialmethod(with_word, 'partial')
        capture_d = Called()

        class capture_e:
            def __init__(self, bm_data):
                note(bm_data, 'class')

    assert notes(Bench()) == ['static', 'Bench', 'partial', 'object', 'class']


def test_what_is_no_hook():
    """Options with the prefix, properties and None are not called."""

    class Above(MicroBenchBase):
        capture_gone = noting('gone')

    class Bench(Above):
        capture_optional = False
        capture_versions = ()
        capture_paths = ['x']
        capture_gone = None
        capture_property = property(lambda self: 1 / 0)
        capturepost_property = property(lambda self: 1 / 0)

    bench = Bench()
    assert notes(bench) is None
    assert bench.explain_path() == []


def test_what_hooks_see():
    """What is in the record before and after the code."""
    seen = {}

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            seen['before'] = set(bm_data), set(bm_data['call'])
            seen['func'] = bm_data['_func'], bm_data['_args'], bm_data['_kwargs']

        def capture_z(self, bm_data):
            seen['name'] = bm_data['call']['name']

        def capturepost_a(self, bm_data):
            seen['after'] = set(bm_data['call'])
            seen['values'] = [
                *bm_data['call']['durations'],
                type(bm_data['call']['start_time']).__name__,
                type(bm_data['call']['finish_time']).__name__,
                bm_data['call']['timings'][0]['name'],
            ]

    bench = Bench(duration_counter=Ticking(), field=1)

    def work(a, b):
        with bench.time('part'):
            pass

    bench(work)(1, b=2)
    names, call = seen['before']
    assert names >= {'mb', 'call', 'field', '_func', '_args', '_kwargs'}
    assert call >= {'invocation'}
    assert not call & {'durations', 'start_time', 'finish_time'}
    assert seen['func'] == (work, (1,), {'b': 2})
    assert seen['name'] == 'work'
    assert seen['after'] >= {'durations', 'start_time', 'finish_time', 'timings'}
    assert seen['values'] == [3.0, 'datetime', 'datetime', 'part']
    assert not [name for name in only(bench.get_results()) if name.startswith('_')]


def test_what_hooks_see_of_a_block():
    """A record block has a name from the start, no function and no arguments."""
    seen = []

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            seen.append(bm_data['call']['name'])
            seen.append('_func' in bm_data)
            seen.append((bm_data['_args'], bm_data['_kwargs']))

    with Bench().record('block'):
        pass
    assert seen == ['block', False, ((), {})]


@pytest.mark.parametrize('fails', [False, True])
def test_the_outcome_is_there_for_post_hooks(fails):
    """Post hooks see what the code raised."""
    seen = []

    class Bench(MicroBenchBase):
        def capturepost_a(self, bm_data):
            seen.append(bm_data.get('exception'))

    def work():
        if fails:
            raise KeyError('x')

    try:
        Bench()(work)()
    except KeyError:
        pass
    assert seen == [{'type': 'KeyError', 'message': "'x'"} if fails else None]


def test_scratch_space():
    """Top-level keys with an underscore pass between hooks and are not stored."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            bm_data['_scratch'] = 5
            bm_data['nested'] = {'_kept': 1}

        def capturepost_a(self, bm_data):
            bm_data['seen'] = bm_data['_scratch']

    bench = Bench(_static=1)
    bench(lambda: None)()
    record = only(bench.get_results())
    assert (record['seen'], record['nested']) == (5, {'_kept': 1})
    assert not {'_scratch', '_static', '_func', '_args', '_kwargs'} & set(record)


# --- triggers ---------------------------------------------------------------------


class Tracker:
    """A mixin that notes each trigger, and forwards to the next class."""

    def pre_run_triggers(self, bm_data):
        note(bm_data, 'pre')
        forward = getattr(super(), 'pre_run_triggers', None)
        if forward is not None:
            forward(bm_data)

    def post_run_triggers(self, bm_data):
        forward = getattr(super(), 'post_run_triggers', None)
        if forward is not None:
            forward(bm_data)
        note(bm_data, 'post')


@pytest.mark.parametrize(
    'bases',
    [
        (MicroBench, Tracker, MBResourceUsage),
        (Tracker, MicroBench, MBResourceUsage),
        (Tracker, MBResourceUsage, MicroBench),
        (MBResourceUsage, MicroBenchBase, Tracker),
        (MBResourceUsage, Tracker, MicroBenchBase),
        (MicroBenchBase, MBResourceUsage, Tracker),
    ],
    ids=lambda bases: '-'.join(b.__name__ for b in bases),
)
@pytest.mark.parametrize('iterations', [1, 3])
def test_triggers_of_all_bases_run_once(bases, iterations):
    """Mixins before and after the base: once for each iteration, pre before post."""
    bench = type('Bench', bases, {})(
        iterations=iterations, warmup=2, duration_counter=Ticking()
    )
    bench(lambda: None)()
    record = only(bench.get_results())
    assert record['notes'] == ['pre', 'post'] * iterations
    assert len(record['resource_usage']) == iterations
    assert record['call']['durations'] == [1.0] * iterations


def test_triggers_are_outside_of_the_duration():
    """The clock is read last before the code and first after it."""
    clock = Ticking()

    class Bench(MicroBenchBase):
        def pre_run_triggers(self, bm_data):
            clock()
            super().pre_run_triggers(bm_data)
            clock()

        def post_run_triggers(self, bm_data):
            clock()
            super().post_run_triggers(bm_data)
            clock()

        def capture_a(self, bm_data):
            clock()

        def capturepost_a(self, bm_data):
            clock()

    bench = Bench(duration_counter=clock, iterations=2)
    bench(lambda: None)()
    with bench.record():
        pass
    durations = [r['call']['durations'] for r in bench.get_results()]
    assert durations == [[1.0, 1.0], [1.0]]


def test_a_trigger_that_does_not_forward():
    """A mixin that cuts the chain costs the others' triggers, nothing else."""

    class Selfish:
        def pre_run_triggers(self, bm_data):
            note(bm_data, 'selfish')

    bench = type('Bench', (Selfish, MicroBench, Tracker), {})(duration_counter=Ticking())
    assert notes(bench) == ['selfish', 'post']
    assert call_of(bench)['durations'] == [1.0]


def test_durations_so_far():
    """A post trigger sees the durations of the iterations until now."""
    seen = []

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            seen.append(list(bm_data['call']['durations']))

    Bench(duration_counter=Ticking(), iterations=3)(lambda: None)()
    assert seen == [[1.0], [1.0] * 2, [1.0] * 3]


def test_overriding_without_super():
    """Start and finish triggers that do not call super() leave a record, bare."""

    class Bench(MicroBenchBase):
        capture_a = noting('never')

        def pre_start_triggers(self, bm_data):
            note(bm_data, 'start')

        def post_finish_triggers(self, bm_data):
            note(bm_data, 'finish')

    bench = Bench(duration_counter=Ticking())
    assert notes(bench) == ['start', 'finish']
    assert call_of(bench)['durations'] == [1.0]


# --- generator captures -----------------------------------------------------------


def test_a_generator_capture():
    """Set up, yield, result: its second half runs after the code, in reverse order."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            note(bm_data, 'a begins')
            yield
            note(bm_data, 'a ends')

        def capture_b(self, bm_data):
            note(bm_data, 'b begins')
            yield
            bm_data['took'] = bm_data['call']['durations']
            note(bm_data, 'b ends')

        def capturepost_a(self, bm_data):
            note(bm_data, 'post')

    bench = Bench(duration_counter=Ticking())
    assert notes(bench) == ['a begins', 'b begins', 'b ends', 'a ends', 'post']
    assert only(bench.get_results())['took'] == [1.0]


def test_a_generator_capture_without_yield():
    """One that returns early has done its work; nothing follows."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            note(bm_data, 'returns')
            if 'notes' in bm_data:
                return
            yield

    bench = Bench()
    assert list(map(bench(abs), [-1, -2])) == [1, 2]
    assert [r['notes'] for r in bench.get_results()] == [['returns']] * 2


def test_a_generator_capture_that_yields_twice():
    """What comes after a second yield does not run; clean-up does."""
    ended = []

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            try:
                yield
                yield
                note(bm_data, 'never')
            finally:
                ended.append(1)

    assert notes(Bench()) is None
    assert ended == [1]


def test_generator_captures_of_concurrent_records():
    """Each record has its own frame: state does not mix."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            mine = bm_data['call']['name']
            yield
            bm_data['mine'] = mine

    bench = Bench()
    with bench.record('outer'), bench.record('inner'):
        pass
    found = [(r['call']['name'], r['mine']) for r in bench.get_results()]
    assert found == [('inner', 'inner'), ('outer', 'outer')]


@pytest.mark.parametrize('optional', [False, True])
def test_a_generator_capture_that_fails_at_the_end(optional):
    """Its error is that of the hook: raised after the record, or noted in it."""

    class Bench(MicroBenchBase):
        capture_optional = optional

        def capture_a(self, bm_data):
            yield
            raise KeyError('end')

    bench = Bench()
    if optional:
        assert bench(lambda: 5)() == 5
        assert call_of(bench)['capture_errors'] == [
            {'method': 'capture_a', 'error': "KeyError: 'end'"}
        ]
    else:
        with pytest.raises(KeyError, match='end'):
            bench(lambda: 5)()
        assert len(bench.get_results()) == 1


def test_pending_captures_are_closed_when_another_fails():
    """A capture that fails has those before it taken back, in reverse order."""
    undone = []

    def undoing(word):
        def hook(self, bm_data):
            try:
                yield
            finally:
                undone.append(word)

        return hook

    class Bench(MicroBenchBase):
        capture_a = undoing('a')
        capture_b = undoing('b')

        def capture_c(self, bm_data):
            raise ValueError('c')

    with pytest.raises(ValueError, match='^c$'):
        Bench()(lambda: None)()
    assert undone == ['b', 'a']


def test_a_failing_clean_up_does_not_replace_the_error():
    """The capture's error comes out, and the other clean-ups run."""
    undone = []

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            try:
                yield
            finally:
                undone.append('a')

        def capture_b(self, bm_data):
            try:
                yield
            finally:
                raise KeyError('clean-up')

        def capture_c(self, bm_data):
            raise ValueError('c')

    with pytest.raises(ValueError, match='^c$'):
        Bench()(lambda: None)()
    assert undone == ['a']


# --- errors -----------------------------------------------------------------------


@pytest.mark.parametrize('error', [KeyError('x'), OSError(2, 'gone'), SystemExit(3)])
def test_a_strict_capture(error):
    """Without capture_optional its error goes to the caller; the code has not run."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            raise error

    bench = Bench()
    ran = []
    with pytest.raises(type(error)) as caught:
        bench(ran.append)(1)
    assert caught.value is error
    assert ran == bench.get_results() == []


def test_optional_captures():
    """With capture_optional errors are listed in the order of failure."""

    class Bench(MicroBenchBase):
        capture_optional = True
        capture_c = noting('c')

        def capture_b(self, bm_data):
            raise OSError('b')

        def capture_d(self, bm_data):
            raise KeyError('d')

        def capturepost_a(self, bm_data):
            raise ValueError

    bench = Bench()
    assert notes(bench) == ['c']
    assert call_of(bench)['capture_errors'] == [
        {'method': 'capture_b', 'error': 'OSError: b'},
        {'method': 'capture_d', 'error': "KeyError: 'd'"},
        {'method': 'capturepost_a', 'error': 'ValueError: '},
    ]


def test_no_errors_no_field():
    """Without failures there is no call.capture_errors."""

    class Bench(MicroBenchBase):
        capture_optional = True
        capture_a = noting('a')

    bench = Bench()
    notes(bench)
    assert 'capture_errors' not in call_of(bench)


@pytest.mark.parametrize('error', [KeyboardInterrupt(), SystemExit(2)])
def test_optional_is_for_exceptions_only(error):
    """What asks the program to end is never swallowed."""

    class Bench(MicroBenchBase):
        capture_optional = True

        def capture_a(self, bm_data):
            raise error

    with pytest.raises(type(error)):
        Bench()(lambda: None)()


@pytest.mark.parametrize('hook', ['capturepost_a', 'post_run_triggers'])
@pytest.mark.parametrize('error', [KeyError('x'), KeyboardInterrupt()])
def test_a_failing_post_hook(hook, error):
    """Its error is raised after the record was written."""

    def fails(self, bm_data):
        raise error

    kept = Kept()
    bench = type('Bench', (MicroBenchBase,), {hook: fails})(
        outputs=[kept], duration_counter=Ticking()
    )
    with pytest.raises(type(error)) as caught:
        bench(lambda: 5)()
    assert caught.value is error
    assert only(kept.records)['call']['durations'] == [1.0]


def test_the_first_of_two_failing_post_hooks():
    """The first error is raised; the other post hooks still run."""

    class Bench(MicroBenchBase):
        def capturepost_a(self, bm_data):
            raise KeyError('first')

        def capturepost_b(self, bm_data):
            raise ValueError('second')

        capturepost_c = noting('c')

    kept = Kept()
    with pytest.raises(KeyError, match='first'):
        Bench(outputs=[kept])(lambda: None)()
    assert only(kept.records)['notes'] == ['c']


def test_an_overridden_output_result():
    """It gets the cleaned record; if it fails, a warning says so and the result is kept."""
    seen = []

    class Bench(MicroBenchBase):
        def output_result(self, bm_data):
            seen.append(set(bm_data))
            raise OSError('output')

    bench = Bench()
    with pytest.warns(RuntimeWarning, match=r'output_result\(\) did not take a record'):
        assert bench(lambda: 5)() == 5
    with pytest.warns(RuntimeWarning), pytest.raises(ZeroDivisionError):
        bench(lambda: 1 / 0)()
    assert seen == [{'mb', 'call'}, {'mb', 'call', 'exception'}]


@pytest.mark.parametrize('hook', ['pre_run_triggers', 'post_run_triggers'])
def test_a_trigger_that_spoils_the_record(hook, capsys):
    """Result and record survive a hook that takes the framework's fields away."""

    def spoil(self, bm_data):
        bm_data.pop('call')

    kept = Kept()
    bench = type('Bench', (MicroBenchBase,), {hook: spoil})(outputs=[kept])
    try:
        assert bench(lambda: 5)() == 5
    except (KeyError, TypeError):
        pass  # a fault in a hook may be raised to its author
    assert len(kept.lines) == 1


# --- re-entrancy ------------------------------------------------------------------


def test_a_bench_call_inside_each_hook():
    """Another bench may be used wherever user code runs."""
    kept = Kept()
    other = MicroBenchBase(outputs=[kept], duration_counter=Ticking())
    inner = other(lambda: None)

    class Sink(Kept):
        def write_record(self, record, timeout=None):
            inner()
            super().write_record(record)

    class Odd:
        def __repr__(self):
            inner()
            return 'odd'

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            inner()

        def capturepost_a(self, bm_data):
            inner()

        def pre_run_triggers(self, bm_data):
            inner()
            super().pre_run_triggers(bm_data)

        def to_json(self, obj):
            inner()
            return super().to_json(obj)

    sink = Sink()
    bench = Bench(outputs=[sink], duration_counter=Ticking())
    bench(lambda: repr(Odd()))()
    assert [r['call']['durations'] for r in sink.records] == [[1.0]]
    assert [r['call']['durations'] for r in kept.records] == [[1.0]] * 6


def test_the_same_bench_inside_its_own_hook():
    """A hook that records with its own bench, and knows when to stop, works."""

    class Bench(MicroBenchBase):
        inside = False

        def capture_a(self, bm_data):
            if not self.inside:
                self.inside = True
                with self.record('from the hook'):
                    pass
                self.inside = False

    bench = Bench(duration_counter=Ticking())
    with bench.record('outer'), bench.time('x'):
        pass
    inner, outer = (r['call'] for r in bench.get_results())
    assert (inner['name'], outer['name']) == ('from the hook', 'outer')
    assert outer['timings'] == [{'name': 'x', 'duration': 1.0}]


# --- constants of the process -----------------------------------------------------


def test_a_constant_runs_once_for_a_bench():
    """A capture marked per_process runs once for each object, on an empty record."""
    seen = []

    class Bench(MicroBenchBase):
        @per_process
        def capture_a(self, bm_data):
            seen.append(dict(bm_data))
            namespace(bm_data, 'host')['flavour'] = 'vanilla'

    first, second = Bench(), Bench(duration_counter=Ticking())
    for bench in (first, second):
        for _ in range(3):
            bench(lambda: None)()
        hosts = [record['host'] for record in bench.get_results()]
        assert hosts == [{'flavour': 'vanilla'}] * 3
    assert seen == [{}, {}]


def test_a_constant_is_not_changed_by_hooks():
    """What a hook does to a constant, at any depth, stays in its record."""

    class Bench(MicroBenchBase):
        @per_process
        def capture_a(self, bm_data):
            bm_data['host'] = {'list': [1], 'deep': {'er': [2]}}

        def capture_b(self, bm_data):
            bm_data['host']['list'].append(9)
            bm_data['host']['deep']['er'].append(9)
            bm_data['host']['new'] = 9

    bench = Bench()
    for _ in range(2):
        bench(lambda: None)()
    expected = {'list': [1, 9], 'deep': {'er': [2, 9]}, 'new': 9}
    assert [r['host'] for r in bench.get_results()] == [expected] * 2


def test_constants_and_hooks_fill_one_namespace():
    """Namespaces are merged one level deep, in alphabetical order of the hooks."""

    class Bench(MicroBenchBase):
        @per_process
        def capture_b(self, bm_data):
            namespace(bm_data, 'host')['b'] = 'constant'

        def capture_a(self, bm_data):
            namespace(bm_data, 'host')['a'] = 'record'

        def capture_c(self, bm_data):
            namespace(bm_data, 'host')['c'] = dict(bm_data['host'])

    bench = Bench(host={'static': 1})
    bench(lambda: None)()
    host = only(bench.get_results())['host']
    known = {'static': 1, 'a': 'record', 'b': 'constant'}
    assert host == {**known, 'c': known}


@pytest.mark.parametrize('optional', [False, True])
def test_a_constant_that_fails(optional):
    """It is tried again at each call, and strict or noted like any capture."""
    fails = [True]

    class Bench(MicroBenchBase):
        capture_optional = optional

        @per_process
        def capture_a(self, bm_data):
            if fails[0]:
                raise KeyError('not yet')
            bm_data['flavour'] = 'vanilla'

    bench = Bench()
    work = bench(lambda: 5)
    if optional:
        assert work() == 5
        noted = {'method': 'capture_a', 'error': "KeyError: 'not yet'"}
        assert call_of(bench)['capture_errors'] == [noted]
    else:
        with pytest.raises(KeyError, match='not yet'):
            work()
    fails[0] = False
    assert work() == 5
    assert bench.get_results()[-1]['flavour'] == 'vanilla'


def test_namespace_replaces_what_is_no_dict():
    """A static field of that name gives way to the mixin."""
    bm_data = {'host': 'a text'}
    namespace(bm_data, 'host')['a'] = 1
    assert bm_data == {'host': {'a': 1}}
    assert namespace(bm_data, 'host') is bm_data['host']
