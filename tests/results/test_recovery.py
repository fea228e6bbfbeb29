"""Records of processes that were really killed are read back and stored."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from microbench import FileOutput, MicroBench
from microbench.cli.view import recover, show
from microbench.journal import lost, reader, recovery, written
from tests.cli.conftest import is_gone, wait_until
from tests.fakes import ROOT, only, python

KILLED = """
import os, signal, sys
from microbench import MicroBench

path = sys.argv[1]
{before}
bench = MicroBench(path, experiment='baseline')
with bench.record('simulation'):
    with bench.time('setup'):
        pass
    with bench.time('work'):
        {inside}
"""
OFD_SETLK = getattr(fcntl, 'F_OFD_SETLK', 37)  # Linux; in fcntl from Python 3.9 on
PIPE = subprocess.PIPE
BOOT = Path('/proc/sys/kernel/random/boot_id')
KILL = 'os.kill(os.getpid(), signal.SIGKILL)'
AFTER_THE_WRITE = f"""
class Cut(microbench._core.Appender):
    def append(self, record):
        super().append(record)
        {KILL}
"""
WITHIN_THE_WRITE = f"""
class Cut(microbench._core.Appender):
    def append(self, record):
        with open(path, 'ab') as file:
            file.write(record[:int(sys.argv[2])])
        {KILL}
"""
CUT = """
import microbench._core
{appender}
microbench._core.Appender = Cut
"""


@pytest.fixture
def path(tmp_path):
    """Return a file of records that does not exist."""
    return tmp_path / 'records.jsonl'


@pytest.fixture
def killed(path):
    """Run a program that is killed while its record is open."""

    def run(appender='', inside=KILL, *args, **options):
        before = CUT.format(appender=appender) if appender else ''
        code = KILLED.format(before=before, inside=inside)
        done = python(code, path, *args, **options)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert done.stderr == ''

    return run


def left(path):
    """Return the journals beside a file."""
    return reader.paths_for(str(path))


def change(path, old, new):
    """Replace bytes in the only journal."""
    [name] = left(path)
    data = Path(name).read_bytes()
    assert old in data
    Path(name).write_bytes(data.replace(old, new.ljust(len(old), b'\0'), 1))


def move_to_another_host(path):
    """Have the only journal say that it was written elsewhere."""
    here = os.uname().nodename.encode()
    change(path, here, b'elsewhere'[: len(here)])


def printed(capsys, path, *options):
    """Return what `microbench recover` prints."""
    assert recover.main([*options, str(path)]) == 0
    out, err = capsys.readouterr()
    assert err == ''
    return out.splitlines()


# --- readers --------------------------------------------------------------------------


def test_a_reader_sees_it_and_changes_nothing(path, killed):
    """Readers see the record at each reading, and change nothing."""
    killed()
    for _ in range(2):
        record = only(FileOutput(path).get_results())
        assert not path.exists()
        assert len(left(path)) == 1
    assert record['experiment'] == 'baseline'
    assert record['python']['executable'] == sys.executable
    assert record['exit_path'] == 'recovered'
    assert 'exit_signal' not in record  # no process sees its own SIGKILL
    assert {'by', 'time', 'duration_is_lower_bound'} <= set(record['recovered'])
    assert record['recovered']['by'].endswith(f':{os.getpid()}')
    call = record['call']
    assert call['name'] == 'simulation'
    assert [timing['name'] for timing in call['timings']] == ['setup']
    assert [timing['name'] for timing in call['open_timings']] == ['work']
    assert call['start_time'] <= call['finish_time']
    assert call['durations'][0] >= call['timings'][0]['duration']


def test_it_comes_after_what_is_there(path, killed):
    """The record is appended, also after a line without its end."""
    path.write_text('{"n":1}\n{"n":2}')
    killed()
    found = FileOutput(path).get_results()
    assert [record.get('n') for record in found] == [1, 2, None]
    assert path.read_text() == '{"n":1}\n{"n":2}'


def test_a_relative_path(path, killed, monkeypatch):
    """Journals are searched where the file is."""
    killed()
    monkeypatch.chdir(path.parent)
    assert len(FileOutput('records.jsonl').get_results()) == 1


def test_a_file_whose_name_begins_alike(path, killed):
    """A journal of another file is another file's."""
    killed()
    assert FileOutput(path.with_name('records')).get_results() == []
    assert FileOutput(path.with_name('ecords.jsonl')).get_results() == []


