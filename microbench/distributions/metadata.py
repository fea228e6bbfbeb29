"""Read metadata of installed distributions quickly, without running their code.

The layout is that of the specifications "Recording installed projects" and "Core metadata"
of the Python Packaging User Guide, and that of the older `.egg-info`.
"""

from __future__ import annotations

import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SEPARATORS = re.compile('[-_.]+')
SUFFIXES = ('.dist-info', '.egg-info')
HEADERS_AT_MOST = 1 << 20  # bytes; name and version are among the first lines
FILE_AT_MOST = 64 << 20  # bytes of RECORD: that of the largest frameworks has 2 MiB
FIRST = 8192


def normalized(name: str) -> str:
    """Return the normalized form of a name (PEP 503).

    >>> normalized('Zope._Interface')
    'zope-interface'
    """
    return SEPARATORS.sub('-', name).lower()


class BrokenError(Exception):
    """Name or version cannot be read from the metadata; the message says why."""


class Metadata:
    """The metadata of one distribution: a folder, or a single file.

    Args:
        path: a `.dist-info`, an `.egg-info`, or the `EGG-INFO` of an egg.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.folder, self.base = os.path.split(path)

    @property
    def key(self) -> str:
        """The normalized name, as the name of the folder has it."""
        stem = self.base.removesuffix('.egg-info').removesuffix('.dist-info')
        return normalized(stem.partition('-')[0])

    def read(self, name: str, most: int = FILE_AT_MOST) -> bytes | None:
        """Return a file, up to `most` bytes; None if it is missing or no plain file.

        Raises:
            OSError: it is there and cannot be read.
        """
        return read_file(os.path.join(self.path, name) if name else self.path, most)

    def files(self) -> list[str]:
        """Return what is installed, from the folder that the metadata is in.

        Where nothing lists the files, it is what is imported, with the usual names.
        """
        record = self.read('RECORD')
        if record is not None:
            lines = _text(record).splitlines()
            if b'"' in record:
                import csv  # start-up time

                return [row[0] for row in csv.reader(lines) if row]
            return [file for line in lines if (file := line.partition(',')[0])]
        listed = _text(self.read('installed-files.txt') or b'').splitlines()
        if listed:  # of an .egg-info, from there
            return [os.path.normpath(os.path.join(self.base, name)) for name in listed]
        tops = _text(self.read('top_level.txt') or b'').split()
        packages = [os.path.isdir(os.path.join(self.folder, top)) for top in tops]
        pairs = zip(tops, packages, strict=True)
        return [f'{top}/__init__.py' if is_one else f'{top}.py' for top, is_one in pairs]

    def name_and_version(self) -> tuple[str, str]:
        """Return name and version as written.

        Raises:
            BrokenError: one of them is missing, or the file is.
        """
        found: dict[bytes, bytes] = {}
        for line in self._head():
            header, _, value = line.partition(b':')
            found.setdefault(header.lower(), value.strip())
        for header in (b'Name', b'Version'):
            if not found.get(header.lower()):
                raise BrokenError(f'no {header.decode()} in its metadata')
        name, version = found[b'name'], found[b'version']
        return name.decode('utf-8', 'replace'), version.decode('utf-8', 'replace')

    def _head(self) -> Iterator[bytes]:
        """Yield the lines of the headers, without those that continue one."""
        data = b''
        for most in (FIRST, HEADERS_AT_MOST):  # the rest is read if the first has not both
            data = self._of_main_file(most)
            head = data.partition(b'\n\n')[0].partition(b'\r\n\r\n')[0]
            lowered = b'\n' + head.lower()
            if b'\nname:' in lowered and b'\nversion:' in lowered:
                break
        for line in data.removeprefix(b'\xef\xbb\xbf').splitlines():
            if not line:
                return
            if line[:1] not in b' \t':
                yield line

    def _of_main_file(self, most: int) -> bytes:
        names = ('METADATA', 'PKG-INFO', '')  # the last: an .egg-info that is a file
        try:
            found = next((d for n in names if (d := self.read(n, most)) is not None), None)
        except OSError as error:
            raise BrokenError(f'its metadata cannot be read: {error.strerror}') from None
        if found is None:
            raise BrokenError('no METADATA')
        return found


def read_file(path: str, most: int) -> bytes | None:
    """Return a file, up to `most` bytes; None if it is missing or not a regular file.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        with open(path, 'rb', 0, opener=_opened) as file:
            is_plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return _up_to(file, most) if is_plain else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, 'O_NONBLOCK', 0))  # it may be a pipe


def _up_to(file: Any, most: int) -> bytes:
    """Return at most so many bytes of a file."""
    parts: list[bytes] = []
    left = most
    while left and (part := file.read(min(left, 1 << 20 if parts else FIRST))):
        parts.append(part)
        left -= len(part)
    return b''.join(parts)


def _text(value: bytes) -> str:
    return value.decode('utf-8', 'surrogateescape')


def is_left_over(base: str) -> bool:
    """Return True if the name of a folder is one that pip gives to what it is removing.

    It is `~ame-1.0.dist-info`, `-ame` in older versions; names of distributions begin
    with a letter or a digit (PEP 508).
    """
    return not (base[:1].isascii() and base[:1].isalnum())


def in_folder(folder: str) -> list[Metadata]:
    """Return the distributions in a folder or zip file, sorted by name.

    Leftovers of pip are skipped. A folder that cannot be listed counts as empty.
    """
    try:
        names = os.listdir(folder)
    except NotADirectoryError:
        return _in_zip(folder)
    except OSError:
        return []
    found = sorted(n for n in names if n.endswith(SUFFIXES) and not is_left_over(n))
    if folder.endswith('.egg') and 'EGG-INFO' in names:
        found.append('EGG-INFO')
    return [Metadata(os.path.join(folder, name)) for name in found]


def _in_zip(path: str) -> list[Metadata]:
    from importlib import metadata

    if not os.path.isfile(path):
        return []
    return [Given(found) for found in metadata.distributions(path=[path])]


class Given(Metadata):
    """The metadata of a distribution that `importlib.metadata` has found.

    Args:
        found: a Distribution; or what has at least `metadata` and `version`.
    """

    def __init__(self, found: Any) -> None:
        super().__init__(str(getattr(found, '_path', '')).rstrip('/'))
        self.found = found
        if not self.folder and hasattr(found, 'locate_file'):
            self.folder = str(found.locate_file(''))

    def read(self, name: str, most: int = FILE_AT_MOST) -> bytes | None:
        """Return a file, up to `most` bytes; None if it is missing."""
        read_text = getattr(self.found, 'read_text', None)
        text = read_text(name) if read_text else None
        return None if text is None else text.encode('utf-8', 'replace')[:most]

    def files(self) -> list[str]:
        """Return the files that the distribution lists."""
        return [str(file) for file in self.found.files or ()]

    def name_and_version(self) -> tuple[str, str]:
        """Return name and version of the distribution."""
        try:
            name, version = self.found.metadata['Name'], self.found.version
        except Exception as error:
            raise BrokenError(f'its metadata cannot be read: {error!r}') from None
        for header, value in (('Name', name), ('Version', version)):
            if not isinstance(value, str) or not value:
                raise BrokenError(f'no {header} in its metadata')
        return name, version


def of_distribution(found: Any) -> Metadata:
    """Return the metadata of a Distribution: of its folder, where it is a plain one."""
    path = getattr(found, '_path', None)
    if isinstance(path, os.PathLike) and type(found).__name__ == 'PathDistribution':
        return Metadata(os.fspath(path))
    return Given(found)
