"""`microbench.read`: the records of files, directories and patterns, damaged or not."""

import bz2
import gzip
import json
import lzma
import os
import pathlib
import sys
import types
import warnings

import pytest

from microbench import FileOutput, MicroBench, read
from microbench.results import shapes
from microbench.results.reading import BLOCK
from tests.fakes import printed, python


def lines(*numbers):
    """Return a file of records."""
    return b''.join(b'{"n":%d}\n' % number for number in numbers)


def numbers(records):
    """Return the `n` of each."""
    return [record['n'] for record in records]


def read_all(paths, **options):
    """Return the numbers, the reader, and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        reader = read(paths, **options)
        found = numbers(reader)
    assert {warning.category for warning in caught} <= {RuntimeWarning}
    return found, reader, [str(warning.message) for warning in caught]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty directory; return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- what is read ------------------------------------------------------------------------


@pytest.mark.parametrize('kind', [str, os.fsencode, pathlib.Path])
def test_a_file(folder, kind):
    """Any form of a path will do; records come in order, silently."""
    folder.joinpath('a.jsonl').write_bytes(lines(1, 2, 3))
    found, reader, texts = read_all(kind('a.jsonl'))
    assert found == [1, 2, 3]
    assert (reader.path, reader.damaged, reader.unread, texts) == ('a.jsonl', {}, {}, [])


def test_several_paths_in_their_order(folder):
    """A file that several paths stand for is read once, where it comes first."""
    for name, number in (('a.jsonl', 1), ('b-2.jsonl', 2), ('b-10.jsonl', 10)):
        folder.joinpath(name).write_bytes(lines(number))
    found, reader, _ = read_all(
        iter(['b-*.jsonl', 'a.jsonl', 'b-2.jsonl', pathlib.Path('a.jsonl')])
    )
    assert found == [2, 10, 1]
    assert reader.path == 'a.jsonl'
    assert numbers(read([])) == []


def test_a_directory(folder):
    """Result files in it and below are read; other files, hidden ones and links are not."""
    names = {
        *('a.jsonl', 'a.jsonl.1', 'a.jsonl-20261129', 'b.ndjson', 'sub/c.jsonl'),
        *('sub/deep/d.1.jsonl', 'run[1].jsonl'),
    }
    others = {
        *('notes.json', 'a.jsonl.bak', 'a.jsonl.7.part', '.hidden.jsonl', '.git/x.jsonl'),
        *('a.jsonl~', 'jsonl', 'a.csv', 'a.jsonlx'),
    }
    for place, name in enumerate(sorted(names | others)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines(place))
    folder.joinpath('z.jsonl.gz').write_bytes(gzip.compress(lines(99)))
    folder.joinpath('loop').symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / 'pipe.jsonl')
    (folder / 'empty.jsonl').mkdir()
    seen = {}
    reader = read(folder)
    for record in reader:
        seen[os.path.relpath(reader.path, folder)] = record['n']
    assert set(seen) == {*names, 'z.jsonl.gz'}
    assert seen['z.jsonl.gz'] == 99


def test_an_empty_directory(folder):
    """Nothing has run there yet: that is no error."""
    found, reader, texts = read_all(folder)
    assert (found, reader.path, texts) == ([], None, [])


@pytest.mark.parametrize(
    ('suffix', 'compress'),
    [('gz', gzip.compress), ('bz2', bz2.compress), ('xz', lzma.compress)],
)
def test_compressed_files(folder, suffix, compress):
    """They are unpacked, alone and among others."""
    folder.joinpath(f'a.jsonl.{suffix}').write_bytes(compress(lines(*range(5000))))
    folder.joinpath('b.jsonl').write_bytes(lines(7))
    assert numbers(read(f'a.jsonl.{suffix}')) == list(range(5000))
    assert len(list(read('?.jsonl*'))) == 5001


def test_flat_records(folder):
    """Names of nested objects are joined as by get_results, also on damaged lines."""
    record = {'mb': {'run_id': 'r'}, 'a': {'b': {'c': 1}, 'd': {}}, 'e': [{'f': 2}]}
    folder.joinpath('a.jsonl').write_text(json.dumps(record) + '\n')
    folder.joinpath('b.jsonl').write_text('{"torn' + json.dumps(record) + '\n')
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        assert list(read('?.jsonl', flat=True)) == [shapes.flattened(record)] * 2


def ids(records):
    """Return name and id of each."""
    return [(record['call']['name'], record['mb']['record_id']) for record in records]


def test_what_get_results_gives(folder):
    """A file of a bench reads the same in both ways, that of a killed process included."""
    code = """
