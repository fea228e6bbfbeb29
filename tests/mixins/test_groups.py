"""Where control groups are: mounts, namespaces, and the limits found there.

A tree of folders stands in for the kernel's files, as cgroups(7) describes them.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from microbench import MBCgroupLimits, MicroBenchBase
from microbench.mixins import cgroup, groups, machine
from microbench.mixins.groups import below, groups_in, mounts_in
from tests.conftest import SANITIZED
from tests.fakes import ROOT as SOURCES
from tests.fakes import only, printed

UNLIMITED = '9223372036854771712\n'


class Bench(MicroBenchBase, MBCgroupLimits):
    pass


class Kernel:
    """Files of a kernel below a folder: `at` makes one, `mount` a line of mountinfo."""

    def __init__(self, folder):
        self.folder, self.lines = folder, []
        self.root = f'{folder}/sys/fs/cgroup'
        self.at('sys/fs/cgroup/tasks', '')
        self.at('online', '0-15\n')

    def at(self, path, text):
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode('utf-8', 'surrogateescape'))

    def mount(self, place, kind, options, root='/'):
        """Mount a hierarchy below the usual place, or at an absolute path."""
        self.folder.joinpath('sys/fs/cgroup', place).mkdir(parents=True, exist_ok=True)
        where = (
            f'{self.root}/{place}'.rstrip('/').replace('\\', '\\134').replace(' ', '\\040')
        )
        self.lines.append(
            f'31 23 0:28 {root} {where} rw shared:9 - {kind} none rw,{options}\n'
        )
        self.at('mountinfo', '22 1 254:0 / / rw - ext4 /dev/vda rw\n' + ''.join(self.lines))

    def record(self, own):
        """Return a record's fields for the groups in /proc/self/cgroup."""
        self.at('own', own)
        bench = Bench()
        bench(lambda: None)()
        return only(bench.get_results())


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a simulated kernel whose files are read."""
    made = Kernel(tmp_path)
    monkeypatch.setattr(cgroup, 'ROOT', made.root)
    monkeypatch.setattr(groups, 'GROUPS', str(tmp_path / 'own'))
    monkeypatch.setattr(groups, 'OF_THREAD', str(tmp_path / 'thread'))
    monkeypatch.setattr(groups, 'MOUNTS', str(tmp_path / 'mountinfo'))
    monkeypatch.setattr(groups, '_seen', ([], []))
    monkeypatch.setattr(machine, 'ONLINE', str(tmp_path / 'online'))
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(16)))
    return made


def unified(system, root='/'):
    """Mount version 2 at the usual place."""
    system.mount('', 'cgroup2', 'nsdelegate', root)
    system.at('sys/fs/cgroup/cgroup.controllers', 'cpuset cpu memory\n')


def why(record):
    """Return what the record says of missing fields."""
    return record.get('host', {}).get('unavailable', {})


# --- version 1 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    'place', ['cpu,cpuacct', 'cpuacct,cpu', 'joint', 'one two', 'x\\y']
)
def test_a_joint_mount(system, place):
    """Controllers that share a hierarchy are found where it is, links or not."""
    system.mount(place, 'cgroup', 'cpu,cpuacct')
    system.mount('memory', 'cgroup', 'memory')
    system.at(f'sys/fs/cgroup/{place}/job/cpu.cfs_quota_us', '150000\n')
    system.at(f'sys/fs/cgroup/{place}/job/cpu.cfs_period_us', '100000\n')
    system.at('sys/fs/cgroup/memory/job/memory.limit_in_bytes', '4096\n')
    record = system.record('4:memory:/job\n3:cpu,cpuacct:/job\n')
    assert record['cgroups'] == {
        'cpu_cores_limit': 1.5,
        'memory_bytes_limit': 4096,
        'version': 1,
    }


def test_a_joint_mount_where_mounts_are_not_known(system):
    """Without known mounts the usual places are searched."""
    system.at('sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us', '50000\n')
    system.at('sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us', '100000\n')
    assert system.record('3:cpu,cpuacct:/job\n')['cgroups']['cpu_cores_limit'] == 0.5


def test_a_container_that_has_the_paths_of_the_host(system):
    """The path begins with the root of the mount; groups below it count."""
    system.mount('memory', 'cgroup', 'memory', root='/docker/1')
    system.at('sys/fs/cgroup/memory/memory.limit_in_bytes', '8192\n')
    system.at('sys/fs/cgroup/memory/job/memory.limit_in_bytes', '4096\n')
    limits = system.record('4:memory:/docker/1/job\n')['cgroups']
    assert limits['memory_bytes_limit'] == 4096


@pytest.mark.parametrize(('flat', 'limit'), [('0', 8192), ('1', 4096)])
def test_groups_that_keep_their_children_apart(system, flat, limit):
    """Before Linux 5.11 a limit above needs `memory.use_hierarchy`."""
    system.mount('memory', 'cgroup', 'memory')
    for folder, text in (('', UNLIMITED), ('/a', '4096\n'), ('/a/b', '8192\n')):
        system.at(f'sys/fs/cgroup/memory{folder}/memory.limit_in_bytes', text)
        system.at(f'sys/fs/cgroup/memory{folder}/memory.use_hierarchy', f'{flat}\n')
    limits = system.record('4:memory:/a/b\n')['cgroups']
    assert limits['memory_bytes_limit'] == limit


def test_a_cpu_set_before_linux_3_17(system):
    """Without the file of effective CPUs, that of requested ones counts."""
    system.mount('cpuset', 'cgroup', 'cpuset')
    system.at('sys/fs/cgroup/cpuset/job/cpuset.cpus', '0-3\n')
    assert system.record('5:cpuset:/job\n')['cgroups']['cpuset'] == '0-3'


# --- both at once --------------------------------------------------------------------


def test_a_hybrid_system(system):
    """Controllers without a hierarchy of version 1 may be in version 2."""
    system.mount('cpu', 'cgroup', 'cpu')
    system.mount('unified', 'cgroup2', 'nsdelegate')
    system.at('sys/fs/cgroup/cpu/job/cpu.cfs_quota_us', '200000\n')
    system.at('sys/fs/cgroup/cpu/job/cpu.cfs_period_us', '100000\n')
    system.at('sys/fs/cgroup/unified/other/memory.max', '4096\n')
    system.at('sys/fs/cgroup/unified/other/memory.high', '2048\n')
    assert system.record('3:cpu:/job\n0::/other\n')['cgroups'] == {
        'cpu_cores_limit': 2.0,
        'memory_bytes_limit': 4096,
        'memory_high_bytes': 2048,
        'version': 1,
    }


def test_a_controller_that_was_left_in_version_1(system):
    """A scheduler may mount a controller of version 1 beside version 2, anywhere."""
    unified(system)
    system.mount('../../../slurm', 'cgroup', 'cpuset')
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    system.at('slurm/job_7/cpuset.effective_cpus', '0-1\n')
    limits = system.record('5:cpuset:/job_7\n0::/job\n')['cgroups']
    assert (limits['memory_bytes_limit'], limits['cpuset']) == (4096, '0-1')
    assert limits['version'] == 2


def test_version_2_is_not_mounted(system):
    """A kernel may have version 2, and show version 1 only."""
    system.mount('memory', 'cgroup', 'memory')
    system.at('sys/fs/cgroup/memory/job/memory.limit_in_bytes', '4096\n')
    record = system.record('4:memory:/job\n0::/\n')
    assert record['cgroups']['memory_bytes_limit'] == 4096
    assert why(record) == {}


# --- version 2 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ('texts', 'high'),
    [
        (['max\n', '4096\n', 'max\n'], 4096),
        (['8192\n', '4096\n', 'max\n'], 4096),
        (['0\n', 'max\n', '1\n'], 0),
        (['max\n', 'max\n', 'max\n'], None),
    ],
)
def test_memory_above_which_the_code_is_slowed_down(system, texts, high):
    """The smallest `memory.high` up to the root counts, if there is one."""
    unified(system)
    for folder, text in zip(('/a/b', '/a', ''), texts, strict=True):
        system.at(f'sys/fs/cgroup{folder}/memory.high', text)
    assert system.record('0::/a/b\n')['cgroups'].get('memory_high_bytes') == high


@pytest.mark.parametrize(
    ('own', 'root'),
    [
        ('/', '/..'),  # the mount is from outside of our namespace
        ('/../other', '/'),  # we were moved out of it
        ('/docker/10', '/docker/1'),
        ('/../../a', '/..'),
        ('/gone', '/'),
    ],
)
def test_a_group_that_cannot_be_seen(system, own, root):
    """The record says that the limit is unknown: null would mean no limit."""
    unified(system, root)
    system.at('sys/fs/cgroup/memory.max', '4096\n')
    record = system.record(f'0::{own}\n')
    assert record['cgroups'] == {}
    assert why(record) == {'cgroups': f'the control group {own} is not visible from here'}


@pytest.mark.parametrize(('own', 'root'), [('/../job', '/..'), ('/a/job', '/a')])
def test_a_group_that_is_seen_through_namespaces(system, own, root):
    """The part below the mount's root leads to the group."""
    unified(system, root)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    assert system.record(f'0::{own}\n')['cgroups']['memory_bytes_limit'] == 4096


