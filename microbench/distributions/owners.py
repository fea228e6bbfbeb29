"""Find the installed distribution to which a module belongs, by its file.

`importlib.metadata.packages_distributions` compares only names: it assigns `tests` and
`google` to many distributions, mistakes a file of the user for an installed one, misses
editable installs, and reads all files of all distributions.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from .answering import unusable
from .metadata import BrokenError, Metadata, in_folder, normalized, read_file
from .sources import folder_of_editable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HOOK_AT_MOST = 1 << 20  # bytes of a .pth file, or of the code of a finder


def version_of_file(name: str, file: str) -> str | None:
    """Return the version of the distribution that a module belongs to.

    Args:
        name: of the module, with dots.
        file: its `__file__`.

    Returns:
        None if no distribution has it, or several do.
    """
    base, inside = divided(name, file)
    owners = _owners_in(base, name, inside) or _editable_with(file, base, inside)
    versions = {found for found in map(_identity, owners) if found}
    return versions.pop()[1] if len(versions) == 1 else None


@lru_cache
def version_of_name(name: str) -> str | None:
    """Return the version of the distribution with a module that need not be loaded.

    Args:
        name: of the module, with dots.

    Returns:
        None if no distribution has it, or several do.
    """
    stem = name.replace('.', '/')
    for path in _searched():
        found = [_owners_in(path, name, inside) for inside in (f'{stem}/__init__', stem)]
        versions = {known for known in map(_identity, found[0] or found[1]) if known}
        if versions:
            return versions.pop()[1] if len(versions) == 1 else None
    return None


def _identity(owner: Metadata) -> tuple[str, str] | None:
    try:
        name, version = owner.name_and_version()
    except BrokenError:
        return None
    return normalized(name), version


def divided(name: str, file: str) -> tuple[str, str]:
    """Return the folder on the search path, and the file below it without its ending.

    >>> divided('zope.event', '/site/zope/event/__init__.py')
    ('/site', 'zope/event/__init__')
    """
    base = os.path.dirname(file)
    stem = os.path.basename(file).partition('.')[0]
    parts = name.split('.')
    if stem == '__init__':
        parts.append(stem)
    for _ in parts[1:]:
        base = os.path.dirname(base)
    return base, '/'.join(parts)


def _owners_in(base: str, name: str, inside: str) -> list[Metadata]:
    """Return the distributions in a folder that have installed a file."""
    folder = _folder(base)
    same = folder.by_key.get(normalized(name), [])
    if any(_has(found, inside) for found in same):
        return same
    return [found for found in folder.with_first(inside) if _has(found, inside)]


def _has(metadata: Metadata, inside: str) -> bool:
    """Return True if a distribution lists a file; where it lists none, its name decides."""
    record = _record(metadata)
    if record is not None:
        return _lists(record, inside)
    first = inside.partition('/')[0]
    listed = _top_level(metadata)
    return first.encode() in listed if listed else metadata.key == normalized(first)


def _lists(record: bytes, inside: str) -> bool:
    line = inside.encode('utf-8', 'surrogateescape') + b'.'
    return record.startswith(line) or b'\n' + line in record


def _record(metadata: Metadata) -> bytes | None:
    try:
        return metadata.read('RECORD') or None
    except OSError:
        return None


def _top_level(metadata: Metadata) -> list[bytes]:
    try:
        return (metadata.read('top_level.txt') or b'').split()
    except OSError:
        return []


# --- folders of the search path --------------------------------------------------------


class Folder:
    """Distributions in one folder; file lists are read only if names do not suffice."""

    def __init__(self, path: str) -> None:
        self.installed = in_folder(path)
        self.by_key: dict[str, list[Metadata]] = {}
        for found in self.installed:
            self.by_key.setdefault(found.key, []).append(found)
        self._tops: list[tuple[set[bytes], Metadata]] | None = None
        self._editable: list[tuple[str, Metadata]] | None = None

    def with_first(self, inside: str) -> list[Metadata]:
        """Return the distributions that may have such a name at the top.

        Many do not say what they have there: they are among them.
        """
        if self._tops is None:
            self._tops = [(set(_top_level(found)), found) for found in self.installed]
        first = inside.partition('/')[0].encode('utf-8', 'surrogateescape')
        return [found for tops, found in self._tops if not tops or first in tops]

    @property
    def editable(self) -> list[tuple[str, Metadata]]:
        """Folders with sources, and the distributions that are installed from there."""
        if self._editable is None:
            pairs = [(folder_of_editable(found), found) for found in self.installed]
            self._editable = [
                (place, found)
                for folder, found in pairs
                if folder
                for place in {folder, os.path.realpath(folder)}  # installers follow links
            ]
        return self._editable


_folders: dict[str, tuple[int, Folder]] = {}  # by path: when it was changed, and what is in


def _folder(path: str) -> Folder:
    """Return the distributions in a folder, read again if the folder has changed."""
    try:
        changed = os.stat(path).st_mtime_ns
    except OSError:
        changed = -1
    known = _folders.get(path)
    if known is None or known[0] != changed:
        known = _folders[path] = (changed, Folder(path))
    return known[1]


_usable: dict[tuple[str, ...], list[str]] = {}  # by search path: asked once for each


def _searched() -> list[str]:
    """Return the search path without folders that may never answer."""
    key = tuple(path for path in sys.path if path and isinstance(path, str))
    found = _usable.get(key)
    if found is None:
        excluded = unusable(key)
        found = [path for path in dict.fromkeys(key) if path not in excluded]
        _usable.clear()
        _usable[key] = found  # another thread may clear it at once
    return found


# --- editable installs: their modules are in no RECORD ---------------------------------


def _editable_with(file: str, base: str, inside: str) -> list[Metadata]:
    """Return the editable distribution that a module is imported from: the innermost."""
    found: dict[str, list[Metadata]] = {}
    for path in _searched():
        for folder, metadata in _folder(path).editable:
            if file.startswith(os.path.join(folder, '')) and _leads(metadata, base, inside):
                found.setdefault(folder, []).append(metadata)
    return found[max(found, key=len)] if found else []


def _leads(metadata: Metadata, base: str, inside: str) -> bool:
    """Return True if an editable install makes Python find a module in a folder.

    Other files of the sources, and an environment among them, do not belong to it. Where it
    does not list its names, its `.pth` file has the folder, or its finder the name.
    """
    first = os.fsencode(inside.partition('/')[0])
    listed = _top_level(metadata)
    if listed:
        return first in listed
    wanted = (os.fsencode(base), b"'%b'" % first, b'"%b"' % first)
    return any(name in text for text in _hooks(metadata) for name in wanted)


def _hooks(metadata: Metadata) -> Iterator[bytes]:
    """Yield the files by which an editable install is found."""
    try:
        names = [name for name in metadata.files() if '/' not in name]
        for name in names:
            if name.endswith(('.pth', '.py')):
                yield read_file(os.path.join(metadata.folder, name), HOOK_AT_MOST) or b''
    except OSError:
        return
