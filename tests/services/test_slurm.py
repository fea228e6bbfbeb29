"""Jobs of a real SLURM leave their records, in whatever way they end.

Each job runs under both plugins that find the processes of a job. With proctrack/linuxproc
a signal comes to all of them; with proctrack/cgroup to the children of slurmstepd only,
which are the shell of the script, or the program after `exec`, and the tasks of `srun`.

All jobs run side by side, since one that meets its time limit takes more than a minute.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench import FileOutput
from tests.cli.conftest import is_gone, wait_until
from tests.services.slurm_cluster import PLUGINS, why_not

ROOT = Path(__file__).parents[2]
PROGRAM = """
import collections, itertools, os, time
from microbench import MBSlurmInfo, MicroBench

class Bench(MicroBench, MBSlurmInfo):
    pass

bench = Bench('records.jsonl')
bench.record_on_exit('job', grace={grace})
with bench.time('work'):
    with open('new', 'w') as up:
        up.write(f'{{os.getpid()}} {{time.monotonic()}}')
    os.rename('new', 'up')
    {work}
"""
WAITING = 'while True: time.sleep(0.01)'
# C code that holds the GIL, for a minute, and leaves the cores to other tests.
NEVER_BACK = 'os.nice(19); collections.deque(itertools.repeat(0), maxlen=0)'
GREEDY = 'hog = [bytearray(2**20) for _ in range(10**6)]'
BUSY = f'import collections, itertools, os; {NEVER_BACK}'

PYTHON = f'{sys.executable} program.py'
MICROBENCH = f'{sys.executable} -m microbench -o records.jsonl'
SAY = 'printf "%s " $PPID >new; cut -d" " -f1 /proc/uptime >>new; mv new up'
COMMAND = f"{MICROBENCH} -- sh -c '{SAY}; exec sleep 1000'"
IN_C = f'{sys.executable} -c "{BUSY}"'
COMMAND_IN_C = f"{MICROBENCH} -- sh -c '{SAY}; exec {IN_C}'"


def program(work):
    """A program that does this; Python has the time that it may need, if it ever reacts."""
    return PROGRAM.format(work=work, grace=0.25 if work == NEVER_BACK else 600)


# How a script starts a program.
CHILD = '{}\necho over\n'
EXEC = 'exec {}\n'
SRUN = 'srun {}\n'
TRAP = 'trap : TERM\n{}\necho over\n'
WAIT = '{} &\nwait\n'
FORWARD = "{} &\ntrap 'kill -TERM $!' TERM\nwait\nwait\n"

ONE_MINUTE, LONGER = ('-t', '1'), ('-t', '5')
LITTLE_MEMORY = (*LONGER, '--mem=100M')
SOON = (*ONE_MINUTE, '--signal=B:TERM@55')  # about five seconds after the start
SOON_FOR_STEPS = (*ONE_MINUTE, '--signal=TERM@55')
LOW = (*LONGER, '-p', 'low', '--mem=6000M')
ALL_MEMORY = ('-p', 'test', '--mem=15000M', '-t', '1')

SCANCEL = ('scancel',)
FULL = ('scancel', '--full', '--signal=TERM')
BATCH = ('scancel', '--batch', '--signal=TERM')
REQUEUE = ('scontrol', 'requeuehold')  # held, it does not run again meanwhile
PREEMPT = 'preempt'

# What the record says: the signal, and who wrote it.
HEARD = ('SIGTERM', None)
IN_TIME = ('SIGTERM', 'native')
KILLED = (None, 'recovered')
HEARD_AND_KILLED = ('SIGTERM', 'recovered')
# SIGKILL follows so soon that any of them may come true.
RACE = {HEARD, IN_TIME, KILLED, HEARD_AND_KILLED}
CGROUP = 'proctrack/cgroup'


class Job(NamedTuple):
    """How a job is run and ended, and what its record contains."""

    script: str
    options: tuple = LONGER
    end: tuple | str | None = SCANCEL  # None: by itself, or its time limit
    work: str = WAITING
    outcome: tuple | set = HEARD
    cgroup: tuple | set | None = None  # the outcome under that plugin, if it is another
    state: str = 'CANCELLED'

    def outcomes(self, plugin):
        """Return which outcomes are right."""
        expected = self.cgroup if plugin == CGROUP and self.cgroup else self.outcome
        return expected if isinstance(expected, set) else {expected}


def kinds(end, options=LONGER, state='CANCELLED'):
    """Return a job of each kind of script, ended in one way."""
    how = {'options': options, 'end': end, 'state': state}
    return {
        'exec': Job(EXEC.format(PYTHON), **how),
        'srun': Job(SRUN.format(PYTHON), **how),
        'a child': Job(CHILD.format(PYTHON), cgroup=KILLED, **how),
        'trap': Job(TRAP.format(PYTHON), cgroup=KILLED, **how),
        'wait': Job(WAIT.format(PYTHON), cgroup=KILLED, **how),
        'forward': Job(FORWARD.format(PYTHON), **how),
        'exec in C code': Job(EXEC.format(PYTHON), work=NEVER_BACK, outcome=IN_TIME, **how),
        'srun in C code': Job(SRUN.format(PYTHON), work=NEVER_BACK, outcome=IN_TIME, **how),
        'command': Job(CHILD.format(COMMAND), cgroup=KILLED, **how),
        'exec command': Job(EXEC.format(COMMAND), **how),
        'srun command': Job(SRUN.format(COMMAND), **how),
    }


def named(end, jobs):
    return {f'{end}, {kind}': job for kind, job in jobs.items()}


OF_SHELL = {'options': SOON, 'end': None, 'state': 'FAILED'}
SOON_KILLED = {'end': BATCH, 'state': 'FAILED', 'outcome': KILLED}
JOBS = {
    **named('time limit', kinds(None, ONE_MINUTE, 'TIMEOUT')),
    **named('scancel', kinds(SCANCEL)),
    'scancel, exec command in C code': Job(EXEC.format(COMMAND_IN_C)),
    '--full, exec': Job(EXEC.format(PYTHON), end=FULL, state='FAILED'),
    '--full, srun': Job(SRUN.format(PYTHON), end=FULL, state='FAILED', outcome=RACE),
    '--full, a child': Job(
        CHILD.format(PYTHON), end=FULL, state='FAILED', outcome=HEARD, cgroup=RACE
    ),
    '--batch, exec': Job(EXEC.format(PYTHON), end=BATCH, state='FAILED'),
    '--batch, srun': Job(SRUN.format(PYTHON), end=BATCH, state='FAILED', outcome=RACE),
    '--batch, forward': Job(FORWARD.format(PYTHON), end=BATCH, state='COMPLETED'),
    '--batch, a child': Job(CHILD.format(PYTHON), **SOON_KILLED),
    '--batch, command': Job(CHILD.format(COMMAND), **SOON_KILLED),
    '--signal=B, exec': Job(EXEC.format(PYTHON), **OF_SHELL),
    '--signal=B, forward': Job(
        FORWARD.format(PYTHON), **{**OF_SHELL, 'state': 'COMPLETED'}
    ),
    '--signal=B, a child': Job(CHILD.format(PYTHON), outcome=KILLED, **OF_SHELL),
    '--signal, srun': Job(SRUN.format(PYTHON), SOON_FOR_STEPS, None, state='FAILED'),
    'requeue, exec': Job(EXEC.format(PYTHON), end=REQUEUE, state='PENDING'),
    'requeue, a child': Job(
        CHILD.format(PYTHON), end=REQUEUE, cgroup=KILLED, state='PENDING'
    ),
    'preempted, exec': Job(EXEC.format(PYTHON), LOW, PREEMPT, state='PREEMPTED'),
    'preempted, a child': Job(
        CHILD.format(PYTHON), LOW, PREEMPT, cgroup=KILLED, state='PREEMPTED'
    ),
    'out of memory': Job(
        EXEC.format(PYTHON), LITTLE_MEMORY, None, GREEDY, KILLED, state='OUT_OF_MEMORY'
    ),
    'out of memory, a child': Job(
        CHILD.format(PYTHON), LITTLE_MEMORY, None, GREEDY, KILLED, state='OUT_OF_MEMORY'
    ),
    'out of memory, command': Job(
        EXEC.format(f'{MICROBENCH} -- {sys.executable} -c "{GREEDY}"'),
        LITTLE_MEMORY,
        None,
        outcome=(None, None),
        state='OUT_OF_MEMORY',
    ),
}
# Signals for an interactive srun, and how often: it ends its tasks with SIGKILL.
INTERACTIVE = {
    'srun, Ctrl-C twice': (signal.SIGINT, signal.SIGINT),
    'srun, SIGTERM': (signal.SIGTERM,),
    'srun, SIGHUP': (signal.SIGHUP,),
}
# SIGKILL comes 2 to 11 ms after SIGINT: time for Python to write, or not.
INTERACTIVE_OUTCOMES = {(None, None), *RACE}


class Running:
    """A job, and what is seen of its program from outside.

    Attributes:
        ended_by: when the end was requested, on the monotonic clock; None: it was not.
    """

    def __init__(self, cluster, directory, job):
        self.cluster, self.directory, self.job = cluster, directory, job
        self.number = None
        self.ended_by = None
        (directory / 'program.py').write_text(program(job.work))

    def submit(self):
        words = self.job.script, *self.job.options
        self.number = self.cluster.submit(*words, directory=self.directory)

    @property
    def is_up(self):
        return (self.directory / 'up').exists()

    @property
    def program(self):
        """Number of the process, and when it was up."""
        number, moment = (self.directory / 'up').read_text().split()
        return int(number), float(moment)

    def end(self):
        self.ended_by = time.monotonic()
        if isinstance(self.job.end, tuple):
            self.cluster.ask(*self.job.end, self.number)


class Deaths:
    """When processes were seen dead: after their end, and soon after it."""

    def __init__(self):
        self.seen = {}  # by descriptor of the process
        self.poll = select.poll()
        self.over = False
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def expect(self, number):
        """Begin to look at a process; None if it is dead already."""
        try:
            descriptor = os.pidfd_open(number)
        except ProcessLookupError:
            return None
        self.poll.register(descriptor, select.POLLIN)
        return descriptor

    def _watch(self):
        while not self.over:
            for descriptor, _ in self.poll.poll(50):
                self.seen[descriptor] = time.monotonic()
                self.poll.unregister(descriptor)
                os.close(descriptor)

    def stop(self):
        self.over = True
        self.thread.join()


class Ended(NamedTuple):
    """The files and records that a job leaves."""

    state: str
    records: list
    output: str
    ended_by: float | None
    up: float | None
    dead: float | None


def run_all(running):
    """Run jobs to their end, and end those that are ended from outside when they are up."""
    deaths = Deaths()
    looked_at = {}
    waiting = list(running)
    deadline = time.monotonic() + 120
    try:
        while waiting:
            assert time.monotonic() < deadline, [r.job for r in waiting]
            for job in [r for r in waiting if r.is_up]:
                waiting.remove(job)
                looked_at[job] = deaths.expect(job.program[0])
            # those that run out of memory are over soon, and the command there says nothing
            waiting = [
                r for r in waiting if r.job.work != GREEDY and 'hog' not in r.job.script
            ]
            time.sleep(0.02)
        for job in running:
            if job.job.end is not None:
                job.end()
        _preempt({r.cluster for r in running if r.job.end == PREEMPT})
        return {job: _outcome(job, deaths, looked_at.get(job)) for job in running}
    finally:
        deaths.stop()


def _preempt(clusters):
    """Ask for so much memory that the jobs of low priority have to go."""
    for cluster in clusters:
        cluster.submit('true', *ALL_MEMORY, directory=cluster.base)


def _outcome(running, deaths, descriptor):
    """Wait for the end of a job; its records are read as users read them.

    The job is over when its shell is; the program may live a little longer, and without
    its shell for as long as it likes where SLURM does not find it (proctrack/linuxproc).
    """
    state = running.cluster.wait(running.number, {running.job.state})['JobState']
    up = None
    if running.is_up:
        number, up = running.program
        if running.cluster.proctrack != CGROUP and running.job.outcome == KILLED:
            _kill(number)
        wait_until(lambda: is_gone(number))
    if descriptor is not None:
        wait_until(lambda: descriptor in deaths.seen)
    records = FileOutput(running.directory / 'records.jsonl').get_results()
    output = (running.directory / 'job.out').read_text()
    seen = deaths.seen.get(descriptor)
    return Ended(state, records, output, running.ended_by, up, seen)


def _kill(number):
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass


@pytest.fixture(scope='module')
def ended(clusters, tmp_path_factory):
    """Run all jobs on all clusters to their end."""
    running = {}
    for plugin, cluster in clusters.items():
        cluster.environment['PYTHONPATH'] = str(ROOT)
        for name, job in JOBS.items():
            running[plugin, name] = Running(cluster, tmp_path_factory.mktemp('job'), job)
            running[plugin, name].submit()
    outcomes = run_all(list(running.values()))
    return {key: outcomes[job] for key, job in running.items()}


@pytest.fixture
def left(request, ended):
    """Return the remains of one job; skip where its plugin is missing."""

    def look(plugin, name):
        if (plugin, name) not in ended:
            pytest.skip(why_not(plugin))
        return ended[plugin, name]

    return look


@pytest.mark.parametrize('plugin', PLUGINS)
@pytest.mark.parametrize('name', JOBS)
def test_the_record_of_a_job(left, plugin, name):
    """Each job has one record with cause, open phase and job number."""
    job, found = JOBS[name], left(plugin, name)
    assert found.state == job.state, found.output
    [record] = found.records
    outcome = record.get('exit_signal'), record.get('exit_path')
    assert outcome in job.outcomes(plugin)
    assert 'Traceback' not in found.output
    if PYTHON in job.script:
        assert [timing['name'] for timing in record['call']['open_timings']] == ['work']
        assert record['slurm']['job_id']


# Seconds. Times of files are those of the last tick of the kernel, and no tick comes while
# a virtual machine is not run.
TICK = 1.0


@pytest.mark.parametrize('plugin', PLUGINS)
@pytest.mark.parametrize(
    'name', [name for name, job in JOBS.items() if job.state != 'OUT_OF_MEMORY']
)
def test_the_duration_of_a_job(left, plugin, name):
    """The duration reaches from the program's start to its death.

    Jobs that run out of memory are over before the test can look at them.
    """
    found = left(plugin, name)
    [record] = found.records
    [took] = record['call']['durations']
    started = _monotonic(record['call']['start_time'])
    assert started - TICK <= found.up
    assert took <= found.dead - started + TICK
    if found.ended_by is not None:
        assert took >= found.ended_by - started - TICK
    if JOBS[name].state == 'TIMEOUT':
        assert took > 60 - TICK


def _monotonic(moment):
    """Return a time of the wall clock on the monotonic one."""
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp() - time.time() + time.monotonic()


@pytest.mark.parametrize('name', INTERACTIVE)
def test_an_interactive_step(slurm, tmp_path, name):
    """A task of srun gets SIGKILL soon after srun has got a signal, or nothing else."""
    slurm.environment['PYTHONPATH'] = str(ROOT)
    (tmp_path / 'program.py').write_text(program(WAITING))
    with slurm.start(
        'srun', *PYTHON.split(), cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as step:
        slurm.wait_for(tmp_path / 'up')
        for number in INTERACTIVE[name]:
            step.send_signal(number)
            time.sleep(0.1)  # srun takes two at once for one, and two in a second for two
        step.wait(60)
    number, _ = (tmp_path / 'up').read_text().split()
    wait_until(lambda: is_gone(int(number)))
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert (record.get('exit_signal'), record.get('exit_path')) in INTERACTIVE_OUTCOMES
    assert record['call']['durations'][0] > 0
    if 'exit_path' in record and record['exit_path'] == 'recovered':
        # SIGINT may have ended the block before SIGKILL came.
        timings = record['call'].get('open_timings') or record['call']['timings']
        assert [timing['name'] for timing in timings] == ['work']
