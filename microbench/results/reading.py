"""Decode result files: read every readable record, and count the damaged lines.

Lines end at the newline only (`str.splitlines` would break records at U+2028). A record
that follows another process's unfinished line without a newline is found by its opening,
which all records share.

A decoder in C (csrc/py/py_decode.h) reads blocks of intact lines. It reads the values that
json.loads() reads, or it reads nothing. So a block with a line that is damaged, or that
needs the module json (NaN, half a surrogate pair), is read here, line by line if need be.
"""

from __future__ import annotations

import os
import re
from functools import partial
from itertools import chain

from .. import _core
from ..messages import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Any

BLOCK = 1 << 15  # bytes: as much as stays in the processor's cache, decoded
LONGEST_PAUSE = 63  # blocks that the decoder in C may leave out

OPENING = '{"mb":{"run_id":"'
# The openings of 2.1.0 and of versions before 2.0 are accepted as well.
ANY_OPENING = re.compile(r'\{ ?"mb": ?\{ ?"run_id": ?"|\{ ?"mb_run_id": ?"')
BOM = b'\xef\xbb\xbf'  # begins files that editors of other systems have saved as UTF-8
AROUND = b'\0 \t\r' + BOM  # holes in files, and what else may be around a record
# Files of other tools are one object, which begins with one of these names; see peers/.
OTHER_TOOL = re.compile(
    rb'\s*\{\s*"(?:benchmarks|results|machine_info|commit_info|commit_hash|context'
    rb'|metadata|version)"\s*:'
)
SEAM_VALUE = os.urandom(9).hex(' ', 2)  # runs of digits in it stay short
SEAM = b',"%s",' % SEAM_VALUE.encode()


def blocks(file: IO[bytes], size: int = BLOCK) -> Iterator[bytes]:
    r"""Yield the contents of a file in blocks of whole lines, each of about `size` bytes.

    >>> import io
    >>> list(blocks(io.BytesIO(b'{"n": 1}\n{"n": 2}\n')))
    [b'{"n": 1}\n{"n": 2}\n']
    """
    return _blocks(file, size, file.readline)


def blocks_without_holes(file: IO[bytes], size: int = BLOCK) -> Iterator[bytes]:
    r"""Yield the contents of a file as `blocks` does, with long holes shortened.

    A hole is what a sparse file has in the place of bytes that were never written, such as
    after a crash: NULs, maybe gigabytes of them without a newline.
    """
    return _blocks(file, size, partial(_rest_without_holes, file, size))


def _blocks(
    file: IO[bytes], size: int, rest_of_line: Callable[[], bytes]
) -> Iterator[bytes]:
    while block := file.read(size) + rest_of_line():
        yield block
        if not block.endswith(b'\n'):
            break  # the last line, which another process may be writing


def _rest_without_holes(file: IO[bytes], size: int) -> bytes:
    """Return the rest of the line; one NUL stands for each part of it that is a hole."""
    parts = []
    while part := file.readline(size):
        parts.append(part if part.strip(b'\0') else b'\0')
        if part.endswith(b'\n'):
            break
    return b''.join(parts)


def damage(lines: int) -> str:
    """Return a message with the number of damaged lines."""
    several = 'lines were' if lines > 1 else 'line was'
    return f'{lines} damaged {several} skipped or salvaged'


