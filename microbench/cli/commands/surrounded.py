"""What differs around the runs of two commands, beside the commands."""

from __future__ import annotations

from ...comparison.samples import Side
from ...comparison.surroundings import differing
from ...outputs.base import Output
from ...results.reading import decode_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...comparison.surroundings import Differing

OF_COMMANDS = ('call.command', 'file_hashes')  # other programs have other ones


class Examined(Output):
    """A sink that keeps the first records of a command in memory."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Keep the record."""
        if len(self.lines) < Side.EXAMINED:
            self.lines.append(record)

    def side(self) -> Side:
        """Return the records."""
        return Side('', filter(None, map(decode_line, self.lines)))


def differences(base: Examined, new: Examined) -> list[Differing]:
    """Return what differs, the most suspicious first."""
    if not (base.lines and new.lines):
        return []
    return [
        one
        for one in differing(base.side(), new.side())
        if not any(f'{one.path}.'.startswith(f'{path}.') for path in OF_COMMANDS)
    ]
