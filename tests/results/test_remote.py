"""Result files behind the URLs of fsspec."""

import gzip
import json
import sys
import warnings

import pytest

from microbench import read

fsspec = pytest.importorskip('fsspec', reason='needs fsspec')


@pytest.fixture
def memory():
    """Return an empty file system in memory."""
    system = fsspec.filesystem('memory')
    system.store.clear()
    system.pseudo_dirs[:] = ['']
    yield system
    system.store.clear()


def numbers(*paths):
    """Return the `n` of each record."""
    return [record['n'] for record in read(*paths)]


def test_a_file_a_directory_and_a_pattern(memory):
    """They mean what they mean on a disk; compressed files are unpacked."""
    memory.pipe('/d/a-1.jsonl', b'{"n": 1}\n{"n": "007"}\n')
    memory.pipe('/d/a-2.jsonl.gz', gzip.compress(b'{"n": 12345678901234567890}\n'))
    memory.pipe('/d/.hidden.jsonl', b'{"n": 4}\n')
    memory.pipe('/d/README', b'{"n": 5}\n')
    assert numbers('memory://d/a-1.jsonl') == [1, '007']
    assert numbers('memory://d/') == [1, '007', 12345678901234567890]
    assert numbers('memory://d/a-*') == [1, '007', 12345678901234567890]
    records = read(['memory://d/a-1.jsonl', 'memory://d/a-1.jsonl'])
    assert len(list(records)) == 2
    assert records.path == 'memory://d/a-1.jsonl'


def test_a_file_of_this_machine(tmp_path):
    """`file://` is a URL, too."""
    (tmp_path / 'a.jsonl').write_text(json.dumps({'n': 1}))
    assert numbers(f'file://{tmp_path}/a.jsonl') == numbers(f'file://{tmp_path}') == [1]


def test_damage(memory):
    """A damaged line costs itself, an unreadable file what is in it."""
    memory.pipe('/d/a.jsonl', b'{"n": 1}\n{"n": \n{"n": 2}\n')
    memory.pipe('/d/b.jsonl.gz', gzip.compress(b'{"n": 3}\n')[:-9] + b'xxxxxxxxx')
    memory.pipe('/d/c.jsonl', b'{"n": 4}\n')
    records = read('memory://d')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        found = [record['n'] for record in records]
    assert found in ([1, 2, 4], [1, 2, 3, 4])
    assert records.damaged['memory:///d/a.jsonl'] == 1
    assert list(records.unread) == ['memory:///d/b.jsonl.gz']


def test_what_is_missing(memory, monkeypatch):
    """It is an error at once, as on a disk; so is a package that is missing."""
    for url in 'memory://none.jsonl', 'memory://none-*.jsonl':
        with pytest.raises(FileNotFoundError, match='none'):
            read(url)
    with pytest.raises(ValueError, match='nosuch'):
        read('nosuch://a')
    monkeypatch.setitem(sys.modules, 'fsspec.core', None)
    with pytest.raises(ImportError, match='needs fsspec: pip install fsspec'):
        read('memory://a')


def test_an_error_of_the_library(memory, monkeypatch):
    """Any error of the library behind it is that of a file that cannot be read."""
    memory.pipe('/a.jsonl', b'{"n": 1}\n')
    records = read('memory://a.jsonl')

    def broken(*_, **__):
        raise RuntimeError('token has expired')

    monkeypatch.setattr(type(memory), 'open', broken)
    with pytest.warns(RuntimeWarning, match='token has expired|Input/output'):
        assert list(records) == []


def test_another_working_directory(tmp_path, monkeypatch):
    """Names mean the working directory in which `read` was called."""
    (tmp_path / 'a.jsonl').write_text('{"n": 1}\n')
    monkeypatch.chdir(tmp_path)
    records = read('*.jsonl')
    monkeypatch.chdir('/')
    assert ([record['n'] for record in records], records.path) == ([1], 'a.jsonl')
