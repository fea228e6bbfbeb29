"""The job of a scheduler in a record."""

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
    'flux': {'FLUX_JOB_ID': 'f3', 'FLUX_URI': 'local:///run/flux', 'FLUXION': '1'},
    'oar': {'OAR_JOB_ID': '78', 'OAR_JOBID': '78', 'OAR_NODEFILE': '/var/lib/oar/78'},
    'cobalt': {'COBALT_JOBID': '90', 'COBALT_PARTNAME': 'R00'},
    'pjm': {'PJM_JOBID': '11', 'PJM_NODE': '4'},
    'aws_batch': {
        'AWS_BATCH_JOB_ID': '0e5b',
        'AWS_BATCH_JQ_NAME': 'high',
        'AWS_REGION': 'x',
    },
    'torchrun': {'TORCHELASTIC_RUN_ID': 'r1', 'RANK': '2', 'MASTER_PORT': '1'},
}
FIELDS = {
    'pbs': {'jobid': '12.server', 'queue': 'batch', 'jobcookie': '***'},
    'lsf': {'jobid': '34', 'queue': 'normal'},
    'sge': {'task_id': 'undefined', 'job_id': '56', 'queue': 'all.q'},
    'flux': {'job_id': 'f3', 'uri': 'local:///run/flux'},
    'oar': {'job_id': '78', 'jobid': '78', 'nodefile': '/var/lib/oar/78'},
    'cobalt': {'jobid': '90', 'partname': 'R00'},
    'pjm': {'jobid': '11', 'node': '4'},
    'aws_batch': {'job_id': '0e5b', 'jq_name': 'high'},
    'torchrun': {'run_id': 'r1', 'rank': '2'},
}
# The variable with the number of the job, and those that make one.
IDS = {'pbs': 'PBS_JOBID', 'lsf': 'LSB_JOBID', 'sge': 'JOB_ID', 'oar': 'OAR_JOB_ID'}
SIGNS = [
    *((name, [next(iter(job))]) for name, job in JOBS.items() if name != 'oar'),
    ('sge', ['JOB_ID']),
    ('oar', ['OAR_JOB_ID', 'OAR_JOBID']),
]


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    """Remove variables of a job around the tests."""
    beginnings = (
        *('SLURM_', 'PBS_', 'LSB_', 'SGE_', 'JOB_', 'FLUX_', 'OAR_', 'COBALT_', 'PJM_'),
        *(
            'AWS_BATCH_',
            'TORCHELASTIC_',
            'KUBERNETES_',
            '_CONDOR_',
            'OMPI_',
            'PMI',
            'PALS_',
        ),
        *('POD_', 'NODE_NAME', 'HOROVOD_', 'MV2_', 'JSM_', 'MPI_LOCALRANKID'),
    )
    for name in [name for name in os.environ if name.startswith(beginnings)]:
        monkeypatch.delenv(name)


def slurm(bench):
    """Return the field of one more call."""
    bench(lambda: None)()
    return bench.get_results()[-1]['slurm']


def test_variables_of_the_job(monkeypatch):
    """Names lose their prefix and are lower case; values are strings."""
    monkeypatch.setenv('SLURM_JOB_ID', '884120')
    monkeypatch.setenv('SLURM_JOB_Partition', 'short')
    monkeypatch.setenv('SLURMD_NODENAME', 'not this one')
    monkeypatch.setenv('MY_SLURM_JOB', 'nor this one')
    assert slurm(Bench()) == {'job_id': '884120', 'job_partition': 'short'}


def test_outside_a_job():
    """Outside a job the object is empty."""
    assert slurm(Bench()) == {}


SECRETS = {
    'SLURM_JWT': 'secret',
    'SLURM_SPANK_SLURM_SPANK_TICKET': 'secret',
    'SLURM_SRUN_TLS_CERT': 'secret',
    'SLURM_TLS_KEY': 'secret',
}


@pytest.mark.parametrize('redact', [(), None])
def test_secrets_are_masked(monkeypatch, redact):
    """Tokens, values of plugins and TLS keys are masked."""
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
    """Values of a later version are stored unchanged."""
    for name, value in BATCH_STEP.items():
        monkeypatch.setenv(name, value)
    assert slurm(Bench()) == {
        name.removeprefix('SLURM_').lower(): value for name, value in BATCH_STEP.items()
    }


def test_read_at_each_record(monkeypatch):
    """Variables are read at each record."""
    bench = Bench()
    monkeypatch.setenv('SLURM_STEP_ID', '0')
    first = slurm(bench)
    monkeypatch.setenv('SLURM_STEP_ID', '1')
    assert (first, slurm(bench)) == ({'step_id': '0'}, {'step_id': '1'})


def fields_in(job, **fields):
    """Return the fields of a record in a job."""
    bench = Bench(**fields)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in job.items():
            patch.setenv(name, value)
        bench(lambda: None)()
    record = only(bench.get_results())
    return {name: record[name] for name in ('slurm', *JOBS, 'kubernetes') if name in record}


