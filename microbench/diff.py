"""Compare two records to find out why one was slower.

>>> from microbench.diff import diff
>>> slow = {'call': {'name': 'fit', 'durations': [9.0]}, 'host': {'hostname': 'node07'}}
>>> fast = {'host': {'hostname': 'node08'}, 'call': {'name': 'fit', 'durations': [2.0]}}
>>> print(diff(slow, fast))
The second is 4.5 times faster than the first.
~ host.hostname: "node07" -> "node08"
1 difference in times and ids is not shown
"""

from __future__ import annotations

import sys

from .encoding import json_text
from .encoding.json_encoder import decode
from .encoding.json_text import as_dict
from .messages import safe
from .results.compared import Comparison
from .results.leaves import arrays_of, leaves, numbers_in
from .results.noise import Noise
from .results.shapes import EMPTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

CHANGED, REMOVED, ADDED = 'changed', 'removed', 'added'
MARKS = {CHANGED: '~', REMOVED: '-', ADDED: '+'}

# Objects whose keys are names of distributions.
DISTRIBUTIONS = ('python.installed_packages.', 'python.installed_package_paths.')

GRID = (
    'display: grid; grid-template-columns: 1fr 1fr; column-gap: 1em; '
    'font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere'
)


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
        sides = filter(None, self.texts())
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
            count = sum(not _same(*pair) for pair in zip(*items, strict=False))
            right = f'{right}, {count} of them different' if count else right
        return left, right


class Difference:
    """The difference of two records: a sequence of `Change`, sorted by path.

    It is false if the records do not differ. `str()` returns it as text, `html()` as two
    columns, and a notebook displays it.

    Args:
        left: first record; `diff` describes the types.
        right: second record.
        everything: include differences in times, ids and samples.

    Attributes:
        hidden: number of differences in times, ids and samples that are left out.
        times: `TimeChange` objects: the median of the iterations, then the time of each
            phase in one iteration. They do not make the difference true.

    Raises:
        TypeError: one of the values cannot be a record.
        ValueError: a text is not a JSON object.
    """

    def __init__(self, left: Any, right: Any, everything: bool = False) -> None:
        sides = _as_dict(left), _as_dict(right)
        self.comparison = Comparison(*map(nested, sides))
        self.times = self.comparison.changes
        arrays = {path for side in sides for path in arrays_of(side)}
        self._left, theirs = (leaves(side, arrays) for side in sides)
        self._right = _named_alike(self._left, theirs)
        self._noise = None if everything else Noise(self._left, self._right)
        found = list(self._found())  # first: few of many values differ
        wanted = {change.path: change for change in found if self._wants(change.path)}
        self._changes = [wanted[path] for path in sorted(wanted, key=_in_order)]
        self.hidden = len(found) - len(wanted)

    def _wants(self, path: str) -> bool:
        return self._noise is None or not self._noise.covers(path)

    def _found(self) -> Iterator[Change]:
        left, right = self._left, self._right
        for path in {**left, **right}:
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
        lines = [str(change) for change in self._changes]
        if not lines:
            lines = ['nothing else differs' if self.sentence else 'nothing differs']
        return '\n'.join(filter(None, [self.sentence, *lines, self.note]))

    __repr__ = __str__

    @property
    def sentence(self) -> str:
        """Sentences about the times, and about runs that failed; empty without either."""
        return self.comparison.sentence('the first', 'the second')

    @property
    def note(self) -> str:
        """Sentence with the number of hidden differences; empty if there are none."""
        if not self.hidden:
            return ''
        several = 's' * (self.hidden > 1)
        verb = 'are' if several else 'is'
        return f'{self.hidden} difference{several} in times and ids {verb} not shown'

    def html(self) -> str:
        """Return an HTML table of both records side by side, with differences in red."""
        from html import escape  # start-up time

        differing = {change.path for change in self._changes}
        paths = sorted(filter(self._wants, {**self._left, **self._right}), key=_in_order)
        sides = (self._left, self._right), (self._right, self._left)
        cells = [
            _cell(path, leaves, others if path in differing else leaves)
            for path in paths
            for leaves, others in sides
        ]
        texts = filter(None, [self.sentence, self.note])
        below = ''.join(f'<p>{escape(text)}</p>' for text in texts)
        return f'<div style="{GRID}">{"".join(cells)}</div>{below}'

    def _repr_html_(self) -> str:
        return self.html()


