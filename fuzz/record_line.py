"""Lines of a result file: each way to read them gives the same records."""

from __future__ import annotations

import io

from microbench.results import fields, flat_schema, leaves, reading


def check(data: bytes) -> None:
    """Read bytes as a file, in blocks and at once, and look into the records."""
    whole = list(reading.Lines([data]))
    # By their text: a NaN is not equal to itself.
    in_blocks = list(reading.Lines(reading.blocks(io.BytesIO(data), size=16)))
    assert repr(in_blocks) == repr(whole), (in_blocks, whole)
    for record in whole:
        assert isinstance(record, dict), record
        fields.runtime(record)
        leaves.leaves(record)
        if flat_schema.is_flat_schema(record):
            flat_schema.converted(record)
