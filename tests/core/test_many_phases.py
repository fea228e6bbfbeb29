"""A record lists its last phases, and has exact totals of all: it does not grow."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MicroBench, MicroBenchBase, _core
from tests.fakes import ROOT, Ticking, call_of, environment, python

KEPT, NAMES = 5, 3


@pytest.fixture
def few():
    """Five phases are listed, and three names have totals of their own."""
    before = _core.keep_phases(KEPT, NAMES)
    yield
    _core.keep_phases(*before)


def totals_of(timings, names):
    """The summary of all phases: the first names that were entered have an entry each."""
    own = list(dict.fromkeys(names))[:NAMES]
    found = {}
    for timing in timings:
        name = timing['name'] if timing['name'] in own else None
        found.setdefault(name, []).append(timing['duration'])
    return [
        {
            'name': name,
            'count': len(found[name]),
            'sum': sum(found[name]),
            'min': min(found[name]),
            'max': max(found[name]),
        }
        for name in [*own, None]
        if name in found
    ]


# Phases by the number of a name; an open one is left later.
STEPS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60)


@given(steps=STEPS, counter=st.sampled_from(['native', 'foreign']))
def test_the_last_ones_and_totals_of_all(steps, counter):
    """The last phases are listed and all are counted, however they are nested."""
    before = _core.keep_phases(KEPT, NAMES)
    try:
        check(steps, {'native': time.perf_counter_ns, 'foreign': Ticking(1)}[counter])
    finally:
        _core.keep_phases(*before)


def check(steps, counter):
    bench = MicroBenchBase(duration_counter=counter)
    entered, left, still_open = [], [], []
    with bench.record('work') as block:

        def leave(phase):
            phase.__exit__(None, None, None)
            left.append(block.run.timings[-1])

        for number, leaves in steps:
            phase = bench.time(f'name {number}')
            phase.__enter__()
            entered.append(f'name {number}')
            if leaves:
                leave(phase)
            else:
                still_open.append(phase)
            if len(still_open) > 2:
                leave(still_open.pop(0))
        names = [phase.name for phase in still_open]
    call = call_of(bench)
    assert call.get('timings', []) == left[-KEPT:]
    assert [timing['name'] for timing in call.get('open_timings', [])] == names
    if len(left) <= KEPT:
        assert 'timings_summary' not in call
    elif isinstance(counter, Ticking):  # names in the order of leaving
        by_name = {entry['name']: entry for entry in call['timings_summary']}
        assert sum(entry['count'] for entry in by_name.values()) == len(left)
        for timing in left:
            entry = by_name.get(timing['name'])
            assert entry is None or entry['min'] <= timing['duration'] <= entry['max']
    else:
        assert call['timings_summary'] == totals_of(left, entered)


@pytest.mark.usefixtures('few')
def test_nothing_is_dropped_of_few():
    """A record with few phases lists all and has no summary."""
    bench = MicroBench()
    with bench.record():
        for _ in range(KEPT):
            with bench.time('step'):
                pass
    call = call_of(bench)
    assert len(call['timings']) == KEPT
    assert 'timings_summary' not in call


@pytest.mark.usefixtures('few')
def test_a_decorated_function_and_its_iterations():
    """The iterations of phases that are listed are listed as well."""
    bench = MicroBench(iterations=4, duration_counter=Ticking())

    @bench
    def work():
        for _ in range(2):
            with bench.time('step'):
                pass

    work()
    call = call_of(bench)
    assert call['timings_iteration'] == [1, 2, 2, 3, 3]
    assert call['timings'] == [{'name': 'step', 'duration': 1.0}] * KEPT
    assert call['timings_summary'] == [
        {'name': 'step', 'count': 8, 'sum': 8.0, 'min': 1.0, 'max': 1.0}
    ]


@pytest.mark.usefixtures('few')
def test_phases_of_post_captures():
    """Phases of post captures come last, and are counted with the others."""

    class Bench(MicroBenchBase):
        def capturepost_x(self, bm_data):
            for _ in range(3):
                with self.time('late'):
                    pass

    bench = Bench(duration_counter=Ticking())
    with bench.record():
        for _ in range(4):
            with bench.time('step'):
                pass
    call = call_of(bench)
    assert [timing['name'] for timing in call['timings']] == ['step'] * 2 + ['late'] * 3
    assert {e['name']: e['count'] for e in call['timings_summary']} == {
        'step': 4,
        'late': 3,
    }


@pytest.mark.usefixtures('few')
def test_values_of_a_counter_of_ones_own_are_bounded():
    """Dropped values of any number type are summed up, not kept."""
    from fractions import Fraction

    readings = iter(range(10**9))
    bench = MicroBenchBase(duration_counter=lambda: Fraction(next(readings), 3))
    with bench.record() as block:
        for _ in range(5000):
            with bench.time('step'):
                pass
        assert len(block.run.values) < 2000
        [total] = _totals(block.run)
    assert total == {
        'name': 'step',
        'count': 5000,
        'sum': Fraction(5000, 3),
        'min': Fraction(1, 3),
        'max': Fraction(1, 3),
    }


def _totals(run):
    from microbench.core import record_dict

    call = {}
    record_dict._add_summary(run, call)
    return call['timings_summary']


@pytest.mark.usefixtures('few')
def test_numbers_that_cannot_be_added():
    """Phases whose numbers cannot be added are counted, and harm nothing."""
    readings = iter(['begin', 'end'] * 100)

    class Odd(str):
        __slots__ = ()

        def __sub__(self, other):
            return Odd('odd')

        def __add__(self, other):
            raise TypeError

    bench = MicroBenchBase(duration_counter=lambda: Odd(next(readings)))
    with bench.record():
        for _ in range(9):
            with bench.time('step'):
                pass
    [total] = call_of(bench)['timings_summary']
    assert (total['name'], total['count']) == ('step', 9)


SERVER = """
import os, signal, sys
from microbench import MicroBench, _core

