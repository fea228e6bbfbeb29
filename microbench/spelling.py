"""Find the names that a mistyped one may mean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SHORT = 4  # letters up to which one edit is another word


def near(word: str, names: Iterable[str]) -> list[str]:
    """Return the names one or two edits from a word, the nearest first.

    An edit adds, drops or replaces a letter, or swaps two neighbours. Case is ignored.

    >>> near('shwo', ['show', 'diff', 'tail']), near('iteration', ['iterations', 'every'])
    (['show'], ['iterations'])
    """
    found = []
    for name in names:
        most = 1 if min(len(word), len(name)) <= SHORT else 2
        if _may_be_near(word, name):
            edits = distance(word.lower(), name.lower())
            if edits <= most:
                found.append((edits, name))
    found.sort(key=lambda pair: pair[0])
    return [name for _, name in found]


def _may_be_near(word: str, name: str) -> bool:
    """Return False if lengths and letters alone tell the two apart, which is quick."""
    if abs(len(word) - len(name)) > 2:
        return False
    return len({*word.lower()} ^ {*name.lower()}) <= 4


def distance(one: str, other: str) -> int:
    """Return how many edits turn a text into another one.

    >>> distance('shwo', 'show'), distance('iteration', 'iterations'), distance('', 'ab')
    (1, 1, 2)
    """
    last: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        last, before, row = row, last, [i + 1]
        for j, goal in enumerate(other):
            edits = [last[j + 1] + 1, row[j] + 1, last[j] + (letter != goal)]
            if i and j and letter == other[j - 1] and goal == one[i - 1]:
                edits.append(before[j - 1] + 1)
            row.append(min(edits))
    return row[-1]


def any_of(names: Iterable[str]) -> str:
    """Return names as text: `a`, `a or b`, `a, b or c`."""
    *first, last = names
    return f'{", ".join(first)} or {last}' if first else last
