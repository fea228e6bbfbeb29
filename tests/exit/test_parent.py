"""In a batch job the death of the parent shell is noted, and nothing else happens.

The programs here are children of a real shell that is killed. Each waits until the handler
has noted that, and then goes on or is killed itself, as by slurmstepd.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import FileOutput, _core
from microbench.journal import reader
from tests.cli.conftest import is_gone, wait_until
from tests.fakes import ROOT, only

if sys.platform != 'linux':
    pytest.skip('prctl(2) is Linux', allow_module_level=True)

DEADLINE = 60  # seconds
PROGRAM = """
import ctypes, os, signal, sys, threading, time, warnings
from microbench import MicroBench, _core

path = sys.argv[1]
PR_GET_PDEATHSIG = 2
DEADLINE = time.monotonic() + 60

def setting():
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(number))
    return number.value

def caught():
    for line in open('/proc/self/status'):
        if line.startswith('SigCgt'):
            return int(line.split()[1], 16) >> (signal.SIGURG - 1) & 1

def parent_ns():
    [own] = _core.own_journals()
    with open(own, 'rb') as file:
        return _core.journal_header(file.read())['parent_ns']

def say(*words):
    with open(path + '.said', 'a') as file:
        print(*words, file=file)

def await_death():
    say('up')
    while not parent_ns():
        if time.monotonic() > DEADLINE:
            sys.exit('the parent lives')
        time.sleep(0.001)

def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)

bench = MicroBench(path)
"""


@pytest.fixture
def child(tmp_path):
    """Run a program as the child of a shell, which is killed when it says `up`."""
    path = tmp_path / 'records.jsonl'
    said = Path(f'{path}.said')
    shells = []

    def run(code, job=True, shell='sh', kill=True, meanwhile=':', **env):
        program = tmp_path / 'program.py'
        program.write_text(PROGRAM + code)
        line = f'"{sys.executable}" "{program}" "{path}" & echo $! >pid; '
        line += f'{meanwhile}; wait; :'
        env = {**os.environ, 'PYTHONPATH': str(ROOT), **env}
        env.pop('SLURM_JOB_ID', None)
        if job:
            env['SLURM_JOB_ID'] = '42'
        script = tmp_path / 'script'
        script.write_text(line)
        shells.append(subprocess.Popen([shell, script], cwd=tmp_path, env=env))
        wait_until(lambda: said.exists() and said.read_text().endswith('\n'))
        if kill:
            shells[-1].kill()
            shells[-1].wait()
        number = int((tmp_path / 'pid').read_text())
        wait_until(lambda: is_gone(number))
        words = said.read_text().split('\n')
        return FileOutput(path).get_results(), [w for w in words if w not in ('', 'up')]

    yield run
    for shell in shells:
        shell.kill()
        shell.wait()


REGISTERED = "bench.record_on_exit('job')\n"
BLOCK = """
with bench.record('block'):
    with bench.time('phase'):
        await_death()
        be_killed()
"""


@pytest.mark.parametrize(
    ('code', 'names'),
    [
        (
            REGISTERED + "with bench.time('phase'):\n    await_death()\n    be_killed()",
            ['job'],
        ),
        (BLOCK, ['block']),
        (REGISTERED + BLOCK, ['block', 'job']),
    ],
    ids=['process', 'block', 'both'],
)
def test_the_time_of_the_death_is_in_the_record(child, code, names):
    """The record has the time of death, no signal, and the open phases."""
    records, _ = child(code)
    assert sorted(record['call']['name'] for record in records) == names
    for record in records:
        assert record['exit_path'] == 'recovered'
        assert 'exit_signal' not in record
        died = record['recovered']['parent_died']
        assert record['call']['start_time'] < died <= record['recovered']['time']
        assert only(record['call']['durations']) > 0
    [inner] = [r for r in records if r['call']['name'] == names[0]]
    assert only(inner['call']['open_timings'])['name'] == 'phase'


def test_what_outlives_the_shell_ends_as_ever(child):
    """A program that outlives the shell has the record of its own end."""
    records, said = child(REGISTERED + "await_death()\nsay('still here')\nsys.exit(3)\n")
    assert said == ['still here']
    record = only(records)
    assert record['exit_status'] == 3
    assert 'recovered' not in record


STATE = 'say(setting(), caught())\n'


@pytest.mark.parametrize(
    ('code', 'armed'),
    [
        ('', False),
        (REGISTERED, True),
        ("block = bench.record('block')\nblock.__enter__()\n", True),
        (REGISTERED + 'bench.cancel_record_on_exit()\n', False),
        (REGISTERED + 'bench.cancel_record_on_exit()\n' + REGISTERED, True),
        ("with bench.record('block'):\n    pass\ndel bench\n", False),
        ("bench.record_on_exit('job', handle_sigterm=False)\n", False),
    ],
    ids=[
        'nothing',
        'process',
        'block',
        'cancelled',
        'again',
        'no bench is left',
        'no handler',
    ],
)
def test_it_is_there_while_something_is_open(child, code, armed):
    """SIGURG is caught while a record is open; Python does not see it."""
    code += STATE + 'say(signal.getsignal(signal.SIGURG) is signal.SIG_DFL)'
    _, said = child(code, kill=False)
    state = f'{int(signal.SIGURG)} 1' if armed else '0 0'
    assert said == [state, 'True']


def test_not_outside_a_job(child):
    """Without SLURM_JOB_ID nothing is installed."""
    assert child(REGISTERED + STATE, job=False, kill=False)[1] == ['0 0']


def test_not_when_it_is_off(child):
    """MICROBENCH=off leaves nothing in the process."""
    assert child(REGISTERED + STATE, kill=False, MICROBENCH='off')[1] == ['0 0']


def test_not_below_slurmstepd(child, tmp_path):
    """After `exec` the signal of the job comes to the program itself."""
    stepd = tmp_path / 'slurmstepd'
    shutil.copy(shutil.which('sh'), stepd)
    assert child(REGISTERED + STATE, shell=stepd, kill=False)[1] == ['0 0']


def test_a_thread_that_registers(child):
    """A thread that registers watches the parent as well."""
    code = """
