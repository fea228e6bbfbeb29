"""Compiles the C in floor/ on first use, into build/benchmarks/ beside the package."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).parent / 'floor'
CACHE = ROOT / 'build' / 'benchmarks'
SUFFIX: str = sysconfig.get_config_var('EXT_SUFFIX') or '.so'


def floor() -> ModuleType:
    """Return the extension with `floor.time()` and `spin()`."""
    library = CACHE / f'floor{SUFFIX}'
    _compile(SOURCES / 'floor.c', library)
    spec = importlib.util.spec_from_file_location('floor', library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sampler() -> Path:
    """Return the library of floor/sampler.c, for ctypes."""
    library = CACHE / 'sampler.so'
    _compile(SOURCES / 'sampler.c', library)
    return library


def empty_package() -> Path:
    """Return the folder that holds `emptypackage`: `__init__.py` and one library."""
    folder = CACHE / 'empty' / 'emptypackage'
    _compile(SOURCES / 'empty.c', folder / f'_empty{SUFFIX}')
    (folder / '__init__.py').write_text('from . import _empty\n')
    return folder.parent


def _compile(source: Path, library: Path) -> None:
    if library.exists() and library.stat().st_mtime >= source.stat().st_mtime:
        return
    library.parent.mkdir(parents=True, exist_ok=True)
    unfinished = library.with_suffix(f'.{os.getpid()}')
    subprocess.run([*_compiler(), str(source), '-o', str(unfinished)], check=True)
    unfinished.replace(library)


def _compiler() -> list[str]:
    linker: str = sysconfig.get_config_var('LDSHARED') or 'cc -shared'
    include = sysconfig.get_paths()['include']
    return [*shlex.split(linker), '-O2', '-fPIC', '-Wall', '-Wextra', f'-I{include}']