# --- writers --------------------------------------------------------------------------


def test_the_next_writer_puts_it_into_the_file(path, killed):
    """The next writer stores it once, before its own first record."""
    killed()
    bench = MicroBench(path)
    bench(len)('')
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == ['simulation', 'len']
    assert path.read_bytes().count(b'\n') == 2
    assert left(path) == []


def test_a_journal_that_cannot_be_recovered_costs_nothing(path, killed, monkeypatch):
    """A warning says so; the writer's own record is there."""
    killed()
    monkeypatch.setattr(reader.Journal, 'remove', lambda self: 1 / 0)
    bench = MicroBench(path)
    with pytest.warns(RuntimeWarning, match='could not be recovered'):
        bench(len)('')
    assert [r['call']['name'] for r in bench.get_results()] == ['simulation', 'len']


# --- the command ----------------------------------------------------------------------


def test_the_command(path, killed, capsys):
    """The command says what it did; a second time nothing is left to do."""
    killed()
    assert printed(capsys, path, '--dry-run')[0].endswith('would be recovered')
    assert not path.exists()
    [line] = printed(capsys, path)
    assert line.startswith('.records.jsonl.')
    assert ': 1 record of process ' in line
    assert json.loads(path.read_text())['exit_path'] == 'recovered'
    assert printed(capsys, path) == [f'{path}: there is nothing to recover']


def test_pandas_reads_the_file_afterwards(path, killed, capsys):
    """A torn beginning of a line does not stop pandas."""
    pandas = pytest.importorskip('pandas')
    killed(WITHIN_THE_WRITE, 'pass', 200)
    printed(capsys, path)
    assert list(pandas.read_json(path, lines=True)['exit_path']) == ['recovered']


# --- killed while writing ---------------------------------------------------------------


def test_a_record_that_was_written_is_not_recovered(path, killed, capsys):
    """A record that was written before the kill is there once."""
    killed(AFTER_THE_WRITE, 'pass')
    assert 'exit_path' not in only(FileOutput(path).get_results())
    assert ': no records of process ' in printed(capsys, path)[0]
    assert 'exit_path' not in only(FileOutput(path).get_results())
    assert left(path) == []


@pytest.mark.parametrize('size', [1, 16, 17, 100, 340, 400, 500])
def test_a_write_that_was_cut_short(path, killed, capsys, size):
    """The record is recovered; nothing of the beginning stays."""
    killed(WITHIN_THE_WRITE, 'pass', size)
    assert path.stat().st_size == size
    printed(capsys, path)
    [record] = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    assert record['exit_path'] == 'recovered'
    assert [timing['name'] for timing in record['call']['timings']] == ['setup', 'work']


# --- whose journal it is ----------------------------------------------------------------


def test_a_process_that_lives_is_left_alone(path, capsys):
    """The record of a living process is not taken."""
    code = KILLED.format(before='', inside="print('up', flush=True); input()")
    first = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n'
    words = [sys.executable, '-c', first + code, str(path)]
    pipes = {'stdin': PIPE, 'stdout': PIPE}
    with subprocess.Popen(words, **pipes, text=True) as process:
        assert process.stdout.readline() == 'up\n'
        assert FileOutput(path).get_results() == []
        [line] = printed(capsys, path)
        assert line.endswith(
            f'was left alone: its process ({process.pid}) is still running'
        )
        [line] = printed(capsys, path, '--force')
        assert 'still running' in line
        process.communicate('\n')
    assert only(FileOutput(path).get_results())['call']['name'] == 'simulation'
    assert left(path) == []


def test_our_own_records_are_left_alone(path):
    """A record that is open in this process is not dead."""
    bench = MicroBench(path)
    with bench.record('open'):
        assert len(left(path)) == 1
        assert bench.get_results() == []
        bench(len)('')
        assert [r['call']['name'] for r in bench.get_results()] == ['len']
    assert [r['call']['name'] for r in bench.get_results()] == ['len', 'open']


