"""Read records together with the bytes that they were read from, and judge damaged lines.

The bytes are what a copy must keep: no number in them is written anew.
"""

from __future__ import annotations

from itertools import chain

from .. import _core
from .flat_schema import is_flat_schema
from .reading import AROUND, BOM, OTHER_TOOL, decode_line, salvaged_with_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Found = tuple[dict[str, Any], bytes]  # a record, and its text

TORN, GLUED, FOREIGN = 'torn', 'glued', 'foreign'


class RawLines:
    r"""Iterate once over the records in blocks of lines, with their text.

    Args:
        blocks: bytes of one or more whole lines each.
        on_damage: function that is called with the kind of each damaged line: `'torn'` for
            a part of a record, `'glued'` for one or more whole records with something
            else around, `'foreign'` for any other line.

    Attributes:
        is_of_other_tool: True once the file has turned out to be one of another tool,
            which has no lines.

    >>> list(RawLines([b'{"n": 1}\n{"n": 2.50}\n{"n'], print))
    torn
    [({'n': 1}, b'{"n": 1}'), ({'n': 2.5}, b'{"n": 2.50}')]
    """

    def __init__(self, blocks: Iterable[bytes], on_damage: Callable[[str], object]) -> None:
        self.is_of_other_tool = False
        self._blocks = iter(blocks)
        self._on_damage = on_damage
        self._decoder = _core.Decoder()

    def __iter__(self) -> Iterator[Found]:
        first = next(self._blocks, b'')
        if OTHER_TOOL.match(first):
            first = b''.join((first, *self._blocks))
            self.is_of_other_tool = _is_document(first)
            if self.is_of_other_tool:
                return
        for block in chain((first,), self._blocks):
            yield from self._found_in(block)

    def _found_in(self, block: bytes) -> Iterable[Found]:
        lines = [line for line in block.split(b'\n') if line.strip()]
        records = self._decoder.decode(block)
        if records is not None and len(records) == len(lines):
            return zip(records, map(bytes.strip, lines), strict=True)
        return chain.from_iterable(map(self._of_line, lines))

    def _of_line(self, line: bytes) -> list[Found]:
        line = line.removeprefix(BOM).strip()
        record = decode_line(line)
        if record is not None:
            return [(record, line)]
        found = salvaged_with_text(line)
        is_part = line.strip(AROUND)[:1] in (b'{', b'')  # NULs: it was never written
        self._on_damage(GLUED if found else TORN if is_part else FOREIGN)
        return found


def _is_document(contents: bytes) -> bool:
    from ..peers.document import records_of  # start-up time

    return records_of(contents) is not None


def schema_of(record: dict[str, Any]) -> str | None:
    """Return the version of the schema of a record; None for an object of another kind.

    >>> schema_of({'mb': {'run_id': 'a', 'schema': 3}}), schema_of({'n': 1})
    ('3', None)
    """
    if is_flat_schema(record):
        return 'before 2.0'
    mb = record.get('mb')
    if not (isinstance(mb, dict) and 'run_id' in mb):
        return None
    return str(mb.get('schema', '2'))  # 2.x has not written it
