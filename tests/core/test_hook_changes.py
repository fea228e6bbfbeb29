"""Hooks and triggers that are added, replaced and removed while a bench is used."""

import itertools
from unittest.mock import MagicMock, patch

import pytest

from microbench import MBHostInfo, MicroBench, MicroBenchBase
from tests.core.hooks import note, notes, noting
from tests.fakes import Kept


def mixin_and_bench(*bases):
    """Return a new mixin without hooks, a class with it, and a bench of that class."""
    mixin = type('Mixin', bases, {})
    cls = type('Bench', (MicroBenchBase, mixin), {})
    return mixin, cls, cls()


@pytest.mark.parametrize('place', ['mixin', 'class', 'base of mixin', 'instance'])
@pytest.mark.parametrize('hook', ['capture_later', 'capturepost_later'])
def test_hooks_that_come_and_go(place, hook):
    """Added, replaced and removed hooks are honoured from the next call on."""
    base = type('Base', (), {})
    mixin, cls, bench = mixin_and_bench(base)
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


TRIGGERS = [
    ('mixin', 'pre_run_triggers'),
    ('mixin', 'post_run_triggers'),
    *itertools.product(
        ('class', 'instance'),
        (
            *('pre_start_triggers', 'pre_run_triggers'),
            *('post_run_triggers', 'post_finish_triggers'),
        ),
    ),
]


@pytest.mark.parametrize(('place', 'name'), TRIGGERS)
def test_triggers_that_come_and_go(place, name):
    """Added and removed triggers are honoured from the next call on."""
    mixin, cls, bench = mixin_and_bench()
    target = {'mixin': mixin, 'class': cls, 'instance': bench}[place]

    def added(self, bm_data):
        note(bm_data, name)
        if place != 'mixin':
            getattr(MicroBenchBase, name)(self, bm_data)

    assert notes(bench) is None
    setattr(target, name, added.__get__(bench) if target is bench else added)
    assert notes(bench) == [name]
    delattr(target, name)
    assert notes(bench) is None


@pytest.mark.parametrize('name', ['output_result', 'to_json'])
def test_output_methods_that_come_and_go(name):
    """Added and removed methods for the finished record are honoured as well."""
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
    bench = type('Bench', (MicroBench, MBHostInfo), {})()
    work = bench(lambda: None)
    work()
    with patch.object(MBHostInfo, 'capture_hostname', noting('patched')):
        work()
    work()
    before, patched, after = bench.get_results()
    assert before['host']['hostname'] == after['host']['hostname']
    assert 'hostname' not in patched['host']
    assert patched['notes'] == ['patched']


@pytest.mark.parametrize('options', [{}, {'new_callable': MagicMock}, {'autospec': True}])
def test_a_hook_that_is_a_mock(options):
    """A mock in place of a hook is called with each record, and harms nothing."""
    bench = type('Bench', (MicroBench, MBHostInfo), {})()
    with patch.object(MBHostInfo, 'capture_hostname', **options) as hook:
        assert [bench(lambda: 5)() for _ in range(2)] == [5, 5]
    assert hook.call_count == 2
    assert 'hostname' not in bench.get_results()[0]['host']


class One(MicroBenchBase):
    """A class with a hook."""

    capture_a = noting('one')


class Two(MicroBenchBase):
    """Another class with that hook."""

    capture_a = noting('two')


def test_class_change():
    """An object that is given another class has that one's hooks."""
    bench = One()
    assert notes(bench) == ['one']
    bench.__class__ = Two
    assert notes(bench) == ['two']
    bench.__class__ = MicroBenchBase
    assert notes(bench) is None


def test_bases_change():
    """A class that is given other bases has their hooks."""
    bench_class = type('Bench', (One,), {})
    bench = bench_class()
    assert notes(bench) == ['one']
    bench_class.__bases__ = (Two,)
    assert notes(bench) == ['two']


def test_many_changes_of_one_class():
    """A class may change more often than CPython has version tags for it."""

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
    """A running call keeps its hooks; the next call sees the change."""

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
