"""Find and blank fragments: the parts of records whose write was cut short.

A process that is killed during a write leaves the beginning of a line. The next writer
begins a new line after it, and the readers of microbench skip it; other JSON readers stop
at it. So it is overwritten with blanks (tabs), newline included, which JSON allows before
the next record. No byte moves, so writers may append at the same time.

A fragment without a newline after it may be a write in progress, and is kept. A fragment
with a newline after it is final: if its writer is alive, it has begun its record again
after the newline (mb_append.h).
"""

from __future__ import annotations

import os

from ..results.reading import OPENING, blocks, decode_line, decode_together, salvaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Place = tuple[int, int]


BEGIN = OPENING.encode()
BLANKS = b' \t'
BLANK = b'\t'  # a writer begins no new line after it (mb_iov.h)
NEAR = 4096  # bytes


def find(contents: bytes) -> Iterator[Place]:
    """Yield begin and end of each fragment that is followed by a newline."""
    begin = 0
    while (end := contents.find(b'\n', begin)) >= 0:
        line = contents[begin:end].lstrip(BLANKS)
        if line[:1] == BEGIN[:1] and decode_line(line) is None:
            for first, last in _of_line(line):
                yield end - len(line) + first, end - len(line) + last
        begin = end + 1


def _found_in(block: bytes) -> list[Place]:
    """Return the fragments in whole lines; quick if each line is a record."""
    if not block.endswith(b'\n') or decode_together(block[:-1]) is not None:
        return []
    return list(find(block))


def _of_line(line: bytes) -> Iterator[Place]:
    starts = [0, *_starts(line)]
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        part = line[start:end]
        begins_record = part.startswith(BEGIN) or (part and BEGIN.startswith(part))
        if begins_record and not salvaged(part):
            yield start, end


def _starts(line: bytes) -> list[int]:
    """Return the places at which further records begin on the line."""
    starts, place = [], line.find(BEGIN, 1)
    while place >= 0:
        starts.append(place)
        place = line.find(BEGIN, place + 1)
    return starts


def without_torn_lines(block: bytes, is_dead: Callable[[bytes], bool]) -> bytes:
    """Return some lines with their dead fragments replaced by blanks."""
    changed = bytearray(block)
    for begin, end in _found_in(block):
        if is_dead(block[begin:end]):
            changed[begin:end] = BLANK * (end - begin)
    return bytes(changed)


def blank(path: str, is_dead: Callable[[bytes], bool], start: int = 0) -> int:
    """Overwrite the dead fragments of a file with blanks; return their number.

    If a fragment is a whole line, its newline is overwritten as well. This leaves no empty
    line: the blanks become part of the next record's line.

    Args:
        path: path of the file.
        is_dead: function that returns True for the text of a fragment to be blanked.
        start: position at which to begin.

    Raises:
        OSError: the file cannot be read or written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    count, place = 0, start
    with open(descriptor, 'rb') as file:
        file.seek(start)
        for block in blocks(file):
            for begin, end in _found_in(block):
                text = block[begin : end + 1]  # with the byte after it
                if is_dead(text[:-1]) and _is_still_at(descriptor, place + begin, text):
                    _overwrite(descriptor, place + begin, text)
                    count += 1
            place += len(block)
    return count


def _overwrite(descriptor: int, place: int, text: bytes) -> None:
    is_line = text.endswith(b'\n') and _begins_line(descriptor, place)
    os.pwrite(descriptor, BLANK * (len(text) - (not is_line)), place)


def _begins_line(descriptor: int, place: int) -> bool:
    """Return True if only blanks precede a place on its line, at most NEAR of them."""
    size = min(place, NEAR)
    before = os.pread(descriptor, size, place - size).rstrip(BLANKS)
    return before.endswith(b'\n') or (not before and size == place)


def _is_still_at(descriptor: int, place: int, text: bytes) -> bool:
    """Return False if the file was truncated or rewritten at this place meanwhile."""
    return os.pread(descriptor, len(text), place) == text


def is_of(text: bytes, records: list[tuple[bytes, bytes]]) -> bool:
    """Return True if a fragment is the beginning of one of these records."""
    return any(line.startswith(text) or name in text for name, line in records)