def test_a_sandbox_without_control_groups(system):
    """The process has groups, but none of their files is visible."""
    system.at('mountinfo', '22 1 254:0 / / rw - ext4 /dev/vda rw\n')
    record = system.record('0::/job\n3:cpu:/job\n4:memory:/job\n')
    assert record['cgroups'] == {}
    assert list(why(record)) == ['cgroups']


def test_any_bytes_may_be_a_name(system):
    """Groups are folders: not all of their names are text."""
    name = os.fsdecode(b'caf\xe9:1 ..x')
    unified(system)
    system.at(f'sys/fs/cgroup/{name}/memory.max', '4096\n')
    assert system.record(f'0::/{name}\n')['cgroups']['memory_bytes_limit'] == 4096


# --- bad input -----------------------------------------------------------------------

BIG = str(2**63)


@pytest.mark.parametrize(
    ('file', 'text'),
    [
        ('cpu.max', '-5 100000\n'),
        ('cpu.max', '1e5 100000\n'),
        ('cpu.max', f'{"9" * 400} 100000\n'),
        ('cpu.max', '100000 0\n'),
        ('memory.max', '-1\n'),
        ('memory.max', '4096 kB\n'),
        ('memory.max', '1_000\n'),
        ('memory.max', '٣\n'),
        ('memory.max', '9' * 10000),
        ('memory.max', ''),
    ],
)
def test_limits_that_make_no_sense(system, file, text):
    """Malformed limits are left out, with the reason."""
    unified(system)
    system.at(f'sys/fs/cgroup/job/{file}', text)
    record = system.record('0::/job\n')
    assert record['cgroups'] == {}
    assert len(why(record)['cgroups']) < 300


