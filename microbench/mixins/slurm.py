"""The job of a cluster's scheduler: SLURM or another."""

from __future__ import annotations

import os

from .. import _core
from ..core.capture import early, namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from typing import Any

PREFIX = 'SLURM_'
# A token that lets its reader act as the user; the key to the job's own processes.
SECRETS = ('SLURM_JWT', 'PBS_JOBCOOKIE')
# What plugins of the site hand on: Kerberos tickets, passwords of containers.
OF_PLUGINS = 'SLURM_SPANK_'
KEYS = ('TLS_CERT', 'TLS_KEY')

# Other schedulers: the field, the variable that only a job has, how its variables begin,
# and those that do not begin so.
OTHERS = (
    ('pbs', 'PBS_JOBID', 'PBS_', ()),  # OpenPBS, PBS Pro, Torque: qsub(1)
    ('lsf', 'LSB_JOBID', 'LSB_', ()),  # IBM Spectrum LSF: bsub(1)
    (  # Grid Engine: qsub(1)
        *('sge', 'SGE_TASK_ID', 'SGE_'),
        ('JOB_ID', 'JOB_NAME', 'QUEUE', 'NSLOTS', 'NHOSTS', 'NQUEUES', 'PE'),
    ),
)


class MBSlurmInfo:
    """SLURM job (or PBS, LSF, SGE): its environment variables, secrets masked.

    Empty outside a job. Cannot fail.

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

    @early
    def capture_slurm(self, bm_data: dict[str, Any]) -> None:
        """Set `slurm`, such as `{"job_id": "42"}`; empty outside a job of SLURM.

        In a job of another scheduler `pbs`, `lsf` or `sge` is set as well, unless the
        record has a field of that name.
        """
        bm_data['slurm'] = variables(PREFIX)
        fields = ['slurm']
        for field, job, prefix, more in () if bm_data['slurm'] else OTHERS:
            if job in os.environ and field not in bm_data:
                bm_data[field] = variables(prefix, more)
                fields.append(field)
        list_masked(bm_data, fields)


def variables(prefix: str, more: Container[str] = ()) -> dict[str, str]:
    """Return the variables that begin so, without that and in lower case, and others."""
    return {
        name.removeprefix(prefix).lower(): _shown(name)
        for name in os.environ  # items() would decode all values
        if name.startswith(prefix) or name in more
    }


def list_masked(bm_data: dict[str, Any], fields: Iterable[str]) -> None:
    """Add to `mb.masked` what is masked in these fields, whatever `redact` is."""
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


def _shown(name: str) -> str:
    is_key = any(part in name for part in KEYS)
    is_secret = name in SECRETS or name.startswith(OF_PLUGINS) or is_key
    return _core.MASK if is_secret else os.environ[name]
