"""Rewrite records as lines that every JSON reader accepts."""

from __future__ import annotations

import re

from .fields import part
from .flat_schema import converted, is_flat_schema
from .reading import decode_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

WHOLE_SECOND = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?![\d.,:])')
CONVERTED, CLEANED, UNCHANGED = 'converted', 'cleaned', 'unchanged'


def clean_line(record: dict[str, Any], encode: Callable[[Any], bytes]) -> tuple[bytes, str]:
    """Return the line of a record, and CONVERTED, CLEANED or UNCHANGED.

    Args:
        record: a record of any version, which may be changed in place.
        encode: function that returns strict JSON for any record.

    Records from before 2.0 get the present fields. Values that strict JSON lacks, and text
    that is not Unicode, are replaced as in new records. Times without a fraction of a
    second get six digits, as all others have.
    """
    is_flat = is_flat_schema(record)
    if is_flat:
        record = converted(record)
    changed = _complete_times(record)
    line = encode(record)
    if is_flat:
        return line, CONVERTED
    return line, CLEANED if changed or not _is(line, record) else UNCHANGED


def _is(line: bytes, record: dict[str, Any]) -> bool:
    try:
        return decode_line(line) == record
    except RecursionError:
        return True  # so deep a value contains no NaN and no time that we wrote


def _complete_times(record: dict[str, Any]) -> bool:
    """Give the times of a record six decimals; return True if one lacked them."""
    call = record.get('call')
    samples = part(record, 'call', 'monitor')
    places = [(call, 'start_time'), (call, 'finish_time')]
    if isinstance(samples, list):
        places += [(sample, 'timestamp') for sample in samples]
    return sum(_complete(inside, name) for inside, name in places) > 0  # any() would stop


def _complete(inside: Any, name: str) -> bool:
    text = inside.get(name) if isinstance(inside, dict) else None
    if not isinstance(text, str) or not WHOLE_SECOND.match(text):
        return False
    inside[name] = WHOLE_SECOND.sub(r'\1.000000', text, count=1)
    return True
