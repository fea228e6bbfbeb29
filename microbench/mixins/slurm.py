"""Capture the job of a cluster's scheduler: SLURM or another."""

from __future__ import annotations

import os

from .. import _core
from ..core.capture import early, namespace
from . import jobs, ranks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


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

    @early
    def capture_slurm(self, bm_data: dict[str, Any]) -> None:
        """Set `slurm`, such as `{"job_id": "42"}`: all variables that begin with `SLURM_`.

        In a job of another scheduler or launcher, one of `pbs`, `lsf`, `sge`, `flux`,
        `htcondor`, `oar`, `cobalt`, `pjm`, `aws_batch`, `kubernetes`, `torchrun` is set as
        well, unless the record has a field of that name. `process` has the rank of this
        process among all that the launcher started together.
        """
        names = list(os.environ)  # items() would decode all values
        found, why = jobs.jobs(names)
        fields = {name: values for name, values in found.items() if name not in bm_data}
        fields = {'slurm': jobs.variables(names, 'SLURM_'), **fields}
        bm_data.update(fields)
        list_masked(bm_data, fields)
        rank = ranks.rank(names)
        if rank and isinstance(bm_data.get('process', {}), dict):
            namespace(bm_data, 'process').update(rank)
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
