"""Fields of one record: those of `annotate()`, of a block, and of a decorator.

They are in `run.notes`, a dict, until the record is completed; a run with a dict has them
there at once. The journal gets them too, for a record that is recovered.
"""

from __future__ import annotations

import sys

from .. import _core
from ..encoding import json_text
from ..messages import warn
from . import arguments, record_dict, record_text
from .capture import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .owner import Owner
    from .run import Run


PROCESS = f'{__package__.rpartition(".")[0]}.process.registry'  # that has made the run


def values_of(bench: Owner, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields as they are at this moment, made of plain JSON values.

    Raises:
        ValueError: `mb` or `call` is no dict.
    """
    checked = arguments.fields(fields)
    return {name: json_text.snapshot(value, bench) for name, value in checked.items()}


def annotate(bench: Owner, fields: dict[str, Any]) -> None:
    """Add fields to the innermost active record, as `bench.time()` finds it."""
    run = _core.active_run(bench)
    if run is not None:
        add(run, values_of(bench, fields))


def annotate_block(block: _core.Block, fields: dict[str, Any]) -> None:
    """Add fields to the record of a block; warn if it is not open."""
    run: Any = block.run
    if run is None:
        warn(
            f'annotate() adds nothing: the record {block.name!r} is not open',
            RuntimeWarning,
        )
    else:
        add(run, values_of(block.owner, fields))


def add(run: Run, values: dict[str, Any]) -> None:
    """Add fields, from values_of(), to the record of an open run."""
    if run.recorder is not None and not hasattr(run, 'plan'):
        run.adopt(run.bench, run.recorder.plan, str(run.label), -1, None)
    if run.notes is None:
        run.notes = {}
    put(run.notes, values)
    if run.data is not None:
        put(run.data, values)
    if run.background:
        sys.modules[PROCESS].refresh(run.owner)
    elif run.is_journaled:
        mirror(run)


def mirror(run: Run) -> None:
    """Put the record as it is by now into the journal of its run."""
    plan, config = run.plan, run.config
    try:
        data = run.data if run.data is not None else record_dict.dict_from_native(run)
        data = record_dict.in_order(run, data)
        text = record_text.of_dict(data, run.start_wall_ns, plan.settings, config.encoder)
    except Exception:
        return  # a hook has replaced `mb` or `call`
    text.refresh(run)
