"""MBHostInfo and MBWorkingDir: the machine and the working directory."""

import builtins
import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from microbench import MBHostInfo, MBWorkingDir, MicroBench, MicroBenchBase
from microbench.mixins import machine
from tests.conftest import SANITIZED
from tests.fakes import ROOT, call_of, only, printed
from tests.sandboxes import without


class Host(MicroBenchBase, MBHostInfo):
    """A bench that captures the host."""


class Place(MicroBenchBase, MBWorkingDir):
    """A bench that captures the working directory."""


# What depends on where the tests run: in a container, on some of the CPUs.
AROUND = {'container', 'container_image', 'cpu_affinity', 'cpu_cores_usable'}
# ... and on which processor: see test_processor.py.
PROCESSOR = {
    *('cpu_model', 'cpu_max_mhz', 'cpu_governor', 'clock_source', 'virtual_machine'),
    'unavailable',
}


def machine_of(bench):
    """Return the `host` object without processor and environment of the process."""
    left_out = AROUND | PROCESSOR
    return {name: value for name, value in host_of(bench).items() if name not in left_out}


def missing_in(host):
    """Return the names of missing fields, without those of the processor."""
    return sorted(host.get('unavailable', {}).keys() - PROCESSOR)


def host_of(bench):
    """Return the `host` object of one more call."""
    bench(len)('')
    return bench.get_results()[-1]['host']


def test_name_and_system():
    """The record has host name and operating system."""
    host = host_of(Host())
    assert host['hostname'] == socket.gethostname()
    assert host['os'] == sys.platform


def test_cores_and_memory():
    """Cores and memory are what psutil reports."""
    psutil = pytest.importorskip('psutil')
    assert machine_of(Host()) == {
        'hostname': socket.gethostname(),
        'os': sys.platform,
        'cpu_cores_logical': psutil.cpu_count(logical=True),
        'cpu_cores_physical': psutil.cpu_count(logical=False),
        'ram_total': psutil.virtual_memory().total,
    }


def test_without_psutil(monkeypatch):
    """Without psutil cores and memory are absent; other fields are there."""
    monkeypatch.setitem(sys.modules, 'psutil', None)
    assert set(machine_of(Host())) == {'hostname', 'os'}


@pytest.mark.parametrize('system', ['darwin', 'freebsd14'])
def test_other_systems_need_psutil(system, monkeypatch):
    """Other systems than Linux import psutil, if they can."""
    monkeypatch.delitem(sys.modules, 'psutil', raising=False)
    monkeypatch.setattr(sys, 'platform', system)
    monkeypatch.setattr(builtins, '__import__', refusing('psutil'))
    assert set(machine_of(Host())) == {'hostname', 'os'}


def refusing(refused):
    """Return an `import` to which one module is unknown."""
    known = builtins.__import__

    def find(name, *more):
        if name == refused:
            raise ImportError(name)
        return known(name, *more)

    return find


ASK_LINUX = """
import json, os, sys
from microbench import MBHostInfo, MicroBenchBase
class Bench(MBHostInfo, MicroBenchBase):
    pass
with (bench := Bench()).record():
    pass
alone = {'psutil', 'socket', '_socket'}.isdisjoint(sys.modules)
import psutil
import socket
with (other := Bench()).record():
    pass
print(json.dumps([alone, *(b.get_results()[0]['host'] for b in (bench, other))]))
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='asks /proc and /sys')
def test_linux_is_asked_without_psutil_and_socket():
    """Neither is imported, and the kernel's values equal those of psutil."""
    pytest.importorskip('psutil')
    alone, native, from_psutil = json.loads(printed(ASK_LINUX))
    assert alone
    assert native == from_psutil
    assert len(native.keys() - AROUND - PROCESSOR) == 5


def tree(folder, cpus, name='core_cpus_list'):
    """Write files as in /sys/devices/system/cpu: names of cores and siblings."""
    for cpu, siblings in cpus.items():
        (folder / cpu / 'topology').mkdir(parents=True)
        if siblings is not None:
            (folder / cpu / 'topology' / name).write_text(f'{siblings}\n')
    return str(folder)


@pytest.mark.parametrize('name', machine.SIBLINGS)
@pytest.mark.parametrize(
    ('cpus', 'cores'),
    [
        ({'cpu0': '0', 'cpu1': '1'}, 2),
        ({'cpu0': '0-1', 'cpu1': '0-1', 'cpu2': '2-3', 'cpu3': '2-3'}, 2),
        ({'cpu0': '0,64', 'cpu64': '0,64', 'cpu1': '1', 'cpu2': None, 'cpufreq': None}, 2),
        ({'cpu0': None, 'cpuidle': None}, None),
        ({}, None),
    ],
)
def test_a_core_is_counted_once(cpus, cores, name, tmp_path, monkeypatch):
    """Threads of one core name the same siblings; offline ones and folders none."""
    monkeypatch.setattr(machine, 'CPUS', tree(tmp_path, cpus, name))
    assert machine.Linux.cpu_count(logical=False) == cores


