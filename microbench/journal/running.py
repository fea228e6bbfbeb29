"""Read what living processes have open, out of their journals."""

from __future__ import annotations

import os

from .. import _core
from . import reader
from .image import boot_id, decoded
from .listing import fresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .listing import Listing

    Record = dict[str, Any]


def running_records(output: str, listing: Listing | None = None) -> list[Record]:
    """Return the open records of other processes that are alive, in the order of journals.

    Their durations, and those of open phases, last until now; those of a process on another
    machine last until the last moment that its journal knows of. A journal that cannot be
    read has none, for its process may be just about to end.

    Args:
        output: path of the file of records.
        listing: of the journals, in a loop over many files.
    """
    own = set(_core.own_journals())
    with reader.one_at_a_time.held:
        paths = [
            path
            for path in reader.paths_for(output, None, listing or fresh)
            if path not in own
        ]
        return [record for path in paths for record in _records_of(path)]


def _records_of(path: str) -> Iterator[Record]:
    try:
        data = _data_of(path)
        header = _core.journal_header(data)
        is_here = header['boot_id'] == boot_id()
        now_ns = _core.clock_ns() if is_here else None
        lines = _core.journal_records(data, b'', now_ns)
        claims = _core.journal_claims(data)
    except (OSError, ValueError):
        return
    for (_, line), is_claimed in zip(lines, claims, strict=True):
        record = decoded(line) if line and not is_claimed else None
        if isinstance(record, dict):
            yield record


def _data_of(path: str) -> bytes:
    """Return a copy of a journal; no bytes if its process is dead, or the file is large."""
    descriptor = os.open(path, os.O_RDONLY | reader.LOOKING)
    try:
        there = os.fstat(descriptor)
        if there.st_uid != os.geteuid() or there.st_size > reader.MOST:
            return b''
        if not _core.owner_lives(descriptor):
            return b''
        return os.pread(descriptor, there.st_size, 0)
    finally:
        os.close(descriptor)
