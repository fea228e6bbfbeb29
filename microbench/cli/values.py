"""Check and format values of any shape.

Records may come from other versions or other programs. A value of an unexpected type counts
as missing.
"""

from __future__ import annotations

from itertools import islice

from ..messages import safe
from ..results.large_values import in_words, is_summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ITEMS, LEVELS, CHARACTERS = 8, 3, 200  # limits of a shortened value
TOO_DEEP = 'too deep to be shown'
BESIDE = 60  # characters of a text above that limit
WHOLE = 20_000  # characters of a value that is not to be shortened


def text(value: Any) -> str:
    """Return a value on one line: a text without quotes, None as an empty text.

    >>> text('node07'), text([1, 'a']), text(None)
    ('node07', '[1, "a"]', '')
    """
    if isinstance(value, str):
        return safe(cut(value, WHOLE))
    return '' if value is None else in_full(value)


def in_full(value: Any) -> str:
    """Return a value as readable JSON; a part that would fill screens is cut.

    >>> in_full({'a': [1, None]}), len(in_full(['x' * 10**6] * 10**5)) < 10**6
    ('{"a": [1, null]}', True)
    """
    try:
        is_short = _room_beside(value, WHOLE) >= 0
        text = as_json(value if is_short else _pruned(value, WHOLE))
    except RecursionError:
        return TOO_DEEP
    return text if len(text) <= 2 * WHOLE else f'{text[:WHOLE]} … {text[-CHARACTERS:]}'


def _room_beside(value: Any, room: int) -> int:
    """Return about how many characters are left beside a value; below 0 without room."""
    if isinstance(value, str):
        return room - len(value) - 2
    if is_summary(value) or not isinstance(value, (list, dict)):
        return -1 if is_summary(value) else room - 4
    for item in value.values() if isinstance(value, dict) else value:
        room = _room_beside(item, room - 2)
        if room < 0:
            break
    return room


def _pruned(value: Any, room: int) -> Any:
    """Return a value with the middle cut out of long texts and lists."""
    if isinstance(value, str):
        return cut(value, room)
    if is_summary(value):
        return in_words(value)
    if not isinstance(value, (list, dict)) or not value:
        return value
    most, inner = max(room // 25, 1), max(room // len(value), CHARACTERS)
    if isinstance(value, dict):
        found = {k: _pruned(v, inner) for k, v in islice(value.items(), 2 * most)}
        more = len(value) - len(found)
        return {**found, **({f'… {more} more entries': None} if more else {})}
    if len(value) <= 2 * most:
        return [_pruned(item, inner) for item in value]
    middle = [f'… {len(value)} items …']
    ends = ([_pruned(v, inner) for v in part] for part in (value[:most], value[-most:]))
    first, last = ends
    return first + middle + last


def as_json(value: Any) -> str:
    """Return a value as readable JSON that is safe on a terminal."""
    import json

    try:
        return safe(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return TOO_DEEP


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
    if is_summary(value):
        return in_words(value)
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
    if is_summary(value):
        return as_json(in_words(value))
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
    """Cut the middle out of a text of more than `most` characters, and say its length.

    >>> cut('node07'), cut('x' * 10**6, 12)
    ('node07', 'xxxxxxxxx… 1000000 characters …xxx')
    """
    if len(words) <= most:
        return words
    keep = BESIDE if most == CHARACTERS else most  # so that a terminal shows the length
    last = keep // 4
    return f'{words[: keep - last]}… {len(words)} characters …{words[-last:]}'


def items(value: Any) -> list[Any]:
    """Return a list unchanged, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def dicts(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; an empty list for anything else."""
    return [item for item in items(value) if isinstance(item, dict)]