@pytest.mark.parametrize(
    ('online', 'threads', 'active', 'present', 'hybrid', 'cores', 'reads'),
    [
        ('0-255', 1, '0', '0-255', False, 256, 3),
        ('0,2-9', 1, '0', '0-9', False, 9, 3),
        ('0-255', 2, '1', '0-255', False, 128, 5),
        ('0-255', 2, '1', '0-255', True, 128, None),
        ('0-254', 2, '1', '0-255', False, 128, None),
        ('0-255', 2, '0', '0-255', False, 128, 5),
        ('0-255', 2, None, '0-255', False, 128, None),
    ],
)
def test_cores_of_a_large_machine(
    online, threads, active, present, hybrid, cores, reads, tmp_path, monkeypatch
):
    """A few files tell it, unless cores differ or some are offline."""
    numbers = [n for n in range(256) if threads == 2 or n != 1]
    folder = tree(
        tmp_path,
        {f'cpu{n}': f'{n - n % threads}-{n - n % threads + threads - 1}' for n in numbers},
    )
    (tmp_path / 'smt').mkdir()
    files = {'online': online, 'present': present, 'smt/active': active}
    for name, text in files.items():
        if text is not None:
            (tmp_path / name).write_text(f'{text}\n')
    read, text_of = [], machine.text_of

    def noted(path):
        read.append(path)
        return text_of(path)

    monkeypatch.setattr(machine, 'text_of', noted)
    monkeypatch.setattr(machine, 'CPUS', folder)
    monkeypatch.setattr(machine, 'HYBRID', str(tmp_path if hybrid else tmp_path / 'none'))
    assert machine.Linux.cpu_count(logical=False) == cores
    assert reads is None or len(read) == reads


@pytest.mark.parametrize(
    'text',
    [
        'MemTotal: 24684084 MB\n',
        'MemTotal: 24684084\n',
        'MemTotal: -1 kB\n',
        'MemTotal: 1e9 kB\n',
        f'MemTotal: {2**63} kB\n',
        f'MemTotal: {"9" * 5000} kB\n',
        'MemTotal: many kB\n',
        'MemTotal:\n',
        'MemFree: 5 kB\n',
        '',
    ],
)
def test_memory_that_makes_no_sense(text, tmp_path, monkeypatch):
    """A malformed size has a reason; cores and name are there."""
    (tmp_path / 'meminfo').write_text(text)
    host = host_with(monkeypatch, MEMORY=str(tmp_path / 'meminfo'))
    assert 'ram_total' not in host
    assert 'is not a size in kB' in host['unavailable']['ram_total']
    assert len(host['unavailable']['ram_total']) < 300
    assert {'hostname', 'cpu_cores_logical', 'cpu_cores_physical'} <= host.keys()


def host_with(monkeypatch, **places):
    """Return the `host` object with the kernel's files in these places."""
    monkeypatch.delitem(sys.modules, 'psutil', raising=False)
    for name, path in places.items():
        monkeypatch.setattr(machine, name, path)
    return host_of(Host())


@pytest.mark.skipif(sys.platform != 'linux', reason='asks /proc and /sys')
@pytest.mark.parametrize('kind', ['missing', 'folder', 'endless', 'binary'])
def test_memory_that_cannot_be_read(kind, tmp_path, monkeypatch):
    """The reason is in the record; the code runs."""
    place = tmp_path / 'meminfo'
    if kind == 'folder':
        place.mkdir()
    elif kind == 'binary':
        place.write_bytes(b'MemTotal: \xff kB\n')
    elif kind == 'endless':
        place.symlink_to('/dev/zero')
        monkeypatch.setattr(machine, 'LONGEST', 1 << 20)
    host = host_with(monkeypatch, MEMORY=str(place), CPUS=str(tmp_path / 'none'))
    assert missing_in(host) == ['cpu_cores_physical', 'ram_total']
    assert host['cpu_cores_logical'] == os.cpu_count()


@pytest.mark.parametrize(
    'error', [OSError(5, 'no'), RuntimeError('no'), AttributeError('no'), KeyError(b'no')]
)
def test_psutil_that_fails(error, monkeypatch):
    """An error of psutil stops nothing."""
    psutil = pytest.importorskip('psutil')

    def fail(**options):
        raise error

    monkeypatch.setattr(psutil, 'cpu_count', fail)
    host = host_of(Host())
    assert missing_in(host) == ['cpu_cores_logical', 'cpu_cores_physical']
    assert host['unavailable']['cpu_cores_logical'].startswith(type(error).__name__)
    assert host['ram_total'] == psutil.virtual_memory().total


WITHOUT = """
import json
from microbench import MBCgroupLimits, MBHostInfo, MBSlurmInfo, MicroBench
class Bench(MicroBench, MBCgroupLimits, MBHostInfo, MBSlurmInfo):
    pass
with (bench := Bench()).record():
    pass
record = bench.get_results()[0]
print(json.dumps([record['host'], record['cgroups']]))
"""


