"""Waiting for changes of a file: each wait ends by its event."""

import os
import threading
from pathlib import Path

import pytest

from microbench.follow import inotify, watcher
from microbench.follow.watcher import Watcher

FOREVER = 3600  # seconds: a wait that lasts so long is one that nothing has ended
kernel_tells = pytest.mark.skipif(inotify.LIBRARY is None, reason='needs inotify')


def descriptors():
    """Return how many descriptors this process has."""
    return len(list(Path('/dev/fd').iterdir()))


@pytest.fixture
def path(tmp_path):
    """Return a path in a directory of its own."""
    return tmp_path / 'results.jsonl'


@pytest.fixture
def waiting(path):
    """Watch a path, and stop at the end."""
    before = descriptors()
    waiting = Watcher(str(path))
    yield waiting
    waiting.close()
    assert descriptors() == before


@pytest.fixture
def file(path):
    """Return a file at the path, open for reading."""
    path.write_bytes(b'')
    with path.open('rb') as file:
        yield file


def append(path):
    """Write to a file as other processes do."""
    with path.open('ab') as file:
        file.write(b'x')


@kernel_tells
@pytest.mark.parametrize(
    'change',
    [
        append,
        lambda path: os.truncate(path, 0),
        lambda path: path.rename(f'{path}.1'),
        lambda path: path.unlink(),
        lambda path: (
            path.with_suffix('.new').write_bytes(b'')
            or path.with_suffix('.new').rename(path)
        ),
    ],
)
def test_the_kernel_tells_of_a_file(waiting, path, file, change):
    """A write, truncation, move, deletion or replacement each end a wait."""
    waiting.watch([file.fileno()])
    change(path)
    waiting.wait(FOREVER)


@kernel_tells
def test_the_kernel_tells_of_a_file_under_another_name(waiting, path, file):
    """A watched file is that file, wherever it has gone."""
    path.rename(f'{path}.1')
    waiting.watch([file.fileno()])
    append(path.with_name(f'{path.name}.1'))
    waiting.wait(FOREVER)


@kernel_tells
@pytest.mark.parametrize(
    'change',
    [
        lambda path: path.write_bytes(b''),
        lambda path: path.with_suffix('.new').rename(path),
        lambda path: path.symlink_to(path.with_suffix('.new')),
    ],
)
def test_the_kernel_tells_of_a_new_file(waiting, path, change):
    """A file that appears at the path, in whatever way, ends a wait."""
    path.with_suffix('.new').write_bytes(b'')
    waiting.watch([])
    change(path)
    waiting.wait(FOREVER)


@kernel_tells
def test_other_files_of_the_directory_are_no_reason(waiting, path):
    """Events of other files are read and dropped."""
    waiting.watch([])
    path.with_suffix('.other').write_bytes(b'')
    assert not waiting._is_over(FOREVER)
    path.write_bytes(b'')
    assert waiting._is_over(FOREVER)


@kernel_tells
def test_a_directory_that_comes_later(waiting, path):
    """A directory that appears is watched from the next look on."""
    folder = path.parent
    folder.rename(f'{folder}.away')
    waiting.watch([])
    folder.mkdir()
    waiting.wait(0)
    path.write_bytes(b'')
    waiting.wait(FOREVER)


@kernel_tells
def test_a_busy_file_is_looked_at_now_and_then(waiting, path, file, monkeypatch):
    """A pause between two looks lets changes gather."""
    slept = []
    monkeypatch.setattr(watcher, 'monotonic', lambda: 50.0)
    monkeypatch.setattr(watcher, 'sleep', slept.append)
    waiting.watch([file.fileno()])
    for _ in range(2):
        append(path)
        waiting.wait(FOREVER)
    assert slept == [0.0, pytest.approx(watcher.PAUSE)]


@pytest.mark.parametrize('library', [None, 'the system'])
def test_time_ends_a_wait(waiting, monkeypatch, library):
    """A time limit works with and without inotify; zero is one look."""
    if library is None:
        monkeypatch.setattr(inotify, 'LIBRARY', None)
    waiting.watch([])
    for seconds in (0, 0.001):
        waiting.wait(seconds)


def test_a_wake_ends_a_wait(waiting):
    """A wake counts before and during a wait, from any thread."""
    for _ in range(100_000):
        waiting.wake()  # more often than a pipe can hold
    waiting.wait(FOREVER)
    while not waiting._is_over(0.001) or waiting._poll.poll(0):
        pass
    threading.Timer(0.01, waiting.wake).start()
    waiting.wait(FOREVER)


def test_a_wake_after_the_end():
    """A late wake does nothing: its descriptor may be another file."""
    waiting = Watcher('results.jsonl')
    waiting.close()
    waiting.wake()


def test_a_reader_that_goes_away(waiting):
    """A wait ends when the reader of our output has gone, without writing anything."""
    reader, writer = os.pipe()
    waiting.mind(writer)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        waiting.wait(FOREVER)
    os.close(writer)


def test_no_inotify_left(waiting, monkeypatch):
    """Without inotify, as at a user's limit, only time ends a wait."""

    class Nothing:
        def inotify_init1(self, flags):
            return -1

    monkeypatch.setattr(inotify, 'LIBRARY', Nothing())
    waiting.watch([0])
    waiting.wait(0.001)