@pytest.mark.parametrize('text', ['much', '-1', '4 kB'])
def test_a_bad_value_costs_no_other(system, text):
    """Other values beside a bad one are kept."""
    unified(system)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    system.at('sys/fs/cgroup/job/memory.high', text)
    system.at('sys/fs/cgroup/job/cpuset.cpus.effective', '3-1')
    record = system.record('0::/job\n')
    assert record['cgroups'] == {
        'cpu_cores_limit': None,
        'memory_bytes_limit': 4096,
        'version': 2,
    }
    assert sorted(why(record)) == ['cgroups.cpuset', 'cgroups.memory_high_bytes']


@pytest.mark.parametrize('number', [BIG, str(2**64 - 1)])
def test_numbers_near_the_largest_are_no_limit(system, number):
    """Numbers near the largest mean "unlimited"."""
    unified(system)
    system.at('sys/fs/cgroup/job/memory.max', number)
    system.at('sys/fs/cgroup/job/memory.high', number)
    record = system.record('0::/job\n')
    assert record['cgroups']['memory_bytes_limit'] is None
    assert 'memory_high_bytes' not in record['cgroups']


def test_a_file_that_cannot_be_read(system):
    """A folder in a file's place is skipped; without others nothing is known."""
    unified(system)
    for name in ('cpu.max', 'memory.max'):
        system.folder.joinpath(f'sys/fs/cgroup/job/{name}').mkdir(parents=True)
    system.at('sys/fs/cgroup/memory.max', '4096\n')
    record = system.record('0::/job\n')
    assert record['cgroups'] == {'memory_bytes_limit': 4096, 'version': 2}
    fields = ['cgroups.cpu_cores_limit', 'cgroups.memory_bytes_limit']
    assert sorted(why(record)) == fields


@pytest.mark.parametrize('text', ['nonsense\n', '0:\n', '0::relative\n', '', '1:cpu\n' * 9])
def test_groups_that_make_no_sense(system, text):
    """Malformed groups give no value, and a reason."""
    unified(system)
    record = system.record(text)
    assert record['cgroups'] == {}
    assert list(why(record)) == ['cgroups']


def test_very_many_groups(system):
    """Named hierarchies of other programs do not matter."""
    unified(system)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    others = ''.join(f'{n}:name=x{n}:/\n' for n in range(20000))
    limits = system.record(f'{others}0::/job\n')['cgroups']
    assert limits['memory_bytes_limit'] == 4096


