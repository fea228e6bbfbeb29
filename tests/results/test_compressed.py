"""Compressed files are read directly, and never damaged by a line after them."""

import bz2
import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import warnings

import pytest

from microbench import FileOutput, MicroBench
from microbench.cli.view import convert, recover, show, tail
from microbench.livestream import LiveStream
from microbench.results import compressed
from microbench.results.reading import Lines
from tests.fakes import environment, python

KINDS = {'gz': gzip, 'bz2': bz2, 'xz': lzma}
PACK = """
import importlib, pathlib, sys
module = importlib.import_module({'gz': 'gzip', 'bz2': 'bz2', 'xz': 'lzma'}[sys.argv[1]])
path = pathlib.Path(sys.argv[2])
path.write_bytes(module.compress(path.read_bytes()))  # in place, under the same name
"""
LINES = ''.join(json.dumps({'n': n}) + '\n' for n in range(3000)).encode()


def packed(kind, contents=LINES):
    """Return the bytes of a compressed file."""
    return KINDS[kind].compress(contents)


@pytest.fixture(params=KINDS)
def kind(request):
    """Return how a file is compressed."""
    return request.param


@pytest.fixture
def path(kind, tmp_path):
    """Return a compressed file of 3,000 records, under the name of its kind."""
    found = tmp_path / f'results.jsonl.{kind}'
    found.write_bytes(packed(kind))
    return found


def numbers(records):
    """Return the `n` of each."""
    return [record['n'] for record in records]


def test_it_is_read(path):
    """A compressed file is read silently, in all formats."""
    assert numbers(FileOutput(path).get_results()) == list(range(3000))
    assert FileOutput(path).get_results(format='df')['n'].sum() == 4498500


def test_the_name_does_not_matter(path):
    """The first bytes decide; 2.1.0 wrote plain lines under any name."""
    bare = path.rename(path.with_name('results.jsonl'))
    assert len(FileOutput(bare).get_results()) == 3000
    plain = path.with_name('plain.jsonl.gz')
    plain.write_bytes(LINES)
    assert len(FileOutput(plain).get_results()) == 3000


def test_several_packed_parts_in_one_file(path):
    """`cat a.gz b.gz` makes such a file."""
    path.write_bytes(path.read_bytes() + packed(path.suffix[1:], b'{"n":-1}'))
    assert numbers(FileOutput(path).get_results())[-1] == -1


