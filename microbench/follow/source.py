"""What a reader follows: one path, or the files of a directory or pattern."""

from __future__ import annotations

import os
from time import monotonic

from .directory_watcher import DirectoryWatcher
from .follower import Follower
from .many import ManyFollower
from .watcher import Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Protocol

    Record = dict[str, Any]

    class Source(Protocol):
        """Yields new records, and waits for more."""

        def start(self) -> None:
            """Open what is needed to wait."""

        def records(self) -> Iterator[Record]:
            """Yield the records that are complete and were not yielded before."""

        def finish(self) -> Iterator[Record]:
            """Yield the records that lack only their newline."""

        def last(self, count: int, wanted: Callable[[Record], Any]) -> list[Record]:
            """Return the last wanted records; `records` continues after them."""

        def exists(self) -> bool:
            """Return True if there is a file to read."""

        def wait(self, seconds: float) -> None:
            """Wait until there may be new records."""

        def wake(self) -> None:
            """End the current wait, or the next one."""

        def mind(self, output: int) -> None:
            """Make `wait` raise BrokenPipeError once the reader of this pipe has gone."""

        def close(self) -> None:
            """Close all files."""


RESCAN = 10  # times as long as listing all files takes, they are not listed again


class Watched:
    """What both kinds of source do with their watcher, once they have one."""

    _watcher: Watcher | DirectoryWatcher | None = None

    def wake(self) -> None:
        """End the current wait, or the next one. Any thread may call it."""
        if self._watcher is not None:
            self._watcher.wake()

    def mind(self, output: int) -> None:
        """Make `wait` raise BrokenPipeError once the reader of this pipe has gone."""
        assert self._watcher is not None
        self._watcher.mind(output)

    def close(self) -> None:
        """Close all watches."""
        if self._watcher is not None:
            self._watcher.close()


class FileSource(Watched):
    """Follow one path.

    Args:
        path: path of the file, which need not exist yet.
        damaged: function that is called with each line that is not a record.
    """

    def __init__(self, path: str, damaged: Callable[[bytes], object]) -> None:
        self._path = path
        self._follower = Follower(path, damaged)
        self._watcher: Watcher | None = None
        self._watched: list[int] | None = None
        self.records = self._follower.records
        self.finish = self._follower.finish
        self.last = self._follower.last

    def start(self) -> None:
        """Open what is needed to wait.

        Raises:
            OSError: the process has no descriptors left.
        """
        self._watcher = Watcher(self._path)

    def exists(self) -> bool:
        """Return True if there is a file to read."""
        return bool(self._follower.descriptors)

    def wait(self, seconds: float) -> None:
        """Wait until the file may have grown; not at all if it is another one by now."""
        assert self._watcher is not None
        descriptors = self._follower.descriptors
        if self._watched == descriptors:
            self._watcher.wait(seconds)
        else:
            self._watched = descriptors
            self._watcher.watch(descriptors)  # the file may have grown meanwhile

    def close(self) -> None:
        """Close all files and watches."""
        self._follower.close()
        super().close()


class ManySource(Watched):
    """Follow the files that a directory or pattern stands for, new ones included.

    Args:
        base: directory that is watched, even if there are no files.
        paths: function that returns the files.
        matches: function that says if a new path is one of them.
        damaged: function that is called with each line that is not a record.
        failed: function that is called with the path and the error of a file that cannot
            be read.
    """

    def __init__(
        self,
        base: str,
        paths: Callable[[], list[str]],
        matches: Callable[[str], bool],
        damaged: Callable[[bytes], object],
        failed: Callable[[str, OSError], object],
    ) -> None:
        self._base, self._paths, self._matches = base, paths, matches
        self._follower = ManyFollower(damaged, failed)
        self._watcher: DirectoryWatcher | None = None
        self._changed: set[str] | None = None  # None: any file may have
        self._known: set[str] = set()
        self._rescan_at = 0.0

    def start(self) -> None:
        """Open what is needed to wait.

        Raises:
            OSError: the process has no descriptors left.
        """
        self._watcher = DirectoryWatcher(self._base)

    def exists(self) -> bool:
        """Return True if there is a file to read."""
        return bool(self._known)

    def records(self) -> Iterator[Record]:
        """Yield the records that are complete and were not yielded before."""
        changed, self._changed = self._changed, None
        if changed is None or monotonic() >= self._rescan_at:
            yield from self._follower.records(self._listed())
        else:
            self._known |= set(filter(self._matches, changed - self._known))
            yield from self._follower.records(sorted(changed & self._known))

    def finish(self) -> Iterator[Record]:
        """Yield the records that lack only their newline."""
        yield from self._follower.finish(self._listed())

    def last(self, count: int, wanted: Callable[[Record], Any]) -> list[Record]:
        """Return the last wanted records; `records` continues after them."""
        return self._follower.last(count, wanted, self._listed())

    def wait(self, seconds: float) -> None:
        """Wait until a file may have changed."""
        assert self._watcher is not None
        self._watcher.wait(seconds)
        self._changed = self._watcher.changed

    def _listed(self) -> list[str]:
        """Return all files, and watch their directories."""
        began = monotonic()
        paths = self._paths()
        if self._watcher is not None:
            directories = {self._base, *map(os.path.dirname, paths)}
            if self._watcher.watch_directories(directories):
                paths = self._paths()  # those made before the watch
        self._known = set(paths)
        took = monotonic() - began
        self._rescan_at = began + took + max(RESCAN * took, 1.0)
        return paths
