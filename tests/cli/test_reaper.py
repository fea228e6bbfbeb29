"""The command as the init of a container: it collects orphans and forwards signals."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from microbench import _core
from microbench.cli.run.child import Child
from microbench.cli.run.reaper import Reaper, children, collect
from tests.cli.conftest import OUT, ManualTimers, Started, wait_until
from tests.fakes import printed

NAMESPACE = ('unshare', '--pid', '--fork', '--kill-child', '--mount-proc')
pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux has subreapers')

# Leaves orphans behind, and ends once they have: with 1 if they stay zombies.
LEAVES_ORPHANS = """
import os, psutil, sys, time
for _ in range(5):
    if os.fork() == 0:
        os.fork()
        os._exit(0)
    os.wait()
init = psutil.Process(os.getppid())
until = time.monotonic() + 60
while [child.pid for child in init.children()] != [os.getpid()]:
    if time.monotonic() > until:
        sys.exit(1)
    time.sleep(0.01)
"""
# PR_SET_CHILD_SUBREAPER of prctl(2), which execve(2) keeps.
SUBREAPER = 'import ctypes; assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0\n'


def test_a_subreaper_collects_orphans(start, monkeypatch):
    """A subreaper collects orphans in each run, and the program as ever."""
    monkeypatch.setattr(Started, 'PROGRAM', SUBREAPER + Started.PROGRAM)
    words = (sys.executable, '-c', LEAVES_ORPHANS)
    outcome = start(*OUT, '-n', '2', '--', *words).wait()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')
    [record] = outcome.records
    assert record['call']['returncode'] == [0, 0]
    assert len(record['resource_usage']) == 2


@pytest.fixture
def contained(start, monkeypatch):
    """Start the command as the first process of a PID namespace."""
    if shutil.which('unshare') is None:
        pytest.skip('needs unshare (util-linux)')
    done = subprocess.run([*NAMESPACE, 'true'], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f'no PID namespace can be made here: {done.stderr!r}')
    program = f'import os; assert os.getpid() == 1; {Started.PROGRAM}'
    monkeypatch.setattr(Started, 'PROGRAM', program)
    monkeypatch.setattr(Started, 'PREFIX', NAMESPACE)
    return start


def test_the_first_process_collects_orphans(contained):
    """PID 1 collects orphans, as an init does."""
    outcome = contained(*OUT, '--', sys.executable, '-c', LEAVES_ORPHANS).wait()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')
    assert outcome.call['returncode'] == [0]


@pytest.mark.parametrize('name', ['TERM', 'HUP', 'INT', 'USR1', 'ALRM'])
def test_the_first_process_passes_signals_on(contained, name):
    """PID 1 forwards signals that the kernel would drop; the status is theirs."""
    number = getattr(signal, f'SIG{name}')
    command = contained(*OUT, '--', 'sh', '-c', 'echo started; exec cat')
    assert command.line() == 'started'
    [first] = children_of(command.process.pid)
    os.kill(first, number)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (128 + number, '')
    assert outcome.record['exit_signal'] == f'SIG{name}'
    assert outcome.call['returncode'] == [-number]


def children_of(number):
    """Return the children of another process."""
    with open(f'/proc/{number}/task/{number}/children') as file:  # noqa: PTH123
        return list(map(int, file.read().split()))


# --- the parts ------------------------------------------------------------------------


def test_only_what_comes_while_the_program_runs_is_collected():
    """Earlier children and the program keep their status."""
    timers = ManualTimers()
    before = subprocess.Popen(['sh', '-c', 'exit 3'])
    late = []

    class InThatMoment:
        def started(self, child):
            late.append(os.posix_spawnp('true', ['true'], os.environ))
            for number in (before.pid, child.pid, *late):
                wait_until(lambda number=number: has_ended(number))
            timers.run_next()

        def ended(self, child):
            pass

    child = Child(['sh', '-c', 'exit 5'], [Reaper(timers), InThatMoment()])
    child.run()
    assert (before.wait(), child.returncode) == (3, 5)
    with pytest.raises(ChildProcessError):
        os.waitpid(late[0], 0)
    assert timers.pending == []


def has_ended(number):
    """Return whether a child of this process is a zombie."""
    return _core.child_end_ns(number, False) > 0


def test_a_look_that_comes_late_collects_nothing():
    """A late collection leaves alone a child that was started meanwhile."""
    timers = ManualTimers()
    reaper = Reaper(timers)
    child = Child(['true'], [reaper])
    child.run()
    with subprocess.Popen(['sh', '-c', 'exit 3']) as following:
        wait_until(lambda: has_ended(following.pid))
        reaper._look()
        assert following.wait() == 3


def test_without_a_list_of_children(monkeypatch):
    """Without CONFIG_PROC_CHILDREN nothing is collected, and nothing fails."""
    monkeypatch.setattr('microbench.cli.run.reaper.TASKS', '/no/such/folder')
    assert children() == set()


def test_one_that_is_gone():
    """A child that was collected elsewhere is no error."""
    with subprocess.Popen(['true']) as process:
        process.wait()
    collect(process.pid)


def test_who_adopts_orphans():
    """A subreaper adopts orphans, and any other process does not."""
    code = 'from microbench import _core\nprint(_core.adopts_orphans())'
    assert printed(code) == 'False\n'
    assert printed(SUBREAPER + code) == 'True\n'
