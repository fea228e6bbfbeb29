"""The job of a SLURM cluster."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PREFIX = 'SLURM_'
SECRETS = ('SLURM_JWT',)  # a token that lets its reader act as the user


class MBSlurmInfo:
    """SLURM job: all `SLURM_*` environment variables, without secrets.

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
    cli_default = True

    def capture_slurm(self, bm_data: dict[str, Any]) -> None:
        """Set `slurm`, such as `{"job_id": "42"}`; empty outside a job."""
        bm_data['slurm'] = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in os.environ.items()
            if name.startswith(PREFIX) and name not in SECRETS
        }
