"""MICROBENCH_CLOCK: what the monotonic clock is read from, and that it does not matter."""

import json
import platform
import re
import sys
from pathlib import Path

import pytest

from microbench import MicroBenchBase
from tests.fakes import printed, python

SOURCE = Path('/sys/devices/system/clocksource/clocksource0/current_clocksource')
FLAGS = ('constant_tsc', 'nonstop_tsc')

HAS_TICKS = platform.machine() == 'x86_64' and sys.maxsize > 2**32
needs_ticks = pytest.mark.skipif(not HAS_TICKS, reason='this processor has no such counter')

FIRST = """
import json, sys
from time import perf_counter_ns
from microbench import MicroBenchBase
bench = MicroBenchBase(duration_counter=perf_counter_ns)

def spin(ns):
    end = perf_counter_ns() + ns
    while perf_counter_ns() < end:
        pass

with bench.record('first'):  # sets the clock up, and is longer than it takes to learn
    for _ in range(50):
        spin(1_000_000)
        with bench.time('read'):
            pass
"""

# A reading may differ from the clock by as much: mb_ticks.c, and test_mb_clock.c.
OFF_NS = 200

CHOICES = ('auto', 'monotonic', 'tsc')


def clock_of(**env):
    """Return `mb.clock` of a record in a fresh process."""
    code = f'{FIRST}\nprint(json.dumps(bench.get_results()[0]["mb"]["clock"]))'
    return json.loads(printed(code, env=env))


def test_the_kernel_decides():
    """Ticks are used only where the kernel keeps time by them, and they are invariant."""
    clock = clock_of(MICROBENCH_CLOCK='')
    if clock['source'] == 'tsc':
        assert SOURCE.read_text() == 'tsc\n'
        flags = re.search(
            r'^flags\s*:(.*)$', Path('/proc/cpuinfo').read_text(), re.MULTILINE
        )
        assert set(FLAGS) <= set(flags[1].split())
    else:
        assert clock['source'] == 'monotonic'
    assert clock_of(MICROBENCH_CLOCK='auto')['source'] == clock['source']


def test_it_can_be_chosen():
    """The variable says so; a processor without a counter has its clock alone."""
    assert clock_of(MICROBENCH_CLOCK='monotonic')['source'] == 'monotonic'
    assert clock_of(MICROBENCH_CLOCK='tsc')['source'] == (
        'tsc' if HAS_TICKS else 'monotonic'
    )


def test_another_value_is_rejected():
    """As other variables are, with the possible values."""
    done = python(FIRST, env={'MICROBENCH_CLOCK': 'hpet'})
    words = "has to be one of 'auto', 'monotonic', 'tsc', not 'hpet'"
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f'ValueError: MICROBENCH_CLOCK {words}'


SPANS = """
lengths = [100, 300, 1000, 3000, 10_000, 100_000, 900_000, 1_100_000, 5_000_000] * 20
seen = []
with bench.record('spans'):
    for length in lengths:
        before = perf_counter_ns()
        with bench.time('span'):
            begin = perf_counter_ns()
            spin(length)
            end = perf_counter_ns()
        seen.append((end - begin, perf_counter_ns() - before))
call = bench.get_results()[1]['call']
print(json.dumps([seen, [t['duration'] for t in call['timings']], call['durations']]))
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_spans_are_those_of_the_clock(choice):
    """Each phase takes what perf_counter_ns() says, between inside and outside of it."""
    out = printed(FIRST + SPANS, env={'MICROBENCH_CLOCK': choice})
    seen, durations, whole = json.loads(out)
    assert len(durations) == len(seen)
    for (inside, outside), duration in zip(seen, durations, strict=True):
        assert inside - OFF_NS <= duration <= outside + OFF_NS
    assert sum(durations) <= whole[0]


NESTED = """
with bench.record('nested'):
    for length in [0, 100, 1000, 10_000, 990_000, 2_000_000] * 10:
        with bench.time('outer'):
            with bench.time('inner'):
                spin(length)
            with bench.time('inner'):
                pass
