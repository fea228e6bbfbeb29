"""Following a directory or pattern gives each record of all its files once."""

import gzip
import itertools
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBench
from microbench.follow import tailed_file
from microbench.journal.followed import source_of
from microbench.livestream import LiveStream

NUMBERS = itertools.count()


def line(number):
    """Return a line like those of microbench, with an id of its own."""
    ids = {'run_id': 'r', 'record_id': f'c0ffee-{next(NUMBERS):016x}'}
    call = {'finish_time': f'2026-01-01T00:00:{number:02d}'}
    return json.dumps({'mb': ids, 'n': number, 'call': call}).encode() + b'\n'


class Followed:
    """A directory, and who follows it."""

    def __init__(self, folder, path='{}/'):
        self.folder = Path(folder)
        self.damaged, self.failed = [], []
        self.source = source_of(
            path.format(folder),
            self.damaged.append,
            lambda path, _: self.failed.append(path),
        )
        self.source.start()

    def write(self, name, *lines):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open('ab') as file:
            file.write(b''.join(lines))

    def look(self):
        """Return the numbers of the records that are new."""
        return [record['n'] for record in self.source.records()]


def test_a_directory_that_is_missing_is_awaited_in_the_one_above(tmp_path):
    """Its first file is noticed by an event, as any later one."""
    late = Followed(tmp_path / 'a' / 'late.d')
    try:
        assert late.look() == []
        watcher = late.source._watcher
        assert set(watcher._awaited.values()) == {'a'}
        (tmp_path / 'other').mkdir()
        late.folder.parent.mkdir()
        late.source.wait(60)  # not for the other one
        assert late.look() == []
        assert set(watcher._awaited.values()) == {'late.d'}
        late.write('one.jsonl', line(1))
        late.source.wait(60)
        assert late.look() == [1]
        assert watcher._awaited == {}
    finally:
        late.source.close()


@pytest.fixture
def followed(tmp_path):
    """Return a directory, and a follower that ends with the test."""
    found = Followed(tmp_path)
    yield found
    found.source.close()


def test_files_come_and_grow(followed):
    """Each record comes once, from new files and directories as well."""
    assert followed.look() == []
    followed.write('a.jsonl', line(1))
    followed.write('below/b.jsonl', line(2))
    assert followed.look() == [1, 2]
    followed.write('a.jsonl', line(3), line(4)[:10])
    followed.write('README.txt', line(5))
    assert followed.look() == [3]
    assert followed.look() == []
    assert (followed.damaged, followed.failed) == ([], [])


def test_the_kernel_says_which_file(followed, monkeypatch):
    """After a wait only the files that have changed are looked at."""
    followed.write('a.jsonl', line(1))
    followed.write('b.jsonl', line(2))
    assert followed.look() == [1, 2]
    followed.source._rescan_at = float('inf')
    followed.write('b.jsonl', line(3))
    followed.write('c.jsonl', line(4))
    followed.write('.hidden.journal')
    followed.source.wait(10)
    monkeypatch.setattr(followed.source, '_listed', None)
    assert followed.look() == [3, 4]


def test_a_directory_made_later(tmp_path):
    """The directory need not exist yet."""
    followed = Followed(tmp_path / 'later')
    assert followed.look() == []
    followed.write('a.jsonl', line(1))
    assert followed.look() == [1]
    assert followed.failed == []
    followed.source.close()


def test_a_pattern(tmp_path):
    """Files that match later are found, others are not."""
    followed = Followed(tmp_path, '{}/run-*.jsonl')
    followed.write('run-1.jsonl', line(1))
    assert followed.look() == [1]
    followed.source._rescan_at = float('inf')
    followed.write('run-2.jsonl', line(2))
    followed.write('other.jsonl', line(3))
    followed.source.wait(10)
    assert followed.look() == [2]
    followed.source.close()


def test_no_file_stays_open(followed):
    """A thousand files are followed with the descriptors of none."""
    for number in range(30):
        followed.write(f'{number}.jsonl', line(number))
    before = set(Path('/proc/self/fd').iterdir())
    assert sorted(followed.look()) == list(range(30))
    after = set(Path('/proc/self/fd').iterdir())
    assert len(after - before) <= 1  # of the kernel's notifications


