"""PostgresOutput against a real server, which is killed and started again."""

import json
import os
import pickle
import socket
import threading

import pytest

from microbench import MicroBenchBase, PostgresOutput
from microbench.outputs.resend import resend
from tests.fakes import only
from tests.services.postgres import PROGRAMS, PostgresServer

psycopg = pytest.importorskip('psycopg')
conninfo_to_dict = pytest.importorskip('psycopg.conninfo').conninfo_to_dict


@pytest.fixture(scope='module')
def postgres_server():
    """Start a server; without the programs the test is skipped."""
    if PROGRAMS is None:
        pytest.skip('needs postgresql (Debian: apt install postgresql)')
    server = PostgresServer()
    yield server
    server.end()


@pytest.fixture
def make(postgres_server):
    """Make sinks; they are closed at the end."""
    made = []

    def output(table, **options):
        made.append(PostgresOutput(postgres_server.dsn, table, **options))
        return made[-1]

    yield output
    for sink in made:
        sink.close()


def test_records_are_stored_and_read_back(make):
    """One by one, in order, each once, however often it is sent; also what jsonb lacks."""
    out = make('first')
    bench = MicroBenchBase(outputs=[out], text='\N{EURO SIGN} a\0b \\u0000', n=2**70, f=0.5)
    work = bench(len)
    work('')
    work('four')
    records = out.get_results()
    assert [record['call']['name'] for record in records] == ['len', 'len']
    assert records[0]['mb']['record_id'] < records[1]['mb']['record_id']
    assert (records[0]['text'], records[0]['n']) == ('€ a\\x00b \\u0000', 2**70)
    again = json.dumps(records[0]).encode()
    out._send([again], None)
    out._send([again, again], None)
    assert len(bench.get_results(format='df', flat=True)) == 2
    row = out._connection.execute('SELECT name, host, time FROM first').fetchone()
    assert (row[0], row[1], row[2].isoformat()) == (
        *('len', None),
        records[0]['call']['start_time'],
    )


def test_a_table_in_a_schema(make, postgres_server):
    """Its name is quoted, and never a way to run SQL."""
    out = make('public.odd "name; drop')
    out.write('{"call":{"name":"x\\u0000","start_time":"yesterday"}}')
    assert only(out.get_results())['call']['name'] == 'x\\x00'


def test_a_table_that_cannot_be_made_now(make, monkeypatch):
    """The next attempt makes it; the connection of the first is closed."""
    out = make('later')
    tries, real = [], out._make_table

    def fail_once(connection):
        tries.append(connection)
        if len(tries) == 1:
            raise psycopg.errors.LockNotAvailable('busy')
        real(connection)

    monkeypatch.setattr(out, '_make_table', fail_once)
    with pytest.raises(psycopg.errors.LockNotAvailable):
        out.write('{"n":1}')
    assert tries[0].closed
    out.write('{"n":1}')
    assert out.get_results() == [{'n': 1}]


def test_secrets_of_a_dsn_stay_out_of_a_spool():
    """Options that are known to be harmless are kept, and no others."""
    secrets = 'password=a1 sslpassword=b2 scram_client_key=c3'
    out = PostgresOutput(f'host=db dbname=lab user=me sslmode=require {secrets}', 'runs')
    assert conninfo_to_dict(out._describe()['dsn']) == {
        'host': 'db',
        'dbname': 'lab',
        'user': 'me',
        'sslmode': 'require',
    }


def test_a_record_that_is_refused(make, tmp_path):
    """A text that PostgreSQL does not take goes to the spool; the others are stored."""
    out = make('refused', background=True, spool=tmp_path / 's')
    for text in ('"a"', '"\\ud800"', '"b"'):
        out.write(f'{{"mb":{{"record_id":{text}}},"text":{text}}}')
    out.flush(60.0)
    out._sender.news = ''
    assert [record['text'] for record in out.get_results()] == ['a', 'b']
    assert only(resend(tmp_path / 's')).refused == 1


def test_killed_and_started_again(make, postgres_server, tmp_path):
    """2000 records with a crash of the server among them: none is lost, none is twice."""
    out = make('killed', background=True, batch=100, spool=tmp_path / 's')
    out._sender._sleep = lambda _: None
    bench = MicroBenchBase(outputs=[out])
    work = bench(len)
    halfway = threading.Event()
    send = out._send

    def counting(records, timeout):
        send(records, timeout)
        halfway.set()

    out._send = counting
    for number in range(2000):
        if number == 1000:
            assert halfway.wait(60)
            postgres_server.kill()
            starting = threading.Thread(target=postgres_server.start)
            starting.start()
        work('')
    starting.join()
    bench.flush(60.0)
    out._sender.news = ''
    ids = [record['mb']['record_id'] for record in out.get_results()]
    kept = [one.sent for one in resend(tmp_path / 's')] if (tmp_path / 's').exists() else []
    assert (len(ids) + sum(kept), len({*ids})) == (2000, len(ids))


def test_no_password_in_the_spool(tmp_path):
    """Nor in the name of the sink."""
    out = PostgresOutput('postgresql://me:s3cret@h.org/lab', 'runs', spool=tmp_path / 's')
    out._spool.keep([b'{}'])
    text = only((tmp_path / 's').glob('*.target')).read_text()
    assert 's3cret' not in text
    assert json.loads(text)['dsn'] == 'user=me dbname=lab host=h.org'
    assert repr(out) == "PostgresOutput('runs')"


def test_a_silent_server():
    """It costs the time that a record has."""
    with socket.create_server(('127.0.0.1', 0)) as silent:
        port = silent.getsockname()[1]
        out = PostgresOutput(f'host=127.0.0.1 port={port} dbname=lab', 'runs')
        import psycopg

        with pytest.raises((psycopg.OperationalError, TimeoutError)):
            out.write_record(b'{}', timeout=0.1)


def test_a_server_that_does_not_answer_a_statement(make):
    """A lock that another session holds costs the time, not for ever."""
    out, other = make('locked'), make('locked')
    out.write('{}')
    other.write('{"n":1}')
    with other._connection.transaction():
        other._connection.execute('LOCK TABLE locked IN ACCESS EXCLUSIVE MODE')
        with pytest.raises(TimeoutError, match='did not answer in time'):
            out.write_record(b'{"n":2}', timeout=0.2)
    out.write('{"n":2}')
    assert len(out.get_results()) == 3


def test_a_copy_in_another_process(make):
    """It connects itself; so does a forked child."""
    out = make('copied')
    out.write('{"n":1}')
    copy = pickle.loads(pickle.dumps(out))
    assert copy._connection is None
    copy.write('{"n":2}')
    copy.close()
    out._pid = os.getpid() + 1  # as a child sees it
    inherited = out._connection
    out.write('{"n":3}')
    assert out._connection is not inherited
    inherited.close()
    assert len(out.get_results()) == 3


@pytest.mark.parametrize(
    ('arguments', 'error'),
    [
        (('nonsense',), ValueError),
        (('host=h', ''), ValueError),
        (('host=h', 'a..b'), ValueError),
        ((5,), TypeError),
    ],
)
def test_wrong_arguments(arguments, error):
    """Each is rejected at construction, before there is a connection."""
    with pytest.raises(error):
        PostgresOutput(*arguments)
