"""Entry point of the script `microbench`."""

from __future__ import annotations

from . import gil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run the command, after ensuring the GIL, which its modules need on import."""
    gil.ensure()
    from .__main__ import console  # start-up time

    console()
