"""The journals of many files of one directory, without listing it for each file."""

import os

import pytest

from microbench.journal import listing
from microbench.journal.listing import Listing
from microbench.outputs import file_path


@pytest.fixture
def make(tmp_path):
    """Return a function that makes empty files in a directory, and returns its path."""

    def make_files(*names):
        for name in names:
            (tmp_path / name).touch()
        return str(tmp_path)

    return make_files


@pytest.fixture
def large(make):
    """Return the path of a directory in which a listing serves two more files."""
    return make(*(f'{number}.jsonl' for number in range(250)))


def test_a_small_directory_is_listed_for_each_file(make):
    """A journal that appears is found at once; other files are left out."""
    names = Listing()
    assert names(make('a.jsonl'), '.a.jsonl.') == []
    path = make('.b.jsonl.1-ab.journal', '.a.jsonl.1-ab.journal')
    assert names(path, '.a.jsonl.') == ['.a.jsonl.1-ab.journal']
    assert names(path, '.c.jsonl.') == []
    assert names(path, '.') == ['.a.jsonl.1-ab.journal', '.b.jsonl.1-ab.journal']


def test_a_large_directory_is_listed_for_some_files(make, large):
    """A journal that appears is found a few files later."""
    names = Listing()
    assert names(large, '.1.jsonl.') == []
    make('.1.jsonl.1-ab.journal')
    assert [names(large, '.1.jsonl.') for _ in range(3)] == [
        [],
        [],
        ['.1.jsonl.1-ab.journal'],
    ]


def test_a_directory_that_rests_is_listed_once(make, large, monkeypatch):
    """However many files it has, and however long that takes; a change is seen at once."""
    os.utime(large, (1e9, 1e9))
    listed = []
    real = listing.names_in
    monkeypatch.setattr(listing, 'names_in', lambda path: listed.append(path) or real(path))
    now = iter(range(1000))
    monkeypatch.setattr(listing, 'monotonic', lambda: next(now))
    names = Listing()
    assert [names(large, f'.{n}.jsonl.') for n in range(250)] == [[]] * 250
    assert listed == [large]
    make('.1.jsonl.1-ab.journal')
    assert names(large, '.1.jsonl.') == ['.1.jsonl.1-ab.journal']


def test_a_listing_is_used_for_a_second(make, large, monkeypatch):
    """In a loop that takes its time, no listing is older than that."""
    now = [0.0]
    monkeypatch.setattr(listing, 'monotonic', lambda: now[0])
    names = Listing()
    assert names(large, '.1.jsonl.') == []
    make('.1.jsonl.1-ab.journal')
    now[0] = 0.9
    assert names(large, '.1.jsonl.') == []
    now[0] = 1.0
    assert names(large, '.1.jsonl.') == ['.1.jsonl.1-ab.journal']


def test_listings_of_many_directories(make, large, monkeypatch):
    """Not more than a hundred are kept, and a missing directory has no journals."""
    monkeypatch.setattr(listing, 'monotonic', lambda: 0.0)
    names = Listing()
    assert names(large, '.1.jsonl.') == []
    make('.1.jsonl.1-ab.journal')
    assert [names(f'{large}/{number}', '.') for number in range(99)] == [[]] * 99
    assert names(large, '.1.jsonl.') == []
    assert names(f'{large}/99', '.') == []
    assert names(large, '.1.jsonl.') == ['.1.jsonl.1-ab.journal']


def test_a_file_looks_for_the_same_names():
    """A file that opens looks for journals without this module, by the same suffix."""
    assert file_path.JOURNAL == listing.SUFFIX
