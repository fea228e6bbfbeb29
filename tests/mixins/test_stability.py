"""What MBStability records: from files like the kernel's, and from real disturbances."""

import contextlib
import json
import mmap
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

import microbench.mixins.stability as mixin
from microbench import MBStability, MicroBenchBase
from microbench.mixins import interference, kernel
from microbench.mixins.interference import Interference
from tests.fakes import ROOT, only
from tests.mixins.test_cgroup import new_group

CPU = 'sys/devices/system/cpu'
GROUP = 'sys/fs/cgroup'
BEFORE = {
    'proc/stat': 'cpu  9 9 9 9 9 9 9 9 9 9\n'
    'cpu0 100 0 50 1000 0 0 0 10 0 0\ncpu1 9 9 9 9 9 9 9 9 9 9\n'
    'cpu3 100 5 50 1000 0 1 2 10 0 0\nintr 5\n',
    'proc/vmstat': 'nr_free 1\npswpin 10\npswpout 20\ncompact_stall 1\n'
    'numa_pages_migrated 7\n',
    'proc/pressure/cpu': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n',
    'proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull x\n',
    'proc/pressure/io': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n',
    'proc/self/cgroup': '0::/job/step\n',
    f'{GROUP}/cgroup.controllers': 'cpu memory\n',
    f'{GROUP}/cpu.stat': 'usage_usec 9\n',
    f'{GROUP}/job/cpu.stat': 'usage_usec 9\nnr_throttled 2\nthrottled_usec 1000\n',
    f'{GROUP}/job/step/cpu.stat': 'usage_usec 9\nnr_throttled 0\nthrottled_usec 0\n',
    f'{GROUP}/job/memory.events': 'low 0\nhigh 4\nmax 1\noom 0\n',
    f'{GROUP}/job/step/memory.events': 'low 0\nhigh 0\nmax 0\noom 0\n',
    'proc/thread-self/schedstat': '5000000 1000000000 3\n',
    'proc/thread-self/stat': f'7 (a b) S {"0 " * 38}200 0\n',
    'proc/sys/kernel/task_delayacct': '1\n',
    f'{CPU}/cpu0/thermal_throttle/core_throttle_count': '1\n',
    f'{CPU}/cpu0/thermal_throttle/package_throttle_count': '1\n',
    f'{CPU}/cpu3/thermal_throttle/core_throttle_count': '2\n',
    f'{CPU}/cpu3/thermal_throttle/package_throttle_count': '1\n',
    f'{CPU}/cpu0/cpufreq/scaling_cur_freq': '1200000\n',
    f'{CPU}/cpu3/cpufreq/scaling_cur_freq': '3400000\n',
}
AFTER = {
    'proc/stat': 'cpu  9 9 9 9 9 9 9 9 9 9\n'
    'cpu0 300 0 50 1000 0 0 0 60 0 0\ncpu1 9 9 9 9 9 9 9 9 9 9\n'
    'cpu3 100 5 150 1100 0 1 2 10 0 0\nintr 9\n',
    'proc/vmstat': 'pswpin 15\npswpout 20\ncompact_stall 3\nnuma_pages_migrated 9\n',
    'proc/pressure/cpu': 'some avg10=9.00 avg60=0.00 avg300=0.00 total=1500000\n',
    f'{GROUP}/job/cpu.stat': 'usage_usec 9\nnr_throttled 5\nthrottled_usec 251000\n',
    f'{GROUP}/job/memory.events': 'low 0\nhigh 9\nmax 2\noom 0\n',
    'proc/thread-self/schedstat': '9000000 2000000000 9\n',
    'proc/thread-self/stat': f'7 (a b) S {"0 " * 38}230 0\n',
    f'{CPU}/cpu3/thermal_throttle/core_throttle_count': '5\n',
    f'{CPU}/cpu3/cpufreq/scaling_cur_freq': '2000000\n',
}
SETTINGS = {
    f'{CPU}/cpu0/cpufreq/cpuinfo_max_freq': '4000000\n',
    f'{CPU}/cpu0/cpufreq/scaling_governor': 'powersave\n',
    f'{CPU}/intel_pstate/no_turbo': '0\n',
    f'{CPU}/smt/active': '1\n',
    'proc/sys/kernel/randomize_va_space': '2\n',
    'proc/self/personality': '00000000\n',
    'sys/kernel/mm/transparent_hugepage/enabled': '[always] madvise never\n',
    'sys/devices/system/node/has_cpu': '0-2\n',
    'sys/devices/system/node/node0/cpulist': '0-1\n',
    'sys/devices/system/node/node1/cpulist': '2-5\n',
    'sys/devices/system/node/node2/cpulist': '8-9\n',
    'sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet\n',
}