@pytest.mark.parametrize('scheduler', JOBS)
def test_jobs_of_other_schedulers(scheduler):
    """Each scheduler has its own field, without the key to the job."""
    fields = fields_in(JOBS[scheduler])
    assert fields == {'slurm': {}, scheduler: FIELDS[scheduler]}


@pytest.mark.parametrize('scheduler', JOBS)
@pytest.mark.parametrize(
    'left', [{'SLURM_CONF': '/etc/slurm.conf'}, {'SLURM_JOB_ID': '7', 'SLURM_NNODES': '1'}]
)
def test_slurm_hides_no_other(scheduler, left):
    """SLURM_CONF, or a submission from SLURM, hides no other scheduler."""
    fields = fields_in({**left, **JOBS[scheduler]})
    slurm = {name.removeprefix('SLURM_').lower(): value for name, value in left.items()}
    assert fields == {'slurm': slurm, scheduler: FIELDS[scheduler]}


@pytest.mark.parametrize('scheduler', IDS)
@pytest.mark.parametrize('name', ['SLURM_JOB_ID', 'SLURM_JOBID'])
def test_a_job_that_slurm_imitates(scheduler, name):
    """Variables that SLURM sets for scripts of another scheduler make no second job."""
    fields = fields_in({**JOBS[scheduler], name: JOBS[scheduler][IDS[scheduler]]})
    assert list(fields) == ['slurm']


def test_several_jobs_at_once():
    """Torchrun in Flux in LSF gives a field for each."""
    fields = fields_in({**JOBS['lsf'], **JOBS['flux'], **JOBS['torchrun']})
    names = ('lsf', 'flux', 'torchrun')
    assert fields == {'slurm': {}, **{name: FIELDS[name] for name in names}}


@pytest.mark.parametrize('scheduler', JOBS)
def test_a_field_of_the_user_stays(scheduler):
    """A field with the name of a scheduler that the user has written stays."""
    assert fields_in(JOBS[scheduler], **{scheduler: 'mine'})[scheduler] == 'mine'


@pytest.mark.parametrize(('scheduler', 'signs'), SIGNS)
def test_settings_make_no_job(scheduler, signs):
    """Variables that exist outside jobs do not prove a job, nor do empty ones."""
    settings = {k: v for k, v in JOBS[scheduler].items() if k not in signs}
    assert fields_in(settings) == {'slurm': {}}
    emptied = dict.fromkeys(signs, '')
    assert fields_in({**settings, **emptied}) == {'slurm': {}}


@pytest.mark.parametrize('name', ['JOB_ID', 'SGE_TASK_ID', 'SGE_ROOT', 'FLUX_URI', 'RANK'])
def test_variables_that_anything_may_set(name):
    """No such variable is a sign by itself."""
    assert fields_in({name: '7'}) == {'slurm': {}}


def test_the_script_of_a_batch_job_of_flux():
    """The script runs in its own instance, where the job has another id."""
    job = {'FLUX_ENCLOSING_ID': 'f3', 'FLUX_URI': 'local:///run/flux'}
    fields = {'enclosing_id': 'f3', 'uri': 'local:///run/flux'}
    assert fields_in(job) == {'slurm': {}, 'flux': fields}


# --- HTCondor ------------------------------------------------------------------------

# As HTCondor 25.14.1 writes it.
JOB_AD = r"""ProcId = 0
ClusterId = 12
GlobalJobId = "host#12.0#17"
JobBatchName = "a \"b\" \ c"
Owner = "someone"
RequestCpus = 2
RequestMemory = ifThenElse(MemoryUsage =!= undefined,MemoryUsage,1)
"""


def in_htcondor(path):
    """Return the fields of a record in a job whose ad is in this file."""
    bench = Bench()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('_CONDOR_JOB_AD', str(path))
        patch.setenv('_CONDOR_SLOT', 'slot1_2')
        bench(lambda: None)()
    record = only(bench.get_results())
    return record['htcondor'], record.get('host')


def test_a_job_ad(tmp_path):
    """Numbers and texts of the file are kept, expressions are not."""
    (tmp_path / 'ad').write_text(JOB_AD)
    assert in_htcondor(tmp_path / 'ad') == (
        {
            'slot': 'slot1_2',
            'job_id': '12.0',
            'cluster_id': '12',
            'proc_id': '0',
            'global_job_id': 'host#12.0#17',
            'batch_name': 'a "b" \\ c',
            'request_cpus': '2',
        },
        None,
    )


@pytest.mark.parametrize(
    'text', ['', '[ ClusterId = 12; ]', 'ClusterId = "\nProcId = -1\n']
)
def test_a_job_ad_that_makes_no_sense(tmp_path, text):
    """The job has no number, and the record says why."""
    (tmp_path / 'ad').write_text(text)
    job, host = in_htcondor(tmp_path / 'ad')
    assert job == {'slot': 'slot1_2'}
    assert (
        host['unavailable']['htcondor.job_id'] == 'the job ad names no ClusterId and ProcId'
    )


