"""Signals to the command: forwarding, the record, and the command's own end."""

import os
import random
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from microbench import FileOutput, _core
from microbench.__main__ import main
from microbench.cli.run import forwarding
from microbench.cli.run.child import Child
from microbench.cli.run.forwarding import Forwarding
from microbench.cli.run.rewind import ONCE
from microbench.core.run import Run
from microbench.journal import reader as journals
from tests.cli.conftest import LISTENS, OUT, Started, records_in, wait_until

NOTICES = ['QUIT', 'USR1', 'USR2', 'XCPU', 'ALRM', 'VTALRM', 'PROF', 'IO', 'PWR']
if sys.version_info >= (3, 11):  # before, Python has no name for it
    NOTICES.append('STKFLT')
ALL = ('TERM', 'HUP', 'INT', *NOTICES)


def number_of(name):
    """Return the number of a signal's name without SIG."""
    return getattr(signal, f'SIG{name}')


@pytest.mark.parametrize('name', ALL)
def test_a_child_that_dies_of_it_ends_the_measurement(start, name):
    """The iteration's record names its signal, which also ends the command."""
    script = 'echo >> ran; [ $(wc -l < ran) = 1 ] && exit 0; echo started; exec cat'
    command = start(*OUT, '-n', '5', '--', 'sh', '-c', script)
    assert command.line() == 'started'
    command.send(number_of(name))
    outcome = command.wait()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (-number_of(name), '', '')
    record = outcome.record
    assert record['exit_signal'] == f'SIG{name}'
    assert record['call']['returncode'] == [0, -number_of(name)]
    assert len(record['call']['durations']) == len(record['resource_usage']) == 2
    assert 'exception' not in record


# Dies of a signal, which a process that it leaves behind then sends to us as well.
DIES_FIRST = """
import os, signal, sys
number, us = int(sys.argv[1]), os.getppid()
reading, writing = os.pipe()
if os.fork() == 0:
    os.close(writing)
    os.read(reading, 1)  # until the other one is dead
    os.kill(us, number)
    os._exit(0)
os.kill(os.getpid(), number)
"""


# On a busy machine the second signal is late.
PATIENT = 'from microbench.cli.run import forwarding\nforwarding.SIGNAL_DELAY = 60.0\n'


@pytest.mark.parametrize('name', ['TERM', 'HUP', 'USR1'])
def test_a_child_that_gets_it_before_we_do(start, name, monkeypatch):
    """Whichever process a scheduler signals first, the recorded cause is the same."""
    monkeypatch.setattr(Started, 'PROGRAM', PATIENT + Started.PROGRAM)
    child = [sys.executable, '-c', DIES_FIRST, str(int(number_of(name)))]
    outcome = start(*OUT, '-n', '3', '--', *child).wait()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (-number_of(name), '', '')
    record = outcome.record
    assert record['exit_signal'] == f'SIG{name}'
    assert record['call']['returncode'] == [-number_of(name)]


def test_a_shell_whose_child_gets_it_first(command):
    """A shell that ends with 128 + N before the signal arrives has the same cause."""
    child = f'{sys.executable} -c "$0" {int(signal.SIGTERM)}; exit $?'
    late = DIES_FIRST.replace('os.getppid()', 'int(os.environ["US"])')
    outcome = command(*OUT, '--', 'sh', '-c', f'US=$PPID {child}', late)
    assert outcome.status == -signal.SIGTERM
    assert outcome.record['exit_signal'] == 'SIGTERM'
    [code] = outcome.call['returncode']
    assert code in (128 + signal.SIGTERM, -signal.SIGTERM)  # we may have passed it on


def test_a_child_that_kills_itself(command):
    """A signal to the child alone ends no loop: the command ends normally."""
    outcome = command(*OUT, '-n', '2', '--', 'sh', '-c', 'kill -TERM $$')
    assert outcome.status == 143
    assert outcome.call['returncode'] == [-signal.SIGTERM] * 2
    assert 'exit_signal' not in outcome.record


