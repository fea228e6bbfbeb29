"""Software that stops by itself at SIGTERM finishes its work in flight.

Each program asks for a record when its handler is there, and is then sent SIGTERM.
"""

import signal

import pytest

BENCH = """
import os, signal, sys, threading, time
from microbench import MicroBench

bench = MicroBench('records.jsonl')

def strike():
    bench.record_on_exit('process')
    os.kill(os.getpid(), signal.SIGTERM)
"""

ASYNCIO = """
import asyncio
from {0} import run

async def main():
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    strike()
    await stopped.wait()
    await asyncio.sleep(0)
    print('finished')

run(main())
sys.exit(3)
"""

TRIO = """
import trio

async def main():
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        strike()
        async for number in signals:
            print(signal.Signals(number).name)
            break
    await trio.sleep(0)
    print('finished')

trio.run(main)
sys.exit(3)
"""

TWISTED = """
from twisted.internet import reactor

reactor.callWhenRunning(strike)
reactor.addSystemEventTrigger('before', 'shutdown', print, 'finished')
reactor.run()
sys.exit(3)
"""

CELERY = """
from celery import Celery, signals

app = Celery('app', broker='memory://')
app.conf.worker_hijack_root_logger = False

@app.task
def work():
    strike()
    print('finished')

@signals.worker_ready.connect
def begin(**_):
    work.delay()

app.worker_main(['--quiet', 'worker', '--pool=solo', '--loglevel=ERROR'])
"""

# Of torch, too large to install: the rule of Lightning's connector of signals, and what
# torchrun's agent installs. The modules have the names of theirs.
LIGHTNING = """
import types

connector = types.ModuleType('lightning.pytorch.trainer.connectors.signal_connector')
exec('''
import signal

class Compose:
    def __init__(self, handlers):
        self.handlers = handlers
    def __call__(self, number, frame):
        for handler in self.handlers:
            if callable(handler):
                handler(number, frame)

class Connector:
    received = requeued = False
    def register(self):
        self.before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGUSR1)}
        if signal.getsignal(signal.SIGUSR1) in (None, signal.SIG_DFL):
            signal.signal(signal.SIGUSR1, Compose([self.requeue]))
        own = [self.notify]
        if signal.getsignal(signal.SIGTERM) not in (None, signal.SIG_DFL):
            own.append(signal.getsignal(signal.SIGTERM))
        signal.signal(signal.SIGTERM, Compose(own))
    def notify(self, number, frame):
        self.received = True
    def requeue(self, number, frame):
        self.requeued = True
    def restore(self):
        for number, handler in self.before.items():
            if handler is not None:
                signal.signal(number, handler)
''', vars(connector))

trainer = connector.Connector()
trainer.register()
bench.record_on_exit('process')
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGTERM)
while not trainer.received:
    time.sleep(0.001)
print('checkpoint written, requeued:', trainer.requeued)
trainer.restore()
sys.exit(3)
"""

TORCHRUN = """
import types

api = types.ModuleType('torch.distributed.elastic.multiprocessing.api')
exec('''
class SignalException(Exception):
    pass
def _terminate_process_handler(number, frame):
    raise SignalException(f'got signal {number}')
''', vars(api))
signal.signal(signal.SIGTERM, api._terminate_process_handler)
try:
    strike()
    time.sleep(600)
except api.SignalException as error:
    print('workers are ended:', error)
    sys.exit(3)
"""

PROGRAMS = {
    'asyncio': (ASYNCIO.format('asyncio'), 3),
    'uvloop': (ASYNCIO.format('uvloop'), 3),
    'trio': (TRIO, 3),
    'twisted': (TWISTED, 3),
    'celery': (CELERY, 0),
    'lightning': (LIGHTNING, 3),
    'torchrun': (TORCHRUN, 3),
}
IN_PLACE = ('asyncio', 'lightning', 'torchrun')  # nothing has to be installed


@pytest.mark.parametrize('name', PROGRAMS)
def test_it_stops_by_itself(same, name):
    """Output and status are the same; the record has the signal and the status."""
    if name not in IN_PLACE:
        pytest.importorskip(name)
    program, status = PROGRAMS[name]
    ran = same(BENCH + program, env={'MICROBENCH_EXIT_GRACE': '600'})
    assert ran.status == status
    [record] = ran.records
    assert (record['exit_signal'], record.get('exit_status')) == ('SIGTERM', status)
    assert 'exit_path' not in record
    assert 'RuntimeWarning' not in ran.err


# --- servers --------------------------------------------------------------------------

CLIENT = """
import socket

def ask():
    with socket.socket(socket.AF_UNIX) as client:
        while True:
            try:
                client.connect('server')
                break
            except OSError:
                time.sleep(0.01)
        client.sendall(b'GET / HTTP/1.1\\r\\nHost: here\\r\\nConnection: close\\r\\n\\r\\n')
        answer = b''
        while more := client.recv(1 << 16):
            answer += more
    print(answer.partition(b'\\r\\n\\r\\n')[2].decode(), flush=True)
"""