def test_a_file_that_is_renamed_compressed_and_copied(followed):
    """What was read is known by its file or by its ids, whatever it is called."""
    followed.write('a.jsonl', line(1))
    assert followed.look() == [1]
    followed.write('a.jsonl', line(2))
    (followed.folder / 'a.jsonl').rename(followed.folder / 'a.jsonl.1')
    followed.write('a.jsonl', line(3))
    assert sorted(followed.look()) == [2, 3]
    with gzip.open(followed.folder / 'a.jsonl.1.gz', 'wb') as packed:
        packed.write((followed.folder / 'a.jsonl.1').read_bytes() + line(4))
    (followed.folder / 'a.jsonl.1').unlink()
    shutil.copyfile(followed.folder / 'a.jsonl', followed.folder / 'copy.jsonl')
    os.truncate(followed.folder / 'a.jsonl', 0)
    followed.write('a.jsonl', line(5))
    assert sorted(followed.look()) == [4, 5]


def test_a_file_that_cannot_be_read(followed, monkeypatch):
    """It is reported, and costs no other file; once it has changed, it is tried again."""
    followed.write('a.jsonl', line(1))
    followed.write('b.jsonl', line(2))
    real = os.open

    def refusing(path, *args):
        if str(path).endswith('a.jsonl'):
            raise PermissionError(13, 'Permission denied', path)
        return real(path, *args)

    monkeypatch.setattr(os, 'open', refusing)
    assert followed.look() == [2]
    assert followed.failed == [str(followed.folder / 'a.jsonl')]
    monkeypatch.setattr(os, 'open', real)
    followed.write('a.jsonl', line(3))
    assert followed.look() == [1, 3]


def test_the_end(followed):
    """A last line without its newline is a record, or nothing."""
    followed.write('a.jsonl', line(1)[:-1])
    followed.write('b.jsonl', line(2), line(3)[:9])
    assert followed.look() == [2]
    assert [record['n'] for record in followed.source.finish()] == [1]
    assert followed.damaged == []


def test_the_last_records(followed):
    """The files that were written to last are read; the rest is passed over."""
    for number in range(5):
        followed.write(f'{number}.jsonl', line(2 * number), line(2 * number + 1))
        os.utime(followed.folder / f'{number}.jsonl', (number, number))
    assert [r['n'] for r in followed.source.last(3, lambda _: True)] == [7, 8, 9]
    assert followed.look() == []
    followed.write('0.jsonl', line(10))
    assert followed.look() == [10]


@given(st.lists(st.tuples(st.sampled_from('ab'), st.sampled_from('wtrclp')), max_size=12))
def test_any_order_of_events(events):
    """Whatever happens to two files between looks, each record comes once."""
    with tempfile.TemporaryDirectory() as folder:
        followed, written, seen = Followed(folder), [], []
        for name, event in events:
            path = followed.folder / f'{name}.jsonl'
            if event == 'w':
                written.append(len(written))
                followed.write(path.name, line(written[-1]))
            elif event == 'p':
                followed.write(path.name, line(99)[:40])
            elif event == 'l':
                seen += followed.look()
            elif path.exists():
                seen += followed.look()  # unread records cannot come back
                if event == 't':
                    os.truncate(path, 0)
                elif event == 'r':
                    path.rename(f'{path}.1')
                else:
                    shutil.copyfile(path, followed.folder / f'c{name}.jsonl')
        seen += followed.look()
        seen += [record['n'] for record in followed.source.finish()]
        followed.source.close()
        glued = len(followed.damaged)
        assert len(seen) == len(set(seen))
        assert set(written) - set(seen) == set() or glued


def test_a_live_stream(tmp_path):
    """A stream of a directory delivers what several benches write."""
    names = []

    class Names(LiveStream):
        def display(self, data):
            names.append(data['call']['name'])

    stream = Names(f'{tmp_path}/')
    for number in range(3):
        with MicroBench(tmp_path / f'{number}.jsonl').record(f'r{number}'):
            pass
    stream.stop()
    stream.join()
    assert sorted(names) == ['r0', 'r1', 'r2']


def test_a_long_line(followed, monkeypatch):
    """A line that is longer than a chunk comes whole, even if it is written in parts."""
    monkeypatch.setattr(tailed_file, 'CHUNK', 50)
    text = line(1)
    followed.write('a.jsonl', text[:60])
    assert followed.look() == []
    followed.write('a.jsonl', text[60:])
    assert followed.look() == [1]