@pytest.mark.parametrize('name', ['TERM', 'HUP', 'INT'])
def test_a_stopped_child_is_continued(start, name):
    """A stopped child is continued, or it could not see the signal and clean up."""
    script = f'trap "echo clean; exit 9" {name}; echo started; kill -STOP $$; read x'
    command = start(*OUT, '--', 'sh', '-c', script)
    assert command.line() == 'started'
    [child] = psutil.Process(command.process.pid).children()
    wait_until(lambda: child.status() == psutil.STATUS_STOPPED)
    command.send(number_of(name))
    assert command.line() == 'clean'
    outcome = command.wait()
    assert outcome.call['returncode'] == [9]
    assert outcome.record.get('exit_signal') == (f'SIG{name}' if name != 'INT' else None)


# Ends with the number of signals that it got until its input was closed, plus 50.
COUNTS = f"""
{LISTENS}
def handler(number, frame):
    got.append(number)
    print('got', len(got), flush=True)
got = []
signal.signal(int(sys.argv[1]), handler)
print('started', flush=True)
for piece in pieces():
    pass
sys.exit(50 + len(got))
"""


def counting(name):
    """Return the words of a child that survives a signal and counts."""
    return sys.executable, '-c', COUNTS, str(int(number_of(name)))


@pytest.mark.parametrize('name', ['TERM', 'HUP'])
def test_a_child_that_handles_it_has_its_time(start, name):
    """The child gets each signal once and is not killed; then the command ends."""
    command = start(*OUT, '-n', '3', '--', *counting(name))
    assert command.line() == 'started'
    command.send(number_of(name))
    assert command.line() == 'got 1'
    command.send(number_of(name))
    assert command.line() == 'got 2'
    outcome = command.ended()
    assert (outcome.status, outcome.stderr) == (-number_of(name), '')
    record = outcome.record
    assert record['exit_signal'] == f'SIG{name}'
    assert record['call']['returncode'] == [52]


@pytest.mark.parametrize('name', [*NOTICES, 'RTMIN', 'RTMAX'])
def test_a_notice_that_the_child_survives_ends_nothing(start, name):
    """After a signal that the child survives, the loop and its status go on."""
    command = start(*OUT, '-n', '2', '--', *counting(name))
    assert command.line() == 'started'
    command.send(number_of(name))
    assert command.line() == 'got 1'
    outcome = command.ended()
    # The first run has read the input of both to its end, which is said.
    assert (outcome.status, outcome.stdout) == (51, 'started\n')
    assert outcome.stderr == f'{ONCE}\n'
    record = outcome.record
    assert record['call']['returncode'] == [51, 50]
    assert 'exit_signal' not in record


@pytest.mark.parametrize(('iterations', 'status'), [('1', 51), ('2', -signal.SIGINT)])
def test_an_interrupt_that_the_child_handles(start, iterations, status):
    """The command ends by SIGINT only if the child's end leaves iterations out."""
    command = start(*OUT, '-n', iterations, '--', *counting('INT'))
    assert command.line() == 'started'
    command.send(signal.SIGINT)
    assert command.line() == 'got 1'
    outcome = command.ended()
    assert (outcome.status, outcome.stdout, outcome.stderr) == (status, '', '')
    record = outcome.record
    assert record['call']['returncode'] == [51]
    assert record.get('exit_signal') == ('SIGINT' if status < 0 else None)


def test_many_programs_end_with_130_after_ctrl_c(start):
    """Exit status 130 means the same as dying of SIGINT."""
    script = 'trap "exit 130" INT; echo started; read line'
    command = start(*OUT, '--', 'sh', '-c', script)
    assert command.line() == 'started'
    command.send(signal.SIGINT)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (-signal.SIGINT, '')
    assert outcome.record['exit_signal'] == 'SIGINT'


def test_two_signals_ten_milliseconds_apart(start):
    """A second signal, as srun sends one, does not cut the first one short."""
    command = start(*OUT, '--', 'sh', '-c', 'echo started; exec cat')
    assert command.line() == 'started'
    second = threading.Timer(0.01, command.send, [signal.SIGTERM])
    second.start()
    command.send(signal.SIGTERM)
    outcome = command.wait()
    second.join()
    assert (outcome.status, outcome.stderr) == (-signal.SIGTERM, '')
    assert outcome.call['returncode'] == [-signal.SIGTERM]


