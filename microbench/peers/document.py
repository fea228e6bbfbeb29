"""Recognize the result file of another tool, and read its records."""

from __future__ import annotations

import hashlib

from .. import json_library
from . import asv, google_bench, hyperfine, pyperf, pytest_bench

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]

TOOLS = (pyperf, hyperfine, pytest_bench, asv, google_bench)


def records_of(contents: bytes) -> list[Record] | None:
    """Return the records of a file of another tool; None if it is not such a file.

    The ids of the records are made of the contents: the same file has the same ids.
    """
    try:
        document = json_library.loads(contents)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    for tool in TOOLS:
        if tool.is_by(document):
            return _with_ids(list(tool.records(document)), contents)
    return None


def _with_ids(records: list[Record], contents: bytes) -> list[Record]:
    number = hashlib.sha256(contents).hexdigest()[:24]
    for place, record in enumerate(records):
        ids = {'run_id': number, 'record_id': f'{number}{place:08x}'}
        record['mb'] = ids | record['mb']
    return records
