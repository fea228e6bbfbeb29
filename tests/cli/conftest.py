"""The command as a real process, and its outcome."""

import contextlib
import functools
import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

import microbench
from microbench.cli.view import show
from tests.cli.samples import SEVERAL, write
from tests.fakes import OneRecord

ROOT = Path(microbench.__file__).parents[1]
COMMAND = (sys.executable, '-m', 'microbench')
OUT = ('-o', 'out.jsonl')

DEADLINE = 60  # seconds: how long something may take that has to happen
TIME_OUTS = (0.2, 2, 20)  # seconds
FAKE_PID = 2**22 + 12345  # above the largest number that Linux gives


# For a program that says something and then waits: `pieces` yields standard input as it
# comes, and handlers run meanwhile. A reader of the output may send a signal before
# the program waits. Its handler in C has run by then, the one in Python may have not: from
# CPython 3.14 on `print('up', flush=True)` does not look, and a plain read would wait on.
LISTENS = """
import os, select, signal, sys
woken, wakes = os.pipe()
os.set_blocking(wakes, False)
signal.set_wakeup_fd(wakes)
def pieces():
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
        elif piece := os.read(0, 4096):
            yield piece
        else:
            return
"""


def in_zone(monkeypatch, zone):
    """Let the local time be that of a zone."""
    monkeypatch.setenv('TZ', zone)
    time.tzset()


@pytest.fixture
def in_utc(monkeypatch):
    """Let the local time be UTC."""
    in_zone(monkeypatch, 'UTC')
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def shown(capsys):
    """Return what `show` prints, which has to report no error."""

    def run(*words):
        assert show.main([str(word) for word in words]) == 0
        out, err = capsys.readouterr()
        assert err == ''
        return out

    return run


def wait_until(condition):
    """Call a function again and again until it returns true."""
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, 'it has not come to pass'
        time.sleep(0.01)


def in_time(attempt):
    """Call a function with ever longer time-outs until it returns something.

    How long a program takes to begin depends on the load, and a time-out before that
    says nothing about the program.
    """
    for seconds in TIME_OUTS:
        found = attempt(seconds)
        if found is not None:
            return found
    raise AssertionError(f'{seconds} s do not suffice')


def is_gone(number):
    """Return whether a process has ended, even if it has not been collected yet."""
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def status_of(entry, *args):
    """Return the code of the SystemExit that an entry point ends with."""
    with pytest.raises(SystemExit) as ended:
        entry(*args)
    return ended.value.code


@dataclass
class Outcome(OneRecord):
    """The status, output and records of a process."""

    status: int
    stdout: str
    stderr: str
    records: list


def records_in(path):
    """Return the records of a file with one on each line; none without a file."""
    if not path.exists():
        return []
    text = path.read_text(encoding='ascii')
    assert text.endswith('\n')
    return [json.loads(line) for line in text.splitlines()]


class ManualTimers:
    """A stand-in for TimerThread: the test runs the actions and sets the clock."""

    def __init__(self):
        self.now = 1000.0
        self.pending = []

    def at(self, due, action):
        self.pending.append((due, action))
        return self.pending[-1]

    def cancel(self, timer):
        if timer in self.pending:
            self.pending.remove(timer)

    def run_next(self):
        """Call the first pending action."""
        due, action = self.pending.pop(0)
        self.now = max(self.now, due)
        action()

    def run(self, until):
        """Call the actions that are due until then."""
        while self.pending and self.pending[0][0] <= until:
            self.run_next()


def stub_processes(monkeypatch, popen, *statuses):
    """Replace Popen, and let os.wait4 return or raise these statuses in turn."""
    left = list(statuses)

    def wait4(pid, options):
        assert (pid, options) == (FAKE_PID, 0)
        status = left.pop(0)
        if isinstance(status, BaseException):
            raise status
        return pid, status, resource.struct_rusage([0.5, 0.25, 1024, *range(13)])

    monkeypatch.setattr(subprocess, 'Popen', popen)
    monkeypatch.setattr(os, 'wait4', wait4)


@pytest.fixture(autouse=True)
def switched_on(monkeypatch):
    """Switch recording on, whatever the environment of the tests says."""
    monkeypatch.delenv('MICROBENCH', raising=False)


@pytest.fixture
def several(tmp_path):
    """Return the name of a file with four records."""
    return write(tmp_path / 'several.jsonl', SEVERAL)


@pytest.fixture
def environment(switched_on):
    """Return an environment with this microbench, switched on, and warnings shown."""
    return {**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHONWARNINGS': 'error'}


@pytest.fixture
def ended(tmp_path, environment):
    """Run any program to its end in an empty directory; options replace the usual ones.

    Records are read from `out.jsonl` there.
    """

    def run(*words, env=(), **options):
        usual = {
            'cwd': tmp_path,
            'stdin': None if 'input' in options else subprocess.DEVNULL,
            'stdout': subprocess.PIPE,
            'stderr': subprocess.PIPE,
            'text': True,
            'errors': 'surrogateescape',
            'timeout': 300,
        }
        env = {**environment, **dict(env)}
        done = subprocess.run(words, env=env, check=False, **{**usual, **options})
        records = records_in(tmp_path / 'out.jsonl')
        return Outcome(done.returncode, done.stdout, done.stderr, records)

    return run


@pytest.fixture
def command(ended):
    """Run `python -m microbench` with these words, as `ended` runs a program."""
    return functools.partial(ended, *COMMAND)


class Started:
    """The command while it runs, in a session of its own: without a terminal."""

    # A test suite in the background has SIGINT ignored, and so would its children.
    PROGRAM = (
        'import signal; signal.signal(signal.SIGINT, signal.default_int_handler);'
        'from microbench.__main__ import console; console()'
    )

    PREFIX = ()  # of the command line

    def __init__(self, folder, env, words, more_env=(), **options):
        self.out = folder / 'out.jsonl'
        self.process = subprocess.Popen(
            [*self.PREFIX, sys.executable, '-c', self.PROGRAM, *words],
            **{
                'cwd': folder,
                'env': {**env, **dict(more_env)},
                'stdin': subprocess.PIPE,
                'stdout': subprocess.PIPE,
                'stderr': subprocess.PIPE,
                'text': True,
                'start_new_session': True,
                **options,
            },
        )

    def line(self):
        """Wait for a line of standard output."""
        return self.process.stdout.readline().rstrip('\n')

    def send(self, number):
        """Send a signal to the command alone."""
        self.process.send_signal(number)

    def ended(self):
        """Close standard input and wait for the end; a signal has a negative status."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return Outcome(self.process.returncode, out, err, records_in(self.out))

    def wait(self):
        """Wait for the end while standard input stays open."""
        self.process.wait(DEADLINE)
        return self.ended()

    def close(self):
        """Kill and collect the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


def timed_out(start, script, *options, lines):
    """Run a script with a time-out in which it prints so many lines.

    Return the command, which may be running, and the lines.
    """

    def attempt(seconds):
        words = ('-o', 'out.jsonl', f'--timeout={seconds}', *options, '--')
        command = start(*words, 'sh', '-c', script)
        said = [command.line() for _ in range(lines)]
        if all(said):
            return command, said
        command.wait()
        command.out.unlink()
        return None

    return in_time(attempt)


@pytest.fixture
def start(tmp_path, environment):
    """Start the command with these words; end it and its processes with the test."""
    started = []

    def begin(*words, **options):
        started.append(Started(tmp_path, environment, words, **options))
        return started[-1]

    yield begin
    for command in started:
        command.close()
