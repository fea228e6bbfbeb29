"""Detect jobs of schedulers and launchers other than SLURM, by variables of jobs only.

Variables that a site or user sets for all processes (SLURM_CONF, PBS_SERVER, FLUX_URI) do
not count. A process can be in several jobs at once: torchrun in SLURM, Flux in LSF.
"""

from __future__ import annotations

import os

from .. import _core
from .kernel import reason, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

# Tokens that let their reader act as the user; keys to the job's own processes.
SECRETS = ('SLURM_JWT', 'PBS_JOBCOOKIE')
# What plugins of the site hand on: Kerberos tickets, passwords of containers.
OF_PLUGINS = 'SLURM_SPANK_'
KEYS = ('TLS_CERT', 'TLS_KEY')

OF_SGE = ('JOB_ID', 'JOB_NAME', 'QUEUE', 'NSLOTS', 'NHOSTS', 'NQUEUES', 'PE')
OF_TORCHRUN = (
    *('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE', 'GROUP_RANK'),
    *('GROUP_WORLD_SIZE', 'ROLE_RANK', 'ROLE_WORLD_SIZE', 'ROLE_NAME'),
)

# The field; the variables that all jobs have, the last one with the number; how the
# variables of a job begin; and those that do not begin so.
BY_VARIABLES: tuple[tuple[str, tuple[str, ...], str, Container[str]], ...] = (
    ('pbs', ('PBS_JOBID',), 'PBS_', ()),  # OpenPBS, PBS Pro, Torque: qsub(1)
    ('lsf', ('LSB_JOBID',), 'LSB_', ()),  # IBM Spectrum LSF: bsub(1)
    ('sge', ('SGE_TASK_ID', 'JOB_ID'), 'SGE_', OF_SGE),  # Grid Engine: qsub(1)
    ('flux', ('FLUX_JOB_ID',), 'FLUX_', ()),  # flux-environment(7)
    ('flux', ('FLUX_ENCLOSING_ID',), 'FLUX_', ()),  # in the script of a batch job
    ('oar', ('OAR_JOB_ID',), 'OAR_', ()),  # oarsub(1)
    ('oar', ('OAR_JOBID',), 'OAR_', ()),
    ('cobalt', ('COBALT_JOBID',), 'COBALT_', ()),
    ('pjm', ('PJM_JOBID',), 'PJM_', ()),  # Fujitsu: pjsub(1)
    ('aws_batch', ('AWS_BATCH_JOB_ID',), 'AWS_BATCH_', ()),
    ('torchrun', ('TORCHELASTIC_RUN_ID',), 'TORCHELASTIC_', OF_TORCHRUN),
)
SLURM_IDS = ('SLURM_JOB_ID', 'SLURM_JOBID')

# HTCondor writes all about a job into a file; these attributes of it are kept.
JOB_AD = '_CONDOR_JOB_AD'
OF_JOB_AD = {
    'ClusterId': 'cluster_id',
    'ProcId': 'proc_id',
    'GlobalJobId': 'global_job_id',
    'JobBatchName': 'batch_name',
    'DAGManJobId': 'dagman_job_id',
    'NumJobStarts': 'num_job_starts',
    'RequestCpus': 'request_cpus',
    'RequestMemory': 'request_memory',
    'RequestGPUs': 'request_gpus',
}
LITERAL = r'\d+|"(?:[^"\\]|\\.)*"'
OF_CONDOR = {'_CONDOR_SLOT': 'slot'}

# Kubernetes: in each container of a pod; the others only where its author asks for them.
POD = 'KUBERNETES_SERVICE_HOST'
OF_A_POD = {
    'POD_NAME': 'pod',
    'POD_NAMESPACE': 'namespace',
    'NODE_NAME': 'node',
    'JOB_COMPLETION_INDEX': 'completion_index',
}
NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'
MOUNTS = '/proc/self/mountinfo'
OF_KUBELET = r'/pods/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/'

SIGNS = frozenset([*(sign for entry in BY_VARIABLES for sign in entry[1]), JOB_AD, POD])


def jobs(names: list[str]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return a field for each job of this process, and the reasons for missing fields.

    Args:
        names: names of all environment variables.
    """
    present = {name for name in SIGNS.intersection(names) if os.environ.get(name)}
    if not present:
        return {}, {}
    found = {}
    for field, signs, prefix, more in BY_VARIABLES:
        if present.issuperset(signs) and not _is_of_slurm(signs[-1]):
            found[field] = variables(names, prefix, more)
    why: dict[str, str] = {}
    if JOB_AD in present:
        found['htcondor'] = _htcondor(why)
    if POD in present:
        found['kubernetes'] = {**_named(OF_A_POD), **_pod()}
    return {field: values for field, values in found.items() if values}, why


def variables(
    names: Iterable[str], prefix: str, more: Container[str] = ()
) -> dict[str, str]:
    """Return the variables that begin so, without that and in lower case, and others."""
    return {
        name.removeprefix(prefix).lower(): _shown(name)
        for name in names
        if name.startswith(prefix) or name in more
    }


def _shown(name: str) -> str:
    is_key = any(part in name for part in KEYS)
    is_secret = name in SECRETS or name.startswith(OF_PLUGINS) or is_key
    return _core.MASK if is_secret else os.environ.get(name, '')


def _is_of_slurm(sign: str) -> bool:
    """Return True if SLURM imitates this job, for scripts, with its own job number."""
    return any(os.environ.get(name) == os.environ[sign] for name in SLURM_IDS)


def _named(fields: Mapping[str, str]) -> dict[str, str]:
    return {field: os.environ[name] for name, field in fields.items() if name in os.environ}


# --- HTCondor ----------------------------------------------------------------------------


def _htcondor(why: dict[str, str]) -> dict[str, str]:
    found = _named(OF_CONDOR)
    try:
        found.update(attributes_in(text_of(os.environ[JOB_AD])))
        found['job_id'] = f'{found["cluster_id"]}.{found["proc_id"]}'
    except OSError as error:
        why['htcondor.job_id'] = reason(error)
    except KeyError:
        why['htcondor.job_id'] = 'the job ad names no ClusterId and ProcId'
    return found


def attributes_in(job_ad: str) -> dict[str, str]:
    r"""Return the attributes in a job ad, one a line; expressions are left out.

    >>> attributes_in('ClusterId = 12\nRequestCpus = 2 * Cores\nJobBatchName = "a b"')
    {'cluster_id': '12', 'batch_name': 'a b'}
    """
    import re  # which takes its time, and few need

    found = {}
    for line in job_ad.splitlines():
        name, _, value = (part.strip() for part in line.partition('='))
        if name in OF_JOB_AD and re.fullmatch(LITERAL, value):
            text = value[1:-1].replace('\\"', '"') if value.startswith('"') else value
            found[OF_JOB_AD[name]] = text
    return found


# --- Kubernetes --------------------------------------------------------------------------

_pods: list[dict[str, str]] = []  # one at most: a process stays in its pod


def _pod() -> dict[str, str]:
    """Return the id of our pod and its namespace, as the kubelet has mounted them."""
    if not _pods:
        import re

        uid = re.search(OF_KUBELET, _text(MOUNTS))
        known = {'uid': uid[1] if uid else '', 'namespace': _text(NAMESPACE).strip()}
        _pods.append({field: value for field, value in known.items() if value})
    return _pods[0]


def _text(path: str) -> str:
    try:
        return text_of(path)
    except OSError:
        return ''
