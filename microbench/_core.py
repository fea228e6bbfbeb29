"""Say why there is no compiled module.

The compiled `_core` comes before this file wherever there is one that this interpreter can
load. `_core.pyi` describes it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def _refuse() -> NoReturn:
    """Raise an ImportError that says what is missing, and what to do."""
    folder = os.path.dirname(__file__)
    why = _of_archive(folder) if not os.path.isdir(folder) else _of_folder(folder)
    raise ImportError(why, name=__name__)


def _of_archive(folder: str) -> str:
    archive = folder
    while archive and not os.path.exists(archive):
        archive = os.path.dirname(archive)
    return (
        f'microbench cannot be imported from {archive}: Python loads no compiled module '
        'from a zip archive; unpack it, or pack the program with shiv or pex'
    )


def _of_folder(folder: str) -> str:
    major, minor = sys.version_info[:2]
    python = f'{sys.implementation.name} {major}.{minor}{sys.abiflags}'
    names = sorted(file for file in os.listdir(folder) if file.startswith('_core.'))
    found = [file for file in names if not file.endswith(('.py', '.pyi', '.pyx', '.pyc'))]
    others = f' (it has {", ".join(found)})' if found else ''
    return (
        f'{folder} has no compiled module for {python}{others}: '
        f'run {sys.executable} -m pip install microbench, or make build in a checkout'
    )


_refuse()
