"""Check that the fields of --filter, --sort, --column and --by are in some record.

A name that no record has is most probably mistyped: without this check, the answer would
be a column without values, or that no record meets the condition.
"""

from __future__ import annotations

import ast

from ...messages import safe
from ...results.comparisons import Comparisons
from ...results.filter import condition
from ...results.flat_schema import converted, is_flat_schema
from ...results.mentions import Mention, mentions
from ...spelling import any_of, near
from ..words import UsageError
from .record_view import RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Container, Iterator
    from typing import Any

    Names = tuple[str | int, ...]
    Record = dict[str, Any]

# Columns of rows and of groups, which --sort takes.
COLUMNS = frozenset(
    [
        *('number', 'start', 'name', 'host', 'n', 'median', 'min', 'max', 'outcome'),
        *('file', 'record_id', 'is_lower_bound'),
    ]
)
OF_GROUPS = frozenset(['p95', 'stdev', 'total', 'records', 'failed', 'command', 'tool'])

# Fields without which all is well: none of them in any record is an answer.
OF_FAILURES = frozenset(
    [
        *('exception', 'recovered', 'exit_signal', 'exit_status', 'exit_path'),
        *('call.capture_errors', 'call.timed_out', 'call.timed_out_iterations'),
        *('call.open_timings', 'call.clock_step', 'call.returncode', 'mb.masked'),
        *('host.unavailable', 'mb.unavailable', 'python.unavailable'),
        'conda.unavailable',
    ]
)
EXAMINED = 200  # records whose fields are collected, to find near ones
MOST_NAMES = 5000
LEVELS = 5
NEAR = 3  # suggestions at most


class Filter:
    """The condition of --filter; columns are fields of a record that has no such field.

    Args:
        text: the expression.

    Raises:
        ValueError: the text is not a condition.
    """

    def __init__(self, text: str) -> None:
        self.condition = condition(text, _HostAsText().visit)

    def __call__(self, record: Record) -> bool:
        """Return True if a record meets the condition."""
        return self.condition(_WithColumns(record))


class _HostAsText(ast.NodeTransformer):
    """Read `host == "node07"` as `host.hostname == "node07"`: `host` is an object."""

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        """Replace the sides of a comparison, but not what something may be in."""
        of_objects = (ast.In, ast.NotIn, ast.Is, ast.IsNot)
        if not any(isinstance(op, of_objects) for op in node.ops[1:]):
            node.left = self._side(node.left)
        if not any(isinstance(op, of_objects) for op in node.ops):
            node.comparators = list(map(self._side, node.comparators))
        return node

    @staticmethod
    def _side(node: ast.expr) -> ast.expr:
        is_host = isinstance(node, ast.Name) and node.id == 'host'
        return ast.Attribute(node, 'hostname', ast.Load()) if is_host else node


class _WithColumns:
    """A record as a condition sees it."""

    __slots__ = ('record',)

    def __init__(self, record: Record) -> None:
        self.record = record

    def get(self, name: str) -> Any:
        if name in self.record or name not in VALUES:
            return self.record.get(name)
        return VALUES[name](RecordView(self.record))

    def __getitem__(self, name: str) -> Any:
        return self.record[name]


# The columns that a condition knows; times are in seconds.
VALUES: dict[str, Callable[[RecordView], Any]] = {
    'name': lambda view: view.call.get('name'),
    'start': lambda view: view.call.get('start_time'),
    'n': lambda view: view.stats.count,
    'median': lambda view: view.seconds(view.stats.median),
    'min': lambda view: view.seconds(view.stats.least),
    'max': lambda view: view.seconds(view.stats.most),
    'outcome': lambda view: view.outcome[0],
    'record_id': lambda view: view.record_id,
}