def usage(preempted=0, major=0, minor=0, user=0.0, system=0.0):
    """Return what getrusage(2) may return."""
    counts = {'ru_nivcsw': preempted, 'ru_majflt': major, 'ru_minflt': minor}
    return SimpleNamespace(ru_utime=user, ru_stime=system, **counts)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of files, on which a run takes a second; CPUs 0 and 3 may be used."""
    monkeypatch.setattr(os, 'sched_getaffinity', lambda thread: {3, 0}, raising=False)
    monkeypatch.setattr(os, 'sysconf', {'SC_CLK_TCK': 100}.__getitem__)
    clock = SimpleNamespace(monotonic=iter((5.0, 6.0)).__next__, thread_time=int)
    monkeypatch.setattr(interference, 'time', clock)
    used = {'self': usage(5, 1, 10, 1.0, 0.5), 'children': usage()}
    counted = SimpleNamespace(
        RUSAGE_SELF='self', RUSAGE_CHILDREN='children', getrusage=used.__getitem__
    )
    monkeypatch.setattr(interference, 'resource', counted)
    return SimpleNamespace(
        root=str(tmp_path),
        clock=clock,
        used=used,
        write=partial(write, tmp_path),
        kernel=partial(kernel.Kernel, str(tmp_path)),
    )


def write(root, files, without=()):
    """Write the files; remove those whose paths begin with the last words."""
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith(tuple(without)):
            place.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                place.parent.rmdir()
        else:
            place.write_text(text)


def fields(machine, changes=AFTER, without=(), **options):
    """Return the fields of a run, and the reasons why some are missing."""
    machine.write({**BEFORE, **options.pop('before', {})}, without)
    found = Interference(machine.kernel(), options.pop('of_thread', True))
    machine.write(changes, without)
    machine.used['self'] = usage(25, 4, 30, 1.5, 0.75)
    return found.end(**options), found.why


def test_what_happened_to_this_process(machine):
    """Differences: throttling is that of the group above, and no waiting for a CPU."""
    assert fields(machine) == (
        {
            'elapsed': 1.0,
            'cpus': 2,
            'preempted': 20,
            'major_faults': 3,
            'minor_faults': 20,
            'throttled': 0.25,
            'throttled_periods': 3,
            'memory_limit_hits': 6,
            'run_queue_delay': 0.75,
            'block_delay': 0.3,
            'swapped_in': 5,
            'swapped_out': 0,
            'compactions': 2,
            'numa_migrated': 2,
            'thermal_throttles': 3,
            'steal': 0.5,
            'others': 2.25,
            'pressure': {'cpu': 0.5, 'memory': 0.0, 'io': 0.0},
            'cpu_mhz': [3400.0, 2000.0],
        },
        {},
    )


def test_what_happened_to_a_command(machine):
    """Preemptions, faults and waiting are those of its processes."""
    children = [usage(1, 2, 3), None, usage(10, 20, 30)]
    found, why = fields(machine, of_thread=False, children=children, delays=[0.5, 0.125])
    counts = [found[name] for name in ('preempted', 'major_faults', 'minor_faults')]
    assert (counts, found['run_queue_delay']) == ([11, 22, 33], 0.375)
    assert why == {'block_delay': 'it is not known of a command'}


@pytest.mark.parametrize('delays', [[], [0.5, None]])
def test_a_command_whose_waiting_is_unknown(machine, delays):
    """The delay is known of all runs, or missing."""
    found, why = fields(machine, of_thread=False, children=[usage()], delays=delays)
    assert 'run_queue_delay' not in found
    assert why['run_queue_delay'] == 'it is not known of a command'


def test_a_record_that_ends_in_another_thread(machine, monkeypatch):
    """Counters of two threads are not subtracted."""
    ids = iter((1, 2)).__next__
    monkeypatch.setattr(interference, '_thread', SimpleNamespace(get_native_id=ids))
    found, why = fields(machine)
    assert not {'run_queue_delay', 'block_delay'} & set(found)
    other = 'the record ended in another thread than it began in'
    assert why == {'run_queue_delay': other, 'block_delay': other}


def test_a_short_run(machine):
    """Ticks of 10 ms say nothing about a run of 0.1 s."""
    machine.clock.monotonic = iter((5.0, 5.1)).__next__
    found, why = fields(machine)
    assert not {'steal', 'others'} & set(found)
    short = 'the kernel counts it in ticks of 10 ms: too coarse for less than 0.2 s'
    assert why == {'steal': short, 'others': short}


def test_a_counter_that_goes_back(machine):
    """It is left out, with the reason: another kernel, or a group of the same name."""
    found, why = fields(machine, {'proc/vmstat': 'pswpin 1\npswpout 20\n'})
    assert ('swapped_in' in found, found['swapped_out']) == (False, 0)
    assert why == {'swapped_in': 'the counter went back'}


def test_groups_of_version_1(machine):
    """Their times are in nanoseconds; the limit of memory has a counter of its own."""
    version_1 = {
        'proc/self/cgroup': '4:memory:/job\n3:cpu,cpuacct:/job\n',
        f'{GROUP}/cpu/job/cpu.stat': 'nr_periods 9\nnr_throttled 2\nthrottled_time 5\n',
        f'{GROUP}/memory/job/memory.failcnt': '7\n',
    }
    machine.write(BEFORE)
    Path(machine.root, GROUP, 'cgroup.controllers').unlink()
    machine.write(version_1)
    found = Interference(machine.kernel())
    after = {
        f'{GROUP}/cpu/job/cpu.stat': 'nr_throttled 4\nthrottled_time 500000005\n',
        f'{GROUP}/memory/job/memory.failcnt': '8\n',
    }
    machine.write(after)
    values = found.end()
    names = ('throttled', 'throttled_periods', 'memory_limit_hits')
    assert ([values[name] for name in names], found.why) == ([0.5, 2, 1], {})


@pytest.mark.parametrize(
    ('files', 'name', 'why'),
    [
        ({'proc/vmstat': 'x 1\n'}, 'swapped_in', '/proc/vmstat has no line for swapping'),
        (
            {'proc/vmstat': 'pswpin -1\n'},
            'swapped_in',
            "/proc/vmstat: '-1' is not a number",
        ),
        ({'proc/stat': 'cpu 1\n'}, 'steal', '/proc/stat has no line of CPU 0,3'),
        (
            {'proc/stat': 'cpu0 1 2 3\n'},
            'steal',
            '/proc/stat has no column for stolen time',
        ),
        (
            {'proc/pressure/io': 'none\n'},
            'pressure.io',
            "/proc/pressure/io: 'none' has no total",
        ),
        (
            {'proc/thread-self/schedstat': '0 0 0\n'},
            'run_queue_delay',
            'the kernel does not count it (kernel.sched_schedstats)',
        ),
        (
            {'proc/thread-self/schedstat': '1 2\n'},
            'run_queue_delay',
            "/proc/thread-self/schedstat: '1 2' is not three numbers",
        ),
        (
            {'proc/sys/kernel/task_delayacct': '0\n'},
            'block_delay',
            'the kernel does not count it: kernel.task_delayacct is 0',
        ),
        (
            {'proc/thread-self/stat': '7 (x) S 1\n'},
            'block_delay',
            '/proc/thread-self/stat has too few fields',
        ),
        (
            {'proc/self/cgroup': '0::/elsewhere\n'},
            'throttled',
            'the kernel does not count it for this control group',
        ),
    ],
)
def test_files_that_make_no_sense(machine, files, name, why):
    """The value is missing, and the reason is in words."""
    found, reasons = fields(machine, files, before=files)
    assert (name in found, reasons[name]) == (False, why)


def test_files_that_are_missing(machine):
    """Each value has its reason; counters of the process need no file."""
    found, why = fields(machine, without=('proc/', 'sys/'))
    counts = {'elapsed', 'cpus', 'preempted', 'major_faults', 'minor_faults'}
    assert found.keys() == counts
    assert why['thermal_throttles'] == 'the kernel does not count it: no thermal_throttle'
    path = '/proc/pressure/memory'
    assert why['pressure.memory'] == f'there is no {path}: psi=1 at boot turns it on'
    assert why.keys() == {*interference.SOURCES, *interference.OF_THREAD}


# --- settings --------------------------------------------------------------------------


def settings(machine, changes=(), without=()):
    """Return the settings of the machine, and why some are missing."""
    mixin._known.clear()
    machine.write({**SETTINGS, **dict(changes)}, without)
    return mixin.settings_of(machine.kernel())


def test_how_the_machine_is_set(machine):
    """Two of three nodes have CPUs that may be used."""
    assert settings(machine) == (
        {
            'governor': 'powersave',
            'cpu_max_mhz': 4000.0,
            'turbo': True,
            'smt': True,
            'aslr': True,
            'huge_pages': 'always',
            'numa_nodes': 2,
            'clock_source': 'hpet',
        },
        {},
    )


@pytest.mark.parametrize(
    ('changes', 'name', 'value'),
    [
        ({f'{CPU}/intel_pstate/no_turbo': '1\n'}, 'turbo', False),
        ({f'{CPU}/smt/active': '0\n'}, 'smt', False),
        ({'proc/self/personality': '00040000\n'}, 'aslr', False),
        ({'proc/sys/kernel/randomize_va_space': '0\n'}, 'aslr', False),
    ],
)
def test_other_settings(machine, changes, name, value):
    """Also turned off for one process alone, as by setarch(8)."""
    assert settings(machine, changes)[0][name] == value


def test_turbo_of_other_processors(machine):
    """Without intel_pstate there is a switch for boosts."""
    boost = {f'{CPU}/cpufreq/boost': '1\n'}
    found, _ = settings(machine, boost, without=[f'{CPU}/intel_pstate'])
    assert found['turbo'] is True


def test_settings_that_cannot_be_read(machine):
    """Each has its reason."""
    nonsense = {
        'proc/self/personality': 'x\n',
        'sys/kernel/mm/transparent_hugepage/enabled': 'always\n',
        'sys/devices/system/node/has_cpu': 'all\n',
    }
    found, why = settings(machine, nonsense, without=[f'{CPU}/intel_pstate', f'{CPU}/cpu0'])
    assert list(found) == ['smt', 'clock_source']
    assert why == {
        'governor': 'the kernel has no control of it: there is no cpufreq',
        'turbo': 'the kernel has no control of it: no intel_pstate, no cpufreq/boost',
        'aslr': "/proc/self/personality: 'x' is not a number",
        'huge_pages': '/sys/kernel/mm/transparent_hugepage/enabled: '
        "'always\\n' names no choice",
        'numa_nodes': "'all' is not a list of CPUs",
    }


def test_settings_are_read_once(machine):
    """They do not change with each record."""
    first = settings(machine)
    machine.write({f'{CPU}/smt/active': '0\n'})
    assert mixin.settings_of(machine.kernel()) is first


# --- the record ------------------------------------------------------------------------


class Bench(MicroBenchBase, MBStability):
    """A bench that captures the stability."""


def record_of(bench, work=len):
    """Return the field of one call."""
    bench(work)('')
    return only(bench.get_results())['stability']


def test_a_record(machine, monkeypatch):
    """Values, names of what happened, sentences, and reasons."""
    machine.write({**BEFORE, **SETTINGS}, without=['proc/vmstat'])
    monkeypatch.setattr(mixin, 'Kernel', machine.kernel)
    monkeypatch.setattr(Bench, 'stability_silence', ('smt', 'aslr', 'frequency'))
    mixin._known.clear()
    found = record_of(Bench(), lambda _: machine.write(AFTER, without=['proc/vmstat']))
    events = ('run_queue', 'steal', 'throttled', 'memory_limit', 'thermal', 'block_delay')
    assert found['disturbed_by'] == [*events, 'pressure_cpu', 'others']
    assert len(found['warnings']) == len(found['disturbed_by']) + 5
    assert [found[name] for name in ('smt', 'governor', 'elapsed')] == [
        *(True, 'powersave', 1.0)
    ]
    assert list(found['unavailable']) == ['swapped_in']


def test_nothing_to_say(machine, monkeypatch):
    """Without disturbances and doubts there are only values."""
    machine.write(BEFORE)
    machine.write(dict.fromkeys(SETTINGS, ''), without=['proc', 'sys'])
    monkeypatch.setattr(mixin, 'Kernel', machine.kernel)
    monkeypatch.setattr(mixin, 'settings_of', lambda kernel: ({'smt': False}, {}))
    found = record_of(Bench())
    assert found['disturbed_by'] == []
    assert not {'warnings', 'unavailable'} & set(found)


def test_a_name_that_no_warning_has():
    """It is an error before the code runs."""
    message = r"^'aslt' is not the name of a warning: did you mean aslr\? type one of run_"
    bench = type('Silent', (Bench,), {'stability_silence': 'aslt'})()
    with pytest.raises(ValueError, match=message):
        bench(pytest.fail)('it ran')


def test_other_systems(monkeypatch):
    """Only what getrusage(2) counts is known; the reason names the system."""
    monkeypatch.setattr(sys, 'platform', 'darwin')
    mixin._known.clear()
    found = record_of(Bench())
    assert set(found['unavailable'].values()) == {'it is not read on darwin'}
    assert 'major_faults' in found
    mixin._known.clear()


# --- real disturbances -------------------------------------------------------------------

on_linux = pytest.mark.skipif(sys.platform != 'linux', reason='files of Linux')
SPIN = 'print(flush=True)\nwhile True:\n    pass'


@contextlib.contextmanager
def spinners(count, cpu):
    """Run programs that keep a CPU busy, together with this thread."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    started = []
    try:
        for _ in range(count):
            command = [sys.executable, '-S', '-c', SPIN]
            started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        for one in started:
            one.stdout.readline()
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        for one in started:
            one.kill()
            one.communicate()