# In a batch job of SLURM the signal that has the command look up means two things.
@pytest.mark.parametrize('env', [{}, {'SLURM_JOB_ID': '42'}], ids=['alone', 'a job'])
def test_the_record_does_not_wait_for_a_child_that_takes_long(start, env):
    """The record is written after the grace period; the child goes on."""
    command = start(
        *(*OUT, '--timeout=600', '--timeout-grace-period=0.1', '--', *counting('TERM')),
        more_env=env,
    )
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    assert command.line() == 'got 1'  # a second one before that would be lost
    wait_until(command.out.exists)
    command.send(signal.SIGTERM)  # it is still there, and still gets signals
    assert command.line() == 'got 2'
    outcome = command.ended()
    assert outcome.status == -signal.SIGTERM
    assert outcome.stderr == (
        'microbench: the record is written; the command has not ended yet\n'
    )
    record = outcome.record
    assert record['exit_signal'] == 'SIGTERM'
    assert record['call']['returncode'] == []
    assert len(record['call']['durations']) == 1


def header_of(command):
    """Return the journal header of a running command; None: there is no journal yet."""
    found = [Path(path).read_bytes() for path in journals.paths_for(str(command.out))]
    return _core.journal_header(found[0]) if found and any(found[0][:8]) else None


def test_it_notes_that_it_is_alive_while_it_waits(start):
    """The journal is stamped again and again, with the running iteration."""
    command = start(*OUT, '-n', '2', '--', 'sh', '-c', 'echo started; read line')
    assert command.line() == 'started'
    command.process.stdin.write('\n')
    command.process.stdin.flush()
    assert command.line() == 'started'
    before = header_of(command)['last_ns']
    wait_until(lambda: header_of(command)['last_ns'] > before)
    command.process.kill()
    command.process.wait()
    [record] = FileOutput(command.out).get_results()
    first, second = record['call']['durations']
    assert first > 0
    assert second > 0


def test_what_it_has_printed_is_in_that_record(start):
    """The record has the captured output so far; later output is passed on."""
    command = start(
        *OUT,
        '--stdout',
        '--timeout=600',
        '--timeout-grace-period=0.1',
        '--',
        *counting('TERM'),
    )
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    assert command.line() == 'got 1'
    wait_until(command.out.exists)
    command.send(signal.SIGTERM)
    assert command.line() == 'got 2'
    outcome = command.ended()
    assert outcome.status == -signal.SIGTERM
    [text] = outcome.call['stdout']
    assert text in ('started\n', 'started\ngot 1\n')  # if it was in time


def test_a_group_that_we_made_gets_it_whole(start):
    """With a time limit and no terminal, a script's programs get the signal too."""
    script = f'exec 3<&0; {sys.executable} -c "$0" 15 <&3 & wait'
    command = start(*OUT, '--timeout=600', '--', 'sh', '-c', script, COUNTS)
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    assert command.line() == 'got 1'
    outcome = command.ended()
    assert outcome.status == -signal.SIGTERM
    assert outcome.call['returncode'] == [-signal.SIGTERM]


def test_what_was_ignored_stays_ignored(start):
    """An ignored signal, as under nohup, reaches neither microbench nor the child."""

    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    script = 'echo started; read line; exit 3'
    command = start(*OUT, '--', 'sh', '-c', script, preexec_fn=ignore)
    assert command.line() == 'started'
    command.send(signal.SIGHUP)
    outcome = command.ended()
    assert (outcome.status, outcome.stderr) == (3, '')
    assert 'exit_signal' not in outcome.record


def test_while_warming_up(start):
    """A signal during warm-up leaves no durations, and the record says why."""
    command = start(*OUT, '-w', '2', '--', 'sh', '-c', 'echo started; exec cat')
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (-signal.SIGTERM, '')
    record = outcome.record
    assert record['exit_signal'] == 'SIGTERM'
    assert record['call']['durations'] == record['call']['returncode'] == []


