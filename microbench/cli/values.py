"""Values of any shape: each is looked at before it is used.

Records come from other versions, from other programs, from anywhere. What is not as
expected is as if it were not there.
"""

from __future__ import annotations

from math import isfinite

from ..messages import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard

LARGEST = 1e300  # as in core.summary: beyond it is no time


def text(value: Any) -> str:
    """Return a value on one line; nothing for None, texts without quotes.

    >>> text('node07'), text([1, 'a']), text(None)
    ('node07', '[1, "a"]', '')
    """
    if isinstance(value, str):
        return safe(value)
    return '' if value is None else as_json(value)


def as_json(value: Any) -> str:
    """Return a value as JSON that can be read and shown."""
    import json

    try:
        return safe(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return 'too deep to be shown'


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value can be a duration: booleans and NaN cannot."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return -LARGEST < value < LARGEST and isfinite(value)


def items(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def numbers(value: Any) -> list[Any]:
    """Return the numbers in a list; none if it is no list."""
    return list(filter(is_number, items(value)))


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; none if it is no list."""
    return [item for item in items(value) if isinstance(item, dict)]
