"""Give records the format that `get_results` is asked for: dicts, rows, or a frame."""

from __future__ import annotations

import gc

from .shapes import EMPTY, flatten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .reading import Lines

TIDY = ('polars', 'arrow')  # formats that have a shape in any case
FORMATS = ('dict', 'df', *TIDY)


def shaped(
    lines: Lines,
    format: str,  # noqa: A002
    flat: bool,
    shape: str | None = None,
) -> Any:
    """Return the records of lines in the shape that `get_results` documents."""
    check(format)
    if shape is not None or format in TIDY:
        return tidy(lines, format, shape)
    if flat:
        flatten(lines, EMPTY if format == 'df' else None)
    found = _all_of(lines)
    if format == 'dict':
        return found
    from .frames import frame_of  # start-up time

    return frame_of(found)


def check(format: str) -> None:  # noqa: A002
    """Raise ValueError for an unknown format."""
    if format not in FORMATS:
        known = "'dict', 'df', 'polars' or 'arrow'"
        raise ValueError(f'format has to be {known}, not {format!r}')


def tidy(records: Iterable[dict[str, Any]], format: str, shape: str | None) -> Any:  # noqa: A002
    """Return a frame with a row for each run, phase, iteration or sample."""
    from .tables import table  # start-up time

    return table(records, format, 'runs' if shape is None else shape)


def _all_of(lines: Lines) -> list[dict[str, Any]]:
    """Return a list of the records, made without the cyclic garbage collector.

    The collector would search them again and again for cycles, which they cannot have.
    That takes half of the time of a large file.
    """
    enabled = gc.isenabled()
    found: list[dict[str, Any]] = []
    try:
        gc.disable()
        for batch in lines.batches():
            found += batch
        return found
    finally:
        if enabled:
            gc.enable()
