"""More servers and runners that stop by themselves, in a few lines each.

Each program asks for a record when its handler is there, and is then sent SIGTERM.
"""

import pytest

BENCH = """
import os, signal, sys, threading, time
from microbench import MicroBench

bench = MicroBench('records.jsonl')

def strike(**options):
    bench.record_on_exit('process', **options)
    threading.Timer(0, os.kill, (os.getpid(), signal.SIGTERM)).start()
"""

CHERRYPY = """
import cherrypy

cherrypy.log.screen = False
cherrypy.server.unsubscribe()
cherrypy.engine.signals.subscribe()
cherrypy.engine.subscribe('exit', lambda: print('finished'))
cherrypy.engine.subscribe('main', lambda: struck or struck.append(strike()))
struck = []
cherrypy.engine.start()
cherrypy.engine.block()
sys.exit(3)
"""

HUEY = """
from huey import MemoryHuey

consumer = MemoryHuey('app').create_consumer(workers=1)
start = consumer.start
consumer.start = lambda: (start(), strike())
consumer.run()
print('finished')
sys.exit(3)
"""

DRAMATIQ = """
import multiprocessing
from dramatiq import Middleware, set_broker
from dramatiq.brokers.stub import StubBroker

class Struck(Middleware):
    def after_worker_boot(self, broker, worker):
        strike()
    def after_worker_shutdown(self, broker, worker):
        os.write(1, b'finished\\n')

broker = StubBroker()
broker.add_middleware(Struck())
set_broker(broker)

if __name__ == '__main__':
    from dramatiq.cli import main, make_argument_parser
    flags = ['--processes=1', '--threads=1', '--skip-logging']
    main(make_argument_parser().parse_args(['prog', *flags]))
    sys.exit(3)
"""

SUPERVISOR = """
from supervisor import options, supervisord

with open('supervisord.conf', 'w') as conf:
    print('[supervisord]\\nnodaemon=true\\nlogfile=/dev/null', file=conf)
    print('user=root\\n' if os.geteuid() == 0 else '', file=conf)
    print('logfile_maxbytes=0\\npidfile=supervisord.pid', file=conf)
setsignals = options.ServerOptions.setsignals
options.ServerOptions.setsignals = lambda self: (setsignals(self), strike())
supervisord.main(['-n', '-s', '-c', 'supervisord.conf'])
print('finished')
sys.exit(3)
"""

DISTRIBUTED = """
import asyncio
from distributed._signals import wait_for_signals

async def main():
    waiting = asyncio.ensure_future(wait_for_signals())
    await asyncio.sleep(0)
    strike()
    await waiting
    print('finished')

asyncio.run(main())
sys.exit(3)
"""

RQ = """
from fakeredis import FakeStrictRedis
from rq import Queue, SimpleWorker

class Worker(SimpleWorker):
    def dequeue_job_and_maintain_ttl(self, *args, **options):
        strike()
        return super().dequeue_job_and_maintain_ttl(*args, **options)

connection = FakeStrictRedis()
worker = Worker([Queue(connection=connection)], connection=connection)
worker.work(logging_level='CRITICAL')
print('finished')
sys.exit(3)
"""

GRANIAN = """
from granian import Granian

import socket
from urllib.request import urlopen

async def app(scope, protocol):
    protocol.response_str(200, [], 'hello')

def strike_when_it_answers():
    bench.record_on_exit('process')
    threading.Thread(target=knock).start()

# A worker that is not yet at work loses the signal: its server waits for ever. The main
# process listens before it starts one, so a connection alone proves nothing.
def knock():
    while True:
        try:
            urlopen(f'http://127.0.0.1:{port}', timeout=60).close()
        except OSError:
            time.sleep(0.01)
        else:
            break
    os.kill(os.getpid(), signal.SIGTERM)

if __name__ == '__main__':
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    server = Granian('prog:app', address='127.0.0.1', port=port, log_enabled=False)
    server.on_startup(strike_when_it_answers)
    server.on_shutdown(lambda: print('finished'))
    server.serve()
    sys.exit(3)
"""

SOFTWARE = {
    'cherrypy': CHERRYPY,
    'huey': HUEY,
    'dramatiq': DRAMATIQ,
    'supervisor': SUPERVISOR,
    'distributed': DISTRIBUTED,
    'rq': RQ,
    'granian': GRANIAN,
}


@pytest.mark.parametrize('name', SOFTWARE)
def test_it_stops_by_itself(same, name):
    """The program finishes its work; the record has the signal and the status."""
    pytest.importorskip(name)
    if name == 'rq':
        pytest.importorskip('fakeredis')
    ran = same(BENCH + SOFTWARE[name])
    assert ran.behaviour == (3, 'finished\n')
    [record] = ran.records
    status = 0 if name == 'dramatiq' else 3  # its record is that of a worker process
    assert (record['exit_signal'], record['exit_status']) == ('SIGTERM', status)
