"""Wait until a file in some directories may have changed, and say which."""

from __future__ import annotations

import os

from . import inotify
from .watcher import EVENT, Watcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

EVENTS_OF_FILES = inotify.OF_A_DIRECTORY | inotify.MODIFY


class DirectoryWatcher(Watcher):
    """Wait for changes in directories, or until another thread calls `wake`.

    Attributes:
        changed: paths that may have changed during the last wait; None if any may have.
    """

    changed: set[str] | None = None

    def __init__(self, directory: str) -> None:
        super().__init__(os.path.join(directory, '*'))
        self._directories: frozenset[str] = frozenset()
        self._watched: dict[int, str] = {}
        self._awaited: dict[int, str] = {}  # names of directories that are missing

    def watch_directories(self, directories: Iterable[str]) -> bool:
        """Wait for changes in these directories from now on; return True if one is new.

        One that is missing counts as new.
        """
        before, self._directories = self._directories, frozenset(directories)
        is_new = bool(self._awaited) or not self._directories <= before
        if is_new or self._directories != before:
            self.watch([])
        return is_new

    def wait(self, seconds: float) -> None:
        """Wait for a possible change, a call of `wake`, or the end of the time."""
        self.changed = set()
        super().wait(seconds)
        if not self.changed:
            self.changed = None

    def _add_watches(self) -> None:
        self._watched, self._awaited = {}, {}
        for directory in self._directories if self._inotify >= 0 else ():
            watch = inotify.add(self._inotify, os.fsencode(directory), EVENTS_OF_FILES)
            if watch >= 0:
                self._watched[watch] = directory
            else:
                self._await(directory)

    def _await(self, directory: str) -> None:
        """Watch for a missing directory: in the nearest one above it."""
        above, name = os.path.split(directory.rstrip(os.sep))
        while name:
            watch = inotify.add(self._inotify, os.fsencode(above), inotify.OF_A_DIRECTORY)
            if watch >= 0:
                self._awaited[watch] = name
                return
            above, name = os.path.split(above)

    def _concerns_us(self, events: bytes) -> bool:
        """Note the names in the events; return False if all are hidden ones."""
        start, is_any = 0, False
        while start < len(events):
            watch, _, _, length = EVENT.unpack_from(events, start)
            start += EVENT.size + length
            name = os.fsdecode(events[start - length : start].rstrip(b'\0'))
            if watch in self._awaited:
                if name == self._awaited[watch]:
                    is_any, self.changed = True, None
                continue
            if name.startswith('.'):
                continue  # a journal
            is_any = True
            self._note(watch, name)
        return is_any

    def _note(self, watch: int, name: str) -> None:
        path = os.path.join(self._watched.get(watch, ''), name)
        if watch not in self._watched or not name or os.path.isdir(path):
            self.changed = None  # events were lost, or there is another directory
        elif self.changed is not None:
            self.changed.add(path)
