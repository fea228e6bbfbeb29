"""Which records came by already."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BITS = {f'{number:02x}': 1 << number for number in range(256)}


class Seen:
    """Remembers records by their id, at one bit each.

    Ids of one process differ in a number that counts up (`csrc/mb_identity.h`), so 256
    of them share an entry: the text before the last two digits.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, int] = {}

    def is_new(self, record: dict[str, Any]) -> bool:
        """Whether a record comes by for the first time; one without an id always does.

        >>> seen, record = Seen(), {'mb': {'record_id': 'c0ffee-01'}}
        >>> seen.is_new(record), seen.is_new(record), seen.is_new({})
        (True, False, True)
        """
        mb = record.get('mb')
        name = mb.get('record_id') if isinstance(mb, dict) else None
        if not isinstance(name, str):
            return True
        block, bit = name[:-2], BITS.get(name[-2:], 0)
        if not bit:  # an id of another kind
            block, bit = name, 1
        known = self._blocks.get(block, 0)
        self._blocks[block] = known | bit
        return not known & bit
