"""Destinations of the record, and what happens if one fails."""

import io
import json
import os
import socket
import subprocess
import sys
import types
import urllib.request
from pathlib import Path

import pytest

from microbench.__main__ import main
from microbench.cli.run import destinations
from tests.cli.conftest import records_in, status_of
from tests.sandboxes import without

EXIT_3 = ['--', 'sh', '-c', 'exit 3']


# --- stand-ins ------------------------------------------------------------------------


class Web:
    """A stand-in for urlopen: keeps requests, and may refuse them."""

    def __init__(self):
        self.requests = []
        self.error = None

    def __call__(self, request, timeout=None):
        return self.send(request)

    def send(self, request):
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        return io.BytesIO(b'thanks')


class Redis(types.ModuleType):
    """A stand-in for the package: clients that keep what they get, or refuse it."""

    def __init__(self):
        super().__init__('redis')
        self.connections, self.lines, self.error = [], [], None

    def StrictRedis(self, **connection):  # noqa: N802 - its name
        self.connections.append(connection)
        return self

    def rpush(self, key, line):
        if self.error is not None:
            raise self.error
        self.lines.append((key, json.loads(line)))


@pytest.fixture
def web(monkeypatch):
    """Collect the requests to web servers; any host name resolves."""
    web = Web()
    monkeypatch.setattr(urllib.request, 'urlopen', web)
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *a, **k: [])
    return web


@pytest.fixture
def redis(monkeypatch):
    """Collect the lines that would be sent to a Redis server."""
    redis = Redis()
    monkeypatch.setitem(sys.modules, 'redis', redis)
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *a, **k: [])
    return redis


# --- what is sent where ---------------------------------------------------------------


def test_a_web_server_gets_the_record(web, capsys):
    """A web server gets the record in one request; nothing is printed."""
    assert status_of(main, ['--http-output', 'http://host/x', *EXIT_3]) == 3
    assert capsys.readouterr() == ('', '')
    [request] = web.requests
    assert (request.full_url, request.get_method()) == ('http://host/x', 'POST')
    assert json.loads(request.data)['call']['returncode'] == [3]


def test_headers_and_method(web):
    """A header is divided at the first colon, without white space around its parts."""
    words = ['--http-output-header', ' Authorization : Bearer a:b ', '--http-output-method']
    more = ['PUT', '--http-output-header=X-Empty:', '--http-output', 'http://h', 'true']
    assert status_of(main, [*words, *more]) == 0
    [request] = web.requests
    assert request.get_method() == 'PUT'
    assert request.headers['Authorization'] == 'Bearer a:b'
    assert request.headers['X-empty'] == ''
    assert request.headers['Content-type'] == 'application/json'


@pytest.mark.parametrize(
    ('words', 'connection'),
    [
        ('', {'host': 'localhost', 'port': 6379, 'db': 0}),
        (
            '--redis-host h --redis-port 1 --redis-db 2 --redis-password p',
            {'host': 'h', 'port': 1, 'db': 2, 'password': 'p'},
        ),
    ],
)
def test_a_redis_list_gets_the_record(words, connection, redis, capsys):
    """The client gets host, port, database, and a password only if there is one."""
    assert status_of(main, ['--redis-output', 'key', *words.split(), *EXIT_3]) == 3
    assert capsys.readouterr() == ('', '')
    assert redis.connections == [connection]
    [(key, record)] = redis.lines
    assert (key, record['call']['returncode']) == ('key', [3])


def test_all_get_the_same_record(web, redis, tmp_path, capsys, monkeypatch):
    """File, HTTP and Redis get the record in this order, whatever was typed first."""
    out, order = tmp_path / 'out.jsonl', []
    send = web.send
    web.send = lambda request: order.append(('http', out.exists())) or send(request)
    monkeypatch.setattr(redis, 'rpush', lambda *args: order.append(args))
    words = ['--redis-output', 'key', '--http-output', 'http://h', '-o', str(out)]
    assert status_of(main, [*words, *EXIT_3]) == 3
    [record] = records_in(out)
    assert order == [('http', True), ('key', out.read_text().rstrip())]
    assert json.loads(web.requests[0].data) == record
    assert capsys.readouterr() == ('', '')


