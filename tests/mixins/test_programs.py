"""Programs that a mixin runs."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from microbench import _core
from microbench.mixins import programs
from microbench.mixins.programs import output_of
from tests.conftest import SANITIZED
from tests.fakes import printed

# Elsewhere subprocess starts them.
native = pytest.mark.skipif(
    not sys.platform.startswith('linux') or SANITIZED, reason='needs clone(2)'
)


def python(code):
    """Return the command that runs a line of Python."""
    return [sys.executable, '-S', '-c', code]


def shell(line):
    """Return the command that runs a line of shell."""
    return ['/bin/sh', '-c', line]


@pytest.fixture
def leaves_nothing():
    """Assert that no child, descriptor or thread is left."""

    def present():
        process = psutil.Process()
        threads = [thread.id for thread in process.threads()]
        return {*process.children(), *Path('/proc/self/fd').iterdir(), *threads}

    before = present()
    yield
    assert present() <= before  # what others leave may go in between


@pytest.fixture(params=['native', 'subprocess'])
def either_way(request, monkeypatch):
    """Run a test with the native way to start programs, and without it."""

    def none(*args):
        raise OSError(errno.ENOSYS, 'no such way')

    if request.param == 'subprocess':
        monkeypatch.setattr(_core, 'Program', none)


@pytest.mark.parametrize('number', [errno.ENOSYS, errno.EAGAIN, errno.EPERM])
def test_subprocess_starts_what_cannot_be_started_natively(monkeypatch, number):
    """Limits or filters may forbid the native way; then subprocess is used."""

    def none(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_core, 'Program', none)
    assert output_of(python('print("one")')) == 'one\n'


def test_the_output_is_text(either_way):
    """The result is the output of the program."""
    assert output_of(python('print("one")')) == 'one\n'


def test_no_input_reaches_the_program(either_way):
    """Standard input is empty, so no program can wait for the user."""
    assert output_of(python('import sys; print(sys.stdin.read(), end="")')) == ''


def test_bytes_that_are_no_utf8_are_kept(either_way):
    """Odd bytes become surrogates, as in names of files."""
    code = 'import sys; sys.stdout.buffer.write(bytes([255]))'
    assert output_of(python(code)) == '\udcff'


def test_a_failure_says_why(either_way, capfd):
    """The error is the usual class, and its message holds the program's own words."""
    code = 'import sys; sys.exit("no such thing")'
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(python(code))
    assert str(caught.value).endswith('returned non-zero exit status 1: no such thing')
    assert caught.value.returncode == 1
    assert capfd.readouterr() == ('', '')


