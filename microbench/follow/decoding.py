"""Decode lines as they are found, and leave out records that came before."""

from __future__ import annotations

from ..results.reading import BOM, decode_line, decode_together, salvaged
from .dedup import Deduplicator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class LineDecoder:
    """Return the records on lines, each record once.

    Attributes:
        dedup: has the ids of the records so far.

    Args:
        damaged: function that is called with each line that is not a record.
    """

    def __init__(self, damaged: Callable[[bytes], object]) -> None:
        self._damaged = damaged
        self.dedup = Deduplicator()

    def new(self, lines: bytes) -> Iterator[dict[str, Any]]:
        """Return the new records on complete lines."""
        return self.dedup.new(decode_together(lines) or self.one_by_one(lines))

    def unfinished(self, lines: bytes) -> Iterator[dict[str, Any]]:
        """Return the new records that lack only their newline; the rest is not damage."""
        decoded = map(decode_line, lines.split(b'\n'))
        return self.dedup.new(one for one in decoded if one is not None)

    def one_by_one(self, lines: bytes) -> Iterator[dict[str, Any]]:
        """Yield the records on lines that are not all exactly one."""
        for line in lines.split(b'\n'):
            record = decode_line(line)
            yield from self._rescued(line) if record is None else [record]

    def _rescued(self, line: bytes) -> list[dict[str, Any]]:
        # Drop a BOM, and the zeros before a writer's position in a truncated file.
        line = line.removeprefix(BOM).strip(b'\0')
        if not line.strip():
            return []
        record = decode_line(line)
        if record is not None:
            return [record]
        self._damaged(line)
        return salvaged(line)