def test_a_job_ad_that_is_not_there(tmp_path):
    """The record has the reason."""
    job, host = in_htcondor(tmp_path / 'ad')
    assert job == {'slot': 'slot1_2'}
    assert host['unavailable']['htcondor.job_id'].startswith('FileNotFoundError')


# --- Kubernetes ----------------------------------------------------------------------

UID = '0e5b9ab2-4f6d-4a5e-9a3c-2f1d7b8c9e10'
HOSTS = (
    f'9 8 254:1 /var/lib/kubelet/pods/{UID}/etc-hosts /etc/hosts rw - ext4 /dev/vda rw\n'
)


@pytest.mark.parametrize(
    ('mounts', 'space', 'fields'),
    [
        (HOSTS, 'team\n', {'uid': UID, 'namespace': 'team'}),
        (HOSTS, None, {'uid': UID}),
        ('9 8 254:1 /pods/no/etc /etc rw - ext4 /dev/vda rw\n', None, None),
        (None, None, None),
    ],
)
def test_a_pod(tmp_path, monkeypatch, mounts, space, fields):
    """The id is that of the kubelet's folder, the namespace that of the account."""
    for name, text in (('MOUNTS', mounts), ('NAMESPACE', space)):
        monkeypatch.setattr(f'microbench.mixins.slurm.{name}', str(tmp_path / name))
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr('microbench.mixins.slurm._pods', [])
    found = fields_in({'KUBERNETES_SERVICE_HOST': '10.0.0.1'}).get('kubernetes')
    assert found == fields


def test_a_pod_of_an_indexed_job(monkeypatch):
    """By convention, such variables hold what the pod's author asks for."""
    monkeypatch.setattr(
        'microbench.mixins.slurm._pods', [{'uid': UID, 'namespace': 'team'}]
    )
    job = {
        'KUBERNETES_SERVICE_HOST': '10.0.0.1',
        'JOB_COMPLETION_INDEX': '3',
        'POD_NAME': 'fit-3-x7k2p',
    }
    assert fields_in(job)['kubernetes'] == {
        'uid': UID,
        'namespace': 'team',
        'completion_index': '3',
        'pod': 'fit-3-x7k2p',
    }


# --- ranks ---------------------------------------------------------------------------

RANKS = {
    'torchrun': {'TORCHELASTIC_RUN_ID': 'x', 'RANK': 5, 'WORLD_SIZE': 8, 'LOCAL_RANK': 1},
    'Open MPI': {
        'OMPI_COMM_WORLD_RANK': 5,
        'OMPI_COMM_WORLD_SIZE': 8,
        'OMPI_COMM_WORLD_LOCAL_RANK': 1,
    },
    'MPICH': {'PMI_RANK': 5, 'PMI_SIZE': 8, 'MPI_LOCALRANKID': 1},
    'Cray': {'PALS_RANKID': 5, 'PMI_SIZE': 8, 'PALS_LOCAL_RANKID': 1, 'PMI_RANK': 5},
    'Flux': {'FLUX_TASK_RANK': 5, 'FLUX_JOB_SIZE': 8, 'FLUX_TASK_LOCAL_ID': 1},
    'srun': {
        'SLURM_STEP_ID': 0,
        'SLURM_STEP_NUM_TASKS': 8,
        'SLURM_PROCID': 5,
        'SLURM_LOCALID': 1,
    },
}
OUTER = {'SLURM_STEP_ID': 0, 'SLURM_STEP_NUM_TASKS': 1, 'SLURM_PROCID': 0}


def process_in(job, **fields):
    """Return the `process` object of a record."""
    bench = Bench(**fields)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in job.items():
            patch.setenv(name, str(value))
        bench(lambda: None)()
    return only(bench.get_results()).get('process')


@pytest.mark.parametrize('launcher', RANKS)
def test_ranks(launcher):
    """The rank of the innermost launcher counts."""
    found = process_in({**OUTER, **RANKS[launcher]})
    assert found == {'rank': 5, 'ranks': 8, 'local_rank': 1}


@pytest.mark.parametrize(
    ('job', 'process'),
    [
        ({'RANK': 5, 'WORLD_SIZE': 8}, None),
        ({'SLURM_PROCID': 0, 'SLURM_NTASKS': 4, 'SLURM_JOB_ID': 7}, None),
        ({**RANKS['srun'], 'SLURM_STEP_ID': -5}, None),
        ({'PMI_RANK': 5}, {'rank': 5}),
        ({'PMI_RANK': -1, 'PMI_SIZE': '9' * 30}, None),
        ({'TORCHELASTIC_RUN_ID': '', 'RANK': 3, 'PMI_RANK': 5}, {'rank': 5}),
    ],
)
def test_what_is_no_rank(job, process):
    """A batch script is no task, and other programs use the same names."""
    assert process_in(job) == process


def test_a_process_field_of_the_user():
    """A rank is added to an object, and replaces nothing else."""
    assert process_in(RANKS['MPICH'], process='mine') == 'mine'
    assert process_in(RANKS['MPICH'], process={'own': 1})['own'] == 1
