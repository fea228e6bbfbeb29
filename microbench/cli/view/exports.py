"""Write tables in the forms of other programs: JSON, CSV and Markdown."""

from __future__ import annotations

from ...messages import safe
from ..values import WHOLE, as_json, cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from .headings import Column


def json_line(value: Any) -> str:
    """Return a value as strict JSON in ASCII, which is safe on every terminal."""
    from ...encoding import json_text  # start-up time

    return json_text.encode(value).decode('ascii')


def csv_lines(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    r"""Yield a line with the names of some objects, then one with the values of each.

    All of them have the same names. Lists and objects are JSON; None is empty.

    >>> list(csv_lines([{'name': 'a,b', 'n': 1}, {'name': None, 'n': [2, 3]}]))
    ['name,n', '"a,b",1', ',"[2, 3]"']
    """
    for number, one in enumerate(objects):
        if not number:
            yield _csv_line(one)
        yield _csv_line(one.values())


def _csv_line(values: Iterable[Any]) -> str:
    return ','.join(map(_csv_cell, values))


def _csv_cell(value: Any) -> str:
    if value is None:
        return ''
    text = safe(value) if isinstance(value, str) else as_json(value)
    if any(sign in text for sign in ',"'):
        quoted = text.replace('"', '""')
        return f'"{quoted}"'
    return text


def markdown_lines(found: Sequence[Column]) -> Iterator[str]:
    r"""Yield the lines of a table in Markdown."""
    yield _markdown_line(column.title for column in found)
    yield _markdown_line('--:' if column.is_right else '---' for column in found)
    for cells in zip(*(column.cells for column in found), strict=True):
        yield _markdown_line(cells)


def _markdown_line(cells: Iterable[str]) -> str:
    escaped = (
        cut(cell.strip(), WHOLE).replace('\\', '\\\\').replace('|', '\\|') for cell in cells
    )
    return f'| {" | ".join(escaped)} |'
