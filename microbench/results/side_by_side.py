"""Find the places where two records differ, in one walk through both.

The result is that of comparing the leaves (leaves.py) of both by path. But a path is only
made where the records differ: records may have millions of values.
"""

from __future__ import annotations

from .leaves import is_array, leaves_below, numbers_in
from .noise import ALL, MEASURED_PLACES, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .noise import Places

MISSING: Any = type('Missing', (), {'__repr__': lambda _: 'MISSING'})()
BOXES = (dict, list)


class SideBySide:
    """The places where two records differ.

    Args:
        left: values of the first record by dotted path, in which lists are whole.
        right: those of the second record.
        everything: list measurements and ids as well.

    Attributes:
        found: path, left and right value of each place; MISSING where a side has no value.
        measured: number of other places, of measurements and ids.

    >>> one, two = ({'call.args': [1, {'x': x}], 'mb.run_id': x} for x in 'ab')
    >>> both = SideBySide(one, two)
    >>> both.found, both.measured
    ([('call.args.1.x', 'a', 'b')], 1)
    """

    def __init__(
        self, left: dict[str, Any], right: dict[str, Any], everything: bool = False
    ) -> None:
        self.found: list[tuple[str, Any, Any]] = []
        self.measured = 0
        self._measurements: Places = None if everything else MEASURED_PLACES
        self._alone: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self._waiting: list[tuple[str, Any, Any, Places]] = []
        self._walk_names('', left, right, self._measurements)
        while self._waiting:
            self._walk_boxes(*self._waiting.pop())
        self._compare_alone()

    # --- pairs -------------------------------------------------------------------------

    def _walk_names(
        self, above: str, left: dict[str, Any], right: dict[str, Any], places: Places
    ) -> None:
        """Compare two objects; `above` is their path and a dot."""
        both = 0
        for name, value in left.items():
            other = right.get(name, MISSING)
            if other is MISSING:
                self._keep_alone(f'{above}{name}', value, 0)
                continue
            both += 1
            if value.__class__ in BOXES or other.__class__ in BOXES:
                inside = within(places, name)
                self._waiting.append((f'{above}{name}', value, other, inside))
            elif value != other or (value.__class__ is bool) is not (
                other.__class__ is bool
            ):
                self._report(above, name, value, other, places)
        if both < len(right):
            for name in right.keys() - left.keys():
                self._keep_alone(f'{above}{name}', right[name], 1)

    def _walk_boxes(self, path: str, left: Any, right: Any, places: Places) -> None:
        """Compare values of which one is an object or a list."""
        if is_array(left, path) or is_array(right, path):
            if not same(left, right):
                self._report('', path, left, right, self._measurements)
        elif left and right and left.__class__ is right.__class__:
            if left.__class__ is list:
                self._walk_items(path, left, right, places)
            else:
                self._walk_names(f'{path}.', left, right, places)
        elif left != right or left.__class__ is not right.__class__:
            self._keep_alone(path, left, 0)
            self._keep_alone(path, right, 1)

    def _walk_items(
        self, path: str, left: list[Any], right: list[Any], places: Places
    ) -> None:
        above, inside = f'{path}.', within(places, '0')
        for number, (value, other) in enumerate(zip(left, right, strict=False)):
            if value.__class__ is dict and other.__class__ is dict and value and other:
                self._walk_names(f'{above}{number}.', value, other, inside)
            elif value.__class__ in BOXES or other.__class__ in BOXES:
                self._waiting.append((f'{above}{number}', value, other, inside))
            elif value != other or (value.__class__ is bool) is not (
                other.__class__ is bool
            ):
                self._report(above, str(number), value, other, places)
        for side, items, known in ((0, left, len(right)), (1, right, len(left))):
            for number in range(known, len(items)):
                self._keep_alone(f'{above}{number}', items[number], side)

    def _report(self, above: str, name: str, left: Any, right: Any, places: Places) -> None:
        if left.__class__ is list or left != left or right != right:
            left, right = _with_null(left), _with_null(right)
            if same(left, right):
                return
        if places is not None and (
            places is ALL or places.get(name) is ALL or within(places, name) is ALL
        ):
            self.measured += 1
        else:
            self.found.append((f'{above}{name}', left, right))

    # --- what only one side has --------------------------------------------------------

    def _keep_alone(self, path: str, value: Any, side: int) -> None:
        """Keep the leaves of a value whose path the other side lacks, or has otherwise.

        They may have a counterpart: a list in the place of an object with numbers as names.
        """
        kept = self._alone[side]
        if value.__class__ in BOXES and value:
            kept.update(leaves_below(path, value))
        else:
            kept[path] = value

    def _compare_alone(self) -> None:
        left, right = self._alone
        for path in {**left, **right}:
            value, other = left.get(path, MISSING), right.get(path, MISSING)
            if not same(value, other):
                self._report('', path, value, other, self._measurements)


def _with_null(value: Any) -> Any:
    """Return a value with null for NaN, which only the module json reads."""
    if value.__class__ is list:
        return list(map(_with_null, value))
    return None if value != value else value


def same(left: Any, right: Any) -> bool:
    """Return True if two JSON values are equal: 1 and 1.0 are, 1 and true are not.

    >>> same(1, 1.0), same(1, True), same([1, [0]], [1, [False]])
    (True, False, False)
    """
    if left != right:
        return False
    if isinstance(left, list):
        return _booleans(left) == _booleans(right)
    return isinstance(left, bool) == isinstance(right, bool)


def _booleans(array: list[Any]) -> list[int]:
    return [place for place, v in enumerate(numbers_in(array) or ()) if isinstance(v, bool)]