class AskedFields:
    """The fields that options name, and whether a record has them.

    Attributes:
        missing: the fields that no record has had so far.
        comparisons: those of --filter with numbers and texts; None without a condition.
        has_looked: whether there was a record.

    Args:
        asked: the options of `show` or `tail`.
    """

    def __init__(self, asked: argparse.Namespace) -> None:
        self.missing = {mention.names: mention for mention in _mentions(asked)}
        tree = None if asked.filter is None else asked.filter.condition.tree
        self.comparisons = None if tree is None else Comparisons(tree)
        self.seen: dict[str, None] = {}
        self.examined = 0
        self.has_looked = False

    @property
    def is_looking(self) -> bool:
        """Something is left to look for; once all was found, nothing costs anything."""
        return bool(self.missing or (self.comparisons and self.comparisons.doubtful))

    def look_at(self, record: Record) -> None:
        """Note which fields a record has, and of which kind their values are."""
        self.has_looked = True
        if self.comparisons and self.comparisons.doubtful:
            self.comparisons.look_at(_WithColumns(record))
        for names in [names for names in self.missing if has(record, names)]:
            del self.missing[names]
        if self.missing and self.examined < EXAMINED:
            self.examined += 1
            for name in names_in(record):
                if len(self.seen) < MOST_NAMES:
                    self.seen[name] = None

    def check(self) -> None:
        """Check, after at least one record, that none is missing.

        Raises:
            UsageError: no record has one of the fields.
        """
        problem = self.problem()
        if problem is not None:
            raise UsageError(problem)

    def problem(self, records: str = 'no record') -> str | None:
        """Return a sentence about the first missing field; None if none is missing.

        Args:
            records: beginning of the sentence.
        """
        for names, mention in self.missing.items():
            name = safe('.'.join(map(str, names)))
            return f'{records} has the field {name}{self._hint(name, mention.quoted)}'
        return None

    def mismatch(self) -> str | None:
        """Return why a comparison of --filter never holds, as far as records say."""
        found = None if self.comparisons is None else self.comparisons.problem()
        return None if found is None else safe(found)

    def _hint(self, name: str, quoted: str) -> str:
        if quoted:
            return f'; a text is in quotes: {quoted}'
        found = near_fields(name, self.seen)[:NEAR]
        return f': did you mean {any_of(list(map(safe, found)))}?' if found else ''


class WatchedFilter:
    """The condition of `tail --filter`, which says once that records lack its fields.

    Args:
        asked: the options of `tail`.
    """

    def __init__(self, asked: argparse.Namespace) -> None:
        self.condition = asked.filter
        self.fields = AskedFields(asked)
        self.has_met = False

    def __call__(self, record: Record) -> bool:
        """Return True if a record meets the condition, or if there is none."""
        if is_flat_schema(record):
            record = converted(record)
        if self.fields.is_looking:
            self.fields.look_at(record)
        meets = self.condition is None or self.condition(record)
        self.has_met = self.has_met or meets
        return meets

    def problem(self) -> str | None:
        """Return why no record so far meets it, the first time that there is a reason."""
        if not self.fields.has_looked:
            return None
        problem = self.fields.problem('no record so far') or self.mismatch()
        self.fields.missing.clear()
        if problem is not None:
            self.fields.comparisons = None
        return problem

    def mismatch(self) -> str | None:
        """Return why a comparison never holds, unless a record meets the condition."""
        return None if self.has_met else self.fields.mismatch()

    def check(self) -> None:
        """Check at the end of all records that one has each field.

        Raises:
            UsageError: no record has one of the fields.
        """
        if self.fields.has_looked:
            self.fields.check()


def has(record: Record, names: Names) -> bool:
    """Return whether a record has a field; items of lists are not looked at.

    >>> has({'call': {'name': None}}, ('call', 'name')), has({'call': 1}, ('call', 'name'))
    (True, False)
    """
    value: Any = record
    for name in names:
        if isinstance(name, int):
            break
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def names_in(record: Record, before: str = '', levels: int = LEVELS) -> Iterator[str]:
    """Yield the dotted names of the fields of a record, outer ones first."""
    for name, value in record.items():
        yield before + name
        if isinstance(value, dict) and levels:
            yield from names_in(value, f'{before}{name}.', levels - 1)


def near_fields(name: str, seen: dict[str, None]) -> list[str]:
    """Return the fields that a name may mean, the nearest first.

    >>> near_fields('call.nayme', {'call.name': None}), near_fields('os', {'host.os': None})
    (['call.name'], ['host.os'])
    """
    last = {field: field.rpartition('.')[2] for field in (*seen, *sorted(COLUMNS))}
    last.pop(name, None)
    same = [field for field, word in last.items() if word == name]
    also = [field for field, word in last.items() if near(name, [word])]
    return list(dict.fromkeys([*near(name, last), *same, *also]))


def _mentions(asked: argparse.Namespace) -> Iterator[Mention]:
    """Yield the fields that options name, but those that a record may well lack."""
    if asked.filter is not None:
        found = mentions(asked.filter.condition.tree)
        yield from (each for each in found if not _may_lack(each.names, VALUES))
    by = getattr(asked, 'by', None) or ()
    known = COLUMNS | OF_GROUPS if by else COLUMNS
    sort = filter(None, [getattr(asked, 'sort', None)])
    for field in (*getattr(asked, 'column', ()), *sort, *by):
        names = tuple(field.removeprefix('.').split('.'))
        if not _may_lack(names, () if field.startswith('.') else known):
            yield Mention(names)


def _may_lack(names: Names, columns: Container[str]) -> bool:
    """Return True for a column, and for what records have only of a failure."""
    dotted = [str(name) for name in names]
    outer = ('.'.join(dotted[: end + 1]) for end in range(len(dotted)))
    return '.'.join(dotted) in columns or not OF_FAILURES.isdisjoint(outer)
