"""Where a journal is made and where not, unnoticed by the program."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import SANITIZED
from tests.fakes import ROOT

NONE = """
with bench.record('block'):
    assert journals() == [], journals()
"""
ONE = """
with bench.record('block'):
    assert len(journals()) == 1, journals()
"""
CALLED = """
@bench
def work():
    return len(journals())

called = work()
"""


def ends_well(left):
    """Assert that a program printed nothing and left nothing but its records."""
    assert (left.status, left.out, left.err) == (0, '', '')
    assert left.journals == []
    return left.records


@pytest.mark.parametrize(
    ('argument', 'variable', 'blocks', 'calls'),
    [
        ('', '', 1, 0),
        ('', 'auto', 1, 0),
        ('', 'on', 1, 1),
        ('', 'off', 0, 0),
        ("journal='auto'", 'off', 1, 0),
        ("journal='on'", 'off', 1, 1),
        ("journal='off'", 'on', 0, 0),
    ],
)
def test_what_is_shown(program, argument, variable, blocks, calls):
    """The argument, else MICROBENCH_JOURNAL, selects blocks, calls too, or nothing."""
    left = program(
        f'bench = MicroBench(path, {argument})'
        + (ONE if blocks else NONE).replace('block', 'a')
        + 'del bench\n'
        + f'bench = MicroBench(path, {argument})'
        + CALLED
        + f'assert called == {calls}, called\n',
        env={'MICROBENCH_JOURNAL': variable},
    )
    assert [r['call']['name'] for r in ends_well(left)] == ['a', 'work']


def test_a_directory_of_its_own(program, tmp_path):
    """journal=DIRECTORY puts the journal there, on any file system."""
    place = tmp_path / 'elsewhere'
    place.mkdir()
    left = program(f"""
bench = MicroBench(path, journal={str(place)!r})
with bench.record('block'):
    assert journals() == []
    assert len(journals({str(place)!r})) == 1
""")
    assert len(ends_well(left)) == 1
    assert list(place.iterdir()) == []


def test_a_wrong_variable_is_named(program):
    """A wrong MICROBENCH_JOURNAL is one sentence at construction."""
    left = program('MicroBench(path)', env={'MICROBENCH_JOURNAL': 'maybe'})
    assert left.err.splitlines()[-1].startswith('ValueError: MICROBENCH_JOURNAL')


@pytest.mark.parametrize(
    'bench',
    [
        'MicroBench()',
        'MicroBench(open(path, "a"))',
        'MicroBench("/dev/null")',
        'MicroBench(outputs=[])',
        'MicroBench(os.path.join(path, "no", "directory"))',
        'type("Own", (MicroBench,), {"to_json": lambda self, value: "{}"})(path)',
        'type("Own", (MicroBench,), {"output_result": lambda self, data: None})(path)',
        'MicroBench(outputs=[type("F", (FileOutput,), {"write": print})(path)])',
    ],
)
def test_benches_without(program, bench):
    """A bench without a regular file, or with a method for records, has no journal."""
    left = program(
        f'import warnings; warnings.simplefilter("ignore")\nbench = {bench}' + NONE
    )
    assert left.journals == []
    assert left.status == 0, left.err


# NFS, SMB2, Lustre, GPFS, FUSE, btrfs, and an unknown one
@pytest.mark.parametrize(
    'kind', [0x6969, 0xFE534D42, 0x0BD00BD0, 0x47504653, 0x65735546, 0x9123683E, 0x12345]
)
def test_other_file_systems_only_if_asked(program, other_file_system, kind):
    """On a network file system 'auto' makes no journal; 'on' does."""
    env = other_file_system(kind)
    ends_well(program('bench = MicroBench(path)' + NONE, env=env))
    ends_well(program("bench = MicroBench(path, journal='on')" + ONE, env=env))


BTRFS = 0x9123683E


def test_an_overlay_is_as_safe_as_what_lies_below_it(program, overlay, other_file_system):
    """The upper layer decides, where it can be seen."""
    folder, upper = overlay
    ends_well(program('bench = MicroBench(path)' + ONE, folder=folder))
    env = other_file_system(BTRFS, STATFS_PATH=str(upper))
    ends_well(program('bench = MicroBench(path)' + NONE, folder=folder, env=env))


@pytest.mark.parametrize(('files', 'code'), [(None, ONE), ('0', NONE)])
def test_an_overlay_whose_layers_are_out_of_sight(
    program, overlay, other_file_system, files, code
):
    """In a container the number of inodes decides, which btrfs does not have."""
    folder, upper = overlay
    subprocess.run(['umount', '-l', upper], check=True)
    env = other_file_system(0x794C7630, STATFS_PATH=str(folder))
    env |= {'STATFS_FILES': files} if files else {}
    ends_well(program('bench = MicroBench(path)' + code, folder=folder, env=env))
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', upper], check=True)  # for the fixture


def test_a_full_disk_has_none(program, small_disk):
    """A full disk has no journal, no SIGBUS, and the records that fit."""
    folder = small_disk('-o', 'size=64k')
    left = program(
        """
