"""Files that were compressed, as logrotate and people do.

They are known by how they begin, whatever their names are: a file of records begins with
`{`, or with blanks.
"""

from __future__ import annotations

from contextlib import contextmanager
from errno import EBADMSG, ENOTSUP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any

KINDS = {b'\x1f\x8b': 'gzip', b'BZh': 'bz2', b'\xfd7zXZ\0': 'lzma', b'(\xb5/\xfd': 'zstd'}
LONGEST = max(map(len, KINDS))  # bytes at the beginning
CUT = b'\0'  # makes a damaged line of the one that cannot be unpacked


def kind_of(beginning: bytes) -> str | None:
    """Return how a file is compressed that begins like this; None if it is not.

    >>> kind_of(bytes.fromhex('1f8b08')), kind_of(b'{"mb":')
    ('gzip', None)
    """
    return next((kind for sign, kind in KINDS.items() if beginning.startswith(sign)), None)


def opened(file: IO[bytes], kind: str) -> Any:
    """Return a file that gives what another one has packed.

    Raises:
        OSError: this Python cannot unpack it.
    """
    from importlib import import_module

    try:
        module = import_module('compression.zstd' if kind == 'zstd' else kind)
    except ImportError:
        raise OSError(ENOTSUP, f'this Python cannot unpack {kind}') from None
    return module.open(file)


def blocks(unpacked: IO[bytes]) -> Iterator[bytes]:
    """Yield what was packed, in blocks of whole lines; a damaged line where it breaks off.

    Raises:
        OSError: a checksum is wrong: what was yielded may be wrong as well.
    """
    rest: list[bytes] = []
    try:
        while data := unpacked.read1():  # type: ignore[attr-defined]
            cut = data.rfind(b'\n') + 1
            if cut:
                yield b''.join([*rest, data[:cut]])
                rest = []
            rest.append(data[cut:])
    except Exception as error:  # each kind has errors of its own
        if not _breaks_off(error):
            raise OSError(EBADMSG, f'its packed data is damaged ({error})') from error
        rest.append(CUT)
    if any(rest):
        yield b''.join(rest)


def _breaks_off(error: Exception) -> bool:
    """Whether all was well before: it ends too early, or something else follows."""
    return isinstance(error, EOFError) or 'Not a gzipped file' in str(error)


@contextmanager
def contents(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open what a rotated file has from its position on, unpacked if it is compressed.

    What is damaged, or not complete yet, ends the reading.
    """
    unpacked = _unpacked(file)
    try:
        yield unpacked
    except Exception:
        if unpacked is file:
            raise  # else it is damaged: each kind has errors of its own


def _unpacked(file: IO[bytes]) -> Any:
    place = file.tell()
    kind = kind_of(file.read(LONGEST))
    file.seek(place)
    try:
        return file if kind is None else opened(file, kind)
    except OSError:
        return file
