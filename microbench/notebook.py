"""Display results and records as tables in a notebook: `%load_ext microbench.notebook`.

Results are plain lists of dicts, so that any program can use them. So a notebook displays
them as it does all lists, until this extension is loaded. Other lists and dicts are
displayed as before.
"""

from __future__ import annotations

from .display import html_of_record, table_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Formatter = Callable[[Any], str | None]

_replaced: dict[type, Any] = {}  # what displayed a type before


def load_ipython_extension(shell: Any) -> None:
    """Display records, and lists of them, as tables from now on.

    Args:
        shell: the running IPython.
    """
    formatter = _formatter_of(shell)
    for kind, display in ((list, _results), (dict, _record)):
        if kind not in _replaced:
            before = formatter.for_type(kind)
            _replaced[kind] = before
            formatter.for_type(kind, _or_before(display, before))


def unload_ipython_extension(shell: Any) -> None:
    """Display lists and dicts as before.

    Args:
        shell: the running IPython.
    """
    formatter = _formatter_of(shell)
    for kind in (list, dict):
        if kind in _replaced:
            formatter.pop(kind)
            before = _replaced.pop(kind)
            if before is not None:
                formatter.for_type(kind, before)


def _formatter_of(shell: Any) -> Any:
    return shell.display_formatter.formatters['text/html']


def _or_before(display: Formatter, before: Formatter | None) -> Formatter:
    """Return a function that displays records, and other values as before."""

    def displayed(value: Any) -> str | None:
        html = display(value)
        return before(value) if html is None and before is not None else html

    return displayed


def _results(value: list[Any]) -> str | None:
    return table_of(value) if value and all(map(_is_record, value)) else None


def _record(value: dict[str, Any]) -> str | None:
    return html_of_record(value) if _is_record(value) else None


def _is_record(value: Any) -> bool:
    """Return True for a record of microbench, flat or not."""
    if not isinstance(value, dict):
        return False
    mb, call = value.get('mb'), value.get('call')
    if isinstance(mb, dict) and isinstance(call, dict):
        return 'run_id' in mb
    return 'mb.run_id' in value and 'call.name' in value
