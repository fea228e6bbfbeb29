"""RedisOutput with a thread, and into streams, against a real server that is killed."""

import json
import threading

import pytest

from microbench import MicroBenchBase, RedisOutput
from microbench.outputs.resend import resend
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


@pytest.mark.parametrize('options', [{}, {'decode_responses': True}, {'background': True}])
def test_a_stream(make, options):
    """Each record is an entry, in order; `maxlen` bounds their number, about."""
    out = make(stream=True, **options)
    work = MicroBenchBase(outputs=[out], text='\N{EURO SIGN}')(len)
    work('')
    work('four')
    out.flush(60.0)
    records = out.get_results()
    assert [record['text'] for record in records] == ['€', '€']
    assert out.rclient.xlen('records') == 2
    out.rclient.xadd('records', {'other': 1})
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        assert len(out.get_results()) == 2


def test_a_stream_of_limited_length(make):
    """The oldest entries go: whole nodes of them."""
    out = make(stream=True, maxlen=100, background=True)
    for number in range(500):
        out.write(f'{{"n":{number}}}')
    out.flush(60.0)
    records = out.get_results()
    assert 100 <= len(records) < 500
    assert records[-1] == {'n': 499}


@pytest.mark.parametrize('wrong', [{'maxlen': 5}, {'stream': True, 'maxlen': 0}])
def test_wrong_lengths(wrong):
    """A length needs a stream, and has to be positive."""
    with pytest.raises(ValueError, match='maxlen'):
        RedisOutput('x', **wrong)


def test_an_answer_that_was_lost(make, monkeypatch):
    """The mark beside the records says that they are stored: none is there twice."""
    out = make(background=True)
    out._sender._sleep = lambda _: None
    pipeline = redis.client.Pipeline
    execute, lost = pipeline.execute, []

    def loses(self, *args, **kwargs):
        execute(self, *args, **kwargs)
        if not lost:
            lost.append(True)
            raise redis.ConnectionError('the answer is lost')

    monkeypatch.setattr(pipeline, 'execute', loses)
    out.write('{"n":1}')
    out.write('{"n":2}')
    out.flush(60.0)
    assert lost
    assert out.get_results() == [{'n': 1}, {'n': 2}]
    assert 0 < out.rclient.ttl(out._mark) <= 3600


def test_killed_and_started_again(make, redis_server, tmp_path):
    """2000 records with a crash of the server among them: none is lost, none is twice."""
    redis_server.keep(tmp_path)
    out = make(background=True, spool=tmp_path / 's')
    out._sender._sleep = lambda _: None
    bench = MicroBenchBase(outputs=[out])
    work = bench(len)
    begun = threading.Event()
    send = out._send

    def counting(records, timeout):
        send(records, timeout)
        begun.set()

    out._send = counting
    for number in range(2000):
        if number == 1000:
            assert begun.wait(60)
            redis_server.kill()
            starting = threading.Thread(target=redis_server.start)
            starting.start()
        work('')
    starting.join()
    bench.flush(60.0)
    out._sender.news = ''
    ids = [record['mb']['record_id'] for record in out.get_results()]
    kept = [one.sent for one in resend(tmp_path / 's')] if (tmp_path / 's').exists() else []
    assert (len(ids) + sum(kept), len({*ids})) == (2000, len(ids))


def test_what_the_server_refuses(make, tmp_path, monkeypatch):
    """A key of another type: the spool has the records; another list takes them."""
    out = make(background=True, password=None, spool=tmp_path / 's')
    out.rclient.set('records', 'text')
    out.write('{"mb":{"record_id":"a"}}')
    out.flush(60.0)
    out._sender.news = ''
    assert only(resend(tmp_path / 's')).refused == 1
    port = out._connection['port']
    to = f'redis://127.0.0.1:{port}/0?key=others'
    assert only(resend(tmp_path / 's', to)).sent == 1
    assert len(make('others').get_results()) == 1


def test_no_password_in_the_spool(tmp_path, monkeypatch):
    """It is taken from the environment that redis-cli has for it."""
    from microbench.outputs import redis as module

    out = RedisOutput('k', host='h', password='s3cret', spool=tmp_path / 's')
    out._spool.keep([b'{}'])
    text = only((tmp_path / 's').glob('*.target')).read_text()
    assert 's3cret' not in text
    monkeypatch.setenv('REDISCLI_AUTH', 'other')
    again = module.again(json.loads(text), None, {})
    assert (again.redis_key, again._connection) == ('k', {'host': 'h', 'password': 'other'})
    with pytest.raises(ValueError, match='key=NAME'):
        module.again({}, 'redis://h', {})
    secure = module.again({}, 'rediss://me:pw@h:7/2?key=k&stream=1', {})
    assert secure.stream
    named = {'host': 'h', 'port': 7, 'db': 2, 'username': 'me', 'ssl': True}
    assert secure._connection == named | {'password': 'pw'}
