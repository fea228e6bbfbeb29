"""`with bench.record(name)`: a block of code that becomes one record."""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded
from .capture import refuse
from .run import OneIteration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .owner import Owner

Block = _core.Block


def begin(block: Block) -> OneIteration:
    """Return a run that is open, mirrored into its journal, and started.

    The caller: `__enter__()` of a block whose record is none for a Recorder.
    """
    owner: Owner = block.owner
    run = OneIteration(owner, block.name)
    if run.config.blocks is None:
        run.config.blocks = _core.Finder(_recorder_of)
    if run.plan.hooks.refuses:
        refuse(owner, 'record()')
    run.begin()
    try:
        if run.plan.mirrored:
            run.mirror()
        run.start_iteration()
    except BaseException as error:
        run.finish(error)
        raise
    return run


def _recorder_of(bench: Owner, _: None) -> _core.Recorder | None:
    """Return a Recorder for the next blocks of a bench; None where there can be none.

    The second block imports recorder.py.

    The caller: C, which gets this function in the constructor of a Finder.
    """
    recorder: _core.Recorder | None = loaded(_recorders).recorder_of_blocks(bench, None)
    return recorder


def _recorders() -> Any:
    from . import recorder  # start-up time

    return recorder


Block.begin = begin  # a class of Python with a base in C would take 40 ns more
