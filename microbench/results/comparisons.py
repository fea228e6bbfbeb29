"""Find comparisons of a condition that never hold: a text with a number; see `filter`."""

from __future__ import annotations

import ast

from .filter import is_time, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NUMBER, TEXT, LIST, OBJECT = 'number', 'text', 'list', 'object'
KINDS = {bool: NUMBER, int: NUMBER, float: NUMBER, str: TEXT, list: LIST, dict: OBJECT}
MOST_NAMES = 3  # of the fields of an object, as suggestions
BETWEEN_EQUALS = (ast.Eq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Comparison:
    """A comparison of something in a record with a number or a text.

    Attributes:
        name: what is compared, as the condition has it.
        given: the number or the text.
        value: a value of another kind that a record has; None if there was none so far.

    Args:
        node: what is compared.
        given: the number or the text.
    """

    def __init__(self, node: ast.expr, given: float | str) -> None:
        self.name = ast.unparse(node)
        self.given = given
        self.value: Any = None
        self._read = reader(node)

    def can_hold(self, record: Any) -> bool:
        """Return True if a record has a value of the same kind; note another one."""
        value = self._read(record)
        if KINDS.get(type(value)) == KINDS[type(self.given)]:
            return True
        if self.value is None:
            self.value = value
        return False

    def problem(self) -> str:
        """Return a sentence that says why it never holds, and what to type."""
        kind = KINDS.get(type(self.value), type(self.value).__name__)
        a = 'an' if kind[0] in 'aeiou' else 'a'
        hint = self._hint(kind)
        return f'{self.name} is {a} {kind}{hint and ": "}{hint}'

    def _hint(self, kind: str) -> str:
        given = ast.unparse(ast.Constant(self.given)).replace("'", '"')
        if kind == LIST:
            within = f'{given} in {self.name}'
            number = f'compare max({self.name}), or {self.name}[0]'
            return number if isinstance(self.given, (int, float)) else f'try {within}'
        if kind == OBJECT:
            names = [f'{self.name}.{name}' for name in self.value if name.isidentifier()]
            return f'compare {", ".join(names[:MOST_NAMES])}' if names else ''
        if is_time(self.value):
            return f'compare it with a time, such as "{self.value[:10]}"'
        if kind == TEXT:
            return f'compare it with "{given}"'
        return f'compare it with {self.given}' if _is_number(str(self.given)) else ''


class Comparisons:
    """The comparisons of a condition with numbers and texts.

    Attributes:
        doubtful: those for which no record so far had a value of the same kind.
    """

    def __init__(self, tree: ast.expr) -> None:
        self.doubtful = [
            Comparison(*pair)
            for node in ast.walk(tree)
            if isinstance(node, ast.Compare)
            for pair in _pairs(node)
        ]

    def look_at(self, record: Any) -> None:
        """Note which comparisons can hold, from a record as the condition sees it."""
        self.doubtful = [each for each in self.doubtful if not each.can_hold(record)]

    def problem(self) -> str | None:
        """Return a sentence about the first one that never holds; None without one.

        >>> from .filter import condition
        >>> found = Comparisons(condition('n > "3" or call.durations < 1').tree)
        >>> found.look_at({'n': 5, 'call': {'durations': [0.5]}})
        >>> found.problem()
        'n is a number: compare it with 3'
        """
        found = [each.problem() for each in self.doubtful if each.value is not None]
        return found[0] if found else None


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, float | str]]:
    """Yield what is compared with a number or a text, and that."""
    sides = [node.left, *node.comparators]
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        if isinstance(op, BETWEEN_EQUALS):
            for one, other in ((left, right), (right, left)):
                given = _given(other)
                if given is not None and _given(one) is None:
                    yield one, given


def _given(node: ast.expr) -> float | str | None:
    """Return the number or the text that a node stands for; None for something else."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, (int, float, str)) else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
