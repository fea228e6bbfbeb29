"""RedisOutput against a real Redis server, which is really killed."""

import json
import pickle
import socket

import pytest

from microbench import FileOutput, MicroBenchBase, RedisOutput
from tests.fakes import only

redis = pytest.importorskip('redis')


@pytest.fixture
def make(redis_server):
    """Make sinks of one server; they are closed at the end."""
    made = []

    def output(key='records', **options):
        made.append(RedisOutput(key, host='127.0.0.1', port=redis_server.port, **options))
        return made[-1]

    yield output
    for sink in made:
        sink.close()


@pytest.mark.parametrize('decode', [False, True])
def test_records_are_stored_and_read_back(make, decode):
    """Each call is one item of the list, in order; also with decode_responses."""
    out = make(decode_responses=decode)
    work = MicroBenchBase(outputs=[out], text='\N{EURO SIGN}')(len)
    work('')
    work('four')
    records = out.get_results()
    assert [record['call']['name'] for record in records] == ['len', 'len']
    assert records[0]['mb']['record_id'] < records[1]['mb']['record_id']
    assert [record['text'] for record in out.get_results(flat=True)] == ['€', '€']
    assert list(out.get_results(format='df', flat=True)['call.name']) == ['len'] * 2


def test_a_key_without_records(make):
    """A key without records has no results."""
    assert make('empty').get_results() == []


def test_what_is_no_record_is_skipped(make):
    """Items of other programs are counted in a warning."""
    out = make()
    out.rclient.rpush('records', 'nonsense', '{"n":1}')
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        assert out.get_results() == [{'n': 1}]


def test_a_server_that_dies(make, redis_server, naps):
    """The record is in the other sink, and there is one warning; write() itself raises."""
    out, memory = make(), FileOutput()
    work = MicroBenchBase(outputs=[out, memory])(len)
    work('')
    redis_server.kill()
    with pytest.warns(
        RuntimeWarning, match=r"RedisOutput\('records'\) did not take"
    ) as all_:
        assert work('four') == 4
        assert work('four') == 4
    assert len(all_) == 1
    assert len(memory.get_results()) == 3
    with pytest.raises(redis.ConnectionError):
        out.write('{}')
    redis_server.start()


def test_a_server_that_comes_back(make, redis_server):
    """The next record makes a new connection by itself."""
    out = make()
    out.write('{"n":1}')
    redis_server.kill()
    redis_server.start()
    out.write('{"n":2}')
    assert out.get_results() == [{'n': 2}]  # the server keeps nothing on disk


def test_a_closed_sink_opens_again(make):
    """After close() the next record connects anew."""
    out = make()
    out.write('{"n":1}')
    out.close()
    out.write('{"n":2}')
    assert [record['n'] for record in out.get_results()] == [1, 2]


def test_a_copy_in_another_process_connects_itself(make):
    """A pickled sink keeps its settings and makes its own client."""
    out = make()
    copy = pickle.loads(pickle.dumps(out))
    copy.write('{"n":1}')
    copy.close()
    assert out.get_results() == [{'n': 1}]


def test_in_time(make):
    """With a time budget the record is written as well."""
    out = make()
    out.write_record(b'{"n":1}', timeout=10.0)
    assert only(out.get_results()) == {'n': 1}


def test_a_server_that_hangs_is_left_in_time(naps):
    """A server that never answers costs the time budget, without more attempts."""
    with socket.create_server(('127.0.0.1', 0)) as silent:
        out = RedisOutput('records', host='127.0.0.1', port=silent.getsockname()[1])
        with pytest.raises((redis.TimeoutError, redis.ConnectionError)):
            out.write_record(b'{}', timeout=0.15)
        out.close()
    assert naps == []


def test_a_server_that_is_gone_is_tried_once_in_time(make, redis_server, naps):
    """With a time budget there is one attempt."""
    out = make()
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        out.write_record(b'{}', timeout=1.0)
    assert naps == []
    redis_server.start()


def test_a_wrong_type_raises(make):
    """A key that holds something else than a list is an error of the server."""
    out = make()
    out.rclient.set('records', json.dumps({}))
    with pytest.raises(redis.ResponseError, match='WRONGTYPE'):
        out.write('{}')