def test_switched_off(start):
    """Switched off, signals and status are the program's, and nothing is recorded."""
    off = {'MICROBENCH': 'off'}
    command = start(*OUT, '--', 'sh', '-c', 'echo started; exec cat', more_env=off)
    assert command.line() == 'started'
    command.send(signal.SIGTERM)
    outcome = command.ended()
    assert (outcome.status, outcome.stderr, outcome.records) == (-signal.SIGTERM, '', [])


@pytest.mark.parametrize('seed', range(8))
def test_at_any_moment(start, seed):
    """A signal between two short iterations also ends with a complete record."""
    chance = random.Random(seed)
    script = 'echo >> ran'
    command = start(*OUT, '-n', '100000', '--', 'sh', '-c', script)
    ran = command.out.with_name('ran')
    lines = chance.randrange(1, 30)
    wait_until(lambda: ran.exists() and ran.read_text().count('\n') >= lines)
    command.send(signal.SIGTERM)
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (-signal.SIGTERM, '')
    call = outcome.call
    assert set(call['returncode'][:-1]) <= {0}
    assert len(call['durations']) == len(call['returncode']) >= lines - 1


# --- called from Python ---------------------------------------------------------------


def test_main_gives_the_signals_back(capsys):
    """Handlers and the descriptor for wake-ups are what they were."""

    def state():
        return [signal.getsignal(number_of(name)) for name in (*ALL, 'URG')]

    before = state()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    mine = signal.set_wakeup_fd(writer)
    try:
        with pytest.raises(SystemExit):
            main(['true'])
    finally:
        assert signal.set_wakeup_fd(mine) == writer
        os.close(reader)
        os.close(writer)
    assert state() == before
    assert capsys.readouterr().err == ''


def test_main_may_run_in_another_thread(capsys):
    """Only the main thread can have handlers: the others leave signals alone."""
    codes = []

    def run():
        try:
            main(['sh', '-c', 'exit 3'])
        except SystemExit as ended:
            codes.append(ended.code)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert codes == [3]
    assert capsys.readouterr().err == ''


def test_a_handler_of_the_caller_is_left_alone(capsys):
    """A handler that the caller has installed stays in place."""
    got = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: got.append(number))
    try:
        with pytest.raises(SystemExit) as ended:
            main(['sh', '-c', f'kill -USR1 {os.getpid()}'])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (ended.value.code, got) == (0, [signal.SIGUSR1])


@pytest.mark.parametrize(('swallows', 'heard'), [(0, 0), (1, 1), (float('inf'), 5)])
def test_ctrl_c_is_for_the_process_that_runs(swallows, heard):
    """Ctrl-C is for the child while it runs, else for the command."""
    forwarding = Forwarding(grace=5.0)
    forwarding.swallows = swallows
    for _ in range(heard):
        forwarding._handle(signal.SIGINT, None)
    assert forwarding.ending == (signal.SIGINT if heard else None)
    if heard < 5:
        with pytest.raises(KeyboardInterrupt):
            forwarding._handle(signal.SIGINT, None)


def test_the_first_process_of_a_container_ends_with_128_plus_n(ended):
    """The kernel kills no PID 1 by a signal, so the status is 128 + N."""
    program = 'import microbench.__main__ as m; m.end_by = lambda number: None; m.console()'
    script = 'kill -TERM $PPID; exec sleep 60'
    done = ended(sys.executable, '-c', program, 'sh', '-c', script)
    assert (done.status, done.stderr) == (128 + signal.SIGTERM, '')


# --- stopped and continued ------------------------------------------------------------


