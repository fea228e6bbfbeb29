"""Note the death of the parent process, in a batch job only.

SLURM may send the signal that ends a job to the shell of the batch script alone. What the
shell has started gets SIGKILL about a millisecond after its death: time enough for a
handler in C to note it in the journal (mb_parent.h), not for a record.

Not where the parent is slurmstepd, as after `exec` or `srun`: then the signal comes to this
process. Not below init, which outlives everything.
"""

from __future__ import annotations

import os

from .. import _core

STARTER = b'slurmstepd'

_tried = -1  # forks before the process that has looked for a parent to watch
_has_blocks = False


def watch(block: bool) -> None:
    """Watch the parent of this process, part of a job, if that makes sense.

    Args:
        block: an open block wants it, as others will; else a record of the process, until
            `leave`.
    """
    global _tried, _has_blocks  # noqa: PLW0603 - one parent for a process
    _has_blocks = _has_blocks or block
    if _tried != _core.fork_generation():
        _tried = _core.fork_generation()
        _watch()


def leave() -> None:
    """Watch no longer, unless blocks want it."""
    global _tried  # noqa: PLW0603 - one parent for a process
    if _tried >= 0 and not _has_blocks:
        _tried = -1
        _core.leave_parent()


def _watch() -> None:
    parent = os.getppid()
    try:
        name, above = _process(parent)
        if parent > 1 and name != STARTER:
            _core.watch_parent(parent, _process(above)[0] == STARTER)
    except OSError:
        return  # it is hidden, as those of other users are: slurmstepd belongs to root


def _process(number: int) -> tuple[bytes, int]:
    """Return the name of a process and the number of its parent; see proc(5)."""
    with open(f'/proc/{number}/stat', 'rb') as file:
        before, _, after = file.read().rpartition(b')')
    return before.partition(b'(')[2], int(after.split()[1])
