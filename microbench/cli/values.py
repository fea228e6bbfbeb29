"""Check and format values of any shape.

Records may come from other versions or other programs. A value of an unexpected type counts
as missing.
"""

from __future__ import annotations

from ..messages import safe
from ..results.fields import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITEMS, LEVELS, CHARACTERS = 8, 3, 200  # limits of a shortened value


def text(value: Any) -> str:
    """Return a value on one line: a text without quotes, None as an empty text.

    >>> text('node07'), text([1, 'a']), text(None)
    ('node07', '[1, "a"]', '')
    """
    if isinstance(value, str):
        return safe(value)
    return '' if value is None else as_json(value)


def as_json(value: Any) -> str:
    """Return a value as readable JSON that is safe on a terminal."""
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
    """Return a value as JSON in which long lists, objects and texts are shortened.

    Args:
        value: any JSON value.
        most: number of items that the outermost list or object may have.
    """
    if isinstance(value, list):
        return counted(value) if len(value) > most else _in_short(value, most)
    if isinstance(value, dict) and len(value) > most:
        return counted(value)
    return _in_short(value, most)


def counted(value: list[Any] | dict[str, Any]) -> str:
    """Return the number of values in a list or an object, as text."""
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
    """Cut a text to `most` characters.

    >>> cut('node07'), cut('node07', 4)
    ('node07', 'node…')
    """
    return words if len(words) <= most else f'{words[:most]}…'


def items(value: Any) -> list[Any]:
    """Return a list unchanged, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def numbers(value: Any) -> list[Any]:
    """Return the numbers in a list; an empty list for anything else."""
    return list(filter(is_number, items(value)))


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; an empty list for anything else."""
    return [item for item in items(value) if isinstance(item, dict)]
