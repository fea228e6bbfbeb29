"""Rotated files that were compressed meanwhile, as logrotate does."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any


@contextmanager
def contents(path: str, file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open what a file has, uncompressed where its name says that it is compressed.

    What is damaged, or not complete yet, ends the reading.
    """
    unpacked = _unpacked(path, file)
    try:
        yield unpacked
    except Exception:
        if unpacked is file:
            raise  # else it is damaged: each kind has errors of its own


def _unpacked(path: str, file: IO[bytes]) -> Any:
    try:
        return _opened(path, file)
    except ImportError:
        return file  # a Python may lack some of the modules


def _opened(path: str, file: IO[bytes]) -> Any:
    if path.endswith('.gz'):
        import gzip

        return gzip.open(file)
    if path.endswith('.bz2'):
        import bz2

        return bz2.open(file)
    if path.endswith('.xz'):
        import lzma

        return lzma.open(file)
    return file