@pytest.mark.parametrize('text', ['', 'nonsense\n', '1 2 - x\n', '1 2 3 - cgroup2 x y\n'])
def test_mounts_that_make_no_sense(system, text):
    """With malformed mounts the usual places count."""
    unified(system)
    system.at('mountinfo', text)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    assert system.record('0::/job\n')['cgroups']['memory_bytes_limit'] == 4096


def test_a_file_without_end(monkeypatch):
    """An endless file is not read to its end."""
    monkeypatch.setattr(machine, 'LONGEST', 1000)
    with pytest.raises(OSError, match='more than 1000 bytes'):
        machine.text_of('/dev/zero')


def test_a_pipe_is_not_waited_for(tmp_path):
    """A pipe may have no writer, or one that writes nothing."""
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    assert machine.text_of(str(pipe)) == ''
    with pipe.open('rb+', buffering=0), pytest.raises(BlockingIOError):
        machine.text_of(str(pipe))


# --- threads -------------------------------------------------------------------------


def in_a_thread(ask, *args):
    """Return what a call returns in another thread."""
    found = []
    thread = threading.Thread(target=lambda: found.append(ask(*args)))
    thread.start()
    thread.join()
    return only(found)


def test_the_group_of_a_thread(system):
    """A thread's own group limits CPUs, the process's group memory."""
    for name in ('cpu', 'memory'):
        system.mount(name, 'cgroup', name)
    for group, quota, limit in (('process', 300000, 3 << 20), ('thread', 50000, 1 << 20)):
        system.at(f'sys/fs/cgroup/cpu/{group}/cpu.cfs_quota_us', f'{quota}\n')
        system.at(f'sys/fs/cgroup/cpu/{group}/cpu.cfs_period_us', '100000\n')
        system.at(f'sys/fs/cgroup/memory/{group}/memory.limit_in_bytes', f'{limit}\n')
    own = '2:cpu:/process\n1:memory:/process\n'
    without = in_a_thread(system.record, own)['cgroups']  # before Linux 3.17
    system.at('thread', '2:cpu:/thread\n1:memory:/thread\n')
    main = system.record(own)['cgroups']
    other = in_a_thread(system.record, own)['cgroups']
    assert without == main
    assert [found['cpu_cores_limit'] for found in (main, other)] == [3.0, 0.5]
    assert [found['memory_bytes_limit'] for found in (main, other)] == [3 << 20, 3 << 20]


def test_the_group_of_a_thread_of_version_2(system):
    """A threaded group is below the one to which memory is charged."""
    unified(system)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    system.at('sys/fs/cgroup/job/worker/cpu.max', '50000 100000\n')
    system.at('thread', '0::/job/worker\n')
    found = in_a_thread(system.record, '0::/job\n')['cgroups']
    assert (found['cpu_cores_limit'], found['memory_bytes_limit']) == (0.5, 4096)


# --- mounts and paths ----------------------------------------------------------------


@pytest.mark.parametrize(
    ('path', 'root', 'inside'),
    [
        ('/', '/', ''),
        ('/a', '/', '/a'),
        ('/a', '/a', ''),
        ('/a/b', '/a', '/b'),
        ('/ab', '/a', None),
        ('/', '/a', None),
        ('/..x/b', '/', '/..x/b'),
        ('/../a', '/', None),
        ('/../a', '/..', '/a'),
        ('/../..', '/..', None),
    ],
)
def test_the_way_from_the_root_of_a_mount(path, root, inside):
    """The way is None if none leads down."""
    assert below(path, root) == inside


def test_names_with_colons():
    """Only the first two colons separate."""
    assert groups_in('0::/a:b/c\n') == {'': ('/a:b/c', '')}


def test_lines_of_mounts():
    """Lines may have no or many optional fields; escapes are octal."""
    text = (
        '31 23 0:28 / /sys rw - sysfs sysfs rw\n'
        '32 31 0:29 /a\\040b /sys/fs/cgroup/cpu rw shared:1 master:2 - cgroup c rw,cpu\n'
        '33 31 0:30 / /x\\134x2d rw - cgroup2 none rw\n'
    )
    assert list(mounts_in(text)) == [
        (frozenset({'rw', 'cpu'}), '/a b', '/sys/fs/cgroup/cpu'),
        (frozenset({''}), '/', '/x\\x2d'),
    ]


