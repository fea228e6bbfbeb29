"""Find the values of a record that must be masked, without recursion."""

from __future__ import annotations

from .._core import MASK
from ..command_words import masked_words
from ..credentials import masked
from .json_text import SCALARS, as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Path = tuple[Any, ...]  # keys and indices, from the outermost
    Names = tuple[str, ...]  # the same path, as shown to the user

DEEPEST = 100  # levels that are searched; deeper containers are masked as a whole
SECRETS = frozenset({('SLURM_JWT',), ('slurm_jwt',), ('slurm', 'jwt')})  # ends of paths
LAST_NAMES = frozenset(path[-1] for path in SECRETS)
CHOSEN = frozenset(
    [
        *(('call', 'args'), ('call', 'kwargs'), ('call', 'return_value')),
        *(('call', 'name'), ('call', 'module'), ('call', 'qualname'), ('env',)),
        *(('call', 'timings'), ('call', 'open_timings'), ('call', 'timings_summary')),
        ('call', 'histogram'),
    ]
)
# Kinds of fields: any other; those that the author chose to record, which only patterns
# mask; and `mb`, to which patterns do not apply.
ANY, ASKED, BUILT_IN = range(3)


class Edits:
    """Replacements for the secrets of one value.

    Attributes:
        values: replacements of values, by path.
        keys: replacements of keys, by path.
        names: dotted paths of all of these, for `mb.masked`.
    """

    def __init__(self) -> None:
        self.values: dict[Path, str] = {}
        self.keys: dict[Path, str] = {}
        self.names: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self.names)

    def applied(self, value: Any) -> Any:
        """Return the value with these replacements; changed containers are copied."""
        if () in self.values:
            return self.values[()]
        copies = {(): _copy(value)}
        for path, mask in self.values.items():
            _container(copies, path)[path[-1]] = mask
        for path in sorted(
            self.keys, key=len, reverse=True
        ):  # their paths are the old ones
            _rename(_container(copies, path), path[-1], self.keys[path])
        return copies[()]


def _copy(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else dict(value)


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple)) or (
        type(value) not in SCALARS and as_dict(value) is not None
    )


def _container(copies: dict[Path, Any], path: Path) -> Any:
    """Return the copy of the container that a path ends in."""
    for length in range(1, len(path)):
        place = path[:length]
        if place not in copies:
            outer = copies[place[:-1]]
            copies[place] = outer[place[-1]] = _copy(outer[place[-1]])
    return copies[path[:-1]]


def _rename(fields: dict[Any, Any], old: Any, new: str) -> None:
    """Rename a key without moving it; append a number if the new name exists."""
    name, number = new, 2
    while name in fields:
        name, number = f'{new} ({number})', number + 1
    items = [(name if key == old else key, value) for key, value in fields.items()]
    fields.clear()
    fields.update(items)


def edits(value: Any, asked_for: Callable[[Names], bool] | None) -> Edits:
    """Return the replacements for the secrets of a value.

    Args:
        value: a JSON value, or a record before it is encoded.
        asked_for: function that returns True if a pattern of the user matches a field;
            None without patterns.
    """
    walk = _Walk(asked_for)
    if isinstance(value, str):
        walk.look_at_text((), (), value)
    elif _is_container(value):
        walk.open = [((), (), value, ANY, frozenset())]
    while walk.open:
        walk.go_on(*walk.open.pop())
    return walk.found


class _Walk:
    """One walk through a value; `open` lists the containers still to be searched."""

    def __init__(self, asked_for: Callable[[Names], bool] | None) -> None:
        self.asked_for = asked_for
        self.found = Edits()
        self.open: list[tuple[Path, Names, Any, int, frozenset[int]]] = []

    def go_on(
        self, path: Path, names: Names, value: Any, sort: int, around: frozenset[int]
    ) -> None:
        """Search the items of a container."""
        if id(value) in around:
            return  # it contains itself
        around |= {id(value)}
        words: dict[int, str] = {}
        pairs: Iterable[tuple[Any, Any]]
        fields = as_dict(value)
        if fields is not None:
            pairs = fields.items()
        else:
            pairs = enumerate(value)
            if sort != ASKED and any([isinstance(item, str) for item in value]):  # noqa: C419
                words = dict(masked_words(value))
        for key, item in pairs:
            if not self._may_be_skipped(key, item):
                place = (*path, key)
                named = (*names, self._name(place, names, sort))
                if key in words and not self._is_asked_for(named, sort):
                    self._note(place, named, words[key])
                else:
                    self._look_at(place, named, item, sort, around)

    def look_at_text(self, path: Path, names: Names, text: str) -> None:
        """Search a text that is not a word of a command."""
        found = masked(text)
        if found != text:
            self._note(path, names, found)

    def _may_be_skipped(self, key: Any, item: Any) -> bool:
        """Return True for a number, bool or None whose key is harmless."""
        if item is None:
            return True
        if self.asked_for is not None or isinstance(item, str) or _is_container(item):
            return False
        is_text = isinstance(key, str)
        return not (is_text and ('@' in key or '=' in key or key in LAST_NAMES))

    def _name(self, place: Path, names: Names, sort: int) -> str:
        """Return a key as shown to the user; a URL as key may contain a secret, too."""
        key = place[-1]
        if not isinstance(key, str):
            return str(key)
        found = key if sort == ASKED else masked(key)
        if found != key:
            self.found.keys[place] = found
            self.found.names.add('.'.join((*names, found)))
        return found

    def _look_at(
        self, path: Path, names: Names, item: Any, sort: int, around: frozenset[int]
    ) -> None:
        if names == ('mb',):
            sort = BUILT_IN
        elif sort == ANY and names in CHOSEN:
            sort = ASKED
        is_container = _is_container(item)
        too_deep = is_container and len(names) > DEEPEST
        if sort == ASKED and self.asked_for is None:
            return
        if isinstance(item, str) and item == MASK:
            if sort == ANY:
                self.found.names.add('.'.join(names))
        elif too_deep or _is_secret(names, sort) or self._is_asked_for(names, sort):
            self._note(path, names, MASK)
        elif is_container:
            self.open.append((path, names, item, sort, around))
        elif isinstance(item, str) and sort != ASKED:
            self.look_at_text(path, names, item)

    def _is_asked_for(self, names: Names, sort: int) -> bool:
        return sort != BUILT_IN and self.asked_for is not None and self.asked_for(names)

    def _note(self, path: Path, names: Names, mask: str) -> None:
        self.found.values[path] = mask
        self.found.names.add('.'.join(names))


def _is_secret(names: Names, sort: int) -> bool:
    return sort == ANY and (names[-1:] in SECRETS or names[-2:] in SECRETS)