import os
from microbench import MicroBench
bench = MicroBench('a.jsonl')
with bench.record('done'):
    pass
bench.record('open').__enter__()
os._exit(1)
"""
    python(code)
    found = ids(FileOutput('a.jsonl').get_results())
    assert len(found) == 2
    for paths in 'a.jsonl', folder, '?.jsonl':
        assert ids(read(paths)) == found


def test_a_file_of_which_only_a_journal_exists(folder):
    """The record of a killed process is read before its file exists."""
    code = """
import os
from microbench import MicroBench
MicroBench('a.jsonl').record('open').__enter__()
os._exit(1)
"""
    python(code)
    assert not folder.joinpath('a.jsonl').exists()
    for paths in 'a.jsonl', 'a*.jsonl', '.':
        assert [record['call']['name'] for record in read(paths)] == ['open']


# --- what is wrong -----------------------------------------------------------------------


def test_nothing_there(folder):
    """A path or pattern that leads to nothing is an error at once, and names it."""
    folder.joinpath('a.jsonl').touch()
    for paths in 'missing.jsonl', 'missing*.jsonl', ['a.jsonl', 'b.jsonl']:
        with pytest.raises(FileNotFoundError) as caught:
            read(paths)
        assert caught.value.filename in (paths, 'b.jsonl')
    with pytest.raises(FileNotFoundError, match='no file matches'):
        read('missing*.jsonl')


@pytest.mark.parametrize(
    ('paths', 'error'),
    [
        (3, TypeError),
        (None, TypeError),
        ([None], TypeError),
        ('', ValueError),
        (['a\0'], ValueError),
    ],
)
def test_no_path(paths, error):
    """Anything else is refused at once."""
    with pytest.raises(error, match='path'):
        read(paths)


def test_damaged_lines_are_counted_by_file(folder):
    """They cost only themselves; one warning at the end names the files."""
    folder.joinpath('a.jsonl').write_bytes(
        lines(1) + b'{"torn\n' + lines(2) + b'\0\0\n[]\n'
    )
    folder.joinpath('b.jsonl').write_bytes(lines(3))
    folder.joinpath('c.jsonl').write_bytes(b'\xff\n' + lines(4))
    found, reader, texts = read_all('?.jsonl')
    assert found == [1, 2, 3, 4]
    assert reader.damaged == {'a.jsonl': 3, 'c.jsonl': 1}
    assert texts == [
        '; '.join(
            [
                "'a.jsonl': 3 damaged lines were skipped or salvaged",
                "'c.jsonl': 1 damaged line was skipped or salvaged",
            ]
        )
    ]


def test_the_warning_stays_short(folder):
    """It names five files, and says how many more there are."""
    for number in range(9):
        folder.joinpath(f'{number}.jsonl').write_bytes(b'{\n')
    found, reader, [text] = read_all('*.jsonl')
    assert (found, len(reader.damaged)) == ([], 9)
    assert text.count('damaged') == 5
    assert text.endswith('; and the like of 4 more')


def test_the_warning_names_the_line_of_the_loop(folder):
    """It points to the program."""
    folder.joinpath('a.jsonl').write_bytes(b'{\n')
    with pytest.warns(RuntimeWarning) as caught:
        list(read('a.jsonl'))
    assert caught[0].filename == __file__


def test_warnings_that_are_errors(folder, capsys, monkeypatch):
    """The loop does not fail either; the text is printed."""
    folder.joinpath('a.jsonl').write_bytes(b'{\n' + lines(1))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert numbers(read('a.jsonl')) == [1]
    assert '1 damaged line' in capsys.readouterr().err


def test_no_permission(folder):
    """Files and directories that may not be read cost only themselves."""
    for name in ('a.jsonl', 'b.jsonl', 'sub/c.jsonl'):
        folder.joinpath(name).parent.mkdir(exist_ok=True)
        folder.joinpath(name).write_bytes(lines(1))
    folder.joinpath('a.jsonl').chmod(0)
    folder.joinpath('sub').chmod(0)
    folder.chmod(0o755)
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        found, reader, [text] = read_all('.')
    finally:
        os.seteuid(before)
        folder.joinpath('sub').chmod(0o700)
    assert found == [1]
    assert reader.unread == {'./sub': 'Permission denied', './a.jsonl': 'Permission denied'}
    assert "'./a.jsonl' cannot be read: Permission denied" in text


def test_files_that_cannot_be_opened(folder, monkeypatch):
    """Each costs only itself, whatever the reason."""
    for number, name in enumerate(['a.jsonl', 'b.jsonl', 'c.jsonl']):
        folder.joinpath(name).write_bytes(lines(number))
    folder.joinpath('d.jsonl').symlink_to('nowhere')
    reader = read('?.jsonl')
    folder.joinpath('a.jsonl').unlink()  # after it was found
    folder.joinpath('b.jsonl').unlink()
    folder.joinpath('b.jsonl').mkdir()
    with pytest.warns(RuntimeWarning, match="'a.jsonl' cannot be read: No such file"):
        assert numbers(reader) == [2]
    assert reader.unread == {
        'a.jsonl': 'No such file or directory',
        'b.jsonl': 'Is a directory',
        'd.jsonl': 'No such file or directory',
    }


def test_a_compressed_file_that_is_damaged(folder):
    """The records before the damage are read, and the file is named."""
    whole = gzip.compress(os.urandom(20_000).hex().encode() + b'\n' + lines(1))
    good = gzip.compress(lines(1))
    folder.joinpath('a.jsonl.gz').write_bytes(good + whole[:-8] + b'\0' * 8)
    folder.joinpath('b.jsonl').write_bytes(lines(2))
    found, reader, [text] = read_all('?.jsonl*')
    assert found[0] == 1
    assert found[-1] == 2
    assert list(reader.unread) == ['a.jsonl.gz']
    assert 'its packed data is damaged' in text


def without_zstd(monkeypatch):
    """Make both modules for zstd impossible to import."""
    monkeypatch.setitem(sys.modules, 'compression.zstd', None)
    monkeypatch.setitem(sys.modules, 'zstandard', None)
    package = sys.modules.get('compression', sys)  # it keeps what other tests have loaded
    monkeypatch.delattr(package, 'zstd', raising=False)


ZSTD = b'(\xb5/\xfd'


def test_zstd_without_a_library(folder, monkeypatch):
    """One sentence says what to install; other files are read."""
    without_zstd(monkeypatch)
    folder.joinpath('a.jsonl.zst').write_bytes(ZSTD + b'...')
    folder.joinpath('b.jsonl').write_bytes(lines(2))
    found, _, [text] = read_all('.')
    assert found == [2]
    assert text == (
        "'./a.jsonl.zst' cannot be read: this Python cannot unpack zstd: "
        'pip install zstandard'
    )


class Unpacker:
    """Unpacks as the package zstandard does: here, what follows the sign is not packed."""

    eof, unused_data = False, b''

    def decompress(self, data):
        self.eof = True
        return data.removeprefix(ZSTD)


def test_zstd_with_the_package(folder, monkeypatch):
    """Before Python 3.14, the package zstandard unpacks."""
    without_zstd(monkeypatch)
    package = types.ModuleType('zstandard')
    package.ZstdDecompressor = lambda: types.SimpleNamespace(decompressobj=Unpacker)
    monkeypatch.setitem(sys.modules, 'zstandard', package)
    folder.joinpath('a.jsonl.zst').write_bytes(ZSTD + lines(1, 2))
    assert numbers(read('a.jsonl.zst')) == [1, 2]


@pytest.mark.skipif(sys.version_info < (3, 14), reason='runs from CPython 3.14 on')
def test_zstd_of_python(folder):
    """From Python 3.14 on, no package is needed."""
    from compression import zstd

    folder.joinpath('a.jsonl.zst').write_bytes(zstd.compress(lines(1, 2)) * 2)
    assert numbers(read('a.jsonl.zst')) == [1, 2, 1, 2]


# --- files that change -------------------------------------------------------------------


def test_a_file_that_grows(folder):
    """The records that are there at the beginning are read, and the loop ends."""
    path = folder / 'a.jsonl'
    path.write_bytes(lines(*range(10_000)))
    found = []
    with path.open('ab') as file:
        for record in read('a.jsonl'):
            found.append(record['n'])
            if len(found) < 100_000:
                file.write(lines(-1) * 3)
                file.flush()
    assert found[:10_000] == list(range(10_000))
    assert len(found) < 100_000  # of a file that grows by three records for each


def test_a_file_that_shrinks(folder):
    """What is gone is not read; at most the line at the cut is damaged."""
    path = folder / 'a.jsonl'
    path.write_bytes(lines(*range(200_000)))
    reader = read('a.jsonl')
    found = [next(reader)['n']]
    os.truncate(path, 0)
    found += numbers(reader)
    assert found == list(range(len(found)))
    assert len(found) < 200_000


def test_a_file_that_is_replaced(folder):
    """The file that was opened is read to its end."""
    path = folder / 'a.jsonl'
    path.write_bytes(lines(*range(10_000)))
    reader = read('a.jsonl')
    first = next(reader)['n']
    folder.joinpath('new').write_bytes(lines(-1))
    folder.joinpath('new').replace(path)
    assert [first, *numbers(reader)] == list(range(10_000))


def test_a_loop_that_is_left_closes_the_file(folder):
    """Without a ResourceWarning, at once."""
    folder.joinpath('a.jsonl').write_bytes(lines(*range(10_000)))
    descriptors = os.listdir('/dev/fd')  # noqa: PTH208 - no iterator is open beside
    for _ in read('a.jsonl'):
        break
    reader = read('a.jsonl')
    next(reader)
    reader.close()
    assert list(reader) == []
    assert os.listdir('/dev/fd') == descriptors  # noqa: PTH208


# --- memory ------------------------------------------------------------------------------

SANITIZED = 'MICROBENCH_SANITIZE' in os.environ
STATUS = pathlib.Path('/proc/self/status')
PEAK = """
import sys
from microbench import read

