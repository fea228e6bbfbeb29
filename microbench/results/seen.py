"""Which records came by already."""

from __future__ import annotations

from .fields import part

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
        try:
            name = record['mb']['record_id']
            block, bit = name[:-2], BITS[name[-2:]]
        except (LookupError, TypeError):
            name = part(record, 'mb', 'record_id')
            if not isinstance(name, str):
                return True
            block, bit = name, 1  # an id of another kind
        known = self._blocks.get(block, 0)
        self._blocks[block] = known | bit
        return not known & bit
