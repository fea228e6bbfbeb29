"""Lists of processors as the kernel writes them, and the usable ones of a thread."""

import json
import os
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MBCgroupLimits, MBHostInfo, MicroBenchBase
from microbench.mixins import machine
from microbench.mixins.machine import cpus_in, listed
from tests.fakes import printed

STAT = 'cpu  1 2 3\ncpu0 1 2\ncpu1 1 2\ncpu10 1 2\nintr 5\nctxt 7\n'


class Host(MicroBenchBase, MBHostInfo):
    pass


class Limits(MicroBenchBase, MBCgroupLimits):
    pass


def host_of(bench):
    """Return the processors in the `host` object of one more call."""
    bench(lambda: None)()
    host = bench.get_results()[-1].get('host', {})
    return {name: host[name] for name in machine.FIELDS if name in host}


# --- lists ---------------------------------------------------------------------------


@given(st.sets(st.integers(0, 300)))
def test_a_list_has_all_numbers(numbers):
    """A list has all numbers, whatever its gaps; neighbours are one range."""
    text = listed(numbers)
    assert cpus_in(f'{text}\n') == len(numbers)
    found = [part.partition('-') for part in text.split(',') if part]
    ranges = [range(int(a), int(b or a) + 1) for a, _, b in found]
    assert {number for numbers in ranges for number in numbers} == numbers
    assert all(b.start > a.stop for a, b in pairwise(ranges))


@pytest.mark.parametrize(
    'text',
    [
        *('3-1', '-1', '-3--1', '1-', 'all', '0-3-4', '1;2', '0x1'),
        *('1_0', ' 1 - 2', '\N{ARABIC-INDIC DIGIT THREE}', '0-99999999999'),
    ],
)
def test_what_is_no_list(text):
    """Malformed text raises, also numbers that only Python accepts."""
    with pytest.raises(ValueError, match='is not a list of CPUs'):
        cpus_in(text)


# --- how many are online -------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Return a function that writes the files of online CPUs."""

    def write(online=None, stat=None):
        for name, text in (('ONLINE', online), ('STAT', stat)):
            monkeypatch.setattr(machine, name, str(tmp_path / name))
            if text is not None:
                (tmp_path / name).write_text(text)

    return write


@pytest.mark.parametrize(
    ('online', 'stat', 'number'),
    [('0-3,8\n', STAT, 5), ('0\n', None, 1), (None, STAT, 3)],
)
def test_cpus_that_are_online(files, online, stat, number):
    """Online CPUs are read from /sys, else from /proc."""
    files(online, stat)
    assert machine.online() == number


@pytest.mark.parametrize(
    ('online', 'stat', 'error'),
    [(None, None, OSError), (None, 'nothing\n', ValueError), ('', STAT, ValueError)],
)
def test_cpus_that_are_not_known(files, online, stat, error):
    """Without both files it raises: sysconf(3) would count those of this thread."""
    files(online, stat)
    with pytest.raises(error):
        machine.online()


# --- affinity ------------------------------------------------------------------------


@pytest.fixture
def allowed(files, monkeypatch):
    """Simulate a machine of 16 CPUs; return a function that sets the usable ones."""
    files('0-15\n')
    return lambda *numbers: monkeypatch.setattr(
        os, 'sched_getaffinity', lambda _: set(numbers), raising=False
    )


@pytest.mark.parametrize('bench', [Host, Limits])
def test_cpus_that_are_left_out(allowed, bench):
    """List and number of unusable CPUs are stored, or neither if there are none."""
    allowed(0, 1, 2, 8)
    assert host_of(bench()) == {'cpu_affinity': '0-2,8', 'cpu_cores_usable': 4}
    allowed(*range(16))
    assert host_of(bench()) == {}


def test_the_affinity_of_the_main_thread(files, monkeypatch):
    """MBHostInfo asks once, for the main thread, not the one with the first record."""
    files('0-15\n')
    masks = {0: {3}, os.getpid(): {7, 8}}  # of this thread, and of the main thread
    monkeypatch.setattr(os, 'sched_getaffinity', masks.get, raising=False)
    assert host_of(Host())['cpu_affinity'] == '7-8'
    assert host_of(Limits())['cpu_affinity'] == '3'


def test_a_mask_that_may_not_be_read(files, monkeypatch):
    """The reason, such as a filter of system calls, is in the record."""

    def refuse(thread):
        raise PermissionError(1, 'Operation not permitted')

    files('0-15\n')
    monkeypatch.setattr(os, 'sched_getaffinity', refuse, raising=False)
    bench = Host()
    assert host_of(bench) == {}
    unavailable = bench.get_results()[0]['host']['unavailable']
    assert unavailable['cpu_affinity'].startswith('PermissionError')


def test_asked_for_each_record(allowed):
    """MBCgroupLimits sees a change, and corrects what MBHostInfo asked once."""
    bench = type('Both', (MicroBenchBase, MBHostInfo, MBCgroupLimits), {})()
    seen = []
    for numbers in ([7], [7, 8], range(16), [1]):
        allowed(*numbers)
        seen.append(host_of(bench).get('cpu_affinity'))
    assert seen == ['7', '7-8', None, '1']


def test_machines_that_do_not_say(files, monkeypatch):
    """The record has the reason for a missing number."""
    files()
    bench = Host()
    assert host_of(bench) == {}
    unavailable = bench.get_results()[0]['host']['unavailable']
    assert unavailable['cpu_affinity'].startswith('FileNotFoundError')


def test_systems_without_affinity(monkeypatch):
    """Systems such as macOS lack the call for the affinity."""
    monkeypatch.delattr(os, 'sched_getaffinity')
    bench = Host()
    assert host_of(bench) == {}
    host = bench.get_results()[0]['host']
    assert 'cpu_affinity' not in host.get('unavailable', {})


ON_ONE = """
import json, os
from microbench import MBHostInfo, MicroBenchBase
first = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {first})
bench = type('Bench', (MicroBenchBase, MBHostInfo), {})()
with bench.record():
    pass
host = bench.get_results()[0]['host']
print(json.dumps([first, os.cpu_count(), host]))
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='asks the kernel for one CPU')
def test_a_real_affinity():
    """A process bound to one CPU reports it, unless there is only one."""
    first, number, host = json.loads(printed(ON_ONE))
    said = {name: host[name] for name in machine.FIELDS if name in host}
    one = {'cpu_affinity': str(first), 'cpu_cores_usable': 1}
    assert said == (one if number > 1 else {})
    assert host['cpu_cores_logical'] == number
