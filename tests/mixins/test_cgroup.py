"""Limits of control groups in a record."""

import builtins
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from microbench import MBCgroupLimits, MicroBenchBase
from microbench.mixins.groups import levels
from tests.fakes import ROOT as SOURCES
from tests.fakes import only

ROOT = '/sys/fs/cgroup'
V2 = {f'{ROOT}/cgroup.controllers': 'cpu memory\n', '/proc/self/cgroup': '0::/a/b\n'}
V1 = {'/proc/self/cgroup': '4:memory:/a/b\n3:cpu,cpuacct:/a/b\n1:name=systemd:/\n0::/\n'}
NO_LIMIT = '9223372036854771712\n'


class Bench(MicroBenchBase, MBCgroupLimits):
    pass


def cgroups():
    """Return the field of one call."""
    bench = Bench()
    bench(lambda: None)()
    return only(bench.get_results())['cgroups']


@pytest.fixture
def on(monkeypatch):
    """Simulate a Linux with these files; return a function for the field."""
    really_open = open

    def ask(files, platform='linux'):
        def stub(path, *args, **options):
            if not str(path).startswith(('/sys/', '/proc/')):
                return really_open(path, *args, **options)
            content = files.get(path, FileNotFoundError(path))
            if isinstance(content, Exception):
                raise content
            return io.StringIO(content)

        with monkeypatch.context() as patch:
            patch.setattr(sys, 'platform', platform)
            patch.setattr(os.path, 'exists', lambda path: path in files)
            patch.setattr(builtins, 'open', stub)
            found = {}
            Bench().capture_cgroup_limits(found)
        return found['cgroups']

    return ask


def limits(version, cpu=None, memory=None, **more):
    """Return the field with these values."""
    named = {'cpu_cores_limit': cpu, 'memory_bytes_limit': memory, 'version': version}
    return {**named, **more}


# --- version 2 ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ('cpu', 'memory', 'found'),
    [
        ('150000 100000\n', '1024\n', limits(2, 1.5, 1024)),
        ('max 100000\n', 'max\n', limits(2)),
        ('max\n', '1024\n', limits(2, None, 1024)),
        ('not numbers\n', '1024\n', {}),
        ('100000 0\n', '1024\n', {}),
        ('150000 100000\n', 'much\n', {}),
    ],
)
def test_limits_of_our_group(on, cpu, memory, found):
    """Limits are quota / period and bytes; null without limit; {} for nonsense."""
    files = {f'{ROOT}/a/b/cpu.max': cpu, f'{ROOT}/a/b/memory.max': memory}
    assert on({**V2, **files}) == found


def test_the_smallest_limit_up_to_the_root_holds(on):
    """Schedulers set limits on groups above that of the process."""
    files = {
        f'{ROOT}/a/b/cpu.max': 'max 100000\n',
        f'{ROOT}/a/cpu.max': '200000 100000\n',
        f'{ROOT}/cpu.max': '400000 100000\n',
        f'{ROOT}/a/b/memory.max': '4096\n',
        f'{ROOT}/a/memory.max': '1024\n',
        f'{ROOT}/memory.max': '2048\n',
    }
    assert on({**V2, **files}) == limits(2, 2.0, 1024)


@pytest.mark.parametrize('error', [PermissionError(), FileNotFoundError(), OSError(5)])
def test_files_that_cannot_be_read_are_skipped(on, error):
    """A file that cannot be read is skipped; the others count."""
    files = {
        f'{ROOT}/a/b/cpu.max': error,
        f'{ROOT}/a/cpu.max': '200000 100000\n',
        f'{ROOT}/a/b/memory.max': '1024\n',
        f'{ROOT}/a/memory.max': error,
    }
    assert on({**V2, **files}) == limits(2, 2.0, 1024)


def test_no_files_mean_no_limits(on):
    """The root of a machine has no limit files."""
    assert on(V2) == limits(2)


def test_a_container_that_sees_itself_as_the_root(on):
    """With a cgroup namespace the limits are at the root."""
    files = {'/proc/self/cgroup': '0::/\n', f'{ROOT}/memory.max': '1024\n'}
    assert on({**V2, **files}) == limits(2, None, 1024)


