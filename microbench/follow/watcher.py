"""Wait until a file may have changed: for an event of the kernel, or a time.

inotify(7) reports what happens to a file and in its directory, but not what other machines
do on a network file system. So the caller also looks at regular times; the kernel only
makes it quicker. Where inotify is missing (another system, or no watch left for this
user), only the time counts.
"""

from __future__ import annotations

import os
import select
import struct
from threading import Lock
from time import monotonic, sleep

from . import inotify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PAUSE = 0.001  # seconds between two wake-ups, however busy the file is
LONGEST = 3600.0  # seconds that one call of poll(2) waits at most
EVENT = struct.Struct('iIII')  # watch, mask, cookie, length of the name
EVENTS = 1 << 16  # bytes of events that are read at once


class Watcher:
    """Wait for changes at a path, or until another thread calls `wake`.

    Args:
        path: path of the file, which need not exist yet.

    Raises:
        OSError: the process has no descriptors left.
    """

    def __init__(self, path: str | bytes) -> None:
        self._directory, self._name = os.path.split(os.fsencode(os.path.abspath(path)))
        self._descriptors: list[int] = []
        self._inotify = self._of_directory = -1
        self._last_look = 0.0
        self._owner, self._lock = os.getpid(), Lock()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._output = -1
        self._poll = select.poll()
        self._poll.register(self._woken, select.POLLIN)

    def mind(self, output: int) -> None:
        """Make `wait` raise BrokenPipeError once the reader of this pipe has gone."""
        self._output = output
        self._poll.register(output, 0)

    def watch(self, descriptors: Iterable[int]) -> None:
        """Wait for changes of these open files only, from now on.

        Earlier changes are not reported: look at the files once more before waiting.
        """
        self._drop_inotify()
        self._descriptors = list(descriptors)
        self._inotify = inotify.start()
        if self._inotify >= 0:
            self._poll.register(self._inotify, select.POLLIN)
            self._add_watches()

    def wait(self, seconds: float) -> None:
        """Wait for a possible change, a call of `wake`, or the end of the time."""
        deadline = monotonic() + min(seconds, LONGEST)
        while not self._is_over(max(0.0, deadline - monotonic())):
            pass
        self._last_look = monotonic()

    def wake(self) -> None:
        """End the current wait, or the next one. Any thread may call it."""
        if os.getpid() != self._owner:
            return  # after a fork, the parent reads the other end
        with self._lock:
            if self._waker >= 0:
                try:
                    os.write(self._waker, b'.')
                except BlockingIOError:
                    pass  # the pipe is full of earlier calls

    def close(self) -> None:
        """Close all descriptors and watches."""
        self._drop_inotify()
        with self._lock:
            os.close(self._woken)
            os.close(self._waker)
            self._waker = -1

    def _drop_inotify(self) -> None:
        if self._inotify >= 0:
            self._poll.unregister(self._inotify)
            os.close(self._inotify)
            self._inotify = -1

    def _add_watches(self) -> None:
        """Watch the files and the directory; existing watches stay."""
        if self._inotify < 0:
            return
        for descriptor in self._descriptors:  # this path leads to a renamed file, too
            name = b'/proc/self/fd/%d' % descriptor
            inotify.add(self._inotify, name, inotify.OF_A_FILE)
        self._of_directory = inotify.add(
            self._inotify, self._directory, inotify.OF_A_DIRECTORY
        )

    def _is_over(self, seconds: float) -> bool:
        """Wait for one event or these seconds; return True if the caller should look."""
        ready = [descriptor for descriptor, _ in self._poll.poll(seconds * 1000)]
        if self._output in ready:
            raise BrokenPipeError
        if self._woken in ready:
            os.read(self._woken, EVENTS)
        elif self._inotify in ready:
            sleep(max(0.0, self._last_look + PAUSE - monotonic()))
            return self._concerns_us(os.read(self._inotify, EVENTS))
        else:
            self._add_watches()  # the directory may have been created anew
        return True

    def _concerns_us(self, events: bytes) -> bool:
        """Return False if all events are about other files of the directory."""
        start = 0
        while start < len(events):
            watch, _, _, length = EVENT.unpack_from(events, start)
            start += EVENT.size + length
            name = events[start - length : start].rstrip(b'\0')
            if watch != self._of_directory or name in (b'', self._name):
                return True
        return False
