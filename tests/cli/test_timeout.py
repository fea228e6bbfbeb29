"""Time-outs: which processes end, what is recorded, and races at the limit."""

import os
import resource
import signal
import subprocess
import sys
import threading
from time import monotonic

import pytest

from microbench.__main__ import main
from microbench.cli.run.child import Child
from microbench.cli.run.timeout import TimeOut, others_of
from tests.cli.conftest import (
    OUT,
    ManualTimers,
    in_time,
    is_gone,
    status_of,
    timed_out,
    wait_until,
)


def test_each_iteration_has_its_own_limit(start, tmp_path):
    """The next iteration still runs; the record says which took too long."""
    script = 'echo >> ran; [ $(wc -l < ran) = 2 ] || exit 0; exec cat'

    def attempt(seconds):
        words = (f'--timeout={seconds}', '-n', '3', '--', 'sh', '-c', script)
        outcome = start(*OUT, *words).wait()
        first, _, last = outcome.call['durations']
        if max(first, last) < seconds:
            return outcome, seconds
        for name in ('ran', 'out.jsonl'):
            (tmp_path / name).unlink()
        return None

    outcome, seconds = in_time(attempt)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (143, '', '')
    [record] = outcome.records
    assert record['call']['timed_out'] is True
    assert record['call']['timed_out_iterations'] == [False, True, False]
    assert record['call']['returncode'] == [0, -signal.SIGTERM, 0]
    assert record['call']['durations'][1] >= seconds
    assert 'exit_signal' not in record


CLEANS_UP = 'trap "echo clean; exit 9" TERM; echo ready; kill -STOP $$; read x; read x'


@pytest.mark.parametrize('script', [CLEANS_UP, f"sh -c '{CLEANS_UP}'; exit $?"])
def test_a_stopped_program_can_clean_up(start, script):
    """A stopped program is continued, and so are the processes that it started."""
    command, _ = timed_out(start, script, '--timeout-grace-period=60', lines=1)
    outcome = command.wait()
    assert (outcome.stdout, outcome.stderr) == ('clean\n', '')
    assert outcome.status in (9, 143)  # of the inner shell, or of the outer one
    assert outcome.call['timed_out'] is True


def test_without_a_time_out_nothing_is_said(start):
    """Without a time-out the record has neither flag."""
    outcome = start(*OUT, '--timeout=600', '--', 'true').wait()
    assert (outcome.status, outcome.stderr) == (0, '')
    assert not {'timed_out', 'timed_out_iterations'} & set(outcome.call)


def test_who_ignores_it_is_killed_after_the_grace_period(start):
    """A group that ignores SIGTERM is killed as a whole."""
    script = 'trap "" TERM; sh -c "echo \\$\\$; cat"; cat'
    command, [grandchild] = timed_out(start, script, '--timeout-grace-period=0.2', lines=1)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (137, '')
    [record] = outcome.records
    assert record['call']['returncode'] == [-signal.SIGKILL]
    assert record['call']['durations'][0] >= 0.4
    wait_until(lambda: is_gone(int(grandchild)))


def test_a_grandchild_that_holds_the_pipe_ends_as_well(start):
    """Captured output is not waited for, and no process stays behind."""
    script = 'exec 3<&0; cat <&3 & echo $!; wait; wait'
    command, [grandchild] = timed_out(start, script, '--stdout', lines=1)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (143, '')
    assert outcome.call['stdout'] == [f'{grandchild}\n']
    wait_until(lambda: is_gone(int(grandchild)))


CLEANS = 'trap "echo clean; exit" TERM; echo started; while :; do read x; done'
STAYS = 'trap "" TERM; echo $$; exec cat'


@pytest.mark.parametrize(('script', 'grace'), [(CLEANS, 60), (STAYS, 0.2)])
def test_a_grandchild_that_outlives_the_child_has_its_grace_period(start, script, grace):
    """The shell dies at once; its program cleans up, or is killed in the end."""
    script = f"exec 3<&0; sh -c '{script}' <&3 & wait"
    options = f'--timeout-grace-period={grace}'
    command, [said] = timed_out(start, script, options, lines=1)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (143, '')
    assert outcome.call['returncode'] == [-signal.SIGTERM]
    if said == 'started':
        assert outcome.stdout == 'clean\n'
    else:
        wait_until(lambda: is_gone(int(said)))


def test_an_orphan_of_the_group_ends_as_well(start):
    """An orphan whose parent ended long ago is found by its group."""
    script = 'exec 3<&0; sh -c "cat <&3 & echo \\$!"; exec cat'
    command, [orphan] = timed_out(start, script, lines=1)
    assert command.wait().status == 143
    wait_until(lambda: is_gone(int(orphan)))


def test_no_limit_is_too_long(start):
    """Even the longest limit that can be typed works."""
    outcome = start(*OUT, '--timeout=1e9', '--', 'true').wait()
    assert (outcome.status, outcome.stderr) == (0, '')


# --- the moment of the end ------------------------------------------------------------


def test_a_child_that_has_just_ended_is_not_timed_out():
    """An unnoticed zombie gets no signal and no flag."""
    timers = ManualTimers()
    time_out = TimeOut(timers, 60.0, 5.0)

    class InThatMoment:
        def started(self, child):
            wait_until(lambda: child.has_ended)
            [(_, terminate)] = timers.pending
            terminate()

        def ended(self, child):
            pass

    child = Child(['true'], [time_out, InThatMoment()])
    child.run()
    assert (child.returncode, child.timed_out, timers.pending) == (0, False, [])