with open(path + '.filler', 'wb') as filler:
    filler.write(bytes(30 * 1024))
bench = MicroBench(path)
for number in range(30):
    with bench.record('block'):
        assert journals() == []
        for phase in range(100):
            with bench.time('phase'):
                pass
""",
        folder=folder,
    )
    assert left.status == 0, left.err


def test_a_disk_that_fills_up(program, small_disk):
    """A journal on a disk that fills up causes no SIGBUS; measuring goes on."""
    folder = small_disk('-o', 'size=256k')
    left = program(
        """
bench = MicroBench(path)
with bench.record('first'):
    assert len(journals()) == 1
filler = os.open(path + '.filler', os.O_CREAT | os.O_WRONLY)
try:
    while os.write(filler, bytes(4096)):
        pass
except OSError:
    pass
with bench.record('long'):
    for number in range(20_000):
        with bench.time('phase'):
            pass
    os.unlink(path + '.filler')
    die()
""",
        folder=folder,
    )
    assert left.status == -9, left.err
    call = left.shown['long']['call']
    assert call['journal_full'] is True
    assert 0 < len(call['timings']) < 20_000


def test_a_file_system_that_is_read_only(program, small_disk):
    """The sink warns that it cannot write; the journal prints nothing."""
    folder = small_disk('-o', 'ro')
    code = 'bench = MicroBench(path, journal={!r})\nwith bench.record("block"):\n    pass'
    said = [program(code.format(word), folder=folder).err for word in ('off', 'on')]
    without, with_it = [text.partition('{"mb"')[0] for text in said]
    assert 'records.jsonl' in without
    assert with_it == without


def test_the_mode_is_never_wider_than_that_of_the_output(program):
    """The journal has the mode of the output, so only its readers can read it."""
    for mode in (0o600, 0o640, 0o644):
        left = program(f"""
os.umask(0)
os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
os.chmod(path, {mode})
with MicroBench(path).record('block'):
    [journal] = journals()
    found = os.stat(os.path.join(os.path.dirname(path), journal)).st_mode & 0o7777
    assert found == {mode}, oct(found)
os.unlink(path)
""")
        ends_well(left)


def test_no_descriptor_stays(program):
    """No descriptor stays open, and closing all of them breaks nothing."""
    left = program("""
def descriptors():
    return sorted(os.listdir('/proc/self/fd'))

bench = MicroBench(path)
bench._bench_config.delivery.sinks[0].write('{}')
before = descriptors()
with bench.record('block'):
    assert descriptors() == before
    os.closerange(3, 256)
    with bench.time('phase'):
        pass
    assert len(journals()) == 1
""")
    assert left.status == 0, left.err
    assert left.journals == []


def test_two_benches_share_one(program):
    """Benches with one file share one journal, until all have gone."""
    left = program("""
one, two = MicroBench(path), MicroBench(path)
with one.record('a'), two.record('b'):
    assert len(journals()) == 1
del one
assert len(journals()) == 1
del two
assert journals() == []
""")
    assert len(ends_well(left)) == 2


def test_benches_that_come_and_go_leave_nothing(program):
    """Thousands of output files in turn, a hundred at once, leave no journal."""
    left = program("""
import glob
for number in range(2000):
    with MicroBench(f'{path}.{number}').record('block'):
        pass
benches = [MicroBench(f'{path}.{number}') for number in range(100)]
for bench in benches:
    with bench.record('block'):
        pass
assert len(journals()) <= 64
for name in glob.glob(path + '.*'):
    os.unlink(name)
""")
    ends_well(left)


def test_a_journal_that_another_process_deletes(program):
    """A deleted journal is no error; a file in its place is not removed."""
    left = program("""