def test_another_host(path, killed, capsys):
    """For a journal of another host it is unknown whether its process is dead."""
    killed()
    move_to_another_host(path)
    change(path, BOOT.read_bytes().strip(), b'0' * 36)
    assert FileOutput(path).get_results() == []
    assert 'was left alone: it was written on ' in printed(capsys, path)[0]
    assert printed(capsys, path, '--force')[0].endswith(' recovered')
    assert len(FileOutput(path).get_results()) == 1


def test_a_host_whose_name_could_steer_the_terminal(path, killed, capsys):
    """A journal of another host may hold anything: it is printed as text."""
    killed()
    here = os.uname().nodename.encode()
    change(path, here, b'\x1b[2Jx'[: len(here)])
    change(path, BOOT.read_bytes().strip(), b'0' * 36)
    [why] = lost.left_alone(str(path))
    assert why.startswith('it was written on \\x1b')
    assert printed(capsys, path)[0].isprintable()
    assert show.main([str(path)]) == 0
    assert capsys.readouterr().err.replace('\n', '').isprintable()


def test_the_same_machine_under_another_name(path, killed):
    """A restarted container has another name on the same kernel."""
    killed()
    move_to_another_host(path)
    assert len(FileOutput(path).get_results()) == 1


def test_another_user(path, killed, capsys, monkeypatch):
    """A journal that belongs to another user is left alone."""
    killed()
    uid = os.geteuid()
    monkeypatch.setattr(os, 'geteuid', lambda: uid + 1)
    assert FileOutput(path).get_results() == []
    assert printed(capsys, path)[0].endswith(f'was left alone: it belongs to user {uid}')


@pytest.mark.parametrize('contents', [b'', bytes(65536)])
def test_killed_while_it_made_the_journal(path, capsys, contents):
    """An unfinished journal is empty, and goes with the next recovery."""
    done = python('import os; print(os.getpid())')
    dead = path.with_name(f'.records.jsonl.{done.stdout.strip()}-0a.journal')
    dead.write_bytes(contents)
    assert FileOutput(path).get_results() == []
    assert ': no records of process ' in printed(capsys, path)[0]
    assert left(path) == []


@pytest.fixture
def meanwhile(monkeypatch):
    """Run something once instead of the pause between two attempts at a lock."""

    def do(action):
        actions = [action]
        pause = lambda _: actions.pop()() if actions else time.sleep(0.01)  # noqa: E731
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=pause)
        monkeypatch.setattr(reader, 'time', clock)
        return actions

    return do


