"""Which captures are called, in which order, and what they see."""

from functools import partialmethod

import pytest

from microbench import MicroBenchBase
from tests.core.hooks import note, notes, noting
from tests.fakes import Kept, Ticking, only


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
    """The first base in the resolution order decides."""

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


def test_attributes_that_are_not_hooks():
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
    """Captures see the fields that a record has before and after the code."""
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


def test_a_bench_call_inside_each_hook():
    """A hook, sink or encoder may use another bench."""
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
