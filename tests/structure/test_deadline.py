"""A test that hangs fails at its deadline, and the next one runs."""

import os
import subprocess
import sys

from tests.fakes import ROOT

OPTIONS = ('-q', '-c', os.devnull, '-p', 'tests.conftest', '-p', 'no:cacheprovider')
HANGS = """
import os, subprocess, sys, threading

def test_a_read():
    reading, writing = os.pipe()
    try:
        os.read(reading, 1)
    finally:
        os.close(reading)
        os.close(writing)

def test_a_thread():
    ending = threading.Event()
    thread = threading.Thread(target=ending.wait)
    thread.start()
    try:
        thread.join()
    finally:
        ending.set()
        thread.join()

def test_a_process():
    waits = [sys.executable, '-c', 'input()']
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
        finally:
            process.kill()
"""


def test_the_deadline(tmp_path):
    """A test that waits for a descriptor, thread or process fails at its deadline."""
    tmp_path.joinpath('test_hangs.py').write_text(HANGS)
    # With CI pytest repeats the whole message in its summary.
    environment = {k: v for k, v in os.environ.items() if k not in ('CI', 'BUILD_NUMBER')}
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', *OPTIONS, '--rootdir', tmp_path, tmp_path],
        env={**environment, 'MICROBENCH_DEADLINE': '1', 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.count('Failed: it hangs: not done after 1 s') == 3
    assert '3 failed' in done.stdout
    for where in ('test_a_read', 'test_a_thread', 'test_a_process'):
        assert f'in {where}\n' in done.stdout  # a stack by faulthandler


def test_a_process_of_a_test_has_no_deadline():
    """The signal and its timer are as they would be without one."""
    asks = (
        'import signal; print(signal.getsignal(signal.SIGALRM) == 0, signal.getitimer(0))'
    )
    answer = subprocess.check_output([sys.executable, '-c', asks], text=True)
    assert answer == 'True (0.0, 0.0)\n'
