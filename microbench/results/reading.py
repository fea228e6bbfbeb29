"""Decode result files: whatever can be read is read, whatever cannot is counted.

Lines end at the newline only (`str.splitlines` would break records at U+2028). A record
that was glued to another process's unfinished line is found again by the opening that
all records have.
"""

from __future__ import annotations

import json

from ..messages import warn

orjson: Any
try:
    import orjson
except ImportError:  # no wheel for this platform
    orjson = None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Integers of 19 digits and more: orjson would read large ones as floats.
DIGITS = bytes.maketrans(b'0123456789', b'0' * 10)
LARGE = b'0' * 19

OPENING = '{"mb":{"run_id":"'
DECODER = json.JSONDecoder()


def decode_lines(contents: bytes, source: object) -> list[dict[str, Any]]:
    """Return the records in `contents`; warn once about what was skipped.

    Args:
        contents: lines of JSON; the last one may lack its newline.
        source: named in the warning.
    """
    records, bad = [], 0
    for line in contents.split(b'\n'):
        if not line.strip():
            continue
        record = decode_line(line)
        if record is None:
            bad += 1
            records += _salvaged(line)
        else:
            records.append(record)
    if bad:
        message = f'{source!r}: {bad} damaged line{"s" * (bad > 1)} skipped or salvaged'
        warn(message, RuntimeWarning)
    return records


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object on a line; None if it holds nothing of the kind."""
    try:
        value = _loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _loads(line: bytes) -> Any:
    if orjson is not None and LARGE not in line.translate(DIGITS):
        try:
            return orjson.loads(line)
        except ValueError:
            pass  # NaN, lone surrogates: 2.1.0 wrote them, and the stdlib reads them
    return json.loads(line)


def _salvaged(line: bytes) -> list[dict[str, Any]]:
    """Return the whole records on a line that holds several, or parts of some."""
    text, records = line.decode('utf-8', 'replace'), []
    start = text.find(OPENING)
    while start >= 0:
        try:
            record, end = DECODER.raw_decode(text, start)
            records.append(record)
        except (ValueError, RecursionError):
            end = start + 1
        start = text.find(OPENING, end)
    return records


def shaped(records: list[dict[str, Any]], format: str, flat: bool) -> Any:  # noqa: A002
    """Return records as `get_results` promises them; see there."""
    if format not in ('dict', 'df'):
        raise ValueError(f"format has to be 'dict' or 'df', not {format!r}")
    if flat:
        records = [flattened(record) for record in records]
    if format == 'dict':
        return records
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("format='df' needs pandas: pip install pandas") from None
    return pd.DataFrame(records)


def flattened(record: dict[str, Any]) -> dict[str, Any]:
    """Join the names of nested objects by dots; lists and empty objects are kept.

    >>> flattened({'call': {'name': 'f', 'args': []}, 'slurm': {}})
    {'call.name': 'f', 'call.args': [], 'slurm': {}}
    """
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            for inner, leaf in flattened(value).items():
                flat[f'{name}.{inner}'] = leaf
        else:
            flat[name] = value
    return flat