def test_mounts_are_read_once_for_each_namespace(system):
    """Mounts are read again after a process has entered another namespace."""
    unified(system)
    system.at('sys/fs/cgroup/job/memory.max', '4096\n')
    system.record('0::/job\n')
    system.at('mountinfo', '22 1 254:0 / / rw - ext4 /dev/vda rw\n')
    assert groups.mounts()
    groups._seen = (['another'], groups._seen[1])
    assert groups.mounts() == []


# --- real ones -----------------------------------------------------------------------

REPORT = """
import json
from microbench import MBCgroupLimits, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBCgroupLimits), {})()
bench(lambda: None)()
record = bench.get_results()[0]
print(json.dumps([record['cgroups'], record.get('host', {}).get('unavailable', {})]))
"""


@pytest.fixture
def group():
    """Make a real memory group with a limit; skip where none can be made."""
    unified = Path('/sys/fs/cgroup/cgroup.controllers').exists()
    lines = Path('/proc/self/cgroup').read_text().splitlines()
    paths = dict(line.split(':', 2)[1:] for line in lines)
    top = Path('/sys/fs/cgroup' if unified else '/sys/fs/cgroup/memory')
    path = paths['' if unified else 'memory']
    made = Path(f'{top}{path}', f'microbench-{uuid4().hex}')
    limit = made / ('memory.max' if unified else 'memory.limit_in_bytes')
    with ExitStack() as stack:
        try:
            made.mkdir()
            stack.callback(made.rmdir)
            limit.write_text(str(64 << 20))
        except OSError as error:
            pytest.skip(f'no control group can be made here: {error}')
        yield made, ['cgroup2'] if unified else ['cgroup', '-o', 'memory']


def reported(group, script):
    """Return what a process reports in a new namespace of a group."""
    folder, kind = group
    enter = f'echo $$ > {folder}/cgroup.procs && exec unshare -C -m sh -c "$0" "$@"'
    words = [script, sys.executable, REPORT, '-t', *kind]
    done = subprocess.run(
        ['sh', '-c', enter, *words],
        env={**os.environ, 'PYTHONPATH': str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
@pytest.mark.skipif(SANITIZED, reason='a sanitizer needs more memory')
def test_a_real_namespace_with_the_mounts_of_the_host(group):
    """The namespace calls our group the root; the mounted root is another group."""
    limits, missing = reported(group, 'exec "$0" -c "$1"')
    assert limits == {}
    assert missing == {'cgroups': 'the control group / is not visible from here'}


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
@pytest.mark.skipif(SANITIZED, reason='a sanitizer needs more memory')
def test_a_real_namespace_with_mounts_of_its_own(group, tmp_path):
    """In a container the limit of the group is at the root."""
    script = f'p=$0; r=$1; shift; mount none {tmp_path} "$@" && exec "$p" -c "$r"'
    limits, _ = reported(group, script)
    assert limits.get('memory_bytes_limit') == 64 << 20


THREAD = """
import json, sys, threading
from microbench import MBCgroupLimits, MicroBenchBase
bench = type('Bench', (MicroBenchBase, MBCgroupLimits), {})()
def move():
    with open(sys.argv[1], 'w') as tasks:
        tasks.write(str(threading.get_native_id()))
    bench(lambda: None)()
thread = threading.Thread(target=move)
thread.start()
thread.join()
bench(lambda: None)()
print(json.dumps([record['cgroups'] for record in bench.get_results()]))
"""


@pytest.fixture
def cpu_group():
    """Make a real group of version 1 with half a core; skip where none can be made."""
    lines = Path('/proc/self/cgroup').read_text().splitlines()
    path = dict(line.split(':', 2)[1:] for line in lines).get('cpu', '')
    made = Path(f'/sys/fs/cgroup/cpu{path}', f'microbench-{uuid4().hex}')
    with ExitStack() as stack:
        try:
            made.mkdir()
            stack.callback(made.rmdir)
            period = int(made.joinpath('cpu.cfs_period_us').read_text())
            made.joinpath('cpu.cfs_quota_us').write_text(str(period // 2))
        except OSError as error:
            pytest.skip(f'no control group can be made here: {error}')
        yield made


@pytest.mark.hardware  # groups may be read-only here; files stand in for them above
def test_a_real_thread_in_a_group_of_its_own(cpu_group):
    """Only the record of that thread has the limit."""
    of_thread, of_process = json.loads(printed(THREAD, str(cpu_group / 'tasks')))
    assert of_thread['cpu_cores_limit'] == 0.5
    assert of_process['cpu_cores_limit'] != 0.5
