"""The command on a real terminal, under a shell with job control."""

import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import sys
import time

import pytest

from tests.cli.conftest import LISTENS, in_time, is_gone, wait_until

BASH = shutil.which('bash')
pytestmark = pytest.mark.skipif(BASH is None, reason='needs bash')

SHELL = [BASH, '--norc', '--noprofile', '--noediting', '-i']
DEADLINE = 60  # seconds: how long something may take that has to happen
PROMPT = '<ready>'


class Terminal:
    """A pseudo-terminal with an interactive shell, as a person uses it."""

    def __init__(self, cwd, env):
        self.seen = ''
        self.shell, self.number = pty.fork()
        if self.shell == 0:
            os.chdir(cwd)
            os.execve(BASH, SHELL, env)

    def type(self, text):
        """Type a line and press Enter."""
        os.write(self.number, text.encode() + b'\n')

    def press(self, key):
        """Press Ctrl and a letter."""
        os.write(self.number, bytes([ord(key) - ord('A') + 1]))

    def see(self, pattern):
        """Wait until a text is on the screen after the last one; return it."""
        until = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.number], [], [], until - time.monotonic())
            assert ready, f'no {pattern!r} in {self.seen!r}'
            self.seen += os.read(self.number, 4096).decode(errors='replace')
        self.seen = self.seen[found.end() :]
        return found[0]

    def status(self):
        """Return the status of the last line, asked for at the prompt."""
        self.type('echo "status=$?"')
        return int(self.see(r'status=\d+').partition('=')[2])

    def close(self):
        """Hang up."""
        os.close(self.number)
        os.kill(self.shell, signal.SIGKILL)
        os.waitpid(self.shell, 0)


@pytest.fixture
def terminal(tmp_path, environment):
    """Return a terminal whose shell waits for a line; typed text is not echoed."""
    env = {**environment, 'PS1': PROMPT, 'TERM': 'dumb', 'HISTFILE': ''}
    opened = Terminal(tmp_path, env)
    opened.see(PROMPT)
    opened.type('stty -echo')
    opened.see(PROMPT)
    yield opened
    opened.close()


def measured(*words):
    """Return the line that runs the command with a record in `out.jsonl`."""
    return shlex.join([sys.executable, '-m', 'microbench', '-o', 'out.jsonl', *words])


def only_record(folder):
    """Return the only record."""
    [line] = (folder / 'out.jsonl').read_text().splitlines()
    return json.loads(line)


def test_ctrl_backslash(terminal, tmp_path):
    """SIGQUIT ends program and command, without a second core dump."""
    terminal.type(measured('-n', '3', '--', 'sh', '-c', 'echo started; exec sleep 600'))
    terminal.see('started')
    terminal.press('\\')
    terminal.see(PROMPT)
    assert terminal.status() == 128 + signal.SIGQUIT
    record = only_record(tmp_path)
    assert record['exit_signal'] == 'SIGQUIT'
    assert record['call']['returncode'] == [-signal.SIGQUIT]


def test_ctrl_c_ends_the_command_and_the_line(terminal, tmp_path):
    """The shell sees that SIGINT ended the command, and gives up its loop."""
    run = measured('-n', '3', '--', 'sh', '-c', 'echo started; exec sleep 600')
    terminal.type(f'for i in 1 2 3; do {run}; done; echo after')
    terminal.see('started')
    terminal.press('C')
    seen = terminal.see(f'(?s).*{PROMPT}')
    assert 'Traceback' not in seen
    assert 'after' not in seen
    assert terminal.status() == 128 + signal.SIGINT
    record = only_record(tmp_path)
    assert record['exit_signal'] == 'SIGINT'
    assert record['call']['returncode'] == [-signal.SIGINT]


HANDLES = f"""
{LISTENS}
def handler(number, frame):
    calls.append(number)
    print('interrupt', len(calls), flush=True)
calls = []
signal.signal(signal.SIGINT, handler)
print('started', flush=True)
for piece in pieces():
    print('read', piece.decode().strip(), 'after', len(calls), flush=True)
"""


