"""Which tables and columns a query needs, as DuckDB has parsed it.

DuckDB gives the tree of a query as JSON, and takes it back. In between, dotted names get
their quotes: `host.hostname` may be written without them.
"""

from __future__ import annotations

import json
from itertools import chain

from ..results.tidy import OF_SHAPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Node = dict[str, Any]

PIVOTS = ('PIVOT', 'PIVOT_WIDER', 'UNPIVOT', 'PIVOT_LONGER')  # have no tree
ONE_QUERY = 'one query is needed, which begins with SELECT, FROM or WITH'


class QuerySyntaxError(ValueError):
    """A query that cannot be parsed; `word` is where."""

    def __init__(self, message: str, word: str) -> None:
        super().__init__(message)
        self.word = word


class Statement:
    """A query.

    Args:
        connection: of DuckDB.
        sql: the text of the query.

    Attributes:
        shapes: the tables that it names, in the order of OF_SHAPE.
        wanted: names that may be columns, in small letters; None for all columns.
        named: names that may be columns, in small letters, also beside all others.
        dotted: names of several parts.
        has_tree: False for a query of which DuckDB gives no tree.

    Raises:
        QuerySyntaxError: it cannot be parsed.
        ValueError: it is more than one query, or none.
    """

    def __init__(self, connection: Any, sql: str) -> None:
        self._connection = connection
        self._sql = sql
        self._tree = _tree(connection, sql)
        self.has_tree = self._tree is not None
        nodes = list(_nodes(self._tree))
        texts = {text.lower() for node in nodes for text in _texts(node)}
        names = texts if self._tree is not None else sql.lower()
        self.shapes = [shape for shape in OF_SHAPE if shape in names]
        columns = (
            node['column_names'] for node in nodes if node.get('class') == 'COLUMN_REF'
        )
        self.dotted = ['.'.join(parts) for parts in columns if len(parts) > 1]
        needs_all = self._tree is None or any(map(_needs_all, _of_columns(nodes)))
        self.wanted = None if needs_all else texts
        self.named = texts

    def with_names(self, columns: Mapping[str, str]) -> str:
        """Return the SQL, in which each column has the name by which DuckDB knows it.

        Args:
            columns: the name in DuckDB of each column of the tables.
        """
        if self._tree is None:
            return self._sql
        for node in list(_nodes(self._tree)):
            if node.get('class') == 'COLUMN_REF':
                _rename(node, columns)
            for item in node.get('select_list') or ():
                if isinstance(item, dict) and item.get('renamed'):
                    item['alias'] = item['alias'] or item['renamed']
        text = 'SELECT json_deserialize_sql(?::JSON)'
        found = self._connection.execute(text, [json.dumps(self._tree)]).fetchone()
        return str(found[0])


def _tree(connection: Any, sql: str) -> Node | None:
    """Return the parsed query; None if it is one that DuckDB gives no tree of."""
    text = 'SELECT json_serialize_sql(?::VARCHAR)'
    found: Node = json.loads(connection.execute(text, [sql]).fetchone()[0])
    if not found['error']:
        if len(found['statements']) != 1:
            raise ValueError(ONE_QUERY)
        return found
    if found['error_type'] == 'parser':
        raise QuerySyntaxError(found['error_message'], _word_at(sql, found.get('position')))
    if _is_pivot(connection, sql):
        return None
    raise ValueError(ONE_QUERY)


def _is_pivot(connection: Any, sql: str) -> bool:
    """Return True for one statement that turns a table, with no other behind it."""
    if sql.split(None, 1)[0].upper() not in PIVOTS:
        return False
    # DuckDB 1.4 puts the types that a pivot needs in front, as statements without text.
    found = connection.extract_statements(sql)
    return sum(bool(item.query) or 'CREATE' not in str(item.type) for item in found) == 1


def _word_at(sql: str, position: Any) -> str:
    """Return the word at a position, which is one in UTF-8."""
    rest = sql.encode()[int(position or 0) :].decode(errors='replace').split()
    return rest[0] if rest else ''


def _nodes(tree: Any) -> Iterator[Node]:
    """Yield all objects of the tree."""
    waiting = [tree]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found


def _texts(node: Node) -> Iterator[str]:
    """Yield what may be the name of a table or column."""
    for value in node.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list) and value and all(type(v) is str for v in value):
            yield from value
            yield from ('.'.join(value[start:]) for start in range(len(value)))


def _of_columns(nodes: list[Node]) -> Iterator[Node]:
    """Yield the nodes without the star of ORDER BY ALL, which means what is selected."""
    orders = (node['orders'] for node in nodes if isinstance(node.get('orders'), list))
    in_order = {id(order.get('expression')) for order in chain(*orders)}
    return (node for node in nodes if id(node) not in in_order)


def _needs_all(node: Node) -> bool:
    is_count = node.get('function_name') == 'count_star'
    is_star = node.get('class') == 'STAR' and not is_count
    return is_star or node.get('ref_type') == 'NATURAL' or node.get('type') == 'SHOW_REF'


def _rename(node: Node, columns: Mapping[str, str]) -> None:
    """Join the parts of a dotted name, and take the name that the column has in DuckDB."""
    names = node['column_names']
    for start in range(len(names)):  # the first may be a table
        joined = '.'.join(names[start:])
        known = columns.get(joined)
        if known is None and start < len(names) - 1:
            known = next(
                (v for n, v in columns.items() if n.lower() == joined.lower()), None
            )
        if known is not None:
            if known != names[-1]:
                node['renamed'] = joined
            node['column_names'] = [*names[:start], known]
            return
