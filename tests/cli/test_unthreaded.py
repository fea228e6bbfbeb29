"""The command where the system cannot start a thread."""

import os
import signal
import subprocess
import sys

import pytest

from microbench import _core
from microbench.cli.run import unthreaded
from microbench.cli.run.timers import TimerThread
from tests.cli.conftest import OUT, Started, in_time, timed_out, wait_until

# No thread beside the timer thread, which is the first one.
NO_READER = """
from microbench import _core
start_thread = _core.start_thread
def one(function):
    if failures != [1, 1]:
        raise RuntimeError("can't start new thread")
    return start_thread(function)
_core.start_thread = one
"""
# What clone(2) returns to a user who has as many processes as RLIMIT_NPROC or pids.max
# allow, and which root never gets to see.
NO_THREAD = """
from microbench import _core
def none(function):
    raise RuntimeError("can't start new thread")
_core.start_thread = none
"""
NO_PIDFD = 'import os\nvars(os).pop("pidfd_open", None)\n'
WAYS = {'pidfd': NO_THREAD, 'looking': NO_THREAD + NO_PIDFD}


@pytest.fixture(params=WAYS)
def start(request, tmp_path, environment, monkeypatch):
    """Start the command without threads, with and without pidfd_open(2)."""
    monkeypatch.setattr(Started, 'PROGRAM', WAYS[request.param] + Started.PROGRAM)
    started = []

    def begin(*words):
        started.append(Started(tmp_path, environment, words))
        return started[-1]

    yield begin
    for command in started:
        command.close()


def test_it_runs_all_the_same(start):
    """The record is complete, and nothing is printed."""
    outcome = start(*OUT, '-w', '1', '-n', '3', '--', 'sh', '-c', 'echo a; exit 3').wait()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (3, 'a\n' * 4, '')
    assert outcome.call['returncode'] == [3] * 3
    assert len(outcome.record['resource_usage']) == 3


def test_output_is_captured(start):
    """Both streams at once may have more than a pipe holds, and are passed on."""
    script = 'echo begin; read x; seq 40000; seq 40000 >&2; echo end'
    command = start(*OUT, '--stdout', '--stderr=suppress', '--', 'sh', '-c', script)
    assert command.line() == 'begin'
    outcome = command.ended()
    numbers = ''.join(f'{n}\n' for n in range(1, 40001))
    assert (outcome.status, outcome.stderr) == (0, '')
    assert outcome.stdout == numbers + 'end\n'
    call = outcome.call
    assert call['stdout'] == ['begin\n' + numbers + 'end\n']
    assert call['stderr'] == [numbers]


def test_a_process_that_keeps_the_pipe_is_not_waited_for(start):
    """No run waits for a process that keeps the pipe."""
    script = 'exec 3<&0; cat <&3 & echo run'
    command = start(*OUT, '-n', '2', '--stdout', '--', 'sh', '-c', script)
    assert [command.line(), command.line()] == ['run', 'run']
    assert command.process.wait(60) == 0
    assert command.ended().call['stdout'] == ['run\n', 'run\n']


def test_a_time_limit(start):
    """A program that is too slow gets SIGTERM, then SIGKILL."""
    script = 'trap "" TERM; echo started; read x'
    command, _ = timed_out(start, script, '--timeout-grace-period=0.2', lines=1)
    outcome = command.wait()
    assert outcome.status == 128 + signal.SIGKILL
    call = outcome.call
    assert (call['returncode'], call['timed_out']) == ([-signal.SIGKILL], True)


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGALRM'])
def test_a_signal(start, name):
    """A signal is forwarded, and ends the command."""
    number = getattr(signal, name)
    command = start(*OUT, '-n', '2', '--', 'sh', '-c', 'echo started; exec cat')
    assert command.line() == 'started'
    command.send(number)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (-number, '')
    assert outcome.record['exit_signal'] == name
    assert outcome.call['returncode'] == [-number]


def test_a_child_that_takes_long_to_end(start, tmp_path):
    """The record is written after the grace period; then the child is waited for."""
    script = 'trap "echo heard" TERM; echo started; while read x; do :; done; read x'
    options = ('--timeout=600', '--timeout-grace-period=0.2')
    command = start(*OUT, *options, '--', 'sh', '-c', script)
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    assert command.line() == 'heard'
    out = tmp_path / 'out.jsonl'
    wait_until(lambda: out.exists() and out.read_text().endswith('\n'))
    outcome = command.ended()
    assert outcome.status == -signal.SIGTERM
    assert outcome.stderr.startswith('microbench: the record is written')


def test_samples(start):
    """Samples are taken too, if the program runs long enough."""

    def attempt(seconds):
        words = ('--monitor-interval=0.05', '--', 'sleep', str(seconds))
        outcome = start(*OUT, *words).wait()
        assert (outcome.status, outcome.stderr) == (0, '')
        [*_, last] = outcome.records
        taken = last['call'].get('monitor', [[]])
        return taken if len(taken[0]) > 1 else None

    [samples] = in_time(attempt)
    assert [set(s) for s in samples] == [{'timestamp', 'cpu_percent', 'rss_bytes'}] * len(
        samples
    )


def test_a_limit_of_processes(tmp_path, ended):
    """If no child can be started, the status is 126, with one line."""
    limit = 'import resource; resource.setrlimit(resource.RLIMIT_NPROC, (0, 0));'
    if os.getuid() == 0:  # which no such limit holds for
        limit += 'os.setgid(54399); os.setuid(54399);'
    tmp_path.chmod(0o755)
    loaded = 'import os, resource, signal;'
    loaded += 'import microbench.cli.main, microbench._core;'
    program = loaded + limit + Started.PROGRAM
    done = ended(sys.executable, '-c', program, '--no-mixin', 'true', cwd='/')
    why = "cannot start 'true': Resource temporarily unavailable"
    assert (done.status, done.stderr) == (126, f'microbench: {why}\n')


# Without a timer thread there is place for the program.
ONE_PLACE = """
import os
from microbench.cli.run import spawn
begin = spawn.start
def start(*args, **options):
    if len(os.listdir('/proc/self/task')) > 1 or failures:
        failures[:1] = []
        raise BlockingIOError(11, os.strerror(11))
    return begin(*args, **options)
import microbench.cli.run.child
microbench.cli.run.child.start = start
failures = [1, 1]
"""


@pytest.mark.parametrize('options', [(), ('--stdout',)])
def test_our_thread_makes_place_for_the_program(ended, options):
    """The thread ends if the limit has room for one, even if it frees late."""
    words = (*OUT, *options, '-n', '2', '--', 'echo', 'hello')
    program = ONE_PLACE + NO_READER if options else ONE_PLACE
    done = ended(sys.executable, '-c', program + Started.PROGRAM, *words)
    assert (done.status, done.stdout, done.stderr) == (0, 'hello\n' * 2, '')
    assert done.call['returncode'] == [0, 0]


# --- the parts ------------------------------------------------------------------------


def test_no_descriptor_of_a_process_that_is_gone():
    """A process that is gone has no descriptor."""
    process = subprocess.Popen(['true'])
    process.wait()
    assert unthreaded.descriptor_of(process.pid) is None


def test_a_pause_ends_with_its_event(monkeypatch):
    """A pause ends when its event comes, also one that the pause itself causes."""

    def none(function):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_core, 'start_thread', none)
    timers, event = TimerThread(lambda number: None), _core.Gate()
    timers.start()
    assert not timers.pause(event, 0.0)
    timers.at(0.0, event.set)
    assert timers.pause(event, 60.0)
    timers.stop()
