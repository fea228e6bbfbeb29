"""What PyInstaller asks of a package: the folder of its hooks, here for microbench.

The entry point `hook-dirs` of the group `pyinstaller40` names the function.
"""

from __future__ import annotations

import os


def hook_dirs() -> list[str]:
    """Return the folder with the hooks."""
    return [os.path.dirname(__file__)]