@pytest.mark.parametrize('dead', [['web'], ['redis'], ['file'], ['web', 'redis', 'file']])
def test_a_dead_one_costs_no_other(dead, web, redis, tmp_path, capsys):
    """Every destination is tried; if all fail, the record is on standard error."""
    out = tmp_path / ('missing/below/out' if 'file' in dead else 'out')
    web.error = ConnectionRefusedError('refused') if 'web' in dead else None
    redis.error = ConnectionError('gone') if 'redis' in dead else None
    words = ['-o', str(out), '--http-output', 'http://h', '--redis-output', 'key']
    assert status_of(main, [*words, *EXIT_3]) == 3
    printed, errors = capsys.readouterr()
    assert printed == ''
    assert len(records_in(out)) == ('file' not in dead)
    assert len(web.requests) == 1
    assert len(redis.lines) == ('redis' not in dead)
    lines = errors.splitlines()
    if len(dead) == 3:
        assert json.loads(lines.pop())['call']['returncode'] == [3]
    assert len(lines) == len(dead)
    assert all(line.startswith('microbench: ') for line in lines)


# --- before the run -------------------------------------------------------------------


def unknown(host, *more, **options):
    """Raise what getaddrinfo raises for an unknown name."""
    raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')


@pytest.mark.parametrize('option', ['--http-output=http://nowhere.invalid/x', '--redis'])
def test_an_unknown_host_is_reported_and_the_command_runs(
    option, web, redis, capsys, monkeypatch, tmp_path
):
    """One line names the host before the run; the record is still sent."""
    monkeypatch.setattr(socket, 'getaddrinfo', unknown)
    words = [option]
    if option == '--redis':
        words = ['--redis-output', 'key', '--redis-host', 'nowhere.invalid']
    assert status_of(main, [*words, '--', 'sh', '-c', 'exit 3']) == 3
    assert capsys.readouterr().err == (
        "microbench: the host 'nowhere.invalid' is not known now (Name or service not "
        'known): if it is not by then, the record goes to standard error\n'
    )
    assert len(web.requests) + len(redis.lines) == 1


def test_an_invalid_host_name_is_reported(web, capsys, monkeypatch):
    """An invalid host name is reported without a look-up."""
    monkeypatch.undo()
    monkeypatch.setattr(urllib.request, 'urlopen', Web())
    assert status_of(main, ['--http-output', f'http://{"x" * 70}.invalid', 'true']) == 0
    assert 'is not the name of a host' in capsys.readouterr().err


def test_a_name_server_that_is_silent_is_not_waited_for(web, capsys, monkeypatch):
    """The run starts without the answer of a silent name server."""
    monkeypatch.setattr(destinations, 'RESOLVE_TIMEOUT', 0.0)
    reader, writer = os.pipe()
    monkeypatch.setattr(socket, 'getaddrinfo', lambda *a: os.read(reader, 1))
    assert status_of(main, ['--http-output', 'http://h', 'true']) == 0
    os.close(writer)  # the thread ends
    assert capsys.readouterr() == ('', '')


def test_switched_off_nothing_is_looked_up(web, capsys, monkeypatch):
    """Without a record to send, no host is looked up."""
    monkeypatch.setenv('MICROBENCH', 'off')
    monkeypatch.setattr(socket, 'getaddrinfo', unknown)
    assert status_of(main, ['--http-output', 'http://h', *EXIT_3]) == 3
    assert (capsys.readouterr(), web.requests) == (('', ''), [])


def test_behind_a_proxy_no_name_is_looked_up(web, capsys, monkeypatch):
    """Behind a proxy, only the proxy can resolve hosts outside."""
    monkeypatch.setenv('HTTP_PROXY', 'http://proxy:3128')
    monkeypatch.setattr(socket, 'getaddrinfo', unknown)
    assert status_of(main, ['--http-output', 'http://h', 'true']) == 0
    assert capsys.readouterr() == ('', '')


# --- standard streams -----------------------------------------------------------------


SPEAKING = ['--', 'sh', '-c', 'echo out; echo err >&2; exit 3']


