"""What the script `microbench` calls."""

from __future__ import annotations

from . import gil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run the command, whose modules need the GIL when they are imported."""
    gil.ensure()
    from .__main__ import console  # start-up time

    console()
