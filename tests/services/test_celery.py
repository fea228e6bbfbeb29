"""Decorated tasks in a real Celery worker, whose broker is a real Redis."""

import subprocess
import sys

import pytest

from microbench import FileOutput
from tests.fakes import CELERY_TASKS, ROOT, environment

TASKS = f"""
import sys
from celery import Celery
from microbench import MicroBench

bench = MicroBench('records.jsonl')
url = 'redis://127.0.0.1:PORT/0'
app = Celery('tasks', broker=url, backend=url)
app.conf.broker_connection_retry_on_startup = True

{CELERY_TASKS}"""
CALLS = """
from tasks import add, flaky
from celery import chain, group
print(add.delay(1, y=2).get(timeout=60), flaky.delay(5).get(timeout=60))
print(group(add.s(n) for n in range(3)).apply_async().get(timeout=60))
print(chain(add.s(1), add.s(2), add.s(3)).apply_async().get(timeout=60))
"""


@pytest.fixture
def worker(redis_server, tmp_path):
    """Return a function that starts tasks in a worker of `tasks.py`."""
    pytest.importorskip('celery')
    text = TASKS.replace('PORT', str(redis_server.port))
    (tmp_path / 'tasks.py').write_text(text)
    started = []

    def start(**variables):
        env = {**environment(), 'PYTHONPATH': f'{ROOT}:{tmp_path}', **variables}
        options = {'cwd': tmp_path, 'env': env, 'text': True}
        command = [sys.executable, '-m', 'celery', '-A', 'tasks', 'worker', '-c', '2']
        log = (tmp_path / 'log').open('w')
        process = subprocess.Popen(
            [*command, '-l', 'INFO'], stderr=log, stdout=log, **options
        )
        started.append((process, log))
        done = subprocess.run(
            [sys.executable, '-c', CALLS],
            capture_output=True,
            timeout=240,
            check=False,
            **options,
        )
        process.terminate()
        process.wait(60)
        log.close()
        return done.stdout + done.stderr

    yield start
    for process, log in started:
        if process.poll() is None:
            process.kill()
            process.wait()
        log.close()


def test_tasks_of_a_worker(worker, tmp_path):
    """Results are those without microbench, and each execution has its record."""
    off = worker(MICROBENCH='off')
    on = worker()
    assert off == on == '3 7\n[1, 2, 3]\n7\n'
    records = FileOutput(tmp_path / 'records.jsonl').get_results()
    found = [record['call']['name'] for record in records]
    assert (found.count('add'), found.count('flaky')) == (7, 3)
    timed = [r for r in records if r['call'].get('timings')]
    assert [r['call']['timings'][0]['name'] for r in timed] == ['sum'] * 7