# A session with a group of its own for the command, as of a shell with job control: a
# group is not stopped when no process outside could continue it.
WITH_JOB_CONTROL = """
import os, signal, subprocess, sys
job = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: os.setpgid(0, 0))
print(job.pid, flush=True)
_, status = os.waitpid(job.pid, os.WUNTRACED)
while os.WIFSTOPPED(status):
    print(signal.Signals(os.WSTOPSIG(status)).name, flush=True)
    _, status = os.waitpid(job.pid, os.WUNTRACED)
os._exit(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def job(start, monkeypatch):
    """Start the command as a job of a shell; return it and its process."""

    def begin(*words):
        monkeypatch.setattr(Started, 'PREFIX', (sys.executable, '-c', WITH_JOB_CONTROL))
        command = start(*OUT, *words)
        return command, psutil.Process(int(command.line()))

    return begin


@pytest.mark.parametrize('options', [(), ('--timeout=600',)])
def test_a_stop_that_only_we_get(job, options):
    """A stop of the command alone, as by LSF, stops and continues the program too."""
    script = 'echo $$; read x; exit 3'
    command, supervisor = job(*options, '--', 'sh', '-c', script)
    child = psutil.Process(int(command.line()))
    supervisor.send_signal(signal.SIGTSTP)
    assert command.line() == 'SIGTSTP'
    wait_until(lambda: child.status() == psutil.STATUS_STOPPED)
    supervisor.send_signal(signal.SIGCONT)
    wait_until(lambda: child.status() != psutil.STATUS_STOPPED)
    outcome = command.ended()
    assert (outcome.status, outcome.stderr) == (3, '')
    assert outcome.call['returncode'] == [3]


@pytest.mark.parametrize('options', [(), ('--timeout=600',)])
def test_a_stop_that_nothing_could_end(start, options):
    """In an orphaned process group SIGTSTP stops neither command nor program."""
    command = start(*OUT, *options, '--', 'sh', '-c', 'echo $$; read x; exit 3')
    child = psutil.Process(int(command.line()))
    command.send(signal.SIGTSTP)
    command.send(signal.SIGTSTP)
    wait_until(lambda: child.status() != psutil.STATUS_STOPPED)
    assert command.ended().status == 3


def test_a_program_that_has_stopped_itself(start):
    """SIGCONT to the command continues the program."""
    command = start(*OUT, '--', 'sh', '-c', 'echo $$; kill -STOP $$; exit 3')
    child = psutil.Process(int(command.line()))
    wait_until(lambda: child.status() == psutil.STATUS_STOPPED)
    command.send(signal.SIGCONT)
    assert command.wait().status == 3


def test_a_stop_while_the_program_is_started(monkeypatch):
    """A stop waits until the program can be stopped as well."""
    stopped = []
    monkeypatch.setattr(forwarding, 'stop_by', stopped.append)
    suspended = forwarding.Suspension()
    suspended.hold()
    suspended.stop()
    assert stopped == []
    child = Child(['true'])
    child.over = False
    monkeypatch.setattr(child, 'send', lambda number: stopped.append(('child', number)))
    suspended.include(child)
    assert stopped == [('child', signal.SIGTSTP), signal.SIGTSTP]


def test_a_stop_while_a_program_cannot_be_started(monkeypatch):
    """If the program cannot be started, only the command stops."""
    stopped = []
    monkeypatch.setattr(forwarding, 'stop_by', stopped.append)
    suspended = forwarding.Suspension()
    suspended.hold()
    suspended.stop()
    suspended.release()
    assert stopped == [signal.SIGTSTP]


def test_a_program_that_we_may_not_signal(monkeypatch):
    """A program that has changed its user goes on, and so does the command."""

    def refuse(number):
        raise PermissionError

    child = Child(['true'])
    child.process = SimpleNamespace(send_signal=refuse)
    child.over = False
    stopped = []
    monkeypatch.setattr(forwarding, 'stop_by', stopped.append)
    suspended = forwarding.Suspension()
    suspended.include(child)
    suspended.stop()
    assert stopped == [signal.SIGTSTP]


# --- Ctrl-C beside the program ---------------------------------------------------------


def test_ctrl_c_while_a_journal_is_made(tmp_path, monkeypatch):
    """A record that has begun is finished without an iteration."""
    mirror = Run.mirror
    monkeypatch.setattr(Run, 'mirror', lambda run: (mirror(run), os.kill(os.getpid(), 2)))
    out = tmp_path / 'out.jsonl'
    with pytest.raises(KeyboardInterrupt):
        main(['-o', str(out), '--', 'true'])
    [record] = records_in(out)
    assert (record['exit_signal'], record['call']['durations']) == ('SIGINT', [])
    assert list(tmp_path.iterdir()) == [out]