bench = MicroBench(path)
with bench.record('block'):
    [name] = journals()
    name = os.path.join(os.path.dirname(path), name)
    os.unlink(name)
    open(name, 'w').close()
    for number in range(20_000):
        with bench.time('phase'):
            pass
del bench
assert os.path.exists(name)
os.unlink(name)
""")
    [record] = ends_well(left)
    assert len(record['call']['timings']) == 20_000


def test_another_outfile_has_another_journal(program):
    """`outfile` of a sink may change between two records."""
    left = program("""
sink = FileOutput(path)
bench = MicroBench(outputs=[sink])
with bench.record('block'):
    [first] = journals()
sink.outfile = path + '.2'
with bench.record('block'):
    [second] = journals()
    assert second.startswith('.records.jsonl.2.')
os.unlink(path + '.2')
""")
    assert len(ends_well(left)) == 1


def test_secrets_are_masked(program):
    """A password in a field is in no page of the journal."""
    left = program("""
class Bench(MicroBench):
    def capture_url(self, data):
        data['captured'] = 'http://me:topsecret@host/'
for bench in (MicroBench(path, url='http://me:topsecret@host/'), Bench(path)):
    with bench.record('block'):
        [journal] = journals()
        with open(os.path.join(os.path.dirname(path), journal), 'rb') as file:
            data = file.read()
        assert b'topsecret' not in data
        assert b'"masked":["' in data
    del bench
""")
    assert len(ends_well(left)) == 2


def test_hooks_that_replace_what_microbench_set(program):
    """A record whose `mb` a hook has replaced is not shown in the journal."""
    left = program("""
class Bench(MicroBench):
    def capture_x(self, data):
        data['mb'] = self.what

for what in (5, {}, {'record_id': 'mine'}):
    bench = Bench(path)
    bench.what = what
    with bench.record('block'):
        die() if journals() and 'x' in sys.argv else None
    del bench
""")
    assert [r['mb'] for r in ends_well(left)] == [5, {}, {'record_id': 'mine'}]


def test_a_bench_travels_without_its_journal(program):
    """A pickled bench makes a journal of its own where it arrives."""
    ends_well(
        program("""
import copy, pickle
bench = MicroBench(path)
with bench.record('a'):
    pass
for other in (pickle.loads(pickle.dumps(bench)), copy.deepcopy(bench)):
    with other.record('b'):
        assert len(journals()) == 1
""")
    )


def test_a_record_that_was_claimed_is_not_written_again(program):
    """Python does not write a record that native code has claimed."""
    left = program("""
class Bench(MicroBench):
    def capture_x(self, data):
        data['x'] = 1

for bench in (MicroBench(path), Bench(path)):
    with bench.record('claimed'):
        microbench._core.emergency_write(signal.SIGTERM)
    with bench.record('not claimed'):
        pass
    del bench
""")
    records = ends_well(left)
    assert [r['call']['name'] for r in records] == ['claimed', 'not claimed'] * 2
    assert [r.get('exit_path') for r in records] == ['native', None] * 2


@pytest.mark.skipif(SANITIZED, reason='a sanitizer asks the kernel, too')
def test_a_file_of_several_machines_is_locked(tmp_path, other_file_system):
    """On NFS a record is written under a lock, and its end is looked up under it."""
    if not shutil.which('strace'):
        pytest.skip('needs strace')
    code = "from microbench import FileOutput\nFileOutput('f.jsonl').write('{}')"
    out, env = tmp_path / 'strace', {**os.environ, 'PYTHONPATH': str(ROOT)}
    preload = other_file_system(0x6969)
    words = [f'-E{name}={value}' for name, value in preload.items()]
    command = ['strace', '-qq', '-y', '-o', out, *words, sys.executable, '-c', code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
    if b'ptrace' in done.stderr:
        pytest.skip('needs the right to trace (ptrace)')
    assert (done.returncode, done.stderr) == (0, b'')
    asked = [line for line in out.read_text().splitlines() if 'f.jsonl>' in line]
    begin = next(n for n, line in enumerate(asked) if 'F_WRLCK' in line)
    names = [line.partition('(')[0] for line in asked[begin:]]
    end = next(n for n, line in enumerate(asked) if 'F_UNLCK' in line) - begin
    assert names[: end + 1] == ['fcntl', 'statx', 'writev', 'fcntl']
    assert (tmp_path / 'f.jsonl').read_text() == '{}\n'
