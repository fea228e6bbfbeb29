"""Following a path gives each record once, whatever happens to the file."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.follow import follower as follow
from microbench.follow import tailed_file
from microbench.follow.dedup import Deduplicator
from microbench.follow.follower import Follower
from microbench.results.reading import decode_line, decode_together

NUMBERS = itertools.count()


def line(number, **more):
    """Return a line like those of microbench, with an id of its own."""
    ids = {'run_id': '5f0c2a38-1d7e-4b52-9a54-7b1f0e6a9c11'}
    ids['record_id'] = f'c0ffee0000000000-{next(NUMBERS):016x}'
    text = json.dumps({'mb': ids, 'n': number, **more}, separators=(',', ':'))
    return text.encode() + b'\n'


class Followed:
    """A path, and who follows it."""

    def __init__(self, folder):
        self.path = Path(folder) / 'results.jsonl'
        self.damaged = []
        self.follower = Follower(str(self.path), self.damaged.append)

    def write(self, *lines):
        with self.path.open('ab') as file:
            file.write(b''.join(lines))

    def rotate(self):
        """Rename the file, and those that were renamed before, as logrotate does."""
        self._make_room()
        self.path.rename(f'{self.path}.1')

    def copy_and_cut(self):
        """Copy the file and cut it off, for writers that keep it open."""
        self._make_room()
        shutil.copyfile(self.path, f'{self.path}.1')
        os.truncate(self.path, 0)

    def _make_room(self):
        for number in range(30, 0, -1):
            if Path(f'{self.path}.{number}').exists():
                Path(f'{self.path}.{number}').rename(f'{self.path}.{number + 1}')

    def look(self):
        """Return the numbers of the records that are new."""
        return [record['n'] for record in self.follower.records()]

    def end(self):
        """Return the numbers of the records that only lack a newline."""
        return [record['n'] for record in self.follower.finish()]


@pytest.fixture
def followed(tmp_path):
    """Return a path that does not exist yet, and a follower that ends with the test."""
    followed = Followed(tmp_path)
    yield followed
    followed.follower.close()


# --- one file ---------------------------------------------------------------------------


def test_no_file_yet(followed):
    """A missing file, even a missing directory, has no records."""
    assert followed.look() == []
    followed.write(line(1))
    assert followed.look() == [1]


def test_what_there_is_and_what_comes(followed):
    """Records that are there come first, then each new one, none twice."""
    followed.write(line(1), line(2))
    assert followed.look() == [1, 2]
    assert followed.look() == []
    followed.write(line(3))
    assert followed.look() == [3]


def test_a_line_is_awaited(followed):
    """A record comes with its newline, in however many pieces it was written."""
    text = line(1)
    for position in range(len(text)):
        assert followed.look() == []
        followed.write(text[position : position + 1])
    assert followed.look() == [1]


def test_the_last_newline_may_be_missing_at_the_end(followed):
    """At the end a whole record is one; half a record is none, and no damage either."""
    followed.write(line(1), line(2)[:-1])
    assert followed.look() == [1]
    assert followed.end() == [2]
    followed.write(line(3)[:10])
    assert followed.look() == [1, 2][:0]
    assert followed.end() == []


def test_lines_of_another_kind(followed):
    """Empty lines are skipped; any other line that is no record is reported and skipped."""
    followed.write(b'\n \r\n', line(1), b'no record\n[1]\n"x"\n\xff\xfe\n', line(2))
    assert followed.look() == [1, 2]
    assert followed.damaged == [b'no record', b'[1]', b'"x"', b'\xff\xfe']


def test_a_torn_line_and_the_record_glued_to_it(followed):
    """The piece that a killed writer left is reported; the record glued to it is read."""
    followed.write(line(1)[:40], line(2))
    assert followed.look() == [2]
    assert len(followed.damaged) == 1


def test_a_record_that_comes_back(followed):
    """A record that recovery writes again is known by its id."""
    one = line(1)
    followed.write(one, line(2), one)
    assert followed.look() == [1, 2]
    followed.write(one)
    assert followed.look() == []


def test_records_without_ids(followed):
    """Records of 2.1.0 have no ids: equal lines are two records."""
    followed.write(b'{"n":1}\n{"n":1}\n')
    assert followed.look() == [1, 1]


def test_a_long_line(followed, monkeypatch):
    """A line may be longer than what is read at once."""
    monkeypatch.setattr(tailed_file, 'CHUNK', 100)
    followed.write(line(1, text='x' * 1000), line(2), line(3, text='y' * 99))
    assert followed.look() == [1, 2, 3]


def test_a_writer_that_never_pauses(followed):
    """A look ends with what was there when it began."""
    followed.write(line(0))
    seen = []
    for record in followed.follower.records():
        seen.append(record['n'])
        followed.write(line(len(seen)))
    assert seen == [0]
    assert followed.look() == [1]


def test_a_pipe(followed):
    """A named pipe is read as it comes, writer after writer."""
    os.mkfifo(followed.path)
    assert followed.look() == []
    for number in (1, 2):
        with followed.path.open('wb') as pipe:  # the follower reads: no waiting
            pipe.write(line(number))
        assert followed.look() == [number]
        assert followed.look() == []


def test_a_directory_is_an_error(followed):
    """A directory raises at each look; a file in its place is read."""
    followed.path.mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            followed.look()
    followed.path.rmdir()
    followed.write(line(1))
    assert followed.look() == [1]


# --- the file is cut off, moved, replaced -----------------------------------------------


def test_cut_off(followed):
    """A file that became shorter is read from its beginning."""
    followed.write(line(1), line(2))
    assert followed.look() == [1, 2]
    followed.path.write_bytes(line(3))
    assert followed.look() == [3]


@pytest.mark.parametrize('same', [True, False])
def test_cut_off_and_grown_beyond_the_old_end(followed, same):
    """Another text is noticed, even if it is as long as before."""
    followed.write(line(1), line(2))
    assert followed.look() == [1, 2]
    new = [line(3), line(4)] + ([] if same else [line(5)])
    followed.path.write_bytes(b''.join(new))
    assert followed.look() == [3, 4] + ([] if same else [5])


def test_cut_off_within_a_line(followed):
    """The half line is gone, and does not spoil the next one."""
    followed.write(line(1), line(2)[:20])
    assert followed.look() == [1]
    followed.path.write_bytes(line(3))
    assert followed.look() == [3]
    assert followed.damaged == []


def test_the_hole_of_a_writer_that_keeps_its_position(followed):
    """Without O_APPEND a writer goes on behind a hole; zeros are no record."""
    with followed.path.open('wb', buffering=0) as file:
        file.write(line(1))
        assert followed.look() == [1]
        os.truncate(followed.path, 0)
        file.write(line(2))
    assert followed.look() == [2]
    assert followed.damaged == []


def test_copied_and_cut_off_with_records_not_yet_read(followed):
    """Unread records are found in the copy, an unfinished line included."""
    begun = line(3)
    followed.write(line(1), b'{"n":7}\n', begun[:9])
    assert followed.look() == [1, 7]
    followed.write(begun[9:], line(4))
    followed.copy_and_cut()
    followed.write(line(5))
    assert followed.look() == [3, 4, 5]
    assert followed.damaged == []


def test_renamed_with_a_writer_that_goes_on(followed):
    """A writer that has the old file open still writes to it after a new one is there."""
    with followed.path.open('ab', buffering=0) as old:
        old.write(line(1))
        assert followed.look() == [1]
        followed.rotate()
        assert followed.look() == []
        old.write(line(2))
        assert followed.look() == [2]
        followed.write(line(3))
        old.write(line(4))
        assert followed.look() == [4, 3]
        old.write(line(5))
        assert followed.look() == [5]


def test_renamed_twice_between_two_looks(followed):
    """The file that came and went meanwhile is found beside the path."""
    followed.write(line(1))
    assert followed.look() == [1]
    for number in (2, 3):
        followed.rotate()
        followed.write(line(number))
    assert followed.look() == [2, 3]


def test_what_lay_beside_it_is_not_read(followed):
    """Files of similar names belong to others; so do compressed ones."""
    beside = Path(f'{followed.path}.1')
    beside.write_bytes(line(8))
    follower = Follower(str(followed.path), followed.damaged.append)
    followed.write(line(1))
    assert [record['n'] for record in follower.records()] == [1]
    with beside.open('ab') as file:
        file.write(line(9))
    Path(f'{followed.path}.2.gz').write_bytes(b'\x1f\x8b\n')
    Path(f'{followed.path}2').write_bytes(line(9))
    followed.path.write_bytes(line(2))
    assert [record['n'] for record in follower.records()] == [2]
    assert followed.damaged == []
    follower.close()


def test_replaced(followed):
    """An editor or `mv` puts another file in its place: what is new in it is read."""
    one = line(1)
    followed.write(one)
    assert followed.look() == [1]
    other = Path(f'{followed.path}~')
    other.write_bytes(one + line(2))
    other.rename(followed.path)
    assert followed.look() == [2]


def test_deleted_and_made_again(followed):
    """A new file at the path is read from its beginning, the old one to its end."""
    followed.write(line(1))
    assert followed.look() == [1]
    followed.write(line(2))
    followed.path.unlink()
    followed.write(line(3))
    assert followed.look() == [2, 3]
    assert len(followed.follower.descriptors) == 1


def test_back_at_its_place(followed):
    """A file that is moved away and back is not read again."""
    followed.write(line(1), b'{"n":7}\n')
    assert followed.look() == [1, 7]
    followed.path.rename(f'{followed.path}.old')
    followed.write(line(2))
    assert followed.look() == [2]
    Path(f'{followed.path}.old').rename(followed.path)
    followed.write(line(3))
    assert followed.look() == [3]


def test_few_files_stay_open(followed):
    """Of many rotations, the last ones are still read."""
    before = len(list(Path('/dev/fd').iterdir()))
    for number in range(20):
        followed.write(line(number))
        assert followed.look() == [number]
        followed.rotate()
    assert len(followed.follower.descriptors) <= follow.FORMER + 1
    followed.follower.close()
    assert len(list(Path('/dev/fd').iterdir())) == before


def test_a_killed_writer(followed):
    """SIGKILL in the middle of a line costs that line, which is reported once."""
    one, two = line(1), line(2)
    code = 'import os, signal, sys\n'
    code += 'os.write(1, sys.argv[1].encode()); os.kill(os.getpid(), signal.SIGKILL)'
    with followed.path.open('ab') as file:
        text = (one + two[:30]).decode()
        done = subprocess.run([sys.executable, '-c', code, text], stdout=file, check=False)
    assert done.returncode == -9
    assert followed.look() == [1]
    followed.write(b'\n', line(3))
    assert followed.look() == [3]
    assert followed.damaged == [two[:30]]


# --- anything, in any order -------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just('write'), st.integers(1, 200)),
        st.tuples(st.sampled_from(['look', 'rotate', 'cut']), st.none()),
    ),
    max_size=40,
)


def run(followed, steps):
    """Take the steps; return the numbers of what was written and of what was seen."""
    written, seen, waiting = itertools.count(), [], b''
    for step, size in steps:
        if step == 'write':
            while len(waiting) < size:
                waiting += line(next(written))
            followed.write(waiting[:size])
            waiting = waiting[size:]
        elif step == 'look':
            seen += followed.look()
        elif followed.path.exists():
            # who rotates a file leaves the writer time to end its line
            followed.write(waiting)
            waiting = b''
            followed.rotate() if step == 'rotate' else followed.copy_and_cut()
    followed.write(waiting)
    return range(next(written)), seen + followed.look() + followed.end()


@given(STEPS, st.sampled_from([1, 7, 64, 1 << 18]))
def test_any_pieces_and_any_rotations(steps, chunk):
    """Each record comes once, whatever is cut, copied and renamed between the looks."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tailed_file, 'CHUNK', chunk)
        followed = Followed(folder)
        followed.look()
        written, seen = run(followed, steps)
        assert sorted(seen) == list(written)
        assert followed.damaged == []


