"""Find the folder from which a program imports the package of a distribution."""

from __future__ import annotations

import os

from ..distributions.metadata import normalized
from ..distributions.sources import folder_of_editable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..distributions.metadata import Metadata

MODULES = ('.py', '.pyi', '.so', '.pyd', '.pyc')
# Names at the top that are there by mistake, or for the package itself.
MINOR = ('test', 'tests', 'docs', 'doc', 'examples', 'example', 'benchmarks', 'scripts')


def place_of(metadata: Metadata) -> str | None:
    """Return the folder of a distribution's package.

    For a single module, or several packages, it is the folder around them; for an editable
    install, it is among the sources. None if the distribution lists no files.
    """
    source = _source(metadata)
    if source is not None:
        return source
    files = metadata.files()
    if not files:
        return None
    inside = [file for file in files if '..' not in file.split('/')]
    return os.path.normpath(os.path.join(metadata.folder, package_in(inside, metadata.key)))


def _source(metadata: Metadata) -> str | None:
    """Return the folder of the package in the sources of an editable install."""
    folder = folder_of_editable(metadata)
    if folder is None:
        return None
    names = [metadata.key.replace('-', '_'), metadata.key.replace('-', os.sep)]
    names += (metadata.read('top_level.txt') or b'').decode('utf-8', 'replace').split()
    for name in names:
        for place in (os.path.join(folder, 'src', name), os.path.join(folder, name)):
            if os.path.isdir(place):
                return place
    return folder


def package_in(files: Iterable[str], key: str) -> str:
    """Return the folder of the package among these files; '' if they have no folder.

    Args:
        files: paths with slashes.
        key: the normalized name of the distribution.

    >>> package_in(['numpy/__init__.py', 'numpy/core/x.py', 'numpy.libs/a.so'], 'numpy')
    'numpy'
    """
    modules = [
        file for file in files if file.endswith(MODULES) and '__pycache__' not in file
    ]
    packages = sorted(_outermost({m.rpartition('/')[0] for m in modules if _is_init(m)}))
    named = [p for p in packages if normalized(p.replace('/', '.')) == key]
    if named:
        return named[0]
    chosen = [p for p in packages if p not in MINOR and not p.startswith('_')] or packages
    chosen = chosen or [m.rpartition('/')[0] for m in modules if _is_importable(m)]
    return os.path.commonpath(chosen) if chosen else ''


def _is_init(module: str) -> bool:
    return module.rpartition('/')[2].startswith('__init__.')


def _is_importable(module: str) -> bool:
    return all(part.isidentifier() for part in module.partition('.')[0].split('/'))


def _outermost(folders: set[str]) -> Iterator[str]:
    """Yield the folders that are in none of the others."""
    for folder in folders:
        parts = folder.split('/')
        if folder and not any('/'.join(parts[:n]) in folders for n in range(1, len(parts))):
            yield folder