call = bench.get_results()[1]['call']
print(json.dumps([[t['duration'] for t in call['timings']], call['durations']]))
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_no_phase_is_longer_than_what_it_is_in(choice):
    """To the nanosecond: a reading is never earlier than the one before it."""
    out = printed(FIRST + NESTED, env={'MICROBENCH_CLOCK': choice})
    phases, [whole] = json.loads(out)
    outer = 0
    while phases:
        first, second, around, *phases = phases
        assert min(first, second) >= 0
        assert first + second <= around
        outer += around
    assert outer <= whole


ITERATIONS = """
import time
made = MicroBenchBase(iterations=200, duration_counter=perf_counter_ns)
seen = []

@made
def work():
    with made.time('all of it'):
        spin(20_000)

before = perf_counter_ns()
work()
after = perf_counter_ns()
call = made.get_results()[0]['call']
phases = [t['duration'] for t in call['timings']]
print(json.dumps([call['durations'], phases, after - before]))
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_iterations_contain_their_phases_and_fit_into_the_call(choice):
    """The sum of all iterations is no longer than the call that they are in."""
    out = printed(FIRST + ITERATIONS, env={'MICROBENCH_CLOCK': choice})
    durations, phases, outside = json.loads(out)
    assert len(durations) == len(phases) == 200
    assert all(phase <= duration for duration, phase in zip(durations, phases, strict=True))
    assert min(phases) >= 20_000 - OFF_NS
    assert sum(durations) <= outside + OFF_NS


KILLED = """
import os, signal
bench = MicroBenchBase(sys.argv[1], duration_counter=perf_counter_ns)
with bench.record('killed'):
    before = perf_counter_ns()
    with bench.time('phase'):
        begin = perf_counter_ns()
        spin(300_000)
        end = perf_counter_ns()
    print(json.dumps([end - begin, perf_counter_ns() - before]), flush=True)
    phase = bench.time('open').__enter__()
    spin(30_000_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_a_killed_process_leaves_nanoseconds(choice, tmp_path):
    """A journal holds no ticks: another process recovers what was measured by them."""
    path = tmp_path / 'killed.jsonl'
    done = python(FIRST + KILLED, path, env={'MICROBENCH_CLOCK': choice})
    inside, outside = json.loads(done.stdout)
    [call] = [record['call'] for record in MicroBenchBase(path).get_results()]
    [timing], [still_open] = call['timings'], call['open_timings']
    assert inside - OFF_NS <= timing['duration'] <= outside + OFF_NS
    assert still_open['duration'] >= 10_000_000  # the end is known to a tick of the kernel
    assert timing['duration'] + still_open['duration'] <= call['durations'][0]


FORKED = """
import os, warnings
warnings.simplefilter('ignore', DeprecationWarning)  # of fork(): there is one thread
with bench.record('both'):
    child = os.fork()
    before = perf_counter_ns()
    with bench.time('phase'):
        begin = perf_counter_ns()
        spin(50_000)
        end = perf_counter_ns()
    after = perf_counter_ns()
if child == 0:
    duration = bench.get_results()[1]['call']['timings'][0]['duration']
    print(json.dumps([end - begin, duration, after - before]), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_a_forked_child_measures_on(choice):
    """It learns the rate for itself; until then it reads the clock."""
    inside, duration, outside = json.loads(
        printed(FIRST + FORKED, env={'MICROBENCH_CLOCK': choice})
    )
    assert inside - OFF_NS <= duration <= outside + OFF_NS


THREADS = """
import threading
seen = {}

def work(number):
    with bench.record(f'{number}'):
        for length in [100, 10_000, 1_200_000] * 20:
            with bench.time('outer'):
                with bench.time('inner'):
                    spin(length)

threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
found = []
for record in bench.get_results()[1:]:
    call = record['call']
    found.append([[t['duration'] for t in call['timings']], call['durations'][0]])
print(json.dumps(found))
"""


@pytest.mark.parametrize('choice', CHOICES)
def test_threads_share_the_clock(choice):
    """Each thread's phases are in order, whichever thread reads the clock itself."""
    calls = json.loads(printed(FIRST + THREADS, env={'MICROBENCH_CLOCK': choice}))
    assert len(calls) == 4
    for phases, whole in calls:
        assert len(phases) == 120
        assert all(0 <= i <= o for i, o in zip(phases[::2], phases[1::2], strict=True))
        assert sum(phases[1::2]) <= whole
