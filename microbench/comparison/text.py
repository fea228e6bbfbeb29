"""A comparison as text: the cells of its table, and plain lines."""

from __future__ import annotations

import json

from ..messages import safe
from ..results import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..analysis.looks import Look
    from .rows import Row
    from .surroundings import Differing

TITLES = ('name', 'base', 'new', 'ratio', '95 %', 'verdict', 'runs', 'failed')
RIGHT = (1, 2, 3, 4, 6, 7)
MOST = 15  # fields that differ, in a plain text
LONGEST = 60  # characters of a value
CONTEXT = 8  # characters before the first difference of two long values


def cells_of(row: Row) -> list[str]:
    """Return the texts of a row, in the order of `TITLES`."""
    return [
        _name(row),
        _time(row.base_median, is_timed=row.is_timed),
        _time(row.new_median, is_timed=row.is_timed),
        '' if row.ratio is None else f'× {row.ratio:#.4g}',
        interval(row),
        verdict(row),
        _both(row.base_runs, row.new_runs),
        _failed(row),
    ]


def _name(row: Row) -> str:
    return safe(row.name) if row.phase is None else f'  {safe(row.phase)}'


def _time(value: float | None, *, is_timed: bool) -> str:
    if value is None:
        return ''
    return units.duration(value) if is_timed else units.number(value)


def _failed(row: Row) -> str:
    if row.phase is not None or not row.base_failed + row.new_failed:
        return ''
    return _both(row.base_failed, row.new_failed)


def _both(base: int, new: int) -> str:
    return str(base) if base == new else f'{base}, {new}'


def interval(row: Row | Look) -> str:
    """Return the bounds of the ratio in percent; empty without them.

    The sign says whether it is more or less.
    """
    if row.low is None or row.high is None:
        return ''
    if row.high >= 2:
        return f'× {row.low:.3g} to {row.high:.3g}'
    return f'{_percent(row.low)} to {_percent(row.high)}'


def _percent(ratio: float) -> str:
    percent = 100 * (ratio - 1)
    return f'{percent:+.0f} %' if abs(percent) >= 10 else f'{percent:+.1f} %'


def verdict(row: Row) -> str:
    """Return the verdict in words, with what is in the way of one."""
    if row.verdict is None:
        return f'no verdict: {row.why}'
    parts = [row.verdict]
    if row.more_runs is not None:
        runs = 'run' if row.more_runs == 1 else 'runs'
        parts.append(f'about {row.more_runs:,} more {runs} of each would tell')
    if row.why:
        parts.append(row.why)
    if row.is_of_histograms:
        parts.append('medians of histograms')
    return ': '.join([parts[0], '; '.join(parts[1:])]) if parts[1:] else parts[0]


def lines_of(
    found: Sequence[Row], warnings: Sequence[str], others: Sequence[Differing]
) -> Iterator[str]:
    """Yield the lines of a plain text.

    Args:
        found: rows.
        warnings: sentences below them.
        others: fields that differ and make nothing unfair.
    """
    rows = [list(TITLES), *map(cells_of, found)]
    if found:
        used = [place for place in range(len(TITLES)) if any(r[place] for r in rows[1:])]
        yield from aligned([[row[place] for place in used] for row in rows], used)
    yield from map(safe, warnings)
    yield from (safe(difference(one)) for one in others[:MOST])
    if len(others) > MOST:
        yield f'{len(others) - MOST} more fields differ'


def aligned(rows: Sequence[Sequence[str]], places: Sequence[int]) -> Iterator[str]:
    """Yield rows in columns of equal width; numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        texts = (
            text.rjust(width) if place in RIGHT else text.ljust(width)
            for text, width, place in zip(row, widths, places, strict=True)
        )
        yield '  '.join(texts).rstrip()


def difference(one: Differing) -> str:
    """Return a field that differs, with both values."""
    base, new = values_of(one.base, one.new)
    return f'~ {one.path}: {base} -> {new}'


def values_of(base: object, new: object, most: int = LONGEST) -> tuple[str, str]:
    """Return two values that differ, each on one line; a missing one as `(none)`.

    Long ones are cut so that the first difference is seen.

    >>> values_of('/opt/python/3.14.0/bin', '/opt/python/3.15.0/bin', 14)
    ('…thon/3.14.0/…', '…thon/3.15.0/…')
    """
    texts = [
        '(none)' if value is None else json.dumps(value, ensure_ascii=False)
        for value in (base, new)
    ]
    pairs = enumerate(zip(*texts, strict=False))
    same = next(
        (place for place, (one, other) in pairs if one != other), min(map(len, texts))
    )
    if max(map(len, texts)) > most and same >= most - CONTEXT:
        texts = [f'…{text[same - CONTEXT :]}' for text in texts]
    one, other = (t if len(t) <= most else f'{t[: most - 1]}…' for t in texts)
    return one, other