warnings.simplefilter('ignore')  # of handlers that only the main thread may install
def work():
    bench.record_on_exit('job')
    say(setting(), caught())
worker = threading.Thread(target=work)
worker.start()
worker.join()
say(setting())
"""
    assert child(code, kill=False)[1] == [f'{int(signal.SIGURG)} 1', '0']


def test_a_handler_in_python_gets_its_own_only(child):
    """An earlier handler gets signals of others, but not the one of the death."""
    code = (
        'heard = []\nsignal.signal(signal.SIGURG, lambda *_: heard.append(1))\n'
        + REGISTERED
        + 'os.kill(os.getpid(), signal.SIGURG)\nawait_death()\nsay(len(heard))\n'
        + 'bench.cancel_record_on_exit()\nos.kill(os.getpid(), signal.SIGURG)\n'
        + 'say(len(heard))\n'
    )
    assert child(code)[1] == ['1', '2']


def test_a_handler_in_python_gets_what_the_living_parent_sends(child):
    """SIGURG that a batch script passes on is for the program."""
    code = """
heard = []
signal.signal(signal.SIGURG, lambda *_: heard.append(1))
bench.record_on_exit('job')
open(path + '.ready', 'w').close()
while not heard and time.monotonic() < DEADLINE:
    time.sleep(0.001)
before = len(heard)
await_death()
say(before, len(heard))
"""
    sent = 'until [ -e records.jsonl.ready ]; do sleep 0.01; done; kill -URG $!'
    assert child(code, meanwhile=sent)[1] == ['1 1']


def test_a_forked_child_has_none_of_it(child):
    """A forked child, which may outlive its parent, does not watch it."""
    code = REGISTERED + f'if os.fork() == 0:\n    {STATE}    os._exit(0)\nos.wait()\n'
    assert child(code, kill=False)[1] == ['0 0']


def test_a_program_that_is_executed_lives_on(child):
    """A program that replaces this one has no handler; the signal is ignored."""
    code = REGISTERED + (
        'shell = os.getppid()\n'
        "os.execlp('sh', 'sh', '-c', f'echo up >>{path}.said; "
        "while kill -0 {shell} 2>/dev/null; do sleep 0.01; done; echo lives >>{path}.said')"
    )
    assert child(code)[1] == ['lives']


def test_the_job_ends_with_its_script(child, tmp_path):
    """If the shell is slurmstepd's child, its death is the end of the program."""
    stepd = tmp_path / 'slurmstepd'
    shutil.copy(shutil.which('sh'), stepd)
    script = tmp_path / 'batch'
    path = tmp_path / 'records.jsonl'
    program = tmp_path / 'program.py'
    program.write_text(PROGRAM + REGISTERED + 'await_death()\nbe_killed()\n')
    script.write_text(f'echo $$ >shell; "{sys.executable}" "{program}" "{path}"; :')
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'SLURM_JOB_ID': '42'}
    line = f'sh "{script}"; :'
    with subprocess.Popen([stepd, '-c', line], cwd=tmp_path, env=env) as job:
        said = Path(f'{path}.said')
        wait_until(lambda: said.exists() and said.read_text() == 'up\n')
        os.kill(int((tmp_path / 'shell').read_text()), signal.SIGKILL)
        assert job.wait(DEADLINE) == 0
        wait_until(lambda: FileOutput(path).get_results())
    record = only(FileOutput(path).get_results())
    assert record['recovered']['duration_is_lower_bound'] is False
    assert record['recovered']['parent_died']


def test_the_command_forwards_nothing_and_notes_it(tmp_path):
    """The child gets no signal; a later kill leaves its time so far."""
    path = tmp_path / 'records.jsonl'
    script = tmp_path / 'script'
    words = f'"{sys.executable}" -m microbench -o "{path}" --'
    child = "sh -c 'echo $PPID $$ >up; exec sleep 600'"
    script.write_text(f'{words} {child}; :')
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'SLURM_JOB_ID': '42'}
    up = tmp_path / 'up'
    with subprocess.Popen(['sh', script], cwd=tmp_path, env=env) as shell:
        wait_until(lambda: up.exists() and up.read_text().endswith('\n'))
        command, sleeper = map(int, up.read_text().split())
        shell.kill()
    try:
        wait_until(lambda: _parent_ns(path))
        comm = Path('/proc', str(sleeper), 'comm')
        wait_until(lambda: comm.read_text() == 'sleep\n')
    finally:
        os.kill(command, signal.SIGKILL)
        wait_until(lambda: is_gone(command))
        os.kill(sleeper, signal.SIGKILL)
    record = only(FileOutput(path).get_results())
    assert record['call']['name'] == 'sh'
    assert only(record['call']['durations']) > 0
    assert record['recovered']['parent_died']
    assert 'exit_signal' not in record


def _parent_ns(path):
    [journal] = reader.paths_for(str(path))
    return _core.journal_header(Path(journal).read_bytes())['parent_ns']
