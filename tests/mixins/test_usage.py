"""MBResourceUsage: the kernel's counters for each iteration."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from microbench import MBResourceUsage, MicroBench, MicroBenchBase
from microbench.mixins import usage
from tests.conftest import SANITIZED
from tests.fakes import ROOT, Ticking, only

resource = pytest.importorskip('resource')

FIELDS = {
    *('utime', 'stime', 'minflt', 'majflt'),
    *('inblock', 'oublock', 'nvcsw', 'nivcsw'),
}


class Usage(MicroBenchBase, MBResourceUsage):
    """A bench with resource usage."""


@pytest.fixture
def readings(monkeypatch):
    """Simulate a kernel whose counters go on by one at each reading."""
    made = []

    def getrusage(who):
        assert who == resource.RUSAGE_SELF
        made.append(len(made) + 1)
        counters = dict.fromkeys((f'ru_{f}' for f in FIELDS), len(made))
        return SimpleNamespace(**counters, ru_maxrss=7)

    fake = SimpleNamespace(getrusage=getrusage, RUSAGE_SELF=resource.RUSAGE_SELF)
    monkeypatch.setattr(usage, 'resource', fake)
    return made


@pytest.mark.parametrize('iterations', [0, 1, 3])
def test_one_entry_for_each_iteration(readings, iterations):
    """Each iteration has its differences; warm-up has none."""
    bench = Usage(iterations=iterations, warmup=2)
    bench(lambda: None)()
    expected = [dict.fromkeys(FIELDS, 1)] * iterations
    assert only(bench.get_results())['resource_usage'] == expected
    assert len(readings) == 2 * iterations


def test_around_the_code_only(readings):
    """Nested and recursive calls of one bench have an entry each."""
    bench = Usage()

    @bench
    def down(level):
        if level:
            down(level - 1)

    down(2)
    entries = [record['resource_usage'] for record in bench.get_results()]
    assert entries == [[dict.fromkeys(FIELDS, n)] for n in (1, 3, 5)]


def test_with_an_exception(readings):
    """The iteration that failed has its entry."""
    bench = Usage(iterations=3)
    with pytest.raises(ZeroDivisionError):
        bench(lambda: 1 / 0)()
    assert len(only(bench.get_results())['resource_usage']) == 1


def test_blocks_and_generators(readings):
    """A block and a generator have one entry each."""
    bench = Usage()
    with bench.record():
        pass

    @bench
    def count():
        yield 1

    list(count())
    assert [len(r['resource_usage']) for r in bench.get_results()] == [1, 1]


def test_types_of_the_real_kernel():
    """CPU times are floats, all others integers, without further keys."""
    bench = Usage()
    bench(lambda: sum(range(1000)))()
    [entry] = only(bench.get_results())['resource_usage']
    assert set(entry) == FIELDS
    for name, value in entry.items():
        assert type(value) is (float if name in ('utime', 'stime') else int)


def test_where_there_is_no_resource_module(monkeypatch):
    """Without the module the field is absent, and nothing else changes."""
    monkeypatch.setattr(usage, 'resource', None)
    bench = Usage(duration_counter=Ticking())
    bench(lambda: None)()
    record = only(bench.get_results())
    assert 'resource_usage' not in record
    assert record['call']['durations'] == [1.0]


@pytest.mark.parametrize(
    'bases', [(MicroBench, MBResourceUsage), (MBResourceUsage, MicroBench)]
)
def test_outside_of_the_duration(readings, monkeypatch, bases):
    """The kernel is asked before the clock is read, and after."""
    clock = Ticking()
    ask = usage.resource.getrusage
    monkeypatch.setattr(usage.resource, 'getrusage', lambda who: (clock(), ask(who))[1])
    bench = type('Bench', bases, {})(duration_counter=clock)
    bench(lambda: None)()
    assert only(bench.get_results())['call']['durations'] == [1.0]


@pytest.mark.parametrize(('platform', 'unit'), [('linux', 1024), ('darwin', 1)])
def test_totals_of_a_child(monkeypatch, platform, unit):
    """The command stores totals of a child, with maxrss in bytes."""
    import sys

    monkeypatch.setattr(sys, 'platform', platform)
    counters = dict.fromkeys((f'ru_{f}' for f in FIELDS), 3)
    totals = usage.totals(SimpleNamespace(**counters, ru_maxrss=7))
    assert totals == {**dict.fromkeys(FIELDS, 3), 'maxrss': 7 * unit}


def recorded(tmp_path, *command):
    """Return the record of a real command."""
    out = tmp_path / 'out.jsonl'
    mixins = ('-m', 'resource-usage', 'peak-memory')
    words = ('-m', 'microbench', '-o', out, *mixins, '--', *command)
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'MICROBENCH': 'on'}
    subprocess.run([sys.executable, *words], env=env, check=True)
    return json.loads(out.read_text())


@pytest.mark.skipif(sys.platform != 'linux', reason='others begin with nothing')
def test_a_small_child_has_at_most_our_size(tmp_path):
    """A small child's peak is an upper bound, as it begins with microbench's."""
    record = recorded(tmp_path, 'true')
    [found] = record['resource_usage']
    assert found['maxrss'] > 2**20
    assert found['maxrss_is_upper_bound'] is True
    assert record['call']['peak_memory_is_upper_bound'] is True


@pytest.mark.skipif(SANITIZED, reason='with a sanitizer we are as large')
def test_a_large_child_is_measured(tmp_path):
    """A peak above that of microbench is the child's own."""
    record = recorded(tmp_path, sys.executable, '-c', 'bytearray(64 << 20)')
    [found] = record['resource_usage']
    assert found['maxrss'] > 64 * 2**20
    assert 'maxrss_is_upper_bound' not in found
    assert 'peak_memory_is_upper_bound' not in record['call']


@pytest.mark.parametrize(('size', 'bound'), [(8192, True), (8193, False)])
def test_where_the_bound_is(size, bound):
    """The bound is the size that microbench itself may have."""
    counters = dict.fromkeys((f'ru_{f}' for f in FIELDS), 3)
    unit = 1 if sys.platform == 'darwin' else 1024
    found = usage.totals(SimpleNamespace(**counters, ru_maxrss=size), 8192 * unit)
    assert found.get('maxrss_is_upper_bound', False) is bound


def test_our_own_peak(monkeypatch):
    """The own peak counts since execve(2); without /proc it is a lower bound."""
    largest = usage.peak_size(usage.resource.getrusage(usage.resource.RUSAGE_SELF))
    assert 2**20 < usage.peak_of_memory() <= largest * 9 // 8

    def missing(*args):
        raise FileNotFoundError

    monkeypatch.setattr('builtins.open', missing)
    assert usage.peak_of_memory() >= largest


def test_no_bound_on_other_systems(monkeypatch):
    """On other systems the peak of a process begins at zero."""
    monkeypatch.setattr(sys, 'platform', 'darwin')
    assert usage.least_peak() == 0