def test_a_group_outside_the_namespace(on):
    """If the path of the group leads upwards, only the root is visible."""
    files = {'/proc/self/cgroup': '0::/../x\n', f'{ROOT}/memory.max': '1024\n'}
    assert on({**V2, **files}) == limits(2, None, 1024)
    assert list(levels('/../x')) == ['']


def test_version_2_without_our_group(on):
    """Without a line of version 2 the field is empty."""
    assert on({**V2, '/proc/self/cgroup': '1:name=systemd:/\n'}) == {}


# --- version 1 ---------------------------------------------------------------------


def v1_files(group, quota, period, memory):
    """Return the files of a group."""
    files = {
        f'{ROOT}/cpu{group}/cpu.cfs_quota_us': quota,
        f'{ROOT}/cpu{group}/cpu.cfs_period_us': period,
        f'{ROOT}/memory{group}/memory.limit_in_bytes': memory,
    }
    return {path: text for path, text in files.items() if text is not None}


@pytest.mark.parametrize(
    ('files', 'found'),
    [
        (v1_files('/a/b', '150000\n', '100000\n', '1024\n'), limits(1, 1.5, 1024)),
        (v1_files('/a/b', '-1\n', '100000\n', NO_LIMIT), limits(1)),
        (v1_files('/a/b', '150000\n', None, None), limits(1)),
        (v1_files('/a/b', 'x\n', '100000\n', None), {}),
        ({}, limits(1)),
    ],
)
def test_limits_of_version_1(on, files, found):
    """Each controller has its own place; -1 and numbers from 2^62 on are no limit."""
    assert on({**V1, **files}) == found


def test_the_smallest_limit_of_version_1(on):
    """In version 1 too, all groups up to the root count."""
    files = {
        **v1_files('/a/b', '-1\n', '100000\n', '4096\n'),
        **v1_files('/a', '300000\n', '100000\n', NO_LIMIT),
        **v1_files('', None, None, '1024\n'),
    }
    assert on({**V1, **files}) == limits(1, 3.0, 1024)


def test_a_container_of_version_1(on):
    """The path is the host's, but limits are at the root of each controller."""
    files = v1_files('', '50000\n', '100000\n', '1024\n')
    assert on({**V1, **files}) == limits(1, 0.5, 1024)


def test_version_1_without_our_controllers(on):
    """Without a line for cpu and memory there are no limits."""
    assert on({'/proc/self/cgroup': '1:name=systemd:/\n'}) == limits(1)


# --- CPU sets ------------------------------------------------------------------------

CPUSETS = {
    2: (V2, ROOT, 'cpuset.cpus.effective'),
    1: (
        {'/proc/self/cgroup': V1['/proc/self/cgroup'] + '5:cpuset:/a/b\n'},
        f'{ROOT}/cpuset',
        'cpuset.effective_cpus',
    ),
}


@pytest.fixture(params=CPUSETS)
def cpuset(request, on):
    """Return a function from files by level to the fields of CPU sets."""
    files, folder, name = CPUSETS[request.param]

    def ask(online='0-15', **levels):
        known = {**files, '/sys/devices/system/cpu/online': f'{online}\n'}
        for level, text in levels.items():
            known[f'{folder}{level.replace("_", "/")}/{name}'] = text
        found = on(known)
        assert limits(request.param).items() <= found.items()
        return {k: v for k, v in found.items() if k not in limits(request.param)}

    return ask


@pytest.mark.parametrize(
    ('text', 'cores'), [('0-3,8\n', 5), ('7\n', 1), ('0-14', 15), ('2,4-5,9-10\n', 5)]
)
def test_a_cpu_set_that_limits(cpuset, text, cores):
    """The field has the kernel's list and the number of its CPUs."""
    expected = {'cpuset': text.strip(), 'cpuset_cores_limit': cores}
    assert cpuset(_a_b=text) == expected


