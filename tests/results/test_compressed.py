"""Files that were compressed: read as they are, never damaged by a line after them."""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import warnings

import pytest

from microbench import FileOutput, MicroBench
from microbench.cli import convert, show, tail
from microbench.livestream import LiveStream
from microbench.results import compressed
from tests.fakes import environment

KINDS = {'gz': gzip, 'bz2': bz2, 'xz': lzma}
LINES = ''.join(json.dumps({'n': n}) + '\n' for n in range(3000)).encode()


def packed(kind, contents=LINES):
    """The bytes of a compressed file."""
    return KINDS[kind].compress(contents)


@pytest.fixture(params=KINDS)
def path(request, tmp_path):
    """A compressed file of 3,000 records, under the name of its kind."""
    found = tmp_path / f'results.jsonl.{request.param}'
    found.write_bytes(packed(request.param))
    return found


def numbers(records):
    """The `n` of each."""
    return [record['n'] for record in records]


def test_it_is_read(path):
    """Without a word, in all formats."""
    assert numbers(FileOutput(path).get_results()) == list(range(3000))
    assert FileOutput(path).get_results(format='df')['n'].sum() == 4498500


def test_the_name_does_not_matter(path):
    """It is known by how it begins; 2.1.0 wrote plain lines whatever the name was."""
    bare = path.rename(path.with_name('results.jsonl'))
    assert len(FileOutput(bare).get_results()) == 3000
    plain = path.with_name('plain.jsonl.gz')
    plain.write_bytes(LINES)
    assert len(FileOutput(plain).get_results()) == 3000


def test_several_packed_parts_in_one_file(path):
    """As `cat a.gz b.gz` makes it."""
    path.write_bytes(path.read_bytes() + packed(path.suffix[1:], b'{"n":-1}'))
    assert numbers(FileOutput(path).get_results())[-1] == -1


@pytest.mark.parametrize('more', [b'', b'{"n":1}\n'])
def test_one_that_breaks_off(path, more):
    """What was unpacked is read, the rest is one damaged line."""
    whole = path.read_bytes()
    path.write_bytes(whole + more if more else whole[: len(whole) // 2])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        found = numbers(FileOutput(path).get_results())
    assert found == list(range(len(found)))
    assert ['1 damaged line was skipped' in str(w.message) for w in caught] in ([], [True])
    assert caught or path.suffix in ('.bz2', '.xz')  # those ignore what follows


def test_one_whose_checksum_is_wrong(path, capsys):
    """Its numbers may be wrong too: better none, and a sentence."""
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] + bytes([whole[half] ^ 255]) + whole[half + 1 :])
    with pytest.raises(OSError, match='its packed data is damaged'):
        FileOutput(path).get_results()
    assert show.main([str(path)]) == 2
    assert 'its packed data is damaged' in capsys.readouterr().err


def test_show_and_convert_read_it(path, capsys):
    """As any other file."""
    assert show.main([str(path), '0']) == 0
    assert convert.main([str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3000


def test_on_standard_input(path):
    """What is compressed there is unpacked too."""
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
    """It does not grow: one sentence says so."""
    assert tail.main([str(path), *words]) == 2
    assert 'it is compressed, and does not grow' in capsys.readouterr().err


def test_a_stream_does_not_take_it_for_damage(path):
    """It logs why there is nothing to deliver, and delivers nothing."""
    seen = []

    class Seen(LiveStream):
        def display(self, data):
            seen.append(data)

    stream = Seen(path)
    stream.stop()
    stream.join()
    assert seen == []


def test_no_line_is_appended_to_it(path, capfd):
    """A warning before the first record; the record goes to standard error."""
    before = path.read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        with MicroBench(path).record('late'):
            pass
    assert path.read_bytes() == before
    assert 'it is compressed' in str(caught[0].message)
    assert '"name":"late"' in capfd.readouterr().err


def test_a_new_file_with_such_a_name_has_plain_lines(tmp_path):
    """As in 2.1.0; it can be read, and appended to."""
    path = tmp_path / 'new.jsonl.gz'
    for _ in range(2):
        with MicroBench(path).record():
            pass
    assert len(path.read_bytes().splitlines()) == len(FileOutput(path).get_results()) == 2


def test_what_this_python_cannot_unpack(tmp_path, monkeypatch, capsys):
    """One sentence, no damage: zstd came with Python 3.14."""
    path = tmp_path / 'x.jsonl.zst'
    path.write_bytes(b'(\xb5/\xfd...')
    monkeypatch.setitem(sys.modules, 'compression.zstd', None)
    with pytest.raises(OSError, match='this Python cannot unpack zstd'):
        FileOutput(path).get_results()
    assert show.main([str(path)]) == 2
    assert 'this Python cannot unpack zstd' in capsys.readouterr().err


@pytest.mark.parametrize('beginning', [b'', b'{', b'\n', b'BZ', b'\0', b'\x1f'])
def test_plain_beginnings(beginning):
    """What a file of records can begin with is no sign of compression."""
    assert compressed.kind_of(beginning) is None


def test_a_line_longer_than_what_is_unpacked_at_once():
    """It stays whole."""
    long = json.dumps({'n': 1, 'text': os.urandom(100_000).hex()}).encode() + b'\n'
    with gzip.open(io.BytesIO(gzip.compress(LINES + long + LINES))) as file:
        assert b''.join(compressed.blocks(file)) == LINES + long + LINES
