"""Real servers on this machine: a counting web server, and Redis."""

import json
import shutil
import socket
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.services import slurm_cluster


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says, and notes what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        word, _, rest = self.path.strip('/').partition('/')
        answer = getattr(self, f'answer_{word}', None)
        answer(rest) if answer else self.answer(200, body)

    do_PUT = do_POST  # noqa: N815 - the base class looks for these names

    def answer(self, code, body=b'', **headers):
        if code == 200 and body:
            self.server.ids[json.loads(body)['mb']['record_id']] += 1
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def answer_status(self, rest):
        self.answer(int(rest))

    def answer_redirect(self, rest):
        code, _, target = rest.partition('/')
        self.answer(int(code), Location=self.server.targets.get(target, f'/{target}'))

    def answer_hang(self, rest):
        self.server.over.wait()

    def answer_close(self, rest):
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """A web server on a free port."""

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.requests = []
        self.ids = Counter()  # how often each record was accepted
        self.targets = {}  # names of redirects, and where they lead
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, path=''):
        return f'http://127.0.0.1:{self.server_port}/{path}'

    @property
    def methods(self):
        return [(method, path) for method, path, _, _ in self.requests]

    def end(self):
        self.over.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


@pytest.fixture
def servers(monkeypatch):
    """Make web servers, without any proxy of the environment."""
    monkeypatch.setenv('no_proxy', '*')
    made = []

    def make():
        made.append(Server())
        return made[-1]

    yield make
    for server in made:
        server.end()


@pytest.fixture
def server(servers):
    """Make one web server."""
    return servers()


class RedisServer:
    """A redis-server, a child of this process; it keeps nothing on disk unless asked."""

    def __init__(self, program):
        self.program = program
        with socket.create_server(('127.0.0.1', 0)) as free:
            self.port = free.getsockname()[1]
        self.process = None
        self.kept = []
        self.start()

    def keep(self, folder):
        """Begin anew, and keep on disk what was acknowledged."""
        self.kill()
        self.kept = ['--dir', str(folder), '--appendonly', 'yes', '--appendfsync', 'always']
        self.start()

    def start(self):
        options = ['--port', str(self.port), '--bind', '127.0.0.1', '--save', '']
        options += self.kept
        self.process = subprocess.Popen(
            [self.program, *options, '--daemonize', 'no'], stdout=subprocess.PIPE
        )
        for line in self.process.stdout:
            if b'eady to accept connections' in line:
                return
        pytest.fail('redis-server did not start')

    def kill(self):
        """End the server as a crash would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def redis_server():
    """Start a Redis server; without the program the test is skipped."""
    program = shutil.which('redis-server')
    if program is None:
        pytest.skip('needs redis-server (Debian: apt install redis-server)')
    server = RedisServer(program)
    yield server
    server.kill()


@pytest.fixture(scope='session')
def clusters(tmp_path_factory):
    """Start a SLURM of one node for each plugin that works here, side by side."""
    started = {}
    try:
        for plugin in slurm_cluster.PLUGINS:
            if not slurm_cluster.why_not(plugin):
                base = tmp_path_factory.mktemp('slurm')
                started[plugin] = slurm_cluster.Cluster(base, plugin)
        yield started
    finally:
        for cluster in started.values():
            cluster.stop()


@pytest.fixture(scope='session', params=slurm_cluster.PLUGINS)
def slurm(request, clusters):
    """Return a SLURM of one node; skip the test where there is none."""
    if request.param not in clusters:
        pytest.skip(slurm_cluster.why_not(request.param))
    return clusters[request.param]


@pytest.fixture
def naps(monkeypatch):
    """Make the Redis client not wait between attempts; return the planned waits."""
    retry = pytest.importorskip('redis.retry')
    taken = []
    monkeypatch.setattr(retry, 'sleep', taken.append)
    return taken