def test_an_owner_that_is_not_to_be_seen(path, killed, capsys, meanwhile):
    """An owner in a container has another number, so the lock decides."""
    killed()
    [name] = left(path)
    with Path(name).open('rb+') as journal:
        fcntl.fcntl(journal, OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
        pauses = meanwhile(lambda: pytest.fail('it waits'))
        assert FileOutput(path).get_results() == []
        assert len(pauses) == 1
        assert 'is still running' in printed(capsys, path)[0]
    assert len(FileOutput(path).get_results()) == 1


DYING = """
import ctypes, os, signal, sys, threading
from microbench import MicroBench

def last():
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)

with MicroBench(sys.argv[1]).record('block'):
    threading.Thread(target=last).start()
    ctypes.CDLL(None).syscall(60, 0)  # exit(2) on x86-64: of this thread alone
"""


@pytest.mark.parametrize('read', ['reader', 'command'])
def test_a_process_that_is_dying_is_waited_for(path, capsys, meanwhile, read):
    """A process whose first thread has ended may still hold its lock for a moment."""
    first = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n'
    words = [sys.executable, '-c', first + DYING, str(path)]
    with subprocess.Popen(words, stdin=PIPE) as process:
        wait_until(lambda: is_gone(process.pid))
        pauses = meanwhile(lambda: process.communicate(b'\n'))
        if read == 'command':
            assert ': 1 record of process ' in printed(capsys, path)[0]
        assert len(FileOutput(path).get_results()) == 1
        assert pauses == []


def test_a_recoverer_is_waited_for(path, killed, meanwhile):
    """A reader that comes meanwhile does not miss the record: it waits for a moment."""
    killed()
    [name] = left(path)
    code = 'import fcntl, sys\nfile = open(sys.argv[1], "rb+")\nfcntl.lockf(file, '
    code += 'fcntl.LOCK_EX)\nprint("up", flush=True)\ninput()'
    pipes = {'stdin': PIPE, 'stdout': PIPE}
    with subprocess.Popen([sys.executable, '-c', code, name], **pipes) as other:
        assert other.stdout.readline() == b'up\n'
        pauses = meanwhile(lambda: other.communicate(b'\n'))
        assert len(FileOutput(path).get_results()) == 1
        assert pauses == []


@pytest.mark.parametrize('name', ['x-0', '1', '1-', '-1', '1-0.2', '1-0-', '.1-0'])
def test_files_that_are_called_alike(path, name):
    """Files with similar names are no journals."""
    path.with_name(f'.records.jsonl.{name}.journal').write_bytes(b'')
    assert left(path) == []


@pytest.mark.parametrize('size', [8, 100, 1000])
def test_a_journal_cut_short(path, killed, capsys, size):
    """A truncated journal is reported and left alone."""
    killed()
    os.truncate(only(left(path)), size)
    assert FileOutput(path).get_results() == []
    assert 'left alone' in printed(capsys, path)[0]
    assert len(left(path)) == 1


def test_a_damaged_journal(path, killed, capsys):
    """A journal that cannot be understood is left alone, and a line says so."""
    killed()
    change(path, b'"experiment":"baseline"', b'"experiment":"base"ine"')
    assert FileOutput(path).get_results() == []
    [line] = printed(capsys, path)
    assert line.endswith('it stays, 1 record could not be understood')
    assert not path.exists() or path.read_bytes() == b''
    assert len(left(path)) == 1


def test_the_path_of_the_output_is_damaged(path, killed, capsys):
    """Without a readable path the journal is left alone."""
    killed()
    output = os.fsencode(os.path.realpath(path))
    place = Path(only(left(path))).read_bytes().index(output)
    change(path, struct.pack('=II', place, len(output)), struct.pack('=II', place, 1 << 30))
    assert FileOutput(path).get_results() == []
    assert 'does not say' in printed(capsys, path)[0]


def test_the_mark_of_the_output_is_damaged(path):
    """A size that no file has matches none: all of the file is searched."""
    path.write_bytes(b'{}\n')
    assert written.start_in(str(path), (0, 0, (1 << 64) - 1, 1)) is None


def test_a_name_of_a_phase_that_is_damaged(path, capsys):
    """A damaged length of gigabytes, once for each phase, is not allocated."""
    code = KILLED.format(
        before='',
        inside=f'[bench.time("p" * 32).__enter__().__exit__('
        f'None, None, None) for _ in range(20_000)]; {KILL}',
    )
    assert python(code, path).returncode == -signal.SIGKILL
    [journal] = left(path)
    size, name = re.escape((32).to_bytes(4, sys.byteorder)), b'p' * 32
    found = re.search(size + b'(.{4}' + name + b')', Path(journal).read_bytes(), re.DOTALL)
    change(path, found[0], (65536).to_bytes(4, sys.byteorder) + found[1])
    assert FileOutput(path).get_results() == []
    assert 'could not be understood' in printed(capsys, path)[0]


def test_a_link_is_not_followed(path, tmp_path, capsys):
    """A link is not followed: a journal is a file."""
    (tmp_path / '.records.jsonl.1-00.journal').symlink_to('/etc/passwd')
    assert FileOutput(path).get_results() == []
    assert 'left alone' in printed(capsys, path)[0]


def test_what_is_no_file_is_left_alone(path, capsys):
    """A FIFO or a directory with the name of a journal blocks no reader."""
    os.mkfifo(path.with_name('.records.jsonl.1-00.journal'))
    path.with_name('.records.jsonl.1-01.journal').mkdir()
    assert FileOutput(path).get_results() == []
    lines = printed(capsys, path)
    assert ['left alone' in line for line in lines] == [True, True]


def test_long_names(tmp_path, killed, capsys):
    """A journal's name is cut short: files whose names begin alike stay distinct."""
    one, other = (tmp_path / ('x' * 220 + end) for end in ('1', '2'))
    code = KILLED.format(before='', inside=KILL)
    for path in (one, other):
        assert python(code, path).returncode == -signal.SIGKILL
    assert len(left(one)) == 2
    for path in (one, other):
        assert len(FileOutput(path).get_results()) == 1
    printed(capsys, one)
    assert len(left(other)) == 1
    assert one.read_bytes().count(b'\n') == 1
    assert len(FileOutput(other).get_results()) == 1


def test_many_journals_beside_a_large_file(path, killed, monkeypatch):
    """Of records that were only open, no byte of the file is read."""
    for _ in range(3):
        killed()
    path.write_bytes(b'{"n":1}\n' * 1000)
    monkeypatch.setattr(written.Written, '_search', lambda *_: pytest.fail('it reads'))
    with MicroBench(path).record('open'):
        reports = list(recovery.survey(str(path)))
    assert sorted(len(report.lines) for report in reports) == [0, 1, 1, 1]
    assert 'still running' in only([r.why_not for r in reports if r.lives])
    MicroBench(path)(len)('')
    assert left(path) == []
    assert len(FileOutput(path).get_results()) == 1005


def test_the_number_of_the_process_is_used_again(path, killed):
    """The lock shows that the owner is dead, not the number."""
    killed()
    [name] = left(path)
    pid = int(Path(name).name.split('.')[3].partition('-')[0])
    change(path, pid.to_bytes(4, sys.byteorder), os.getpid().to_bytes(4, sys.byteorder))
    assert len(FileOutput(path).get_results()) == 1


def test_another_boot(path, killed):
    """A process does not survive a reboot."""
    killed()
    change(path, BOOT.read_bytes().strip(), b'0' * 36)
    assert len(FileOutput(path).get_results()) == 1


# --- at the same time, and killed again -------------------------------------------------


def test_several_at_once(path, killed):
    """Eight recoveries at once give one record."""
    killed()
    code = 'import sys\nfrom microbench.cli.view import recover\n'
    code += 'print("up", file=sys.stderr, flush=True)\ninput()\n'
    code += 'recover.main(sys.argv[1:])'
    first = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n'
    words = [sys.executable, '-c', first + code, str(path)]
    others = [
        subprocess.Popen(words, stdin=PIPE, stdout=subprocess.DEVNULL, stderr=PIPE)
        for _ in range(8)
    ]
    for other in others:
        assert other.stderr.readline() == b'up\n'
    for other in others:
        other.stdin.write(b'\n')
        other.stdin.flush()
    for other in others:
        other.communicate()
        assert other.returncode == 0
    assert len(path.read_bytes().splitlines()) == 1
    assert left(path) == []


CRASH = """
import os, signal, sys
from microbench import _core
from microbench.cli.view import recover
from microbench.journal import reader, torn_lines

place, name, when = {place}, {name!r}, {when!r}
whole = getattr(place, name)

def cut(*args):
    if when == 'before':
        os.kill(os.getpid(), signal.SIGKILL)
    whole(*args)
    os.kill(os.getpid(), signal.SIGKILL)

class Appender(_core.Appender):
    pass

_core.Appender = Appender
setattr(Appender if {name!r} in ('append', 'sync') else place, name, cut)
recover.main(sys.argv[1:])
"""


@pytest.mark.parametrize('when', ['before', 'after'])
@pytest.mark.parametrize(
    ('place', 'name'),
    [
        ('_core.Appender', 'append'),
        ('reader.Journal', 'note_recovery'),
        ('torn_lines', 'blank'),
        ('_core.Appender', 'sync'),
        ('reader.Journal', 'remove'),
    ],
)
def test_killed_while_it_recovers(path, killed, capsys, place, name, when):
    """The next recovery gives one record, complete lines and no journal."""
    killed(WITHIN_THE_WRITE, 'pass', 100)
    done = python(CRASH.format(place=place, name=name, when=when), path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(FileOutput(path).get_results()) == 1
    printed(capsys, path)
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    assert json.loads(only(lines))['call']['name'] == 'simulation'
    assert left(path) == []


# --- wrong use --------------------------------------------------------------------------


def test_a_directory_is_refused(tmp_path, capsys):
    """A directory without result files is one sentence and status 2."""
    assert recover.main([str(tmp_path)]) == 2
    assert 'there are no result files' in capsys.readouterr().err