def diff(a: Any, b: Any, *, everything: bool = False) -> Difference:
    """Return the difference of two records.

    Args:
        a: first record: a dict, a row of a pandas DataFrame, or a JSON text. A nested
            record can be compared with a flat one.
        b: second record.
        everything: include values that always differ: times, ids, samples.

    Returns:
        A sequence of `Change`, which is false if the records do not differ.

    Raises:
        TypeError: one of the values cannot be a record.
        ValueError: a text is not a JSON object.

    >>> print(diff({'host': {'hostname': 'a'}}, {'host': {'hostname': 'b'}}))
    ~ host.hostname: "a" -> "b"
    """
    return Difference(a, b, everything)


def envdiff(a: Any, b: Any, *, everything: bool = False) -> None:
    """Display the difference of two records in a notebook, in two columns.

    Args:
        a: first record: a dict, a row of a pandas DataFrame, or a JSON text.
        b: second record.
        everything: include values that always differ: times, ids, samples.

    Raises:
        ImportError: IPython is missing.
        TypeError: one of the values cannot be a record.
        ValueError: a text is not a JSON object.

    In a notebook:

        from microbench.diff import envdiff
        envdiff(*bench.get_results()[-2:])
    """
    from IPython.display import HTML, display

    kind: Any = HTML
    difference = diff(a, b, everything=everything)
    if isinstance(kind, type):  # a test may have replaced it by a function
        kind = type('Shown', (kind,), {'__repr__': lambda _: str(difference)})
    display(kind(difference.html()))  # type: ignore[no-untyped-call]


# --- records -----------------------------------------------------------------------------


def _named_alike(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Return the right values with the names of distributions spelled as on the left.

    One distribution may be spelled PyYAML or pyyaml; PEP 503 defines which names are equal.
    """
    from .distributions.metadata import normalized  # start-up time

    def by_name(side: dict[str, Any]) -> dict[str, str]:
        paths = (path for path in side if path.startswith(DISTRIBUTIONS))
        return {normalized(path.replace('\\', '')): path for path in paths}

    there = by_name(left)
    names = {path: there.get(key, path) for key, path in by_name(right).items()}
    return {names.get(path, path): value for path, value in right.items()}


def _as_dict(record: Any) -> dict[str, Any]:
    """Return a record as plain JSON values.

    Raises:
        TypeError, ValueError: the value is not a record.
    """
    pandas = sys.modules.get('pandas')
    if isinstance(record, (str, bytes, bytearray)):
        record = decode(bytes(record) if isinstance(record, bytearray) else record)
    elif pandas is not None and isinstance(record, pandas.Series):
        known = record.dropna()  # a table has NaN for missing values
        record = {name: {} if v == EMPTY else v for name, v in known.items()}
    fields = as_dict(record)
    if fields is None:
        kind = type(record).__name__
        raise TypeError(f'a record is a dict, a row or a JSON object, not {kind}')
    plain: dict[str, Any] = decode(json_text.encode(fields))
    return plain


def nested(record: dict[str, Any]) -> dict[str, Any]:
    """Return what is needed of a record for its times, also if its names are joined."""
    if isinstance(record.get('call'), dict):
        return record
    found: dict[str, Any] = {'resource_usage': record.get('resource_usage')}
    for name, value in record.items():
        above, dot, below = name.partition('.')
        if dot and above in ('mb', 'call', 'recovered'):
            found.setdefault(above, {})[below] = value
    return found


def _same(left: Any, right: Any) -> bool:
    """Return True if two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if left != right:
        return False
    if isinstance(left, list):
        return _booleans(left) == _booleans(right)
    return isinstance(left, bool) == isinstance(right, bool)


def _booleans(array: list[Any]) -> list[int]:
    return [place for place, v in enumerate(numbers_in(array) or ()) if isinstance(v, bool)]


def _in_order(path: str) -> list[tuple[int, str]]:
    """Return a sort key that orders the items of lists by number."""
    parts = path.split('.')
    return [(int(p), '') if p.isdecimal() and p.isascii() else (-1, p) for p in parts]


# --- text --------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """Return a value as JSON; for an array, the number of its items."""
    import json

    if not _has_items(value):
        return json.dumps(value, ensure_ascii=False)
    one, more = ('item', 'items') if isinstance(value, list) else ('entry', 'entries')
    return f'{len(value)} {one if len(value) == 1 else more}'


def _has_items(value: Any) -> bool:
    """Return True if a value is an array, or was compared with one: it has items."""
    return isinstance(value, (list, dict)) and bool(value)


def _cell(path: str, leaves: dict[str, Any], others: dict[str, Any]) -> str:
    """Return path and value as HTML, with the words that differ in red."""
    from html import escape

    if path not in leaves:
        return '<div></div>'
    words = _text(leaves[path]).split(' ')
    theirs = _text(others[path]).split(' ') if path in others else []
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
