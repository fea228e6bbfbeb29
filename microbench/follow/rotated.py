"""Find the files that a rotation leaves: `results.jsonl.1` beside `results.jsonl`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Identity = tuple[int, int]  # device, inode

SEPARATORS = b'.-_~'


class RotatedFiles:
    """Track the files whose names are that of a path with a suffix.

    Args:
        path: path of the file that is rotated; it need not exist.
    """

    def __init__(self, path: str | bytes) -> None:
        self._path = path
        self._known: dict[Identity, int] = {}
        self.changed()

    def changed(self) -> list[tuple[bytes, Identity, bool]]:
        """Return the files that were created or written to since the last call.

        Each item is a path, the file's identity, and whether the file is new; the file
        that was written to least recently comes first. A file that was only renamed is
        left out.
        """
        before, self._known = self._known, {}
        found = []
        for path in beside(self._path):
            try:
                state = os.stat(path)
            except OSError:
                continue
            identity = state.st_dev, state.st_ino
            self._known[identity] = state.st_mtime_ns
            if before.get(identity) != state.st_mtime_ns:
                is_new = identity not in before
                found.append((state.st_mtime_ns, path, identity, is_new))
        return [(path, identity, new) for _, path, identity, new in sorted(found)]


def beside(path: str | bytes) -> Iterator[bytes]:
    """Yield the paths of the files whose names are that of a path with a suffix."""
    directory, name = os.path.split(os.fsencode(path))
    try:
        names = os.listdir(directory or b'.')
    except OSError:
        return
    for found in names:
        rest = found[len(name) :]
        if rest and found.startswith(name) and rest[0] in SEPARATORS:
            yield os.path.join(directory, found)