class Lines:
    r"""Iterate once over the records in blocks of lines.

    Args:
        blocks: bytes of one or more whole lines each. An open binary file gives single
            lines; the function `blocks` gives many lines at once, which is quicker.
        source: name of the file, for a warning about damaged lines at the end; without
            one, that is the caller's.

    Attributes:
        damaged: number of lines, so far, that were not exactly one record.
        is_of_other_tool: True once the file has turned out to be one of another tool.

    >>> lines = Lines([b'{"n": 1}\n\n', b'no record'])
    >>> list(lines), lines.damaged
    ([{'n': 1}], 1)
    """

    def __init__(self, blocks: Iterable[bytes], source: object = None) -> None:
        self.blocks = blocks
        self.source = source
        self.damaged = 0
        self.is_of_other_tool = False
        self._decoder = _core.Decoder()
        self._convert: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def decode_with(
        self, decoder: _core.Decoder, convert: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """Replace the decoder.

        Args:
            decoder: decoder of intact lines.
            convert: function that does to a single record what the decoder does to all.
        """
        self._decoder, self._convert = decoder, convert

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for records in self.batches():
            yield from records

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of each block, or those of a file of another tool.

        After blocks that the decoder cannot read, it is not tried for a while. At the end,
        damaged lines are counted in a warning.
        """
        blocks = iter(self.blocks)
        first = next(blocks, b'')
        if OTHER_TOOL.match(first):
            contents = b''.join((first, *blocks))
            records = self._of_other_tool(contents)
            if records is not None:
                yield records
                return
            first = contents
        yield from self._batches(chain((first,), blocks))
        if self.damaged and self.source is not None:
            warn(f'{self.source!r}: {damage(self.damaged)}', RuntimeWarning)

    def _of_other_tool(self, contents: bytes) -> list[dict[str, Any]] | None:
        """Return the records of a file of another tool; None if it is not one."""
        from ..peers.document import records_of  # start-up time

        records = records_of(contents)
        self.is_of_other_tool = records is not None
        if records is None or self._convert is None:
            return records
        return list(map(self._convert, records))

    def _batches(self, blocks: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
        pause = waiting = 0
        for block in blocks:
            records = None if waiting else self._decoder.decode(block)
            if records is not None:
                pause = 0
                yield records
                continue
            if waiting:
                waiting -= 1
            else:
                waiting, pause = pause, min(2 * pause + 1, LONGEST_PAUSE)
            yield self.decoded(block)

    def decoded(self, lines: bytes) -> list[dict[str, Any]]:
        """Return the records of lines without the decoder, and count damaged ones."""
        lines = lines.removesuffix(b'\n')
        records = decode_together(lines) or list(self._one_by_one(lines))
        return records if self._convert is None else list(map(self._convert, records))

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


def _loads(text: bytes) -> Any:
    from .. import json_library  # start-up time

    return json_library.loads(text)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object on a line; None if the line is anything else."""
    try:
        value = _loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def contains(contents: bytes | bytearray, record_id: bytes) -> bool:
    """Return True if a complete record with this id is among the lines.

    A truncated line does not count, even if it contains the id.
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
    r"""Return the objects of several lines; None unless each line is exactly one object.

    One call of the parser for many lines is quicker. A random text is inserted between
    lines. If it does not reappear between two objects, a line was torn.

    >>> decode_together(b'{"n": 1}\n{"n": 2}')
    [{'n': 1}, {'n': 2}]
    """
    text = lines.replace(b'\n', SEAM)
    newlines = (len(text) - len(lines)) // (len(SEAM) - 1)  # quicker than to count them
    try:
        values = _loads(b'[%s]' % text)
    except (ValueError, RecursionError):
        return None
    records, seams = values[::2], values[1::2]
    if len(seams) != newlines or seams.count(SEAM_VALUE) != newlines:
        return None
    return records if set(map(type, records)) == {dict} else None


def salvaged(line: bytes) -> list[dict[str, Any]]:
    """Return the complete records on a line that contains several, or parts of some."""
    return [record for record, _ in salvaged_with_text(line)]


def _repaired(record: dict[str, Any], text: str) -> tuple[dict[str, Any], bytes]:
    """Return a record and its text, with U+FFFD in place of bytes that are not UTF-8."""
    whole = text.encode('utf-8', 'surrogateescape').decode('utf-8', 'replace').encode()
    return (record if text.isascii() else decode_line(whole) or record), whole


def salvaged_with_text(line: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Return what `salvaged` does, each record with its text."""
    alone = line.strip(AROUND)
    record = decode_line(alone)
    if record is not None:
        return [(record, alone)]
    from json import JSONDecoder  # start-up time

    decoder = JSONDecoder()
    text, records = line.decode('utf-8', 'surrogateescape'), []
    opening = ANY_OPENING.search(text)
    while opening:
        start = opening.start()
        try:
            record, end = decoder.raw_decode(text, start)
            records.append(_repaired(record, text[start:end]))
        except (ValueError, RecursionError):
            end = start + 1
        opening = ANY_OPENING.search(text, end)
    return records
