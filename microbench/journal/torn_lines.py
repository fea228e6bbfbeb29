"""What is left in a file of a record whose write was cut short, and how it goes away.

A process that is killed in the middle of a write leaves the beginning of a line. The
next writer begins a new line after it; readers skip it. Readers that are not ours stop at
it. So it is overwritten with blanks (tabs), its newline included: JSON allows them before
the next record. No byte moves, so that writers who append at the same time notice nothing.

A fragment that is not followed by a newline may be a write that is not finished yet: it
is left alone. One that is followed by a newline is finished in any case, since its
writer, if it lives, has begun again after it (mb_append.h).
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
BLANK = b'\t'  # as mb_pieces.h has it: after it a writer begins no new line
NEAR = 4096  # bytes


def find(contents: bytes) -> Iterator[Place]:
    """Yield begin and end of each beginning of a record that is followed by a newline."""
    begin = 0
    while (end := contents.find(b'\n', begin)) >= 0:
        line = contents[begin:end].lstrip(BLANKS)
        if line[:1] == BEGIN[:1] and decode_line(line) is None:
            for first, last in _of_line(line):
                yield end - len(line) + first, end - len(line) + last
        begin = end + 1


def _found_in(block: bytes) -> list[Place]:
    """Return the fragments in whole lines; where there are none, it is seen at once."""
    if not block.endswith(b'\n') or decode_together(block[:-1]) is not None:
        return []
    return list(find(block))


def _of_line(line: bytes) -> Iterator[Place]:
    starts = [0, *_starts(line)]
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        part = line[start:end]
        is_ours = part.startswith(BEGIN) or (part and BEGIN.startswith(part))
        if is_ours and not salvaged(part):
            yield start, end


def _starts(line: bytes) -> list[int]:
    """Return where further records begin on the line."""
    starts, place = [], line.find(BEGIN, 1)
    while place >= 0:
        starts.append(place)
        place = line.find(BEGIN, place + 1)
    return starts


def without_torn_lines(block: bytes, is_dead: Callable[[bytes], bool]) -> bytes:
    """Return some lines with blanks in the place of the fragments that are dead."""
    changed = bytearray(block)
    for begin, end in _found_in(block):
        if is_dead(block[begin:end]):
            changed[begin:end] = BLANK * (end - begin)
    return bytes(changed)


def blank(path: str, is_dead: Callable[[bytes], bool], start: int = 0) -> int:
    """Overwrite the fragments that are dead; return how many there were.

    The newline after one that is a line of its own goes as well, so that no empty line is
    left: the blanks belong to the next record then.

    Args:
        path: of the file.
        is_dead: tells for the text of a fragment.
        start: where to begin; what is before is left alone.

    Raises:
        OSError: the file cannot be read or written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    count, place = 0, start
    with open(descriptor, 'rb') as file:
        file.seek(start)
        for block in blocks(file):
            for begin, end in _found_in(block):
                text = block[begin : end + 1]  # and what follows it
                if is_dead(text[:-1]) and _is_still_at(descriptor, place + begin, text):
                    _overwrite(descriptor, place + begin, text)
                    count += 1
            place += len(block)
    return count


def _overwrite(descriptor: int, place: int, text: bytes) -> None:
    whole = text.endswith(b'\n') and _begins_line(descriptor, place)
    os.pwrite(descriptor, BLANK * (len(text) - (not whole)), place)


def _begins_line(descriptor: int, place: int) -> bool:
    """Whether only blanks are before a place on its line; not if they are very many."""
    size = min(place, NEAR)
    before = os.pread(descriptor, size, place - size).rstrip(BLANKS)
    return before.endswith(b'\n') or (not before and size == place)


def _is_still_at(descriptor: int, place: int, text: bytes) -> bool:
    """Look again: the file may have been cut off, and others have written there since."""
    return os.pread(descriptor, len(text), place) == text
