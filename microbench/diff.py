"""Where two records differ, for people who wonder why one was slower.

>>> from microbench.diff import diff
>>> slow = {'call': {'name': 'fit', 'durations': [9.0]}, 'host': {'hostname': 'node07'}}
>>> fast = {'host': {'hostname': 'node08'}, 'call': {'name': 'fit', 'durations': [2.0]}}
>>> print(diff(slow, fast))
~ host.hostname: "node07" -> "node08"
1 difference in times and ids is not shown
"""

from __future__ import annotations

import sys

from .core import encoding
from .core.json_encoder import decode
from .messages import safe
from .results.noise import Noise
from .results.shapes import EMPTY, flattened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CHANGED, REMOVED, ADDED = 'changed', 'removed', 'added'
MARKS = {CHANGED: '~', REMOVED: '-', ADDED: '+'}

GRID = (
    'display: grid; grid-template-columns: 1fr 1fr; column-gap: 1em; '
    'font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere'
)


class Change:
    """One place where two records differ.

    Attributes:
        path: dotted names that lead there; items of lists by their number, from 0.
        left: the value in the first record; None if it is not there.
        right: the value in the second record; None if it is not there.
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
        sides = [_json(self.left)] * (self.kind != ADDED)
        sides += [_json(self.right)] * (self.kind != REMOVED)
        return safe(f'{MARKS[self.kind]} {self.path}: {" -> ".join(sides)}')


class Difference:
    """The difference of two records: a sequence of `Change`, in the order of paths.

    It is false if there is none. `str()` gives it as text, `html()` as two columns; a
    notebook shows it by itself.
    """

    def __init__(self, left: Any, right: Any, everything: bool = False) -> None:
        self._left, self._right = _leaves(left), _leaves(right)
        paths = sorted({*self._left, *self._right}, key=_in_order)
        noise = Noise(self._left, self._right)
        self._paths = [path for path in paths if everything or not noise.covers(path)]
        self._changes = list(self._found(self._paths))
        #: how many differences in times and ids are not among the changes
        self.hidden = sum(1 for _ in self._found(paths)) - len(self._changes)

    def _found(self, paths: list[str]) -> Iterator[Change]:
        left, right = self._left, self._right
        for path in paths:
            if path not in right:
                yield Change(path, left[path], None, REMOVED)
            elif path not in left:
                yield Change(path, None, right[path], ADDED)
            elif not _same(left[path], right[path]):
                yield Change(path, left[path], right[path], CHANGED)

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __getitem__(self, index: int) -> Change:
        return self._changes[index]

    def __str__(self) -> str:
        lines = [str(change) for change in self._changes] or ['no difference']
        return '\n'.join([*lines, *filter(None, [self.note])])

    __repr__ = __str__

    @property
    def note(self) -> str:
        """How many differences are not shown; empty if none."""
        if not self.hidden:
            return ''
        several = 's' * (self.hidden > 1)
        verb = 'are' if several else 'is'
        return f'{self.hidden} difference{several} in times and ids {verb} not shown'

    def html(self) -> str:
        """Return both records side by side, with differences in red."""
        differing = {change.path for change in self._changes}
        sides = (self._left, self._right), (self._right, self._left)
        cells = [
            _cell(path, leaves, others if path in differing else leaves)
            for path in self._paths
            for leaves, others in sides
        ]
        note = f'<p>{self.note}</p>' * bool(self.hidden)
        return f'<div style="{GRID}">{"".join(cells)}</div>{note}'

    def _repr_html_(self) -> str:
        return self.html()


def diff(a: Any, b: Any, *, everything: bool = False) -> Difference:
    """Return where two records differ.

    Args:
        a: a record: a dict, a row of a pandas DataFrame, or a JSON text. Nested and
            flat records can be compared with each other.
        b: another one.
        everything: show also what always differs: times, ids, samples.

    Raises:
        TypeError, ValueError: one of them is no record.
    """
    return Difference(a, b, everything)


def envdiff(a: Any, b: Any, *, everything: bool = False) -> None:
    """Show in a notebook where two records differ; `diff` describes the arguments.

    Raises:
        ImportError: IPython is missing.
    """
    from IPython.display import HTML, display

    kind: Any = HTML
    difference = diff(a, b, everything=everything)
    if isinstance(kind, type):  # what tests put in its place may be none
        kind = type('Shown', (kind,), {'__repr__': lambda _: str(difference)})
    display(kind(difference.html()))  # type: ignore[no-untyped-call]


# --- records -----------------------------------------------------------------------------


def _leaves(record: Any) -> dict[str, Any]:
    """Return the values of a record by dotted path, those inside lists as well."""
    leaves: dict[str, Any] = {}
    for path, value in flattened(_as_dict(record)).items():
        _add_leaves(leaves, path, value)
    return leaves


def _add_leaves(leaves: dict[str, Any], path: str, value: Any) -> None:
    waiting = [(path, value)]  # a record may be nested more deeply than Python calls
    while waiting:
        path, value = waiting.pop()
        items: Any = ()
        if isinstance(value, list):
            items = enumerate(value)
        elif isinstance(value, dict):
            items = value.items()
        inner = [(f'{path}.{name}', item) for name, item in items]
        if not inner:
            leaves[path] = value
        waiting += reversed(inner)


def _as_dict(record: Any) -> dict[str, Any]:
    """Return a record as plain JSON values.

    Raises:
        TypeError, ValueError: it is none.
    """
    pandas = sys.modules.get('pandas')
    if isinstance(record, (str, bytes, bytearray)):
        record = decode(bytes(record) if isinstance(record, bytearray) else record)
    elif pandas is not None and isinstance(record, pandas.Series):
        known = record.dropna()  # what is missing in a table is NaN
        record = {name: {} if v == EMPTY else v for name, v in known.items()}
    if not isinstance(record, dict):
        kind = type(record).__name__
        raise TypeError(f'a record is a dict, a row or a JSON object, not {kind}')
    plain: dict[str, Any] = decode(encoding.encode(record))
    return plain


def _same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    booleans = isinstance(left, bool) + isinstance(right, bool)
    return bool(left == right) and booleans != 1


def _in_order(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts the items of lists by number."""
    parts = path.split('.')
    return [(int(p), '') if p.isdecimal() and p.isascii() else (-1, p) for p in parts]


# --- text --------------------------------------------------------------------------------


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _cell(path: str, leaves: dict[str, Any], others: dict[str, Any]) -> str:
    """Return a value with its path; red where that of the others is another."""
    from html import escape

    if path not in leaves:
        return '<div></div>'
    words = _json(leaves[path]).split(' ')
    theirs = _json(others[path]).split(' ') if path in others else []
    theirs += [''] * (len(words) - len(theirs))
    parts = [
        escape(word)
        if word == there
        else f'<span style="color: red;">{escape(word)}</span>'
        for word, there in zip(words, theirs, strict=False)
    ]
    return f'<div>{escape(path)}: {" ".join(parts)}</div>'