def test_a_failure_without_words_has_the_usual_message(either_way):
    """A program that says nothing gives the message of the standard library."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(python('raise SystemExit(3)'))
    assert str(caught.value).endswith('returned non-zero exit status 3.')


def test_a_hanging_program_is_ended(either_way):
    """A program that does not end raises TimeoutExpired."""
    with pytest.raises(subprocess.TimeoutExpired):
        output_of(python('import time; time.sleep(600)'), limit=0.01)


def test_a_missing_program_raises(either_way):
    """FileNotFoundError names the program."""
    with pytest.raises(FileNotFoundError, match='no-such-program'):
        output_of(['no-such-program'])


def test_check_output_is_looked_up_at_the_call(monkeypatch):
    """A replacement of subprocess.check_output is called, and may return bytes."""
    asked = []

    def stub(command, **options):
        asked.append((command, options['cwd'], options['timeout']))
        return b'stubbed'

    monkeypatch.setattr(subprocess, 'check_output', stub)
    assert output_of(['git'], cwd='/', limit=2.0) == 'stubbed'
    assert asked == [(['git'], '/', 2.0)]


def test_popen_is_looked_up_at_the_call(monkeypatch):
    """A replacement of subprocess.Popen, such as that of gevent, starts the program."""
    asked = []

    class Stub(subprocess.Popen):
        def __init__(self, command, **options):
            asked.append(command)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, 'Popen', Stub)
    assert output_of(shell('echo one')) == 'one\n'
    assert asked == [shell('echo one')]


@pytest.mark.skipif(SANITIZED, reason='there subprocess starts it, and raises one more')
def test_who_audits_subprocess_sees_it():
    """A hook that forbids programs forbids these (sys.audit, PEP 578)."""
    code = (
        'import sys\n'
        'from microbench.mixins.programs import output_of\n'
        'sys.addaudithook(lambda name, args: name == "subprocess.Popen" and print(args))\n'
        'output_of(["true"], cwd="/", env={"PATH": "/usr/bin:/bin"})\n'
    )
    path = os.pathsep.join(filter(None, sys.path))
    env = {**os.environ, 'PYTHONPATH': path}
    printed = subprocess.check_output([sys.executable, '-c', code], env=env, text=True)
    assert printed == "('true', ['true'], '/', {'PATH': '/usr/bin:/bin'})\n"


# --- what cannot be started -----------------------------------------------------------


def test_a_missing_directory_raises(either_way):
    """FileNotFoundError names the directory, not the program."""
    with pytest.raises(FileNotFoundError) as caught:
        output_of(shell(':'), cwd='/no/such/directory')
    assert caught.value.filename == '/no/such/directory'


def test_a_file_that_is_no_program_raises(either_way, tmp_path):
    """The error says why it cannot be started."""
    path = tmp_path / 'program'
    path.write_text('')
    with pytest.raises(PermissionError, match='program'):
        output_of([str(path)])
    path.chmod(0o755)
    with pytest.raises(OSError, match='program') as caught:
        output_of([str(path)])
    assert caught.value.errno == errno.ENOEXEC


def test_the_program_is_sought_in_the_path_that_it_gets(either_way, tmp_path):
    """The program is found on PATH of `env`, as by subprocess."""
    for name in ('first', 'second'):
        tmp_path.joinpath(name).mkdir()
        program = tmp_path / name / 'program'
        program.write_text(f'#!/bin/sh\necho {name} $WORD "$1"\n')
        program.chmod(0o755)
    path = f'{tmp_path}/none:{tmp_path}/second:{tmp_path}/first:/bin'
    env = {'PATH': path, 'WORD': '\udcff'}
    assert output_of(['program', ' a '], env=env) == 'second \udcff  a \n'


# --- a program that does not end ------------------------------------------------------


@native
@pytest.mark.parametrize(
    'line',
    [
        'trap "" TERM INT HUP; echo begun; while :; do sleep 600; done',
        'echo begun; sleep 600 & sleep 600',
        'echo begun; yes >&2',
        'echo begun; exec sleep 600',
    ],
)
def test_at_its_limit_a_program_is_killed(leaves_nothing, line):
    """Whatever the program does, the error has what it printed by then."""
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        output_of(shell(line), limit=0.2)
    assert b'begun\n'.startswith(caught.value.output)


@native
def test_a_supervisor_that_hangs_is_not_waited_for(leaves_nothing):
    """A supervisor may hang with its program's file system; here it is stopped."""
    line = 'kill -STOP $PPID; exec sleep 600'
    with pytest.raises(subprocess.TimeoutExpired):
        output_of(shell(line), limit=0.2)


FREEZER = Path('/sys/fs/cgroup/freezer')


@native
@pytest.mark.hardware
@pytest.mark.skipif(not os.access(FREEZER, os.W_OK), reason='needs the freezer of cgroup 1')
def test_a_program_that_no_signal_ends_is_not_waited_for():
    """A frozen program is like one in state D, for which SIGKILL has to wait."""
    place = FREEZER / f'microbench-{os.getpid()}'
    place.mkdir()
    freeze = f'echo $$ >{place}/cgroup.procs; echo FROZEN >{place}/freezer.state'
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            output_of(shell(f'{freeze}; sleep 600'), limit=1)
        assert place.joinpath('cgroup.procs').read_text() != ''
    finally:
        place.joinpath('freezer.state').write_text('THAWED')
        while place.joinpath('cgroup.procs').read_text():
            os.sched_yield()
        place.rmdir()