def in_sandbox(hidden, code):
    """Return what code prints in a fresh process that does not see these folders."""
    done = subprocess.run(
        [*without(*hidden), sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(SANITIZED, reason='sanitizers read /proc as they start')
@pytest.mark.parametrize(
    ('place', 'missing'),
    [
        ('/sys', ['cgroups', 'cpu_cores_physical']),
        ('/proc', ['cgroups', 'ram_total']),
    ],
)
def test_a_real_sandbox(place, missing):
    """Without /sys or /proc the code runs, and the reasons are in the record."""
    host, limits = json.loads(in_sandbox([place], WITHOUT))
    assert limits == {}
    assert missing_in(host) == missing
    assert not set(missing) & set(host)
    assert host['cpu_cores_logical'] == os.cpu_count()


PSUTIL_IN_A_SANDBOX = """
import json, os, psutil
from microbench import MBHostInfo, MicroBenchBase
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
with (bench := type('Bench', (MicroBenchBase, MBHostInfo), {})()).record():
    pass
print(json.dumps(bench.get_results()[0]['host']))
"""


@pytest.mark.skipif(SANITIZED, reason='sanitizers read /proc as they start')
def test_psutil_in_a_real_sandbox():
    """Psutil's number of usable CPUs is not taken for the number of cores."""
    pytest.importorskip('psutil')
    host = json.loads(in_sandbox(['/sys', '/proc'], PSUTIL_IN_A_SANDBOX))
    assert 'cpu_cores_logical' not in host
    assert host['unavailable']['cpu_cores_logical'].startswith('FileNotFoundError')


def test_memory_is_recorded_in_bytes(tmp_path, monkeypatch):
    """The kernel writes kibibytes, and calls them kB."""
    meminfo = tmp_path / 'meminfo'
    meminfo.write_text('MemTotal:       24684084 kB\nMemFree:        1 kB\n')
    monkeypatch.setattr(machine, 'MEMORY', str(meminfo))
    assert machine.Linux.virtual_memory().total == 24684084 * 1024


def test_what_is_stubbed_is_asked(monkeypatch):
    """Loaded modules are asked, since tests may replace their functions."""
    psutil = pytest.importorskip('psutil')
    monkeypatch.setattr(psutil, 'cpu_count', lambda logical: 8 if logical else None)
    monkeypatch.setattr(psutil, 'virtual_memory', lambda: SimpleNamespace(total=7))
    monkeypatch.setattr(socket, 'gethostname', lambda: 'node07')
    assert machine_of(Host()) == {
        'hostname': 'node07',
        'os': sys.platform,
        'cpu_cores_logical': 8,
        'cpu_cores_physical': None,
        'ram_total': 7,
    }


def test_asked_once_for_each_bench(monkeypatch):
    """The host name is constant for a bench; a new bench asks again."""
    monkeypatch.setattr(socket, 'gethostname', lambda: 'first')
    bench = Host()
    assert host_of(bench)['hostname'] == 'first'
    monkeypatch.setattr(socket, 'gethostname', lambda: 'second')
    assert host_of(bench)['hostname'] == 'first'
    assert host_of(Host())['hostname'] == 'second'


@pytest.mark.parametrize('bases', [(MicroBench, MBHostInfo), (MBHostInfo, MicroBench)])
def test_before_and_after_the_base(bases):
    """The mixin may stand anywhere among the bases."""
    bench = type('Bench', bases, {})()
    assert 'hostname' in host_of(bench)
    assert bench.explain_path() == []


def test_working_directory(tmp_path, monkeypatch):
    """The working directory is read for each record."""
    bench = Place()
    for name in ('one', 'two'):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        bench(len)('')
    directories = [r['call']['working_dir'] for r in bench.get_results()]
    assert directories == [str(tmp_path / 'one'), str(tmp_path / 'two')]


def test_at_the_start_of_the_call(tmp_path, monkeypatch):
    """The directory is that of the start, whatever the code does."""
    monkeypatch.chdir(tmp_path)
    bench = Place()
    (tmp_path / 'sub').mkdir()
    bench(os.chdir)('sub')
    assert call_of(bench)['working_dir'] == str(tmp_path)


@pytest.mark.parametrize('optional', [False, True])
def test_a_deleted_working_directory(tmp_path, monkeypatch, optional):
    """An error that is strict or noted, as for any capture."""
    folder = tmp_path / 'gone'
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    bench = Place()
    bench.capture_optional = optional
    if optional:
        assert bench(len)('ab') == 2
        [noted] = call_of(bench)['capture_errors']
        assert noted['method'] == 'capture_working_dir'
        assert noted['error'].startswith('FileNotFoundError')
    else:
        with pytest.raises(FileNotFoundError):
            bench(len)('')


def test_a_static_field_of_that_name():
    """The mixin adds to a dict, and replaces anything else."""
    bench = Host(host={'rack': 7})
    assert host_of(bench)['rack'] == 7
    assert 'hostname' in host_of(Host(host='rack 7'))
    assert only(bench.get_results())['host']['rack'] == 7
