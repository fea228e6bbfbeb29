"""A process started without subprocess is what subprocess would have started."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from microbench import _core
from tests.fakes import printed

# Starts the command of argv[1:] once without subprocess, then with it; prints, for each,
# what class the process has, its output, how it ended or what went wrong.
BOTH = """
import json, os, signal
from microbench.cli.run.spawn import start

def once(options):
    reader, writer = os.pipe()
    kept, _ = os.dup(1), os.dup2(writer, 1)
    try:
        process = start(sys.argv[2:], **options)
        kind = type(process).__name__
        end = ''
    except Exception as error:
        kind, end = None, [type(error).__name__, str(error), getattr(error, 'errno', 0),
                           getattr(error, 'filename', '')]
    os.dup2(kept, 1)
    os.close(kept), os.close(writer)
    with open(reader, 'rb') as file:
        output = file.read().hex()
    if kind:
        end = process.wait()
        assert process.returncode == end
    return kind, output, end

options = json.loads(sys.argv[1])
first = once(options)
assert 'subprocess' not in sys.modules
import subprocess
print(json.dumps([first, once(options)]))
"""


def both(*command, options=None, **more):
    """Return the outcome of the command in both ways, which has to be the same."""
    ways = json.loads(printed(BOTH, json.dumps(options or {}), *command, **more))
    (spawned, *outcome), (popened, *expected) = ways
    assert outcome == expected
    assert (spawned, popened) in {('Process', 'Popen'), (None, None)}
    return bytes.fromhex(outcome[0]), outcome[1]


pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='elsewhere Popen is used')


@pytest.mark.parametrize(
    ('script', 'output', 'end'),
    [
        ('printf hello', b'hello', 0),
        ('exit 3', b'', 3),
        ('kill -9 $$', b'', -9),
        ('printf "$0|$1"', b'a b|', 0),
    ],
)
def test_output_and_end(script, output, end):
    """Words, streams and status are the same in both ways."""
    assert both('sh', '-c', script, 'a b', '') == (output, end)


def test_environment():
    """The environment is the same in order and bytes, UTF-8 or not."""
    env = {'PATH': os.environ['PATH'], 'B': '2', 'A': '\udcff', 'E': ''}
    output, _ = both('env', '-0', env=env)
    assert b'B=2\0A=\xff\0E=\0' in output


def test_signals_are_at_their_default():
    """SIGPIPE, which Python ignores, is at its default for the program."""
    code = """