_core.keep_phases(5, 2)
bench = MicroBench(sys.argv[1])
bench.record_on_exit('server')
for number in range(1000):
    with bench.time('even' if number % 2 == 0 else 'odd'):
        pass
    with bench.time(f'request {number}'):
        pass
{last}
"""
ENDINGS = {
    'end': ('', None),
    'SIGTERM': ('os.kill(os.getpid(), signal.SIGTERM)', None),
    'native': (
        'import ctypes\nctypes.string_at(0)',
        'native',
    ),
    'SIGKILL': ('os.kill(os.getpid(), signal.SIGKILL)', 'recovered'),
}


@pytest.mark.parametrize('ending', ENDINGS)
def test_however_a_server_ends(tmp_path, ending):
    """Python, native code and recovery list the same phases, and count all."""
    last, exit_path = ENDINGS[ending]
    path = tmp_path / 'records.jsonl'
    python(SERVER.replace('{last}', last), path)
    [record] = FileOutput(str(path)).get_results()
    assert record.get('exit_path') == exit_path
    call = record['call']
    assert [timing['name'] for timing in call['timings']] == [
        *('request 997', 'even', 'request 998', 'odd', 'request 999'),
    ]
    counts = [(entry['name'], entry['count']) for entry in call['timings_summary']]
    assert counts[0] == ('even', 500)
    assert sum(count for _, count in counts) == 2000
    for entry in call['timings_summary']:
        assert 0 < entry['min'] <= entry['max'] <= entry['sum']
    assert 'journal_full' not in call


GROWS = """
import json, os, resource, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
if sys.argv[2] == 'process':
    bench.record_on_exit('server')
else:
    bench.record('server').__enter__()

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def journal():
    [name] = [n for n in os.listdir(os.path.dirname(sys.argv[1])) if 'journal' in n]
    return os.stat(os.path.join(os.path.dirname(sys.argv[1]), name)).st_size

seen = []
for _ in range(3):
    for number in range(150_000):
        with bench.time('request' if sys.argv[3] == 'one' else f'request {number}'):
            pass
    seen.append((memory(), journal()))
print(json.dumps(seen))
os._exit(0)
"""


@pytest.mark.parametrize('names', ['one', 'many'])
@pytest.mark.parametrize('kind', ['process', 'block'])
def test_memory_and_journal_are_bounded(tmp_path, kind, names):
    """Three times as many phases need no more room, whatever their names are."""
    done = python(GROWS, tmp_path / 'records.jsonl', kind, names)
    first, _, last = json.loads(done.stdout)
    assert last[1] == first[1]  # bytes of the journal
    assert last[0] - first[0] < 4096  # KiB: what the allocator does, less than 10 ms of it


def test_killed_at_any_moment(tmp_path):
    """A kill between two steps loses no phase that was left, and counts none twice."""
    code = """
import sys
from microbench import MicroBench, _core
_core.keep_phases(4, 1)
bench = MicroBench(sys.argv[1])
with bench.record('work'):
    for number in range(10**9):
        if number == 100:
            print('begun', flush=True)
        with bench.time('step' if number % 3 else f'other {number}'):
            pass
"""
    path = tmp_path / 'records.jsonl'
    for _ in range(10):
        child = subprocess.Popen(
            [sys.executable, '-c', code, path],
            env={**environment(), 'PYTHONPATH': str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == 'begun\n'
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    for record in FileOutput(str(path)).get_results():
        listed = [timing['name'] for timing in record['call']['timings']]
        [(place, name), *_] = [
            (place, name) for place, name in enumerate(listed) if name != 'step'
        ]
        left = int(name.split()[1]) + len(listed) - place
        counts = {e['name']: e['count'] for e in record['call']['timings_summary']}
        assert (len(listed), counts) == (4, {'other 0': 1, None: left - 1})
        assert 'journal_full' not in record['call']
