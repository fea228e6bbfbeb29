"""The command's output: captured, passed on at once, and never a cause to hang."""

import io
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.__main__ import main
from microbench.cli.run import pipes
from microbench.cli.run.pipes import MOST_MISSED, OutputBuffer, PassOn, Reader
from microbench.cli.run.timers import TimerThread
from microbench.cli.streams import write_all
from tests.cli.conftest import FAKE_PID, is_gone, records_in, stub_processes, wait_until

OUT = ('-o', 'out.jsonl')

# --- real processes -------------------------------------------------------------------


def test_captured_output_is_stored_and_passed_on(command):
    """Each iteration and stream has its text, "" for a silent one."""
    script = (
        'echo >> ran; [ $(wc -l < ran) = 2 ] && exit 0; '
        'printf "out\\r\\n\\377"; echo err >&2'
    )
    outcome = command(*OUT, '--stdout', '--stderr', '-n', '3', '--', 'sh', '-c', script)
    assert outcome.status == 0
    assert outcome.stdout == 'out\n\udcff' * 2
    assert outcome.stderr == 'err\n' * 2
    call = outcome.call
    assert call['stdout'] == ['out\r\n�', '', 'out\r\n�']
    assert call['stderr'] == ['err\n', '', 'err\n']


def test_suppressed_output_is_only_stored(command):
    """Suppressed output is stored, except that of warm-up."""
    outcome = command(
        *OUT,
        *('--stdout=suppress', '--stderr=suppress', '-w', '1'),
        *('--', 'sh', '-c', 'echo out; echo err >&2'),
    )
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')
    call = outcome.call
    assert (call['stdout'], call['stderr']) == (['out\n'], ['err\n'])


def test_what_is_not_captured_is_not_stored(command):
    """Without the option the record has no field for the output."""
    outcome = command(*OUT, '--stderr', '--', 'echo', 'out')
    assert (outcome.status, outcome.stdout) == (0, 'out\n')
    call = outcome.call
    assert 'stdout' not in call
    assert call['stderr'] == ['']


def test_the_record_is_the_last_line(command):
    """The record is printed after the output that was passed on."""
    outcome = command('--stdout', '--', 'echo', 'hello')
    assert (outcome.status, outcome.stderr) == (0, '')
    said, record = outcome.stdout.splitlines()
    assert said == 'hello'
    assert json.loads(record)['call']['stdout'] == ['hello\n']


def test_a_progress_bar_moves(start):
    """Text that ends with a carriage return is passed on while the program waits."""
    command = start(*OUT, '--stdout', '--', 'sh', '-c', r'printf "50 %%\r"; read line')
    assert os.read(command.process.stdout.fileno(), 100) == b'50 %\r'
    outcome = command.ended()
    assert (outcome.status, outcome.stderr) == (1, '')
    assert outcome.call['stdout'] == ['50 %\r']


def test_a_reader_that_goes_away_hangs_no_run(start):
    """All output is read and stored although `| head -1` has ended."""
    script = (
        'echo first; read line; i=0; while [ $i -lt 40000 ]; do echo $i; i=$((i+1)); done'
    )
    command = start(*OUT, '--stdout', '--', 'sh', '-c', script)
    assert command.line() == 'first'
    command.process.stdout.close()
    command.process.stdin.close()
    assert command.process.stderr.read() == ''
    assert command.process.wait(60) == 0
    [line] = command.out.read_text().splitlines()
    [text] = json.loads(line)['call']['stdout']
    assert text.splitlines() == ['first', *map(str, range(40000))]


def test_a_program_that_never_stops_writing(start):
    """An endless program ends by SIGPIPE soon after its reader has gone."""
    command = start(*OUT, '--stdout', '--', 'yes')
    assert command.line() == 'y'
    command.process.stdout.close()
    assert command.process.stderr.read() == ''
    assert command.process.wait(60) == 128 + signal.SIGPIPE
    [record] = records_in(command.out)
    assert record['call']['returncode'] == [-signal.SIGPIPE]
    [text] = record['call']['stdout']
    assert MOST_MISSED < len(text) < 2 * MOST_MISSED


def test_a_grandchild_that_keeps_the_pipe_is_not_waited_for(start):
    """The child's own output is stored; the grandchild lives on."""
    script = 'exec 3<&0; echo before; cat <&3 & echo $!'
    command = start(*OUT, '--stdout', '--stderr', '--', 'sh', '-c', script)
    assert command.line() == 'before'
    grandchild = int(command.line())
    assert command.process.wait(60) == 0
    assert not is_gone(grandchild)
    outcome = command.ended()
    assert outcome.stderr == ''
    assert outcome.call['stdout'] == [f'before\n{grandchild}\n']


