"""The first process of a container: a real PID namespace."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput
from tests.cli.conftest import wait_until
from tests.fakes import ROOT, only

PROGRAM = """
import os, signal, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
{before}
bench.record_on_exit('first', {more})
print(os.getpid(), flush=True)
sys.stdin.readline()
with bench.time('afterwards'):
    pass
sys.exit(3)
"""
OPTIONS = ('--pid', '--fork', '--kill-child')


def why_not():
    """Return why no namespace can be made here; empty if one can."""
    if shutil.which('unshare') is None:
        return 'needs unshare (util-linux)'
    done = subprocess.run(['unshare', *OPTIONS, 'true'], capture_output=True, check=False)
    return done.stderr.decode('utf-8', 'replace')


@pytest.fixture
def first(tmp_path):
    """Start a program as the first process of a namespace, and send it a signal."""
    reason = why_not()
    if reason:
        pytest.skip(f'no PID namespace can be made here: {reason}')
    path = tmp_path / 'records.jsonl'

    def run(number, before='', more=''):
        program = tmp_path / 'program.py'
        program.write_text(PROGRAM.format(before=before, more=more))
        words = ['unshare', *OPTIONS, sys.executable, program, path]
        pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'text': True}
        env = {**os.environ, 'PYTHONPATH': str(ROOT)}
        with subprocess.Popen(words, env=env, **pipes) as namespace:
            assert namespace.stdout.readline() == '1\n'
            os.kill(child_of(namespace.pid), number)
            namespace.stdin.write('go on\n')
            namespace.stdin.close()
            status = namespace.wait(60)
        return only(FileOutput(path).get_results()), status

    return run


def child_of(number):
    """Return the number of the only child of a process."""
    children = Path(f'/proc/{number}/task/{number}/children')
    wait_until(lambda: len(children.read_text().split()) == 1)
    return int(children.read_text())


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGXCPU'])
@pytest.mark.parametrize('worker', [False, True], ids=['main', 'worker'])
def test_a_signal_that_the_kernel_ignores(first, name, worker):
    """A signal that the kernel drops for PID 1 does not end up in the record."""
    before = ''
    if worker:
        before = (
            'import threading, warnings\n'
            "warnings.simplefilter('ignore')\n"
            'worker = threading.Thread(target=bench.record_on_exit)\n'
            'worker.start()\nworker.join()'
        )
    record, status = first(getattr(signal, name), before)
    assert status == 3
    assert record['exit_status'] == 3
    assert 'exit_signal' not in record
    assert [timing['name'] for timing in record['call']['timings']] == ['afterwards']


@pytest.mark.parametrize('then', ['auto', 'redeliver', 'leave'])
def test_a_handler_of_the_program(first, then):
    """The handler runs, and the signal itself can never end the process."""
    before = 'signal.signal(signal.SIGTERM, lambda *_: bench.add_fields(heard=True))'
    record, status = first(signal.SIGTERM, before, f'then={then!r}')
    assert status == 3
    assert record['exit_status'] == 3
    assert record['exit_signal'] == 'SIGTERM'
    assert record['heard'] is True
    assert [timing['name'] for timing in record['call']['timings']] == ['afterwards']