WHOLE = [b'{"a":[1]}', b'{}', b'{"a":{"b":2}}', b' {"c": "\\u0041"} ']
TORN = [b'{"a":1', b'"b":2}', b'{"a":[{"b":1}', b'{"c":2}]}', b'{},{}', b'[]', b'', b'7']


@given(st.lists(st.sampled_from(WHOLE + TORN), min_size=1, max_size=6))
def test_lines_that_are_read_together(lines):
    """Lines read together give what each gives alone, or nothing."""
    alone = [decode_line(line) for line in lines]
    together = decode_together(b'\n'.join(lines))
    assert together == (None if None in alone else alone)


def test_torn_lines_that_meet_and_one_that_is_two():
    """A matching number of records does not hide the damage."""
    assert decode_together(b'{"a":[{"b":1}\n{"c":2}]}\n{},{}') is None


@pytest.mark.parametrize('end', [b'', b'\n'])
def test_an_empty_record_at_the_end(followed, end):
    """An empty object is a record, with and without its newline."""
    followed.write(b'{}' + end)
    follower = followed.follower
    assert [*follower.records(), *follower.finish()] == [{}]


@given(st.lists(st.sampled_from(['a-00', 'a-01', 'b-ff', 'b-100', 'x', '', 'zz-zz'])))
def test_ids_are_remembered(ids):
    """Each id is new once, whatever it looks like."""
    new = Deduplicator().new({'mb': {'record_id': name}} for name in ids)
    assert [record['mb']['record_id'] for record in new] == list(dict.fromkeys(ids))


@pytest.mark.parametrize('record', [{}, {'mb': None}, {'mb': {'record_id': 7}}])
def test_records_without_an_id_are_always_new(record):
    """Records without an id always count as new."""
    assert list(Deduplicator().new([record, record])) == [record, record]
