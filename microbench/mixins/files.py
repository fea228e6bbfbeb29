"""Capture digests of scripts and input files, which identify their versions."""

from __future__ import annotations

import errno
import os
import time

from ..core.capture import CLIArg, namespace
from .digest import ChangingFileError, file_digest, new_hash, state_of
from .script import (
    MAIN,
    code_of_main,
    path_as_given,
    running_program,
    started_script,
    unknown_reason,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOTICED = 1.0  # seconds; a longer duration of hashing is stored in the record
UNITS = {'': 0, 'k': 10, 'm': 20, 'g': 30, 't': 40}  # powers of 2


def known_algorithm(word: str) -> str:
    """Return the name of an algorithm of hashlib."""
    try:
        new_hash(word)
    except ValueError:
        raise ValueError(f'{word!r} is not an algorithm of hashlib: type sha256') from None
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
        raise ValueError(f'{size!r} is not a number of bytes: type 1000000, 500M or 10G')
    return int(digits) << UNITS[word[len(digits) :]]


def files_of(command: list[str]) -> list[str]:
    """Return the files in a command: its program, and words that are paths of files."""
    import shutil

    program, *words = command or ['']
    values = [w.partition('=')[2] if w.startswith('-') else w for w in words]
    named = [w for pair in zip(words, values, strict=True) for w in pair]
    found = [shutil.which(program) or program, *map(_file_in, named)]
    return [path for path in dict.fromkeys(found) if os.path.isfile(path)]


def _file_in(word: str) -> str:
    """Return the file that `python word` runs, if the word names a directory."""
    return os.path.join(word, MAIN) if os.path.isdir(word) else word


class MBFileHash:
    """Digests of files: of the script or command and its inputs.

    A file is read again only if it has changed. Without `hash_files` the running script,
    archive or notebook is hashed; if that is impossible, `mb.unavailable` has the reason,
    and nothing is raised.

    Attributes:
        hash_files: paths of the files.
        hash_algorithm: name of an algorithm of hashlib. Digests of `shake_128` have 32
            bytes, those of `shake_256` 64.
        hash_size_limit: size above which files are left out, in bytes or such as `'10G'`;
            None for no limit.

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

        Files above `hash_size_limit` are listed in `file_hashes_left_out`, with their size
        in bytes. `mb.unavailable` names files that changed while they were read. If hashing
        takes a second or more, `mb.file_hash_seconds` is the duration.

        Raises:
            ValueError: the algorithm is unknown, or the limit is not a number of bytes.
            OSError: a file of `hash_files` cannot be read; the others are in the record.
        """
        algorithm = str(getattr(self, 'hash_algorithm', 'sha256'))
        bm_data['file_hashes'] = {}
        began = time.perf_counter()
        failures = self._hash_files(bm_data, algorithm)
        took = time.perf_counter() - began
        if bm_data['file_hashes']:
            namespace(bm_data, 'mb')['file_hash_algorithm'] = algorithm
        if took >= NOTICED:
            namespace(bm_data, 'mb')['file_hash_seconds'] = round(took, 3)
        if failures:
            raise failures[0]

    def _hash_files(self, bm_data: dict[str, Any], algorithm: str) -> list[Exception]:
        """Hash each file that can be read, and return the errors of the others."""
        paths: Any = getattr(self, 'hash_files', None)
        if paths is None:
            self._hash_program(bm_data, algorithm)
            return []
        if isinstance(paths, (str, bytes, os.PathLike)):
            paths = [paths]
        failures: list[Exception] = []
        for path in paths:
            try:
                self._hash_file(bm_data, path, algorithm)
            except (OSError, TypeError, ValueError) as error:
                failures.append(error)
        return failures

    def _hash_file(self, bm_data: dict[str, Any], path: Any, algorithm: str) -> None:
        name = os.fsdecode(path)
        if not self._left_out(bm_data, path, name):
            try:
                bm_data['file_hashes'][name] = self._digest(path, algorithm)
            except ChangingFileError as error:
                _unavailable(bm_data, f'file_hashes.{name}', _reason(error))

    def _hash_program(self, bm_data: dict[str, Any], algorithm: str) -> None:
        """Hash the running program; never raise, since the user named no file."""
        path = running_program()
        if not path:
            _unavailable(bm_data, 'file_hashes', unknown_reason())
            return
        name = path_as_given(path)
        try:
            if not self._left_out(bm_data, path, name):
                bm_data['file_hashes'][name] = self._script_digest(path, algorithm)
        except OSError as error:
            _unavailable(bm_data, 'file_hashes', _reason(error))

    def _left_out(self, bm_data: dict[str, Any], path: Any, name: str) -> bool:
        """Return True if a file is above the limit, and store its size in the record."""
        limit = getattr(self, 'hash_size_limit', None)
        if limit is None:
            return False
        most, size = byte_count(limit), os.stat(path).st_size
        if size > most:
            bm_data.setdefault('file_hashes_left_out', {})[name] = size
        return size > most

    def _digest(self, path: Any, algorithm: str) -> str:
        """Return the digest of a file, without reading it if it has not changed."""
        if self._digests is None:
            self._digests = {}
        return file_digest(path, algorithm, self._digests)

    def _script_digest(self, path: str, algorithm: str) -> str:
        """Return the digest of the running code, even if the file is replaced later.

        Raises:
            OSError: the file cannot be read, or has changed since the program started.
        """
        kept = SCRIPT_DIGESTS.get((path, algorithm))
        if kept is not None:
            return kept
        if path != started_script():
            return self._digest(path, algorithm)
        if _contents(path) != AT_START:
            raise ChangingFileError(errno.ESTALE, 'changed while the program ran', path)
        kept = SCRIPT_DIGESTS[path, algorithm] = self._digest(path, algorithm)
        return kept


def _contents(path: str) -> tuple[Any, ...]:
    """Return values that change if a file is written to or replaced.

    They exclude the inode, which changes by itself on network file systems, and `ctime`,
    which changes with the mode.
    """
    _, _, size, modified, _ = state_of(path)
    return (path, size, modified)


def _at_start() -> tuple[Any, ...]:
    """Return those values of the script, soon after Python has read it."""
    try:
        return _contents(code_of_main())
    except OSError:
        return ()


# Kept because users edit a script for the next job while Python still runs the old code.
AT_START = _at_start()
SCRIPT_DIGESTS: dict[tuple[str, str], str] = {}  # of the whole process


def _unavailable(bm_data: dict[str, Any], name: str, why: str) -> None:
    namespace(namespace(bm_data, 'mb'), 'unavailable')[name] = why


def _reason(error: OSError) -> str:
    return f'{error.strerror or type(error).__name__}: {os.fsdecode(error.filename)}'