@pytest.fixture
def hanging(tmp_path):
    """Mount a file system whose server never answers, as of a network that is down."""
    libc = ctypes.CDLL(None, use_errno=True)
    server = os.open('/dev/fuse', os.O_RDWR)
    options = f'fd={server},rootmode=40000,user_id=0,group_id=0'.encode()
    place = os.fsencode(tmp_path)
    if libc.mount(b'none', place, b'fuse', 0, options) != 0:
        os.close(server)
        pytest.skip(f'mount(2): {os.strerror(ctypes.get_errno())}')
    yield tmp_path
    os.close(server)
    libc.umount2(place, 2)  # MNT_DETACH


@native
@pytest.mark.hardware
@pytest.mark.skipif(not os.access('/dev/fuse', os.W_OK), reason='needs /dev/fuse')
def test_a_file_system_that_hangs_is_not_waited_for(hanging, leaves_nothing):
    """Neither a program on it nor a directory in it is waited for."""
    with pytest.raises(subprocess.TimeoutExpired):
        output_of([str(hanging / 'program')], limit=0.2)
    with pytest.raises(subprocess.TimeoutExpired):
        output_of(shell(':'), cwd=hanging / 'directory', limit=0.2)


@native
def test_a_handler_that_raises_ends_the_program(leaves_nothing, monkeypatch):
    """A handler, as of Ctrl-C, runs at once, not when the program has ended."""

    def handler(number, frame):
        raise InterruptedError('by the test')

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(InterruptedError, match='by the test'):
            output_of(shell(f'kill -USR1 {os.getpid()}; exec sleep 600'))
    finally:
        signal.signal(signal.SIGUSR1, before)


# --- what a program leaves and prints -------------------------------------------------


@native
@pytest.mark.parametrize('line', ['sleep 600 & echo one', 'yes >&2 & echo one'])
def test_what_it_leaves_running_is_not_waited_for(leaves_nothing, line):
    """Processes that keep the pipes open are killed with the program's group."""
    assert output_of(shell(line)) == 'one\n'


@native
def test_a_daemon_that_keeps_the_pipes_is_not_waited_for(leaves_nothing):
    """A daemon with its own session goes on printing until the pipes break."""
    daemon = "setsid sh -c 'kill -USR1 '$$'; exec yes' &"
    line = f'trap "exit 0" USR1; {daemon} while :; do wait; done'
    assert set(output_of(shell(line))) <= {'y', '\n'}


@native
@pytest.mark.parametrize('stream', ['&1', '&2'])
def test_megabytes_come_through(leaves_nothing, stream):
    """All output is read; of standard error only the beginning is kept."""
    line = f'head -c 5000000 /dev/zero >{stream}; exit 3'
    with pytest.raises(subprocess.CalledProcessError) as caught:
        output_of(shell(line))
    kept = len(caught.value.output) + len(caught.value.stderr)
    assert kept == 5_000_000 if stream == '&1' else 8000 < kept < 30_000
    assert len(str(caught.value)) < 2200


@native
def test_too_much_output_ends_the_program(leaves_nothing, monkeypatch):
    """A program with too much output is ended, so that memory is limited."""
    monkeypatch.setattr(programs, 'MOST', 2**20)
    with pytest.raises(ValueError, match='/bin/sh printed more than 1 MiB'):
        output_of(shell('yes'))


@native
def test_there_is_no_terminal_to_ask_at(leaves_nothing):
    """A program that wants a password fails, and nothing waits for the user."""
    code = (
        'from microbench.mixins.programs import output_of\n'
        'print(output_of(["/bin/sh", "-c", "(: </dev/tty) 2>/dev/null || echo none"]))\n'
    )
    import pty

    path = os.pathsep.join(filter(None, sys.path))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, '-c', code], {'PYTHONPATH': path})
    printed = b''
    try:
        while more := os.read(terminal, 1000):
            printed += more
    except OSError:
        pass  # its other end was closed
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0
    assert printed == b'none\r\n\r\n'


