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

import re
import sys
from itertools import islice, starmap

from . import _core
from .encoding import json_text
from .encoding.json_encoder import decode
from .encoding.json_text import as_dict
from .results.changes import ADDED, REMOVED, Change, change_of, html_of
from .results.compared import Comparison
from .results.leaves import arrays_of, leaves
from .results.noise import Noise, is_measured
from .results.shapes import EMPTY, flattened
from .results.side_by_side import MISSING, SideBySide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Cell = tuple[str, dict[str, Any], dict[str, Any]]
    Pair = tuple[Cell, Cell]

__all__ = ['Change', 'Difference', 'diff', 'envdiff']

NUMBERS = re.compile(r'(?<![^.])[0-9]+(?![^.])')  # names of items in a path
LAST_SIGN = '\U0010ffff'
MOST_LINES = 1000  # of differences in text or HTML

# Objects whose keys are names of distributions.
DISTRIBUTIONS = ('python.installed_packages.', 'python.installed_package_paths.')

GRID = (
    'display: grid; grid-template-columns: 1fr 1fr; column-gap: 1em; '
    'font-family: monospace; white-space: pre-wrap; overflow-wrap: anywhere'
)


class Difference:
    """The difference of two records: a sequence of `Change`, sorted by path.

    It is false if the records do not differ. `str()` returns it as text, `html()` as two
    columns, and a notebook displays it. Text and HTML have its first 1000 items.

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
        self._compare(_as_dict(left), _as_dict(right), everything)

    @classmethod
    def of_json(
        cls, left: dict[str, Any], right: dict[str, Any], everything: bool = False
    ) -> Difference:
        """Return the difference of two records that are JSON values, as files have them.

        Args:
            left: first record.
            right: second record.
            everything: include differences in times, ids and samples.
        """
        difference = cls.__new__(cls)
        difference._compare(left, right, everything)
        return difference

    def _compare(
        self, left: dict[str, Any], right: dict[str, Any], everything: bool
    ) -> None:
        self.comparison = Comparison(nested(left), nested(right))
        self.times = self.comparison.changes
        self._sides = left, right
        self._everything = everything
        names = flattened(left)
        others = _named_alike(names, flattened(right))
        self._noise = None if everything else Noise(names, others)
        both = SideBySide(names, others, everything)
        wanted = [place for place in both.found if self._wants(*place)]
        self._places = sorted(wanted, key=lambda place: _in_order(place[0]))
        self.hidden = both.measured + len(both.found) - len(wanted)

    def _wants(self, path: str, left: Any, right: Any) -> bool:
        if self._noise is None or left is MISSING or right is MISSING:
            return True
        return not self._noise.is_of_a_run(path, left, right)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Change]:
        return starmap(change_of, self._places)

    def __getitem__(self, index: int) -> Change:
        return change_of(*self._places[index])

    def __str__(self) -> str:
        sentence = self.sentence
        lines = list(map(str, self._first()))
        if not lines:
            lines = ['nothing else differs' if sentence else 'nothing differs']
        return '\n'.join(filter(None, [sentence, *lines, self._more(), self.note]))

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

    def _first(self) -> Iterator[Change]:
        return islice(self, MOST_LINES)

    def _more(self) -> str:
        """Return a sentence with the number of differences beyond the first ones."""
        more = len(self) - MOST_LINES
        return f'and {more} other difference{"s" * (more > 1)}' if more > 0 else ''

    def html(self) -> str:
        """Return an HTML table of both records side by side, with differences in red.

        If the records have more than 1000 values, it has those that differ, and the first
        1000 of them.
        """
        from html import escape  # start-up time

        rows = self._only_differing() if self._is_large() else self._all_values()
        cells = [html_of(*cell) for row in rows for cell in row]
        texts = filter(None, [self.sentence, self._more(), self.note])
        below = ''.join(f'<p>{escape(text)}</p>' for text in texts)
        return f'<div style="{GRID}">{"".join(cells)}</div>{below}'

    def _is_large(self) -> bool:
        return any(_room_beside(side, MOST_LINES) < 0 for side in self._sides)

    def _only_differing(self) -> Iterator[Pair]:
        for change in self._first():
            left = {} if change.kind == ADDED else {change.path: change.left}
            right = {} if change.kind == REMOVED else {change.path: change.right}
            yield (change.path, left, right), (change.path, right, left)

    def _all_values(self) -> Iterator[Pair]:
        """Yield for each value, by path, the arguments of `html_of` for both sides."""
        arrays = {path for side in self._sides for path in arrays_of(side)}
        left, right = (leaves(side, arrays) for side in self._sides)
        right = _named_alike(left, right)
        differing = {place[0] for place in self._places}
        both = {
            path: (path in differing) for path in sorted({**left, **right}, key=_in_order)
        }
        for path, differs in both.items():
            if differs or self._everything or not self._is_noise(path, left, right):
                yield (
                    (path, left, right if differs else left),
                    (path, right, left if differs else right),
                )

    def _is_noise(self, path: str, left: dict[str, Any], right: dict[str, Any]) -> bool:
        is_in_both = path in left and path in right
        return is_measured(path) or (
            is_in_both and not self._wants(path, left[path], right[path])
        )

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
    if not names:
        return right
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
    text = json_text.encode(fields)
    plain = _core.Decoder().decode(text)  # None: only the module json reads it
    found: dict[str, Any] = plain[0] if plain else decode(text)
    return found


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


def _room_beside(value: Any, room: int) -> int:
    """Return for how many more values there is room; look no further than below 0."""
    waiting = [value]
    while waiting and room >= 0:
        value = waiting.pop()
        inner = value.values() if isinstance(value, dict) else value
        if isinstance(value, (dict, list)):
            room -= len(value)
            waiting += inner if room >= 0 else ()
    return room


def _in_order(path: str) -> str:
    """Return a sort key that orders the items of lists by number, after other names."""
    return NUMBERS.sub(_with_length, path).replace('.', '\0')


def _with_length(number: re.Match[str]) -> str:
    digits = number[0].lstrip('0')
    return f'{LAST_SIGN}{chr(len(digits))}{digits}'
