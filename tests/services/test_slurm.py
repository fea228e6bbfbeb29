"""Jobs of a real SLURM that end in each of its ways: their records are there.

All jobs run side by side, since one that meets its time limit takes more than a minute.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench import FileOutput
from tests.cli.conftest import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = """
import collections, itertools, os, time
from microbench import MBSlurmInfo, MicroBench

class Bench(MicroBench, MBSlurmInfo):
    pass

bench = Bench('records.jsonl')
bench.record_on_exit('job')
with bench.time('work'):
    with open('up', 'w') as up:
        up.write(str(os.getpid()))
    {work}
"""
WAITING = 'while True: time.sleep(0.01)'
NEVER_BACK = 'collections.deque(itertools.repeat(0), maxlen=0)  # C code, holds the GIL'
GREEDY = 'hog = [bytearray(2**20) for _ in range(10**6)]'

PYTHON = f'{sys.executable} program.py'
MICROBENCH = f'{sys.executable} -m microbench -o records.jsonl'
COMMAND = f"{MICROBENCH} -- sh -c 'echo $PPID >up; sleep 1000'"
BUSY = 'import collections, itertools; collections.deque(itertools.repeat(0), maxlen=0)'
COMMAND_IN_C = (
    f'{MICROBENCH} -- sh -c \'echo $PPID >up; exec {sys.executable} -c "{BUSY}"\''
)
ONE_MINUTE = ('-t', '1')
CANCELLED = ('-t', '5')
LITTLE_MEMORY = ('-t', '5', '--mem=100M')


class Job(NamedTuple):
    """How a job is run, and what is in its record."""

    line: str
    options: tuple
    work: str = WAITING
    state: str = 'TIMEOUT'
    signal: str | None = 'SIGTERM'
    path: str | None = None


JOBS = {
    'walltime': Job(PYTHON, ONE_MINUTE),
    'walltime of a step': Job(f'srun {PYTHON}', ONE_MINUTE),
    'walltime in C code': Job(PYTHON, ONE_MINUTE, NEVER_BACK, path='native'),
    'walltime of a command': Job(COMMAND, ONE_MINUTE),
    'scancel': Job(PYTHON, CANCELLED, state='CANCELLED'),
    'scancel of a step': Job(f'srun {PYTHON}', CANCELLED, state='CANCELLED'),
    'scancel in C code': Job(
        PYTHON, CANCELLED, NEVER_BACK, state='CANCELLED', path='native'
    ),
    'scancel of a step in C code': Job(
        f'srun {PYTHON}', CANCELLED, NEVER_BACK, state='CANCELLED', path='native'
    ),
    'out of memory': Job(
        PYTHON, LITTLE_MEMORY, GREEDY, 'OUT_OF_MEMORY', signal=None, path='recovered'
    ),
    'a command out of memory': Job(
        f'{MICROBENCH} -- {sys.executable} -c "{GREEDY}"',
        LITTLE_MEMORY,
        state='OUT_OF_MEMORY',
        signal=None,
    ),
    'scancel of a command': Job(COMMAND, CANCELLED, state='CANCELLED'),
    'scancel of a command in C code': Job(COMMAND_IN_C, CANCELLED, state='CANCELLED'),
    'walltime of a command as a step': Job(f'srun {COMMAND}', ONE_MINUTE),
    'scancel of a command as a step': Job(f'srun {COMMAND}', CANCELLED, state='CANCELLED'),
}


class Ended(NamedTuple):
    """What is left of a job."""

    state: str
    records: list
    output: str


@pytest.fixture(scope='module')
def ended(slurm, tmp_path_factory):
    """Run all jobs to their end."""
    slurm.environment['PYTHONPATH'] = str(ROOT)
    started = {}
    for name, job in JOBS.items():
        directory = tmp_path_factory.mktemp(name.replace(' ', '_'))
        (directory / 'program.py').write_text(PROGRAM.format(work=job.work))
        started[name] = directory, slurm.submit(job.line, *job.options, directory=directory)
    for name, (directory, number) in started.items():
        if JOBS[name].state == 'CANCELLED':
            slurm.wait_for(directory / 'up')
            slurm.ask('scancel', number)
    return {name: outcome(slurm, *job) for name, job in started.items()}


def outcome(slurm, directory, number):
    """Wait for the end of a job; its records are read as users read them.

    The job is over when its shell is; the program may live a little longer.
    """
    state = slurm.wait(number)['JobState']
    up = directory / 'up'
    if up.exists():
        program = Path('/proc', up.read_text().strip())
        wait_until(lambda: not program.exists())
    records = FileOutput(directory / 'records.jsonl').get_results()
    return Ended(state, records, (directory / 'job.out').read_text())


@pytest.mark.parametrize('name', JOBS)
def test_the_record_of_a_job(ended, name):
    """There is one, with the cause, the open phase and the number of the job."""
    job, left = JOBS[name], ended[name]
    assert left.state == job.state, left.output
    [record] = left.records
    assert record.get('exit_signal') == job.signal
    assert record.get('exit_path') == job.path
    assert 'Traceback' not in left.output
    if job.line.endswith(PYTHON):
        assert [timing['name'] for timing in record['call']['open_timings']] == ['work']
        assert record['slurm']['job_id']
