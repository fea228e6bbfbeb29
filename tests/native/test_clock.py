"""The clock that C reads, made to tick exactly one second at each reading."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from tests.fakes import python

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

/* After begin_ticking() each reading of CLOCK_MONOTONIC is one second after the last. */
static long long readings, offset;
static int ticking;

void begin_ticking(void) { ticking = 1; readings = 0; }
void end_ticking(void) { ticking = 0; }
long long count_readings(void) { return readings; }

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    if (!ticking || clock != CLOCK_MONOTONIC) {
        return real(clock, now);
    }
    now->tv_sec = 1000000 + ++readings;
    now->tv_nsec = 0;
    return 0;
}
"""

FIRST = """
import ctypes, json
clock = ctypes.CDLL(None)
import microbench
from microbench import MicroBenchBase
from tests.fakes import Kept, dict_reasons
def bench(**settings):
    made = MicroBenchBase(outputs=[Kept()], **settings)
    assert dict_reasons(made) == []
    with made.record('warm'):  # constants are measured here
        pass
    made._bench_config.delivery.sinks[0].lines.clear()
    return made
def records(made):
    return [record['call'] for record in made._bench_config.delivery.sinks[0].records]
"""

pytestmark = [
    pytest.mark.skipif(sys.platform != 'linux', reason='preloads a library of its own'),
    pytest.mark.skipif(
        'MICROBENCH_SANITIZE' in os.environ, reason='the sanitizer is preloaded'
    ),
]


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    """Return the library with the ticking clock."""
    folder = tmp_path_factory.mktemp('clock')
    source, library = folder / 'ticking.c', folder / 'libticking.so'
    source.write_text(SOURCE)
    compiler = shlex.split(os.environ.get('CC', 'cc'))
    command = [*compiler, '-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']
    subprocess.run(command, check=True)
    return library


def preloaded(library):
    """Return the environment of a process whose clock ticks, and is all that it reads."""
    return {'LD_PRELOAD': str(library), 'MICROBENCH_CLOCK': 'monotonic'}


@pytest.fixture
def calls(library):
    """Return the `call` objects of records made in a process whose clock ticks."""

    def run(code):
        last = '\nclock.end_ticking()\nprint(json.dumps(records(made)))'
        done = python(FIRST + code + last, env=preloaded(library))
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        return json.loads(done.stdout)

    return run


def timings(*pairs):
    """Return the entries of call.timings."""
    return [{'name': name, 'duration': duration} for name, duration in pairs]


def test_a_decorated_function(calls):
    """One iteration has two readings, and none in between."""
    code = """
made = bench()
work = made(lambda: None)
clock.begin_ticking()
work(); work()
"""
    assert [call['durations'] for call in calls(code)] == [[1.0], [1.0]]


@pytest.mark.parametrize('counter', ['perf_counter', 'monotonic'])
def test_seconds_and_nanoseconds(calls, counter):
    """Counters of whole nanoseconds give integers."""
    code = f"""
import time
made = bench(duration_counter=time.{counter}_ns)
@made
def work():
    with made.time('part'):
        pass
clock.begin_ticking()
work()
"""
    [call] = calls(code)
    assert call['durations'] == [3 * 10**9]
    assert call['timings'] == timings(('part', 10**9))
    assert isinstance(call['durations'][0], int)


def test_iterations_and_warm_up(calls):
    """Warm-up reads no clock; each iteration contains the readings of its phase."""
    code = """
made = bench(iterations=4, warmup=3)
@made
def work():
    with made.time('part'):
        pass
clock.begin_ticking()
work()
"""
    [call] = calls(code)
    assert call['durations'] == [3.0] * 4
    assert call['timings'] == timings(('part', 1.0)) * 4
    assert call['timings_iteration'] == [0, 1, 2, 3]


def test_nested_phases(calls):
    """Each entry and exit is one reading."""
    code = """
made = bench()
clock.begin_ticking()
with made.record('whole'):
    with made.time('outer'):
        with made.time('inner'):
            pass
        with made.time('inner'):
            pass
    with made.time('last'):
        pass
"""
    [call] = calls(code)
    assert call['durations'] == [9.0]
    assert call['timings'] == timings(
        ('inner', 1.0), ('inner', 1.0), ('outer', 5.0), ('last', 1.0)
    )


def test_open_phases(calls):
    """A phase still open has its time up to the end of the code."""
    code = """
made = bench()
clock.begin_ticking()
with made.record('whole'):
    phase = made.time('open').__enter__()
"""
    [call] = calls(code)
    assert call['durations'] == [2.0]
    assert call['open_timings'] == timings(('open', 1.0))


def test_nested_records(calls):
    """The outer record's duration spans the inner one's readings."""
    code = """
made = bench()
inner = made(lambda: None)
clock.begin_ticking()
with made.record('outer'):
    inner()
"""
    inner, outer = calls(code)
    assert inner['durations'] == [1.0]
    assert outer['durations'][0] >= 3.0


