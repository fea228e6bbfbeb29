"""Return how long Python may take to react to a signal before native code takes over."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE, LONGEST = 0.25, 1e9  # seconds
VARIABLE = 'MICROBENCH_EXIT_GRACE'

# What launchers of MPI set for the processes that they start (Open MPI, PMI as in MPICH,
# PMIx, Intel MPI). When one of these ends, they send SIGTERM to the others and, as soon as
# they can, SIGKILL.
LAUNCHED = ('OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'PMIX_RANK', 'MPI_LOCALRANKID')


def seconds_of(argument: Any) -> float:
    """Return what the argument says; without one, what the environment says.

    Raises:
        TypeError, ValueError: that is no number of seconds.
    """
    if argument is not None:
        return _seconds('grace', argument)
    if VARIABLE in os.environ:
        return _seconds(VARIABLE, os.environ[VARIABLE])
    return 0.0 if any(name in os.environ for name in LAUNCHED) else GRACE


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f'{name} has to be a number of seconds, not {value!r}')
    return seconds