def test_a_grandchild_that_never_stops_writing(start):
    """One pipe's worth is read of a grandchild that never stops writing."""
    script = 'yes & echo "$!" >&2'
    command = start(*OUT, '--stdout=suppress', '--', 'sh', '-c', script)
    noisy = int(command.process.stderr.readline())
    assert command.process.wait(60) == 0
    wait_until(lambda: is_gone(noisy))  # the pipe is gone with us
    [text] = command.ended().call['stdout']
    assert set(text.splitlines()) <= {'y', ''}


@pytest.mark.parametrize('closed', ['>&-', '2>&-', '<&-', '<&- >&- 2>&-'])
def test_standard_streams_may_be_closed(ended, closed):
    """The record is complete; nothing is written to a file that has their number."""
    script = f'exec "$0" -m microbench -o out.jsonl --stdout --stderr "$@" {closed}'
    words = ['sh', '-c', 'echo out; echo err >&2; exit 3']
    done = ended('sh', '-c', script, sys.executable, '--', *words)
    assert done.status == 3
    assert (done.call['stdout'], done.call['stderr']) == (['out\n'], ['err\n'])


def test_the_child_sees_that_a_stream_is_closed(ended):
    """A closed stream is closed for the child, though its number is occupied."""
    script = 'exec "$0" -m microbench -o out.jsonl "$@" >&-'
    look = 'import os\ntry: os.fstat(1)\nexcept OSError: raise SystemExit(9)'
    done = ended('sh', '-c', script, sys.executable, '--', sys.executable, '-c', look)
    assert done.status == 9


def test_a_limit_keeps_head_and_tail(command):
    """A limit keeps head and tail, and counts the rest."""
    outcome = command(*OUT, '--stdout', '--capture-limit=8', '--', 'echo', '0123456789ab')
    assert (outcome.status, outcome.stdout) == (0, '0123456789ab\n')
    assert outcome.call['stdout'] == ['0123\n[... 5 bytes left out ...]\n9ab\n']


def test_a_failed_start_with_captured_output(command):
    """After a failed start there is no output to read."""
    outcome = command(*OUT, '--stdout', '--stderr', '--', 'no-such-program')
    assert (outcome.status, outcome.stdout) == (127, '')
    assert (outcome.call['stdout'], outcome.call['stderr']) == ([], [])


def test_ctrl_c_with_captured_output(start):
    """Output before Ctrl-C, and what the child prints about it, is stored."""
    script = 'trap "echo bye; exit 130" INT; echo hello; read line'
    command = start(*OUT, '--stdout', '-n', '2', '--', 'sh', '-c', script)
    assert command.line() == 'hello'
    command.send(signal.SIGINT)
    assert command.line() == 'bye'
    outcome = command.wait()
    assert (outcome.status, outcome.stderr) == (-signal.SIGINT, '')
    assert outcome.call['stdout'] == ['hello\nbye\n']


# --- stubbed processes ----------------------------------------------------------------


class FakePipe:
    """Lines of bytes that note whether they were closed."""

    def __init__(self, *lines, error=None):
        self.lines, self.error = lines, error
        self.closed = False

    def __iter__(self):
        yield from self.lines
        if self.error:
            raise self.error

    def close(self):
        self.closed = True


@pytest.fixture
def fake(monkeypatch):
    """Stub process creation: the process has these pipes, and `statuses` in turn."""

    def install(stdout, stderr, *statuses):
        class Process:
            pid = FAKE_PID
            returncode = None

            def __init__(self, command, **options):
                assert options['stdout'] == options['stderr'] == subprocess.PIPE
                self.stdout, self.stderr = stdout, stderr

            def kill(self):
                pass

            def wait(self):
                pass

        stub_processes(monkeypatch, Process, *statuses)

    return install


WORDS = ['--no-mixin', '--stdout', '--stderr', '--', 'simulate']


def test_pipes_may_be_lines_of_bytes(fake, monkeypatch, capsys):
    """Lines are copied as text to the current streams, and the pipe is closed."""
    out, err = FakePipe(b'a\n', b'\xff b'), FakePipe(b'e\n')
    fake(out, err, 0)
    copies = {name: io.StringIO() for name in ('__stdout__', '__stderr__')}
    for name, copy in copies.items():
        monkeypatch.setattr(sys, name, copy)
    with pytest.raises(SystemExit) as ended:
        main(WORDS)
    assert ended.value.code == 0
    assert [copy.getvalue() for copy in copies.values()] == ['a\n� b', 'e\n']
    assert out.closed
    assert err.closed
    call = json.loads(capsys.readouterr().out)['call']
    assert (call['stdout'], call['stderr']) == (['a\n� b'], ['e\n'])