def test_a_child_that_is_over_is_not_signalled():
    """A time-out that races with the child's collection sends no signal."""
    timers = ManualTimers()
    time_out = TimeOut(timers, 60.0, 5.0)
    child = Child(['true'])
    child.run()
    time_out.started(child)
    [(_, terminate)] = timers.pending
    terminate()
    time_out._kill(child)
    assert (child.returncode, child.timed_out) == (0, False)


def test_any_ending_within_the_time_out_is_harmless(start):
    """Programs that take about their limit have a status and a flag each."""
    command = start(*OUT, '--timeout=0.02', '-n', '60', '--', 'sleep', '0.0185')
    outcome = command.wait()
    assert outcome.status in (0, 143)
    assert outcome.stderr == ''
    call = outcome.call
    assert len(call['durations']) == len(call['returncode']) == 60
    flags = call.get('timed_out_iterations', [False] * 60)
    for code, flag in zip(call['returncode'], flags, strict=True):
        assert code == 0 or (code == -signal.SIGTERM and flag)


# --- stubbed processes ----------------------------------------------------------------


class FakeProcess:
    """A process that ends at the n-th request to do so."""

    returncode = None

    def __init__(self, pid, stubborn):
        self.pid = pid
        self.calls = []
        self.stubborn = stubborn
        self.over = threading.Event()

    def terminate(self):
        self.calls.append('terminate')
        if not self.stubborn:
            self.over.set()

    def kill(self):
        self.calls.append('kill')
        self.over.set()


@pytest.fixture
def fake(monkeypatch):
    """Stub process creation; wait4 blocks until the process is over."""

    def install(pid, stubborn=False):
        process = FakeProcess(pid, stubborn)

        def wait4(number, options):
            assert (number, options) == (pid, 0)
            assert process.over.wait(60)
            usage = resource.struct_rusage([0.0] * 16)
            return number, signal.SIGKILL if stubborn else signal.SIGTERM, usage

        monkeypatch.setattr(subprocess, 'Popen', lambda command, **options: process)
        monkeypatch.setattr(os, 'wait4', wait4)
        return process

    return install


@pytest.mark.parametrize(
    ('stubborn', 'grace', 'calls', 'code'),
    [(False, 60, ['terminate'], -15), (True, 0.05, ['terminate', 'kill'], -9)],
)
def test_each_request_is_made_once(fake, capsys, stubborn, grace, calls, code):
    """The process object gets terminate, and kill only when it is needed."""
    process = fake(2**22 + 12345, stubborn)
    words = ['--timeout=0.05', f'--timeout-grace-period={grace}', 'simulate']
    assert (status_of(main, words), process.calls) == (code, calls)
    assert '"timed_out_iterations":[true]' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('script', 'grace', 'calls', 'code'),
    [
        (': >ready; exec sleep 600', 60, ['terminate'], -15),
        ("trap '' TERM; : >ready; sleep 600; :", 0.2, ['terminate', 'kill'], -9),
    ],
)
def test_real_processes_are_asked_in_the_same_way(
    monkeypatch, capsys, tmp_path, script, grace, calls, code
):
    """Spies on Popen's methods see each request once, also for a group."""
    monkeypatch.chdir(tmp_path)
    made = []

    def spy(name):
        real = getattr(subprocess.Popen, name)
        monkeypatch.setattr(
            subprocess.Popen, name, lambda self: (made.append(name), real(self))
        )

    spy('terminate')
    spy('kill')

    def attempt(seconds):
        made.clear()
        words = [f'--timeout={seconds}', f'--timeout-grace-period={grace}']
        code = status_of(main, [*words, '--', 'sh', '-c', script])
        return code if (tmp_path / 'ready').exists() else None

    assert (in_time(attempt), made) == (code, calls)


def test_a_child_that_leads_no_group_is_no_group(fake, capsys):
    """A stub may have the number of a real child."""
    with subprocess.Popen(['sleep', '60']) as real:
        process = fake(real.pid)
        process.terminate = lambda: (real.terminate(), process.over.set())
        words = ['--timeout=0.05', '--timeout-grace-period=60', 'simulate']
        assert (status_of(main, words), process.calls) == (-15, [])


def test_an_invented_number_is_never_signalled(fake, capsys):
    """An invented number may be that of another group leader with children."""
    script = 'exec 3<&0; cat <&3 & echo $!; wait'
    with subprocess.Popen(
        ['sh', '-c', f"exec 3<&0; setsid sh -c '{script}' <&3 & echo $!; wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stranger:
        numbers = [int(stranger.stdout.readline()) for _ in range(2)]
        fake(numbers[0], stubborn=True)
        with pytest.raises(SystemExit):
            main(['--timeout=0.05', '--timeout-grace-period=0.05', 'simulate'])
        alive = [not is_gone(number) for number in numbers]
        stranger.stdin.close()
    assert alive == [True, True]


def test_without_psutil_there_are_no_others(monkeypatch):
    """Without psutil the group still ends."""
    monkeypatch.setitem(sys.modules, 'psutil', None)
    assert others_of(Child(['true'])) == []
    began = monotonic()
    timers = ManualTimers()
    time_out = TimeOut(timers, 60.0, 600.0)
    time_out.makes_groups = True

    class AtOnce:
        def started(self, child):
            [(_, terminate)] = timers.pending
            terminate()

        def ended(self, child):
            pass

    child = Child(['sh', '-c', 'sleep 600 & wait'], [time_out, AtOnce()], own_group=True)
    child.run()
    assert (child.returncode, child.timed_out) == (-signal.SIGTERM, True)
    assert monotonic() - began < 600
