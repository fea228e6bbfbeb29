"""Decode result files: whatever can be read is read, whatever cannot is counted.

Lines end at the newline only (`str.splitlines` would break records at U+2028). A record
that was glued to another process's unfinished line is found again by the opening that
all records have.
"""

from __future__ import annotations

import json
import os
import re

from .. import json_library
from ..messages import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any

BLOCK = 1 << 15  # bytes: as much as stays in the processor's cache, decoded

OPENING = '{"mb":{"run_id":"'
# The same as 2.1.0 wrote it, and as versions before 2.0 began a record.
ANY_OPENING = re.compile(r'\{ ?"mb": ?\{ ?"run_id": ?"|\{ ?"mb_identity_run_id": ?"')
BOM = b'\xef\xbb\xbf'  # begins files that editors of other systems have saved as UTF-8
AROUND = b'\0 \t\r' + BOM  # holes in files, and what else may be around a record
DECODER = json.JSONDecoder()
SEAM_VALUE = os.urandom(9).hex(' ', 2)  # runs of digits in it stay short
SEAM = b',"%s",' % SEAM_VALUE.encode()


def decode_lines(file: IO[bytes], source: object) -> Iterator[dict[str, Any]]:
    """Yield the records in a file; warn once, at the end, about what was skipped.

    Args:
        file: lines of JSON; the last one may lack its newline.
        source: named in the warning.
    """
    return decode_blocks(blocks(file), source)


def decode_blocks(contents: Iterable[bytes], source: object) -> Iterator[dict[str, Any]]:
    """Yield the records in blocks of whole lines, as `decode_lines` does."""
    lines = Lines(contents)
    yield from lines
    if lines.damaged:
        message = f'{source!r}: {damage(lines.damaged)}'
        warn(message, RuntimeWarning)


def blocks(file: IO[bytes], size: int = BLOCK) -> Iterator[bytes]:
    r"""Yield the contents of a file in blocks of whole lines, each of about `size` bytes.

    >>> import io
    >>> list(blocks(io.BytesIO(b'{"n": 1}\n{"n": 2}\n')))
    [b'{"n": 1}\n{"n": 2}\n']
    """
    while block := file.read(size) + file.readline():
        yield block
        if not block.endswith(b'\n'):
            break  # the last line, which may grow meanwhile


def damage(lines: int) -> str:
    """Say how many lines were damaged."""
    several = 'lines were' if lines > 1 else 'line was'
    return f'{lines} damaged {several} skipped or salvaged'


class Lines:
    r"""The records on lines, one pass over them.

    Args:
        blocks: bytes of one or more whole lines each. An open binary file gives lines
            one by one, `blocks` many at once, which is quicker.

    Attributes:
        damaged: how many lines, so far, were not one record each.

    >>> lines = Lines([b'{"n": 1}\n\n', b'no record'])
    >>> list(lines), lines.damaged
    ([{'n': 1}], 1)
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.blocks = blocks
        self.damaged = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for block in self.blocks:
            lines = block.removesuffix(b'\n')
            yield from decode_together(lines) or self._one_by_one(lines)

    def _one_by_one(self, lines: bytes) -> Iterator[dict[str, Any]]:
        for line in (each.removeprefix(BOM) for each in lines.split(b'\n')):
            if not line.strip():
                continue
            record = decode_line(line)
            if record is not None:
                yield record
            else:
                self.damaged += 1
                yield from salvaged(line)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object on a line; None if it contains nothing of the kind."""
    try:
        value = json_library.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def contains(contents: bytes | bytearray, record_id: bytes) -> bool:
    """Whether a whole record with this id is among the lines.

    A line that was cut off is none, whatever it still shows of the id.
    """
    place = contents.find(record_id)
    while place >= 0:
        begin = contents.rfind(b'\n', 0, place) + 1
        end = contents.find(b'\n', place)
        line = bytes(contents[begin:] if end < 0 else contents[begin:end])
        if record_id.decode() in map(_id_of, Lines([line])):
            return True
        place = contents.find(record_id, begin + len(line))
    return False


def _id_of(record: dict[str, Any]) -> Any:
    mb = record.get('mb')
    return mb.get('record_id') if isinstance(mb, dict) else None


def decode_together(lines: bytes) -> list[dict[str, Any]] | None:
    r"""Return the objects on some lines, one on each; None if any needs a closer look.

    One call for many lines is quicker. Between two of them stands a text that nobody can
    know: where it is not found again between two objects, torn lines have met.

    >>> decode_together(b'{"n": 1}\n{"n": 2}')
    [{'n': 1}, {'n': 2}]
    """
    text = lines.replace(b'\n', SEAM)
    newlines = (len(text) - len(lines)) // (len(SEAM) - 1)  # quicker than to count them
    try:
        values = json_library.loads(b'[%s]' % text)
    except (ValueError, RecursionError):
        return None
    records, seams = values[::2], values[1::2]
    if len(seams) != newlines or seams.count(SEAM_VALUE) != newlines:
        return None
    return records if set(map(type, records)) == {dict} else None


def salvaged(line: bytes) -> list[dict[str, Any]]:
    """Return the whole records on a line that contains several, or parts of some."""
    record = decode_line(line.strip(AROUND))
    if record is not None:
        return [record]
    text, records = line.decode('utf-8', 'replace'), []
    opening = ANY_OPENING.search(text)
    while opening:
        try:
            record, end = DECODER.raw_decode(text, opening.start())
            records.append(record)
        except (ValueError, RecursionError):
            end = opening.start() + 1
        opening = ANY_OPENING.search(text, end)
    return records
