"""Summaries that stand in records in place of large values: see encoding/large.py."""

from __future__ import annotations

from . import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard


def is_summary(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return True for the summary of a large value."""
    return (
        isinstance(value, dict)
        and value.get('summarized') is True
        and isinstance(value.get('type'), str)
    )


def in_words(summary: dict[str, Any]) -> str:
    """Return a summary as text.

    >>> in_words({'summarized': True, 'type': 'numpy.ndarray', 'shape': [300, 2],
    ...           'dtype': 'float64', 'bytes': 4800})
    'numpy.ndarray 300 × 2 float64, 4.69 KiB'
    >>> in_words({'summarized': True, 'type': 'str', 'length': 5000, 'bytes': 5000,
    ...           'first': 'Once upon', 'last': 'The end.'})
    'str of 5000, 4.88 KiB, Once upon … The end.'
    """
    words = [summary['type']]
    shape, size = summary.get('shape'), summary.get('bytes')
    if isinstance(shape, list):
        words.append(' × '.join(map(str, shape)))
    if isinstance(summary.get('length'), int):
        words.append(f'of {summary["length"]}')
    if isinstance(summary.get('dtype'), str):
        words.append(summary['dtype'])
    parts = [' '.join(words)]
    if isinstance(size, int):
        parts.append(units.size(size))
    ends = [summary[name] for name in ('first', 'last') if name in summary]
    if ends:
        parts.append(' … '.join(map(str, ends)))
    if isinstance(summary.get('digest'), str):
        parts.append(summary['digest'])
    return ', '.join(parts)