import signal
usual = set(range(1, signal.SIGRTMIN)) - {32, 33}  # what pthreads(7) keeps for itself
ignored = {number for number in usual if signal.getsignal(number) is signal.SIG_IGN}
print(ignored, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""
    ignored = (
        str({int(signal.SIGPIPE), int(signal.SIGXFSZ)}) + ' set()'
    )  # set by that Python
    output, _ = both(sys.executable, '-c', code)
    assert output.decode().strip() == ignored


@pytest.mark.parametrize(('name', 'end'), [('PIPE', -13), ('XFSZ', -25), ('TERM', -15)])
def test_a_signal_ends_it(name, end):
    """A signal ends the program, also one of the two that Python ignores."""
    assert both('sh', '-c', f'kill -{name} $$; exit 7') == (b'', end)


def test_an_ignored_signal_stays_ignored():
    """An ignored signal stays so, as for a command under nohup(1)."""
    code = BOTH.replace(
        'options =', 'signal.signal(signal.SIGHUP, signal.SIG_IGN)\noptions ='
    )
    ways = json.loads(printed(code, '{}', 'sh', '-c', 'kill -HUP $$; exit 7'))
    assert [end for _, _, end in ways] == [7, 7]


def test_descriptors():
    """The program inherits the caller's inheritable descriptors and no others."""
    reader, writer = os.pipe()
    try:
        output, _ = both('ls', '/proc/self/fd', pass_fds=[reader])
        assert str(reader).encode() in output.split()
        assert str(writer).encode() not in output.split()
    finally:
        os.close(reader)
        os.close(writer)


def test_a_group_of_its_own():
    """The process leads a group if asked for; otherwise it stays in its parent's."""
    script = 'test $$ = $(ps -o pgid= -p $$)'
    assert both('sh', '-c', script)[1] == 1
    if sys.version_info >= (3, 11):
        assert both('sh', '-c', script, options={'process_group': 0})[1] == 0


WRONG = {
    'missing': ('no-such-program', 'FileNotFoundError'),
    'missing path': ('./no-such-program', 'FileNotFoundError'),
    'not executable': ('./not-executable', 'PermissionError'),
    'below a file': ('./not-executable/x', 'NotADirectoryError'),
    'no format': ('./no-format', 'OSError'),
    'directory': ('.', 'PermissionError'),
    'in PATH, not executable': ('not-executable', 'PermissionError'),
    'in PATH, no format': ('no-format', 'OSError'),
}


@pytest.mark.parametrize('name', WRONG)
def test_what_cannot_be_started(name, tmp_path):
    """A failed start has the same error, number and file name."""
    program, error = WRONG[name]
    (tmp_path / 'not-executable').write_text('')
    (tmp_path / 'no-format').write_text('not a program')
    (tmp_path / 'no-format').chmod(stat.S_IRWXU)
    path = f'{tmp_path}:{os.environ["PATH"]}'
    _, (kind, _, _, filename) = both(program, cwd=tmp_path, env={'PATH': path})
    assert (kind, filename) == (error, program)


def test_words_that_are_too_long():
    """Words that are too long give E2BIG, as execve(2) does."""
    words = ['x' * (200 << 10)]
    code = BOTH.replace('sys.argv[2:]', f'["true", "x" * {len(words[0])}]')
    ways = json.loads(printed(code, '{}'))
    assert ways[0] == ways[1]
    assert ways[0][2][0] == 'OSError'


@pytest.mark.parametrize('way', ['terminate', 'kill', 'send_signal'])
def test_it_can_be_ended(way):
    """The process has Popen's methods to end it."""
    code = """
import signal
from microbench.cli.run.spawn import start
process = start(['sleep', '60'])
getattr(process, sys.argv[1])(*[signal.SIGINT] * (sys.argv[1] == 'send_signal'))
print(process.wait())
"""
    expected = {'terminate': signal.SIGTERM, 'kill': signal.SIGKILL}
    assert int(printed(code, way)) == -expected.get(way, signal.SIGINT)


def test_what_pipes_need_is_left_to_subprocess():
    """Anything but the plain case uses subprocess."""
    code = """
import subprocess as module
del sys.modules['subprocess']
from microbench.cli.run.pipes import PIPE
from microbench.cli.run.spawn import start
assert PIPE == module.PIPE
process = start(['printf', 'hello'], stdout=PIPE)
print(type(process).__name__, process.communicate()[0])
"""
    assert printed(code) == "Popen b'hello'\n"


def test_the_command_does_not_import_subprocess(tmp_path):
    """Neither subprocess, argparse, psutil, socket nor re is imported."""
    slow = ['subprocess', 'argparse', 're', 'psutil', 'socket', 'json', 'orjson', 'locale']
    code = """
before = set(sys.modules)  # an environment may load some of them for itself
from microbench.__main__ import console
sys.argv = ['microbench', '-o', sys.argv[1], 'true']
try:
    console()
except SystemExit as ended:
    print(ended.code, sorted((set(sys.modules) - before) & set(SLOW)))
""".replace('SLOW', repr(slow))
    assert printed(code, tmp_path / 'out.jsonl') == '0 []\n'
    assert len((tmp_path / 'out.jsonl').read_text().splitlines()) == 1


def test_what_is_loaded_may_be_a_stub(monkeypatch):
    """A loaded subprocess is used, since a test may have replaced Popen."""
    from microbench.cli.run.spawn import start

    monkeypatch.setattr(subprocess, 'Popen', lambda command, **options: (command, options))
    assert start(['a'], stdout=1) == (['a'], {'close_fds': False, 'stdout': 1})


@pytest.mark.parametrize('way', ['terminate', 'kill', 'send_signal'])
def test_a_signal_collects_nothing(way):
    """Unlike `Popen.send_signal`, a signal does not collect an ended child."""
    from microbench.cli.run.spawn import start

    process = start(['sh', '-c', 'exit 3'])
    process.is_child = True
    assert _core.child_end_ns(process.pid, True) > 0
    getattr(process, way)(*[signal.SIGTERM] * (way == 'send_signal'))
    number, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert (number, process.returncode, usage.ru_maxrss > 0) == (process.pid, 3, True)
