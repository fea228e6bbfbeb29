"""What benches, results and records look like: a line of text, in a notebook a table."""

from __future__ import annotations

import io
import os
import time

from .outputs.file import FileOutput
from .results.endings import Endings
from .results.fields import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_BYTES = 1 << 23  # of a file that a notebook reads to display its bench
MOST_NAMES = 20  # rows of the table
MOST_CHARACTERS = 200  # of a cell


def line_of(bench: Any, config: Any) -> str:
    """Return the text that represents a bench: what differs from the defaults.

    Fields are named without their values, which may be confidential or long.
    """
    if not hasattr(config, 'delivery'):  # before the constructor has run
        return object.__repr__(bench)
    parts = []
    if not (len(config.delivery.sinks) == 1 and _is_memory(config.delivery.sinks[0])):
        parts.append(f'outputs={config.delivery.sinks!r}')
    defaults = {'iterations': 1, 'warmup': 0}
    parts += [
        f'{name}={getattr(bench, name)!r}'
        for name, default in defaults.items()
        if getattr(bench, name) != default
    ]
    parts += [f'{name}={value}' for name, value in config.measuring.items()]
    if config.counter is not time.perf_counter:
        parts.append(f'duration_counter={getattr(config.counter, "__name__", "...")}')
    if config.histogram:
        parts.append("durations='histogram'")
    if config.sampling:
        name, number = config.sampling
        parts.append(f'{name}={number}')
    parts += [f'{name}=...' for name in config.static]
    return f'{type(bench).__name__}({", ".join(parts)})'


def _is_memory(sink: Any) -> bool:
    return type(sink) is FileOutput and type(sink.outfile) is io.StringIO


# --- in a notebook ------------------------------------------------------------------------


def html_of(bench: Any, config: Any) -> str:
    """Return HTML with the line of a bench and the figures of its results, by name.

    A large file, and what is behind a network, is not read.
    """
    from html import escape

    head = f'<code>{escape(line_of(bench, config))}</code>'
    sinks = config.delivery.sinks if hasattr(config, 'delivery') else []
    if not sinks or not isinstance(sinks[0], FileOutput) or not _is_small(sinks[0]):
        return head
    try:
        records = sinks[0].get_results()
    except (OSError, NotImplementedError):
        return head
    return head + (table_of(records) if records else '<p>no records yet</p>')


def html_of_record(record: dict[str, Any]) -> str:
    """Return HTML with the figures of a record, and a table of its fields."""
    from html import escape

    ends = Endings(record)
    name, outcome = _name_of(record), ends.outcome or 'ok'
    rows = [_row('td', (str(path), _brief(v))) for path, v in _fields_of(record).items()]
    title = f'<p><b>{escape(name)}</b> {escape(outcome)}</p>'
    return f'{title}{table_of([record])}<table>{"".join(rows)}</table>'


def _fields_of(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields by dotted names, or by their own where a key is no text."""
    from .results.shapes import flattened  # start-up time

    try:
        return flattened(record)
    except TypeError:
        return record


def _brief(value: Any) -> str:
    """Return a value as JSON, cut to what a cell holds."""
    import json

    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= MOST_CHARACTERS else f'{text[:MOST_CHARACTERS]}…'


def _is_small(sink: FileOutput) -> bool:
    place = sink._place
    if place is None:
        return _is_memory(sink)
    try:
        return not place.holds_shards and os.stat(place.path()).st_size <= MOST_BYTES
    except OSError:
        return True  # a missing file has no records


def table_of(records: list[Any]) -> str:
    """Return an HTML table with the figures of records, a row for each name."""
    from .results.summary import figures  # start-up time

    by_name: dict[str, list[Any]] = {}
    for record in records:
        by_name.setdefault(_name_of(record), []).append(record)
    groups = list(by_name.items())[:MOST_NAMES]
    shown = [(name, figures(group) or {'n': '0'}) for name, group in groups]
    columns = dict.fromkeys(name for _, texts in shown for name in texts)
    lines = [_row('th', ('name', *columns))]
    lines += [_row('td', (name, *map(texts.get, columns))) for name, texts in shown]
    more = len(by_name) - len(shown)
    note = f'<p>and {more} more</p>' if more else ''
    return f'<table>{"".join(lines)}</table>{note}'


def _name_of(record: dict[str, Any]) -> str:
    """Return the name of a record, which may be flat; a dash if it has none."""
    name = part(record, 'call', 'name') or record.get('call.name')
    return '–' if name is None else _brief(name)


def _row(tag: str, texts: Iterable[str | None]) -> str:
    from html import escape

    cells = (f'<{tag}>{escape(text or "")}</{tag}>' for text in texts)
    return f'<tr>{"".join(cells)}</tr>'
