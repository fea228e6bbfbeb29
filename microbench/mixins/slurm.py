"""Capture the job of a cluster's scheduler or launcher, and the rank of this process in it.

Only variables of jobs count, not those that a site or user sets for all processes
(SLURM_CONF, PBS_SERVER, FLUX_URI). A process can be in several jobs at once: torchrun in
SLURM, Flux in LSF.
"""

from __future__ import annotations

import os

from .. import _core
from ..core.capture import ENVIRON, early, namespace, native
from ..launchers import rank
from .machine import reason, text_if_readable, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from typing import Any


def _is_constant() -> bool:
    """Return True if the fields depend on the environment only, and `mb` is left alone."""
    names = list(os.environ)
    return JOB_AD not in names and not any(map(_is_secret, names))


class MBSlurmInfo:
    """SLURM job (or PBS, LSF, Flux ...): its environment variables, secrets masked.

    Empty outside a job. Never raises.

    >>> from microbench import MBSlurmInfo, MicroBench
    >>> class Bench(MicroBench, MBSlurmInfo):
    ...     pass
    >>> os.environ['SLURM_JOB_ID'] = '42'
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['slurm']['job_id'], os.environ.pop('SLURM_JOB_ID')
    ('42', '42')
    """

    cli_name = 'slurm-info'
    cli_fields = ('slurm',)
    cli_default = True
    cli_place = 3

    @native(ENVIRON, (os, 'environ'), usable=_is_constant)
    @early
    def capture_slurm(self, bm_data: dict[str, Any]) -> None:
        """Set `slurm`, such as `{"job_id": "42"}`: all variables that begin with `SLURM_`.

        In a job of another scheduler or launcher, one of `pbs`, `lsf`, `sge`, `flux`,
        `htcondor`, `oar`, `cobalt`, `pjm`, `aws_batch`, `kubernetes`, `torchrun` is set as
        well, unless the record has a field of that name. `process` has the rank of this
        process among all that the launcher started together.
        """
        names = list(os.environ)  # items() would decode all values
        found, why = jobs(names)
        fields = {name: values for name, values in found.items() if name not in bm_data}
        fields = {'slurm': variables(names, 'SLURM_'), **fields}
        bm_data.update(fields)
        list_masked(bm_data, fields)
        place = rank(names)
        if place and isinstance(bm_data.get('process', {}), dict):
            namespace(bm_data, 'process').update(place)
        if why:
            namespace(namespace(bm_data, 'host'), 'unavailable').update(why)


def list_masked(bm_data: dict[str, Any], fields: Iterable[str]) -> None:
    """Add the masked names in these fields to `mb.masked`, even with `redact = None`."""
    masked = [
        f'{field}.{name}'
        for field in fields
        for name, value in bm_data[field].items()
        if value == _core.MASK
    ]
    if masked:
        mb = namespace(bm_data, 'mb')
        known = mb.get('masked')
        mb['masked'] = sorted({*masked, *(known if isinstance(known, list) else ())})


# --- jobs ----------------------------------------------------------------------------

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

OF_JOBS = {sign for entry in BY_VARIABLES for sign in entry[1]} | {JOB_AD, POD}


def jobs(names: list[str]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return a field for each job of this process, and the reasons for missing fields.

    Args:
        names: names of all environment variables.
    """
    present = {name for name in OF_JOBS.intersection(names) if os.environ.get(name)}
    if not present:
        return {}, {}
    found = {
        field: variables(names, prefix, more)
        for field, signs, prefix, more in BY_VARIABLES
        if present.issuperset(signs) and not _is_of_slurm(signs[-1])
    }
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
    return _core.MASK if _is_secret(name) else os.environ.get(name, '')


def _is_secret(name: str) -> bool:
    is_key = any(part in name for part in KEYS)
    return name in SECRETS or name.startswith(OF_PLUGINS) or is_key


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

        uid = re.search(OF_KUBELET, text_if_readable(MOUNTS))
        known = {
            'uid': uid[1] if uid else '',
            'namespace': text_if_readable(NAMESPACE).strip(),
        }
        _pods.append({field: value for field, value in known.items() if value})
    return _pods[0]
