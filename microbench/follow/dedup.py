"""Drop records that were seen before, recognized by `mb.record_id`."""

from __future__ import annotations

from ..results.fields import part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

BITS = {f'{number:02x}': 1 << number for number in range(256)}


class Deduplicator:
    """Remember the ids of records, one bit each.

    The ids of one process differ in a number that counts up (`mb_identity.h`). So
    256 of them share one entry, whose key is the id without its last two digits.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, int] = {}

    def new(self, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the records that are new; a record without an id is always new.

        >>> record = {'mb': {'record_id': 'c0ffee-01'}}
        >>> list(Deduplicator().new([record, {}, record, {}]))
        [{'mb': {'record_id': 'c0ffee-01'}}, {}, {}]
        """
        blocks = self._blocks
        for record in records:  # is_new() once more: it is called for every record
            try:
                name = record['mb']['record_id']
                block, bit = name[:-2], BITS[name[-2:]]
            except (LookupError, TypeError):
                block, bit = _of_another_kind(record)
            known = blocks.get(block, 0)
            if not known & bit:
                blocks[block] = known | bit
                yield record

    def is_new(self, record: dict[str, Any]) -> bool:
        """Return True unless the id of the record was seen before."""
        try:
            name = record['mb']['record_id']
            block, bit = name[:-2], BITS[name[-2:]]
        except (LookupError, TypeError):
            block, bit = _of_another_kind(record)
        known = self._blocks.get(block, 0)
        if known & bit:
            return False
        self._blocks[block] = known | bit
        return True


def _of_another_kind(record: dict[str, Any]) -> tuple[str, int]:
    """Return block and bit of a foreign id; bit 0 for a record without an id."""
    name = part(record, 'mb', 'record_id')
    return (name, 1) if isinstance(name, str) else ('', 0)
