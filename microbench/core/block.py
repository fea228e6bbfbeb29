"""`with bench.record(name)`: a block of code that becomes one record."""

from __future__ import annotations

from .. import _core
from ..descriptors import loaded, not_recorded
from .capture import refuse
from .finders import recorder_of_blocks
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .owner import Owner

Block = _core.Block


class OneIteration(Run):
    """The run of a block or of a generator: finish() ends its one iteration."""

    __slots__ = ()

    def complete(self, exception: BaseException | None, value: Any) -> None:
        """End the iteration before all else; see Run."""
        if self.is_open and self.in_first_iteration:
            self.end_iteration()
        super().complete(exception, value)


class BlockRun(OneIteration):
    """The run of a block."""

    __slots__ = ()

    is_block = True


def begin_run(block: Block) -> BlockRun:
    """Return a run that is open and mirrored into its journal; its clock is not started.

    The caller: `__enter__()` of a block whose record is none for a Recorder, which starts
    the clock last.
    """
    owner: Owner = block.owner
    run = BlockRun(owner, block.name)
    if run.config.blocks is None:
        run.config.blocks = _core.Finder(recorder_of_blocks)
    if run.plan.hooks.refuses:
        refuse(owner, 'record()')
    run.begin()
    try:
        if run.plan.mirrored:
            run.mirror()
        if block.fields:
            loaded(_annotations).add(run, block.fields)
        if run.triggers:
            run.before_iteration()
    except BaseException as error:
        run.finish(error)
        raise
    return run


def mirror_fields(_block: Block, run: Any) -> None:
    """Mirror the fields of a block, with its run. The caller: C, by name."""
    loaded(_annotations).add(run, {})


def annotate(block: Block, /, **fields: Any) -> None:
    """Add fields to the record of a block, which is open.

    They are stored at the top level, in their present state; a later value of the same
    name replaces an earlier one. A record that is recovered has them, too.

    Args:
        block: what `bench.record()` has returned.
        **fields: values by name; dicts named `call` or `mb` are merged into those of the
            record.

    Raises:
        ValueError: `mb` or `call` is no dict.
    """
    try:
        module = loaded(_annotations)
    except OSError as error:
        not_recorded(error)
    else:
        module.annotate_block(block, fields)


def _annotations() -> Any:
    from . import annotations  # start-up time

    return annotations


Block.annotate = annotate
Block.mirror_fields = mirror_fields
Block.begin = begin_run  # a class of Python with a base in C would take 40 ns more
