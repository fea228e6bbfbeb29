"""One difference of two records, as text and as a row of HTML."""

from __future__ import annotations

import json

from ..messages import safe
from .leaves import numbers_in
from .side_by_side import MISSING, same

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHANGED, REMOVED, ADDED = 'changed', 'removed', 'added'
MARKS = {CHANGED: '~', REMOVED: '-', ADDED: '+'}
LONGEST, LAST = 2000, 400  # characters of a value there, and of those its last ones


class Change:
    """One place where two records differ.

    Attributes:
        path: dotted path of the value, with list items numbered from 0. An array of more
            than 1000 values is not divided into items.
        left: value in the first record; None if it is missing there.
        right: value in the second record; None if it is missing there.
        kind: `'changed'`, `'removed'` (only the first has it) or `'added'`.
    """

    __slots__ = ('kind', 'left', 'path', 'right')

    def __init__(self, path: str, left: Any, right: Any, kind: str) -> None:
        self.path = path
        self.left = left
        self.right = right
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Change) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((self.path, self.kind))

    def __repr__(self) -> str:
        return f'Change({", ".join(map(repr, self._values()))})'

    def _values(self) -> tuple[str, Any, Any, str]:
        return self.path, self.left, self.right, self.kind

    def __str__(self) -> str:
        sides = filter(None, map(_cut, self.texts()))
        return safe(f'{MARKS[self.kind]} {self.path}: {" -> ".join(sides)}')

    def texts(self) -> tuple[str, str]:
        """Return both values as JSON.

        Returns:
            The texts of the left and right value: JSON, the number of items for arrays,
            and `''` for a missing value.
        """
        left = '' if self.kind == ADDED else _text(self.left)
        right = '' if self.kind == REMOVED else _text(self.right)
        if left == right and isinstance(self.left, list):  # arrays of one size
            items = (numbers_in(side) or () for side in (self.left, self.right))
            count = sum(not same(*pair) for pair in zip(*items, strict=False))
            right = f'{right}, {count} of them different' if count else right
        return left, right


def change_of(path: str, left: Any, right: Any) -> Change:
    """Return the change at a place; `MISSING` stands for a value that a side lacks."""
    if right is MISSING:
        return Change(path, left, None, REMOVED)
    if left is MISSING:
        return Change(path, None, right, ADDED)
    return Change(path, left, right, CHANGED)


def _text(value: Any) -> str:
    """Return a value as JSON; for an array, the number of its items."""
    if not _has_items(value):
        return json.dumps(value, ensure_ascii=False)
    one, more = ('item', 'items') if isinstance(value, list) else ('entry', 'entries')
    return f'{len(value)} {one if len(value) == 1 else more}'


def _cut(text: str) -> str:
    """Cut the middle out of a long text, and say its length."""
    if len(text) <= LONGEST:
        return text
    return f'{text[: LONGEST - LAST]}… {len(text)} characters …{text[-LAST:]}'


def _has_items(value: Any) -> bool:
    """Return True if a value is an array, or was compared with one: it has items."""
    return isinstance(value, (list, dict)) and bool(value)


def html_of(path: str, leaves: dict[str, Any], others: dict[str, Any]) -> str:
    """Return path and value as HTML, with the words that differ in red."""
    from html import escape  # start-up time

    if path not in leaves:
        return '<div></div>'
    words = _cut(_text(leaves[path])).split(' ')
    theirs = _cut(_text(others[path])).split(' ') if path in others else []
    if others is not leaves and _has_items(leaves[path]):
        theirs = []  # the text shows only the number of items
    theirs += [''] * (len(words) - len(theirs))
    parts = [
        escape(word)
        if word == there
        else f'<span style="color: red;">{escape(word)}</span>'
        for word, there in zip(words, theirs, strict=False)
    ]
    return f'<div>{escape(path)}: {" ".join(parts)}</div>'