@pytest.mark.parametrize('name', ['/dev/stderr', '/dev/stdout', '-'])
def test_a_standard_stream_as_a_destination(name, command):
    """A record on its own stream stays separate from the program's output."""
    outcome = command('-o', name, *SPEAKING)
    assert outcome.status == 3
    said = {'stdout': outcome.stdout, 'stderr': outcome.stderr}
    stream = 'stderr' if name == '/dev/stderr' else 'stdout'
    first, record = said.pop(stream).splitlines()
    assert first == stream.removeprefix('std')
    assert json.loads(record)['call']['returncode'] == [3]
    assert [*said.values()] == ['out\n' if stream == 'stderr' else 'err\n']


def test_standard_output_beside_another_destination(web, capsys):
    """`-o -` adds standard output to a server."""
    assert status_of(main, ['-o', '-', '--http-output', 'http://h', 'true']) == 0
    record = json.loads(capsys.readouterr().out)
    assert json.loads(web.requests[0].data) == record


def test_a_stream_that_is_a_socket(command):
    """A socket, as under a supervisor, is not reopened by its name."""
    near, far = socket.socketpair()
    with near, far:
        done = command('-o', '/dev/stderr', 'true', stderr=far)
        far.close()
        with near.makefile() as lines:
            [record] = map(json.loads, lines)
    assert (done.status, record['call']['returncode']) == (0, [0])


UNBLOCK = (
    'import os, sys; os.set_blocking(1, False); os.write(1, b"." * 4096);'
    'print("ready", file=sys.stderr)'
)


def test_a_stream_that_the_command_made_non_blocking(environment, tmp_path):
    """A full pipe that was left non-blocking is waited for; no byte is lost."""
    child = ['--', sys.executable, '-c', UNBLOCK, 'x' * 100_000]
    process = subprocess.Popen(
        [sys.executable, '-m', 'microbench', *child],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr.readline() == b'ready\n'
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b'')
    assert out[:4096] == b'.' * 4096
    assert json.loads(out[4096:])['call']['command'][-1] == 'x' * 100_000


def test_an_appending_file_keeps_what_was_there(command, tmp_path):
    """The record is appended under `microbench ... >> file`."""
    path = tmp_path / 'records'
    for _ in range(2):
        with path.open('ab') as file:
            assert command('true', stdout=file).status == 0
    assert len(records_in(path)) == 2


CLOSED = {'stdin': '<&-', 'stdout': '>&-', 'stderr': '2>&-', 'all': '<&- >&- 2>&-'}


@pytest.mark.parametrize('closed', CLOSED)
def test_closed_streams(closed, ended):
    """With closed streams the command runs as ever; the file has the record."""
    assert_like_the_command(ended('sh', '-c', closing(closed), sys.executable))


@pytest.mark.parametrize('closed', CLOSED)
def test_closed_streams_without_the_null_device(closed, ended):
    """Closed streams work in a chroot without /dev."""
    words = [*without('/dev'), 'sh', '-c', closing(closed), sys.executable]
    assert_like_the_command(ended(*words))


def closing(streams):
    """Return a shell line that starts the command with these streams closed."""
    return f'"$0" -m microbench -o out.jsonl -- sh -c "exit 3" {CLOSED[streams]}'


def assert_like_the_command(done):
    """Check that nothing is printed and that the record is in the file."""
    assert (done.status, done.stdout, done.stderr) == (3, '', '')
    assert done.call['returncode'] == [3]


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_a_full_disk_behind_a_stream(command):
    """The record goes to the other stream, and the status is the command's."""
    with Path('/dev/full').open('w') as full:
        done = command('-o', '-', *EXIT_3, stdout=full)
    warning, record = done.stderr.splitlines()
    assert done.status == 3
    assert warning.startswith('microbench: standard output did not take a record: ')
    assert json.loads(record)['call']['returncode'] == [3]


def test_a_spool_keeps_what_no_server_took(web, tmp_path, capfd):
    """It is not printed, the status is that of the program, and resend knows the server."""
    web.error = OSError('gone')
    spool = tmp_path / 'spool'
    words = ['--http-output', 'http://h.org/in', '--spool', str(spool), *EXIT_3]
    assert status_of(main, words) == 3
    assert '"mb"' not in capfd.readouterr().err
    [line] = next(spool.glob('*.jsonl')).read_text().splitlines()
    assert json.loads(line)['call']['returncode'] == [3]
    web.error = None
    assert status_of(main, ['resend', str(spool)]) == 0
    assert capfd.readouterr().out == 'http://h.org/in: 1 record sent\n'