def work(seconds):
    """Use that much CPU time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@on_linux
def test_two_programs_on_one_cpu():
    """The thread waits for the CPU and is taken off it; the programs are counted."""
    with spinners(2, min(os.sched_getaffinity(0))):
        found = record_of(Bench(), lambda _: work(0.1))
    if 'run_queue_delay' in found['unavailable']:
        pytest.skip(found['unavailable']['run_queue_delay'])
    assert {'run_queue', 'preempted', 'others'} <= {*found['disturbed_by']}


@on_linux
def test_pages_that_are_not_in_memory(tmp_path):
    """A mapped file has to be read from the disk."""
    with (tmp_path / 'data').open('w+b') as file:
        file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with mmap.mmap(file.fileno(), 0) as pages:
            found = record_of(Bench(), lambda _: pages[0])
    if not found['major_faults']:
        pytest.skip(f'the file system of {tmp_path} keeps all files in memory')
    assert 'major_faults' in found['disturbed_by']


CHILD = """
import ctypes, json, sys, time
*groups, path, quota, limit = sys.argv[1:]
for group in groups:
    open(f'{group}/cgroup.procs', 'w').write('0')
ctypes.CDLL(None).personality(0x0040000)
from microbench import MBStability, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBStability), {})()

@bench
def work():
    with open(path, 'wb') as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    end = time.thread_time() + 0.03
    while time.thread_time() < end:
        pass

open(quota, 'w').write(limit)  # so low that a busy machine grants it
work()
print(json.dumps(bench.get_results()[0]['stability']))
"""


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
@on_linux
def test_a_quota_and_a_limit_of_memory(tmp_path):
    """A group stops the code, and another has no memory left; addresses are not random."""
    with (
        new_group('cpu', ['cpu.cfs_quota_us', 'cpu.max']) as (cpu, quota),
        new_group('memory', ['memory.limit_in_bytes', 'memory.high']) as (memory, limit),
    ):
        low = '5000' if 'cfs' in quota.name else '5000 100000'
        limit.write_text(str(48 << 20))
        done = subprocess.run(
            [sys.executable, '-c', CHILD, cpu, memory, tmp_path / 'data', quota, low],
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {'throttled', 'memory_limit'} <= {*found['disturbed_by']}, found
    assert found['aslr'] is False
