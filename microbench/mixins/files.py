"""Which version of a file it was: digests of scripts and inputs."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time

from ..core.capture import CLIArg, namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BLOCK = 1 << 20
# Bytes of digests that can have any length: the strength their names promise.
LENGTHS = {'shake_128': 32, 'shake_256': 64}
# A file that changed a moment ago may change again and show the same time.
SETTLED_NS = 2 * 10**9
NOTICED = 1.0  # seconds; the record tells a delay from there on
UNITS = {'': 0, 'k': 10, 'm': 20, 'g': 30, 't': 40}  # powers of 2


def new_hash(algorithm: str) -> Any:
    """Return a fresh hash object.

    Raises:
        ValueError: hashlib knows no such algorithm.
    """
    import hashlib

    return hashlib.new(algorithm, usedforsecurity=False)


def known_algorithm(word: str) -> str:
    """Return the name of an algorithm of hashlib."""
    try:
        new_hash(word)
    except ValueError:
        raise ValueError(f'{word!r} is no algorithm of hashlib: type sha256') from None
    return word


def existing_file(word: str) -> str:
    """Return a path at which there is a file."""
    if not os.path.isfile(word):
        if os.path.isdir(word):
            raise ValueError(f'{word!r} is a directory, not a file')
        raise ValueError(f'file not found: {word!r}')
    return word


def byte_count(size: Any) -> int:
    """Return a number of bytes: a whole number, or a word such as `500M` (1 M = 2^20)."""
    word = str(size).strip().lower()
    digits = word.rstrip(''.join(UNITS))
    if not digits.isdecimal() or word[len(digits) :] not in UNITS:
        raise ValueError(f'{size!r} is no number of bytes: type 1000000, 500M or 10G')
    return int(digits) << UNITS[word[len(digits) :]]


def files_of(command: list[str]) -> list[str]:
    """Return the files that a command names: its program, and words that are files."""
    import shutil

    program, *words = command or ['']
    values = [w.partition('=')[2] if w.startswith('-') else w for w in words]
    named = [w for pair in zip(words, values, strict=True) for w in pair]
    found = [shutil.which(program) or program, *named]
    return [path for path in dict.fromkeys(found) if os.path.isfile(path)]


class MBFileHash:
    """Digests of files: of the script or command and its inputs.

    `hash_files` lists the paths (default: the script), `hash_algorithm` is a name that
    hashlib knows. Digests of `shake_128` have 32 bytes, those of `shake_256` 64.
    A file is read again only if it has changed. `hash_size_limit`, in bytes or such as
    `'10G'`, leaves larger files out (default: no limit).

    Raises FileNotFoundError and the like for the first file that cannot be read, once the
    others are hashed; ValueError for an unknown algorithm.

    >>> from microbench import MBFileHash, MicroBench
    >>> class Bench(MicroBench, MBFileHash):
    ...     hash_files = ('/dev/../etc/hostname',)
    ...     capture_optional = True
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> 'file_hashes' in bench.get_results()[0]
    True
    """

    cli_name = 'file-hash'
    cli_fields = ('file_hashes', 'file_hashes_left_out')
    cli_args = (
        CLIArg(
            ['--hash-file'],
            'hash_files',
            'files to hash (default: the command and its words that are files)',
            metavar='FILE',
            type=existing_file,
            nargs='+',
            cli_default=files_of,
        ),
        CLIArg(
            ['--hash-algorithm'],
            'hash_algorithm',
            'how to hash: any name that hashlib knows (default: sha256)',
            metavar='ALGORITHM',
            type=known_algorithm,
        ),
        CLIArg(
            ['--hash-size-limit'],
            'hash_size_limit',
            'leave larger files out: bytes, or such as 500M, 10G (default: no limit)',
            metavar='SIZE',
            type=byte_count,
        ),
    )

    _digests: dict[Any, tuple[Any, str]] | None = None

    def capture_file_hashes(self, bm_data: dict[str, Any]) -> None:
        """Set `file_hashes`, path to hex digest, and `mb.file_hash_algorithm`.

        Files above `hash_size_limit` are in `file_hashes_left_out`, with their size in
        bytes. A delay of a second or more is told by `mb.file_hash_seconds`.

        Raises:
            ValueError: unknown algorithm, or a limit that is no number of bytes.
            OSError: a file cannot be read; the record has the digests of the others.
        """
        algorithm = str(getattr(self, 'hash_algorithm', 'sha256'))
        began = time.perf_counter()
        failures = self._hash_files(bm_data, algorithm)
        took = time.perf_counter() - began
        if bm_data['file_hashes']:
            namespace(bm_data, 'mb')['file_hash_algorithm'] = algorithm
        if took >= NOTICED:
            namespace(bm_data, 'mb')['file_hash_seconds'] = round(took, 3)
        if failures:
            raise failures[0]

    def _hash_files(self, bm_data: dict[str, Any], algorithm: str) -> list[OSError]:
        """Hash what can be hashed, and return what was in the way of the rest."""
        hashes = bm_data['file_hashes'] = {}
        failures = []
        for path in self._paths_to_hash():
            name = os.fsdecode(path)
            try:
                if size := self._too_large(path):
                    bm_data.setdefault('file_hashes_left_out', {})[name] = size
                else:
                    hashes[name] = self._digest(path, algorithm)
            except OSError as error:
                failures.append(error)
        return failures

    def _too_large(self, path: Any) -> int:
        """Return the size of a file that is larger than the limit; else 0."""
        limit = getattr(self, 'hash_size_limit', None)
        if limit is None:
            return 0
        size = os.stat(path).st_size
        return size if size > byte_count(limit) else 0

    def _paths_to_hash(self) -> list[Any]:
        paths: Any = getattr(self, 'hash_files', None)
        if paths is None:
            script = sys.argv[0] if sys.argv else ''
            return [script] if script and not script.startswith('-') else []
        return [paths] if isinstance(paths, (str, bytes, os.PathLike)) else list(paths)

    def _digest(self, path: Any, algorithm: str) -> str:
        """Return the digest of a file: that of before, if the file has not changed."""
        if self._digests is None:
            self._digests = {}
        known = self._digests
        key = (os.fspath(path), algorithm)
        try:
            state, settled = _state_of(path)
        except FileNotFoundError:
            return hex_digest(path, algorithm)  # open() has the last word
        held = known.get(key)
        if held is not None and held[0] == state:
            return held[1]
        digest = hex_digest(path, algorithm)
        if settled:
            known[key] = (state, digest)
        return digest


def hex_digest(path: Any, algorithm: str) -> str:
    """Return the digest of a file's bytes."""
    digest = new_hash(algorithm)
    with open(path, 'rb') as file:
        while block := file.read(BLOCK):
            digest.update(block)
    length = LENGTHS.get(digest.name.replace('-', '_').lower())
    return str(digest.hexdigest() if length is None else digest.hexdigest(length))


def _state_of(path: Any) -> tuple[Any, bool]:
    """Return what changes whenever a file does, and whether it can be relied on.

    Raises:
        OSError: there is nothing, or a pipe or device: reading it takes what is there.
    """
    found = os.stat(path)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise OSError(errno.EINVAL, 'not a regular file', path)
    times = (found.st_mtime_ns, found.st_ctime_ns)
    state = (found.st_dev, found.st_ino, found.st_size, *times)
    return state, time.time_ns() - max(times) > SETTLED_NS
