"""Standard input of repeated runs."""

import os
import subprocess
import sys
import tempfile

import pytest

from microbench.cli.run import rewind
from tests.cli.conftest import OUT


@pytest.fixture
def fed(command):
    """Run the command with an open file as its standard input."""

    def run(stdin, *words, **options):
        done = command(*OUT, *words, stdin=stdin, **options)
        assert (len(done.records), done.status) == (1, 0)
        return done.stdout.split(), done.stderr

    return run


@pytest.fixture
def file(tmp_path):
    """A file with ten lines, open for reading."""
    path = tmp_path / 'input'
    path.write_text('line\n' * 10)
    with path.open('rb', 0) as file:
        yield file


def test_each_run_reads_a_file_from_its_beginning(fed, file):
    """Each run starts at the beginning; the file is left at its end."""
    seen, said = fed(file, '-w', '1', '-n', '2', '--', 'wc', '-l')
    assert (seen, said) == (['10'] * 3, '')
    assert file.read() == b''


def test_a_file_that_was_read_in_part(fed, file):
    """Each run starts at the position at which the command was started."""
    file.seek(len('line\n') * 4)
    seen, _ = fed(file, '-n', '3', '--', 'wc', '-l')
    assert seen == ['6'] * 3


def test_a_file_that_is_not_read(fed, file):
    """A file that no run reads keeps its position for the shell's loop."""
    file.seek(len('line\n') * 4)
    fed(file, '-n', '3', '--', 'true')
    assert file.tell() == len('line\n') * 4


def test_a_file_that_is_written_too(fed, tmp_path):
    """A descriptor that is also the output is not set back."""
    with (tmp_path / 'both').open('w+b', 0) as both:
        fed(both, '-n', '3', '--', 'sh', '-c', 'echo out >&0')
    assert (tmp_path / 'both').read_text() == 'out\n' * 3


def test_a_file_that_could_be_written(fed):
    """A file that is open for writing too, but only read, is set back."""
    with tempfile.TemporaryFile() as both:
        both.write(b'line\n' * 10)
        both.seek(0)
        seen, said = fed(both, '-n', '2', '--', 'wc', '-l')
    assert (seen, said) == (['10'] * 2, '')


def test_a_file_for_input_and_output(tmp_path, ended):
    """The output of one run is not overwritten by the next."""
    script = 'exec "$0" -m microbench -o out.jsonl -n 3 -- sh -c "$1" <>both >&0'
    assert ended('sh', '-c', script, sys.executable, 'echo out').status == 0
    assert (tmp_path / 'both').read_text() == 'out\n' * 3


def test_one_run_is_left_alone(fed, file):
    """A single run sets nothing back and prints nothing."""
    assert fed(file, '--', 'wc', '-l') == (['10'], '')


def test_switched_off_there_is_one_run(command):
    """Switched off, one run reads what it reads without microbench."""
    off = {'MICROBENCH': 'off'}
    done = command('-n', '3', '--', 'wc', '-l', env=off, input='line\n')
    assert (done.status, done.stdout.strip(), done.stderr) == (0, '1', '')


@pytest.mark.parametrize('kind', ['pipe', 'socket'])
def test_each_run_reads_what_a_pipe_had(fed, kind):
    """It is read to its end before the first run."""
    stdin, peer = pair(kind)
    with stdin, peer:
        os.write(peer.fileno(), b'line\n')
        peer.close()
        seen, said = fed(stdin, '-n', '3', '--', 'wc', '-l')
    assert (seen, said) == (['1'] * 3, '')


def pair(kind):
    """Return both ends of a pipe or a socket."""
    if kind == 'socket':
        import socket

        return socket.socketpair()
    reader, writer = os.pipe()
    return os.fdopen(reader, 'rb', 0), os.fdopen(writer, 'wb', 0)


def test_input_that_comes_late(start):
    """The line is printed before the run that finds the pipe empty."""
    command = start(*OUT, '-n', '2', '--', 'sh', '-c', 'echo started; wc -l')
    assert command.line() == 'started'
    command.process.stdin.write('line\n')
    outcome = command.ended()
    assert outcome.stdout.split() == ['1', 'started', '0']
    assert outcome.stderr == rewind.ONCE + '\n'


@pytest.mark.parametrize('closed', [True, False])
def test_a_pipe_without_input_is_not_worth_a_word(fed, closed):
    """A pipe that no program reads, as of job runners and ssh(1), is no reason."""
    stdin, peer = pair('pipe')
    with stdin, peer:
        if closed:
            peer.close()
        assert fed(stdin, '-n', '3', '--', 'true') == ([], '')


def test_the_null_device_is_not_worth_a_word(fed):
    """Each run finds the null device empty, so nothing is printed."""
    assert fed(subprocess.DEVNULL, '-n', '2', '--', 'wc', '-c') == (['0', '0'], '')


def test_a_closed_one_is_not_worth_a_word(fed):
    """The program finds a closed input, as without microbench."""
    words = ('-n', '2', '--', 'sh', '-c', '[ -e /dev/fd/0 ] || echo closed')
    seen, said = fed(None, *words, preexec_fn=lambda: os.close(0))
    assert (seen, said) == (['closed', 'closed'], '')
