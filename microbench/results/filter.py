"""Compile conditions on records: `call.name == "fit" and exception`.

A condition is parsed with Python's parser, but only a few kinds of syntax are accepted:
dotted names of fields, numbers, texts, lists, comparisons, `and`, `or`, `not`, and four
functions. Each part becomes a closure that reads a record. Nothing is evaluated as Python,
so a condition from an untrusted source can do no harm.

A field that a record lacks is None. A comparison of values that have no order is false.
Times are compared as moments, if both have a time zone or neither has one.
"""

from __future__ import annotations

import ast
import operator
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Part = Callable[[dict[str, Any]], Any]

RECORD = '_'  # name of the whole record; no field begins with it
CONSTANTS = {'true': True, 'false': False, 'null': None}  # as JSON spells them
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    'len': len,
    'max': max,
    'min': min,
    'sum': sum,
}


class Condition:
    """A condition on records, to be called with one.

    Attributes:
        tree: the condition, as Python's parser reads it.
    """

    __slots__ = ('_meets', 'tree')

    def __init__(self, tree: ast.expr) -> None:
        self.tree = tree
        self._meets = _part(tree)

    def __call__(self, record: Any) -> bool:
        """Return True if a record, or what has its `get` and `[]`, meets the condition."""
        return bool(self._meets(record))


def condition(
    text: str, prepared: Callable[[ast.expr], ast.expr] | None = None
) -> Condition:
    """Return a function that returns True if a record meets the condition.

    >>> slow = condition('max(call.durations) > 1 and host.hostname in ["a", "b"]')
    >>> slow({'call': {'durations': [0.5, 2]}, 'host': {'hostname': 'a'}}), slow({})
    (True, False)

    Write names that are not identifiers as `python.packages["scikit-learn"]`, or at the top
    level as `_["my-field"]`. A number in brackets is the index of a list item; negative
    numbers count from the end.

    Args:
        text: the condition.
        prepared: function that may change the parsed condition.

    Raises:
        ValueError: the text is not a condition; the message says where and why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about escapes such as "\\d"
            tree = ast.parse(text.strip(), mode='eval')
        return Condition(tree.body if prepared is None else prepared(tree.body))
    except SyntaxError as error:
        hint = '; == compares' if '=' in text.replace('==', '') else ''
        raise ValueError(f'{text!r} is not a condition: {error.msg}{hint}') from None
    except _UnknownError as error:
        what = _text_of(error.node)
        raise ValueError(f'{text!r} is not a condition: {what} {error.why}') from None
    except (ValueError, RecursionError, MemoryError):  # a NUL; nested too deeply
        raise ValueError(f'{text[:60]!r} is not a condition: it cannot be read') from None


def reader(node: ast.expr) -> Part:
    """Return what reads the value of a part of a condition from a record."""
    return _part(node)


def _text_of(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return 'a deeply nested part'


class _UnknownError(Exception):
    """Python syntax that conditions do not accept."""

    def __init__(self, node: ast.AST, why: str = 'is not known here') -> None:
        self.node, self.why = node, why


def _part(node: ast.expr) -> Part:
    make = _PARTS.get(type(node))
    if isinstance(node, ast.BinOp):
        raise _UnknownError(node, 'is not known here; a text is in quotes')
    if make is None:
        raise _UnknownError(node)
    return make(node)


# --- values ------------------------------------------------------------------------------


def _constant(node: Any) -> Part:
    value = node.value
    if value is not None and not isinstance(value, (str, int, float)):
        raise _UnknownError(node)
    return lambda _record: value


def _list(node: Any) -> Part:
    parts = [_part(item) for item in node.elts]
    return lambda record: [part(record) for part in parts]


def _name(node: Any) -> Part:
    name = node.id
    if name in CONSTANTS:
        return lambda _record: CONSTANTS[name]
    if name == RECORD:
        return lambda record: record
    return lambda record: record.get(name)


def _attribute(node: Any) -> Part:
    return _item(_part(node.value), node.attr)


def _subscript(node: Any) -> Part:
    try:
        key = ast.literal_eval(node.slice)
    except (ValueError, TypeError):
        key = None
    if type(key) not in (str, int):
        raise _UnknownError(node.slice, 'is neither a name in quotes nor a number')
    return _item(_part(node.value), key)


def _item(container: Part, key: Any) -> Part:
    def item(record: dict[str, Any]) -> Any:
        value = container(record)
        if isinstance(value, (str, bytes)):
            return None
        try:
            return value[key]
        except (TypeError, LookupError):
            return None

    return item


def _call(node: Any) -> Part:
    name = getattr(node.func, 'id', None)
    if name not in FUNCTIONS or len(node.args) != 1 or node.keywords:
        known = ', '.join(FUNCTIONS)
        raise _UnknownError(
            node, f'is not known here; there are {known}, of one value each'
        )
    function, argument = FUNCTIONS[name], _part(node.args[0])

    def called(record: dict[str, Any]) -> Any:
        try:
            return function(argument(record))
        except (TypeError, ValueError):  # an empty list, or values without an order
            return None

    return called


# --- logic -------------------------------------------------------------------------------


def _unary(node: Any) -> Part:
    part = _part(node.operand)
    if isinstance(node.op, ast.Not):
        return lambda record: not part(record)
    if isinstance(node.op, ast.USub) and _is_number(node.operand):
        value = -node.operand.value
        return lambda _record: value
    raise _UnknownError(node)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _bool(node: Any) -> Part:
    parts = [_part(value) for value in node.values]
    combined = all if isinstance(node.op, ast.And) else any
    return lambda record: combined(part(record) for part in parts)


def _compare(node: Any) -> Part:
    values = [_part(value) for value in (node.left, *node.comparators)]
    tests = [_COMPARISONS[type(op)] for op in node.ops]

    def compared(record: dict[str, Any]) -> bool:
        found = [value(record) for value in values]
        triples = zip(tests, found, found[1:], strict=False)
        return all(_is_true(test, left, right) for test, left, right in triples)

    return compared


def _is_true(test: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    try:
        if is_time(left) and is_time(right):
            left, right = _comparable(left, right)
        return bool(test(left, right))
    except TypeError:
        return False


def is_time(value: Any) -> bool:
    """Return True if a value is the text of a time."""
    return isinstance(value, str) and value[10:11] == 'T'


def _comparable(left: str, right: str) -> tuple[Any, Any]:
    """Return two texts as moments if both are times, since a moment has many texts."""
    from .fields import moment  # start-up time

    moments = moment(left), moment(right)
    offsets = [found.utcoffset() is None for found in moments if found is not None]
    return moments if len(offsets) == 2 and len(set(offsets)) == 1 else (left, right)


def _in(left: Any, right: Any) -> bool:
    return left in right


def _not_in(left: Any, right: Any) -> bool:
    return not _is_true(_in, left, right)


_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _in,
    ast.NotIn: _not_in,
    ast.Is: operator.eq,  # `exception is None`: one value is as good as its equal
    ast.IsNot: operator.ne,
}

_PARTS: dict[type, Callable[[Any], Part]] = {
    ast.Constant: _constant,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
}
