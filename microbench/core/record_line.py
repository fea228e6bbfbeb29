"""The line that the sinks get of a record built as a dict."""

from __future__ import annotations

from .. import _core
from ..encoding import json_text
from ..messages import one_line, warn
from .plan import current_plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .config import Config
    from .owner import Owner
    from .plan import Plan


def line_of(config: Config, owner: Owner, record: dict[str, Any]) -> bytes:
    """Return the line of a record, with secrets masked."""
    plan = current_plan(config, owner)
    text = _by_to_json(owner, plan, record) if 'to_json' in plan.overridden else None
    if text is None:
        text = json_text.encode(record, config.encoder)
    return plan.masker.record(text)


def _by_to_json(owner: Owner, plan: Plan, record: dict[str, Any]) -> bytes | None:
    """Return what an overridden to_json() makes of it; None if it fails, with a warning."""
    try:
        text = owner.to_json(plan.masker.values(record))
        line = text.encode('utf-8', 'surrogatepass')
    except Exception as error:
        warn(f'to_json() failed for a record: {one_line(error)}', RuntimeWarning)
        return None
    return json_text.made_strict(_core.ascii_text(b' '.join(line.splitlines())))