# --- what the watched program does with its own children -------------------------------


# Each in a process of its own: what other tests leave there are children, too.

SIGCHLD = """
import signal, subprocess, sys
from microbench.mixins.programs import output_of
seen = []
actions = {'ignored': signal.SIG_IGN, 'handled': lambda number, frame: seen.append(number)}
signal.signal(signal.SIGCHLD, actions[sys.argv[1]])
assert output_of(['/bin/sh', '-c', '(exit 3) & wait $!; echo $?']) == '3\\n'
try:
    output_of(['/bin/sh', '-c', 'exit 7'])
except subprocess.CalledProcessError as error:
    print(error.returncode, seen)
"""


@native
@pytest.mark.parametrize('action', ['ignored', 'handled'])
def test_the_status_is_known_and_no_signal_comes(action):
    """The status is known, whatever the program does with SIGCHLD."""
    assert printed(SIGCHLD, action) == '7 []\n'


REAPS = """
import os, subprocess, threading
from microbench.mixins.programs import output_of
found = []
ended = threading.Event()

def reap():
    while not ended.is_set():
        try:
            found.append(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            os.sched_yield()

thread = threading.Thread(target=reap)
thread.start()
statuses = []
for status in range(1, 20):
    try:
        output_of(['/bin/sh', '-c', f'exit {status}'])
    except subprocess.CalledProcessError as error:
        statuses.append(error.returncode)
ended.set()
thread.join()
print(statuses == [*range(1, 20)], found)
"""


@native
def test_who_waits_for_any_child_does_not_find_it():
    """A thread that waits for any child, as a server does, does not see it."""
    assert printed(REAPS) == 'True []\n'


@native
def test_a_thread_that_is_not_the_first():
    """The program lives as long as its thread waits for it."""
    printed = []
    thread = threading.Thread(target=lambda: printed.append(output_of(shell('echo one'))))
    thread.start()
    thread.join()
    assert printed == ['one\n']


@native
def test_many_threads_at_once():
    """Each thread gets its own program's output and status."""
    found = []

    def ask(word):
        for _ in range(5):
            with pytest.raises(subprocess.CalledProcessError) as caught:
                output_of(shell(f'echo {word}; exit {word}'))
            found.append((word, caught.value.output, caught.value.returncode))

    threads = [threading.Thread(target=ask, args=[word]) for word in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(5 * [(w, b'%d\n' % w, w) for w in range(1, 9)])


@native
def test_a_program_dies_with_the_one_that_asks(tmp_path):
    """Nothing goes on when the caller is killed by SIGKILL, unnoticed."""
    pipe = tmp_path / 'pipe'
    os.mkfifo(pipe)
    line = f'echo $$ >{pipe}; exec sleep 600'
    code = (
        'from microbench.mixins.programs import output_of\n'
        f'output_of(["/bin/sh", "-c", {line!r}])\n'
    )
    path = os.pathsep.join(filter(None, sys.path))
    env = {**os.environ, 'PYTHONPATH': path}
    with subprocess.Popen([sys.executable, '-c', code], env=env) as asking:
        program = psutil.Process(int(pipe.read_text()))
        asking.kill()
    gone, alive = psutil.wait_procs([program], timeout=60)
    assert (gone, alive) == ([program], [])


@native
def test_signals_are_at_their_defaults():
    """Python ignores SIGPIPE; a program expects to be ended by it."""
    status = output_of(['/bin/cat', '/proc/self/status']).splitlines()
    fields = [line.split() for line in status if line.startswith(('SigBlk', 'SigIgn'))]
    masks = {name: int(mask, 16) for name, mask in fields}
    ignored = {number for number in range(1, 65) if masks['SigIgn:'] >> number - 1 & 1}
    assert masks['SigBlk:'] == 0
    assert not ignored & {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD}