def test_one_that_breaks_off(path):
    """The unpacked part is read, the rest is one damaged line."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(RuntimeWarning, match='1 damaged line was skipped'):
        found = numbers(FileOutput(path).get_results())
    assert found == list(range(len(found)))


def test_one_that_is_cut_anywhere(kind):
    """Each record before the cut is read, or all are in what is not complete yet."""
    lines = b''.join(b'{"n":%d}\n' % n for n in range(20))
    whole = packed(kind, lines)
    for size in range(compressed.LONGEST, len(whole)):
        found = Lines(compressed.blocks(io.BytesIO(whole[:size])))
        read = numbers(found)
        assert (read, found.damaged) == (list(range(len(read))), 1)


@pytest.mark.parametrize('between', [b'', b'\n', b'\0' * 20_000, b'no record\n'])
def test_plain_lines_behind_packed_ones(path, between):
    """No record is lost: what follows the packed data is read as plain lines."""
    path.write_bytes(path.read_bytes() + between + b'{"n":3000}\n{"n":3001}')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        assert numbers(FileOutput(path).get_results()) == list(range(3002))
    assert len(caught) == (between == b'no record\n')


@pytest.mark.parametrize('sign', [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_dies_while_its_file_is_compressed(kind, sign, tmp_path):
    """Journal or native code add the record once, behind the packed data."""
    path = tmp_path / 'x.jsonl'
    code = (
        'import os, subprocess; from microbench import MicroBench\n'
        f'bench = MicroBench({str(path)!r}, n=1)\n'
        'with bench.record("first"): pass\n'
        'with bench.record("open"):\n'
        f'  subprocess.run({[sys.executable, "-c", PACK, kind, str(path)]}, check=True)\n'
        f'  os.kill(os.getpid(), {int(sign)})'
    )
    assert python(code).returncode == -sign
    for _ in range(2):
        found = FileOutput(path).get_results()
        assert [record['call']['name'] for record in found] == ['first', 'open']
        assert recover.main([str(path)]) == 0


def test_one_whose_checksum_is_wrong(path, capsys):
    """Numbers may be wrong too, so there are none, but a sentence."""
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] + bytes([whole[half] ^ 255]) + whole[half + 1 :])
    with pytest.raises(OSError, match='its packed data is damaged'):
        FileOutput(path).get_results()
    assert show.main([str(path)]) == 2
    assert 'its packed data is damaged' in capsys.readouterr().err


def test_show_and_convert_read_it(path, capsys):
    """Both subcommands read it as any other file."""
    assert show.main([str(path), '0']) == 0
    assert convert.main([str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3000


def test_on_standard_input(path):
    """A compressed file there is unpacked too."""
    with path.open('rb') as file:
        done = subprocess.run(
            [sys.executable, '-m', 'microbench', 'show', '-', '--json'],
            env=environment(),
            stdin=file,
            capture_output=True,
            check=True,
        )
    assert len(done.stdout.splitlines()) == 3000


@pytest.mark.parametrize('words', [[], ['--no-follow']])
def test_it_is_not_followed(path, words, capsys):
    """A compressed file does not grow: one sentence says so."""
    assert tail.main([str(path), *words]) == 2
    assert 'it is compressed, and does not grow' in capsys.readouterr().err


def test_a_stream_does_not_take_it_for_damage(path):
    """A stream logs why there is nothing to deliver."""
    seen = []

    class Seen(LiveStream):
        def display(self, data):
            seen.append(data)

    stream = Seen(path)
    stream.stop()
    stream.join()
    assert seen == []


def test_no_line_is_appended_to_it(path, capfd):
    """A warning precedes the first record, which goes to standard error."""
    before = path.read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        with MicroBench(path).record('late'):
            pass
    assert path.read_bytes() == before
    assert 'it is compressed' in str(caught[0].message)
    assert '"name":"late"' in capfd.readouterr().err


def test_a_new_file_with_such_a_name_has_plain_lines(tmp_path):
    """As in 2.1.0, a new file has plain lines, whatever its name."""
    path = tmp_path / 'new.jsonl.gz'
    for _ in range(2):
        with MicroBench(path).record():
            pass
    assert len(path.read_bytes().splitlines()) == len(FileOutput(path).get_results()) == 2


def test_what_this_python_cannot_unpack(tmp_path, monkeypatch, capsys):
    """One sentence reports it, without damage: zstd came with Python 3.14."""
    path = tmp_path / 'x.jsonl.zst'
    path.write_bytes(b'(\xb5/\xfd...')
    monkeypatch.setitem(sys.modules, 'compression.zstd', None)
    package = sys.modules.get('compression', sys)  # it keeps what other tests have loaded
    monkeypatch.delattr(package, 'zstd', raising=False)
    with pytest.raises(OSError, match='this Python cannot unpack zstd'):
        FileOutput(path).get_results()
    assert show.main([str(path)]) == 2
    assert 'this Python cannot unpack zstd' in capsys.readouterr().err


@pytest.mark.parametrize('beginning', [b'', b'{', b'\n', b'BZ', b'\0', b'\x1f'])
def test_plain_beginnings(beginning):
    """The beginning of a file of records is not mistaken for compression."""
    assert compressed.kind_of(beginning) is None


def test_a_line_longer_than_what_is_unpacked_at_once():
    """A line that spans several blocks stays complete."""
    long = json.dumps({'n': 1, 'text': os.urandom(100_000).hex()}).encode() + b'\n'
    file = io.BytesIO(gzip.compress(LINES + long + LINES))
    assert b''.join(compressed.blocks(file)) == LINES + long + LINES
