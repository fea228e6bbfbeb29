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
ITEMS, LEVELS, CHARACTERS = 8, 3, 200  # of a value that is shown in short


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


def brief(value: Any, full: bool = False) -> str:
    """Return a value on one line, shortened unless `full` is set.

    >>> brief('node07'), brief([[1, 'a'], list(range(1000))]), brief(list(range(9)))
    ('node07', '[[1, "a"], [1000 items]]', '9 items')
    """
    if full:
        return text(value)
    if isinstance(value, str):
        return safe(cut(value))
    return '' if value is None else in_short(value)


def in_short(value: Any, most: int = ITEMS) -> str:
    """Return a value as JSON in which long lists, objects and texts are not.

    Args:
        value: any JSON value.
        most: items that a list or an object may have at the top.
    """
    if isinstance(value, list):
        return counted(value) if len(value) > most else _in_short(value, most)
    if isinstance(value, dict) and len(value) > most:
        return counted(value)
    return _in_short(value, most)


def counted(value: list[Any] | dict[str, Any]) -> str:
    """Say how many values there are in a list or an object."""
    if isinstance(value, list):
        return f'{len(value)} item{"s" * (len(value) != 1)}'
    return f'{len(value)} {"entry" if len(value) == 1 else "entries"}'


def _in_short(value: Any, most: int = ITEMS, levels: int = LEVELS) -> str:
    if isinstance(value, str):
        return as_json(cut(value))
    if not isinstance(value, (list, dict)):
        return as_json(value)
    opening, closing = '[]' if isinstance(value, list) else '{}'
    if len(value) > most or (value and not levels):
        return f'{opening}{counted(value)}{closing}'
    if isinstance(value, dict):
        pairs = value.items()
        inner = [f'{as_json(k)}: {_in_short(v, levels=levels - 1)}' for k, v in pairs]
    else:
        inner = [_in_short(item, levels=levels - 1) for item in value]
    return f'{opening}{", ".join(inner)}{closing}'


def cut(words: str, most: int = CHARACTERS) -> str:
    """Return a text, cut if it is long.

    >>> cut('node07'), cut('node07', 4)
    ('node07', 'node…')
    """
    return words if len(words) <= most else f'{words[:most]}…'


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
