"""Find the fields that a condition asks for; see `filter`."""

from __future__ import annotations

import ast

from .filter import CONSTANTS, RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Names = tuple[str | int, ...]  # those that lead to a field; numbers are of list items


class Mention:
    """A field that a condition asks for.

    Attributes:
        names: names that lead to it.
        quoted: the comparison that it stands in, with its name as a text; empty if a
            text is unlikely there.
    """

    def __init__(self, names: Names, quoted: str = '') -> None:
        self.names = names
        self.quoted = quoted


def mentions(tree: ast.expr) -> Iterator[Mention]:
    """Yield the fields of a condition, except those it may find missing.

    `not x` and `x is None` ask whether there is a field.

    >>> from .filter import condition
    >>> found = mentions(condition('not a and call.name == fit and max(b.c[0]) > 1').tree)
    >>> [(mention.names, mention.quoted) for mention in found]
    [(('call', 'name'), ''), (('fit',), 'call.name == "fit"'), (('b', 'c', 0), '')]
    """
    names = _names(tree)
    if names is not None:
        if names:
            yield Mention(names)
    elif isinstance(tree, ast.Compare):
        yield from _in_comparison(tree)
    elif not (isinstance(tree, ast.UnaryOp) and _names(tree.operand) is not None):
        parts = tree.args if isinstance(tree, ast.Call) else ast.iter_child_nodes(tree)
        for part in parts:
            if isinstance(part, ast.expr):
                yield from mentions(part)


def _names(node: ast.AST) -> Names | None:
    """Return the names that lead to a field; None if the node is no field."""
    if isinstance(node, ast.Name):
        if node.id in CONSTANTS:
            return None
        return () if node.id == RECORD else (node.id,)
    if isinstance(node, ast.Attribute):
        outer, last = _names(node.value), node.attr
    elif isinstance(node, ast.Subscript):
        outer, last = _names(node.value), ast.literal_eval(node.slice)
    else:
        return None
    return None if outer is None else (*outer, last)


def _in_comparison(node: ast.Compare) -> Iterator[Mention]:
    sides = [node.left, *node.comparators]
    if any(_is_none(side) for side in sides):
        return
    for place, side in enumerate(sides):
        for mention in mentions(side):
            mention.quoted = _quoted(node, place)
            yield mention


def _is_none(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return CONSTANTS.get(node.id, 0) is None
    return isinstance(node, ast.Constant) and node.value is None


def _quoted(node: ast.Compare, place: int) -> str:
    """Return `name == "work"` for `name == work`, as text."""
    sides: list[Any] = [node.left, *node.comparators]
    others = sides[:place] + sides[place + 1 :]
    fits = all(isinstance(op, (ast.Eq, ast.NotEq, ast.In, ast.NotIn)) for op in node.ops)
    is_name = isinstance(sides[place], ast.Name)
    if not (fits and is_name and all(_names(other) is not None for other in others)):
        return ''
    sides[place] = ast.Constant(sides[place].id)
    text = ast.unparse(ast.Compare(sides[0], node.ops, sides[1:]))
    return text if '"' in text else text.replace("'", '"')
