"""The record of a run that has no dict, as text: between fixed bytes, what C writes."""

from __future__ import annotations

from .. import _core
from ..encoding import json_text
from .hooked_run import described
from .record_text import further

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hooked_run import HookedRun


def completed(run: HookedRun, exception: BaseException | None, value: Any) -> bytes:
    """Return the line of a run, with its outcome; secrets are masked."""
    plan = run.plan
    fixed = plan.fixed_text or plan.text(run.config, run.owner)
    call, after, usage = _pieces(run, exception, value)
    tail = fixed.tail + usage + fixed.rest
    if exception is not None:
        tail += further(json_text.encode({'exception': described(exception)}))
    offset = fixed.utc_offset
    text = _core.record_text(run, fixed.head, call, tail, offset, after=after)
    if exception is not None or plan.captures is not None:
        text = plan.settings.masker.record(text)  # these may hold anything
    return text


def _pieces(
    run: HookedRun, exception: BaseException | None, value: Any
) -> tuple[bytes, bytes, bytes]:
    """Return `call` before the measurements and after them, and a part of the tail."""
    assert run.name is not None
    captures = run.plan.captures
    if captures is None:
        return _core.call_text(run.name), b'', b''
    if exception is None and not run.completed:
        run.keep(Exception, captures.native.finish, run, value)
    run.completed = True
    return captures.native.pieces(run, run.name)
