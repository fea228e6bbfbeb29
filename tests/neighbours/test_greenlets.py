"""gevent and eventlet: `threading` makes greenlets, which share one thread."""

import pytest

KINDS = ['plain', 'gevent', 'eventlet']
BEGIN = """
import sys, warnings
warnings.simplefilter('ignore', DeprecationWarning)  # eventlet warns of itself
if sys.argv[1] == 'gevent':
    from gevent import monkey
    monkey.patch_all()
elif sys.argv[1] == 'eventlet':
    import eventlet
    eventlet.monkey_patch()
warnings.simplefilter('default')

import os, signal, threading, time
from microbench import MicroBench, MicroBenchBase

def in_threads(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

bench = MicroBench('records.jsonl')
"""


@pytest.fixture(params=KINDS)
def kind(request):
    """Return what `threading` makes."""
    if request.param != 'plain':
        pytest.importorskip(request.param)
    return request.param


def names_in(record, field='timings'):
    """Return the names of a record's phases."""
    return [timing['name'] for timing in record['call'].get(field, ())]


def test_a_phase_in_a_thread(same, kind):
    """The open record of its bench gets the phase, patched or not."""
    ran = same(
        BEGIN
        + """
def step():
    with bench.time('step'):
        time.sleep(0.001)

with bench.record('work'):
    in_threads(step, step)
    print('done')
""",
        kind,
    )
    assert names_in(ran.records[0]) == ['step', 'step']
    assert 'RuntimeWarning' not in ran.err


def test_a_phase_of_the_main_thread(same, kind):
    """A record that another greenlet has opened gets the phase."""
    ran = same(
        BEGIN
        + """
opened, done = threading.Event(), threading.Event()

def work():
    with bench.record('work'):
        opened.set()
        done.wait()

thread = threading.Thread(target=work)
thread.start()
opened.wait()
with bench.time('step'):
    pass
done.set()
thread.join()
""",
        kind,
    )
    assert names_in(ran.records[0]) == ['step']


def test_records_of_several(same, kind):
    """Each record keeps its phases while greenlets take turns."""
    ran = same(
        BEGIN
        + """
barrier = [threading.Event() for _ in range(3)]

def work(number):
    def run():
        with bench.record(f'work {number}'):
            for turn in range(3):
                with bench.time(f'{number}.{turn}'):
                    barrier[number].set()
                    while not all(event.is_set() for event in barrier):
                        time.sleep(0)
    return run

def stranger():
    while not all(event.is_set() for event in barrier[:2]):
        time.sleep(0)
    with bench.time('stray'):
        barrier[2].set()

in_threads(work(0), work(1), stranger)
""",
        kind,
    )
    found = {record['call']['name']: names_in(record) for record in ran.records}
    assert found == {
        'work 0': ['0.0', '0.1', '0.2'],
        'work 1': ['1.0', '1.1', '1.2'],
    }


def test_the_record_of_the_process(same, kind):
    """The process's record gets remaining phases; a greenlet may register it."""
    ran = same(
        BEGIN
        + """
def register():
    bench.record_on_exit('process')
    with bench.time('register'):
        time.sleep(0.001)

def step():
    with bench.time('step'):
        time.sleep(0.001)

register() if sys.argv[1] == 'plain' else in_threads(register)
in_threads(step)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
""",
        kind,
        env={'MICROBENCH_EXIT_GRACE': '60'},
    )
    [record] = ran.records
    assert (record['exit_signal'], 'exit_path' in record) == ('SIGTERM', False)
    assert names_in(record) == ['register', 'step']
    assert 'RuntimeWarning' not in ran.err


def test_a_monitor_beside_code_that_computes(same, kind):
    """The sampler is a thread of the system, so no greenlet has to yield."""
    ran = same(
        BEGIN
        + """
sampled = []

class Bench(MicroBenchBase):
    monitor_interval = 0.001

    @staticmethod
    def monitor(process):
        sampled.append(1)
        return {'pid': process.pid}

with Bench('records.jsonl').record('work'):
    while 'off' not in os.environ.get('MICROBENCH', '') and len(sampled) < 5:
        pass
""",
        kind,
    )
    assert len(ran.records[0]['call']['monitor']) >= 5


SERVER = """
import os, signal, socket, subprocess, sys, time

command = [sys.executable, '-m', 'gunicorn', '-k', sys.argv[1], '-w', '1',
           '--bind', 'unix:socket', '--graceful-timeout', '60', 'app:app']
server = subprocess.Popen(command, stderr=open('log', 'w'))
answers = []
while len(answers) < 3 and server.poll() is None:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect('socket')
        except OSError:
            time.sleep(0.01)
            continue
        client.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        with client.makefile('rb') as answer:
            answers.append(answer.read().splitlines()[-1])
server.send_signal(signal.SIGTERM)
print(answers, server.wait())
"""
APP = """
from microbench import MicroBench

bench = MicroBench('records.jsonl')

def query():
    with bench.time('query'):
        return b'answer'

def app(environ, start_response):
    import threading
    with bench.record('request'):
        found = []
        thread = threading.Thread(target=lambda: found.append(query()))
        thread.start()
        thread.join()
        start_response('200 OK', [('Content-Length', '6')])
        return found
"""


@pytest.mark.parametrize('worker', ['sync', 'gthread', 'gevent'])
def test_gunicorn(same, tmp_path, worker):
    """Requests have their records, with what their greenlets did."""
    pytest.importorskip('gunicorn')
    pytest.importorskip('gevent')
    (tmp_path / 'app.py').write_text(APP)
    ran = same(SERVER, worker)
    assert [names_in(record) for record in ran.records] == [['query']] * 3
