"""Jobs of a real SLURM that end in each of its ways: their records are there.

All jobs run side by side, since one that meets its time limit takes more than a minute.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench import FileOutput

ROOT = Path(__file__).parents[2]
PROGRAM = """
import collections, itertools, time
from microbench import MBSlurmInfo, MicroBench

class Bench(MicroBench, MBSlurmInfo):
    pass

bench = Bench('records.jsonl')
bench.record_on_exit('job')
with bench.time('work'):
    open('up', 'w').close()
    {work}
"""
WAITING = 'while True: time.sleep(0.01)'
NEVER_BACK = 'collections.deque(itertools.repeat(0), maxlen=0)  # C code, holds the GIL'
GREEDY = 'hog = [bytearray(2**20) for _ in range(10**6)]'

PYTHON = f'{sys.executable} program.py'
COMMAND = f"{sys.executable} -m microbench -o records.jsonl -- sh -c '>up; sleep 1000'"
ONE_MINUTE = ('-t', '1')
CANCELLED = ('-t', '5')
LITTLE_MEMORY = ('-t', '5', '--mem=100M')


class Job(NamedTuple):
    """How a job is run, and what is in its record."""

    line: str
    options: tuple
    work: str = WAITING
    state: str = 'TIMEOUT'
    signal: str = 'SIGTERM'
    path: str | None = None


JOBS = {
    'walltime': Job(PYTHON, ONE_MINUTE),
    'walltime of a step': Job(f'srun {PYTHON}', ONE_MINUTE),
    'scancel': Job(PYTHON, CANCELLED, state='CANCELLED'),
    'scancel of a step': Job(f'srun {PYTHON}', CANCELLED, state='CANCELLED'),
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
    """Wait for the end of a job; its records are read as users read them."""
    state = slurm.wait(number)['JobState']
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