def test_generators(calls):
    """Only stretches inside the body count, the consumer's readings do not."""
    code = """
import time
made = bench()
@made
def work():
    yield 1
    with made.time('part'):
        pass
    yield 2
body = work()
clock.begin_ticking()
for _ in body:
    time.perf_counter()
    time.perf_counter()
"""
    [call] = calls(code)
    assert call['durations'] == [1.0 + 3.0 + 1.0]
    assert call['timings'] == timings(('part', 1.0))


def test_coroutines(calls):
    """The duration spans what is awaited."""
    code = """
import types
made = bench(iterations=2)
@types.coroutine
def wait():
    yield
@made
async def work():
    async with made.time('part'):
        await wait()
coroutine = work()
clock.begin_ticking()
try:
    while True:
        coroutine.send(None)
except StopIteration:
    pass
"""
    [call] = calls(code)
    assert call['durations'] == [3.0, 3.0]
    assert call['timings'] == timings(('part', 1.0), ('part', 1.0))


def test_an_exception(calls):
    """The iteration that failed has its duration; the loop ends there."""
    code = """
made = bench(iterations=3)
@made
def work():
    1 / 0
clock.begin_ticking()
try:
    work()
except ZeroDivisionError:
    pass
"""
    [call] = calls(code)
    assert call['durations'] == [1.0]


def test_outside_a_record_no_clock_is_read(library):
    """A phase of no record reads no clock at all."""
    code = """
made = bench()
clock.begin_ticking()
for _ in range(10):
    with made.time('nothing'):
        pass
print(clock.count_readings())
"""
    done = python(FIRST + code, env=preloaded(library))
    assert (done.stdout, done.stderr) == ('0\n', '')


def test_how_often_the_clock_is_read(library):
    """A phase costs two readings, and an iteration what two have between them."""
    code = """
made = bench(iterations=100)
@made
def work():
    with made.time('x'):
        pass
    with made.time('y'):
        pass
clock.begin_ticking()
work()
[call] = records(made)
print(call['durations'] == [5.0] * 100, len(call['timings']))
"""
    done = python(FIRST + code, env=preloaded(library))
    assert (done.stdout, done.stderr) == ('True 200\n', '')


# What lies between two iterations, and how many readings each further one has.
BETWEEN = {
    'nothing': ('bench', 'None', 1.0),
    'a number to let go of': ('bench', '0.5 + i', 1.0),
    'an object with others': ('bench', 'names', 1.0),
    'an object to let go of': ('bench', '[i]', 2.0),
    'a hook before': ('hooked', 'None', 2.0),
    'a hook after': ('seen', 'None', 2.0),
}


@pytest.mark.parametrize('between', BETWEEN)
def test_one_reading_between_two_iterations(library, between):
    """It ends the one and begins the other, if only a duration is stored in between."""
    made, value, readings = BETWEEN[between]
    code = f"""
class Hooked(MicroBenchBase):
    def pre_run_triggers(self, data):
        pass

class Seen(MicroBenchBase):
    def post_run_triggers(self, data):
        assert len(data['call']['durations']) >= 1

def hooked(iterations):
    return Hooked(outputs=[Kept()], iterations=iterations)

def seen(iterations):
    return Seen(outputs=[Kept()], iterations=iterations)

names, i = [], 1.0

def readings(iterations):
    made = {made}(iterations=iterations)
    work = made(lambda: {value})
    work()  # makes room for the durations
    clock.begin_ticking()
    work()
    clock.end_ticking()
    assert records(made)[-1]['durations'] == [1.0] * iterations
    return clock.count_readings()

print((readings(110) - readings(10)) / 100)
"""
    done = python(FIRST + code, env=preloaded(library))
    assert (done.stdout, done.stderr) == (f'{readings}\n', '')


def test_what_a_value_does_at_its_end_is_in_no_duration(library):
    """Nor in that of the next iteration, which begins with a reading of its own."""
    code = """
import time
class Value:
    def __del__(self):
        time.perf_counter()  # a second more

made = bench(iterations=5)
@made
def work():
    return Value()
clock.begin_ticking()
work()
clock.end_ticking()
print(records(made)[0]['durations'])
"""
    done = python(FIRST + code, env=preloaded(library))
    assert (done.stdout, done.stderr) == ('[1.0, 1.0, 1.0, 1.0, 1.0]\n', '')


def test_what_is_returned_again_and_again_has_one_end(library):
    """The reading is shared while others hold the value, and not once they have let go."""
    code = """
import time
class Value:
    def __del__(self):
        time.perf_counter()

values = [Value() for _ in range(3)]
made = bench(iterations=9)
@made
def work():
    if len(calls) % 3 == 0 and calls:
        values.pop()
    calls.append(1)
    return values[-1] if values else None
calls = []
clock.begin_ticking()
work()
clock.end_ticking()
print(records(made)[0]['durations'])
"""
    done = python(FIRST + code, env=preloaded(library))
    assert (done.stdout, done.stderr) == (f'{[1.0] * 9}\n', '')
