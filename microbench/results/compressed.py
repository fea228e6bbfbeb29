"""Read compressed files, as logrotate and users leave them.

The first bytes decide, not the name: a file of records begins with `{` or a blank. Parts
may follow each other, as in `cat a.gz b.gz`. Plain lines after them are read, too, because
native code appends the record of a dying process to any kind of file.
"""

from __future__ import annotations

from errno import EBADMSG, ENOTSUP
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any

KINDS = {
    b'\x1f\x8b\x08': 'gzip',
    b'BZh': 'bz2',
    b'\xfd7zXZ\0': 'lzma',
    b'(\xb5/\xfd': 'zstd',
}
LONGEST = max(map(len, KINDS))  # bytes that identify the kind
PIECE = 1 << 13  # bytes that are unpacked at a time
CUT = b'\0'  # appended to a truncated part, so that its last line counts as damaged
PADDING = b'\0'  # may follow each part


def kind_of(beginning: bytes) -> str | None:
    """Return the compression of a file that begins with these bytes; None for plain text.

    >>> kind_of(bytes.fromhex('1f8b08')), kind_of(b'{"mb":')
    ('gzip', None)
    """
    return next((kind for sign, kind in KINDS.items() if beginning.startswith(sign)), None)


def is_packed(file: IO[bytes]) -> bool:
    """Return True if a file is compressed at its position, which does not change."""
    return kind_of(file.peek(LONGEST)) is not None  # type: ignore[attr-defined]


def is_packed_at(path: str) -> bool:
    """Return True if a file is compressed; False if it is missing or cannot be read."""
    try:
        with open(path, 'rb') as file:
            return is_packed(file)
    except OSError:
        return False


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the unpacked contents of a file in blocks of whole lines.

    If a part is truncated, its last line is damaged.

    Raises:
        OSError: this Python cannot unpack the file; or a checksum is wrong, and the blocks
            so far may be wrong as well.
    """
    return _whole_lines(_unpacked(file))


def blocks_at_rest(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the unpacked contents of a rotated file up to the first damage."""
    try:
        yield from blocks(file)
    except OSError:
        pass  # still being compressed, or unknown to this Python


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for piece in pieces:
        cut = piece.rfind(b'\n') + 1
        if cut:
            yield b''.join([*rest, piece[:cut]])
            rest = []
        rest.append(piece[cut:])
    if any(rest):
        yield b''.join(rest)


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the contents of all parts, then the plain text after them."""
    data = file.read(PIECE)
    while kind := kind_of(data):
        unpacker = _unpacker(kind)
        yield from _part(unpacker, data, file)
        data = _behind(unpacker, file)
    if data:
        yield b'\n'  # a part may lack its last newline
        yield data
        yield from iter(partial(file.read, PIECE), b'')


def _unpacker(kind: str) -> Any:
    """Return an object with `decompress`, `eof` and `unused_data`."""
    try:
        if kind == 'gzip':
            import zlib

            return zlib.decompressobj(zlib.MAX_WBITS | 16)  # with its header and checksum
        if kind == 'bz2':
            import bz2

            return bz2.BZ2Decompressor()
        if kind == 'lzma':
            import lzma

            return lzma.LZMADecompressor()
        return _zstd_unpacker()
    except ImportError:
        how = ': pip install zstandard' if kind == 'zstd' else ''
        raise OSError(ENOTSUP, f'this Python cannot unpack {kind}{how}') from None


def _zstd_unpacker() -> Any:
    """Return one of Python, from 3.14 on, or of the package zstandard.

    Raises:
        ImportError: there is neither.
    """
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        import zstandard  # type: ignore[import-not-found, unused-ignore]

        return zstandard.ZstdDecompressor().decompressobj()
    return zstd.ZstdDecompressor()


def _part(unpacker: Any, data: bytes, file: IO[bytes]) -> Iterator[bytes]:
    """Yield the contents of one part, which begins with these bytes."""
    try:
        yield unpacker.decompress(data)
        while not unpacker.eof and (data := file.read(PIECE)):
            yield unpacker.decompress(data)
    except Exception as error:  # each kind has errors of its own
        raise OSError(EBADMSG, f'its packed data is damaged ({error})') from error
    if not unpacker.eof:
        yield CUT


def _behind(unpacker: Any, file: IO[bytes]) -> bytes:
    """Return the beginning of what follows a part, enough to know its kind; maybe empty."""
    data: bytes = unpacker.unused_data.lstrip(PADDING)
    while len(data) < LONGEST and (more := file.read(PIECE)):
        data = (data + more).lstrip(PADDING)
    return data