def test_pipes_are_closed_after_an_error(fake, capsys):
    """Output that was read before an error is stored."""
    out, err = FakePipe(b'a\n'), FakePipe(b'b\n', error=OSError('broken'))
    fake(out, err, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        main(WORDS)
    assert out.closed
    assert err.closed
    captured = capsys.readouterr()
    call = json.loads(captured.out.splitlines()[-1])['call']
    assert (call['stdout'], call['stderr']) == (['a\n'], ['b\n'])


# --- the parts ------------------------------------------------------------------------


def test_a_slow_reader_thread_is_waited_for(monkeypatch):
    """A reader that is still passing text on is waited for: more is in the pipe."""
    monkeypatch.setattr(pipes, 'DRAIN_TIMEOUT', 0.0)
    monkeypatch.setattr(pipes, 'POLL_INTERVAL', 0.001)
    passing, go_on = threading.Event(), threading.Event()

    def pass_on(piece, final=False):
        passing.set()
        go_on.wait(60)

    read_end, write_end = os.pipe()
    timers = TimerThread(lambda number: None)
    reader = Reader(os.fdopen(read_end, 'rb', 0), pass_on, OutputBuffer(), timers)
    reader.start()
    os.write(write_end, b'first ')
    assert passing.wait(60)
    os.write(write_end, b'second')
    looks = iter(range(100))
    reader.finish(is_urgent=lambda: next(looks) == 50)
    assert next(looks) == 51  # it was urgent, and not given up before
    go_on.set()
    reader.finish()
    assert reader.take() == 'first second'
    os.close(write_end)
    timers.start()
    timers.stop()


class Failing(io.StringIO):
    """A stream whose n-th write fails."""

    def write(self, text):
        raise ValueError('I/O operation on closed file')


@pytest.mark.parametrize('stream', [None, Failing(), object()])
def test_a_stream_that_takes_nothing(stream):
    """A stream that fails raises nothing, whatever is passed on."""
    pass_on = PassOn(stream)
    for piece in (b'a', b'b'):
        pass_on(piece)
    pass_on(b'', final=True)


@given(st.text(), st.lists(st.integers(0, 200)))
def test_text_is_whole_wherever_the_pieces_end(text, cuts):
    """Characters of several bytes may arrive in parts."""
    data = text.encode()
    stream = io.StringIO(newline='')
    pass_on = PassOn(stream)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in zip(places, [*places[1:], len(data)], strict=True):
        pass_on(data[start:end])
    pass_on(b'', final=True)
    assert stream.getvalue() == text


def test_a_descriptor_that_does_not_block():
    """Output that a non-blocking descriptor does not take yet is written later."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    data = bytes(range(256)) * 4096
    thread = threading.Thread(target=write_all, args=(writer, data))
    thread.start()
    got = bytearray()
    while len(got) < len(data):
        got += os.read(reader, 65536)
    thread.join()
    assert got == data
    os.close(reader)
    os.close(writer)


pieces = st.lists(st.binary(max_size=50) | st.text(max_size=20).map(str.encode))


@given(pieces)
def test_without_a_limit_all_is_kept(pieces):
    """Without a limit all output is kept, whatever the pieces are."""
    kept = OutputBuffer()
    for piece in pieces:
        kept.add(piece)
    assert kept.text() == b''.join(pieces).decode('utf-8', 'replace')


@given(pieces, st.integers(0, 60))
def test_head_and_tail_and_what_was_left_out(pieces, limit):
    """Whole characters up to the limit are kept, and the count is right."""
    kept, data = OutputBuffer(limit), b''.join(pieces)
    for piece in pieces:
        kept.add(piece)
    text = kept.text()
    if len(data) <= limit:
        assert text == data.decode('utf-8', 'replace')
        return
    head, count, tail = split(text)
    tail_size = limit // 2
    assert data[: limit - tail_size].decode('utf-8', 'replace').startswith(head)
    assert data[len(data) - tail_size :].decode('utf-8', 'replace').endswith(tail)
    assert len(data) - limit <= count <= len(data) - limit + 6


def split(text):
    """Return head, number of bytes and tail of a text that was cut."""
    head, _, rest = text.rpartition('\n[... ')
    count, _, tail = rest.partition(' bytes left out ...]\n')
    return head, int(count), tail


def test_long_output_with_a_limit_takes_no_memory():
    """Output between head and tail is dropped on the way."""
    kept = OutputBuffer(1000)
    for _ in range(1000):
        kept.add(b'x' * 10_000)
        assert len(kept._head) + len(kept._tail) < 100_000
    assert f'{10_000_000 - 1000} bytes left out' in kept.text()