def test_a_program_that_handles_ctrl_c_goes_on(terminal, tmp_path):
    """The program gets each Ctrl-C once, is not killed, and ends as it likes."""
    terminal.type(measured(sys.executable, '-c', HANDLES))
    terminal.see('started')
    terminal.press('C')
    terminal.see('interrupt 1')
    terminal.press('C')
    terminal.see('interrupt 2')
    terminal.type('hello')
    terminal.see('read hello after 2')
    terminal.press('D')
    terminal.see(PROMPT)
    assert terminal.status() == 0
    record = only_record(tmp_path)
    assert record['call']['returncode'] == [0]
    assert 'exit_signal' not in record


def test_ctrl_z_and_fg(terminal, tmp_path):
    """Command and program stop, the shell notices, and both go on."""
    terminal.type(measured('sh', '-c', 'echo started; read line; echo "got $line"'))
    terminal.see('started')
    terminal.press('Z')
    terminal.see('Stopped')
    terminal.see(PROMPT)
    # Blanks first: a shell that takes the terminal back may drop what is typed meanwhile.
    terminal.type('    echo shell-$((1+1)); fg')
    terminal.see('shell-2')
    terminal.see('microbench')  # the line that fg brings back
    terminal.type('input')
    terminal.see('got input')
    terminal.see(PROMPT)
    assert terminal.status() == 0
    assert only_record(tmp_path)['call']['returncode'] == [0]


@pytest.mark.parametrize('options', [[], ['--timeout', '600'], ['--stdout']])
def test_a_child_may_read_the_terminal(terminal, tmp_path, options):
    """The child is in the foreground, whatever the options are."""
    terminal.type(
        measured(*options, '--', 'sh', '-c', 'echo started; read line; echo "<$line>"')
    )
    terminal.see('started')
    terminal.type('input')
    terminal.see('<input>')
    terminal.see(PROMPT)
    assert terminal.status() == 0
    assert only_record(tmp_path)['call']['returncode'] == [0]


def test_an_interactive_shell_as_the_command(terminal, tmp_path):
    """A shell as the command has job control and gives the terminal back."""
    terminal.type(measured(*SHELL))
    terminal.see(PROMPT)
    terminal.type("PS1='<in''ner>'")
    terminal.see('<inner>')
    terminal.type("sh -c 'echo started; read line; echo got $line; exec sleep 600'")
    terminal.see('started')
    terminal.press('Z')
    terminal.see('Stopped')
    terminal.see('<inner>')
    terminal.type('fg')
    terminal.type('input')
    terminal.see('got input')
    terminal.press('C')
    terminal.see('<inner>')
    terminal.type('exit 4')
    terminal.see(PROMPT)
    assert terminal.status() == 4
    record = only_record(tmp_path)
    assert record['call']['returncode'] == [4]
    assert 'exit_signal' not in record


def test_a_time_out_ends_descendants_without_a_group(terminal, tmp_path):
    """On a terminal the child's descendants end without a process group."""
    script = 'sleep 600 & echo "grandchild=$!"; wait'

    def attempt(seconds):
        (tmp_path / 'out.jsonl').unlink(missing_ok=True)
        terminal.type(measured('--timeout', str(seconds), '--', 'sh', '-c', script))
        seen = terminal.see(rf'grandchild=\d+|{PROMPT}')
        return int(seen.partition('=')[2]) if '=' in seen else None

    grandchild = in_time(attempt)
    terminal.see(PROMPT)
    assert terminal.status() == 128 + signal.SIGTERM
    assert only_record(tmp_path)['call']['timed_out_iterations'] == [True]
    wait_until(lambda: is_gone(grandchild))


def test_hanging_up_ends_the_command_and_keeps_the_record(terminal, tmp_path):
    """A closed window sends SIGHUP to command and program."""
    terminal.type(measured('sh', '-c', 'echo started; exec sleep 600'))
    terminal.see('started')
    os.kill(terminal.shell, signal.SIGHUP)  # an interactive shell passes it on to its jobs
    out = tmp_path / 'out.jsonl'
    wait_until(lambda: out.exists() and out.read_text().endswith('\n'))
    record = only_record(tmp_path)
    assert record['exit_signal'] == 'SIGHUP'
    assert record['call']['returncode'] == [-signal.SIGHUP]
