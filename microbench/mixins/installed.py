"""List installed distributions, each once, in the version that is imported."""

from __future__ import annotations

import os
import sys

from ..core.capture import namespace
from ..distributions.answering import unusable
from ..distributions.metadata import (
    BrokenError,
    in_folder,
    is_left_over,
    normalized,
    of_distribution,
)
from ..distributions.sources import source_of
from ..messages import text_of
from .places import place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..distributions.metadata import Metadata
    from .interpreters import Program

FIELD = 'installed_packages'
SOURCES = 'installed_package_sources'
PATHS = 'installed_package_paths'
CHECKED_FILES = 50  # of a distribution that shares its folder with another version


class Installed:
    """Installed distributions.

    Attributes:
        metadata: metadata of each distribution, by name.
        versions: version of each distribution, by name.
        why: reason for each field that could not be read.
        python: path of the interpreter, unless it is that of this process.
        prefix: prefix of the interpreter's environment.
    """

    def __init__(self) -> None:
        self.metadata: dict[str, Metadata] = {}
        self.versions: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self.python: str | None = None
        self.prefix: str | None = sys.prefix
        self._names: dict[str, str] = {}  # by normalized name

    def add_own(self) -> None:
        """Add the packages of this process, except from paths that may never answer."""
        from importlib import metadata

        searched: list[Any] = sys.path
        paths = [path for path in searched if isinstance(path, str)]  # as imports do
        excluded = self._excluded(paths)
        usable = [path for path in paths if path not in excluded]
        options: Any = {} if usable == sys.path else {'path': usable}
        self.add_all(map(of_distribution, metadata.distributions(**options)))

    def _excluded(self, paths: list[str]) -> dict[str, str]:
        excluded = unusable(paths)
        self.why.update({f'{FIELD}.{path}': why for path, why in excluded.items()})
        return excluded

    def add_those_of(self, program: Program) -> None:
        """Add the packages of the Python of a program, which may be this one."""
        from subprocess import SubprocessError

        from .search_paths import is_this_python, search_path  # start-up time

        self.python = program.python
        if is_this_python(program):
            self.add_own()
            return
        try:
            self.prefix, paths = search_path(program)
        except (OSError, ValueError, SubprocessError) as error:
            self.why[FIELD] = f'{program.python} could not be asked: {error}'
            self.prefix = None
        else:
            self.python = program.python
            self._add_all_in(paths)

    def _add_all_in(self, paths: list[str]) -> None:
        excluded = self._excluded(paths)
        for path in paths:
            self.add_all([] if path in excluded else in_folder(path))

    def add_all(self, distributions: Iterable[Metadata]) -> None:
        """Add distributions in the order of the search path."""
        for metadata in distributions:
            if metadata.base and is_left_over(metadata.base):
                continue
            try:
                self._add(metadata, *metadata.name_and_version())
            except BrokenError as error:
                self.why[f'{FIELD}.{metadata.base or "unknown"}'] = str(error)

    def _add(self, metadata: Metadata, name: str, version: str) -> None:
        key = normalized(name)
        known = self._names.get(key)
        if known is None:
            self._names[key] = name
        elif not self._is_better(metadata, version, known):
            return
        else:
            del self.metadata[known], self.versions[known]
        self._names[key], self.metadata[name], self.versions[name] = name, metadata, version

    def _is_better(self, metadata: Metadata, version: str, known: str) -> bool:
        """Return True if another version in the folder is the one whose code exists."""
        other, its_version = self.metadata[known], self.versions[known]
        if version == its_version or not metadata.folder or metadata.folder != other.folder:
            return False  # the first on the search path counts
        right = [found for found in (other, metadata) if is_intact(found)]
        if len(right) == 1:
            return right[0] is metadata
        both = f'{its_version} and {version} are both in {metadata.folder}'
        self.why[f'{FIELD}.{known}'] = both
        return False

    def store(self, python: dict[str, Any], with_paths: bool) -> None:
        """Store the distributions in the record."""
        from .environments import environment_of  # start-up time

        for name in [n for n in self.versions if f'{FIELD}.{n}' in self.why]:
            del self.metadata[name], self.versions[name]
        if FIELD not in self.why:
            python[FIELD] = dict(sorted(self.versions.items(), key=_by_name))
        found = {
            f'{FIELD}_of': self.python,
            SOURCES: self._each(SOURCES, source_of),
            PATHS: self._each(PATHS, place_of) if with_paths else None,
            'environment': environment_of(self.prefix) if self.prefix else None,
        }
        python.update({name: value for name, value in found.items() if value})
        if self.why:
            namespace(python, 'unavailable').update(self.why)

    def _each(self, field: str, look: Callable[[Metadata], Any]) -> dict[str, Any]:
        """Return the result of `look` for each distribution, by name."""
        found = {}
        for name, metadata in sorted(self.metadata.items(), key=_by_name):
            try:
                value = look(metadata)
            except Exception as error:  # a distribution of a finder may raise anything
                self.why[f'{field}.{name}'] = text_of(error)
            else:
                found.update({} if value is None else {name: value})
        return found


def _by_name(item: tuple[str, Any]) -> str:
    return normalized(item[0])


def is_intact(metadata: Metadata) -> bool:
    """Return True if the modules that a distribution lists exist unchanged.

    It is true for only one of two versions in a folder, the one whose code is there.
    """
    try:
        record = (metadata.read('RECORD') or b'').decode('utf-8', 'surrogateescape')
    except OSError:
        return False
    rows = [line.rsplit(',', 2) for line in record.splitlines()]
    listed = [row for row in rows if len(row) == 3 and row[0].endswith('.py')]
    return bool(listed) and all(
        _is_as_listed(os.path.join(metadata.folder, file), digest, size)
        for file, digest, size in listed[:CHECKED_FILES]
    )


def _is_as_listed(path: str, digest: str, size: str) -> bool:
    """Return True if a file has the size and the SHA-256 that a RECORD lists."""
    import hashlib
    from base64 import urlsafe_b64encode

    try:
        if size and os.stat(path).st_size != int(size):
            return False
        with open(path, 'rb') as file:
            found = hashlib.sha256(file.read(), usedforsecurity=False).digest()
    except (OSError, ValueError):
        return False
    algorithm, _, listed = digest.partition('=')
    return algorithm != 'sha256' or urlsafe_b64encode(found).decode().rstrip('=') == listed
