"""Find the rank of this process among those that a launcher started together."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


OF_SLURM = 'SLURM_STEP_NUM_TASKS'

# Launchers, the innermost first: what only their processes have, and the variables of the
# rank, the number of ranks, and the rank on this node.
LAUNCHERS = (
    ('TORCHELASTIC_RUN_ID', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK'),  # torchrun
    ('HOROVOD_RANK', 'HOROVOD_RANK', 'HOROVOD_SIZE', 'HOROVOD_LOCAL_RANK'),
    (  # Open MPI: mpirun(1)
        'OMPI_COMM_WORLD_RANK',
        *('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
    ),
    (  # MVAPICH2
        'MV2_COMM_WORLD_RANK',
        *('MV2_COMM_WORLD_RANK', 'MV2_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_LOCAL_RANK'),
    ),
    (  # jsrun of IBM
        'JSM_NAMESPACE_RANK',
        *('JSM_NAMESPACE_RANK', 'JSM_NAMESPACE_SIZE', 'JSM_NAMESPACE_LOCAL_RANK'),
    ),
    ('FLUX_TASK_RANK', 'FLUX_TASK_RANK', 'FLUX_JOB_SIZE', 'FLUX_TASK_LOCAL_ID'),
    ('PALS_RANKID', 'PALS_RANKID', 'PMI_SIZE', 'PALS_LOCAL_RANKID'),  # Cray
    ('PMI_RANK', 'PMI_RANK', 'PMI_SIZE', 'MPI_LOCALRANKID'),  # MPICH, Intel MPI
    (OF_SLURM, 'SLURM_PROCID', OF_SLURM, 'SLURM_LOCALID'),  # srun(1)
)
OF_LAUNCHERS = {launcher[0] for launcher in LAUNCHERS}
OF_A_RANK = ('rank', 'ranks', 'local_rank')
DIGITS = 9
OF_A_STEP = 'SLURM_STEP_ID'  # negative, or missing, in the script of a batch job


def rank(names: Iterable[str]) -> dict[str, int]:
    """Return `rank`, `ranks` and `local_rank`, as far as they are known.

    Args:
        names: names of all environment variables.
    """
    present = {name for name in OF_LAUNCHERS.intersection(names) if os.environ.get(name)}
    for sign, *variables in LAUNCHERS if present else ():
        if sign in present and (sign != OF_SLURM or _number(OF_A_STEP) is not None):
            values = zip(OF_A_RANK, map(_number, variables), strict=True)
            return {field: value for field, value in values if value is not None}
    return {}


def _number(name: str) -> int | None:
    text = os.environ.get(name, '')
    is_number = text.isascii() and text.isdigit() and len(text) <= DIGITS
    return int(text) if is_number else None
