"""RedisOutput as programs and their stubs see it; tests/services has a server."""

import pickle
import sys
from unittest.mock import Mock

import pytest

from microbench import FileOutput, MicroBenchBase, Output, RedisOutput
from tests.fakes import only


class Client:
    """A stand-in for redis.StrictRedis: lists in memory, returned as bytes."""

    def __init__(self, **connection):
        self.connection = connection
        self.lists = {}
        self.closed = 0

    def rpush(self, key, item):
        self.lists.setdefault(key, []).append(item.encode())

    def lrange(self, key, first, last):
        assert (first, last) == (0, -1)
        return self.lists.get(key, [])

    def close(self):
        self.closed += 1


@pytest.fixture(autouse=True)
def package(monkeypatch):
    """Put a stub in place of the package."""
    package = Mock(StrictRedis=Client)
    monkeypatch.setitem(sys.modules, 'redis', package)
    return package


def test_the_connection_is_that_of_the_arguments():
    """Arguments go to StrictRedis once; attributes hold client and key."""
    out = RedisOutput('key', host='h', port=1, password='p')
    assert isinstance(out, Output)
    assert out.redis_key == 'key'
    assert out.rclient.connection == {'host': 'h', 'port': 1, 'password': 'p'}


def test_without_the_package(monkeypatch):
    """A missing package is an ImportError at construction."""
    monkeypatch.setitem(sys.modules, 'redis', None)
    with pytest.raises(ImportError, match='redis'):
        RedisOutput('key')


def test_a_bench_appends_its_records():
    """Each call is a str at the end of the list; results are in this order."""
    out = RedisOutput('key')
    bench = MicroBenchBase(outputs=[out])
    bench(len)('')
    bench(abs)(1)
    assert list(out.rclient.lists) == ['key']
    assert [r['call']['name'] for r in bench.get_results()] == ['len', 'abs']
    assert [r['call.name'] for r in bench.get_results(flat=True)] == ['len', 'abs']


def test_what_write_passes_on(monkeypatch):
    """write() passes on key and JSON, as a str."""
    out = RedisOutput('key')
    out.rclient = Mock(spec=['rpush'])
    out.write('{"n": 1}')
    out.write_record(b'{}')
    assert [call.args for call in out.rclient.rpush.call_args_list] == [
        ('key', '{"n": 1}'),
        ('key', '{}'),
    ]


@pytest.mark.parametrize('items', [[b'{"n":"\xe2\x82\xac"}'], ['{"n":"\N{EURO SIGN}"}']])
def test_items_are_bytes_or_str(items):
    """With decode_responses=True the server's answer is text already."""
    out = RedisOutput('key', decode_responses=True)
    out.rclient.lists['key'] = items
    assert out.get_results() == [{'n': '\N{EURO SIGN}'}]


def test_formats():
    """Unknown formats are rejected; frames are made of the same records."""
    out = RedisOutput('key')
    out.write('{"a": {"b": 1}}')
    with pytest.raises(ValueError, match='format'):
        out.get_results(format='xml')
    pytest.importorskip('pandas')
    assert out.get_results(format='df', flat=True).to_dict('records') == [{'a.b': 1}]


def test_an_error_of_the_client():
    """An error reaches the caller of write(); a bench warns and keeps the result."""
    out, memory = RedisOutput('key'), FileOutput()
    out.rclient = Mock()
    out.rclient.rpush.side_effect = ConnectionError('away')
    with pytest.raises(ConnectionError, match='away'):
        out.write('{}')
    bench = MicroBenchBase(outputs=[out, memory])
    with pytest.warns(RuntimeWarning, match='ConnectionError: away'):
        assert bench(len)('four') == 4
    assert only(memory.get_results())['call']['name'] == 'len'


def test_its_name_does_not_tell_the_password():
    """The repr, which warnings contain, hides the password."""
    assert repr(RedisOutput('key', password='s3cret')) == "RedisOutput('key')"


def test_close_and_copies():
    """close() is the client's; a pickled copy makes its own client."""
    out = RedisOutput('key', host='h')
    out.close()
    assert out.rclient.closed == 1
    copy = pickle.loads(pickle.dumps(out))
    assert copy.rclient is not out.rclient
    assert copy.rclient.connection == {'host': 'h'}