def peak():
    with open('/proc/self/status') as lines:
        return [int(line.split()[1]) for line in lines if 'VmHWM' in line][0]

for _ in read('small.jsonl', flat=sys.argv[1] == 'flat'):
    pass
before, count = peak(), 0
for record in read('large*', flat=sys.argv[1] == 'flat'):
    count += 1
print(count, peak() - before)
"""


@pytest.mark.skipif(SANITIZED, reason='a sanitizer keeps freed memory for a while')
@pytest.mark.skipif(not STATUS.exists(), reason='asks /proc')
@pytest.mark.parametrize('flat', ['flat', 'nested'])
def test_memory_does_not_grow_with_the_files(folder, flat):
    """After 100 KiB of records, 60 MiB of other ones take at most 4 MiB more."""
    for name, size in (('small.jsonl', 100 << 10), ('large-1.jsonl', 30 << 20)):
        bench = MicroBench(name, field={'name': name})
        with bench.record('work'):
            pass
        line = folder.joinpath(name).read_bytes()
        folder.joinpath(name).write_bytes(line * (size // len(line)))
    os.link('large-1.jsonl', 'large-2.jsonl')
    count, grown = map(int, printed(PEAK, flat, cwd=folder).split())
    assert count > 50_000
    assert grown < 4096


@pytest.mark.skipif(SANITIZED, reason='a sanitizer keeps freed memory for a while')
@pytest.mark.skipif(not STATUS.exists(), reason='asks /proc')
def test_a_hole_takes_no_memory(folder):
    """A sparse file has gigabytes without a newline; records around them are read."""
    folder.joinpath('small.jsonl').write_bytes(lines(1))
    with folder.joinpath('large').open('wb') as file:
        file.write(lines(1) * 10)
        file.seek(100 << 20, os.SEEK_CUR)
        file.write(lines(2, 3))
    code = PEAK.replace(
        'import sys', 'import sys, warnings; warnings.simplefilter("ignore")'
    )
    count, grown = map(int, printed(code, 'nested', cwd=folder).split())
    assert count == 12
    assert grown < 4096


@pytest.mark.parametrize('size', [1, 3 * BLOCK, 3 * BLOCK + 1, 10 * BLOCK])
def test_a_hole_repairs_no_line(folder, size):
    """What stands around it is one damaged line, however long it is."""
    folder.joinpath('a.jsonl').write_bytes(b'{"n":' + b'\0' * size + b'1}\n' + lines(2))
    found, reader, _ = read_all('a.jsonl')
    assert (found, reader.damaged) == ([2], {'a.jsonl': 1})


@pytest.mark.parametrize('as_pattern', [False, True])
def test_many_files_in_a_directory(tmp_path, monkeypatch, as_pattern):
    """The time for 1,000 files is not that of all pairs of them."""
    for number in range(1000):
        (tmp_path / f'{number}.jsonl').write_text('{"n": 1}\n')
    listed = []
    monkeypatch.setattr(os, 'listdir', count_calls(os.listdir, listed))
    path = str(tmp_path / '*.jsonl') if as_pattern else str(tmp_path)
    found = FileOutput(path).get_results() if as_pattern else list(read(path))
    assert found == [{'n': 1}] * 1000
    assert len(listed) < 200


def count_calls(function, calls):
    """Return the function, which notes the arguments of each call."""

    def counted(*args):
        calls.append(args)
        return function(*args)

    return counted
