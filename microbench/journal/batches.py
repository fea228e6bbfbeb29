"""Read from a journal the records of a dead process that waited in a batch.

They are complete: unlike an open record, they need no end. If the process was killed
while it wrote the batch, some of them are in the file already.
"""

from __future__ import annotations

from .. import _core
from ..results.fields import part
from .ends import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def records_in(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield id, line, and whether the record may be in the file; no line if damaged."""
    for lines, is_claimed in _core.journal_batches(data):
        for number, line in enumerate(lines):
            record = decoded(line)
            if record is None:
                yield b'', b'', is_claimed
            else:
                yield _id_of(record) or _make_id(number, line), line, is_claimed


def _id_of(record: object) -> bytes:
    found = part(record, 'mb', 'record_id') if isinstance(record, dict) else None
    return found.encode('ascii', 'replace') if isinstance(found, str) else b''


def _make_id(number: int, line: bytes) -> bytes:
    """Return an id that is in no file, for a line that was given to FileOutput.write()."""
    return b'%d\n%b' % (number, line)
