"""What a record says about a SLURM job."""

import pytest

from microbench import MBSlurmInfo, MicroBenchBase


class Bench(MicroBenchBase, MBSlurmInfo):
    pass


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    """No variables of a job around the tests."""
    import os

    for name in [name for name in os.environ if name.startswith('SLURM_')]:
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


def test_the_token_is_left_out(monkeypatch):
    """SLURM_JWT lets its reader act as the user: it is in no record."""
    monkeypatch.setenv('SLURM_JWT', 'secret')
    monkeypatch.setenv('SLURM_JOB_ID', '1')
    bench = Bench()
    assert slurm(bench) == {'job_id': '1'}
    assert 'secret' not in str(bench.get_results())


def test_read_at_each_record(monkeypatch):
    """A step that starts later is seen."""
    bench = Bench()
    monkeypatch.setenv('SLURM_STEP_ID', '0')
    first = slurm(bench)
    monkeypatch.setenv('SLURM_STEP_ID', '1')
    assert (first, slurm(bench)) == ({'step_id': '0'}, {'step_id': '1'})
