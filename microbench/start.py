"""Entry point of the script `microbench`."""

from __future__ import annotations

import sys

from . import gil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run the command, after ensuring the GIL, which its modules need on import."""
    gil.ensure()
    try:
        from .__main__ import console  # start-up time
    except ImportError as error:
        if error.name != f'{__package__}._core':
            raise
        sys.exit(f'microbench: {error}')  # _core.py says what to do
    console()