GUNICORN = """
from gunicorn.app.base import BaseApplication

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set('bind', 'unix:server')
        self.cfg.set('worker_class', {0!r})
        self.cfg.set('control_socket_disable', True) if hasattr(
            self.cfg, 'control_socket_disable') else None
        self.cfg.set('post_worker_init', self.started)
        self.cfg.set('when_ready', lambda server: threading.Thread(target=ask).start())

    def started(self, worker):
        self.worker = worker
        bench.record_on_exit('worker')

    def load(self):
        return self.answer

    def answer(self, environ, start_response):
        os.kill(os.getppid(), signal.SIGTERM)  # the master, which ends its workers
        while self.worker.alive:
            time.sleep(0.001)
        start_response('200 OK', [('Content-Length', '8')])
        return [b'answered']

Server().run()
"""


@pytest.mark.parametrize('worker', ['sync', 'gthread'])
def test_gunicorn(same, worker):
    """A request is answered after SIGTERM, and each worker leaves its record."""
    pytest.importorskip('gunicorn')
    ran = same(BENCH + CLIENT + GUNICORN.format(worker))
    assert ran.behaviour == (0, 'answered\n')
    [record] = ran.records
    assert (record['exit_signal'], record['exit_status']) == ('SIGTERM', 0)
    assert 'RuntimeWarning' not in ran.err


ASGI = """
import asyncio

async def app(scope, receive, send):
    if scope['type'] == 'lifespan':
        await receive()
        if {0}:
            bench.record_on_exit('app')
        client = threading.Thread(target=ask)
        client.start()
        await send({{'type': 'lifespan.startup.complete'}})
        await receive()
        await asyncio.to_thread(client.join)
        print('shut down', flush=True)
        await send({{'type': 'lifespan.shutdown.complete'}})
        return
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.05)
    await send({{'type': 'http.response.start', 'status': 200,
                'headers': [(b'content-length', b'8')]}})
    await send({{'type': 'http.response.body', 'body': b'answered'}})
"""
UVICORN = """
import uvicorn

if not {0}:
    bench.record_on_exit('app')
uvicorn.run(app, uds='server', loop={1!r}, log_level='error')
"""


@pytest.mark.parametrize('loop', ['asyncio', 'uvloop'])
@pytest.mark.parametrize('in_app', [True, False])
def test_uvicorn(same, in_app, loop):
    """Uvicorn restores the earlier handler, and sends itself the signal at its end."""
    pytest.importorskip('uvicorn')
    pytest.importorskip(loop)
    ran = same(BENCH + CLIENT + (ASGI + UVICORN).format(in_app, loop))
    assert ran.out == 'answered\nshut down\n'
    assert ran.status == -signal.SIGTERM
    [record] = ran.records
    assert record['exit_signal'] == 'SIGTERM'
    # in the app: the default action was saved before us, and put back
    assert record.get('exit_path') == ('recovered' if in_app else None)
    assert 'RuntimeWarning' not in ran.err


FASTAPI = """
from contextlib import asynccontextmanager
import uvicorn
from fastapi import FastAPI

@asynccontextmanager
async def lifespan(app):
    bench.record_on_exit('app')
    client = threading.Thread(target=ask)
    client.start()
    yield
    client.join()
    print('shut down', flush=True)

app = FastAPI(lifespan=lifespan)

@app.get('/')
def answer():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.05)
    return 'answered'

uvicorn.run(app, uds='server', log_level='error')
"""


def test_fastapi(same):
    """The lifespan of an app registers, and reaches its end."""
    pytest.importorskip('fastapi')
    pytest.importorskip('uvicorn')
    ran = same(BENCH + CLIENT + FASTAPI)
    assert ran.out == '"answered"\nshut down\n'
    [record] = ran.records
    assert record['exit_signal'] == 'SIGTERM'


HYPERCORN = """
from hypercorn.asyncio import serve
from hypercorn.config import Config

config = Config()
config.bind = ['unix:server']
config.loglevel = 'ERROR'
asyncio.run(serve(app, config))
sys.exit(3)
"""


def test_hypercorn(same):
    """Hypercorn answers, shuts the app down, and ends with the program's status."""
    pytest.importorskip('hypercorn')
    ran = same(BENCH + CLIENT + ASGI.format(True) + HYPERCORN)
    assert ran.out == 'answered\nshut down\n'
    assert ran.status == 3
    [record] = ran.records
    assert (record['exit_signal'], record['exit_status']) == ('SIGTERM', 3)


SUBMITIT = """
import submitit

def work():
    strike()
    return 'finished'

executor = submitit.LocalExecutor(folder='jobs')
job = executor.submit(work)
print(job.result())
"""


def test_submitit(same):
    """Submitit's handler ignores SIGTERM; the job reaches its end."""
    pytest.importorskip('submitit')
    ran = same(BENCH + SUBMITIT)
    assert ran.behaviour == (0, 'finished\n')
    [record] = ran.records
    assert (record['exit_signal'], record['exit_status']) == ('SIGTERM', 0)
