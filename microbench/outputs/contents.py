"""Read back what a FileOutput has written, in blocks of whole lines."""

from __future__ import annotations

import io

from .. import _core
from ..journal.listing import Listing
from ..journal.lost import blocks_of
from ..journal.patterns import files_of, is_pattern
from ..messages import warn
from ..results.reading import blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def of_bytes(contents: bytes) -> Iterator[bytes]:
    """Yield the contents of a file object."""
    return blocks(io.BytesIO(contents))


def of_path(path: str, shown: str, journals: str | None) -> Iterator[bytes]:
    """Yield the contents of a file, or of all files that match a pattern.

    Args:
        path: path or pattern.
        shown: the same as the user gave it, for a warning.
        journals: the directory of journals, if it is not that of the file.
    """
    if is_pattern(path):
        return _of_all(path, shown, journals)
    return blocks_of(path, journals, is_needed=False)


def _of_all(pattern: str, shown: str, journals: str | None) -> Iterator[bytes]:
    _core.flush_batches()
    paths = files_of(pattern)
    if not paths:
        warn(f'no file matches {shown!r}', RuntimeWarning)
    listing = Listing()
    for path in paths:
        yield from blocks_of(path, journals, is_needed=False, listing=listing)
