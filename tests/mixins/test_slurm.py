"""What a record says about the job of a scheduler."""

import os

import pytest

from microbench import MBSlurmInfo, MicroBenchBase
from tests.fakes import only


class Bench(MicroBenchBase, MBSlurmInfo):
    pass


JOBS = {
    'pbs': {'PBS_JOBID': '12.server', 'PBS_QUEUE': 'batch', 'PBS_JOBCOOKIE': 'secret'},
    'lsf': {'LSB_JOBID': '34', 'LSB_QUEUE': 'normal', 'LSF_BINDIR': '/opt/lsf'},
    'sge': {'SGE_TASK_ID': 'undefined', 'JOB_ID': '56', 'QUEUE': 'all.q', 'JOB_X': '1'},
}
FIELDS = {
    'pbs': {'jobid': '12.server', 'queue': 'batch', 'jobcookie': '***'},
    'lsf': {'jobid': '34', 'queue': 'normal'},
    'sge': {'task_id': 'undefined', 'job_id': '56', 'queue': 'all.q'},
}


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    """No variables of a job around the tests."""
    beginnings = ('SLURM_', 'PBS_', 'LSB_', 'SGE_', 'JOB_')
    for name in [name for name in os.environ if name.startswith(beginnings)]:
        monkeypatch.delenv(name)


def slurm(bench):
    """The field of one more call."""
    bench(lambda: None)()
    return bench.get_results()[-1]['slurm']


def test_variables_of_the_job(monkeypatch):
    """Names lose their beginning and are lower case; values are strings."""
    monkeypatch.setenv('SLURM_JOB_ID', '884120')
    monkeypatch.setenv('SLURM_JOB_Partition', 'short')
    monkeypatch.setenv('SLURMD_NODENAME', 'not this one')
    monkeypatch.setenv('MY_SLURM_JOB', 'nor this one')
    assert slurm(Bench()) == {'job_id': '884120', 'job_partition': 'short'}


def test_outside_a_job():
    """The object is there, and empty."""
    assert slurm(Bench()) == {}


SECRETS = {
    'SLURM_JWT': 'secret',
    'SLURM_SPANK_SLURM_SPANK_TICKET': 'secret',
    'SLURM_SRUN_TLS_CERT': 'secret',
    'SLURM_TLS_KEY': 'secret',
}


@pytest.mark.parametrize('redact', [(), None])
def test_secrets_are_masked(monkeypatch, redact):
    """A token that lets its reader act as the user, values of plugins, keys of TLS."""
    for name, value in {**SECRETS, 'SLURM_JOB_ID': '1'}.items():
        monkeypatch.setenv(name, value)
    bench = type('Bench', (Bench,), {'redact': redact})()
    names = [name.removeprefix('SLURM_').lower() for name in SECRETS]
    assert slurm(bench) == {**dict.fromkeys(names, '***'), 'job_id': '1'}
    assert 'secret' not in str(bench.get_results())
    masked = bench.get_results()[0]['mb']['masked']
    assert masked == sorted(f'slurm.{name}' for name in names)


def test_secrets_of_another_scheduler_are_listed(monkeypatch):
    """`mb.masked` lists them beside what a static field has put there."""
    for name, value in JOBS['pbs'].items():
        monkeypatch.setenv(name, value)
    bench = type('Bench', (Bench,), {'redact': None})(mb={'masked': ['own']})
    assert slurm(bench) == {}
    assert bench.get_results()[0]['mb']['masked'] == ['own', 'pbs.jobcookie']


# Of a batch step of SLURM 26.05, where steps that are none of srun have negative numbers.
BATCH_STEP = {
    'SLURM_JOB_ID': '884120',
    'SLURM_JOB_SLUID': 's8Q1ZK3W0000',
    'SLURM_JOB_START_TIME': '1795897168',
    'SLURM_JOB_END_TIME': '1795897228',
    'SLURM_STEP_ID': '-5',
    'SLURM_STEPID': '-5',
}


def test_a_batch_step_of_a_later_version(monkeypatch):
    """Values stay what they are."""
    for name, value in BATCH_STEP.items():
        monkeypatch.setenv(name, value)
    assert slurm(Bench()) == {
        name.removeprefix('SLURM_').lower(): value for name, value in BATCH_STEP.items()
    }


def test_read_at_each_record(monkeypatch):
    """A step that starts later is seen."""
    bench = Bench()
    monkeypatch.setenv('SLURM_STEP_ID', '0')
    first = slurm(bench)
    monkeypatch.setenv('SLURM_STEP_ID', '1')
    assert (first, slurm(bench)) == ({'step_id': '0'}, {'step_id': '1'})


def fields_in(job, **fields):
    """What a record of a bench with these fields has in a job."""
    bench = Bench(**fields)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in job.items():
            patch.setenv(name, value)
        bench(lambda: None)()
    record = only(bench.get_results())
    return {name: record[name] for name in ('slurm', *JOBS) if name in record}


@pytest.mark.parametrize('scheduler', JOBS)
def test_jobs_of_other_schedulers(scheduler):
    """They have a field of their own, without the key to the job."""
    fields = fields_in(JOBS[scheduler])
    assert fields == {'slurm': {}, scheduler: FIELDS[scheduler]}


@pytest.mark.parametrize('scheduler', JOBS)
def test_slurm_comes_first(scheduler):
    """In a job of SLURM no other field appears, whatever imitates another scheduler."""
    fields = fields_in({'SLURM_JOB_ID': '7', **JOBS[scheduler]})
    assert fields == {'slurm': {'job_id': '7'}}


@pytest.mark.parametrize('scheduler', JOBS)
def test_a_field_of_the_user_stays(scheduler):
    """Who has written one for the scheduler keeps it."""
    assert fields_in(JOBS[scheduler], **{scheduler: 'mine'})[scheduler] == 'mine'


@pytest.mark.parametrize('scheduler', JOBS)
def test_settings_make_no_job(scheduler):
    """Variables that are there outside jobs as well are no sign of one."""
    _, *others = JOBS[scheduler]
    settings = {name: JOBS[scheduler][name] for name in others}
    assert fields_in(settings) == {'slurm': {}}