def test_the_nearest_cpu_set_holds(cpuset):
    """The nearest set with a file counts; sets above it have limited it already."""
    assert cpuset(_a_b='0-1', _a='0-3')['cpuset'] == '0-1'
    assert cpuset(_a='0-3')['cpuset'] == '0-3'


def test_a_container_sees_its_cpu_set_at_the_root(cpuset):
    """The path of a container's set is the host's, or hidden."""
    assert cpuset(**{'': '0-3'})['cpuset'] == '0-3'


@pytest.mark.parametrize('text', ['0-15\n', '0-15,16-19', '', '\n', 'all', '3-', '-'])
def test_a_cpu_set_that_does_not_limit(cpuset, text):
    """A set with all CPUs, or a malformed one, has no key and costs no other value."""
    assert cpuset(_a_b=text) == {}


def test_a_machine_that_does_not_tell_its_cpus(on):
    """Without the number of CPUs it is unknown whether the set limits."""
    files, folder, name = CPUSETS[2]
    assert on({**files, f'{folder}/a/b/{name}': '0-1\n'}) == limits(2)


# --- elsewhere ---------------------------------------------------------------------


def test_without_control_groups(on):
    """A missing or malformed /proc/self/cgroup, or another system, gives {}."""
    assert on({}) == {}
    assert on({'/proc/self/cgroup': 'nonsense\n'}) == {}
    assert on(V2, platform='darwin') == {}


# --- real ones ---------------------------------------------------------------------

REPORT = """
import sys
with open(sys.argv[1], 'w') as tasks:
    tasks.write('0')
from microbench import MBCgroupLimits, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBCgroupLimits), {})()
bench(lambda: None)()
print(bench.get_results()[0]['cgroups'][sys.argv[2]])
"""


@contextlib.contextmanager
def new_group(controller, file):
    """Make a group below that of the process, with this file of version 2 or 1."""
    lines = Path('/proc/self/cgroup').read_text().splitlines()
    controllers = dict(line.split(':', 2)[1:] for line in lines)
    unified = Path(ROOT, 'cgroup.controllers').exists()
    parent = Path(ROOT, '' if unified else controller)
    parent = Path(f'{parent}{controllers.get("" if unified else controller, "")}')
    made = parent / f'microbench-{uuid4().hex}'
    try:
        made.mkdir()
    except OSError as error:
        pytest.skip(f'no control group can be made here: {error}')
    try:
        if not (made / file[unified]).exists():
            pytest.skip(f'the controller {controller} is not delegated to {made.parent}')
        yield made, made / file[unified]
    finally:
        made.rmdir()


def reported_in(group, field):
    """Return the field of a process in a real group."""
    done = subprocess.run(
        [sys.executable, '-c', REPORT, group / 'cgroup.procs', field],
        env={**os.environ, 'PYTHONPATH': str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
def test_a_real_limit_above_our_group():
    """A process in a group below one with a limit reports that limit."""
    size = 64 << 20
    with new_group('memory', ['memory.limit_in_bytes', 'memory.max']) as (group, limit):
        limit.write_text(str(size))
        inner = group / 'inner'
        inner.mkdir()
        try:
            assert reported_in(inner, 'memory_bytes_limit') == str(size)
        finally:
            inner.rmdir()


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
def test_a_real_cpu_set():
    """A process that may use the first of several CPUs reports it."""
    first, *others = sorted(os.sched_getaffinity(0))
    if not others:
        pytest.skip('this machine has one CPU')
    with new_group('cpuset', ['cpuset.cpus', 'cpuset.cpus']) as (group, limit):
        memory = group.parent / 'cpuset.mems'
        if memory.exists():  # version 1 accepts no process without it
            (group / 'cpuset.mems').write_text(memory.read_text())
        limit.write_text(str(first))
        assert reported_in(group, 'cpuset') == str(first)


def test_the_real_files_of_this_process():
    """The files of this machine are understood."""
    found = cgroups()
    if not Path('/proc/self/cgroup').exists():
        assert found == {}
    else:
        assert limits(2).keys() <= found.keys()
        assert found['version'] == 1 + Path(ROOT, 'cgroup.controllers').exists()
