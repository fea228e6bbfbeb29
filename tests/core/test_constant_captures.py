"""Captures that run once for a process, and namespaces that hooks share."""

import pytest

from microbench import MicroBenchBase
from microbench.core.capture import namespace, per_process
from tests.fakes import Ticking, call_of, only


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
    """A change that a hook makes to a constant, at any depth, stays in its record."""

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
    """A failing constant is tried again at each call; its error is raised or noted."""
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


def test_namespace_replaces_a_text():
    """A static field of that name gives way to the mixin."""
    bm_data = {'host': 'a text'}
    namespace(bm_data, 'host')['a'] = 1
    assert bm_data == {'host': {'a': 1}}
    assert namespace(bm_data, 'host') is bm_data['host']
